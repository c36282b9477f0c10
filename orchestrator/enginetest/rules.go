package enginetest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// breaches says what in the log of one engine breaks a rule that holds always: clauses 1, 2, 3 and 4 as far as facts alone can show it.
func breaches(id core.EngineID, log []entry) []string {
	return read(id, log).found
}

// read takes a log in from the beginning.
func read(id core.EngineID, log []entry) *watcher {
	w := &watcher{
		id: id, legs: map[core.LegID]*watchedLeg{}, recordings: map[core.RecordingID]recordingPhase{},
		plays: map[core.PlayID]playPhase{}, mixes: map[core.MixID]bool{},
	}
	for i, e := range log {
		w.line = i
		if e.fact == nil {
			w.order(e.do.Do)
			continue
		}
		w.fact(e.fact)
	}
	return w
}

// watchedLeg is what is known of a leg from what has been said.
type watchedLeg struct {
	ours   bool
	spoken bool // a fact or a snapshot has named it
	up     bool
	over   bool // hung up, or lost from view
}

type recordingPhase int

const (
	recordingOrdered recordingPhase = iota + 1
	recordingOn
	recordingOver
)

type playPhase int

const (
	playOrdered playPhase = iota + 1
	playOver
)

// watcher reads a log from the beginning.
type watcher struct {
	id         core.EngineID
	line       int
	link       linkPhase
	legs       map[core.LegID]*watchedLeg
	recordings map[core.RecordingID]recordingPhase
	plays      map[core.PlayID]playPhase
	mixes      map[core.MixID]bool
	found      []string
}

type linkPhase int

const (
	linkNever linkPhase = iota
	linkUp
	linkDown
)

func (w *watcher) breach(clause int, format string, args ...any) {
	w.found = append(w.found, fmt.Sprintf("clause (%d), line %d: ", clause, w.line)+fmt.Sprintf(format, args...))
}

func (w *watcher) order(do core.Action) {
	switch a := do.(type) {
	case core.Dial:
		if w.legs[a.Leg] == nil {
			w.legs[a.Leg] = &watchedLeg{ours: true}
		}
	case core.SetMix:
		w.mixes[a.Mix] = true
	case core.Play:
		if w.plays[a.Play] == 0 {
			w.plays[a.Play] = playOrdered
		}
	case core.StartRecording:
		if w.recordings[a.Recording] == 0 {
			w.recordings[a.Recording] = recordingOrdered
		}
	}
}

func (w *watcher) fact(f core.Fact) {
	if up, ok := f.(core.EngineUp); ok {
		w.up(up)
		return
	}
	if w.link != linkUp {
		w.breach(3, "%s while the engine is not up", f.Kind())
	}
	switch f := f.(type) {
	case core.EngineDown:
		w.link = linkDown
		w.mine(f.Engine)
	case core.EngineSeen:
		w.mine(f.Engine)
		w.sorted(f.Snapshot)
	case core.PhoneChanged:
		w.mine(f.Engine)
	case core.Refused:
		w.breach(2, "an engine says Refused as the error of Do, not as a fact: %+v", f)
	case core.Played:
		w.living(f.Leg, f)
		switch w.plays[f.Play] {
		case playOrdered:
		case playOver:
			w.breach(4, "%s is told to have been played twice", f.Play)
		default:
			w.breach(2, "%s was never to be played", f.Play)
		}
		w.plays[f.Play] = playOver
	case core.RecordingStarted:
		if w.recordings[f.Recording] == recordingOn { // asked for again
			break
		}
		w.recording(f.Recording, f, recordingOrdered, recordingOn)
	case core.RecordingPaused:
		w.recording(f.Recording, f, recordingOn, recordingOn)
	case core.RecordingResumed:
		w.recording(f.Recording, f, recordingOn, recordingOn)
	case core.RecordingStopped:
		if w.recordings[f.Recording] == recordingOrdered { // it never began
			w.recordings[f.Recording] = recordingOn
		}
		w.recording(f.Recording, f, recordingOn, recordingOver)
	default:
		w.legFact(f)
	}
}

func (w *watcher) legFact(f core.Fact) {
	switch f := f.(type) {
	case core.LegAppeared:
		w.mine(f.Engine)
		if w.legs[f.Leg] != nil {
			w.breach(1, "leg %s appeared again", f.Leg)
		}
		w.legs[f.Leg] = &watchedLeg{spoken: true}
	case core.LegRinging:
		if l := w.living(f.Leg, f); l.up {
			w.breach(1, "leg %s rings after it was answered", f.Leg)
		}
	case core.LegAnswered:
		l := w.living(f.Leg, f)
		if l.up {
			w.breach(1, "leg %s was answered twice", f.Leg)
		}
		l.up = true
	case core.LegHungUp:
		w.living(f.Leg, f).over = true
		if f.Cause.Code == "" || f.Cause.By == "" {
			w.breach(1, "leg %s hung up without code or party: %+v", f.Leg, f.Cause)
		}
	case core.MixJoined:
		w.living(f.Leg, f)
		w.mixed(f.Mix, f)
	case core.MixLeft:
		w.living(f.Leg, f)
		w.mixed(f.Mix, f)
	case core.Digit:
		w.living(f.Leg, f)
		if len(f.Digit) != 1 || !slices.Contains([]byte("0123456789*#ABCD"), f.Digit[0]) {
			w.breach(2, "%q is no digit", f.Digit)
		}
	case core.Held:
		w.living(f.Leg, f)
	default:
		w.breach(2, "no engine says %s", f.Kind())
	}
}

// living finds the leg that a fact names, which must be on the switch.
func (w *watcher) living(id core.LegID, f core.Fact) *watchedLeg {
	l := w.legs[id]
	switch {
	case l == nil:
		w.breach(2, "%s of leg %q, which neither appeared nor was dialled", f.Kind(), id)
		l = &watchedLeg{}
		w.legs[id] = l
	case l.over:
		w.breach(1, "%s of leg %s after its end", f.Kind(), id)
	}
	l.spoken = true
	return l
}

func (w *watcher) mixed(id core.MixID, f core.Fact) {
	if !w.mixes[id] {
		w.breach(2, "%s of mix %q, which was never set", f.Kind(), id)
	}
}

func (w *watcher) mine(id core.EngineID) {
	if id != w.id {
		w.breach(2, "a fact of engine %q, not %q", id, w.id)
	}
}

func (w *watcher) recording(id core.RecordingID, f core.Fact, from, to recordingPhase) {
	have := w.recordings[id]
	if have == 0 {
		w.breach(2, "%s of recording %q, which was never ordered", f.Kind(), id)
	} else if have != from {
		w.breach(1, "%s of recording %s out of order", f.Kind(), id)
	}
	w.recordings[id] = to
}

// up is EngineUp: what it does not list is gone, what it lists has been seen.
func (w *watcher) up(f core.EngineUp) {
	w.mine(f.Engine)
	if w.link == linkUp {
		w.breach(3, "EngineUp without EngineDown before it")
	}
	w.link = linkUp
	w.sorted(f.Snapshot)
	listed := map[core.LegID]bool{}
	for _, seen := range f.Snapshot.Legs {
		listed[seen.Leg] = true
		l := w.legs[seen.Leg]
		if l == nil {
			l = &watchedLeg{ours: seen.Ours}
			w.legs[seen.Leg] = l
		}
		if l.over {
			w.breach(1, "leg %s is back after its end", seen.Leg)
		}
		l.spoken = true
		l.up = l.up || seen.Up
	}
	for id, l := range w.legs {
		if !listed[id] && (l.spoken || f.Restarted) {
			l.over = true
		}
	}
	going := map[core.RecordingID]bool{}
	for _, r := range f.Snapshot.Recordings {
		going[r.Recording] = true
		if w.recordings[r.Recording] == 0 || w.recordings[r.Recording] == recordingOrdered {
			w.recordings[r.Recording] = recordingOn
		}
	}
	for id, phase := range w.recordings {
		if phase == recordingOn && !going[id] {
			w.recordings[id] = recordingOver
		}
	}
	for _, m := range f.Snapshot.Mixes {
		w.mixes[m.Mix] = true
	}
}

// sorted checks that a snapshot is in order, so that the same switch gives the same snapshot.
func (w *watcher) sorted(s core.Snapshot) {
	if !slices.IsSortedFunc(s.Legs, func(a, b core.SeenLeg) int { return cmp.Compare(a.Leg, b.Leg) }) ||
		!slices.IsSortedFunc(s.Mixes, func(a, b core.SeenMix) int { return cmp.Compare(a.Mix, b.Mix) }) ||
		!slices.IsSortedFunc(s.Recordings, func(a, b core.SeenRecording) int { return cmp.Compare(a.Recording, b.Recording) }) {
		w.breach(3, "a snapshot is not sorted: %+v", s)
	}
	for _, m := range s.Mixes {
		if !slices.IsSorted(m.Legs) {
			w.breach(3, "the legs of a mix in a snapshot are not sorted: %+v", m)
		}
	}
}

// unfinished lists the legs of a log whose end is still to come, sorted: true for those that a fact has named, false for those that were only dialled.
func unfinished(id core.EngineID, log []entry) (ids []core.LegID, spoken map[core.LegID]bool) {
	w := read(id, log)
	spoken = map[core.LegID]bool{}
	for leg, l := range w.legs {
		if !l.over {
			ids = append(ids, leg)
			spoken[leg] = l.spoken
		}
	}
	slices.Sort(ids)
	return ids, spoken
}

// mixesOf lists the mixes that a log has named, sorted.
func mixesOf(id core.EngineID, log []entry) []core.MixID {
	return slices.Sorted(maps.Keys(read(id, log).mixes))
}
