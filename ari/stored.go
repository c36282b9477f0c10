package ari

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

var (
	// ErrNoRecording says that the switch has no file of that recording.
	ErrNoRecording = errors.New("ari: no such recording")
	// ErrRecordingUnfinished says that the recording is still being written.
	ErrRecordingUnfinished = errors.New("ari: the recording is still being written")
)

// FetchRecording opens the file of a finished recording, a WAV of 8 kHz and 16 bit. The caller closes it; ctx must last until
// then. The error is ErrNoRecording, ErrRecordingUnfinished, or one of the connection.
func (e *Engine) FetchRecording(ctx context.Context, id core.RecordingID) (io.ReadCloser, error) {
	if err := e.checkFinished(ctx, id); err != nil {
		return nil, err
	}
	resp, err := e.rest.open(ctx, path("recordings", "stored", string(id), "file"))
	if notFound(err) {
		return nil, fmt.Errorf("fetch %s: %w", id, ErrNoRecording)
	}
	if err != nil {
		return nil, fmt.Errorf("fetch recording: %w", err)
	}
	if resp.ContentLength < 0 {
		return resp.Body, nil
	}
	return &exactBody{ReadCloser: resp.Body, missing: resp.ContentLength}, nil
}

// DeleteRecording removes the file of a finished recording from the switch. One that is not there is no error.
func (e *Engine) DeleteRecording(ctx context.Context, id core.RecordingID) error {
	if err := e.checkFinished(ctx, id); err != nil {
		return err
	}
	err := e.rest.do(ctx, http.MethodDelete, path("recordings", "stored", string(id)), nil, nil, nil)
	if err != nil && !notFound(err) {
		return fmt.Errorf("delete recording: %w", err)
	}
	return nil
}

// StoredRecordings lists the recordings whose files are on the switch, sorted; those that are being written are among them.
func (e *Engine) StoredRecordings(ctx context.Context) ([]core.RecordingID, error) {
	var stored []struct {
		Name string `json:"name"`
	}
	if err := e.rest.do(ctx, http.MethodGet, "/recordings/stored", nil, nil, &stored); err != nil {
		return nil, fmt.Errorf("list recordings: %w", err)
	}
	ids := make([]core.RecordingID, 0, len(stored))
	for _, s := range stored {
		if adapter.UUID.MatchString(s.Name) { // others are not ours
			ids = append(ids, core.RecordingID(s.Name))
		}
	}
	slices.Sort(ids)
	return ids, nil
}

func (e *Engine) checkFinished(ctx context.Context, id core.RecordingID) error {
	if !adapter.UUID.MatchString(string(id)) {
		return fmt.Errorf("recording %q is not a lower-case UUID: %w", id, ErrNoRecording)
	}
	ctx, cancel := context.WithTimeout(ctx, e.cfg.EffectTimeout)
	defer cancel()
	live, err := e.isLive(ctx, id)
	if err != nil {
		return err
	}
	if live {
		return fmt.Errorf("recording %s: %w", id, ErrRecordingUnfinished)
	}
	return nil
}

// exactBody makes a body that ends too early an error, so that half a recording is never taken for a whole one.
type exactBody struct {
	io.ReadCloser
	missing int64
}

func (b *exactBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.missing -= int64(n)
	if errors.Is(err, io.EOF) && b.missing > 0 {
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}
