package sim

import (
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// drawDialling draws whom agents may call outside: mostly in the country, sometimes nobody.
func drawDialling(d dice) core.Dialling {
	if d.chance(0.1) {
		return core.Dialling{}
	}
	return core.Dialling{Trunk: "carrier", Home: "+49", Allow: []string{"+49", "110"}}
}

// outsideNumbers are what agents type or paste for people outside. The last two may not be dialled.
var outsideNumbers = []string{"+49 89 1000001", "089 1000002", "(089) 1000003", "0049891000004", "110", "+49891000005", "+1 900 5550100", "12"}

// outsideReacts is what somebody outside does when the phone rings.
func (w *world) outsideReacts() Response {
	d := w.fate.outside
	if w.closing || d.chance(0.6) {
		return Response{Do: TakeCall, After: d.around(4 * time.Second)}
	}
	switch d.IntN(9) {
	case 0:
		return Response{Do: SayBusy}
	case 1:
		return Response{Do: Decline, After: d.between(0, 4*time.Second)}
	case 2:
		return Response{Do: Redirect}
	case 3:
		return Response{Do: Unavailable, After: d.between(0, 20*time.Second)}
	case 4:
		return Response{Do: StaySilent}
	case 5:
		w.reached("somebody outside answers at the last moment")
		return Response{Do: TakeCall, After: time.Minute - d.between(0, 40*time.Millisecond)}
	case 6:
		return Response{Do: TakeCall}
	case 7:
		return Response{Do: TakeCall, After: d.between(15*time.Second, 50*time.Second)}
	}
	return Response{} // never answers
}

// outsideTalks plans what somebody outside does who has answered.
func (w *world) outsideTalks(s *station, c *caller, leg core.LegID) {
	d := w.fate.outside
	w.mayChange(c, leg, d)
	stays := 500*time.Millisecond + d.around(25*time.Second)
	switch {
	case d.chance(0.03):
		w.reached("somebody outside hangs up at once")
		stays = d.between(0, 20*time.Millisecond)
	case d.chance(0.3):
		stays += 90 * time.Second
	}
	vanishes := d.chance(0.05)
	w.in(min(stays, 3*time.Minute), func() {
		if vanishes {
			w.reached("somebody outside drops off the network")
			s.PartyVanishes(w.now, leg)
			return
		}
		s.PartyHangsUp(w.now, leg)
	})
}

// entryPointsOf are the entry points of one switch.
func (w *world) entryPointsOf(s *station) []core.EntryPointID {
	var ids []core.EntryPointID
	for _, l := range w.set.lines {
		if w.switches[l.station] == s && l.entry != "" {
			ids = append(ids, l.entry)
		}
	}
	return ids
}
