package esl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// recordingSuffix makes FreeSWITCH write signed linear, 8 kHz, 16 bit: what needs no thought to check and to encode later.
const recordingSuffix = ".wav"

// recordingFile is a recording's file as the switch sees it.
func (e *Engine) recordingFile(id core.RecordingID) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.place.recordings + "/" + string(id) + recordingSuffix
}

// recordingOf is the opposite: the recording that a file is of, unless it is none of ours.
func recordingOf(file string) (core.RecordingID, bool) {
	id, ok := strings.CutSuffix(path.Base(file), recordingSuffix)
	return core.RecordingID(id), ok && adapter.UUID.MatchString(id)
}

// startRecording records a mix: its conference, so that the file has what its members hear, whoever comes and goes.
func (e *Engine) startRecording(ctx context.Context, p *pair, a core.StartRecording) error {
	if !adapter.UUID.MatchString(string(a.Recording)) {
		return adapter.Refuse(core.WhyInvalid, "recording: must be a lower-case UUID") // it becomes the name of a file
	}
	if conferenceArg(a.Mix).err != nil {
		return adapter.Refuse(core.WhyInvalid, "mix: must be 1 to 100 letters, digits, '_' or '-'")
	}
	// Not while a SetMix is changing the conference: a recording that begins as the last member leaves is over at once.
	unlock, err := e.locks.Lock(ctx, "mix:"+string(a.Mix))
	if err != nil {
		return err
	}
	defer unlock()
	if err := e.awaitMix(ctx, a.Mix); err != nil {
		return err
	}
	if err := e.confer(ctx, a.Mix); err != nil {
		return err
	}
	e.mu.Lock()
	known, stored := e.table.recordings[a.Recording], e.storedFile(a.Recording)
	e.mu.Unlock()
	if known == nil {
		// FreeSWITCH would write over a file that is there.
		if _, err := os.Stat(stored); err == nil {
			return adapter.Refuse(core.WhyState, "recording %s is complete already", a.Recording)
		}
		e.mu.Lock()
		e.table.recordings[a.Recording] = &recording{mix: a.Mix, begun: time.Now()}
		e.mu.Unlock()
	}
	err = order(ctx, p.commands, "conference", conferenceArg(a.Mix), literal("record"), fileArg(e.recordingFile(a.Recording)))
	var se *switchError
	switch {
	case err == nil:
		return e.keep(ctx, p, a.Mix, a.Recording)
	case errors.As(err, &se) && strings.Contains(se.Text, "already being used"):
		e.tellStarted(a.Recording)
		return e.keepStill(ctx, p, a.Mix, a.Recording)
	}
	if known == nil && answered(err) {
		e.mu.Lock()
		delete(e.table.recordings, a.Recording)
		e.mu.Unlock()
	}
	return fmt.Errorf("start recording: %w", err)
}

// awaitMix waits until somebody is in a mix's conference, if somebody is on the way there.
func (e *Engine) awaitMix(ctx context.Context, id core.MixID) error {
	e.mu.Lock()
	inside := len(e.table.insiders(id)) > 0
	var coming core.LegID
	for _, leg := range e.table.touched(id) {
		if e.table.legs[leg].stay.mix == id {
			coming = leg
		}
	}
	e.mu.Unlock()
	switch {
	case inside:
		return nil
	case coming == "":
		return adapter.Refuse(core.WhyUnknown, "nobody is in mix %s", id)
	}
	return e.settled(ctx, coming)
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

// A recording that is so old is in its conference, or is no more.
const youngRecording = 10 * time.Second

// recordingOrder gives the conference of a running recording an order about it. FreeSWITCH opens a file on a thread of its own, and knows the recording by its name only when that has been done: even
// after it has told that it records. So an order about a young recording is given again until the recording is there, or its end was told.
func (e *Engine) recordingOrder(ctx context.Context, p *pair, id core.RecordingID, verb string) error {
	if id == "" {
		return adapter.Refuse(core.WhyInvalid, "recording: must not be empty")
	}
	for pause := 2 * time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		e.mu.Lock()
		rec := e.table.recordings[id]
		e.mu.Unlock()
		if rec == nil {
			return adapter.Refuse(core.WhyUnknown, "no such recording: %s", id)
		}
		err := order(ctx, p.commands, "conference", conferenceArg(rec.mix), wordArg(verb), fileArg(e.recordingFile(id)))
		if err == nil {
			return nil
		}
		if !noSuchRecording(err) || time.Since(rec.begun) > youngRecording {
			return fmt.Errorf("%s: %w", verb, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", verb, err)
		}
	}
}

// pauseRecording pauses or resumes. The reply comes when it is done, and is told as the fact.
func (e *Engine) pauseRecording(ctx context.Context, p *pair, id core.RecordingID, on bool) error {
	if on {
		if err := e.recordingOrder(ctx, p, id, "pause"); err != nil {
			return err
		}
		e.tell(core.RecordingPaused{Recording: id})
		return nil
	}
	if err := e.recordingOrder(ctx, p, id, "resume"); err != nil {
		return err
	}
	e.tell(core.RecordingResumed{Recording: id})
	return nil
}

// stopRecording completes the file.
func (e *Engine) stopRecording(ctx context.Context, p *pair, id core.RecordingID) error {
	err := e.recordingOrder(ctx, p, id, "norecord")
	if id == "" {
		return err
	}
	return errors.Join(err, e.dismiss(ctx, p, id))
}

// recordingFacts are what the conference tells of its recordings. The caller holds mu.
func (e *Engine) recordingFacts(ev event) []core.Fact {
	id, ours := recordingOf(ev.get("Path"))
	rec := e.table.recordings[id]
	if !ours || rec == nil {
		return nil
	}
	switch failure := ev.get("Error"); {
	case ev.get("Action") == "start-recording" && failure == "":
		if rec.started {
			return nil
		}
		rec.started = true
		return []core.Fact{core.RecordingStarted{Recording: id}}
	case failure != "":
		delete(e.table.recordings, id)
		return []core.Fact{core.RecordingStopped{Recording: id, Why: adapter.Clean(failure, maxSaid)}}
	case ev.get("Action") == "stop-recording":
		delete(e.table.recordings, id)
		length, err := time.ParseDuration(ev.get("Milliseconds-Elapsed") + "ms")
		if err != nil {
			length = 0 // it does not say
		}
		return []core.Fact{core.RecordingStopped{Recording: id, OK: rec.started, Length: length}}
	}
	return nil
}
