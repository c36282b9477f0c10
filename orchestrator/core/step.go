package core

import (
	"maps"
	"slices"
	"time"
)

// New makes an empty shard. Its identifiers are derived from the seed, or from that of the latest [Founded]: two shards must not share one.
func New(name string, seed uint64) *Shard {
	s := &Shard{st: state{
		Name: name, Seed: seed,
		Tenants: map[TenantID]*tenant{}, Hours: map[HoursID]*Hours{}, EntryPoints: map[EntryPointID]*EntryPoint{}, Queues: map[QueueID]*queue{}, Agents: map[AgentID]*agent{},
		Engines: map[EngineID]*engine{}, Calls: map[CallID]*call{}, Legs: map[LegID]*leg{},
		Repairs: map[string]uint64{}, Odd: map[string]uint64{},
	}}
	s.reindex()
	return s
}

// Step applies one event at the time now and returns what is to be done. Time never goes back: an earlier now counts as the latest seen.
// An intent is taken as accepted; if the rules would refuse it after all, that is counted as odd and changes nothing. The outcome is lent until the next
// step: see [Outcome].
func (s *Shard) Step(now time.Time, ev Event) Outcome {
	s.begin(now)
	s.st.Steps++
	switch ev := ev.(type) {
	case Fact:
		s.fact(ev)
	case Intent:
		s.intent(ev)
	case ConfigChanged:
		s.configure(ev)
	case Tick:
		s.tick(ev)
	case Founded:
		s.st.Seed = ev.Seed
	}
	s.match()
	s.settle()
	return s.out.lent()
}

// Now is the latest time that the shard has seen.
func (s *Shard) Now() time.Time { return s.st.Now.Time() }

// Accepts says whether an intent would be accepted now; nil is yes. Only accepted intents are journalled and stepped.
func (s *Shard) Accepts(_ time.Time, in Intent) *Refusal {
	return in.refuse(s)
}

// Done reports whether a command has been carried out already; the latest ten thousand are remembered.
func (s *Shard) Done(id CommandID) bool { return id != "" && s.ix.commands[id] }

// Steps is the number of events applied so far.
func (s *Shard) Steps() uint64 { return s.st.Steps }

// Repairs counts what reconciliation had to mend, by reason, since the shard was made.
func (s *Shard) Repairs() map[string]uint64 { return maps.Clone(s.st.Repairs) }

// Odd counts impossible facts, by reason, since the shard was made.
func (s *Shard) Odd() map[string]uint64 { return maps.Clone(s.st.Odd) }

func (s *Shard) begin(now time.Time) {
	s.st.Now = max(s.st.Now, instantOf(now))
	s.now, s.firing = s.st.Now, Deadline{}
	s.out.Effects, s.out.Entries = s.out.Effects[:0], s.out.Entries[:0]
}

func (s *Shard) fact(f Fact) {
	switch f := f.(type) {
	case LegAppeared:
		s.legAppeared(f)
	case LegRinging:
		s.legRinging(f)
	case LegAnswered:
		s.legAnswered(f.Leg)
	case LegHungUp:
		s.legHungUp(f.Leg, f.Cause)
	case Played:
		s.played(f)
	case Held:
		s.phoneHeld(f)
	case RecordingStarted:
		s.recordingStarted(f.Recording)
	case RecordingPaused:
		s.recordingPaused(f.Recording)
	case RecordingResumed:
		s.recordingResumed(f.Recording)
	case RecordingStopped:
		s.recordingStopped(f)
	case PhoneChanged:
		s.phoneChanged(f)
	case Refused:
		s.refused(f)
	case EngineUp:
		s.engineUp(f)
	case EngineSeen:
		s.engineSeen(f)
	case EngineDown:
		s.engineDown(f)
	case MixJoined, MixLeft:
		// SetMix is declarative: what the switch has done about it is compared on the slow beat, not here.
	case Digit:
		// Nothing listens to keys yet, and the log keeps none: they may be a card's number.
	}
}

const rememberedCommands = 10_000

func (s *Shard) intent(in Intent) {
	if in.refuse(s) != nil {
		s.odd("intent_refused")
		return
	}
	in.apply(s)
	id := in.Head().ID
	if id == "" {
		return
	}
	s.st.Commands = append(s.st.Commands, id)
	s.ix.commands[id] = true
	if n := len(s.st.Commands) - rememberedCommands; n > rememberedCommands/10 {
		for _, old := range s.st.Commands[:n] {
			delete(s.ix.commands, old)
		}
		s.st.Commands = slices.Clone(s.st.Commands[n:])
	}
}

// settle brings the indexes in line with what this step has touched and lets go of calls that are over.
func (s *Shard) settle() {
	for _, c := range s.ix.touchedCalls {
		c.touched = false
		s.indexCall(c)
		if s.over(c) {
			s.forget(c)
			continue
		}
		s.armCall(c)
	}
	clear(s.ix.touchedCalls)
	s.ix.touchedCalls = s.ix.touchedCalls[:0]
	for _, a := range s.ix.touchedAgents {
		a.touched = false
		s.armAgent(a)
	}
	clear(s.ix.touchedAgents)
	s.ix.touchedAgents = s.ix.touchedAgents[:0]
}

// touch notes that a call changes in this step.
func (s *Shard) touch(c *call) {
	if c.touched {
		return
	}
	c.touched = true
	s.ix.touchedCalls = append(s.ix.touchedCalls, c)
	if p := s.parent(c); p != nil {
		s.touch(p) // it is what others see
	}
	s.reportCall(c)
	if c.queue != nil {
		s.reportQueue(c.queue)
	}
}

func (s *Shard) touchAgent(a *agent) {
	if a.touched {
		return
	}
	a.touched = true
	s.ix.touchedAgents = append(s.ix.touchedAgents, a)
	s.reportAgent(a)
}

// do orders an action on the leg or mix of a call. The lane is the call's own unless the leg is an agent's.
func (s *Shard) do(c *call, l *leg, a Action) {
	e := Effect{Engine: c.Engine, Call: c.public(), Lane: string(c.ID), Do: a}
	if l != nil {
		e.Engine = l.Engine
		if l.Role != customerLeg {
			e.Lane = string(l.ID)
		}
	}
	s.order(e)
}

// order adds an effect to what this step asks for.
func (s *Shard) order(e Effect) {
	s.st.Effects++
	e.ID = s.st.Effects
	s.out.Effects = append(s.out.Effects, e)
}

// tell adds a line to the timeline.
func (s *Shard) tell(e Entry) {
	e.At = s.now.Time()
	s.out.Entries = append(s.out.Entries, e)
}

// tellCall adds a line about a call.
func (s *Shard) tellCall(c *call, e Entry) {
	e.Tenant, e.Call, e.Engine = c.Tenant, c.public(), c.Engine
	s.tell(e)
}

// public is the call under which everybody outside of the rules knows this one: itself, or the call for whose consult it stands in line.
func (c *call) public() CallID {
	if c.Parent != "" {
		return c.Parent
	}
	return c.ID
}

// parent is the call for whose consult a call stands in line; nil for every customer's call.
func (s *Shard) parent(c *call) *call {
	if c.Parent == "" {
		return nil
	}
	return s.st.Calls[c.Parent]
}

func (s *Shard) publicCall(id CallID) CallID {
	if id == "" {
		return ""
	}
	if c := s.st.Calls[id]; c != nil {
		return c.public()
	}
	return id
}

// odd counts a fact that cannot be, given what we know. It is never fatal: switches do repeat and reorder.
func (s *Shard) odd(reason string) {
	s.st.Odd[reason]++
}

// repair counts something that reconciliation mends. In a calm run there is none.
func (s *Shard) repair(reason string, e Entry) {
	s.st.Repairs[reason]++
	e.Kind, e.Reason = EntryRepair, reason
	s.tell(e)
}

// alert tells supervisors.
func (s *Shard) alert(reason string, e Entry) {
	e.Kind, e.Reason = EntryAlert, reason
	s.tell(e)
}
