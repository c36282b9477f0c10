package sim_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/enginetest"
	"github.com/tandem-voice/tandem/orchestrator/sim"
)

// world is the conformance suite's world around a simulated engine. Its fields, and those of its parties, belong to whoever is alone with the switch.
type world struct {
	eng       *sim.Engine
	registers bool // phones register again after a restart
	parties   []*party
	voices    map[core.LegID]*party // of all legs that ever were
	outsiders int
	media     time.Duration
}

const promptName = "enginetest/prompt"

func newWorld(t *testing.T, quirks sim.Quirks) *world {
	t.Helper()
	quirks.NoResponse = 5 * time.Second
	quirks.MediaTimeout = time.Second
	w := &world{voices: map[core.LegID]*party{}, media: quirks.MediaTimeout, registers: quirks.ForgetPhones}
	w.eng = sim.NewEngine("sim", quirks, sim.EngineOptions{Seed: 1, Beat: 100 * time.Millisecond, Observe: w.observe})
	w.eng.World(func(_ time.Time, s *sim.Switch) {
		s.Watch(w)
		s.AddPrompt(promptName, 300*time.Millisecond)
	})
	return w
}

func (w *world) Engine() engine.Engine       { return w.eng }
func (w *world) Number() string              { return "4930900100" }
func (w *world) Prompt() string              { return promptName }
func (w *world) MediaTimeout() time.Duration { return w.media }
func (w *world) Disconnect(testing.TB)       { w.eng.Disconnect() }
func (w *world) Reconnect(testing.TB)        { w.eng.Reconnect() }
func (w *world) join(p *party) *party        { w.parties = append(w.parties, p); return p }
func (w *world) tone() float64               { return 550 + 300*float64(len(w.parties)%8) }
func (w *world) speaks(l core.LegID, p *party) {
	w.voices[l] = p
	p.leg, p.changes, p.ended = l, nil, nil
}

func (w *world) Restart(testing.TB) {
	w.eng.Restart()
	if w.registers {
		w.eng.World(func(now time.Time, s *sim.Switch) {
			for _, p := range w.parties {
				if p.user != "" {
					s.PhoneRegistered(now, p.user)
				}
			}
		})
	}
}

func (w *world) NewCaller(tb testing.TB, from, name string) enginetest.Caller {
	tb.Helper()
	var p *party
	w.eng.World(func(time.Time, *sim.Switch) {
		p = w.join(&party{w: w, name: "Caller", from: from, shows: name, hz: w.tone()})
	})
	return caller{p}
}

func (w *world) NewPhone(tb testing.TB, user string) enginetest.Phone {
	tb.Helper()
	var p *party
	w.eng.World(func(now time.Time, s *sim.Switch) {
		p = w.join(&party{w: w, name: user, user: user, address: core.Address{Phone: user}, hz: w.tone()})
		s.PhoneRegistered(now, user)
	})
	return phone{p}
}

func (w *world) NewOutsider(tb testing.TB) enginetest.Phone {
	tb.Helper()
	var p *party
	w.eng.World(func(time.Time, *sim.Switch) {
		w.outsiders++
		number := fmt.Sprintf("+4940%06d", w.outsiders)
		p = w.join(&party{w: w, name: number, user: number, address: core.Address{Trunk: "carrier", Number: number}, hz: w.tone()})
	})
	return phone{p}
}

func (w *world) Leftovers(testing.TB) []string {
	var left []string
	w.eng.World(func(_ time.Time, s *sim.Switch) {
		snap := s.Snapshot()
		for _, l := range snap.Legs {
			left = append(left, fmt.Sprintf("leg %+v", l))
		}
		for _, m := range snap.Mixes {
			left = append(left, fmt.Sprintf("mix %+v", m))
		}
		for _, r := range snap.Recordings {
			left = append(left, fmt.Sprintf("recording %+v", r))
		}
	})
	return left
}

// Recording synthesises what the switch says was written.
func (w *world) Recording(tb testing.TB, id core.RecordingID) []byte {
	tb.Helper()
	const rate = 8000
	var pcm []byte
	var found bool
	w.eng.World(func(now time.Time, s *sim.Switch) {
		var r sim.Recording
		r, found = s.Recording(now, id)
		for _, span := range r.Spans {
			for i := range int(span.To.Sub(span.From) * rate / time.Second) {
				var x float64
				for _, leg := range span.Legs {
					if !span.Silenced {
						x += 0.2 * math.Sin(2*math.Pi*w.voices[leg].hz*float64(i)/rate)
					}
				}
				pcm = binary.LittleEndian.AppendUint16(pcm, uint16(int16(x*math.MaxInt16)))
			}
		}
	})
	if !found {
		tb.Fatalf("there is no recording %s", id)
	}
	wav := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(36+len(pcm)))...)
	wav = append(wav, "WAVEfmt "...)
	for _, v := range []uint32{16, 1 | 1<<16, rate, 2 * rate, 2 | 16<<16} {
		wav = binary.LittleEndian.AppendUint32(wav, v)
	}
	wav = append(wav, "data"...)
	wav = binary.LittleEndian.AppendUint32(wav, uint32(len(pcm)))
	return append(wav, pcm...)
}

// Invited implements [sim.Outside].
func (w *world) Invited(_ time.Time, user string, leg core.LegID, was sim.Response) sim.Response {
	for _, p := range w.parties {
		if p.user == user {
			w.speaks(leg, p)
		}
	}
	return was
}

// Connected implements [sim.Outside].
func (w *world) Connected(time.Time, core.LegID) {}

// Ended implements [sim.Outside].
func (w *world) Ended(_ time.Time, leg core.LegID, cause core.Cause) {
	p := w.voices[leg]
	if p == nil || p.leg != leg {
		return
	}
	e := &enginetest.Ending{ByParty: cause.By == core.ByThem, Elsewhere: cause.Code == core.CauseAnsweredElsewhere}
	if !p.up {
		e.Status = cause.SIP
	}
	p.ended, p.up = e, false
}

// observe notes what everybody hears.
func (w *world) observe(now time.Time, s *sim.Switch) {
	for _, p := range w.parties {
		_, p.up = s.Alive(p.leg)
		h := s.Hears(p.leg)
		if n := len(p.changes); n == 0 || !slices.Equal(p.changes[n-1].hears.Legs, h.Legs) {
			p.changes = append(p.changes, change{now, h})
		}
	}
}

// party is a caller or a phone.
type party struct {
	w           *world
	name        string
	hz          float64
	from, shows string // of callers
	user        string // of phones, and numbers beyond the trunk
	address     core.Address
	leg         core.LegID
	up          bool
	ended       *enginetest.Ending
	changes     []change
}

type change struct {
	at    time.Time
	hears sim.Heard
}

func (p *party) Name() string  { return p.name }
func (p *party) Tone() float64 { return p.hz }

// await waits until cond holds; now fails the test with what told.
func (p *party) await(tb testing.TB, what string, cond func(now time.Time, s *sim.Switch) bool) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), enginetest.Patience)
	defer cancel()
	if err := p.w.eng.Await(ctx, cond); err != nil {
		var heard sim.Heard
		p.w.eng.World(func(_ time.Time, s *sim.Switch) { heard = s.Hears(p.leg) })
		tb.Fatalf("%s: %s: not within %v; hears %+v", p.name, what, enginetest.Patience, heard)
	}
}

// does lets the party do something that must be possible.
func (p *party) does(tb testing.TB, what string, f func(now time.Time, s *sim.Switch) bool) {
	tb.Helper()
	ok := false
	p.w.eng.World(func(now time.Time, s *sim.Switch) { ok = f(now, s) })
	if !ok {
		tb.Fatalf("%s cannot %s", p.name, what)
	}
}

func (p *party) Hears(tb testing.TB, want enginetest.Sound) {
	tb.Helper()
	p.await(tb, "hears "+want.String(), func(_ time.Time, s *sim.Switch) bool {
		h := s.Hears(p.leg)
		if len(h.Legs) != len(want.Of) || (h.Music != "" || h.Prompt) != want.Other || h.Ringing {
			return false
		}
		return !slices.ContainsFunc(want.Of, func(other enginetest.Party) bool { return !slices.Contains(h.Legs, legOf(other)) })
	})
}

func legOf(other enginetest.Party) core.LegID {
	switch o := other.(type) {
	case caller:
		return o.leg
	case phone:
		return o.leg
	}
	return ""
}

func (p *party) KeptHearing(tb testing.TB, who enginetest.Party, since time.Time) {
	tb.Helper()
	p.w.eng.World(func(time.Time, *sim.Switch) {
		for i, c := range p.changes {
			over := i+1 < len(p.changes) && p.changes[i+1].at.Before(since)
			if !over && !slices.Contains(c.hears.Legs, legOf(who)) {
				tb.Errorf("%s stopped hearing %s: %+v at %v", p.name, who.Name(), c.hears, c.at)
			}
		}
	})
}

func (p *party) Press(tb testing.TB, digits string) {
	tb.Helper()
	p.does(tb, "press", func(now time.Time, s *sim.Switch) bool { return s.PartyPresses(now, p.leg, digits) })
}

func (p *party) GotDigits(tb testing.TB, want string) {
	tb.Helper()
	p.await(tb, "got digits "+want, func(_ time.Time, s *sim.Switch) bool { return s.Digits(p.leg) == want })
}

func (p *party) HangUp(tb testing.TB) {
	tb.Helper()
	p.does(tb, "hang up", func(now time.Time, s *sim.Switch) bool { return s.PartyHangsUp(now, p.leg) })
}

func (p *party) Vanish(tb testing.TB) {
	tb.Helper()
	p.does(tb, "vanish", func(now time.Time, s *sim.Switch) bool {
		if p.user != "" {
			s.PhoneUnplugged(now, p.user)
			return true
		}
		return s.PartyVanishes(now, p.leg)
	})
}

func (p *party) Ended(tb testing.TB) (e enginetest.Ending) {
	tb.Helper()
	p.await(tb, "the call ends", func(time.Time, *sim.Switch) bool {
		if p.ended != nil {
			e = *p.ended
		}
		return p.ended != nil
	})
	return e
}

type caller struct{ *party }

func (c caller) Dial(tb testing.TB, number string) {
	tb.Helper()
	c.does(tb, "dial", func(now time.Time, s *sim.Switch) bool {
		leg := s.CallerDials(now, c.from, c.shows, number)
		c.w.speaks(leg, c.party)
		return leg != ""
	})
}

func (c caller) HearsRinging(tb testing.TB) {
	tb.Helper()
	c.await(tb, "hears ringing", func(_ time.Time, s *sim.Switch) bool { return s.Hears(c.leg).Ringing })
}

func (c caller) Answered(tb testing.TB) {
	tb.Helper()
	c.await(tb, "is answered", func(_ time.Time, s *sim.Switch) bool { _, up := s.Alive(c.leg); return up })
}

type phone struct{ *party }

func (p phone) Address() core.Address { return p.address }

func (p phone) reacts(tb testing.TB, do sim.Answering) {
	tb.Helper()
	p.does(tb, "react", func(_ time.Time, s *sim.Switch) bool {
		s.PhoneReacts(p.user, sim.Response{Do: do})
		return true
	})
}

func (p phone) React(tb testing.TB, r enginetest.Reaction) {
	tb.Helper()
	p.reacts(tb, map[enginetest.Reaction]sim.Answering{
		enginetest.RingOn: sim.RingOn, enginetest.AnswerAtOnce: sim.TakeCall, enginetest.DeclineAtOnce: sim.Decline,
		enginetest.BusyAtOnce: sim.SayBusy, enginetest.UnavailableAtOnce: sim.Unavailable, enginetest.StaySilent: sim.StaySilent,
		enginetest.NotAcceptableAtOnce: sim.NotAcceptable,
	}[r])
}

func (p phone) RedirectTo(tb testing.TB, _ enginetest.Phone) {
	tb.Helper()
	p.reacts(tb, sim.Redirect)
}

func (p phone) Rings(tb testing.TB) (shown enginetest.Shown) {
	tb.Helper()
	p.await(tb, "rings", func(_ time.Time, s *sim.Switch) bool {
		leg, ok := s.PhoneRinging(p.user)
		if ok {
			d, _ := s.Dialled(leg)
			shown = enginetest.Shown{Number: d.FromNumber, Name: d.FromName}
		}
		return ok
	})
	return shown
}

func (p phone) Invitations(testing.TB) (n int) {
	p.w.eng.World(func(_ time.Time, s *sim.Switch) { n = s.PhoneInvited(p.user) })
	return n
}

func (p phone) act(tb testing.TB, what string, do sim.Answering) {
	tb.Helper()
	p.does(tb, what, func(now time.Time, s *sim.Switch) bool { return s.PhoneDoes(now, p.user, do) })
}

func (p phone) Answer(tb testing.TB)  { tb.Helper(); p.act(tb, "answer", sim.TakeCall) }
func (p phone) Decline(tb testing.TB) { tb.Helper(); p.act(tb, "decline", sim.Decline) }
func (p phone) Busy(tb testing.TB)    { tb.Helper(); p.act(tb, "say busy", sim.SayBusy) }

func (p phone) Talking(tb testing.TB) {
	tb.Helper()
	p.await(tb, "talks", func(_ time.Time, s *sim.Switch) bool { _, up := s.Alive(p.leg); return up })
}

func (p phone) Hold(tb testing.TB, on bool) {
	tb.Helper()
	p.does(tb, "hold", func(now time.Time, s *sim.Switch) bool { return s.PhoneHolds(now, p.user, on) })
}

func (p phone) Unregister(tb testing.TB) {
	tb.Helper()
	p.does(tb, "unregister", func(now time.Time, s *sim.Switch) bool { s.PhoneUnregistered(now, p.user); return true })
}
