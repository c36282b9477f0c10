package ari_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/zaf/g711"

	"github.com/tandem-voice/tandem/ari"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/enginetest"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// silenceLimit is after how many seconds without a packet the test's Asterisk takes an answered phone for lost.
const silenceLimit = 8

// world is a real Asterisk with soft phones around it. The engine reaches it through a proxy, which can be cut.
type world struct {
	switchboard *switchboard
	asterisk    *lab.Asterisk
	passwords   map[string]string
	proxy       *proxy
	engine      *ari.Engine // the newest
	tones       int
	stalled     func(since time.Time) time.Duration // for how long Asterisk or this process was kept from running at worst
}

// switchboard is the Asterisk that all scenarios share, until one of them restarts it.
type switchboard struct {
	shared   *lab.Asterisk
	outsider *softphone.Phone // beyond the trunk
	restarts bool             // the shared one was restarted: its goroutines are now a scenario's
}

func newSwitchboard(t *testing.T) *switchboard {
	p, err := softphone.New(softphone.Config{User: "outsider", Voice: softphone.ToneVoice(softphone.Tone(0))})
	require.NoError(t, err)
	t.Cleanup(p.Close)
	b := &switchboard{outsider: p}
	b.shared = lab.ForTest(t, b.options)
	return b
}

func (b *switchboard) options(o *lab.Options) {
	o.RTPTimeout = silenceLimit
	o.CarrierContact = "sip:" + b.outsider.Addr()
}

// prompt is a second of two tones that no phone says, multiples of 100 Hz as hold music is made of, and then silence: Played comes when the last of it is
// on its way, and whoever listens for hold music from then on must not take the prompt's end for it.
const prompt = "tandem/test-prompt"

const promptSilence = 600 * time.Millisecond // 300 ms at least are judged by the ear, and 200 ms are under way

func writePrompt(t testing.TB, a *lab.Asterisk) {
	t.Helper()
	pcm := make([]byte, 0, 16000)
	for i := range 8000 {
		at := 2 * math.Pi * float64(i) / 8000
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(int16(6000*(math.Sin(400*at)+math.Sin(700*at)))))
	}
	pcm = append(pcm, make([]byte, 2*8000*promptSilence/time.Second)...)
	file := filepath.Join(a.Dir, "data/sounds/en", prompt+".ulaw")
	require.NoError(t, os.WriteFile(file, g711.EncodeUlaw(pcm), 0o644))
}

// world makes a world for one scenario.
func (b *switchboard) world(t *testing.T) enginetest.World {
	a := b.shared
	if b.restarts {
		a = lab.ForTest(t, b.options)
	}
	writePrompt(t, a)
	w := &world{switchboard: b, asterisk: a, passwords: map[string]string{}, stalled: lab.StallsForTest(t, a)}
	for _, p := range a.Phones(20) {
		w.passwords[p.User] = p.Password
	}
	t.Cleanup(func() {
		if t.Failed() {
			w.clear(t)
		}
	})
	w.proxy = newProxy(t, strings.TrimSuffix(strings.TrimPrefix(a.ARIURL, "http://"), "/ari"))
	return w
}

// clear removes what a failed scenario left, so that the next one starts on an empty switch.
func (w *world) clear(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	t.Logf("Asterisk's last words:\n%s", w.asterisk.Tail(30))
	if channels, err := w.asterisk.CLI(ctx, "core show channels verbose"); err == nil {
		t.Logf("channels:\n%s", channels)
	}
	if _, err := w.asterisk.CLI(ctx, "channel request hangup all"); err != nil {
		t.Logf("clear: %v", err)
	}
	var bridges []struct {
		ID string `json:"id"`
	}
	w.request(ctx, t, http.MethodGet, "/bridges", &bridges)
	for _, b := range bridges {
		w.request(ctx, t, http.MethodDelete, "/bridges/"+b.ID, nil)
	}
	if err := w.asterisk.AwaitEmpty(ctx); err != nil {
		t.Logf("clear: %v", err)
	}
}

func (w *world) request(ctx context.Context, t testing.TB, method, path string, out any) {
	t.Helper()
	require.NoError(t, request(ctx, w.asterisk, method, path, out))
}

func (w *world) Engine() engine.Engine {
	e, err := ari.New(w.config())
	if err != nil {
		panic(err) // the configuration above is wrong
	}
	w.engine = e
	return e
}

func (w *world) config() ari.Config {
	level := slog.LevelWarn
	if os.Getenv("TANDEM_TEST_LOG") != "" {
		level = slog.LevelDebug
	}
	return ari.Config{
		ID: "asterisk", URL: "http://" + w.proxy.addr(), User: w.asterisk.ARIUser, Password: w.asterisk.ARIPassword,
		ReconnectMax: 200 * time.Millisecond, EffectTimeout: enginetest.Patience, Presence: time.Minute, // a busy machine could miss the default
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	}
}

func (w *world) Number() string { return "4930200300" }

func (w *world) Prompt() string { return prompt }

func (w *world) MediaTimeout() time.Duration { return silenceLimit * time.Second }

func (w *world) nextVoice() (float64, softphone.Voice) {
	hz := softphone.Tone(w.tones)
	w.tones++
	return hz, softphone.ToneVoice(hz)
}

func (w *world) NewCaller(t testing.TB, from, name string) enginetest.Caller {
	t.Helper()
	hz, voice := w.nextVoice()
	p, err := softphone.New(softphone.Config{User: fmt.Sprintf("caller%d", w.tones), Server: w.asterisk.SIPAddr, Voice: voice})
	require.NoError(t, err)
	t.Cleanup(p.Close)
	// SIP cannot carry a line break in a name; everything else goes out as it is.
	display := strings.NewReplacer("\r", "", "\n", "").Replace(name)
	return &caller{person: person{phone: p, name: name, tone: hz, w: w}, from: from, display: display}
}

func (w *world) NewPhone(t testing.TB, user string) enginetest.Phone {
	t.Helper()
	hz, voice := w.nextVoice()
	p, err := softphone.New(softphone.Config{User: user, Password: w.passwords[user], Server: w.asterisk.SIPAddr, Voice: voice, Reaction: softphone.AutoAnswer(softphone.Ring)})
	require.NoError(t, err)
	t.Cleanup(p.Close)
	ctx, cancel := patience()
	defer cancel()
	require.NoError(t, p.Register(ctx))
	return &phone{person: person{phone: p, name: user, tone: hz, w: w}, address: core.Address{Phone: user}, cursor: p.Events().Cursor()}
}

func (w *world) NewOutsider(t testing.TB) enginetest.Phone {
	t.Helper()
	hz, voice := w.nextVoice()
	p := w.switchboard.outsider
	p.SetVoice(voice)
	cursor := p.Events().Cursor()
	cursor.SkipToEnd()
	return &phone{
		person:  person{phone: p, name: "outsider", tone: hz, w: w},
		address: core.Address{Trunk: lab.Carrier, Number: "+4930555777"}, cursor: cursor,
	}
}

func (w *world) Disconnect(testing.TB) { w.proxy.cut() }

func (w *world) Reconnect(testing.TB) { w.proxy.mend() }

func (w *world) Restart(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if w.asterisk == w.switchboard.shared {
		// What the new process needs in this one would be taken for the scenario's leak, so it ends with the scenario.
		w.switchboard.restarts = true
		t.Cleanup(func() {
			if err := w.asterisk.Stop(); err != nil {
				t.Errorf("stop Asterisk: %v", err)
			}
		})
	}
	require.NoError(t, w.asterisk.Restart(ctx))
}

func (w *world) Recording(t testing.TB, id core.RecordingID) []byte {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	body, err := w.engine.FetchRecording(ctx, id)
	require.NoError(t, err)
	wav, err := io.ReadAll(body)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	return wav
}

func (w *world) Leftovers(t testing.TB) []string {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	left, err := w.asterisk.Leftovers(ctx)
	require.NoError(t, err)
	return left
}

func patience() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), enginetest.Patience)
}

// proxy stands between the engine and Asterisk's HTTP server, so that the connection can be cut.
type proxy struct {
	listener net.Listener
	target   string
	crew     sync.WaitGroup

	mu    sync.Mutex
	down  bool
	conns map[net.Conn]bool
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: l, target: target, conns: map[net.Conn]bool{}}
	p.crew.Go(p.serve)
	t.Cleanup(func() {
		_ = l.Close()
		p.cut()
		p.crew.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) serve() {
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", p.target)
		if err != nil || !p.keep(near, far) {
			_ = near.Close()
			if far != nil {
				_ = far.Close()
			}
			continue
		}
		p.crew.Go(func() { p.pipe(near, far) })
		p.crew.Go(func() { p.pipe(far, near) })
	}
}

func (p *proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		return false
	}
	for _, c := range conns {
		p.conns[c] = true
	}
	return true
}

func (p *proxy) pipe(to, from net.Conn) {
	_, _ = io.Copy(to, from) // either end may go at any time: that is what the proxy is for
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range []net.Conn{to, from} {
		_ = c.Close()
		delete(p.conns, c)
	}
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = true
	for c := range p.conns {
		_ = c.Close()
	}
}

func (p *proxy) mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = false
}

// person is what callers and phones have in common.
type person struct {
	phone *softphone.Phone
	name  string
	tone  float64
	w     *world

	mu   sync.Mutex
	call *softphone.Call
}

func (p *person) Name() string  { return p.name }
func (p *person) Tone() float64 { return p.tone }

// present is the call that the person's actions are about.
func (p *person) present(t testing.TB) *softphone.Call {
	t.Helper()
	p.mu.Lock()
	c := p.call
	p.mu.Unlock()
	if c != nil {
		return c
	}
	ctx, cancel := patience()
	defer cancel()
	c, err := p.phone.AwaitCall(ctx, 1)
	require.NoError(t, err)
	return c
}

func (p *person) set(c *softphone.Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.call = c
}

func (p *person) Hears(t testing.TB, want enginetest.Sound) {
	t.Helper()
	tones := make([]float64, 0, len(want.Of))
	for _, other := range want.Of {
		tones = append(tones, other.Tone())
	}
	slices.Sort(tones)
	ctx, cancel := patience()
	defer cancel()
	err := p.present(t).HearsMatching(ctx, want.String(), func(h softphone.Heard) bool {
		return slices.Equal(h.Tones, tones) && h.Other == want.Other
	})
	if err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
}

// noticed is how long an interruption may last before a listener would notice. A bridge that changes its technology drops a packet or two. While nobody runs, nothing can be heard.
const noticed = 200 * time.Millisecond

func (p *person) KeptHearing(t testing.TB, who enginetest.Party, since time.Time) {
	t.Helper()
	gap, err := p.present(t).Ear().LongestWithout(who.Tone(), since, time.Now())
	require.NoError(t, err)
	if stalled := p.w.stalled(since); gap > noticed+stalled {
		t.Fatalf("%s did not hear %s for %v, of which nobody ran for %v", p.name, who.Name(), gap, stalled)
	}
}

func (p *person) Press(t testing.TB, digits string) {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	require.NoError(t, p.present(t).SendDTMF(ctx, digits))
}

func (p *person) GotDigits(t testing.TB, want string) {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	call, cursor, got := p.present(t), p.phone.Events().Cursor(), ""
	for range want {
		e, err := cursor.Await(ctx, softphone.Is(softphone.Digit).Of(call))
		require.NoError(t, err, "got %q so far", got)
		got += string(e.Digit)
	}
	require.Equal(t, want, got)
}

func (p *person) HangUp(t testing.TB) {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	require.NoError(t, p.present(t).HangUp(ctx))
}

func (p *person) Vanish(testing.TB) { p.phone.Unplug() }

func (p *person) Ended(t testing.TB) enginetest.Ending {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	e, err := p.present(t).AwaitEnd(ctx)
	require.NoError(t, err)
	ending := enginetest.Ending{ByParty: e.By == softphone.Local, Elsewhere: e.AnsweredElsewhere()}
	switch e.Kind {
	case softphone.Refused:
		ending.Status = e.Code
	case softphone.Cancelled:
		ending.Status = 487
	default: // hung up: it had been answered
	}
	return ending
}

type caller struct {
	person
	from, display string
}

func (c *caller) Dial(t testing.TB, number string) {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	call, err := c.phone.Dial(ctx, number, softphone.CallOptions{From: c.from, DisplayName: c.display, Anonymous: c.from == ""})
	require.NoError(t, err)
	c.set(call)
}

func (c *caller) HearsRinging(t testing.TB) {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	_, err := c.present(t).Await(ctx, softphone.Is(softphone.Ringing))
	require.NoError(t, err)
}

func (c *caller) Answered(t testing.TB) {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	require.NoError(t, c.present(t).AwaitAnswer(ctx))
}

type phone struct {
	person
	address core.Address
	cursor  *softphone.Cursor
}

func (p *phone) Address() core.Address { return p.address }

func (p *phone) React(t testing.TB, r enginetest.Reaction) {
	t.Helper()
	reactions := map[enginetest.Reaction]softphone.Reaction{
		enginetest.RingOn: softphone.AutoAnswer(softphone.Ring), enginetest.AnswerAtOnce: softphone.Answer, enginetest.DeclineAtOnce: softphone.Decline,
		enginetest.BusyAtOnce: softphone.Busy, enginetest.UnavailableAtOnce: softphone.Unavailable, enginetest.StaySilent: softphone.NeverRespond,
		enginetest.NotAcceptableAtOnce: softphone.NotAcceptable,
	}
	require.Contains(t, reactions, r)
	p.phone.SetReaction(reactions[r])
}

func (p *phone) RedirectTo(t testing.TB, other enginetest.Phone) {
	t.Helper()
	o, ok := other.(*phone)
	require.True(t, ok)
	p.phone.SetReaction(softphone.RedirectTo("sip:" + o.name + "@" + o.phone.Addr()))
}

func (p *phone) Rings(t testing.TB) enginetest.Shown {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	e, err := p.cursor.Await(ctx, softphone.Is(softphone.Ringing))
	if err != nil {
		t.Fatalf("%s does not ring: %v", p.name, err)
	}
	p.set(e.Call)
	return enginetest.Shown{Number: e.Call.Invite.From, Name: e.Call.Invite.DisplayName}
}

func (p *phone) Invitations(testing.TB) int {
	return p.phone.Events().Count(softphone.Is(softphone.Invited))
}

func (p *phone) Answer(t testing.TB) {
	t.Helper()
	require.NoError(t, p.present(t).Answer())
	p.stands(t)
}

func (p *phone) stands(t testing.TB) {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	e, err := p.cursor.Await(ctx, softphone.Is(softphone.Acknowledged))
	require.NoError(t, err)
	p.set(e.Call)
}

func (p *phone) Talking(t testing.TB) {
	t.Helper()
	p.stands(t)
}

func (p *phone) Decline(t testing.TB) {
	t.Helper()
	require.NoError(t, p.present(t).Reject(603))
}

func (p *phone) Busy(t testing.TB) {
	t.Helper()
	require.NoError(t, p.present(t).Reject(486))
}

func (p *phone) Hold(t testing.TB, on bool) {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	if on {
		require.NoError(t, p.present(t).Hold(ctx))
	} else {
		require.NoError(t, p.present(t).Resume(ctx))
	}
}

func (p *phone) Unregister(t testing.TB) {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	require.NoError(t, p.phone.Unregister(ctx))
}
