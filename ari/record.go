package ari

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

const (
	// recordingFormat is signed linear, 8 kHz, 16 bit: what needs no thought to check and to encode later.
	recordingFormat = "wav"
	// recordingVariable of a bridge names its newest recording. Asterisk lists recordings in progress nowhere, and this is
	// how a Tandem that was restarted finds them again.
	recordingVariable = "TANDEM_RECORDING"
)

// startRecording records a bridge. (A channel cannot be recorded while it is in a bridge.)
func (e *Engine) startRecording(ctx context.Context, a core.StartRecording) error {
	if !adapter.UUID.MatchString(string(a.Recording)) {
		return adapter.Refuse(core.WhyInvalid, "recording: must be a lower-case UUID") // it becomes the name of a file
	}
	if a.Mix == "" {
		return adapter.Refuse(core.WhyInvalid, "mix: must not be empty")
	}
	// Not while a SetMix is changing the bridge: a recording that begins as the last member leaves is over at once.
	unlock, err := e.locks.Lock(ctx, "mix:"+string(a.Mix))
	if err != nil {
		return err
	}
	defer unlock()
	e.mu.Lock()
	m := e.table.mixes[a.Mix]
	exists := m != nil && m.exists
	known := e.table.recordings[a.Recording]
	if exists && known == nil {
		e.table.recordings[a.Recording] = &recording{mix: a.Mix}
	}
	e.mu.Unlock()
	if !exists {
		return adapter.Refuse(core.WhyUnknown, "no such mix: %s", a.Mix)
	}
	bridge := e.bridgeOf(a.Mix)
	if err := e.nameRecording(ctx, bridge, a.Recording); err != nil {
		return err
	}
	body := map[string]any{"name": a.Recording, "format": recordingFormat, "ifExists": "fail"}
	err = e.rest.do(ctx, http.MethodPost, path("bridges", bridge, "record"), nil, body, nil)
	switch {
	case err == nil:
		return e.keep(ctx, a.Mix, a.Recording)
	case status(err) == http.StatusConflict:
		// The name is taken: by this order's first sending, or by an older recording.
		live, lookErr := e.isLive(ctx, a.Recording)
		if lookErr != nil {
			return lookErr
		}
		if live {
			e.tellStarted(a.Recording)
			return e.keepStill(ctx, a.Mix, a.Recording)
		}
	}
	if known == nil && status(err) != 0 {
		e.mu.Lock()
		delete(e.table.recordings, a.Recording)
		e.mu.Unlock()
	}
	return fmt.Errorf("start recording: %w", err)
}

// tellStarted answers a repeated order: the fact is told again if it was told before, and otherwise the event is still to come.
func (e *Engine) tellStarted(id core.RecordingID) {
	e.mu.Lock()
	rec := e.table.recordings[id]
	again := rec != nil && rec.started
	e.mu.Unlock()
	if again {
		e.tell(core.RecordingStarted{Recording: id})
	}
}

func (e *Engine) nameRecording(ctx context.Context, bridge string, rec core.RecordingID) error {
	query := url.Values{"variable": {recordingVariable}, "value": {string(rec)}}
	err := e.rest.do(ctx, http.MethodPost, path("bridges", bridge, "variable"), query, nil, nil)
	if s := status(err); err != nil && (s != http.StatusNotFound || notFound(err)) {
		return fmt.Errorf("note the recording on the bridge: %w", err)
	}
	// An Asterisk older than 22.10 has no variables on bridges: its recordings are found again only by who remembers them.
	return nil
}

// pauseRecording pauses or resumes. Asterisk sends no event for it; its 204 comes when it is done, and is told as the fact.
func (e *Engine) pauseRecording(ctx context.Context, id core.RecordingID, on bool) error {
	method, what := http.MethodDelete, "resume recording"
	if on {
		method, what = http.MethodPost, "pause recording"
	}
	if id == "" {
		return adapter.Refuse(core.WhyInvalid, "recording: must not be empty")
	}
	if err := e.recordingBegun(ctx, id); err != nil {
		return err
	}
	if err := e.rest.do(ctx, method, path("recordings", "live", string(id), "pause"), nil, nil, nil); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if on {
		e.tell(core.RecordingPaused{Recording: id})
	} else {
		e.tell(core.RecordingResumed{Recording: id})
	}
	return nil
}

// stopRecording completes the file. One that is complete already is no error.
func (e *Engine) stopRecording(ctx context.Context, id core.RecordingID) error {
	if id == "" {
		return adapter.Refuse(core.WhyInvalid, "recording: must not be empty")
	}
	if err := e.recordingBegun(ctx, id); err != nil {
		return err
	}
	err := e.rest.do(ctx, http.MethodPost, path("recordings", "live", string(id), "stop"), nil, nil, nil)
	if lost := e.dismiss(ctx, id); err == nil {
		err = lost
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("stop recording: %w", err)
}

// recordingBegun waits until a recording that was ordered a moment ago has begun. Asterisk answers the order before the recorder's thread has taken it up; until it has, a pause is refused, and a
// stop is accepted and changes nothing: the recording begins after it (res_stasis_recording.c, operations[] of STATE_QUEUED, and record_file, which does not look at the state).
func (e *Engine) recordingBegun(ctx context.Context, id core.RecordingID) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		e.mu.Lock()
		rec := e.table.recordings[id]
		young := rec != nil && !rec.started
		e.mu.Unlock()
		if !young {
			return nil
		}
		var live liveRecording
		err := e.rest.do(ctx, http.MethodGet, path("recordings", "live", string(id)), nil, nil, &live)
		switch {
		case notFound(err):
			return nil // it is over
		case err != nil:
			return fmt.Errorf("look at the recording: %w", err)
		case live.State != recordingQueued:
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("wait for the recording to begin: %w", ctx.Err())
		}
	}
}

// recordingQueued is the state of a recording that has not begun.
const recordingQueued = "queued"

func (e *Engine) isLive(ctx context.Context, id core.RecordingID) (bool, error) {
	err := e.rest.do(ctx, http.MethodGet, path("recordings", "live", string(id)), nil, nil, nil)
	if notFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at the recording: %w", err)
	}
	return true, nil
}
