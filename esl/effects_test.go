package esl_test

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/esl"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/enginetest"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
)

// scene is an engine at work on a real FreeSWITCH, for what is FreeSWITCH's own and not in the contract.
type scene struct {
	*testing.T
	enginetest.World
	engine *esl.Engine
	stop   func()

	mu      sync.Mutex
	facts   []core.Fact
	news    chan struct{}
	effects core.EffectID
}

func newScene(t *testing.T, b *switchboard) *scene {
	t.Helper()
	s := &scene{T: t, World: b.world(t), news: make(chan struct{})}
	s.run()
	return s
}

// run starts an engine that knows nothing, and waits until it is up.
func (s *scene) run() core.EngineUp {
	s.Helper()
	before := len(s.all())
	s.engine = s.Engine().(*esl.Engine) //nolint:errcheck,forcetypeassert // the world makes no others
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.engine.Run(ctx, engine.SinkFunc(s.tell))
	}()
	s.stop = sync.OnceFunc(func() { cancel(); <-done })
	s.Cleanup(func() { s.stop() })
	return await(s, before, func(core.EngineUp) bool { return true })
}

func (s *scene) tell(f core.Fact) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.facts = append(s.facts, f)
	close(s.news)
	s.news = make(chan struct{})
}

func (s *scene) all() []core.Fact {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.facts)
}

// await waits for a fact behind a place.
func await[F core.Fact](s *scene, from int, match func(F) bool) F {
	s.Helper()
	deadline := time.After(enginetest.Patience)
	for {
		s.mu.Lock()
		facts, news := s.facts, s.news
		s.mu.Unlock()
		for ; from < len(facts); from++ {
			if f, ok := facts[from].(F); ok && match(f) {
				return f
			}
		}
		select {
		case <-news:
		case <-deadline:
			var want F
			s.Fatalf("no %s came; what came: %+v", want.Kind(), facts)
		}
	}
}

func (s *scene) try(a core.Action) error {
	s.mu.Lock()
	s.effects++
	id := s.effects
	s.mu.Unlock()
	return s.engine.Do(context.Background(), core.Effect{ID: id, Engine: s.engine.ID(), Call: "scene", Do: a})
}

func (s *scene) do(a core.Action) {
	s.Helper()
	require.NoError(s, s.try(a))
}

func newID[T ~string]() T { return T(uuid.NewString()) }

func mixed(m core.MixID, mode core.Mode, legs ...core.LegID) core.SetMix {
	a := core.SetMix{Mix: m}
	for _, id := range legs {
		a.Members = append(a.Members, core.Member{Leg: id, Mode: mode})
	}
	return a
}

// caller is somebody who calls and is answered.
func (s *scene) caller(number string) (enginetest.Caller, core.LegID) {
	s.Helper()
	c := s.NewCaller(s, number, "Caller")
	c.Dial(s, s.Number())
	leg := await(s, 0, func(f core.LegAppeared) bool { return f.From == number }).Leg
	s.do(core.Answer{Leg: leg})
	await(s, 0, func(f core.LegAnswered) bool { return f.Leg == leg })
	c.Answered(s)
	return c, leg
}

// agent is a phone that is called and answers.
func (s *scene) agent(user string) (enginetest.Phone, core.LegID) {
	s.Helper()
	p, leg := s.NewPhone(s, user), newID[core.LegID]()
	s.do(core.Dial{Leg: leg, To: p.Address(), FromNumber: "4930", Limit: 30 * time.Second})
	p.Rings(s)
	p.Answer(s)
	await(s, 0, func(f core.LegAnswered) bool { return f.Leg == leg })
	return p, leg
}

// over ends legs and waits for that.
func (s *scene) over(legs ...core.LegID) {
	s.Helper()
	for _, leg := range legs {
		s.do(core.Hang{Leg: leg})
		await(s, 0, func(f core.LegHungUp) bool { return f.Leg == leg })
	}
}

// joined waits until legs have joined a mix, behind a place.
func (s *scene) joined(from int, m core.MixID, legs ...core.LegID) {
	s.Helper()
	for _, leg := range legs {
		await(s, from, func(f core.MixJoined) bool { return f.Mix == m && f.Leg == leg })
	}
}

// stillRecorded: no recording has ended.
func (s *scene) stillRecorded() {
	s.Helper()
	for _, f := range s.all() {
		assert.NotEqual(s, core.RecordingStopped{}.Kind(), f.Kind(), "it ended in between")
	}
}

// TestFreeSWITCHsOwn is what the contract does not ask, because only FreeSWITCH has a way to get it wrong.
func TestFreeSWITCHsOwn(t *testing.T) {
	t.Parallel()
	b := &switchboard{outsider: newOutsider(t), change: func(c *esl.Config) { c.Beat = 500 * time.Millisecond }}
	b.shared = lab.FreeSWITCHForTest(t, b.options)
	for name, run := range map[string]func(*scene, *lab.FreeSWITCH){
		"a call that arrived while Tandem was away":          arrivedWhileAway,
		"a call that nobody took is not told of":             nobodyTook,
		"a prompt goes on when its leg is put on hold":       promptOverHold,
		"a prompt ends when its leg joins a mix":             promptCutByMix,
		"a prompt that waits is stopped":                     stopWaiting,
		"what a leg does survives the connection":            doingSurvives,
		"a member on hold who is put out hears silence":      outOfHold,
		"a recording goes on when all members change":        allMembersChange,
		"a recording without its keeper gets another":        keeperAgain,
		"a keeper that came too late is dismissed":           keeperLate,
		"a muted member who comes back":                      mutedComesBack,
		"a leg id that the switch knows already":             takenID,
		"hung up before there is a channel":                  hungUpUnborn,
		"a look on the slow beat":                            lookOnTheBeat,
		"phones that came and went meanwhile":                phonesMeanwhile,
		"stored recordings":                                  storedRecordings,
		"an unanswered leg cannot talk, and is not answered": unansweredCannotTalk,
		"a caller who heard ringing talks at once":           talksAtOnce,
		"a phone hangs up while it is being bridged":         bridgedInVain,
		"a phone hangs up while it holds":                    hangsUpHolding,
		"a prompt to one of two who talk":                    promptInBridge,
		"a leg is told more than seventy things":             toldManyThings,
		"two who talk, told to part and meet again at once":  partAndMeet,
		"one of two ends while the other is told to wait":    endsWhileMoved,
		"a leg that has parked is parked":                    parkedTwice,
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, b)
			run(s, b.shared)
			ctx, cancel := context.WithTimeout(context.Background(), enginetest.Patience)
			defer cancel()
			require.NoError(t, b.shared.AwaitEmpty(ctx))
			s.stop()
		})
	}
}

func promptOverHold(s *scene, _ *lab.FreeSWITCH) {
	c, leg := s.caller("4930113")
	p := core.Play{Leg: leg, Play: newID[core.PlayID](), Media: []string{s.Prompt(), s.Prompt()}}
	s.do(p)
	c.Hears(s, enginetest.Music())
	m := newID[core.MixID]()
	s.do(mixed(m, core.Hold, leg))
	assert.True(s, await(s, 0, func(f core.Played) bool { return f.Play == p.Play }).OK, "hold music is behind the prompt, not in its place")
	time.Sleep(time.Second) // the prompt would be over
	c.Hears(s, enginetest.Music())
	s.over(leg)
}

func promptCutByMix(s *scene, _ *lab.FreeSWITCH) {
	c, cl := s.caller("4930114")
	a, al := s.agent("1001")
	p := core.Play{Leg: cl, Play: newID[core.PlayID](), Media: slices.Repeat([]string{s.Prompt()}, 20)}
	next := core.Play{Leg: cl, Play: newID[core.PlayID](), Media: []string{s.Prompt()}}
	s.do(p)
	s.do(next)
	c.Hears(s, enginetest.Music())
	s.do(mixed(newID[core.MixID](), core.Talk, cl, al))
	for _, p := range []core.Play{p, next} {
		assert.False(s, await(s, 0, func(f core.Played) bool { return f.Play == p.Play }).OK)
	}
	c.Hears(s, enginetest.Voices(a))
	a.Hears(s, enginetest.Voices(c))
	s.over(cl, al)
}

func stopWaiting(s *scene, _ *lab.FreeSWITCH) {
	c, leg := s.caller("4930115")
	var plays []core.Play
	for _, seconds := range []int{4, 1, 1} { // all orders are given while the first is played
		p := core.Play{Leg: leg, Play: newID[core.PlayID](), Media: slices.Repeat([]string{s.Prompt()}, seconds)}
		s.do(p)
		plays = append(plays, p)
	}
	s.do(core.Stop{Leg: leg, Play: plays[1].Play})
	var got []core.PlayID
	for _, p := range plays {
		f := await(s, 0, func(f core.Played) bool { return f.Play == p.Play })
		assert.Equal(s, p.Play != plays[1].Play, f.OK)
	}
	for _, f := range s.all() {
		if p, ok := f.(core.Played); ok {
			got = append(got, p.Play)
		}
	}
	assert.Equal(s, []core.PlayID{plays[1].Play, plays[0].Play, plays[2].Play}, got)
	c.Hears(s, enginetest.Silence())
	s.over(leg)
}

func doingSurvives(s *scene, _ *lab.FreeSWITCH) {
	held, hl := s.caller("4930116")
	s.do(mixed(newID[core.MixID](), core.Hold, hl))
	held.Hears(s, enginetest.Music())
	c, cl := s.caller("4930117")
	p := core.Play{Leg: cl, Play: newID[core.PlayID](), Media: slices.Repeat([]string{s.Prompt()}, 5)} // longer than the connection is away
	next := core.Play{Leg: cl, Play: newID[core.PlayID](), Media: []string{s.Prompt()}}
	s.do(p)
	s.do(next)
	c.Hears(s, enginetest.Music())
	from := len(s.all())
	s.Disconnect(s)
	await(s, from, func(core.EngineDown) bool { return true })
	s.Reconnect(s)
	await(s, from, func(core.EngineUp) bool { return true })
	assert.True(s, await(s, from, func(f core.Played) bool { return f.Play == p.Play }).OK)
	assert.True(s, await(s, from, func(f core.Played) bool { return f.Play == next.Play }).OK)
	held.Hears(s, enginetest.Music())
	s.over(hl, cl)
}

func outOfHold(s *scene, _ *lab.FreeSWITCH) {
	c, cl := s.caller("4930118")
	a, al := s.agent("1001")
	m := newID[core.MixID]()
	s.do(core.SetMix{Mix: m, Members: []core.Member{{Leg: cl, Mode: core.Hold}, {Leg: al, Mode: core.Talk}}})
	c.Hears(s, enginetest.Music())
	s.do(mixed(m, core.Talk, al))
	c.Hears(s, enginetest.Silence())
	a.Hears(s, enginetest.Silence())
	s.over(cl, al)
}

func allMembersChange(s *scene, _ *lab.FreeSWITCH) {
	a, al := s.agent("1001")
	b, bl := s.agent("1002")
	m, rec := newID[core.MixID](), newID[core.RecordingID]()
	s.do(mixed(m, core.Talk, al))
	s.do(core.StartRecording{Recording: rec, Mix: m}) // while the first is on the way
	await(s, 0, func(f core.RecordingStarted) bool { return f.Recording == rec })
	s.do(mixed(m, core.Talk, bl))
	b.Hears(s, enginetest.Silence())
	a.Hears(s, enginetest.Silence())
	s.stillRecorded()
	s.do(core.StopRecording{Recording: rec})
	assert.True(s, await(s, 0, func(f core.RecordingStopped) bool { return f.Recording == rec }).OK)
	s.over(al, bl)
}

// keeperAgain: the keeper is not there, as if Tandem had ended before it was made. The next one keeps the recording while nobody else is in the mix.
func keeperAgain(s *scene, f *lab.FreeSWITCH) {
	_, cl := s.caller("4930132")
	_, al := s.agent("1001")
	m, rec := newID[core.MixID](), newID[core.RecordingID]()
	talk := mixed(m, core.Talk, cl, al)
	talk.Recorded = true
	s.do(talk)
	kept := func(is bool) {
		require.Eventually(s, func() bool {
			said, err := f.API(s.Context(), "conference tandem-"+string(m)+" json_list")
			return err == nil && strings.Contains(said, `"`+string(rec)+`"`) == is
		}, enginetest.Patience, 10*time.Millisecond)
	}
	s.joined(0, m, cl, al)
	s.do(core.StartRecording{Recording: rec, Mix: m})
	await(s, 0, func(f core.RecordingStarted) bool { return f.Recording == rec })
	kept(true)
	_, err := f.API(s.Context(), "uuid_kill "+string(rec))
	require.NoError(s, err)
	kept(false)
	s.do(core.StartRecording{Recording: rec, Mix: m})
	kept(true)
	before := len(s.all())
	s.do(mixed(m, core.Hold, cl, al))
	for range 2 {
		await(s, before, func(f core.MixLeft) bool { return f.Mix == m })
	}
	s.do(talk)
	s.joined(before, m, cl, al)
	s.stillRecorded()
	s.do(core.StopRecording{Recording: rec})
	assert.True(s, await(s, 0, func(f core.RecordingStopped) bool { return f.Recording == rec }).OK)
	s.do(core.SetMix{Mix: m})
	s.over(cl, al)
}

// keeperLate: FreeSWITCH was so busy that the recording was over when its keeper came to be, and the connection was lost before it could say so. The look on the slow beat shows a mix that nobody has, and
// the rules dissolve it.
func keeperLate(s *scene, f *lab.FreeSWITCH) {
	m, rec := newID[core.MixID](), newID[core.RecordingID]()
	_, err := f.API(s.Context(), fmt.Sprintf("originate {origination_uuid=%s}null/keeper &conference(tandem-%s@tandem+flags{mute|deaf})", rec, m))
	require.NoError(s, err)
	from := len(s.all())
	await(s, from, func(f core.EngineSeen) bool {
		return slices.ContainsFunc(f.Snapshot.Mixes, func(x core.SeenMix) bool { return x.Mix == m })
	})
	s.do(core.SetMix{Mix: m})
}

func mutedComesBack(s *scene, _ *lab.FreeSWITCH) {
	c, cl := s.caller("4930119")
	a, al := s.agent("1001")
	m := newID[core.MixID]()
	talk, mute := core.Member{Leg: cl, Mode: core.Talk}, core.Member{Leg: al, Mode: core.Mute}
	s.do(core.SetMix{Mix: m, Members: []core.Member{talk, mute}}) // muted before the first word
	a.Hears(s, enginetest.Voices(c))
	c.Hears(s, enginetest.Silence())
	a.Press(s, "5")
	await(s, 0, func(f core.Digit) bool { return f.Leg == al && f.Digit == "5" })
	s.do(core.SetMix{Mix: m, Members: []core.Member{talk, {Leg: al, Mode: core.Hold}}})
	a.Hears(s, enginetest.Music())
	s.do(mixed(m, core.Talk, cl, al))
	c.Hears(s, enginetest.Voices(a))
	s.over(cl, al)
}

// bridgedInVain: making a bridge takes some 40 ms, and FreeSWITCH hangs up on the one leg if the other one ends meanwhile.
func bridgedInVain(s *scene, _ *lab.FreeSWITCH) {
	c, cl := s.caller("4930131")
	m := newID[core.MixID]()
	for i := range 16 {
		_, al := s.agent("1001")
		if i%2 == 0 {
			s.do(mixed(m, core.Hold, cl)) // out of music, or out of silence
		}
		s.do(mixed(m, core.Talk, cl, al))
		time.Sleep(time.Duration(i) * 4 * time.Millisecond) // at every stage of it
		s.do(core.Hang{Leg: al})
		await(s, 0, func(f core.LegHungUp) bool { return f.Leg == al })
	}
	s.do(mixed(m, core.Hold, cl))
	c.Hears(s, enginetest.Music())
	s.over(cl)
}

// hangsUpHolding: FreeSWITCH hangs up on the other end of a bridge as well, unless it is told otherwise.
func hangsUpHolding(s *scene, _ *lab.FreeSWITCH) {
	c, cl := s.caller("4930135")
	a, al := s.agent("1001")
	m := newID[core.MixID]()
	s.do(mixed(m, core.Talk, cl, al))
	c.Hears(s, enginetest.Voices(a))
	a.Hold(s, true)
	await(s, 0, func(f core.Held) bool { return f.Leg == al && f.On })
	a.HangUp(s)
	await(s, 0, func(f core.LegHungUp) bool { return f.Leg == al })
	s.do(mixed(m, core.Hold, cl))
	c.Hears(s, enginetest.Music())
	s.over(cl)
}

func promptInBridge(s *scene, _ *lab.FreeSWITCH) {
	c, cl := s.caller("4930132")
	a, al := s.agent("1001")
	m, play := newID[core.MixID](), newID[core.PlayID]()
	s.do(mixed(m, core.Talk, cl, al))
	c.Hears(s, enginetest.Voices(a))
	s.do(core.Play{Leg: cl, Play: play, Media: slices.Repeat([]string{prompt}, 4)})
	a.Hears(s, enginetest.Silence())
	assert.True(s, await(s, 0, func(f core.Played) bool { return f.Play == play }).OK)
	c.Hears(s, enginetest.Voices(a))
	a.Hears(s, enginetest.Voices(c))
	s.over(cl, al)
}

// toldManyThings: FreeSWITCH counts transfers, hangs up after so many, and takes every order for one.
func toldManyThings(s *scene, _ *lab.FreeSWITCH) {
	c, cl := s.caller("4930133")
	m := newID[core.MixID]()
	for range 40 {
		s.do(mixed(m, core.Hold, cl))
		s.do(core.SetMix{Mix: m})
	}
	s.do(mixed(m, core.Hold, cl))
	c.Hears(s, enginetest.Music())
	s.over(cl)
}

func partAndMeet(s *scene, _ *lab.FreeSWITCH) {
	c, cl := s.caller("4930134")
	a, al := s.agent("1001")
	m := newID[core.MixID]()
	for range 10 {
		s.do(mixed(m, core.Talk, cl, al))
		s.do(core.SetMix{Mix: m})
	}
	s.do(mixed(m, core.Talk, cl, al))
	c.Hears(s, enginetest.Voices(a))
	a.Hears(s, enginetest.Voices(c))
	for range 50 {
		s.do(core.SetMix{Mix: m, Members: []core.Member{{Leg: cl, Mode: core.Hold}, {Leg: al, Mode: core.Talk}}})
		s.do(core.SetMix{Mix: m})
		s.do(mixed(m, core.Talk, cl, al))
	}
	c.Hears(s, enginetest.Voices(a))
	a.Hears(s, enginetest.Voices(c))
	s.over(cl, al)
}

// endsWhileMoved: who is left behind in a bridge parks, whatever it is told in that moment. A hundred blind transfers: the agent is hung up on, or hangs up, while the caller
// is told to hear music.
func endsWhileMoved(s *scene, f *lab.FreeSWITCH) {
	c, cl := s.caller("4930136")
	m := newID[core.MixID]()
	for i := range 100 {
		a, al := s.agent("1001")
		s.do(mixed(m, core.Talk, cl, al))
		await(s, 0, func(f core.MixJoined) bool { return f.Leg == al })
		time.Sleep(time.Duration(i%10) * 7 * time.Millisecond) // the bridge is young, and older
		ends := func() { s.do(core.Hang{Leg: al}) }
		if i%4 == 3 {
			ends = func() { a.HangUp(s) }
		}
		var orders sync.WaitGroup
		orders.Go(func() {
			for by := time.Now().Add(time.Duration(i%20) * 50 * time.Microsecond); time.Now().Before(by); { // finer than a sleep
				runtime.Gosched()
			}
			ends()
		})
		s.do(mixed(m, core.Hold, cl))
		orders.Wait()
		await(s, 0, func(f core.LegHungUp) bool { return f.Leg == al })
		for by := time.Now().Add(enginetest.Patience); doing(s, f, cl) != "playback"; time.Sleep(5 * time.Millisecond) {
			require.True(s, time.Now().Before(by), "transfer %d: the caller hears nothing", i)
		}
	}
	c.Hears(s, enginetest.Music())
	s.over(cl)
}

// parkedTwice: the order to end a bridge may come to a leg whose bridge has just ended.
func parkedTwice(s *scene, f *lab.FreeSWITCH) {
	c, cl := s.caller("4930137")
	m := newID[core.MixID]()
	for range 3 {
		s.do(core.SetMix{Mix: m})
		said, err := f.API(s.Context(), fmt.Sprintf("uuid_park %s", cl))
		require.NoError(s, err)
		assert.Equal(s, "+OK", strings.TrimSpace(said))
		s.do(mixed(m, core.Hold, cl))
		c.Hears(s, enginetest.Music())
	}
	s.over(cl)
}

// doing is what runs on a leg; "" if it is in no program: who has parked behind a bridge still has the name of what ran before.
func doing(s *scene, f *lab.FreeSWITCH, leg core.LegID) string {
	dump, err := f.API(s.Context(), fmt.Sprintf("uuid_dump %s", leg))
	require.NoError(s, err)
	if !strings.Contains(dump, "Channel-State: CS_EXECUTE\n") {
		return ""
	}
	_, app, _ := strings.Cut(dump, "variable_current_application: ")
	app, _, _ = strings.Cut(app, "\n")
	return app
}

func takenID(s *scene, f *lab.FreeSWITCH) {
	p, leg := s.NewPhone(s, "1001"), newID[core.LegID]()
	ctx, cancel := context.WithTimeout(context.Background(), enginetest.Patience)
	defer cancel()
	_, err := f.API(ctx, fmt.Sprintf("bgapi originate {origination_uuid=%s,tandem_leg=%s}user/1001@tandem &park()", leg, leg))
	require.NoError(s, err)
	p.Rings(s)
	s.do(core.Dial{Leg: leg, To: p.Address()})
	p.Answer(s)
	await(s, 0, func(f core.LegAnswered) bool { return f.Leg == leg })
	assert.Equal(s, 1, p.Invitations(s))
	s.over(leg)
}

func hungUpUnborn(s *scene, _ *lab.FreeSWITCH) {
	p := s.NewPhone(s, "1001")
	for range 10 {
		leg := newID[core.LegID]()
		s.do(core.Dial{Leg: leg, To: p.Address()})
		s.do(core.Hang{Leg: leg, Cause: core.CauseAnsweredElsewhere})
		cause := await(s, 0, func(f core.LegHungUp) bool { return f.Leg == leg }).Cause
		assert.Equal(s, core.ByUs, cause.By)
	}
}

func lookOnTheBeat(s *scene, _ *lab.FreeSWITCH) {
	_, cl := s.caller("4930121")
	_, al := s.agent("1001")
	m, rec := newID[core.MixID](), newID[core.RecordingID]()
	s.do(mixed(m, core.Talk, cl, al))
	for _, leg := range []core.LegID{cl, al} {
		await(s, 0, func(f core.MixJoined) bool { return f.Leg == leg })
	}
	s.do(core.StartRecording{Recording: rec, Mix: m})
	s.do(core.PauseRecording{Recording: rec})
	await(s, 0, func(f core.RecordingPaused) bool { return f.Recording == rec })
	legs := []core.LegID{cl, al}
	slices.Sort(legs)
	seen := s.look()
	assert.Equal(s, []core.SeenMix{{Mix: m, Legs: legs}}, seen.Mixes)
	assert.Equal(s, []core.SeenRecording{{Recording: rec, Paused: true}}, seen.Recordings)
	assert.Len(s, seen.Legs, 2)
	assert.Contains(s, seen.Legs, core.SeenLeg{Leg: cl, Up: true, From: "4930121", Name: "Caller", To: s.Number()})
	assert.Contains(s, seen.Legs, core.SeenLeg{Leg: al, Ours: true, Call: "scene", Up: true})
	s.over(cl, al)
	s.do(core.StopRecording{Recording: rec}) // until then its keeper keeps it going
	s.do(core.SetMix{Mix: m})
	await(s, len(s.all()), func(f core.EngineSeen) bool { return reflect.DeepEqual(f.Snapshot, core.Snapshot{}) })
}

// look is the first look at the switch that begins from now on: the next one to be told may have been under way before.
func (s *scene) look() core.Snapshot {
	s.Helper()
	from, looks := len(s.all()), 0
	return await(s, from, func(core.EngineSeen) bool { looks++; return looks == 2 }).Snapshot
}

func phonesMeanwhile(s *scene, _ *lab.FreeSWITCH) {
	changed := func(from int, phone string, reachable bool) {
		s.Helper()
		await(s, from, func(f core.PhoneChanged) bool { return f.Phone == phone && f.Reachable == reachable })
	}
	s.NewPhone(s, "1005")
	changed(0, "1005", true)
	goes := s.NewPhone(s, "1003")
	changed(0, "1003", true)
	from := len(s.all())
	s.Disconnect(s)
	await(s, from, func(core.EngineDown) bool { return true })
	goes.Unregister(s)
	s.NewPhone(s, "1004")
	s.Reconnect(s)
	changed(from, "1003", false)
	changed(from, "1004", true)
	changed(from, "1005", true) // told anew, as is who has been away for longer
	from = len(s.all())
	s.Disconnect(s)
	await(s, from, func(core.EngineDown) bool { return true })
	s.Reconnect(s)
	changed(from, "1003", false)
}

func storedRecordings(s *scene, _ *lab.FreeSWITCH) {
	ctx, cancel := context.WithTimeout(context.Background(), enginetest.Patience)
	defer cancel()
	_, al := s.agent("1001")
	m, rec := newID[core.MixID](), newID[core.RecordingID]()
	s.do(mixed(m, core.Talk, al))
	s.do(core.StartRecording{Recording: rec, Mix: m})
	await(s, 0, func(f core.RecordingStarted) bool { return f.Recording == rec })
	_, err := s.engine.FetchRecording(ctx, rec)
	require.ErrorIs(s, err, esl.ErrRecordingUnfinished)
	require.ErrorIs(s, s.engine.DeleteRecording(ctx, rec), esl.ErrRecordingUnfinished)
	s.do(core.StopRecording{Recording: rec})
	await(s, 0, func(f core.RecordingStopped) bool { return f.Recording == rec })
	stored, err := s.engine.StoredRecordings(ctx)
	require.NoError(s, err)
	assert.Contains(s, stored, rec)
	body, err := s.engine.FetchRecording(ctx, rec)
	require.NoError(s, err)
	require.NoError(s, body.Close())
	require.NoError(s, s.engine.DeleteRecording(ctx, rec))
	require.NoError(s, s.engine.DeleteRecording(ctx, rec))
	_, err = s.engine.FetchRecording(ctx, rec)
	require.ErrorIs(s, err, esl.ErrNoRecording)
	_, err = s.engine.FetchRecording(ctx, "../../etc/passwd")
	require.ErrorIs(s, err, esl.ErrNoRecording)
	s.over(al)
}

func unansweredCannotTalk(s *scene, _ *lab.FreeSWITCH) {
	c := s.NewCaller(s, "4930120", "Caller")
	c.Dial(s, s.Number())
	leg := await(s, 0, func(core.LegAppeared) bool { return true }).Leg
	var r *engine.Refusal
	require.ErrorAs(s, s.try(mixed(newID[core.MixID](), core.Talk, leg)), &r)
	assert.Equal(s, core.WhyState, r.Why)
	s.do(core.Hang{Leg: leg, Cause: core.CauseBusy})
	assert.Equal(s, 486, c.Ended(s).Status)
	await(s, 0, func(f core.LegHungUp) bool { return f.Leg == leg })
}

// talksAtOnce: an agent takes the call of somebody who has heard it ring so far (N6), and the order to answer is followed by those to mix and to record, with nothing between them.
func talksAtOnce(s *scene, _ *lab.FreeSWITCH) {
	for n, recorded := range []bool{false, true} {
		number := fmt.Sprintf("493013%d", n)
		c := s.NewCaller(s, number, "Caller")
		c.Dial(s, s.Number())
		cl := await(s, 0, func(f core.LegAppeared) bool { return f.From == number }).Leg
		s.do(core.Ring{Leg: cl})
		c.HearsRinging(s)
		a, al := s.agent(fmt.Sprintf("100%d", n+1))
		mix := mixed(newID[core.MixID](), core.Talk, cl, al)
		mix.Recorded = recorded
		s.do(core.Answer{Leg: cl})
		s.do(mix)
		if recorded {
			rec := core.StartRecording{Recording: newID[core.RecordingID](), Mix: mix.Mix}
			s.do(rec)
			await(s, 0, func(f core.RecordingStarted) bool { return f.Recording == rec.Recording })
		}
		c.Hears(s, enginetest.Voices(a))
		a.Hears(s, enginetest.Voices(c))
		s.do(core.SetMix{Mix: mix.Mix})
		s.over(cl, al)
	}
}

// TestPacing: more dials at once than the switch lets begin in one second, and none fails.
func TestPacing(t *testing.T) {
	t.Parallel()
	b := &switchboard{outsider: newOutsider(t), change: func(c *esl.Config) { c.EffectTimeout = 30 * time.Second }} // the last of them waits for four seconds of it
	b.shared = lab.FreeSWITCHForTest(t, b.options, func(o *lab.FreeSWITCHOptions) { o.SessionsPerSecond = 20 })
	s := newScene(t, b)
	p := s.NewPhone(s, "1001")
	legs := make([]core.LegID, 50)
	var orders sync.WaitGroup
	for i := range legs {
		legs[i] = newID[core.LegID]()
		orders.Go(func() { assert.NoError(t, s.try(core.Dial{Leg: legs[i], To: p.Address()})) })
	}
	orders.Wait()
	for _, leg := range legs {
		await(s, 0, func(f core.LegRinging) bool { return f.Leg == leg })
	}
	for _, leg := range legs {
		s.over(leg)
	}
	s.stop()
}
