// Package phones makes an [enginetest.World] of a real switch: its callers and desk phones are soft phones that send and hear real audio, and the
// connection between engine and switch goes through a [Link] that can be cut. What differs between switches is in [Config].
package phones

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/enginetest"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// Config says how to use one switch. All fields are needed unless they say otherwise.
type Config struct {
	SIPAddr   string                                                          // "host:port" where phones register and callers call
	Password  func(user string) string                                        // of a desk phone
	Number    string                                                          // a called number whose calls reach the engine
	Prompt    string                                                          // a prompt that the switch has, 0.3 to 10 s long
	Media     time.Duration                                                   // RTP timeout of the switch; 0 = none
	Link      *Link                                                           // through which NewEngine connects
	NewEngine func() (engine.Engine, error)                                   // another one with every call
	Restart   func(context.Context) error                                     // returns when the switch is back
	Leftovers func(context.Context) ([]string, error)                         // what is on the switch
	Recording func(context.Context, core.RecordingID) (wav []byte, err error) // of a complete recording
	Stalled   func(since time.Time) time.Duration                             // for how long the switch or this process was kept from running at worst, since a moment
	// Outsider is a phone to which the switch sends what is dialled over Trunk.
	Outsider *softphone.Phone
	Trunk    string
}

// World is a real switch with soft phones around it.
type World struct {
	cfg Config

	mu    sync.Mutex
	tones int
}

// NewWorld makes a world of a switch that is running and empty. Many worlds may use one switch, one after another.
func NewWorld(cfg Config) *World { return &World{cfg: cfg} }

var _ enginetest.World = (*World)(nil)

// Engine implements [enginetest.World].
func (w *World) Engine() engine.Engine {
	e, err := w.cfg.NewEngine()
	if err != nil {
		panic(fmt.Sprintf("make an engine: %v", err)) // a mistake in the wiring of the test
	}
	return e
}

// Number implements [enginetest.World].
func (w *World) Number() string { return w.cfg.Number }

// Prompt implements [enginetest.World].
func (w *World) Prompt() string { return w.cfg.Prompt }

// MediaTimeout implements [enginetest.World].
func (w *World) MediaTimeout() time.Duration { return w.cfg.Media }

// Disconnect implements [enginetest.World].
func (w *World) Disconnect(testing.TB) { w.cfg.Link.Cut() }

// Reconnect implements [enginetest.World].
func (w *World) Reconnect(testing.TB) { w.cfg.Link.Mend() }

// Restart implements [enginetest.World].
func (w *World) Restart(tb testing.TB) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 6*enginetest.Patience)
	defer cancel()
	if err := w.cfg.Restart(ctx); err != nil {
		tb.Fatalf("restart the switch: %v", err)
	}
}

// Leftovers implements [enginetest.World].
func (w *World) Leftovers(tb testing.TB) []string {
	tb.Helper()
	ctx, cancel := patience()
	defer cancel()
	left, err := w.cfg.Leftovers(ctx)
	if err != nil {
		tb.Fatalf("list what is left on the switch: %v", err)
	}
	return left
}

// Recording implements [enginetest.World].
func (w *World) Recording(tb testing.TB, id core.RecordingID) []byte {
	tb.Helper()
	ctx, cancel := patience()
	defer cancel()
	wav, err := w.cfg.Recording(ctx, id)
	if err != nil {
		tb.Fatalf("get recording %s: %v", id, err)
	}
	return wav
}

func patience() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), enginetest.Patience)
}

// tone gives everybody of a scenario a tone of their own, as long as there are any.
func (w *World) tone() float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tones++
	return softphone.Tone(w.tones - 1)
}

// open makes a soft phone that is closed, with goodbyes, when the test ends.
func (w *World) open(tb testing.TB, cfg softphone.Config) *softphone.Phone {
	tb.Helper()
	cfg.Server = w.cfg.SIPAddr
	cfg.RetransmitAfter = 200 * time.Millisecond
	p, err := softphone.New(cfg)
	if err != nil {
		tb.Fatalf("make phone %s: %v", cfg.User, err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		p.Shutdown(ctx)
	})
	return p
}

// NewCaller implements [enginetest.World].
func (w *World) NewCaller(tb testing.TB, from, name string) enginetest.Caller {
	tb.Helper()
	hz := w.tone()
	phone := w.open(tb, softphone.Config{User: "caller", Voice: softphone.ToneVoice(hz)})
	return &caller{party: party{name: "Caller", hz: hz, phone: phone, w: w}, from: from, shows: name}
}

// NewPhone implements [enginetest.World].
func (w *World) NewPhone(tb testing.TB, user string) enginetest.Phone {
	tb.Helper()
	hz := w.tone()
	p := w.open(tb, softphone.Config{
		User: user, Password: w.cfg.Password(user), Voice: softphone.ToneVoice(hz), Reaction: softphone.AutoAnswer(softphone.Ring),
	})
	ctx, cancel := patience()
	defer cancel()
	if err := p.Register(ctx); err != nil {
		tb.Fatalf("register phone %s: %v", user, err)
	}
	return &phone{party: party{name: user, hz: hz, phone: p, w: w}, address: core.Address{Phone: user}}
}

// NewOutsider implements [enginetest.World].
func (w *World) NewOutsider(tb testing.TB) enginetest.Phone {
	tb.Helper()
	p := w.cfg.Outsider
	if p == nil {
		tb.Fatal("Config.Outsider and Config.Trunk are not set: dialling out by a trunk is part of the contract, give the switch one")
	}
	hz := w.tone()
	p.SetVoice(softphone.ToneVoice(hz))
	p.SetReaction(softphone.Ring)
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		for _, c := range p.Calls() {
			if err := c.HangUp(ctx); err != nil {
				tb.Logf("hang up beyond the trunk: %v", err)
			}
		}
	})
	return &phone{
		party: party{name: "Outsider", hz: hz, phone: p, w: w}, before: p.Events().Count(softphone.Is(softphone.Invited)),
		address: core.Address{Trunk: w.cfg.Trunk, Number: "+4940111222"},
	}
}

// party is what callers and phones have in common.
type party struct {
	name  string
	hz    float64
	phone *softphone.Phone
	w     *World

	mu   sync.Mutex
	call *softphone.Call // the present one
}

// Name implements [enginetest.Party].
func (p *party) Name() string { return p.name }

// Tone implements [enginetest.Party].
func (p *party) Tone() float64 { return p.hz }

func (p *party) set(c *softphone.Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.call = c
}

// present is the call that the party is in, or was in last.
func (p *party) present(tb testing.TB) *softphone.Call {
	tb.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.call == nil {
		tb.Fatalf("%s has no call", p.name)
	}
	return p.call
}

// must fails the test if the party could not do something.
func (p *party) must(tb testing.TB, what string, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatalf("%s: %s: %v", p.name, what, err)
	}
}

// Hears implements [enginetest.Party].
func (p *party) Hears(tb testing.TB, want enginetest.Sound) {
	tb.Helper()
	tones := make([]float64, len(want.Of))
	for i, other := range want.Of {
		tones[i] = other.Tone()
	}
	slices.Sort(tones)
	ctx, cancel := patience()
	defer cancel()
	p.must(tb, "hears "+want.String(), p.present(tb).HearsMatching(ctx, want.String(), func(h softphone.Heard) bool {
		if want.Other && len(tones) == 0 {
			return h.Other // music is free to have any frequencies
		}
		return slices.Equal(h.Tones, tones) && h.Other == want.Other
	}))
}

// noticeable is how long an interruption may be that nobody minds: a bridge that changes its kind drops a few packets. While nobody runs, nothing can be heard.
const noticeable = 200 * time.Millisecond

// KeptHearing implements [enginetest.Party].
func (p *party) KeptHearing(tb testing.TB, who enginetest.Party, since time.Time) {
	tb.Helper()
	gap, err := p.present(tb).Ear().LongestWithout(who.Tone(), since, time.Now())
	p.must(tb, "kept hearing "+who.Name(), err)
	if stalled := p.w.cfg.Stalled(since); gap > noticeable+stalled {
		tb.Errorf("%s did not hear %s for %v, of which nobody ran for %v", p.name, who.Name(), gap, stalled)
	}
}

// Press implements [enginetest.Party].
func (p *party) Press(tb testing.TB, digits string) {
	tb.Helper()
	ctx, cancel := patience()
	defer cancel()
	p.must(tb, "press "+digits, p.present(tb).SendDTMF(ctx, digits))
}

// GotDigits implements [enginetest.Party].
func (p *party) GotDigits(tb testing.TB, want string) {
	tb.Helper()
	ctx, cancel := patience()
	defer cancel()
	pressed := softphone.Is(softphone.Digit).Of(p.present(tb))
	got := ""
	for seq := 0; len(got) < len(want); {
		e, err := p.phone.Events().Await(ctx, seq, pressed)
		p.must(tb, fmt.Sprintf("got digits %q, want %q", got, want), err)
		got, seq = got+string(e.Digit), e.Seq+1
	}
	if got != want {
		tb.Fatalf("%s got digits %q, want %q", p.name, got, want)
	}
}

// HangUp implements [enginetest.Party].
func (p *party) HangUp(tb testing.TB) {
	tb.Helper()
	ctx, cancel := patience()
	defer cancel()
	p.must(tb, "hang up", p.present(tb).HangUp(ctx))
}

// Vanish implements [enginetest.Party].
func (p *party) Vanish(testing.TB) { p.phone.Unplug() }

// Ended implements [enginetest.Party].
func (p *party) Ended(tb testing.TB) enginetest.Ending {
	tb.Helper()
	ctx, cancel := patience()
	defer cancel()
	e, err := p.present(tb).AwaitEnd(ctx)
	p.must(tb, "the call ends", err)
	ending := enginetest.Ending{ByParty: e.By == softphone.Local, Elsewhere: e.AnsweredElsewhere()}
	if e.Kind == softphone.Refused {
		ending.Status = e.Code
	}
	if e.Kind == softphone.Cancelled {
		ending.Status = 487
	}
	return ending
}

// caller is somebody outside who calls.
type caller struct {
	party
	from, shows string
}

// Dial implements [enginetest.Caller].
func (c *caller) Dial(tb testing.TB, number string) {
	tb.Helper()
	ctx, cancel := patience()
	defer cancel()
	// SIP has no way to carry a line break; what follows one must not become a header of its own.
	name := strings.NewReplacer("\r", " ", "\n", " ").Replace(c.shows)
	call, err := c.phone.Dial(ctx, number, softphone.CallOptions{From: c.from, DisplayName: name, Anonymous: c.from == ""})
	c.must(tb, "dial "+number, err)
	c.set(call)
}

// HearsRinging implements [enginetest.Caller].
func (c *caller) HearsRinging(tb testing.TB) {
	tb.Helper()
	ctx, cancel := patience()
	defer cancel()
	_, err := c.present(tb).Await(ctx, softphone.Is(softphone.Ringing, softphone.Progress))
	c.must(tb, "hears ringing", err)
}

// Answered implements [enginetest.Caller].
func (c *caller) Answered(tb testing.TB) {
	tb.Helper()
	ctx, cancel := patience()
	defer cancel()
	c.must(tb, "is answered", c.present(tb).AwaitAnswer(ctx))
}

// phone is a desk phone, or one beyond the trunk.
type phone struct {
	party
	address core.Address
	before  int // invitations that came before the scenario
	rung    int // calls seen by Rings or Talking
}

// Address implements [enginetest.Phone].
func (p *phone) Address() core.Address { return p.address }

// React implements [enginetest.Phone].
func (p *phone) React(_ testing.TB, r enginetest.Reaction) {
	switch r {
	case enginetest.RingOn:
		p.phone.SetReaction(softphone.Ring)
	case enginetest.AnswerAtOnce:
		p.phone.SetReaction(softphone.Answer)
	case enginetest.DeclineAtOnce:
		p.phone.SetReaction(softphone.Decline)
	case enginetest.BusyAtOnce:
		p.phone.SetReaction(softphone.Busy)
	case enginetest.UnavailableAtOnce:
		p.phone.SetReaction(softphone.Unavailable)
	case enginetest.NotAcceptableAtOnce:
		p.phone.SetReaction(softphone.NotAcceptable)
	case enginetest.StaySilent:
		p.phone.SetReaction(softphone.NeverRespond)
	}
}

// RedirectTo implements [enginetest.Phone].
func (p *phone) RedirectTo(_ testing.TB, other enginetest.Phone) {
	p.phone.SetReaction(softphone.RedirectTo("sip:" + other.Address().Phone + "@" + p.w.cfg.SIPAddr))
}

// next waits for the next call that rings or stands.
func (p *phone) next(tb testing.TB, what string, kinds ...softphone.Kind) *softphone.Call {
	tb.Helper()
	ctx, cancel := patience()
	defer cancel()
	for {
		call, err := p.phone.AwaitCall(ctx, p.before+p.rung+1)
		p.must(tb, what, err)
		p.rung++
		p.set(call)
		e, err := call.Await(ctx, softphone.Is(append(kinds, softphone.Refused, softphone.Cancelled)...))
		p.must(tb, what, err)
		if slices.Contains(kinds, e.Kind) {
			return call
		}
		// The phone turned that call away by itself, under an earlier reaction.
	}
}

// Rings implements [enginetest.Phone].
func (p *phone) Rings(tb testing.TB) enginetest.Shown {
	tb.Helper()
	c := p.next(tb, "rings", softphone.Ringing)
	return enginetest.Shown{Number: c.Invite.From, Name: c.Invite.DisplayName}
}

// Talking implements [enginetest.Phone].
func (p *phone) Talking(tb testing.TB) {
	tb.Helper()
	p.next(tb, "talks", softphone.Acknowledged)
}

// Invitations implements [enginetest.Phone].
func (p *phone) Invitations(testing.TB) int {
	return p.phone.Events().Count(softphone.Is(softphone.Invited)) - p.before
}

// Answer implements [enginetest.Phone].
func (p *phone) Answer(tb testing.TB) {
	tb.Helper()
	c := p.present(tb)
	p.must(tb, "answer", c.Answer())
	ctx, cancel := patience()
	defer cancel()
	_, err := c.Await(ctx, softphone.Is(softphone.Acknowledged))
	p.must(tb, "answer", err)
}

// Decline implements [enginetest.Phone].
func (p *phone) Decline(tb testing.TB) {
	tb.Helper()
	p.must(tb, "decline", p.present(tb).Reject(603))
}

// Busy implements [enginetest.Phone].
func (p *phone) Busy(tb testing.TB) {
	tb.Helper()
	p.must(tb, "say busy", p.present(tb).Reject(486))
}

// Hold implements [enginetest.Phone].
func (p *phone) Hold(tb testing.TB, on bool) {
	tb.Helper()
	ctx, cancel := patience()
	defer cancel()
	if on {
		p.must(tb, "hold", p.present(tb).Hold(ctx))
		return
	}
	p.must(tb, "resume", p.present(tb).Resume(ctx))
}

// Unregister implements [enginetest.Phone].
func (p *phone) Unregister(tb testing.TB) {
	tb.Helper()
	ctx, cancel := patience()
	defer cancel()
	p.must(tb, "unregister", p.phone.Unregister(ctx))
}
