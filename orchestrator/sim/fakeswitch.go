// Package sim is the simulated world: switches with callers and desk phones around them, driven by a seed.
//
// [Switch] is one switch as the rules see it through its adapter: it takes [core.Effect]s and gives [core.Fact]s. It is a plain value without goroutine, lock
// or clock. Everything that will happen lies in one heap ordered by time and then by order of scheduling; the host asks [Switch.Next], sets its own
// clock to that time and calls [Switch.Pop]. The same seed and the same calls give the same facts at the same nanosecond.
//
// The switch keeps the truth (who hears whom, what is written to which recording, which digits arrived) apart from what it reports. Facts are
// reported late, in causal order for each leg, possibly doubled, and not at all while the connection is cut. Tests compare the rules' belief with the truth.
//
// Where Asterisk and FreeSWITCH differ, the difference is a field of [Quirks]; [AsteriskLike] and [FreeSWITCHLike] are the two profiles.
//
// [Engine] puts a Switch behind a real clock as an [engine.Engine], for tests of everything that lives in real time.
package sim

import (
	"encoding/hex"
	"math/rand/v2"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Switch is one simulated switch. It is not safe for concurrent use. Times given to its methods must not go back.
type Switch struct {
	id     core.EngineID
	quirks Quirks
	rnd    *rand.Rand
	queue  timeline
	out    Outside

	legs       map[core.LegID]*leg
	spent      map[core.LegID]struct{} // dialled ids that have been and gone, so that a late repetition of Dial makes no second leg
	phones     map[string]*phone
	mixes      map[core.MixID]*mix
	recordings map[core.RecordingID]*recording // files too: they stay until deleted
	prompts    map[string]time.Duration

	link      linkState
	floor     int64 // no fact is reported before this: the EngineUp or EngineDown ahead of it
	restarted bool  // to be told by the next EngineUp
	reported  uint64
}

// linkState is the state of the connection between the adapter and the switch.
type linkState struct {
	up    bool   // facts are being collected
	ready bool   // EngineUp is out: effects are accepted
	gen   uint32 // grows with every change: a fact of an older generation is lost
	// forgotten is the last happening that was scheduled for an adapter that is no more.
	forgotten uint64
}

// NewSwitch makes a switch without legs and phones that is not connected yet. The generator is the switch's own from now on; it decides upon delays and ids only.
func NewSwitch(id core.EngineID, quirks Quirks, rnd *rand.Rand) *Switch {
	return &Switch{
		id: id, quirks: quirks, rnd: rnd,
		legs:       map[core.LegID]*leg{},
		spent:      map[core.LegID]struct{}{},
		phones:     map[string]*phone{},
		mixes:      map[core.MixID]*mix{},
		recordings: map[core.RecordingID]*recording{},
		prompts:    map[string]time.Duration{},
	}
}

// ID is the switch's name.
func (s *Switch) ID() core.EngineID { return s.id }

// Watch sets who is told of what the callers and phones notice. nil tells nobody.
func (s *Switch) Watch(out Outside) { s.out = out }

// AddPrompt makes a prompt known. Prompts that are not known last Quirks.PromptLength, or are missing where that is zero.
func (s *Switch) AddPrompt(name string, length time.Duration) { s.prompts[name] = length }

// Next is the time at which something happens next, if anything will.
func (s *Switch) Next() (time.Time, bool) {
	if len(s.queue.items) == 0 {
		return time.Time{}, false
	}
	return time.Unix(0, s.queue.items[0].at).UTC(), true
}

// Pop lets the next thing happen and returns the fact that the adapter reports of it; nil if that was something inside the switch or at a phone, or
// if the fact is lost because the connection is cut. It panics if nothing is due: see Next.
func (s *Switch) Pop() core.Fact {
	it := s.queue.pop()
	if it.kind != happenFact {
		s.happen(it)
		return nil
	}
	if it.gen != 0 && it.gen != s.link.gen || it.seq <= s.link.forgotten {
		return nil
	}
	switch f := it.fact.(type) {
	case core.EngineUp:
		s.link.ready = true
	case core.PhoneChanged:
		s.phone(f.Phone).told = reachability(f.Reachable)
	}
	s.reported++
	return it.fact
}

// Reported is the number of facts that have come out so far.
func (s *Switch) Reported() uint64 { return s.reported }

// Connected tells whether effects are accepted: EngineUp has come out and the connection has not been cut since.
func (s *Switch) Connected() bool { return s.link.ready }

// Connect brings the connection between adapter and switch about. EngineUp follows with a snapshot as of now; facts from now on come behind it, those
// about phones whose reachability has changed unseen first. Connecting when connected does nothing.
func (s *Switch) Connect(now time.Time) {
	if s.link.up {
		return
	}
	s.link.up = true
	s.link.gen++
	s.floor = max(s.floor, now.UnixNano()+s.draw(s.quirks.ConnectDelay))
	s.queue.push(happening{
		at: s.floor, kind: happenFact, gen: s.link.gen,
		fact: core.EngineUp{Engine: s.id, Restarted: s.restarted, Snapshot: s.Snapshot()},
	})
	s.restarted = false
	for _, name := range s.sortedPhones() {
		if p := s.phones[name]; !p.outside && p.told != reachability(p.registered) {
			s.report(now, nil, core.PhoneChanged{Engine: s.id, Phone: name, Reachable: p.registered})
		}
	}
}

// Disconnect cuts the connection between adapter and switch. EngineDown follows; facts under way and those to come are lost, effects are refused, calls live on.
func (s *Switch) Disconnect(now time.Time) {
	if !s.link.up {
		return
	}
	told := s.link.ready
	s.link.up, s.link.ready = false, false
	s.link.gen++
	if told {
		s.floor = max(s.floor, now.UnixNano()+s.draw(s.quirks.EventDelay))
		s.queue.push(happening{at: s.floor, kind: happenFact, fact: core.EngineDown{Engine: s.id}})
	}
}

// Abandon is the end of the adapter itself, as when its process is killed: as Disconnect, but there is nobody to be told, of what was under way neither.
func (s *Switch) Abandon() {
	s.link.up, s.link.ready = false, false
	s.link.gen++
	s.link.forgotten = s.queue.seq
}

// Restart loses all legs, mixes and running recordings, and the connection. The files that are complete stay; those being written are cut short. Phones stay
// registered unless Quirks.ForgetPhones. Connect afterwards, when the switch is meant to be back.
func (s *Switch) Restart(now time.Time) {
	s.Disconnect(now)
	s.restarted = true
	for _, m := range s.sortedMixes() { // before the legs: a mix whose last member leaves is completed in good order on some switches
		s.dissolve(now, m, "the switch restarted")
	}
	for _, l := range s.sortedLegs() {
		s.end(now, l, core.Cause{Code: core.CauseEngine, By: core.ByNetwork})
	}
	if s.quirks.ForgetPhones {
		for _, name := range s.sortedPhones() {
			s.phones[name].registered = false
		}
	}
}

// Look is the slow beat: EngineSeen follows with a snapshot as of now, so that it is a little older than the facts around it.
func (s *Switch) Look(now time.Time) {
	s.report(now, nil, core.EngineSeen{Engine: s.id, Snapshot: s.Snapshot()})
}

// report schedules a fact, behind the leg's earlier ones.
func (s *Switch) report(now time.Time, l *leg, f core.Fact) {
	if !s.link.up {
		return // nobody listens, and the switch keeps nothing for later
	}
	at := max(now.UnixNano()+s.draw(s.quirks.EventDelay), s.floor)
	if l != nil {
		at = max(at, l.reportedAt)
		l.reportedAt = at
	}
	if f, ok := f.(core.PhoneChanged); ok { // those of one phone keep their order, too
		p := s.phone(f.Phone)
		at = max(at, p.reportedAt)
		p.reportedAt = at
	}
	s.queue.push(happening{at: at, kind: happenFact, gen: s.link.gen, fact: f})
}

// reportMix is report for MixJoined and MixLeft, which some switches tell twice.
func (s *Switch) reportMix(now time.Time, l *leg, f core.Fact) {
	s.report(now, l, f)
	if s.quirks.DoubledMixFacts > 0 && s.rnd.Float64() < s.quirks.DoubledMixFacts {
		s.report(now, l, f)
	}
}

// draw takes a delay from a span.
func (s *Switch) draw(d Span) int64 {
	if d.Max <= d.Min {
		return int64(d.Min)
	}
	return int64(d.Min) + s.rnd.Int64N(int64(d.Max-d.Min)+1)
}

// newLegID makes the id of a leg that arrives: of fixed length, like the ids that we choose.
func (s *Switch) newLegID() core.LegID {
	var in [16]byte
	for i, hi, lo := 0, s.rnd.Uint64(), s.rnd.Uint64(); i < 8; i++ {
		in[i], in[8+i] = byte(hi>>(8*i)), byte(lo>>(8*i))
	}
	var out [36]byte
	hex.Encode(out[0:8], in[0:4])
	hex.Encode(out[9:13], in[4:6])
	hex.Encode(out[14:18], in[6:8])
	hex.Encode(out[19:23], in[8:10])
	hex.Encode(out[24:36], in[10:16])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return core.LegID(out[:])
}
