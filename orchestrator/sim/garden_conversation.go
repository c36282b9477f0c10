package sim

import (
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// The bugs of consults, transfers and conferences. They are planted where a mistake would show: in the orders to the switches, and in what the timeline tells.

// conversationGarden lists them.
func conversationGarden() []Bug {
	return []Bug{
		tampers("consults in the customer's hearing", "One bridge is enough.", consultsInTheOpen),
		tampers("leaves the customer on hold when a consult ends", "Resume is another button.", staysOnHold),
		tampers("leaves the consultant on the line when a consult ends", "They will notice and hang up.", ghostOfConsult(true)),
		tampers("leaves the phone of a cancelled consult ringing", "Nobody waits for it any more.", ghostOfConsult(false)),
		tampers("lets the conference die with its host", "The bridge belongs to whoever made it.", diesWithHost),
		tampers("drops the customer when the host's phone dies", "Without an agent there is no call.", hangsUpWithHost),
		tampers("cuts the recording at a transfer", "Every agent has a file of their own.", cutsRecording),
		tampers("discards the recording that runs, and forgets the others", "There is one for a call.", discardsOne),
		tampers("records on when what was recorded is discarded", "The agent did not like what was said, and that is over.", recordsOn),
		tampers("records what is said in a consult", "All that is said on the line is recorded.", recordsConsult),
		tampers("leaves the agent without ringing in a consult", "The phone makes that sound itself.", silentConsult),
		tampers("leaves the consultant in silence while the agent toggles", "It is only for a moment.", silentToggle),
		tampers("forgets the wrap-up of whoever transfers", "The call is not theirs any more.", forgetsWrapUp),
		tampers("charges the consultant with a wrap-up, too", "They have talked with the agent, have they not.", wrapsUpTwice),
		tampers("makes whoever joins a primary", "The more, the merrier.", twoPrimaries),
		tampers("writes the transfer into nobody's ledger", "The call goes on, so nothing has changed.", forgetsTenure),
		tampers("gives a call to a target that has not taken it", "It was transferred, and that is that.", keepsWithTarget),
	}
}

// step is what a planted bug sees of one: the event, its outcome, and the rules behind it.
type step struct {
	rules Rules
	ev    core.Event
	out   *core.Outcome
}

// tampering changes outcomes.
type tampering struct {
	Rules
	with func(step)
}

func tampers(name, story string, with func(step)) Bug {
	return Bug{Name: name, Story: story, wrap: func(r Rules) Rules { return tampering{r, with} }}
}

func (b tampering) Step(now time.Time, ev core.Event) core.Outcome {
	out := b.Rules.Step(now, ev)
	b.with(step{b.Rules, ev, &out})
	return out
}

// told finds the first entry of a kind, for which match (nil = any) holds.
func (x step) told(kind core.EntryKind, match func(core.Entry) bool) (core.Entry, bool) {
	for _, e := range x.out.Entries {
		if e.Kind == kind && (match == nil || match(e)) {
			return e, true
		}
	}
	return core.Entry{}, false
}

// forget drops effects.
func (x step) forget(which func(core.Effect) bool) {
	x.out.Effects = slices.DeleteFunc(x.out.Effects, which)
}

// redo changes the actions of effects; nil leaves one as it is.
func (x step) redo(with func(core.Effect) core.Action) {
	for i, e := range x.out.Effects {
		if do := with(e); do != nil {
			x.out.Effects[i].Do = do
		}
	}
}

// mixOf gives the mix that an effect declares, and whether it is a consult's.
func mixOf(e core.Effect) (m core.SetMix, aside, ok bool) {
	m, ok = e.Do.(core.SetMix)
	return m, ok && m.Mix != core.MixID(e.Call), ok
}

func consultsInTheOpen(x step) {
	e, answered := x.told(core.EntryConsultAnswered, nil)
	c, _ := x.rules.Call(e.Call)
	if !answered || len(c.People) == 0 || c.People[0].Role != core.RoleCustomer {
		return
	}
	x.redo(func(e core.Effect) core.Action {
		m, aside, _ := mixOf(e)
		if !aside {
			return nil
		}
		m.Members = append(slices.Clone(m.Members), core.Member{Leg: c.People[0].Leg, Mode: core.Talk})
		return m
	})
}

func staysOnHold(x step) {
	e, ended := x.told(core.EntryConsultEnded, nil)
	c, _ := x.rules.Call(e.Call)
	if !ended || len(c.People) == 0 {
		return
	}
	x.redo(func(e core.Effect) core.Action {
		m, aside, ok := mixOf(e)
		if !ok || aside {
			return nil
		}
		m.Members = slices.Clone(m.Members)
		for i, w := range m.Members {
			if w.Leg == c.People[0].Leg {
				m.Members[i].Mode = core.Hold
			}
		}
		return m
	})
}

// ghostOfConsult leaves the legs of an ended consult alone: the consultant's (answered), or those that ring for it.
func ghostOfConsult(answered bool) func(step) {
	return func(x step) {
		e, ended := x.told(core.EntryConsultEnded, func(e core.Entry) bool { return e.Reason == "ended" })
		if ended && (e.Agent != "") == answered {
			x.forget(func(e core.Effect) bool { return e.Do.Name() == "hang" })
		}
	}
}

// hostGone finds a primary who has left a conversation that goes on.
func (x step) hostGone() (core.CallID, bool) {
	e, ok := x.told(core.EntryOwnerChanged, nil)
	return e.Call, ok && x.ev.Kind() == "leg.hungup"
}

func diesWithHost(x step) {
	if _, gone := x.hostGone(); !gone {
		return
	}
	x.redo(func(e core.Effect) core.Action {
		if m, aside, ok := mixOf(e); ok && !aside {
			return core.SetMix{Mix: m.Mix}
		}
		return nil
	})
}

func hangsUpWithHost(x step) {
	id, gone := x.hostGone()
	c, _ := x.rules.Call(id)
	if !gone || len(c.People) == 0 {
		return
	}
	x.redo(func(e core.Effect) core.Action {
		if _, aside, ok := mixOf(e); ok && !aside {
			return core.Hang{Leg: c.People[0].Leg, Cause: core.CauseNormal}
		}
		return nil
	})
}

func cutsRecording(x step) {
	x.redo(func(e core.Effect) core.Action {
		if p, ok := e.Do.(core.PauseRecording); ok && x.ev.Kind() == "call.transfer" {
			return core.StopRecording(p)
		}
		return nil
	})
}

func recordsConsult(x step) {
	if e, answered := x.told(core.EntryConsultAnswered, nil); answered {
		x.redo(func(e2 core.Effect) core.Action {
			if m, aside, ok := mixOf(e2); ok && aside {
				m.Mix = core.MixID(e.Call)
				return m
			}
			return nil
		})
	}
}

func silentConsult(x step) {
	x.forget(func(e core.Effect) bool {
		m, aside, _ := mixOf(e)
		return aside && len(m.Members) == 1 && m.Members[0].Music == core.RingbackMusic
	})
}

func silentToggle(x step) {
	x.redo(func(e core.Effect) core.Action {
		m, aside, _ := mixOf(e)
		if !aside || len(m.Members) != 1 || m.Members[0].Music == core.RingbackMusic {
			return nil
		}
		return core.SetMix{Mix: m.Mix, Members: []core.Member{{Leg: m.Members[0].Leg, Mode: core.Talk}}}
	})
}

func forgetsWrapUp(x step) {
	if _, moved := x.told(core.EntryCallTransferred, nil); moved {
		x.out.Entries = slices.DeleteFunc(x.out.Entries, func(e core.Entry) bool { return e.Kind == core.EntryWrapUpStarted })
	}
}

func wrapsUpTwice(x step) {
	if e, left := x.told(core.EntryConsultEnded, func(e core.Entry) bool { return e.Agent != "" && e.Reason == "ended" }); left {
		x.out.Entries = append(x.out.Entries, core.Entry{At: e.At, Kind: core.EntryWrapUpStarted, Tenant: e.Tenant, Call: e.Call, Agent: e.Agent, Queue: e.Queue})
	}
}

func twoPrimaries(x step) {
	if e, joined := x.told(core.EntryJoined, func(e core.Entry) bool { return e.Agent != "" }); joined && x.ev.Kind() == "consult.merge" {
		e.Kind, e.Reason = core.EntryOwnerChanged, core.OwnedByTransfer
		x.out.Entries = append(x.out.Entries, e)
	}
}

func forgetsTenure(x step) {
	for i, e := range x.out.Entries {
		if r := e.Record; r != nil && len(r.Owners) > 1 {
			short := *r
			short.Owners = r.Owners[:1]
			x.out.Entries[i].Record = &short
		}
	}
}

func keepsWithTarget(x step) {
	if _, failed := x.told(core.EntryTransferFailed, nil); failed {
		x.forget(func(e core.Effect) bool { return e.Do.Name() == "dial" })
	}
}

func discardsOne(x step) {
	told := 0
	for _, e := range x.out.Entries {
		if e.Kind == core.EntryRecordingDiscarded {
			told++
		}
	}
	x.out.Entries = slices.DeleteFunc(x.out.Entries, func(e core.Entry) bool {
		if e.Kind == core.EntryRecordingDiscarded {
			told--
		}
		return e.Kind == core.EntryRecordingDiscarded && told > 0
	})
}

func recordsOn(x step) {
	e, ok := x.told(core.EntryRecordingStopped, func(e core.Entry) bool { return e.Reason == "discarded" && e.Text == "" })
	if !ok {
		return
	}
	if c, going := x.rules.Call(e.Call); going && c.Phase == core.Talking {
		x.out.Effects = append(x.out.Effects, core.Effect{
			ID: 1 << 40, Engine: c.Engine, Call: e.Call, Lane: string(e.Call), Do: core.StartRecording{Recording: e.Recording, Mix: core.MixID(e.Call)},
		})
	}
}
