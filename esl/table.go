package esl

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// A table is what the adapter remembers about the switch: which legs have been reported and not yet ended, and what they were last made to
// do. It is a memory, never the truth: whatever casts doubt on it makes the next SetMix look. Engine.mu guards it.
type table struct {
	legs       map[core.LegID]*leg
	recordings map[core.RecordingID]*recording
	phones     map[string]bool             // reachable, as last reported
	unsaid     map[string]bool             // phones of which this connection's listener has not been told: the rules forget all about phones when it is lost
	mute       map[string]bool             // phones that were rung in vain, and have not registered since
	others     map[core.MixID][]core.LegID // in the mixes' conferences by the newest look, and no legs
}

type leg struct {
	id   core.LegID
	call core.CallID
	ours bool
	// phone: ours, to a desk phone rather than over a trunk.
	phone bool
	desk  string // that phone, where it registers here; "" = it does not, or the leg was found and not dialled
	peer  bool   // it goes to a desk phone of another switch
	// told: the core knows of it. A call that arrives is told of once it is ours for certain.
	told           bool
	from, name, to string // of an arrived leg

	pending bool                        // ours, and "originate" has not ended yet
	created bool                        // ours, and a channel of it has been seen
	dial    func(context.Context) error // tries again, while pending
	tries   int                         // again
	rang    bool
	picked  bool // answered, by the far end or, of a call that arrives, by us; a leg of ours is up once it has parked, too
	parked  bool // it is where it can be told what to do
	up      bool // LegAnswered was told

	asked core.CauseCode // with which we asked for its end

	seen   time.Time // of the newest sign of life
	absent int       // looks in a row, each begun after seen, that did not list it

	owner  core.MixID // the newest SetMix that named it
	stay   stay       // what it was last made to do
	inside core.MixID // in whose conference it is, by the events
	member string     // its number there; it keeps it in all conferences
	named  core.MixID // what its variable names
	// bridged is the other end of the bridge that it is in, by the events.
	bridged core.LegID
	second  core.LegID // of the two, the one that FreeSWITCH has come to the first
	met     time.Time  // when the event told
	coupled bool       // it is in a bridge, or was: in no other, then
	moving  *move      // the order whose beginning has not been seen yet

	prompts []prompt // the first is being played
	heard   bool     // the switch said that the first was played to its end
	moved   bool     // a SetMix came while a prompt was playing: stay is not what the running program ends with
	due     bool     // the first has ended, or there is to be music in a moment, and what follows is still to be ordered (carryOn), unless something else is before
	fresh   bool     // it has arrived, and was told nothing yet
}

// stay is what a leg does between orders. The zero value is to wait in silence.
type stay struct {
	mix   core.MixID // "" = in none
	with  core.LegID // the other end, if the mix is a bridge; "" = it is a conference
	mute  bool
	music bool
	class string // of the music; "" = the default
	// unknown: found on the switch, so that it may be anything.
	unknown bool
}

type recording struct {
	mix     core.MixID
	begun   time.Time // when it was ordered; zero for one that was found
	started bool      // RecordingStarted was told
}

func newTable() table {
	return table{legs: map[core.LegID]*leg{}, recordings: map[core.RecordingID]*recording{}, phones: map[string]bool{}, mute: map[string]bool{}}
}

// drop forgets a leg.
func (t *table) drop(l *leg) {
	if l.moving != nil {
		l.moving.over()
	}
	t.widow(l)
	delete(t.legs, l.id)
}

// inVain notes that a leg's end says that its phone is out of reach, or refuses such calls: or that it did not even ring until we gave it up. It may have lost its power and not its
// registration: when it registers anew, that is news.
func (t *table) inVain(l *leg, end core.CauseCode) {
	silent := l.ours && !l.rang && !l.picked && !l.up && l.asked != ""
	if l.desk != "" && (silent || end == core.CauseUnreachable || end == core.CauseRejected) {
		t.mute[l.desk] = true
	}
}

// touched lists the legs that a mix has to do with: made to be in it, or named by its last SetMix. Sorted.
func (t *table) touched(id core.MixID) []core.LegID {
	var ids []core.LegID
	for _, l := range t.legs {
		if l.owner == id || l.stay.mix == id || l.inside == id {
			ids = append(ids, l.id)
		}
	}
	slices.Sort(ids)
	return ids
}

// insiders lists the legs in a mix's conference, sorted.
func (t *table) insiders(id core.MixID) []core.LegID {
	var ids []core.LegID
	for _, l := range t.legs {
		if l.inside == id {
			ids = append(ids, l.id)
		}
	}
	slices.Sort(ids)
	return ids
}

// records reports whether a recording of the mix is known.
func (t *table) records(id core.MixID) bool {
	for _, r := range t.recordings {
		if r.mix == id {
			return true
		}
	}
	return false
}

// adopt makes the table agree with a look: legs that it lists are known, all others are gone, but for those whose dial is outstanding.
func (t *table) adopt(v *wholeView, now time.Time) {
	t.unsaid, t.others = maps.Clone(t.phones), v.others
	before := t.legs
	t.legs, t.recordings = map[core.LegID]*leg{}, map[core.RecordingID]*recording{}
	for _, s := range v.snapshot.Legs {
		f := v.legs[s.Leg]
		// Which of our legs go to desk phones is not on the switch; nearly all do.
		l := &leg{
			id: s.Leg, ours: s.Ours, phone: s.Ours, told: true, created: true, call: s.Call, from: s.From, name: s.Name, to: s.To,
			rang: s.Ringing, picked: f.answered, parked: f.parked, up: s.Up, seen: now, stay: f.stay, member: f.member, named: core.MixID(f.mix),
		}
		if b := before[s.Leg]; b != nil {
			l.phone, l.desk, l.peer, l.rang, l.asked, l.coupled = b.phone, b.desk, b.peer, l.rang || b.rang, b.asked, b.coupled
			l.call = defaultTo(l.call, b.call)
			l.owner = b.owner
			if len(b.prompts) > 0 && strings.Contains(f.running, string(b.prompts[0].play)) {
				// Still being played. Of one that ended meanwhile nobody knows how.
				l.prompts, l.stay, l.moved = b.prompts, b.stay, b.moved
			}
		}
		t.legs[s.Leg] = l
	}
	for id, l := range before {
		if l.moving != nil {
			l.moving.over()
		}
		if l.pending && !l.created && t.legs[id] == nil && now.Sub(l.seen) < lostDial {
			t.legs[id] = l
		}
	}
	for _, s := range v.snapshot.Mixes {
		for _, id := range s.Legs {
			if l := t.legs[id]; l != nil {
				l.inside, l.owner = s.Mix, s.Mix
				l.bridged, l.second, l.met, l.coupled = v.legs[id].with, v.legs[id].with, now, true // it may have been made just then
				if v.legs[id].second {
					l.second = id
				}
				if l.bridged == "" {
					l.stay = stay{mix: s.Mix, mute: v.legs[id].mute}
				}
			}
		}
	}
	for _, s := range v.snapshot.Recordings {
		t.recordings[s.Recording] = &recording{mix: v.recordedMix[s.Recording], started: true}
	}
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
		case !l.told: // it is being taken
		case l.pending && v.begun.Sub(l.seen) < lostDial || l.seen.After(v.begun):
		default:
			if l.absent++; l.absent >= 2 {
				gone = append(gone, id)
			}
		}
	}
	for _, id := range slices.Clone(gone) {
		t.drop(t.legs[id])
	}
	slices.Sort(gone)
	return gone
}
