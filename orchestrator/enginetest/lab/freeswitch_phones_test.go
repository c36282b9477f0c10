package lab

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/docker/asterisk"
	"github.com/tandem-voice/tandem/docker/freeswitch"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// fsDial calls a phone that answers by itself and waits until its leg waits for orders.
func fsDial(t *testing.T, f *FreeSWITCH, leg, phone string) {
	t.Helper()
	require.Equal(t, "+OK "+leg, f.originate(t, "{origination_uuid=%s}user/%s@%s &park()", leg, phone, freeswitch.Domain))
	f.awaitParkedLegs(t, leg)
}

// After a restart phones can be called at once, long before they register again.
func TestFreeSWITCHRegistrationsSurviveRestart(t *testing.T) {
	t.Parallel()
	f := FreeSWITCHForTest(t)
	phones := fsRegistered(t, f, 3, nil)
	before := f.awaitContacts(t, 3)
	require.NoError(t, f.Restart(testContext(t)))
	assert.Equal(t, before, f.awaitContacts(t, 3))
	fsDial(t, f, "leg-0001", "1001")
	c, err := phones[0].AwaitCall(testContext(t), 1)
	require.NoError(t, err)
	require.NoError(t, c.HangUp(testContext(t)))
	f.NoLeftovers(t)
}

// A phone that registers from a new address replaces itself.
func TestFreeSWITCHOnePhonePerName(t *testing.T) {
	t.Parallel()
	f := FreeSWITCHForTest(t)
	fsRegistered(t, f, 1, nil)
	f.awaitContacts(t, 1)
	second := fsRegistered(t, f, 1, nil)[0]
	await(t, func(ctx context.Context) bool { // the list is written a little after the phone has its answer
		out, err := f.API(ctx, fmt.Sprintf("sofia_contact %s/1001@%s", freeswitch.Profile, freeswitch.Domain))
		require.NoError(t, err)
		return strings.TrimSpace(out) == "sofia/tandem/sip:1001@"+second.Addr()
	})
}

// Each music class is told from the other, and from every voice; both are what Asterisk plays.
func TestFreeSWITCHHoldMusicIsRecognisable(t *testing.T) {
	t.Parallel()
	f := FreeSWITCHForTest(t)
	classes := []string{asterisk.MusicDefault, asterisk.MusicCalm}
	var listenFor []float64
	for _, class := range classes {
		listenFor = append(listenFor, asterisk.MusicTones(class)...)
	}
	phone := fsRegistered(t, f, 1, func(_ int, c *softphone.Config) { c.ListenFor = listenFor })[0]
	fsDial(t, f, "leg-0001", "1001")
	c, err := phone.AwaitCall(testContext(t), 1)
	require.NoError(t, err)
	for _, class := range classes {
		f.call(t, "uuid_broadcast leg-0001 local_stream://%s aleg", class)
		require.NoError(t, c.Hears(testContext(t), asterisk.MusicTones(class)...), class)
		f.call(t, "uuid_break leg-0001 all")
		require.NoError(t, c.HearsSilence(testContext(t)))
	}
	require.NoError(t, c.HangUp(testContext(t)))
	f.NoLeftovers(t)
}

// A phone that loses its network in a conversation is noticed; the other party stays.
func TestFreeSWITCHVanishedPhoneInConversation(t *testing.T) {
	t.Parallel()
	f := FreeSWITCHForTest(t, func(o *FreeSWITCHOptions) { o.RTPTimeout = 3 })
	phones := fsRegistered(t, f, 2, nil)
	fsDial(t, f, "leg-0001", "1001")
	fsDial(t, f, "leg-0002", "1002")
	f.call(t, "uuid_setvar leg-0001 park_after_bridge true")
	f.call(t, "uuid_setvar leg-0002 park_after_bridge true")
	f.call(t, "uuid_bridge leg-0001 leg-0002")
	first, err := phones[0].AwaitCall(testContext(t), 1)
	require.NoError(t, err)
	second, err := phones[1].AwaitCall(testContext(t), 1)
	require.NoError(t, err)
	require.NoError(t, first.Hears(testContext(t), softphone.Tone(1)))
	require.NoError(t, second.Hears(testContext(t), softphone.Tone(0)))
	// Twice the limit, in which nobody may be taken for dead.
	time.Sleep(6 * time.Second)
	require.NoError(t, first.Hears(testContext(t), softphone.Tone(1)))

	phones[0].Unplug()
	await(t, func(ctx context.Context) bool {
		rows, err := f.channels(ctx)
		require.NoError(t, err)
		return len(rows) == 1 && rows[0]["uuid"] == "leg-0002"
	})
	require.NoError(t, second.HearsSilence(testContext(t)))
	require.NoError(t, second.HangUp(testContext(t)))
	f.NoLeftovers(t)
}

// A phone on hold sends nothing and is not taken for dead.
func TestFreeSWITCHHeldPhoneIsNotDead(t *testing.T) {
	t.Parallel()
	f := FreeSWITCHForTest(t, func(o *FreeSWITCHOptions) { o.RTPTimeout, o.RTPTimeoutHold = 3, 60 })
	phone := fsRegistered(t, f, 1, nil)[0]
	fsDial(t, f, "leg-0001", "1001")
	c, err := phone.AwaitCall(testContext(t), 1)
	require.NoError(t, err)
	require.NoError(t, c.Hold(testContext(t)))
	// Twice the limit: the assertion is that nothing happens, which no event announces.
	time.Sleep(6 * time.Second)
	assert.Equal(t, softphone.Up, c.State())
	require.NoError(t, c.Resume(testContext(t)))
	require.NoError(t, c.HangUp(testContext(t)))
	f.NoLeftovers(t)
}

// A phone that is gone while nobody calls it is noticed by asking it: when SIP has given up waiting for its answer, which takes 32 s.
func TestFreeSWITCHVanishedPhoneAtRest(t *testing.T) {
	t.Parallel()
	f := FreeSWITCHForTest(t, func(o *FreeSWITCHOptions) { o.Qualify = 3 })
	phone := fsRegistered(t, f, 1, nil)[0]
	f.awaitContacts(t, 1)
	phone.Unplug()
	begin := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	awaitWithin(ctx, t, func(ctx context.Context) bool {
		contacts, err := f.Contacts(ctx)
		require.NoError(t, err)
		return len(contacts) == 0
	})
	t.Logf("noticed after %v", time.Since(begin))
	assert.Equal(t, "-ERR USER_NOT_REGISTERED", f.originate(t, "user/1001@%s &park()", freeswitch.Domain))
	f.NoLeftovers(t)
}

// The queue that benchmarks compare with exists in benchmarks only, and works there.
func TestFreeSWITCHBenchQueue(t *testing.T) {
	t.Parallel()
	plain := FreeSWITCHForTest(t)
	assert.Equal(t, "false", plain.call(t, "module_exists mod_callcenter"))

	f := FreeSWITCHForTest(t, func(o *FreeSWITCHOptions) {
		o.Bench = &freeswitch.Bench{Number: "4930900", Strategy: "longest-idle-agent", Members: []string{"1001", "1002"}}
	})
	fsRegistered(t, f, 2, nil)
	caller, err := softphone.New(softphone.Config{User: "caller", Server: f.SIPAddr, Voice: softphone.ToneVoice(softphone.Tone(5))})
	require.NoError(t, err)
	t.Cleanup(caller.Close)
	c, err := caller.Dial(testContext(t), "4930900", softphone.CallOptions{From: "+49301234"})
	require.NoError(t, err)
	require.NoError(t, c.AwaitAnswer(testContext(t)))
	require.NoError(t, c.HearsMatching(testContext(t), "one of the agents", func(h softphone.Heard) bool {
		return slices.Equal(h.Tones, []float64{softphone.Tone(0)}) || slices.Equal(h.Tones, []float64{softphone.Tone(1)})
	}))
	require.NoError(t, c.HangUp(testContext(t)))
	f.NoLeftovers(t)
	assert.Empty(t, fsComplaints(t, f))
}

// Where a phone is, it says itself, and its words are no dial string: behind a comma FreeSWITCH would call the carrier as well, and connect whoever answers first.
func TestFreeSWITCHAPhonesContactIsNoDialString(t *testing.T) {
	t.Parallel()
	carrier := newPeer(t, answering("180 Ringing", "200 OK"))
	f := FreeSWITCHForTest(t, func(o *FreeSWITCHOptions) { o.CarrierContact = "sip:" + carrier.addr() })
	for i, form := range []string{
		"<sip:%s@%s;x=1,sofia/gateway/carrier/+49900>", "<sip:%s@%s;x=1|sofia/gateway/carrier/+49900>", "<sip:%s@%s;x=:_:sofia/gateway/carrier/+49900>",
		"<sip:%s@%s;x=1,[ignore_early_media=consume]sofia/gateway/carrier/+49900>", "<sip:%s@%s;x=${hostname}>",
	} {
		login, desk := f.Phones(5)[i], newPeer(t, answering("180 Ringing", "200 OK"))
		contact := fmt.Sprintf(form, login.User, desk.addr())
		phone, err := softphone.New(softphone.Config{User: login.User, Password: login.Password, Server: f.SIPAddr, RawContact: contact})
		require.NoError(t, err)
		t.Cleanup(phone.Close)
		require.NoError(t, phone.Register(testContext(t)))
		f.awaitContacts(t, i+1)
		leg := fmt.Sprintf("leg-%04d", i)
		fsDial(t, f, leg, login.User)
		assert.Equal(t, "INVITE "+strings.Trim(contact, "<>")+" SIP/2.0", desk.await(t, "INVITE").first())
		f.call(t, "uuid_kill %s", leg)
		desk.await(t, "BYE")
	}
	f.NoLeftovers(t)
	assert.Zero(t, carrier.count("INVITE"))
}
