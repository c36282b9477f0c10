package lab

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What Asterisk makes of a phone's refusals. docs/engines.md states the same for readers; the adapter builds on it.
func TestCausesOfDialledLegs(t *testing.T) {
	t.Parallel()
	const ringing = "180 Ringing"
	cases := []struct {
		name       string
		statuses   []string
		cause      int
		tech       int
		ownTimeout bool
	}{
		{name: "busy", statuses: []string{"486 Busy Here"}, cause: 17, tech: 486},
		{name: "busy everywhere", statuses: []string{"600 Busy Everywhere"}, cause: 17, tech: 600},
		{name: "declined", statuses: []string{ringing, "603 Decline"}, cause: 21, tech: 603},
		{name: "forbidden", statuses: []string{"403 Forbidden"}, cause: 21, tech: 403},
		{name: "unavailable", statuses: []string{"480 Temporarily Unavailable"}, cause: 19, tech: 480},
		{name: "rang, then unavailable", statuses: []string{ringing, "480 Temporarily Unavailable"}, cause: 19, tech: 480},
		{name: "not found", statuses: []string{"404 Not Found"}, cause: 1, tech: 404},
		{name: "exists nowhere", statuses: []string{"604 Does Not Exist Anywhere"}, cause: 1, tech: 604},
		{name: "timed out by itself", statuses: []string{ringing, "408 Request Timeout"}, cause: 18, tech: 408},
		{name: "no codec", statuses: []string{"488 Not Acceptable Here"}, cause: 58, tech: 488},
		{name: "broken", statuses: []string{"500 Server Internal Error"}, cause: 38, tech: 500},
		{name: "out of service", statuses: []string{"503 Service Unavailable"}, cause: 34, tech: 503},
		{name: "rings for ever", statuses: []string{ringing}, cause: 19, tech: 480, ownTimeout: true},
		{name: "says nothing", cause: 19, tech: 480, ownTimeout: true},
	}
	var peers []*peer
	for _, c := range cases {
		peers = append(peers, newPeer(t, answering(c.statuses...)))
	}
	a := ForTest(t, func(o *Options) {
		o.Phones = len(cases)
		o.PhoneContacts = func(i int) string { return fmt.Sprintf("sip:%d@%s", 1001+i, peers[i].addr()) }
	})
	x := listen(t, a, "test")
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			id := fmt.Sprintf("leg-%04d", i)
			limit := "30"
			if c.ownTimeout {
				limit = "4" // in which Asterisk must have heard it ring, if it does
			}
			status, body := x.call(t, "POST", "/channels", "endpoint", fmt.Sprintf("PJSIP/%d", 1001+i), "app", "test", "channelId", id, "timeout", limit)
			require.Equal(t, 200, status, body)
			e := x.await(t, "ChannelDestroyed", id)
			assert.Equal(t, c.cause, e.Cause)
			assert.Equal(t, c.tech, e.TechCause)
			rang := len(c.statuses) > 0 && c.statuses[0] == ringing
			assert.Equal(t, rang, x.has("ChannelStateChange", id), "a state change says that the phone rang, and nothing else does")
			if !c.ownTimeout {
				assert.Equal(t, 1, peers[i].count("INVITE"), "nothing is tried again")
				assert.Equal(t, c.cause, x.await(t, "ChannelHangupRequest", id).Cause)
			}
		})
	}
	a.NoLeftovers(t)
}

// A phone that redirects loses the call, and nobody else gets it. How the leg ends is a race inside Asterisk when the leg was made in
// one step: either with cause 23, or with cause 0 and a Local channel that looks for the target and is turned away. A leg that was made
// first and dialled then always ends the first way.
func TestRedirectionIsNotFollowed(t *testing.T) {
	t.Parallel()
	target := newPeer(t, answering("200 OK"))
	phone := newPeer(t, func(p *peer, m message) {
		if m.method() == "INVITE" {
			p.respond(m, "302 Moved Temporarily", "", "Contact: <sip:+491234567@"+target.addr()+">")
		}
	})
	a := ForTest(t, func(o *Options) {
		o.Phones = 1
		o.PhoneContacts = func(int) string { return "sip:1001@" + phone.addr() }
		o.CarrierContact = "sip:" + target.addr()
	})
	x := listen(t, a, "test")
	seen := map[int]int{}
	for i := range 50 {
		id := fmt.Sprintf("leg-%04d", i)
		status, body := x.call(t, "POST", "/channels", "endpoint", "PJSIP/1001", "app", "test", "channelId", id, "timeout", "30")
		require.Equal(t, 200, status, body)
		e := x.await(t, "ChannelDestroyed", id)
		seen[e.Cause]++
		assert.Contains(t, []int{0, 23}, e.Cause)

		id = fmt.Sprintf("two-%04d", i)
		status, body = x.call(t, "POST", "/channels/create", "endpoint", "PJSIP/1001", "app", "test", "channelId", id)
		require.Equal(t, 200, status, body)
		x.await(t, "StasisStart", id)
		status, body = x.call(t, "POST", "/channels/"+id+"/dial", "timeout", "30")
		require.Equal(t, 204, status, body)
		e = x.await(t, "ChannelDestroyed", id)
		assert.Equal(t, 23, e.Cause)
		assert.Equal(t, 302, e.TechCause)
	}
	t.Logf("causes of legs made in one step: %v", seen)
	assert.Equal(t, 100, phone.count("INVITE"))
	assert.Zero(t, target.count("INVITE"))
	a.NoLeftovers(t)
}

// N17: without Tandem, a number with a backup is forwarded, others hear an apology.
func TestFallbackWhileTandemIsAway(t *testing.T) {
	t.Parallel()
	carrier := newPeer(t, answering("180 Ringing", "200 OK"))
	a := ForTest(t, func(o *Options) { o.CarrierContact = "sip:" + carrier.addr() })
	x := listen(t, a, "not-tandem")

	t.Run("apology", func(t *testing.T) {
		caller := newPeer(t, nil)
		caller.invite(t, a.SIPAddr, "+4930100", "<sip:+49170@127.0.0.1>")
		caller.await(t, "SIP/2.0 183")
		m := caller.await(t, "SIP/2.0 503")
		assert.Contains(t, m.header("Reason"), "cause=34")
		caller.awaitMedia(t, 200) // RTP packets of 20 ms: some seconds of speech
	})

	t.Run("backup", func(t *testing.T) {
		x.setBackup(t, "+4930200", "carrier/+4940555")
		require.NoError(t, a.Restart(testContext(t)), "the backup outlives Asterisk")
		caller := newPeer(t, answering())
		id := caller.invite(t, a.SIPAddr, "+4930200", `"Ada" <sip:+49170@127.0.0.1>`)
		ok := caller.await(t, "SIP/2.0 200")
		in := carrier.await(t, "INVITE")
		assert.Contains(t, in.first(), "INVITE sip:+4940555@"+carrier.addr())
		assert.Contains(t, in.header("From"), "+49170", "the backup sees who calls")
		tag := ok.header("To")
		caller.request(t, a.SIPAddr, "ACK", "+4930200", `"Ada" <sip:+49170@127.0.0.1>`, id, 1, tag[strings.Index(tag, ";tag="):], "")
		caller.request(t, a.SIPAddr, "BYE", "+4930200", `"Ada" <sip:+49170@127.0.0.1>`, id, 2, tag[strings.Index(tag, ";tag="):], "")
		carrier.await(t, "BYE")
	})

	t.Run("a backup is forgotten", func(t *testing.T) {
		x.setBackup(t, "+4930200", "")
	})

	t.Run("a phone hears the apology", func(t *testing.T) {
		// Phones are asked for a password first: that they are handed to the same place is seen in the dialplan.
		out, err := a.CLI(testContext(t), "dialplan show from-phones")
		require.NoError(t, err)
		assert.Contains(t, out, "Goto(away,apology,1)")
	})
	a.NoLeftovers(t)
}

// N17: an application may be connected and nobody be there any more. After the moment until which Tandem has said that it is there, the dialplan serves who calls; before, and where nothing was
// said, Tandem has them.
func TestFallbackWhenTandemSaysNothing(t *testing.T) {
	t.Parallel()
	a := ForTest(t)
	x := listen(t, a, "tandem")
	handedOver := func(t *testing.T, to string) {
		t.Helper()
		caller := newPeer(t, nil)
		caller.invite(t, a.SIPAddr, to, "<sip:+49170@127.0.0.1>")
		n := x.awaitThat(t, "StasisStart", func(e event) bool { return e.Channel.Dialplan.Exten == to })
		status, body := x.call(t, "DELETE", "/channels/"+n.Channel.ID)
		require.Equal(t, 204, status, body)
	}
	for kind, number := range map[string]string{"a number": "+4930100", "a name": "sales"} {
		t.Run(kind, func(t *testing.T) {
			status, body := x.call(t, "POST", "/asterisk/variable", "variable", presence, "value", "")
			require.Equal(t, 204, status, body)
			handedOver(t, number+"1") // nothing was said, or it was taken back
			require.NoError(t, a.BelievesInTandem(testContext(t), time.Minute))
			handedOver(t, number+"2")
			require.NoError(t, a.BelievesInTandem(testContext(t), -time.Second))
			require.NoError(t, a.ForgetsTandem(testContext(t)))
			caller := newPeer(t, nil)
			caller.invite(t, a.SIPAddr, number+"3", "<sip:+49170@127.0.0.1>")
			caller.await(t, "SIP/2.0 183")
			assert.Contains(t, caller.await(t, "SIP/2.0 503").header("Reason"), "cause=34")
		})
	}
	a.NoLeftovers(t)
}

// Every call reaches the application, as data, whatever is in its numbers and names.
func TestOddTextArrivesAsText(t *testing.T) {
	a := ForTest(t)
	x := listen(t, a, "tandem")
	for _, c := range []struct {
		name, to, from   string
		exten, nam, numb string
	}{
		{"plain", "+4930100", `"Ada" <sip:+49170@h>`, "+4930100", "Ada", "+49170"},
		{"expansion in number", "+4930%24%7BSHELL(id)%7D", `<sip:+49170@h>`, "+4930${SHELL(id)}", "", "+49170"},
		{"expansion in name", "+4930102", `"${SHELL(id)}" <sip:%24%7BEXTEN%7D@h>`, "+4930102", "${SHELL(id)}", "${EXTEN}"},
		{"commas and brackets", "+49,x)(%7C&", `"a,b" <sip:1,2@h>`, "+49,x)(|&", "a,b", "1,2"},
		{"name instead of number", "sales", `<sip:bob@h>`, "sales", "", "bob"},
		{"extension of asterisk's own", "h", `<sip:bob@h>`, "", "", ""},
		{"slashes", "+49/../../etc", `<sip:bob@h>`, "+49/../../etc", "", "bob"},
		{"anonymous", "+4930103", `"Anonymous" <sip:anonymous@anonymous.invalid>`, "+4930103", "Anonymous", "anonymous"},
	} {
		t.Run(c.name, func(t *testing.T) {
			caller := newPeer(t, nil)
			caller.invite(t, a.SIPAddr, c.to, c.from)
			if c.exten == "" {
				caller.await(t, "SIP/2.0 404")
				return
			}
			n := x.awaitThat(t, "StasisStart", func(e event) bool { return e.Channel.Dialplan.Exten == c.exten })
			assert.Equal(t, []string{"trunk"}, n.Args)
			assert.Equal(t, c.nam, n.Channel.Caller.Name)
			assert.Equal(t, c.numb, n.Channel.Caller.Number)
			status, body := x.call(t, "DELETE", "/channels/"+n.Channel.ID, "reason_code", "17")
			require.Equal(t, 204, status, body)
			caller.await(t, "SIP/2.0 486")
		})
	}
	assert.Empty(t, complaints(t, a))
}

// Who comes in, and as what.
func TestWhoMayCall(t *testing.T) {
	a := ForTest(t)
	listen(t, a, "tandem")

	t.Run("a phone's name needs its password", func(t *testing.T) {
		p := newPeer(t, nil)
		p.invite(t, a.SIPAddr, "+4930100", "<sip:1001@127.0.0.1>")
		p.await(t, "SIP/2.0 401")
	})
	t.Run("a stranger cannot register", func(t *testing.T) {
		p := newPeer(t, nil)
		p.request(t, a.SIPAddr, "REGISTER", "9999", "<sip:9999@127.0.0.1>", "reg-stranger", 1, "", "")
		p.await(t, "SIP/2.0 4")
		left, err := a.Contacts(testContext(t))
		require.NoError(t, err)
		assert.NotContains(t, left, "9999")
	})
	t.Run("nobody registers as a carrier", func(t *testing.T) {
		p := newPeer(t, nil)
		p.request(t, a.SIPAddr, "REGISTER", "carrier", "<sip:carrier@127.0.0.1>", "reg-carrier", 1, "", "")
		p.await(t, "SIP/2.0 4")
	})
	t.Run("nobody subscribes", func(t *testing.T) {
		p := newPeer(t, nil)
		p.request(t, a.SIPAddr, "SUBSCRIBE", "1001", "<sip:x@127.0.0.1>", "sub", 1, "", "")
		p.await(t, "SIP/2.0 603")
	})
}

// A phone that dies in mid-call is noticed by its silence.
func TestSilentPhoneIsHungUp(t *testing.T) {
	t.Parallel()
	phone := newPeer(t, answering("200 OK"))
	a := ForTest(t, func(o *Options) {
		o.Phones = 1
		o.PhoneContacts = func(int) string { return "sip:1001@" + phone.addr() }
		o.RTPTimeout = 1
	})
	x := listen(t, a, "test")
	status, body := x.call(t, "POST", "/channels", "endpoint", "PJSIP/1001", "app", "test", "channelId", "leg-0001")
	require.Equal(t, 200, status, body)
	up := x.await(t, "StasisStart", "leg-0001")
	assert.Equal(t, "Up", up.Channel.State)
	e := x.await(t, "ChannelDestroyed", "leg-0001")
	phone.await(t, "BYE")
	assert.Equal(t, 44, e.Cause)
	t.Logf("%s", e.Raw)
	t.Logf("%s", x.await(t, "ChannelHangupRequest", "leg-0001").Raw)
	a.NoLeftovers(t)
}

// Transfers are Tandem's to make. A REFER is refused, in a call and outside one, with the header that crashes an Asterisk 22.10.1 that
// allows it; the call goes on.
func TestPhonesDoNotTransfer(t *testing.T) {
	a := ForTest(t)
	x := listen(t, a, "tandem")
	caller := newPeer(t, nil)
	const me, to = "<sip:+49170@h>", "+4930100"
	id := caller.invite(t, a.SIPAddr, to, me)
	leg := x.await(t, "StasisStart", "").Channel.ID
	status, body := x.call(t, "POST", "/channels/"+leg+"/answer")
	require.Equal(t, 204, status, body)
	tag := caller.await(t, "SIP/2.0 200").header("To")
	tag = tag[strings.Index(tag, ";tag="):]
	caller.request(t, a.SIPAddr, "ACK", to, me, id, 1, tag, "")

	const refer = "\r\nRefer-To: <sip:+491234567@127.0.0.1:9?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>\r\nRefer-Sub: false"
	caller.request(t, a.SIPAddr, "REFER", to, me, id, 2, tag+refer, "")
	caller.await(t, "SIP/2.0 603")

	stranger := newPeer(t, nil)
	stranger.request(t, a.SIPAddr, "REFER", to, me, "refer-alone", 1, refer, "")
	refused := stranger.awaitThat(t, "an answer", func(m message) bool { return strings.HasPrefix(m.text, "SIP/2.0 ") && m.first() >= "SIP/2.0 3" })
	t.Logf("outside a call: %s", refused.first())

	status, body = x.call(t, "GET", "/channels/"+leg)
	require.Equal(t, 200, status, body)
	assert.False(t, x.has("StasisEnd", leg))
	status, body = x.call(t, "DELETE", "/channels/"+leg)
	require.Equal(t, 204, status, body)
	caller.await(t, "BYE")
	a.NoLeftovers(t)
}
