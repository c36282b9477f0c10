package softphone

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience bounds every await; nothing waits for it unless something is broken.
const patience = 20 * time.Second

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func newPhone(t *testing.T, cfg Config) *Phone {
	t.Helper()
	if cfg.RetransmitAfter == 0 {
		cfg.RetransmitAfter = 100 * time.Millisecond
	}
	p, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

// pair returns two phones that can call each other without a switch.
func pair(t *testing.T, reaction Reaction) (alice, bob *Phone) {
	t.Helper()
	bob = newPhone(t, Config{User: "bob", Voice: ToneVoice(Tone(1)), Reaction: reaction})
	alice = newPhone(t, Config{User: "alice", Voice: ToneVoice(Tone(0)), Server: bob.Addr()})
	return alice, bob
}

// talk sets up a call between two phones.
func talk(ctx context.Context, t *testing.T, alice, bob *Phone) (ac, bc *Call) {
	t.Helper()
	ac, err := alice.Dial(ctx, "bob", CallOptions{})
	require.NoError(t, err)
	require.NoError(t, ac.AwaitAnswer(ctx))
	bc, err = bob.AwaitCall(ctx, 1)
	require.NoError(t, err)
	_, err = bc.Await(ctx, Is(Acknowledged))
	require.NoError(t, err)
	return ac, bc
}

func TestCallIsAnsweredAndBothHearEachOther(t *testing.T) {
	for _, codec := range []Codec{PCMU, PCMA} {
		t.Run(codec.String(), func(t *testing.T) {
			ctx := testContext(t)
			bob := newPhone(t, Config{User: "bob", Voice: ToneVoice(Tone(1)), Reaction: AnswerAfter(20 * time.Millisecond), Codecs: []Codec{codec}})
			alice := newPhone(t, Config{User: "alice", Voice: ToneVoice(Tone(0)), Server: bob.Addr()})
			ac, bc := talk(ctx, t, alice, bob)
			require.NoError(t, ac.Hears(ctx, Tone(1)))
			require.NoError(t, bc.Hears(ctx, Tone(0)))
			assert.Eventually(t, func() bool { l := ac.Ear().Level(Tone(1)); return l > -19.5 && l < -16.5 }, patience, frameTime, "-18 dB, unless a packet is missing")
			_, err := ac.Await(ctx, Is(Ringing).By(Remote))
			require.NoError(t, err)

			bc.Say(ToneVoice(Tone(4)))
			require.NoError(t, ac.Hears(ctx, Tone(4)))
			bc.Say(Voice{})
			require.NoError(t, ac.HearsSilence(ctx))
			bc.Say(Voice{samples: mix(sampleRate, 440), name: "music"})
			require.NoError(t, ac.HearsOther(ctx))

			require.NoError(t, ac.HangUp(ctx))
			e, err := bc.AwaitEnd(ctx)
			require.NoError(t, err)
			assert.Equal(t, HungUp, e.Kind)
			assert.Equal(t, Remote, e.By)
			e, err = ac.AwaitEnd(ctx)
			require.NoError(t, err)
			assert.Equal(t, Local, e.By)
			require.NoError(t, ac.HangUp(ctx), "hanging up twice is no error")
			assert.Empty(t, alice.Calls())
		})
	}
}

func TestHearsSaysWhatWasHeardInstead(t *testing.T) {
	ctx := testContext(t)
	alice, bob := pair(t, Answer)
	ac, bc := talk(ctx, t, alice, bob)
	require.NoError(t, ac.Hears(ctx, Tone(1)))
	short, cancel := context.WithCancel(ctx)
	cancel()
	err := ac.Hears(short, Tone(2))
	require.ErrorIs(t, err, context.Canceled)
	assert.ErrorContains(t, err, "heard 850 Hz")
	require.NoError(t, bc.HangUp(ctx))
	_, err = ac.AwaitEnd(ctx)
	require.NoError(t, err)
	require.ErrorIs(t, ac.Hears(ctx, Tone(2)), ErrEnded)
}

func TestCalleeRefusesWithEachCode(t *testing.T) {
	for name, c := range map[string]struct {
		reaction Reaction
		code     int
	}{
		"declined": {Decline, 603}, "busy": {Busy, 486}, "unavailable": {Unavailable, 480}, "redirect": {RedirectTo("sip:elsewhere@192.0.2.1"), 302},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := testContext(t)
			alice, bob := pair(t, c.reaction)
			ac, err := alice.Dial(ctx, "bob", CallOptions{})
			require.NoError(t, err)
			var refused *RefusedError
			require.ErrorAs(t, ac.AwaitAnswer(ctx), &refused)
			assert.Equal(t, c.code, refused.Code)
			bc, err := bob.AwaitCall(ctx, 1)
			require.NoError(t, err)
			e, err := bc.AwaitEnd(ctx)
			require.NoError(t, err)
			assert.Equal(t, Refused, e.Kind)
			assert.Equal(t, c.code, e.Code)
			require.ErrorIs(t, bc.Answer(), ErrEnded)
		})
	}
}

func TestCallerGivesUpWhileRinging(t *testing.T) {
	ctx := testContext(t)
	alice, bob := pair(t, Ring)
	ac, err := alice.Dial(ctx, "bob", CallOptions{})
	require.NoError(t, err)
	_, err = ac.Await(ctx, Is(Ringing))
	require.NoError(t, err)
	require.NoError(t, ac.HangUp(ctx))
	bc, err := bob.AwaitCall(ctx, 1)
	require.NoError(t, err)
	e, err := bc.AwaitEnd(ctx)
	require.NoError(t, err)
	assert.Equal(t, Cancelled, e.Kind)
	assert.False(t, e.AnsweredElsewhere())
	e, err = ac.AwaitEnd(ctx)
	require.NoError(t, err)
	assert.Equal(t, Cancelled, e.Kind)
	assert.Equal(t, 487, e.Code)
	require.ErrorIs(t, bc.Answer(), ErrEnded)
}

// A CANCEL that crosses the 200 must not leave half a call: whoever was first, both sides agree that it is over.
func TestCancelCrossesAnswer(t *testing.T) {
	alice, bob := pair(t, AnswerAfter(0))
	for i := range 30 {
		ctx := testContext(t)
		ac, err := alice.Dial(ctx, "bob", CallOptions{})
		require.NoError(t, err)
		bc, err := bob.AwaitCall(ctx, i+1)
		require.NoError(t, err)
		require.NoError(t, ac.HangUp(ctx))
		_, err = bc.AwaitEnd(ctx)
		require.NoError(t, err)
		_, err = ac.AwaitEnd(ctx)
		require.NoError(t, err)
	}
	assert.Empty(t, alice.Calls())
	assert.Empty(t, bob.Calls())
}

func TestNobodyRespondsUntilTheCallerTimesOut(t *testing.T) {
	ctx := testContext(t)
	bob := newPhone(t, Config{User: "bob", Reaction: NeverRespond})
	alice := newPhone(t, Config{User: "alice", Server: bob.Addr(), RetransmitAfter: 5 * time.Millisecond})
	ac, err := alice.Dial(ctx, "bob", CallOptions{})
	require.NoError(t, err)
	_, err = bob.AwaitCall(ctx, 1)
	require.NoError(t, err)
	e, err := ac.AwaitEnd(ctx)
	require.NoError(t, err)
	assert.Equal(t, 408, e.Code)
	assert.Equal(t, 1, bob.Events().Count(Is(Invited)), "repetitions are no new calls")
}

func TestHoldAndResume(t *testing.T) {
	ctx := testContext(t)
	alice, bob := pair(t, Answer)
	ac, bc := talk(ctx, t, alice, bob)
	require.NoError(t, ac.Hears(ctx, Tone(1)))
	require.NoError(t, bc.Hears(ctx, Tone(0)))
	for range 2 {
		before := bob.Events().Len()
		require.NoError(t, ac.Hold(ctx))
		_, err := bob.Events().Await(ctx, before, Is(Held).By(Remote).Of(bc))
		require.NoError(t, err)
		require.NoError(t, bc.HearsSilence(ctx))
		require.NoError(t, ac.HearsSilence(ctx))

		before = bob.Events().Len()
		require.NoError(t, ac.Resume(ctx))
		_, err = bob.Events().Await(ctx, before, Is(Resumed).By(Remote).Of(bc))
		require.NoError(t, err)
		require.NoError(t, bc.Hears(ctx, Tone(0)))
		require.NoError(t, ac.Hears(ctx, Tone(1)))
	}
	// And the other way round: the one who was called holds.
	require.NoError(t, bc.Hold(ctx))
	require.NoError(t, ac.HearsSilence(ctx))
	require.NoError(t, bc.Resume(ctx))
	require.NoError(t, ac.Hears(ctx, Tone(1)))
	require.NoError(t, bc.HangUp(ctx))
	_, err := ac.AwaitEnd(ctx)
	require.NoError(t, err)
	require.ErrorIs(t, ac.Hold(ctx), ErrEnded)
}

func TestDigitsBothWays(t *testing.T) {
	ctx := testContext(t)
	alice, bob := pair(t, Answer)
	ac, bc := talk(ctx, t, alice, bob)
	require.NoError(t, bc.Hears(ctx, Tone(0)))
	from := time.Now()
	const sent = "0123456789*#ABCD1123"
	require.NoError(t, ac.SendDTMF(ctx, sent))
	cursor := bob.Events().Cursor()
	var got strings.Builder
	for range sent {
		e, err := cursor.Await(ctx, Is(Digit).Of(bc))
		require.NoError(t, err)
		got.WriteRune(e.Digit)
	}
	assert.Equal(t, sent, got.String())
	took := time.Since(from)
	assert.Less(t, bc.Ear().LongestPacketGap(from, from.Add(took)), took/2, "digits are packets too")
	require.NoError(t, bc.SendDTMF(ctx, "7"))
	e, err := ac.Await(ctx, Is(Digit))
	require.NoError(t, err)
	assert.Equal(t, '7', e.Digit)
	require.ErrorContains(t, ac.SendDTMF(ctx, "1x"), "'x'")
	require.NoError(t, bc.Hears(ctx, Tone(0)), "the voice goes on afterwards")
	require.NoError(t, ac.HangUp(ctx))
}

func TestUnpluggedPhoneIsDeadAndComesBack(t *testing.T) {
	ctx := testContext(t)
	alice, bob := pair(t, Answer)
	ac, bc := talk(ctx, t, alice, bob)
	require.NoError(t, ac.Hears(ctx, Tone(1)))
	bob.Unplug()
	require.NoError(t, ac.HearsSilence(ctx))
	require.NoError(t, bc.HearsSilence(ctx))
	assert.Equal(t, Up, ac.State(), "nobody was told")

	short, cancel := context.WithCancel(ctx)
	cancel()
	require.Error(t, bc.HangUp(short), "a BYE into the void")
	assert.Equal(t, Up, ac.State())

	bob.PlugIn()
	again, err := alice.Dial(ctx, "bob", CallOptions{})
	require.NoError(t, err)
	require.NoError(t, again.AwaitAnswer(ctx))
	require.NoError(t, again.Hears(ctx, Tone(1)))
	cursor := bob.Events().Cursor()
	_, err = cursor.Await(ctx, Is(Unplugged))
	require.NoError(t, err)
	_, err = cursor.Await(ctx, Is(PluggedIn))
	require.NoError(t, err)
	require.NoError(t, again.HangUp(ctx))
}

func TestConversationGoesOnThroughAShortUnplugging(t *testing.T) {
	ctx := testContext(t)
	alice, bob := pair(t, Answer)
	ac, _ := talk(ctx, t, alice, bob)
	require.NoError(t, ac.Hears(ctx, Tone(1)))
	from := time.Now()
	bob.Unplug()
	require.NoError(t, ac.HearsSilence(ctx))
	bob.PlugIn()
	require.NoError(t, ac.Hears(ctx, Tone(1)))
	without, err := ac.Ear().LongestWithout(Tone(1), from, time.Now())
	require.NoError(t, err)
	assert.GreaterOrEqual(t, without, steady, "the record has the interruption")
	assert.GreaterOrEqual(t, ac.Ear().LongestPacketGap(from, time.Now()), steady)
}

func TestOddCallerIdentitiesArriveAsText(t *testing.T) {
	for name, o := range map[string]CallOptions{
		"quotes":      {From: "100", DisplayName: `Bob "the" \ O'Neil; <sip:x@y>, z`},
		"unicode":     {From: "100", DisplayName: "Zoë Müller 渡辺 🎧"},
		"long":        {From: strings.Repeat("9", 200), DisplayName: strings.Repeat("very long ", 50)},
		"expansion":   {From: "${SHELL(id)}", DisplayName: "${SHELL(id)} $${x} #{y}"},
		"plus":        {From: "+49 30 123-4"},
		"at sign":     {From: "a@b;c:d", DisplayName: "a@b"},
		"whole range": {From: "%00\x01\x7f\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := testContext(t)
			alice, bob := pair(t, Busy)
			_, err := alice.Dial(ctx, "bob", o)
			require.NoError(t, err)
			bc, err := bob.AwaitCall(ctx, 1)
			require.NoError(t, err)
			assert.Equal(t, o.From, bc.Invite.From)
			assert.Equal(t, o.DisplayName, bc.Invite.DisplayName)
			assert.Equal(t, "bob", bc.Invite.To)
			_, err = bc.AwaitEnd(ctx)
			require.NoError(t, err)
		})
	}
	t.Run("anonymous", func(t *testing.T) {
		ctx := testContext(t)
		alice, bob := pair(t, Busy)
		_, err := alice.Dial(ctx, "bob", CallOptions{Anonymous: true, To: "4930", Headers: Headers{{"X-Test", "1"}}})
		require.NoError(t, err)
		bc, err := bob.AwaitCall(ctx, 1)
		require.NoError(t, err)
		assert.Equal(t, "anonymous", bc.Invite.From)
		assert.Equal(t, "4930", bc.Invite.To)
		assert.Equal(t, "bob", bc.Invite.Target)
		assert.Equal(t, "id", bc.Invite.Header.Get("privacy"))
		assert.Equal(t, "1", bc.Invite.Header.Get("X-Test"))
	})
	t.Run("a line break is refused", func(t *testing.T) {
		alice, _ := pair(t, Busy)
		_, err := alice.Dial(t.Context(), "bob", CallOptions{DisplayName: "a\r\nVia: x"})
		require.ErrorIs(t, err, errHeaderBreak)
		_, err = alice.Dial(t.Context(), "bob", CallOptions{Headers: Headers{{"X", "a\nb"}}})
		require.ErrorIs(t, err, errHeaderBreak)
	})
}

func TestAutoAnswerHeaderIsRecognised(t *testing.T) {
	for header, want := range map[Header]State{
		{"Alert-Info", "<http://x>;info=alert-autoanswer"}: Up,
		{"Call-Info", "<sip:x>;answer-after=0"}:            Up,
		{"Alert-Info", "<http://x>;info=ring2"}:            Early,
	} {
		ctx := testContext(t)
		alice, bob := pair(t, AutoAnswer(Ring))
		ac, err := alice.Dial(ctx, "bob", CallOptions{Headers: Headers{header}})
		require.NoError(t, err)
		bc, err := bob.AwaitCall(ctx, 1)
		require.NoError(t, err)
		_, err = bc.Await(ctx, Is(Ringing, Answered))
		require.NoError(t, err)
		assert.Equal(t, want, bc.State(), header.Value)
		require.NoError(t, ac.HangUp(ctx))
	}
}

func TestSignallingOnlyCallsHaveNoEar(t *testing.T) {
	ctx := testContext(t)
	bob := newPhone(t, Config{User: "bob", Reaction: Answer, SignallingOnly: true})
	alice := newPhone(t, Config{User: "alice", Server: bob.Addr(), SignallingOnly: true})
	ac, err := alice.Dial(ctx, "bob", CallOptions{})
	require.NoError(t, err)
	require.NoError(t, ac.AwaitAnswer(ctx))
	assert.Nil(t, ac.Ear())
	require.ErrorIs(t, ac.Hears(ctx), errNoEar)
	require.Error(t, ac.SendDTMF(ctx, "1"))
	require.NoError(t, ac.HangUp(ctx))
}

func TestAHundredPhonesRingOneIsAnsweredTheOthersAreCancelled_N6(t *testing.T) {
	ctx := testContext(t)
	log := NewLog()
	var calls []*Call
	caller := newPhone(t, Config{User: "caller", Events: log})
	for i := range 100 {
		p := newPhone(t, Config{User: fmt.Sprint(1000 + i), Events: log, RetransmitAfter: 500 * time.Millisecond})
		c, err := caller.Dial(ctx, p.User()+"@"+p.Addr(), CallOptions{})
		require.NoError(t, err)
		calls = append(calls, c)
	}
	for _, c := range calls {
		_, err := c.Await(ctx, Is(Ringing))
		require.NoError(t, err)
	}
	winner, err := log.Await(ctx, 0, Is(Invited).From("1042"))
	require.NoError(t, err)
	require.NoError(t, winner.Call.Answer())
	require.NoError(t, calls[42].AwaitAnswer(ctx))
	for i, c := range calls {
		if i != 42 {
			require.NoError(t, c.HangUp(ctx))
		}
	}
	assert.Equal(t, 99, log.Count(Is(Cancelled).By(Remote)))
	require.NoError(t, calls[42].HangUp(ctx))
}

func TestShutdownSaysGoodbye(t *testing.T) {
	ctx := testContext(t)
	alice, bob := pair(t, Answer)
	_, bc := talk(ctx, t, alice, bob)
	alice.Shutdown(ctx)
	e, err := bc.AwaitEnd(ctx)
	require.NoError(t, err)
	assert.Equal(t, Remote, e.By)
	_, err = alice.Dial(ctx, "bob", CallOptions{})
	require.ErrorIs(t, err, errClosed)
}

func TestConfigErrorsNameFieldAndRule(t *testing.T) {
	for want, cfg := range map[string]Config{
		"User: must not be empty":           {},
		"DisplayName: a line break":         {User: "a", DisplayName: "x\ny"},
		"ListenFor: 9000 Hz":                {User: "a", ListenFor: []float64{9000}},
		"Expires: 1ms":                      {User: "a", Expires: time.Millisecond},
		"Codecs: payload type 3":            {User: "a", Codecs: []Codec{3}},
		"Addr: resolving":                   {User: "a", Addr: "nowhere"},
		"Server: resolving":                 {User: "a", Server: "127.0.0.1:notaport"},
		"RetransmitAfter: must be positive": {User: "a", RetransmitAfter: -1},
	} {
		_, err := New(cfg)
		assert.ErrorContains(t, err, want)
	}
}
