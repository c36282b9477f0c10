package sim

import (
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// recording is a file, complete or being written.
type recording struct {
	id      core.RecordingID
	mix     *mix // nil when complete
	mixID   core.MixID
	paused  bool
	ok      bool
	spans   []RecordedSpan
	since   time.Time // of the span being written
	talking []core.LegID
	told    int64
}

// Recording is a recording as it is in truth.
type Recording struct {
	ID       core.RecordingID
	Mix      core.MixID
	Writing  bool // not complete yet
	Paused   bool
	Complete bool // stopped in good order
	Spans    []RecordedSpan
}

// RecordedSpan is a stretch of time in which the same parties were heard. Pauses are left out, or are spans with Silenced.
type RecordedSpan struct {
	From, To time.Time
	Legs     []core.LegID // who was heard, sorted
	Silenced bool         // silence is written in place of what was said
}

// Recording tells what is in a recording as of now; false if there is none of that id.
func (s *Switch) Recording(now time.Time, id core.RecordingID) (Recording, bool) {
	r := s.recordings[id]
	if r == nil {
		return Recording{}, false
	}
	out := Recording{ID: r.id, Mix: r.mixID, Writing: r.mix != nil, Paused: r.paused, Complete: r.ok, Spans: slices.Clone(r.spans)}
	if r.mix != nil {
		out.Spans = r.appendSpan(out.Spans, now, s.quirks.PauseWritesSilence)
	}
	return out, true
}

// DeleteRecording removes a complete recording, as the archive does once it has it.
func (s *Switch) DeleteRecording(id core.RecordingID) bool {
	r := s.recordings[id]
	if r == nil || r.mix != nil {
		return false
	}
	delete(s.recordings, id)
	return true
}

func (r *recording) appendSpan(spans []RecordedSpan, now time.Time, silence bool) []RecordedSpan {
	if !now.After(r.since) || r.paused && !silence {
		return spans
	}
	return append(spans, RecordedSpan{From: r.since, To: now, Legs: slices.Clone(r.talking), Silenced: r.paused})
}

// cut closes the span being written and begins the next.
func (s *Switch) cut(now time.Time, r *recording) {
	r.spans = r.appendSpan(r.spans, now, s.quirks.PauseWritesSilence)
	r.since = now
	r.talking = r.talking[:0]
	for _, l := range r.mix.members {
		if l.audible() {
			r.talking = append(r.talking, l.id)
		}
	}
	slices.Sort(r.talking)
}

// heardChanged notes in a mix's recordings that somebody else is heard now. nil is no mix.
func (s *Switch) heardChanged(now time.Time, m *mix) {
	if m == nil {
		return
	}
	for _, r := range m.recordings {
		s.cut(now, r)
	}
}

// reportOf is report for the facts of a recording, which keep their order among each other.
func (s *Switch) reportOf(now time.Time, r *recording, f core.Fact) {
	if !s.link.up {
		return
	}
	r.told = max(now.UnixNano()+s.draw(s.quirks.EventDelay), s.floor, r.told)
	s.queue.push(happening{at: r.told, kind: happenFact, gen: s.link.gen, fact: f})
}

func (s *Switch) startRecording(now time.Time, a core.StartRecording) *engine.Refusal {
	m := s.mixes[a.Mix]
	if r := s.recordings[a.Recording]; r != nil {
		if r.mix == nil {
			return refuse(core.WhyState, "the recording is complete")
		}
		s.reportOf(now, r, core.RecordingStarted{Recording: r.id}) // the same order again
		return nil
	}
	if m == nil {
		return refuse(core.WhyUnknown, "no such mix")
	}
	r := &recording{id: a.Recording, mix: m, mixID: m.id, since: now}
	s.recordings[r.id] = r
	m.recordings = append(m.recordings, r)
	s.cut(now, r)
	s.reportOf(now, r, core.RecordingStarted{Recording: r.id})
	return nil
}

// writing finds a recording that is being written.
func (s *Switch) writing(id core.RecordingID) *recording {
	if r := s.recordings[id]; r != nil && r.mix != nil {
		return r
	}
	return nil
}

func (s *Switch) pauseRecording(now time.Time, id core.RecordingID, on bool) *engine.Refusal {
	r := s.writing(id)
	if r == nil {
		return refuse(core.WhyUnknown, "no such recording is being written")
	}
	if on && s.quirks.PauseLost > 0 && s.rnd.Float64() < s.quirks.PauseLost {
		return nil
	}
	if r.paused != on {
		s.cut(now, r)
		r.paused = on
	}
	if on {
		s.reportOf(now, r, core.RecordingPaused{Recording: id})
	} else {
		s.reportOf(now, r, core.RecordingResumed{Recording: id})
	}
	return nil
}

func (s *Switch) stopRecording(now time.Time, id core.RecordingID) *engine.Refusal {
	r := s.writing(id)
	if r == nil {
		return refuse(core.WhyUnknown, "no such recording is being written")
	}
	s.complete(now, r, "")
	return nil
}

// complete ends a recording: in good order, or cut short for a reason.
func (s *Switch) complete(now time.Time, r *recording, cut string) {
	s.cut(now, r)
	m := r.mix
	if i := slices.Index(m.recordings, r); i >= 0 {
		m.recordings = slices.Delete(m.recordings, i, i+1)
	}
	r.mix, r.talking, r.ok = nil, nil, cut == ""
	var length time.Duration
	for _, span := range r.spans {
		length += span.To.Sub(span.From)
	}
	s.reportOf(now, r, core.RecordingStopped{Recording: r.id, OK: r.ok, Length: length, Why: cut})
}
