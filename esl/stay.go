package esl

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// A leg is told what to do by uuid_transfer with a little program of applications, which replaces whatever it was doing:
//
//	park:silence                                                wait in silence
//	playback:local_stream://<class>, park                       hear music
//	conference:tandem-<mix>@<profile>, park                     be in a mix
//	playback:<prompt>, event:<it is over>, one of the above     hear a prompt, and go on as before
//
// "park" at the end is the net: whatever an application did not manage, the leg waits in silence and is never hung up on.
//
// A net may be touched in passing. An order first makes the leg leave the application that runs, and a moment later says what is next; in between the leg goes on in its program, and
// parks, tells so, and leaves that again. So a parking shows only what it must have come from (stands), and the net is not the same as to be told to wait in silence.
//
// A transfer is an order to the leg's own thread on the switch, which obeys when its next packet of audio has come, within 20 ms. Of two
// orders in quick succession the second may get lost: it comes while the thread is just taking the first one up. So an order waits until
// an event has shown that the one before has begun.

// move is an order whose beginning has not been seen yet.
type move struct {
	to      stay
	prompt  core.PlayID
	ends    bool          // a bridge, or the making of one: nothing is ordered
	program string        // that was ordered; "" if it was something else
	missed  int           // looks in a row that found the leg elsewhere
	begun   chan struct{} // closed by over
	end     sync.Once
	// ordered is closed when the switch has answered the order; nil if nobody can be waiting who has not given it. See parting.
	ordered chan struct{}
}

func newMove(to stay) *move { return &move{to: to, begun: make(chan struct{})} }

func (m *move) over() { m.end.Do(func() { close(m.begun) }) }

// lookAfter is how long the event of a move's beginning is waited for before the switch is asked what the leg does: it may be lost with the connection, or wait behind a slow
// sink, or FreeSWITCH may be busy. It takes 40 ms on a healthy switch. Nothing is guessed: an order that comes too early may get lost, or end a bridge.
const lookAfter = 300 * time.Millisecond

// Hold music comes from local_stream.conf.
const (
	musicStream  = "local_stream://"
	defaultMusic = "default"
)

// mixPrefix begins the name of every conference of ours.
const mixPrefix = "tandem-"

// conferenceArg is the name of a mix's conference.
func conferenceArg(id core.MixID) argument { return joined(literal(mixPrefix), idArg(id)) }

// delimiter parts the applications of a program. Nothing that we put into one has it.
const delimiter = "^"

// program puts a leg's orders into words: the prompt, if there is one, and then the stay.
func (e *Engine) program(s stay, p *prompt) argument {
	parts := []argument{literal("m:" + delimiter + ":")}
	app := func(pieces ...argument) { parts = append(parts, append(pieces, literal(delimiter))...) }
	if p != nil {
		app(append([]argument{literal("playback:{" + playVariable + "="), idArg(p.play), literal("}")}, p.sound()...)...)
		app(literal("event:Event-Name=CUSTOM,Event-Subclass="+playedEvent+","+playVariable+"="), idArg(p.play))
	}
	switch {
	case s.mix != "": // with a prompt in front, a bridge is a conference by now
		mute := literal("")
		if s.mute {
			mute = literal("+flags{mute}")
		}
		app(literal("conference:"), conferenceArg(s.mix), literal("@"), wordArg(e.cfg.MixProfile), mute)
	case s.music:
		app(literal("playback:"+musicStream), wordArg(defaultTo(s.class, defaultMusic)))
	}
	if s == (stay{}) && p == nil {
		return joined(append(parts, literal(safetyNet+silenceMark))...)
	}
	return joined(append(parts, literal(safetyNet))...)
}

// safetyNet is behind every program.
const safetyNet = "park:"

// silenceMark is what "park" is given where it is what a leg is told, and no net. FreeSWITCH does nothing with it, and tells it.
const silenceMark = "silence"

// direct makes a leg do something, as soon as what it was told before has begun. What it is to do is remembered when the switch has taken the order.
// The caller holds the leg's lock.
func (e *Engine) direct(ctx context.Context, id core.LegID, s stay, p *prompt) error {
	pair := e.connected()
	if pair == nil {
		return adapter.Refuse(core.WhyDown, "not connected to FreeSWITCH")
	}
	next, program := newMove(s), e.program(s, p)
	next.program = program.text
	if p != nil {
		next.prompt = p.play
	}
	if err := e.turn(ctx, pair, id, next); err != nil {
		return err
	}
	if err := order(ctx, pair.commands, "uuid_transfer", idArg(id), program, literal("inline")); err != nil {
		next.over()
		e.note(id, func(l *leg) {
			if l.moving == next {
				l.moving = nil
			}
			l.stay.unknown = true
		})
		return fmt.Errorf("direct: %w", err)
	}
	e.note(id, func(l *leg) { l.stay = s })
	return nil
}

// musicAfter is how long a call that has just arrived waits for its hold music. A phone that answers by itself, or an agent with a quick hand, has it by then; and music that begins only to
// end costs FreeSWITCH more than a fifteenth of a short call, for what nobody can hear.
const musicAfter = 150 * time.Millisecond

// inAMoment lets the music of a call that has just arrived, and was told nothing yet, begin a moment later, unless something else is ordered before: it waits in silence, as it does already.
func (e *Engine) inAMoment(id core.LegID, s stay) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.table.legs[id]
	if l == nil || !l.fresh || l.due || !s.music || l.stay != (stay{}) {
		return false
	}
	l.stay, l.due = s, true
	e.inSession(func(ctx context.Context) {
		timer := time.NewTimer(musicAfter)
		defer timer.Stop()
		select {
		case <-timer.C:
			e.carryOn(ctx, id)
		case <-ctx.Done():
		}
	})
	return true
}

// turn waits until a leg can be told something: what it was told before has begun, and it is in no bridge. Then it notes what it is told now, before the switch
// hears of it, because the event may overtake the reply.
func (e *Engine) turn(ctx context.Context, p *pair, id core.LegID, next *move) error {
	for {
		if err := e.settled(ctx, id); err != nil {
			return err
		}
		ready := true // of a leg that is gone the switch says so
		e.note(id, func(l *leg) {
			if ready = l.moving == nil && l.stay.with == ""; ready {
				l.moving, l.due, l.fresh = next, false, false
			}
		})
		if ready {
			return nil
		}
		if err := e.part(ctx, p, id); err != nil {
			return err
		}
	}
}

// settled waits until what a leg was told last has begun, or is known not to.
func (e *Engine) settled(ctx context.Context, id core.LegID) error {
	var m *move
	e.note(id, func(l *leg) { m = l.moving })
	if m == nil {
		return nil
	}
	ticker := time.NewTicker(lookAfter)
	defer ticker.Stop()
	for waiting := true; waiting; {
		select {
		case <-m.begun:
			waiting = false
		case <-ticker.C:
			if err := e.lookAtMove(ctx, id, m); err != nil {
				return err
			}
		case <-ctx.Done():
			return fmt.Errorf("wait for the leg's last move: %w", ctx.Err())
		}
	}
	if m.ordered == nil {
		return nil
	}
	select {
	case <-m.ordered:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the end of the leg's bridge: %w", ctx.Err())
	}
}

// note changes the memory of a leg, if it is still there.
func (e *Engine) note(id core.LegID, f func(*leg)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l := e.table.legs[id]; l != nil {
		f(l)
	}
}

// begun notes that an event has shown what a leg does now. The caller holds mu.
func (l *leg) begun(shows func(*move) bool) {
	if l.moving != nil && shows(l.moving) {
		l.moving.over()
		l.moving = nil
	}
}

// order carries out an instant command that says "+OK" or why not.
func order(ctx context.Context, l *link, verb string, args ...argument) error {
	said, err := l.api(ctx, verb, args...)
	if err == nil {
		err = refusedIn(verb, said)
	}
	return err
}
