package ari

import (
	"maps"
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// A table is what the adapter remembers about the switch: which legs have been reported and not yet ended, and what SetMix has brought
// about. It is a memory of what REST confirmed, never the truth: whatever casts doubt on it makes the next SetMix look. Engine.mu guards it.
type table struct {
	legs       map[core.LegID]*leg
	mixes      map[core.MixID]*mix
	recordings map[core.RecordingID]*recording
	phones     map[string]bool          // reachable, as last reported
	leaving    map[core.LegID]time.Time // whose end has been told, and when, while Asterisk is still taking the channel apart
	stopping   bool                     // Asterisk is being stopped, which nothing can keep it from any more
}

type leg struct {
	id      core.LegID
	call    core.CallID
	ours    bool
	phone   bool   // ours, to a desk phone rather than over a trunk …
	name    string // … of this name; "" = dialled before we were started
	pending bool   // the dial's answer is outstanding: a look that does not list the leg says nothing
	rang    bool
	picked  bool // ours: answered, and not yet in the application, where it can be ordered about
	up      bool // answered, as told

	asked     core.CauseCode // with which we asked for its end
	shutdown  bool           // it ends because Asterisk is being stopped
	requested bool           // ChannelHangupRequest was seen …
	request   int            // … with this cause
	sip       int

	seen   time.Time // of the newest sign of life
	absent int       // looks in a row, each begun after seen, that did not list it

	prompts []prompt // the first is being played

	owner  core.MixID // the newest SetMix that named it
	bridge core.MixID // where it is; "" = in no bridge
	media  media
}

// media is what SetMix has done to a leg's channel, apart from bridges.
type media struct {
	known bool // false: found on the switch, so that music and muting may be any
	muted bool
	music bool
	class string // of the music
}

type mix struct {
	generation int // of its bridge, see bridgeID
	exists     bool
	suspect    bool             // a request failed, or an event contradicted the memory: look before acting
	keeper     core.RecordingID // whose keeper there is; "" = none
	kept       bool             // the keeper is in the bridge, for certain, and stays there
	in         map[core.LegID]bool
	owned      map[core.LegID]bool
}

type recording struct {
	mix     core.MixID
	started bool // RecordingStarted was told
}

func newTable() table {
	return table{
		legs:       map[core.LegID]*leg{},
		mixes:      map[core.MixID]*mix{},
		recordings: map[core.RecordingID]*recording{},
		phones:     map[string]bool{},
		leaving:    map[core.LegID]time.Time{},
	}
}

// release is what is known about the leg's end, with what ChannelDestroyed says, or would say.
func (l *leg) release(cause, techCause int) release {
	return release{
		dialled: l.ours, phone: l.phone, rang: l.rang, answered: l.picked || l.up, asked: l.asked,
		requested: l.requested, shutdown: l.shutdown, request: l.request, destroyed: cause, farSIP: l.sip, sip: techCause,
	}
}

// stop notes that Asterisk is being stopped, of which it has just told one leg. It tells one after the other, and ends them in an order of its own; so whatever
// becomes of the others from here on, be it that their far ends notice something and hang up, or that we give them up because of those that ended
// before, is the stop's doing. Only an end that was under way before is what it was.
func (t *table) stop(told *leg) {
	legs := map[core.LegID]*leg{told.id: told}
	if !t.stopping {
		t.stopping, legs = true, t.legs
	}
	for _, l := range legs {
		l.shutdown = l.shutdown || !l.requested && l.asked == ""
	}
	told.requested = true
}

// mix finds or makes the memory of a mix. A new one does not exist: every session begins with a look at all bridges, and only Tandem makes any.
func (t *table) mix(id core.MixID) *mix {
	m := t.mixes[id]
	if m == nil {
		m = &mix{in: map[core.LegID]bool{}, owned: map[core.LegID]bool{}}
		t.mixes[id] = m
	}
	return m
}

// place notes in which bridge a leg is; "" = none.
func (t *table) place(l *leg, id core.MixID) {
	if m := t.mixes[l.bridge]; m != nil {
		delete(m.in, l.id)
	}
	if l.bridge = id; id != "" {
		t.mix(id).in[l.id] = true
	}
}

// own notes which mix named a leg last; "" = none.
func (t *table) own(l *leg, id core.MixID) {
	if m := t.mixes[l.owner]; m != nil {
		delete(m.owned, l.id)
	}
	if l.owner = id; id != "" {
		t.mix(id).owned[l.id] = true
	}
}

// drop forgets a leg.
func (t *table) drop(l *leg) {
	t.place(l, "")
	t.own(l, "")
	delete(t.legs, l.id)
}

// touched lists the legs that a mix has to do with: in its bridge, or named by its last SetMix.
func (t *table) touched(id core.MixID) []core.LegID {
	m := t.mixes[id]
	if m == nil {
		return nil
	}
	return slices.AppendSeq(slices.Collect(maps.Keys(m.in)), maps.Keys(m.owned))
}

// adopt makes the table agree with a look: legs that it lists are known, all others are gone, but for those whose
// dial is outstanding.
func (t *table) adopt(v *wholeView, now time.Time) {
	before := t.legs
	t.stopping = false // it may be another Asterisk by now
	clear(t.phones)    // whoever is told that the connection is up knows nothing of phones any more
	t.legs, t.mixes, t.recordings = map[core.LegID]*leg{}, map[core.MixID]*mix{}, map[core.RecordingID]*recording{}
	for _, s := range v.snapshot.Legs {
		// Which of our legs go to desk phones is not on the switch; nearly all do.
		l := &leg{id: s.Leg, ours: s.Ours, phone: s.Ours, call: s.Call, rang: s.Ringing, up: s.Up, seen: now}
		if b := before[s.Leg]; b != nil {
			l.phone, l.name, l.rang, l.picked, l.asked, l.pending, l.shutdown = b.phone, b.name, l.rang || b.rang, b.picked && !l.up, b.asked, b.pending, b.shutdown
			l.call = defaultTo(l.call, b.call)
		}
		t.legs[s.Leg] = l
	}
	for id, l := range before {
		if l.pending && t.legs[id] == nil {
			t.legs[id] = l
		}
	}
	for _, s := range v.snapshot.Mixes {
		m := t.mix(s.Mix)
		m.exists, m.generation, m.keeper = true, v.generations[s.Mix], v.keepers[s.Mix]
		m.kept = m.keeper != ""
		for _, id := range s.Legs {
			if l := t.legs[id]; l != nil {
				t.place(l, s.Mix)
				t.own(l, s.Mix)
			}
		}
	}
	for _, s := range v.snapshot.Recordings {
		t.recordings[s.Recording] = &recording{mix: v.recordedMix[s.Recording], started: true}
	}
}

// withoutLeaving takes the legs whose end has been told out of a look, and forgets those that it does not list although it began
// later: they have gone, and the event of it was missed.
func (t *table) withoutLeaving(v *wholeView) {
	if len(t.leaving) == 0 {
		return
	}
	listed := map[core.LegID]bool{}
	isLeaving := func(id core.LegID) bool {
		_, is := t.leaving[id]
		listed[id] = listed[id] || is
		return is
	}
	v.snapshot.Legs = slices.DeleteFunc(v.snapshot.Legs, func(s core.SeenLeg) bool { return isLeaving(s.Leg) })
	for i := range v.snapshot.Mixes {
		v.snapshot.Mixes[i].Legs = slices.DeleteFunc(v.snapshot.Mixes[i].Legs, isLeaving)
	}
	maps.DeleteFunc(t.leaving, func(id core.LegID, told time.Time) bool { return !listed[id] && told.Before(v.begun) })
}

// forgetAbsent drops the legs that two looks in a row did not list, each begun after the leg's newest sign of life: their end was missed.
func (t *table) forgetAbsent(v *wholeView) []core.LegID {
	listed := map[core.LegID]bool{}
	for _, s := range v.snapshot.Legs {
		listed[s.Leg] = true
	}
	var gone []core.LegID
	for id, l := range t.legs {
		switch {
		case listed[id]:
			l.absent = 0
		case l.pending || l.seen.After(v.begun):
		default:
			if l.absent++; l.absent >= 2 {
				gone = append(gone, id)
			}
		}
	}
	for _, id := range gone {
		t.drop(t.legs[id])
	}
	slices.Sort(gone)
	return gone
}
