package esl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

var (
	// ErrNoRecording says that the switch has no file of that recording.
	ErrNoRecording = errors.New("esl: no such recording")
	// ErrRecordingUnfinished says that the recording is still being written.
	ErrRecordingUnfinished = errors.New("esl: the recording is still being written")
	// ErrNoRecordingsDir says that the directory in which the switch writes recordings cannot be seen from here: see Config.RecordingsDir.
	ErrNoRecordingsDir = errors.New("esl: the switch's recordings directory cannot be seen from here")
)

// storedDir is the recordings directory as we see it. The caller holds mu.
func (e *Engine) storedDir() string { return defaultTo(e.cfg.RecordingsDir, e.place.recordings) }

// storedFile is a recording's file there. The caller holds mu.
func (e *Engine) storedFile(id core.RecordingID) string {
	return filepath.Join(e.storedDir(), string(id)+recordingSuffix)
}

// FetchRecording opens the file of a finished recording, a WAV of 8 kHz and 16 bit. The caller closes it. The error is ErrNoRecording,
// ErrRecordingUnfinished, ErrNoRecordingsDir, or one of the file system.
func (e *Engine) FetchRecording(ctx context.Context, id core.RecordingID) (io.ReadCloser, error) {
	file, err := e.finished(ctx, id)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("fetch %s: %w", id, ErrNoRecording)
	}
	if err != nil {
		return nil, fmt.Errorf("fetch recording: %w", err)
	}
	return f, nil
}

// DeleteRecording removes the file of a finished recording. One that is not there is no error.
func (e *Engine) DeleteRecording(ctx context.Context, id core.RecordingID) error {
	file, err := e.finished(ctx, id)
	if err != nil {
		return err
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete recording: %w", err)
	}
	return nil
}

// StoredRecordings lists the recordings whose files are there, sorted; those that are being written are among them.
func (e *Engine) StoredRecordings(context.Context) ([]core.RecordingID, error) {
	dir, err := e.seenDir()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list recordings: %w", err)
	}
	var ids []core.RecordingID
	for _, entry := range entries {
		if id, ours := recordingOf(entry.Name()); ours && entry.Type().IsRegular() {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b core.RecordingID) int { return strings.Compare(string(a), string(b)) })
	return ids, nil
}

// seenDir is the recordings directory, if there is one. Without this check a volume that is not mounted would look like recordings
// that were lost.
func (e *Engine) seenDir() (string, error) {
	e.mu.Lock()
	dir := e.storedDir()
	e.mu.Unlock()
	if dir == "" {
		return "", fmt.Errorf("%w: RecordingsDir is not set, and the switch was never connected to", ErrNoRecordingsDir)
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", fmt.Errorf("%w: %s", ErrNoRecordingsDir, dir)
	}
	return dir, nil
}

// finished gives the path of a recording that nobody is writing. Between sessions nobody knows, and that is an error.
func (e *Engine) finished(ctx context.Context, id core.RecordingID) (string, error) {
	if !adapter.UUID.MatchString(string(id)) {
		return "", fmt.Errorf("recording %q is not a lower-case UUID: %w", id, ErrNoRecording)
	}
	dir, err := e.seenDir()
	if err != nil {
		return "", err
	}
	p := e.connected()
	if p == nil {
		return "", fmt.Errorf("look at recording %s: not connected to FreeSWITCH", id)
	}
	ctx, cancel := context.WithTimeout(ctx, e.cfg.EffectTimeout)
	defer cancel()
	all, err := conferences(ctx, p.aside)
	if err != nil {
		return "", fmt.Errorf("look at the recordings being written: %w", err)
	}
	for _, c := range all {
		for _, m := range c.Members {
			if live, _ := recordingOf(m.RecordPath); live == id {
				return "", fmt.Errorf("recording %s: %w", id, ErrRecordingUnfinished)
			}
		}
	}
	return filepath.Join(dir, string(id)+recordingSuffix), nil
}
