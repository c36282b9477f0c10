package lab

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/docker/asterisk"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// registered opens the first n desk phones.
func registered(t *testing.T, a *Asterisk, n int, change func(i int, c *softphone.Config)) []*softphone.Phone {
	t.Helper()
	return registerAll(t, a.SIPAddr, a.Phones(n), change)
}

func registerAll(t *testing.T, server string, logins []Phone, change func(i int, c *softphone.Config)) []*softphone.Phone {
	t.Helper()
	var out []*softphone.Phone
	for i, login := range logins {
		c := softphone.Config{User: login.User, Password: login.Password, Server: server, Reaction: softphone.Answer,
			Voice: softphone.ToneVoice(softphone.Tone(i))}
		if change != nil {
			change(i, &c)
		}
		p, err := softphone.New(c)
		require.NoError(t, err)
		t.Cleanup(p.Close)
		require.NoError(t, p.Register(testContext(t)))
		out = append(out, p)
	}
	return out
}

// dial calls a phone and awaits its answer.
func (x *app) dial(t *testing.T, leg, phone string) {
	t.Helper()
	status, body := x.call(t, "POST", "/channels", "endpoint", "PJSIP/"+phone, "app", "test", "channelId", leg)
	require.Equal(t, 200, status, body)
	x.await(t, "StasisStart", leg)
}

// bridge puts legs into a bridge.
func (x *app) bridge(t *testing.T, id string, legs ...string) {
	t.Helper()
	status, body := x.call(t, "POST", "/bridges/"+id, "type", "mixing")
	require.Equal(t, 200, status, body)
	for _, leg := range legs {
		status, body = x.call(t, "POST", "/bridges/"+id+"/addChannel", "channel", leg)
		require.Equal(t, 204, status, body)
	}
}

// After a restart phones can be called at once, long before they register again.
func TestRegistrationsSurviveRestart(t *testing.T) {
	t.Parallel()
	a := ForTest(t)
	phones := registered(t, a, 3, nil)
	before, err := a.Contacts(testContext(t))
	require.NoError(t, err)
	require.Len(t, before, 3)

	require.NoError(t, a.Restart(testContext(t)))
	after, err := a.Contacts(testContext(t))
	require.NoError(t, err)
	assert.Equal(t, before, after)

	x := listen(t, a, "test")
	x.dial(t, "leg-0001", "1001")
	c, err := phones[0].AwaitCall(testContext(t), 1)
	require.NoError(t, err)
	require.NoError(t, c.HangUp(testContext(t)))
	a.NoLeftovers(t)
}

// A phone that registers from a new address replaces itself.
func TestOnePhonePerName(t *testing.T) {
	a := ForTest(t)
	registered(t, a, 1, nil)
	second := registered(t, a, 1, nil)[0]
	all, err := a.CLI(testContext(t), "pjsip show aor 1001")
	require.NoError(t, err)
	assert.Contains(t, all, second.Addr())
	contacts, err := a.Contacts(testContext(t))
	require.NoError(t, err)
	assert.Len(t, contacts, 1)
}

// Each music class is told from the other, and from every voice.
func TestHoldMusicIsRecognisable(t *testing.T) {
	t.Parallel()
	a := ForTest(t)
	tones := map[string][]float64{}
	var listenFor []float64
	for _, class := range []string{asterisk.MusicDefault, asterisk.MusicCalm} {
		tones[class] = asterisk.MusicTones(class)
		require.Len(t, tones[class], 2)
		listenFor = append(listenFor, tones[class]...)
	}
	phone := registered(t, a, 1, func(_ int, c *softphone.Config) { c.ListenFor = listenFor })[0]
	x := listen(t, a, "test")
	x.dial(t, "leg-0001", "1001")
	c, err := phone.AwaitCall(testContext(t), 1)
	require.NoError(t, err)
	for class, want := range tones {
		status, body := x.call(t, "POST", "/channels/leg-0001/moh", "mohClass", class)
		require.Equal(t, 204, status, body)
		require.NoError(t, c.Hears(testContext(t), want...), class)
	}
	status, body := x.call(t, "DELETE", "/channels/leg-0001/moh")
	require.Equal(t, 204, status, body)
	require.NoError(t, c.HearsSilence(testContext(t)))
	require.NoError(t, c.HangUp(testContext(t)))
	a.NoLeftovers(t)
}

// The prompt is there under the name by which the REST interface plays it.
func TestApologyCanBePlayed(t *testing.T) {
	a := ForTest(t)
	phone := registered(t, a, 1, nil)[0]
	x := listen(t, a, "test")
	x.dial(t, "leg-0001", "1001")
	c, err := phone.AwaitCall(testContext(t), 1)
	require.NoError(t, err)
	status, body := x.call(t, "POST", "/channels/leg-0001/play/play-0001", "media", "sound:tandem/apology")
	require.Equal(t, 201, status, body)
	require.NoError(t, c.HearsOther(testContext(t)))
	require.NoError(t, c.HangUp(testContext(t)))
	a.NoLeftovers(t)
}

// A phone that loses its network in a conversation is noticed, whatever bridge technology moves the media; the other party stays.
func TestVanishedPhoneInConversation(t *testing.T) {
	for technology, c := range map[string]struct{ recording, mayEncrypt bool }{
		"native_rtp":    {},
		"simple_bridge": {mayEncrypt: true}, // who may encrypt is in no native bridge
		"softmix":       {recording: true},
	} {
		t.Run(technology, func(t *testing.T) {
			t.Parallel()
			a := ForTest(t, func(o *Options) { o.RTPTimeout, o.MayEncrypt = 3, c.mayEncrypt })
			phones := registered(t, a, 2, nil)
			x := listen(t, a, "test")
			x.dial(t, "leg-0001", "1001")
			x.dial(t, "leg-0002", "1002")
			x.bridge(t, "mix-0001", "leg-0001", "leg-0002")
			if c.recording {
				status, body := x.call(t, "POST", "/bridges/mix-0001/record", "name", "rec-0001", "format", "wav")
				require.Equal(t, 201, status, body)
			}
			first, err := phones[0].AwaitCall(testContext(t), 1)
			require.NoError(t, err)
			second, err := phones[1].AwaitCall(testContext(t), 1)
			require.NoError(t, err)
			require.NoError(t, first.Hears(testContext(t), softphone.Tone(1)))
			require.NoError(t, second.Hears(testContext(t), softphone.Tone(0)))

			status, body := x.call(t, "GET", "/bridges/mix-0001")
			require.Equal(t, 200, status)
			assert.Contains(t, body, `"technology":"`+technology+`"`, "this case is about that technology")

			// Twice the limit, in which nobody may be taken for dead, though the media does not pass through the bridge's thread.
			time.Sleep(6 * time.Second)
			require.False(t, x.has("ChannelDestroyed", "leg-0001"))
			require.False(t, x.has("ChannelDestroyed", "leg-0002"))

			phones[0].Unplug()
			assert.Equal(t, 44, x.await(t, "ChannelDestroyed", "leg-0001").Cause)
			require.NoError(t, second.HearsSilence(testContext(t)))
			assert.False(t, x.has("ChannelDestroyed", "leg-0002"), "the other party stays")
			require.NoError(t, second.HangUp(testContext(t)))
			x.await(t, "ChannelDestroyed", "leg-0002")
			status, body = x.call(t, "DELETE", "/bridges/mix-0001")
			require.Equal(t, 204, status, body)
			a.NoLeftovers(t)
		})
	}
}

// A phone on hold sends nothing and is not taken for dead.
func TestHeldPhoneIsNotDead(t *testing.T) {
	t.Parallel()
	a := ForTest(t, func(o *Options) { o.RTPTimeout, o.RTPTimeoutHold = 3, 60 })
	phones := registered(t, a, 1, nil)
	x := listen(t, a, "test")
	x.dial(t, "leg-0001", "1001")
	c, err := phones[0].AwaitCall(testContext(t), 1)
	require.NoError(t, err)
	require.NoError(t, c.Hold(testContext(t)))
	x.await(t, "ChannelHold", "leg-0001")
	// Twice the limit: the assertion is that nothing happens, which no event announces.
	time.Sleep(6 * time.Second)
	assert.False(t, x.has("ChannelDestroyed", "leg-0001"))
	require.NoError(t, c.Resume(testContext(t)))
	x.await(t, "ChannelUnhold", "leg-0001")
	require.NoError(t, c.HangUp(testContext(t)))
	a.NoLeftovers(t)
}

// A phone that is gone while nobody calls it is noticed by asking it, and calls to it fail at once instead of ringing nobody.
func TestVanishedPhoneAtRest(t *testing.T) {
	t.Parallel()
	a := ForTest(t, func(o *Options) { o.Qualify = 1 })
	phones := registered(t, a, 1, nil)
	x := listen(t, a, "test")
	status, body := x.call(t, "POST", "/applications/test/subscription", "eventSource", "endpoint:PJSIP/1001")
	require.Equal(t, 200, status, body)
	phones[0].Unplug()
	x.awaitThat(t, "ContactStatusChange", func(e event) bool { return e.Contact.Status == "Unreachable" })
	status, body = x.call(t, "POST", "/channels", "endpoint", "PJSIP/1001", "app", "test", "channelId", "leg-0001")
	assert.Equal(t, 500, status)
	assert.Contains(t, body, "Allocation failed")
	phones[0].PlugIn()
	x.awaitThat(t, "ContactStatusChange", func(e event) bool { return e.Contact.Status == "Reachable" })
	a.NoLeftovers(t)
}

// An Asterisk that ends in an orderly way hangs its phones up; one that is killed does not, and the phones are left talking to nobody.
func TestEndOfAsteriskIsSeenByPhones(t *testing.T) {
	t.Parallel()
	a := ForTest(t)
	phones := registered(t, a, 1, nil)
	x := listen(t, a, "test")
	x.dial(t, "leg-0001", "1001")
	c, err := phones[0].AwaitCall(testContext(t), 1)
	require.NoError(t, err)
	require.NoError(t, a.Restart(testContext(t)))
	end, err := c.AwaitEnd(testContext(t))
	require.NoError(t, err)
	assert.Equal(t, softphone.HungUp, end.Kind)
	a.NoLeftovers(t)

	x = listen(t, a, "test")
	x.dial(t, "leg-0001", "1001")
	c, err = phones[0].AwaitCall(testContext(t), 2)
	require.NoError(t, err)
	require.NoError(t, c.AwaitAnswer(testContext(t)))
	a.Kill()
	require.NoError(t, a.Restart(testContext(t)))
	assert.Equal(t, softphone.Up, c.State(), "nobody told it")
	a.NoLeftovers(t)
}

// The queue that benchmarks compare with exists in benchmarks only, and works there.
func TestBenchQueue(t *testing.T) {
	plain := ForTest(t)
	out, err := plain.CLI(testContext(t), "module show like app_queue")
	require.NoError(t, err)
	assert.Contains(t, out, "0 modules loaded")

	a := ForTest(t, func(o *Options) {
		o.Bench = &asterisk.Bench{Number: "4930900", Strategy: "linear", Members: []string{"1001", "1002"}}
	})
	phones := registered(t, a, 2, nil)
	caller, err := softphone.New(softphone.Config{User: "caller", Server: a.SIPAddr, Voice: softphone.ToneVoice(softphone.Tone(5))})
	require.NoError(t, err)
	t.Cleanup(caller.Close)
	c, err := caller.Dial(testContext(t), "4930900", softphone.CallOptions{From: "+49301234"})
	require.NoError(t, err)
	require.NoError(t, c.AwaitAnswer(testContext(t)))
	agent, err := phones[0].AwaitCall(testContext(t), 1)
	require.NoError(t, err)
	require.NoError(t, agent.AwaitAnswer(testContext(t)))
	require.NoError(t, agent.Hears(testContext(t), softphone.Tone(5)))
	require.NoError(t, c.HangUp(testContext(t)))
	a.NoLeftovers(t)
	assert.Empty(t, complaints(t, a))
}
