package ari

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// whyIn is the reason in an error of Do, which is nothing but a refusal.
func whyIn(t testing.TB, err error) core.Why {
	t.Helper()
	var r *engine.Refusal
	require.ErrorAs(t, err, &r)
	return r.Why
}

var effectIDs atomic.Uint64

func do(t testing.TB, e *Engine, a core.Action) error {
	t.Helper()
	return e.Do(t.Context(), core.Effect{ID: core.EffectID(effectIDs.Add(1)), Call: "c1", Do: a})
}

// up is an engine that is connected, and on whose switch these legs have arrived.
func (f *fakeARI) up(t testing.TB, legs ...string) (*Engine, *facts) {
	t.Helper()
	e, got, _ := f.reached(t, legs...)
	f.forget()
	return e, got
}

// reached is an engine that is connected and has told of these legs, with the other end of its event stream.
func (f *fakeARI) reached(t testing.TB, legs ...string) (*Engine, *facts, *websocket.Conn) {
	t.Helper()
	e, got := f.running(t)
	nextOf[core.EngineUp](t, got)
	c := f.socket(t)
	for _, leg := range legs {
		send(t, c, arrival(leg))
		nextOf[core.LegAppeared](t, got)
	}
	return e, got, c
}

func TestRefusalsByStatus(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   core.Why
	}{
		{404, `{"message":"Channel not found"}`, core.WhyUnknown},
		{404, `<html>Not Found</html>`, core.WhyFailed},
		{400, `{"message":"Channel not found"}`, core.WhyUnknown},
		{400, `{"message":"Invalid parameter"}`, core.WhyInvalid},
		{409, `{"message":"Channel not in Stasis application"}`, core.WhyState},
		{412, `{"message":"Channel in invalid state"}`, core.WhyState},
		{422, `{"message":"Channel not in this bridge"}`, core.WhyState},
		{503, `{"message":"busy"}`, core.WhyLimit},
		{500, `<html>Internal Server Error</html>`, core.WhyFailed},
		{302, ``, core.WhyFailed},
		{401, `{"message":"Authentication required"}`, core.WhyFailed},
	} {
		f := newFake(t)
		e, _ := f.up(t)
		f.on("POST /ari/channels/1.1/answer", text(c.status, c.body))
		assert.Equal(t, c.want, whyIn(t, do(t, e, core.Answer{Leg: "1.1"})), "%d %s", c.status, c.body)
	}
}

func TestSlowAndBrokenAnswersAreTimeouts(t *testing.T) {
	f := newFake(t)
	e, _ := f.up(t)
	release := make(chan struct{})
	defer close(release)
	f.on("POST /ari/channels/slow/", func(http.ResponseWriter, *http.Request) { <-release })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	err := e.Do(ctx, core.Effect{Do: core.Answer{Leg: "slow"}})
	assert.Equal(t, core.WhyTimeout, whyIn(t, err))
	f.on("POST /ari/channels/reset/", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	assert.Equal(t, core.WhyTimeout, whyIn(t, do(t, e, core.Answer{Leg: "reset"})))
}

func TestIdsAreEscaped(t *testing.T) {
	f := newFake(t)
	e, _ := f.up(t)
	require.NoError(t, do(t, e, core.Answer{Leg: "a/../b?c=1#d e"}))
	assert.Equal(t, []string{"POST /ari/channels/a%2F..%2Fb%3Fc=1%23d%20e/answer"}, f.seen("POST"))
}

func TestErrorsNeverShowQueryOrPassword(t *testing.T) {
	r := newREST(Config{URL: "http://127.0.0.1:1", User: "u", Password: "s3cret", MaxConns: 1})
	err := r.do(t.Context(), http.MethodPost, "/channels", url.Values{"number": {"4930123"}}, nil, nil)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "s3cret")
	assert.NotContains(t, err.Error(), "4930123")
	assert.Equal(t, core.WhyDown, refusalOf(err).Why)
}

func phoneDial(leg core.LegID) core.Dial {
	return core.Dial{Leg: leg, To: core.Address{Phone: "1001"}, FromNumber: "4930", FromName: "Ann", Limit: 1500 * time.Millisecond}
}

func TestDialIsOneOrder(t *testing.T) {
	f := newFake(t)
	e, got := f.running(t)
	nextOf[core.EngineUp](t, got)
	c := f.socket(t)
	f.forget()
	require.NoError(t, do(t, e, phoneDial(ourLeg)))
	require.NoError(t, do(t, e, phoneDial(ourLeg)), "a repetition")
	assert.Equal(t, []string{"POST /ari/channels"}, f.seen("POST"))
	send(t, c, `{"type":"ChannelStateChange","channel":{"id":"`+ourLeg+`","state":"Ringing"}}`,
		`{"type":"ChannelHangupRequest","cause":17,"tech_cause":486,"channel":{"id":"`+ourLeg+`"}}`,
		`{"type":"ChannelDestroyed","cause":17,"tech_cause":486,"channel":{"id":"`+ourLeg+`"}}`)
	assert.Equal(t, core.LegRinging{Leg: ourLeg}, got.next(t))
	assert.Equal(t, core.LegHungUp{Leg: ourLeg, Cause: core.Cause{Code: core.CauseBusy, By: core.ByThem, Q850: 17, SIP: 486}}, got.next(t))
}

// TestFalse409: Asterisk says "id already exists" though the phone is just not registered.
func TestFalse409(t *testing.T) {
	f := newFake(t)
	e, _ := f.up(t)
	f.on("POST /ari/channels", text(409, `{"message":"Channel with given unique ID already exists"}`))
	f.on("GET /ari/channels/"+ourLeg, text(404, `{"message":"Channel not found"}`))
	assert.Equal(t, core.WhyUnreachable, whyIn(t, do(t, e, phoneDial(ourLeg))))
	e.mu.Lock()
	defer e.mu.Unlock()
	assert.Empty(t, e.table.legs)
}

func TestTrue409IsAnEarlierOrder(t *testing.T) {
	f := newFake(t)
	e, _ := f.up(t)
	f.on("POST /ari/channels", text(409, `{"message":"Channel with given unique ID already exists"}`))
	f.on("GET /ari/channels/"+ourLeg, text(200, `{"id":"`+ourLeg+`","state":"Down"}`))
	require.NoError(t, do(t, e, phoneDial(ourLeg)))
	assert.Zero(t, f.count("DELETE /ari/channels/"+ourLeg))
}

// A busy Asterisk takes its time to say whether a leg is there. That is within the order's time, and no reason to hang up on a phone that is being called.
func TestWhetherALegIsThereMayTakeAWhileQ4(t *testing.T) {
	f := newFake(t)
	e, _ := f.up(t)
	slowly := func(answer http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(1200 * time.Millisecond) // as long as it takes Asterisk
			answer(w, r)
		}
	}
	f.on("POST /ari/channels", text(409, `{"message":"Channel with given unique ID already exists"}`))
	f.on("GET /ari/channels/"+ourLeg, slowly(text(200, `{"id":"`+ourLeg+`","state":"Down"}`)))
	require.NoError(t, do(t, e, phoneDial(ourLeg)))
	assert.Zero(t, f.count("DELETE"), "the phone that is being called is hung up on")
	f.on("GET /ari/channels/"+otherLeg, slowly(text(404, `{"message":"Channel not found"}`)))
	assert.Equal(t, core.WhyUnreachable, whyIn(t, do(t, e, phoneDial(otherLeg))))
}

func TestUnregisteredPhoneIs500(t *testing.T) {
	f := newFake(t)
	e, _ := f.up(t)
	f.on("POST /ari/channels", text(500, `{"error":"Allocation failed"}`))
	f.on("GET /ari/channels/"+ourLeg, text(404, `{"message":"Channel not found"}`))
	assert.Equal(t, core.WhyUnreachable, whyIn(t, do(t, e, phoneDial(ourLeg))))
}

// The answer to the order is lost, but the phone rings, or has been taken already: the dial was carried out, and hanging up would end a conversation.
func TestDialWhoseAnswerIsLostIsNotHungUpQ4(t *testing.T) {
	f := newFake(t)
	e, got := f.running(t)
	nextOf[core.EngineUp](t, got)
	c := f.socket(t)
	f.forget()
	release := make(chan struct{})
	defer close(release)
	f.on("POST /ari/channels", func(http.ResponseWriter, *http.Request) {
		send(t, c, `{"type":"ChannelStateChange","channel":{"id":"`+ourLeg+`","state":"Ringing"}}`,
			`{"type":"ChannelStateChange","channel":{"id":"`+ourLeg+`","state":"Up"}}`, entry(ourLeg))
		<-release
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- e.Do(ctx, core.Effect{ID: core.EffectID(effectIDs.Add(1)), Call: "c1", Do: phoneDial(ourLeg)})
	}()
	nextOf[core.LegRinging](t, got)
	nextOf[core.LegAnswered](t, got)
	cancel() // the order's time is over only now
	require.NoError(t, <-done)
	assert.Empty(t, f.seen("DELETE"), "the phone that was answered is hung up")
}

func TestDialThatFailsLeavesNothing(t *testing.T) {
	f := newFake(t)
	e, _ := f.up(t)
	f.on("POST /ari/channels", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }) // no answer
	f.on("GET /ari/channels/"+ourLeg, text(500, `{"message":"odd"}`))
	assert.Equal(t, core.WhyTimeout, whyIn(t, do(t, e, phoneDial(ourLeg))), "nobody knows")
	assert.Equal(t, 1, f.count("DELETE /ari/channels/"+ourLeg))
}

// entry is the event of a leg of ours that enters the application, having been answered.
func entry(id string) string {
	return `{"type":"StasisStart","channel":{"id":"` + id + `","state":"Up","dialplan":{"app_name":"Stasis","app_data":"tandem"}}}`
}

// A leg is answered when it can be ordered about. Whoever puts down before that has answered all the same (C1).
func TestAnswerIsToldInTheApplicationC1(t *testing.T) {
	state := func(s string) string {
		return `{"type":"ChannelStateChange","channel":{"id":"` + ourLeg + `","state":"` + s + `"}}`
	}
	begin := func(t *testing.T) (*websocket.Conn, *facts) {
		f := newFake(t)
		e, got := f.running(t)
		nextOf[core.EngineUp](t, got)
		c := f.socket(t)
		require.NoError(t, do(t, e, phoneDial(ourLeg)))
		return c, got
	}
	t.Run("taken", func(t *testing.T) {
		c, got := begin(t)
		send(t, c, state("Ringing"), state("Up"), entry(ourLeg), entry(ourLeg), state("Up"), arrival("1.1"))
		assert.Equal(t, core.LegRinging{Leg: ourLeg}, got.next(t))
		assert.Equal(t, core.LegAnswered{Leg: ourLeg}, got.next(t))
		assert.Equal(t, core.LegID("1.1"), nextOf[core.LegAppeared](t, got).Leg, "once")
	})
	for name, end := range map[string]string{
		"put down at once":       `{"type":"ChannelHangupRequest","cause":16,"channel":{"id":"` + ourLeg + `"}}`,
		"gone without a request": `{"type":"ChannelDestroyed","cause":16,"channel":{"id":"` + ourLeg + `"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			c, got := begin(t)
			send(t, c, state("Ringing"), state("Up"), end)
			assert.Equal(t, core.LegRinging{Leg: ourLeg}, got.next(t))
			assert.Equal(t, core.LegAnswered{Leg: ourLeg}, got.next(t))
			assert.Equal(t, core.CauseNormal, nextOf[core.LegHungUp](t, got).Cause.Code)
		})
	}
}

func TestDialRefusesWhatADialStringWouldMisread(t *testing.T) {
	f := newFake(t)
	e, _ := f.up(t)
	for _, to := range []core.Address{
		{}, {Phone: "1001&PJSIP/1002"}, {Phone: "a/b"}, {Phone: "a@b"}, {Phone: "${X}"}, {Phone: "-x"}, {Phone: strings.Repeat("1", 65)},
		{Trunk: "carrier", Number: "4930;x"}, {Trunk: "carrier", Number: "++4930"}, {Trunk: "car/rier", Number: "4930"}, {Number: "4930"},
	} {
		d := phoneDial(ourLeg)
		d.To = to
		assert.Equal(t, core.WhyInvalid, whyIn(t, do(t, e, d)), "%+v", to)
	}
	for _, leg := range []core.LegID{"", "call-1", "11111111-1111-4111-8111-11111111111", "11111111-1111-4111-8111-11111111111A"} {
		assert.Equal(t, core.WhyInvalid, whyIn(t, do(t, e, phoneDial(leg))), "%q may be a prefix of another id", leg)
	}
	assert.Zero(t, f.count("POST"))
}

func TestCallerTextIsOneCleanLine(t *testing.T) {
	for in, want := range map[string]string{
		"Ann": "Ann", "": "", `O'Neil "Bob" <b>\`: `O'Neil Bob b`, "a\r\nX: b": "aX: b", "Zoë 中文": "Zoë 中文",
		"\xff\xfe": "", "a\u202eb": "ab", "${SHELL(id)}": "${SHELL(id)}", strings.Repeat("ä", 500): strings.Repeat("ä", 80),
	} {
		assert.Equal(t, want, callerText(in), "%q", in)
	}
}

// TestConnectingTakesTwoRequests: the moment in which an agent has answered and both sides wait to hear each other. The order to stop the music must have
// its answer before the channel is in a bridge, where Asterisk may lose it.
func TestConnectingTakesTwoRequests(t *testing.T) {
	f := newFake(t)
	e, _ := f.up(t, "1.1", "1.2")
	require.NoError(t, do(t, e, core.SetMix{Mix: aMix, Members: []core.Member{{Leg: "1.1", Mode: core.Hold}}}))
	assert.Equal(t, []string{"POST /ari/bridges/" + aMix, "POST /ari/channels/1.1/moh"}, f.seen("POST"), "the bridge is made ahead")
	f.forget()
	var silent atomic.Bool
	f.on("DELETE /ari/channels/1.1/moh", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(20 * time.Millisecond) // time for an order that does not wait
		silent.Store(true)
		w.WriteHeader(http.StatusNoContent)
	})
	f.on("POST /ari/bridges/"+aMix+"/addChannel", func(w http.ResponseWriter, _ *http.Request) {
		assert.True(t, silent.Load(), "added while the music plays")
		w.WriteHeader(http.StatusNoContent)
	})
	require.NoError(t, do(t, e, core.SetMix{Mix: aMix, Members: []core.Member{{Leg: "1.1", Mode: core.Talk}, {Leg: "1.2", Mode: core.Talk}}}))
	assert.Equal(t, []string{"DELETE /ari/channels/1.1/moh", "POST /ari/bridges/" + aMix + "/addChannel"}, f.seen(""))
}

func TestMixRepetitionLooksAndRepairs(t *testing.T) {
	f := newFake(t)
	e, _ := f.up(t, "1.1", "1.2")
	talk := core.SetMix{Mix: aMix, Members: []core.Member{{Leg: "1.1", Mode: core.Talk}, {Leg: "1.2", Mode: core.Talk}}}
	require.NoError(t, do(t, e, talk))
	f.on("GET /ari/bridges/"+aMix, text(200, `{"id":"`+aMix+`","channels":["1.1"]}`))
	f.forget()
	require.NoError(t, do(t, e, talk))
	assert.Equal(t, 1, f.count("GET /ari/bridges/"+aMix))
	assert.Equal(t, 1, f.count("POST /ari/bridges/"+aMix+"/addChannel"), "only who is missing is added")
}

// An order whose answer does not come in time may have been carried out: the next mix that names the leg, whichever it is, takes nothing that it hears for granted. Otherwise somebody would be connected
// who hears music for ever, or is not heard.
func TestNothingIsTakenForGrantedAfterATimeout(t *testing.T) {
	for what, c := range map[string]struct {
		first      core.Member
		lost, undo string
		mix        core.MixID
	}{
		"music":                   {core.Member{Mode: core.Hold}, "POST /ari/channels/1.1/moh", "DELETE /ari/channels/1.1/moh", aMix},
		"muting":                  {core.Member{Mode: core.Mute}, "POST /ari/channels/1.1/mute", "DELETE /ari/channels/1.1/mute", aMix},
		"music, and another mix":  {core.Member{Mode: core.Hold}, "POST /ari/channels/1.1/moh", "DELETE /ari/channels/1.1/moh", "other"},
		"muting, and another mix": {core.Member{Mode: core.Mute}, "POST /ari/channels/1.1/mute", "DELETE /ari/channels/1.1/mute", "other"},
	} {
		t.Run(what, func(t *testing.T) {
			f := newFake(t)
			e, _ := f.up(t, "1.1")
			f.on("GET /ari/bridges/"+aMix, text(200, `{"id":"`+aMix+`","channels":[]}`))
			carriedOut := make(chan struct{})
			f.on(c.lost, func(_ http.ResponseWriter, r *http.Request) {
				close(carriedOut)
				<-r.Context().Done()
			})
			c.first.Leg = "1.1"
			ctx, cancel := context.WithCancel(t.Context())
			refused := make(chan error, 1)
			go func() { refused <- e.Do(ctx, core.Effect{Do: core.SetMix{Mix: aMix, Members: []core.Member{c.first}}}) }()
			<-carriedOut
			cancel()
			assert.Equal(t, core.WhyTimeout, whyIn(t, <-refused))
			require.NoError(t, do(t, e, core.SetMix{Mix: c.mix, Members: []core.Member{{Leg: "1.1", Mode: core.Talk}}}))
			assert.Equal(t, 1, f.count(c.undo))
		})
	}
}

func TestMixWithALegThatIsGoneStillConnectsTheOthers(t *testing.T) {
	f := newFake(t)
	e, _ := f.up(t, "1.1", "1.2", "1.3")
	f.on("POST /ari/bridges/"+aMix+"/addChannel", func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 200)
		n, _ := r.Body.Read(body)
		if strings.Contains(string(body[:n]), "1.3") {
			text(400, `{"message":"Channel not found"}`)(w, r)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	f.on("GET /ari/bridges/"+aMix, text(200, `{"id":"`+aMix+`","channels":["1.1","1.2"]}`))
	err := do(t, e, core.SetMix{Mix: aMix, Members: []core.Member{{Leg: "1.1", Mode: core.Talk}, {Leg: "1.2", Mode: core.Talk}, {Leg: "1.3", Mode: core.Talk}}})
	assert.Equal(t, core.WhyUnknown, whyIn(t, err))
	e.mu.Lock()
	defer e.mu.Unlock()
	assert.Equal(t, core.MixID(aMix), e.table.legs["1.1"].bridge)
	assert.Equal(t, core.MixID(aMix), e.table.legs["1.2"].bridge)
}

// TestLastMixThatNamesALegWins, whatever the order in which the two mixes are told.
func TestLastMixThatNamesALegWins(t *testing.T) {
	const other = "55555555-5555-4555-8555-555555555555"
	f := newFake(t)
	e, _ := f.up(t, "1.1")
	one := []core.Member{{Leg: "1.1", Mode: core.Talk}}
	require.NoError(t, do(t, e, core.SetMix{Mix: aMix, Members: one}))
	require.NoError(t, do(t, e, core.SetMix{Mix: other, Members: one}))
	f.forget()
	require.NoError(t, do(t, e, core.SetMix{Mix: aMix}))
	assert.Zero(t, f.count("POST"), "the leg is not touched")
	e.mu.Lock()
	defer e.mu.Unlock()
	assert.Equal(t, core.MixID(other), e.table.legs["1.1"].bridge)
}

func TestMutedBeforeHeard(t *testing.T) {
	f := newFake(t)
	e, _ := f.up(t, "1.1")
	require.NoError(t, do(t, e, core.SetMix{Mix: aMix, Members: []core.Member{{Leg: "1.1", Mode: core.Mute}}}))
	assert.Equal(t, []string{
		"POST /ari/bridges/" + aMix, "POST /ari/channels/1.1/mute?direction=in", "POST /ari/bridges/" + aMix + "/addChannel",
	}, f.seen("POST"))
}

// TestRecordedBridgeIsNeverEmptyInBetween: Asterisk ends a recording when the last channel leaves.
func TestRecordedBridgeIsNeverEmptyInBetween(t *testing.T) {
	f := newFake(t)
	e, _ := f.up(t, "1.1", "1.2")
	require.NoError(t, do(t, e, core.SetMix{Mix: aMix, Members: []core.Member{{Leg: "1.1", Mode: core.Talk}}}))
	f.forget()
	require.NoError(t, do(t, e, core.SetMix{Mix: aMix, Members: []core.Member{{Leg: "1.2", Mode: core.Talk}}}))
	assert.Equal(t, []string{
		"POST /ari/bridges/" + aMix + "/addChannel", "POST /ari/bridges/" + aMix + "/removeChannel",
	}, f.seen("POST"))
}

func TestRecordingC15(t *testing.T) {
	f := newFake(t)
	e, got := f.up(t, "1.1")
	assert.Equal(t, core.WhyUnknown, whyIn(t, do(t, e, core.StartRecording{Recording: aRec, Mix: aMix})), "no such mix")
	require.NoError(t, do(t, e, core.SetMix{Mix: aMix, Members: []core.Member{{Leg: "1.1", Mode: core.Talk}}}))
	f.on("GET /ari/recordings/live/"+aRec, text(200, `{"state":"recording"}`))
	require.NoError(t, do(t, e, core.StartRecording{Recording: aRec, Mix: aMix}))
	require.NoError(t, do(t, e, core.PauseRecording{Recording: aRec}))
	assert.Equal(t, core.RecordingPaused{Recording: aRec}, got.next(t), "only Asterisk's answer tells")
	f.on("DELETE /ari/recordings/live/", text(500, ``))
	require.Error(t, do(t, e, core.ResumeRecording{Recording: aRec}))
	f.on("DELETE /ari/recordings/live/", text(204, ``))
	require.NoError(t, do(t, e, core.ResumeRecording{Recording: aRec}))
	assert.Equal(t, core.RecordingResumed{Recording: aRec}, got.next(t))
	assert.Equal(t, core.WhyInvalid, whyIn(t, do(t, e, core.StartRecording{Recording: "../x", Mix: aMix})))
}

// TestARecordingWithoutItsKeeperGetsOneC15: the answer to the order to record was lost, or Tandem ended before it had made the keeper. Asked for again, the recording is there, and would end with the next
// consult.
func TestARecordingWithoutItsKeeperGetsOneC15(t *testing.T) {
	f := newFake(t)
	e, _ := f.up(t, "1.1")
	require.NoError(t, do(t, e, core.SetMix{Mix: aMix, Members: []core.Member{{Leg: "1.1", Mode: core.Talk}}}))
	f.on("POST /ari/bridges/"+aMix+"/record", text(409, `{"message":"Recording already in progress"}`))
	f.on("GET /ari/recordings/live/"+aRec, text(200, `{"state":"recording"}`))
	f.forget()
	require.NoError(t, do(t, e, core.StartRecording{Recording: aRec, Mix: aMix}))
	added := "POST /ari/bridges/" + aMix + "/addChannel?channel=keeper-" + aRec
	require.Equal(t, 1, f.count(added))
	require.NoError(t, do(t, e, core.StartRecording{Recording: aRec, Mix: aMix}))
	require.Equal(t, 1, f.count(added), "added once more it would leave the bridge for a moment")
}

// TestAKeeperThatIsPerhapsInTheBridgeIsAddedAgainC15: Asterisk did not say in time whether the keeper is in the bridge, or waits.
func TestAKeeperThatIsPerhapsInTheBridgeIsAddedAgainC15(t *testing.T) {
	const added, dialled = "POST /ari/bridges/" + aMix + "/addChannel?channel=keeper-" + aRec, "POST /ari/channels/keeper-" + aRec + "/dial"
	for name, slow := range map[string]string{"added": added, "dialled": dialled} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			e, _ := f.up(t, "1.1")
			require.NoError(t, do(t, e, core.SetMix{Mix: aMix, Members: []core.Member{{Leg: "1.1", Mode: core.Talk}}}))
			f.on("POST /ari/bridges/"+aMix+"/record", text(201, `{"name":"`+aRec+`"}`))
			f.on("GET /ari/recordings/live/"+aRec, text(200, `{"state":"recording"}`))
			asked := make(chan struct{})
			f.on(slow, func(_ http.ResponseWriter, r *http.Request) {
				close(asked)
				<-r.Context().Done()
			})
			ctx, cancel := context.WithCancel(t.Context())
			refused := make(chan error, 1)
			go func() { refused <- e.Do(ctx, core.Effect{Do: core.StartRecording{Recording: aRec, Mix: aMix}}) }()
			<-asked
			cancel()
			require.Error(t, <-refused)

			f.on(slow, text(204, ``))
			f.on("POST /ari/bridges/"+aMix+"/record", text(409, `{"message":"Recording already in progress"}`))
			f.forget()
			require.NoError(t, do(t, e, core.StartRecording{Recording: aRec, Mix: aMix}))
			require.Equal(t, 1, f.count(added))
			require.Equal(t, 1, f.count(dialled))
			require.NoError(t, do(t, e, core.StartRecording{Recording: aRec, Mix: aMix}))
			require.Equal(t, 1, f.count(added), "now it is certain")
		})
	}
}

// TestOrdersAboutAYoungRecordingC15: Asterisk answers the order to record before it records. A stop in that moment is accepted and forgotten, a pause is refused.
func TestOrdersAboutAYoungRecordingC15(t *testing.T) {
	for name, c := range map[string]struct {
		order   core.Action
		request string
	}{
		"stop":   {core.StopRecording{Recording: aRec}, "POST /ari/recordings/live/" + aRec + "/stop"},
		"pause":  {core.PauseRecording{Recording: aRec}, "POST /ari/recordings/live/" + aRec + "/pause"},
		"resume": {core.ResumeRecording{Recording: aRec}, "DELETE /ari/recordings/live/" + aRec + "/pause"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			e, _ := f.up(t, "1.1")
			var looks atomic.Int32
			f.on("GET /ari/recordings/live/"+aRec, func(w http.ResponseWriter, r *http.Request) {
				state := "queued"
				if looks.Add(1) > 3 {
					state = "recording"
				}
				text(200, `{"name":"`+aRec+`","state":"`+state+`"}`)(w, r)
			})
			require.NoError(t, do(t, e, core.SetMix{Mix: aMix, Members: []core.Member{{Leg: "1.1", Mode: core.Talk}}}))
			require.NoError(t, do(t, e, core.StartRecording{Recording: aRec, Mix: aMix}))
			f.on(c.request, func(w http.ResponseWriter, _ *http.Request) {
				assert.EqualValues(t, 4, looks.Load(), "ordered before the recording has begun")
				w.WriteHeader(http.StatusNoContent)
			})
			require.NoError(t, do(t, e, c.order))
			require.Equal(t, 1, f.count(c.request))

			f.on("GET /ari/recordings/live/"+aRec, text(404, `{"message":"Recording not found"}`)) // it has ended by itself, and that is not told yet
			require.NoError(t, do(t, e, c.order))
			require.Equal(t, 2, f.count(c.request), "whether there is one, Asterisk says")
		})
	}
}

func TestOnceOnlyByEffect(t *testing.T) {
	f := newFake(t)
	e, _ := f.up(t, "1.1")
	digits := core.Effect{ID: 900_001, Do: core.SendDigits{Leg: "1.1", Digits: "12#"}}
	for range 3 {
		require.NoError(t, e.Do(t.Context(), digits))
	}
	assert.Equal(t, []string{"POST /ari/channels/1.1/dtmf?dtmf=12%23"}, f.seen("POST"))
	f.on("POST /ari/channels/1.1/dtmf", text(409, `{"message":"Channel not in Stasis application"}`))
	digits.ID++
	assert.Equal(t, core.WhyState, whyIn(t, e.Do(t.Context(), digits)))
	f.on("POST /ari/channels/1.1/dtmf", text(204, ``))
	require.NoError(t, e.Do(t.Context(), digits), "what was refused may be tried again")
	assert.Equal(t, 3, f.count("POST"))
}

func TestPromptsWaitForEachOther(t *testing.T) {
	f := newFake(t)
	e, got, c := f.reached(t, "1.1")
	for _, id := range []core.PlayID{"p1", "p2", "p3"} {
		require.NoError(t, do(t, e, core.Play{Leg: "1.1", Play: id, Media: []string{"tandem/apology"}}))
	}
	assert.Equal(t, 1, f.count("POST /ari/channels/1.1/play/"))
	require.NoError(t, do(t, e, core.Stop{Leg: "1.1", Play: "p2"}))
	assert.Equal(t, core.Played{Leg: "1.1", Play: "p2"}, got.next(t), "one that waited is taken out")
	send(t, c, `{"type":"PlaybackFinished","playback":{"id":"p1","state":"done","target_uri":"channel:1.1"}}`)
	assert.Equal(t, core.Played{Leg: "1.1", Play: "p1", OK: true}, got.next(t))
	require.Eventually(t, func() bool { return f.count("POST /ari/channels/1.1/play/p3") == 1 }, 10*time.Second, time.Millisecond)
	assert.Zero(t, f.count("POST /ari/channels/1.1/play/p2"))
}

// TestAPromptThatWasNeverPlayedHoldsUpNoOther: where the answer to the order was lost, Asterisk is asked whether it is being played.
func TestAPromptThatWasNeverPlayedHoldsUpNoOther(t *testing.T) {
	f := newFake(t)
	e, got, c := f.reached(t, "1.1")
	lost := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	gone := text(404, `{"message":"Playback not found"}`)
	for id, is := range map[string]http.HandlerFunc{"p1": gone, "p3": gone, "p5": text(200, `{"id":"p5"}`)} {
		f.on("POST /ari/channels/1.1/play/"+id, lost)
		f.on("GET /ari/playbacks/"+id, is)
	}
	play := func(id core.PlayID) error {
		return do(t, e, core.Play{Leg: "1.1", Play: id, Media: []string{"tandem/apology"}})
	}
	assert.Equal(t, core.WhyTimeout, whyIn(t, play("p1")))
	require.NoError(t, play("p2"))
	require.Equal(t, 1, f.count("POST /ari/channels/1.1/play/p2"), "after one that was not played")

	require.NoError(t, play("p3"))
	require.NoError(t, play("p4"))
	send(t, c, `{"type":"PlaybackFinished","playback":{"id":"p2","state":"done","target_uri":"channel:1.1"}}`)
	assert.Equal(t, core.Played{Leg: "1.1", Play: "p2", OK: true}, got.next(t))
	assert.Equal(t, core.Played{Leg: "1.1", Play: "p3"}, got.next(t), "after one that had waited, and was not played then")
	require.Eventually(t, func() bool { return f.count("POST /ari/channels/1.1/play/p4") == 1 }, 10*time.Second, time.Millisecond)
	send(t, c, `{"type":"PlaybackFinished","playback":{"id":"p4","state":"done","target_uri":"channel:1.1"}}`)
	assert.Equal(t, core.Played{Leg: "1.1", Play: "p4", OK: true}, got.next(t))

	assert.Equal(t, core.WhyTimeout, whyIn(t, play("p5")))
	require.NoError(t, play("p6"))
	require.Zero(t, f.count("POST /ari/channels/1.1/play/p6"), "it is being played, or was")
	f.on("DELETE /ari/playbacks/p5", gone)
	require.NoError(t, do(t, e, core.Stop{Leg: "1.1", Play: "p5"}))
	require.Eventually(t, func() bool { return f.count("POST /ari/channels/1.1/play/p6") == 1 }, 10*time.Second, time.Millisecond, "after one that is over when it is to be stopped")
}

// TestMusicAfterPrompts: a prompt ends the music on its channel, and Asterisk does not start it again.
func TestMusicAfterPrompts(t *testing.T) {
	f := newFake(t)
	e, got, c := f.reached(t, "1.1")
	const music = "POST /ari/channels/1.1/moh?mohClass=calm"
	hold := core.SetMix{Mix: aMix, Members: []core.Member{{Leg: "1.1", Mode: core.Hold, Music: "calm"}}}
	require.NoError(t, do(t, e, hold))
	require.Equal(t, 1, f.count(music))
	play := func(id core.PlayID) {
		require.NoError(t, do(t, e, core.Play{Leg: "1.1", Play: id, Media: []string{"tandem/apology"}}))
	}
	over := func(id core.PlayID, state string) {
		send(t, c, `{"type":"PlaybackFinished","playback":{"id":"`+string(id)+`","state":"`+state+`","target_uri":"channel:1.1"}}`)
		assert.Equal(t, id, nextOf[core.Played](t, got).Play)
	}
	comes := func(n int, request string) {
		require.Eventually(t, func() bool { return f.count(request) == n }, 10*time.Second, time.Millisecond)
	}
	play("p1")
	play("p2")
	over("p1", "done")
	comes(1, "POST /ari/channels/1.1/play/p2")
	assert.Equal(t, 1, f.count(music), "one prompt follows another")
	over("p2", "failed") // the file is not there: it took the music all the same
	comes(2, music)

	// The music is not started under somebody who has been put through meanwhile: SetMix has the leg when the prompt ends, and is stopping the music.
	silencing, silence := make(chan struct{}), make(chan struct{})
	f.on("DELETE /ari/channels/1.1/moh", func(http.ResponseWriter, *http.Request) { close(silencing); <-silence })
	play("p3")
	var put sync.WaitGroup
	put.Go(func() {
		assert.NoError(t, do(t, e, core.SetMix{Mix: aMix, Members: []core.Member{{Leg: "1.1", Mode: core.Talk}}}))
	})
	<-silencing
	over("p3", "done")
	close(silence)
	put.Wait()
	require.NoError(t, do(t, e, core.SetMix{Mix: aMix, Members: []core.Member{{Leg: "1.1", Mode: core.Mute}}})) // behind whoever waited for the leg
	assert.Equal(t, 2, f.count(music))
	play("p4")
	over("p4", "done")
	require.NoError(t, do(t, e, hold))
	assert.Equal(t, 3, f.count(music), "only by the order")
}

func TestFetchRecording(t *testing.T) {
	f := newFake(t)
	e, _ := f.up(t)
	_, err := e.FetchRecording(t.Context(), "../x")
	require.ErrorIs(t, err, ErrNoRecording)
	f.on("GET /ari/recordings/live/"+aRec, text(200, `{"name":"`+aRec+`"}`))
	_, err = e.FetchRecording(t.Context(), aRec)
	require.ErrorIs(t, err, ErrRecordingUnfinished)
	require.ErrorIs(t, e.DeleteRecording(t.Context(), aRec), ErrRecordingUnfinished)
	f.on("GET /ari/recordings/live/"+aRec, text(404, `{"message":"Recording not found"}`))
	f.on("GET /ari/recordings/stored/"+aRec, text(404, `{"message":"Recording not found"}`))
	_, err = e.FetchRecording(t.Context(), aRec)
	require.ErrorIs(t, err, ErrNoRecording)
	f.on("DELETE /ari/recordings/stored/"+aRec, text(404, `{"message":"Recording not found"}`))
	require.NoError(t, e.DeleteRecording(t.Context(), aRec))
	f.on("GET /ari/recordings/stored", text(200, `[{"name":"`+aRec+`"},{"name":"not-ours"}]`))
	ids, err := e.StoredRecordings(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []core.RecordingID{aRec}, ids)
}

func TestConfigErrorsNameFieldAndRule(t *testing.T) {
	_, err := New(Config{
		URL: "ftp://x", App: "a b", User: "a:b", PhoneTemplate: "x", TrunkTemplate: "PJSIP/x", Beat: -1, PingEvery: -1, Presence: 1500 * time.Millisecond, MaxConns: -1, QueueLimit: -1,
	})
	require.Error(t, err)
	for _, field := range []string{"ID", "URL", "App", "User", "Password", "PhoneTemplate", "TrunkTemplate", "Beat", "PingEvery", "Presence", "MaxConns", "QueueLimit"} {
		assert.ErrorContains(t, err, "ari: config: "+field+": ")
	}
	_, err = New(Config{ID: "a", URL: "http://user:s3cret@h", User: "u", PasswordFile: "/nonexistent/file"})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "s3cret")
	assert.ErrorContains(t, err, "read PasswordFile")
	for _, u := range []string{"http://h:1", "http://h:1/", "http://h:1/ari", "http://h:1/ari/"} {
		e, err := New(Config{ID: "a", URL: u, User: "u", Password: "p"})
		require.NoError(t, err)
		assert.Equal(t, "http://h:1/ari", e.rest.base)
		assert.Equal(t, 4*time.Second, e.cfg.Presence, "the default")
	}
}
