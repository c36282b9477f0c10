package enginetest

import (
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// recordings are the scenarios of recording. What is in the file is proved by the tones in it.
func recordings() []scenario {
	return []scenario{
		{"a conversation is recorded", "(1) started, stopped; the file has both voices", "C15", record},
		{"a paused recording", "(1) paused, resumed; nothing said in the pause is in the file", "C15", recordPaused},
		{"a recording goes on over hold", "(9) the file has the agent alone while the customer is held", "C15 C3", recordHold},
		{"a recording goes on when the agent changes", "(9) the file has one agent after the other", "C15 Q7", recordNextAgent},
		{"a recording ends with its mix", "(1) stopped, and the file is there", "C15", recordDissolved},
		{"a recording ends with its parties", "(1) stopped, and the file is there", "C15", recordHungUp},
		{"recording orders that cannot be", "(5), (4)", "C15", recordUnknown},
	}
}

// pieceOfTalk is how much is recorded of each situation, so that it can be told from the others.
const pieceOfTalk = 800 * time.Millisecond

// linger lets a piece of talk pass: what is said meanwhile is what the recording is about. While the machine stands still nothing is said, and a ticker drops what it has missed.
func linger() {
	const step = 20 * time.Millisecond
	t := time.NewTicker(step)
	defer t.Stop()
	for range pieceOfTalk / step {
		<-t.C
	}
}

// startRecording starts one and waits for it.
func (s *stage) startRecording(m core.MixID) core.RecordingID {
	s.t.Helper()
	id := newRecording()
	s.do(core.StartRecording{Recording: id, Mix: m})
	await(s, "RecordingStarted", func(f core.RecordingStarted) bool { return f.Recording == id })
	return id
}

// stopped waits for the end of a recording.
func (s *stage) stopped(id core.RecordingID) core.RecordingStopped {
	s.t.Helper()
	return await(s, "RecordingStopped", func(f core.RecordingStopped) bool { return f.Recording == id })
}

// file waits for the end of a recording in good order, and gives what is heard in it.
func (s *stage) file(id core.RecordingID, parties ...Party) heardFile {
	s.t.Helper()
	f := s.stopped(id)
	if !f.OK {
		s.fail("the recording was stopped as %+v", f)
	}
	h, err := listen(s.w.Recording(s.t, id), parties)
	if err != nil {
		s.fail("the recording cannot be read: %v", err)
	}
	if f.Length > 0 && (f.Length-h.length).Abs() > time.Second {
		s.fail("the recording is told to be %v long and is %v long", f.Length, h.length)
	}
	return h
}

// heard fails unless the file has these situations, in this order, among others.
func (s *stage) heard(h heardFile, want ...string) {
	s.t.Helper()
	if !h.has(want...) {
		s.fail("the recording has %v, want %q in this order", h, want)
	}
}

func record(s *stage) {
	c, cl, a, al, m := s.conversation()
	id := s.startRecording(m)
	from := s.rec.mark()
	s.do(core.StartRecording{Recording: id, Mix: m}) // again: told again, and no harm
	awaitFrom(s, from, "RecordingStarted again", func(f core.RecordingStarted) bool { return f.Recording == id })
	linger()
	s.talk(m, cl, al)
	s.do(core.StopRecording{Recording: id})
	s.heard(s.file(id, c, a), "Caller+1001")
	c.Hears(s.t, Voices(a))
	a.Hears(s.t, Voices(c))
	if err := s.order(s.effect(core.StopRecording{Recording: id})); err != nil {
		if msg := refusedFor(err, core.WhyUnknown); msg != "" {
			s.fail("stop again: %s", msg)
		}
	}
	s.refused(core.StartRecording{Recording: id, Mix: m}, core.WhyState)
}

func recordPaused(s *stage) {
	c, cl, a, al, m := s.conversation()
	b, bl := s.agent("1002")
	id := s.startRecording(m)
	linger()
	for range 2 {
		from := s.rec.mark()
		s.do(core.PauseRecording{Recording: id})
		_, from = awaitFrom(s, from, "RecordingPaused", func(f core.RecordingPaused) bool { return f.Recording == id })
		// Only while it is paused the third one talks.
		s.talk(m, cl, al, bl)
		c.Hears(s.t, Voices(a, b))
		linger()
		s.talk(m, cl, al)
		c.Hears(s.t, Voices(a))
		b.Hears(s.t, Silence())
		s.do(core.ResumeRecording{Recording: id})
		awaitFrom(s, from, "RecordingResumed", func(f core.RecordingResumed) bool { return f.Recording == id })
		linger()
	}
	s.do(core.StopRecording{Recording: id})
	h := s.file(id, c, a, b)
	s.heard(h, "Caller+1001")
	if h.anywhere(b) {
		s.fail("what was said in the pause is in the recording: %v", h)
	}
	if want := 3 * pieceOfTalk; h.spoken < want-pieceOfTalk/2 {
		s.fail("the recording has %v of talk, want about %v: %v", h.spoken, want, h)
	}
}

func recordHold(s *stage) {
	c, cl, a, al, m := s.conversation()
	id := s.startRecording(m)
	linger()
	s.mix(m, core.Member{Leg: cl, Mode: core.Hold}, core.Member{Leg: al, Mode: core.Talk})
	c.Hears(s.t, Music())
	a.Hears(s.t, Silence())
	linger()
	s.talk(m, cl, al)
	c.Hears(s.t, Voices(a))
	linger()
	s.do(core.StopRecording{Recording: id})
	s.heard(s.file(id, c, a), "Caller+1001", "1001", "Caller+1001")
}

func recordNextAgent(s *stage) {
	c, cl, a, al, m := s.conversation()
	id := s.startRecording(m)
	linger()
	b, bl := s.agent("1002")
	s.talk(m, cl, bl)
	c.Hears(s.t, Voices(b))
	a.Hears(s.t, Silence())
	s.do(core.Hang{Leg: al, Cause: core.CauseNormal})
	s.over(al)
	linger()
	s.do(core.StopRecording{Recording: id})
	s.heard(s.file(id, c, a, b), "Caller+1001", "Caller+1002")
}

func recordDissolved(s *stage) {
	c, _, a, _, m := s.conversation()
	id := s.startRecording(m)
	linger()
	s.mix(m)
	s.heard(s.file(id, c, a), "Caller+1001")
}

func recordHungUp(s *stage) {
	c, cl, a, al, m := s.conversation()
	id := s.startRecording(m)
	linger()
	c.HangUp(s.t)
	s.over(cl)
	s.do(core.Hang{Leg: al, Cause: core.CauseNormal})
	s.over(al)
	s.mix(m)
	s.heard(s.file(id, c, a), "Caller+1001")
}

func recordUnknown(s *stage) {
	ghost := newRecording()
	s.refused(core.StartRecording{Recording: ghost, Mix: newMix()}, core.WhyUnknown)
	s.refused(core.PauseRecording{Recording: ghost}, core.WhyUnknown)
	s.refused(core.ResumeRecording{Recording: ghost}, core.WhyUnknown)
	s.refused(core.StopRecording{Recording: ghost}, core.WhyUnknown)
}
