package lab

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/docker/freeswitch"
)

// originate dials and waits for the outcome.
func (f *FreeSWITCH) originate(t *testing.T, format string, args ...any) string {
	t.Helper()
	out, err := f.API(testContext(t), "originate "+fmt.Sprintf(format, args...))
	require.NoError(t, err)
	return strings.TrimSpace(out)
}

// variable reads a leg's variable.
func (f *FreeSWITCH) variable(t *testing.T, leg, name string) string {
	t.Helper()
	return f.call(t, "uuid_getvar %s %s", leg, name)
}

// What FreeSWITCH makes of a phone's refusals. docs/engines.md states the same for readers; the adapter builds on it.
func TestFreeSWITCHCausesOfDialledLegs(t *testing.T) {
	t.Parallel()
	const ringing = "180 Ringing"
	cases := []struct {
		name     string
		statuses []string
		cause    string
	}{
		{"busy", []string{"486 Busy Here"}, "USER_BUSY"},
		{"busy everywhere", []string{"600 Busy Everywhere"}, "USER_BUSY"},
		{"declined", []string{ringing, "603 Decline"}, "CALL_REJECTED"},
		{"forbidden", []string{"403 Forbidden"}, "CALL_REJECTED"},
		{"unavailable", []string{"480 Temporarily Unavailable"}, "NO_USER_RESPONSE"},
		{"not found", []string{"404 Not Found"}, "UNALLOCATED_NUMBER"},
		{"exists nowhere", []string{"604 Does Not Exist Anywhere"}, "NO_ROUTE_DESTINATION"},
		{"timed out by itself", []string{ringing, "408 Request Timeout"}, "RECOVERY_ON_TIMER_EXPIRE"},
		{"no codec", []string{"488 Not Acceptable Here"}, "INCOMPATIBLE_DESTINATION"},
		{"broken", []string{"500 Server Internal Error"}, "NORMAL_TEMPORARY_FAILURE"},
		{"out of service", []string{"503 Service Unavailable"}, "NORMAL_TEMPORARY_FAILURE"},
		{"rings for ever", []string{ringing}, "NO_ANSWER"},
		{"says nothing", nil, "NO_ANSWER"},
	}
	var peers []*peer
	for _, c := range cases {
		peers = append(peers, newPeer(t, answering(c.statuses...)))
	}
	f := FreeSWITCHForTest(t, func(o *FreeSWITCHOptions) {
		o.Phones = len(cases)
		o.PhoneContacts = func(i int) string { return fmt.Sprintf("sip:%d@%s", 1001+i, peers[i].addr()) }
	})
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			limit := 30
			if c.cause == "NO_ANSWER" {
				limit = 1 // of the clock's seconds: it may be over in a moment
			}
			assert.Equal(t, "-ERR "+c.cause, f.originate(t, "{originate_timeout=%d}user/%d@%s &park()", limit, 1001+i, freeswitch.Domain))
			if len(c.statuses) > 0 {
				peers[i].await(t, "INVITE")
				assert.Equal(t, 1, peers[i].count("INVITE"), "nothing is tried again")
			}
		})
	}
	t.Run("not registered", func(t *testing.T) {
		assert.Equal(t, "-ERR SUBSCRIBER_ABSENT", f.originate(t, "user/9999@%s &park()", freeswitch.Domain))
	})
	f.NoLeftovers(t)
}

// A phone that redirects loses the call, and nobody else gets it.
func TestFreeSWITCHFollowsNoRedirection(t *testing.T) {
	t.Parallel()
	target := newPeer(t, answering("200 OK"))
	phone := newPeer(t, func(p *peer, m message) {
		if m.method() == "INVITE" {
			p.respond(m, "302 Moved Temporarily", "", "Contact: <sip:+491234567@"+target.addr()+">")
		}
	})
	f := FreeSWITCHForTest(t, func(o *FreeSWITCHOptions) {
		o.Phones = 1
		o.PhoneContacts = func(int) string { return "sip:1001@" + phone.addr() }
		o.CarrierContact = "sip:" + target.addr()
	})
	for range 10 {
		assert.Equal(t, "-ERR REQUESTED_CHAN_UNAVAIL", f.originate(t, "user/1001@%s &park()", freeswitch.Domain))
	}
	assert.Equal(t, 10, phone.count("INVITE"))
	assert.Zero(t, target.count("INVITE"))
	f.NoLeftovers(t)
}

// Every call is handed over as data, whatever is in its numbers and names. FreeSWITCH writes % for the $ of what it would expand, and keeps such
// text out of the variables that come from headers, with a complaint.
func TestFreeSWITCHOddTextArrivesAsText(t *testing.T) {
	t.Parallel()
	f := FreeSWITCHForTest(t)
	f.Patience(t, 60)
	for _, c := range []struct {
		name, to, from   string
		exten, nam, numb string
	}{
		{"plain", "+4930100", `"Ada" <sip:+49170@h>`, "+4930100", "Ada", "+49170"},
		{"command in number", "+4930%24%7Bsystem(touch%20/tmp/x)%7D", `<sip:+49170@h>`, "+4930%{system(touch /tmp/x)}", "+49170", "+49170"},
		{"expansion in name", "+4930102", `"${uuid_kill(x)}" <sip:%24%7Bdomain%7D@h>`, "+4930102", "%{uuid_kill(x)}", "%{domain}"},
		{"commas and brackets", "+49,x)(%7C&", `"a,b" <sip:1,2@h>`, "+49,x)(|&", "a,b", "1,2"},
		{"name instead of number", "sales", `<sip:bob@h>`, "sales", "bob", "bob"},
		{"slashes", "+49/../../etc", `<sip:bob@h>`, "+49/../../etc", "bob", "bob"},
		{"anonymous", "+4930103", `"Anonymous" <sip:anonymous@anonymous.invalid>`, "+4930103", "Anonymous", "anonymous"},
	} {
		t.Run(c.name, func(t *testing.T) {
			caller := newPeer(t, nil)
			caller.invite(t, f.SIPAddr, c.to, c.from)
			leg := f.awaitParked(t)
			assert.Equal(t, freeswitch.FromTrunk, f.variable(t, leg, freeswitch.VarFrom))
			assert.Equal(t, Carrier, f.variable(t, leg, freeswitch.VarTrunk))
			assert.Equal(t, c.exten, f.variable(t, leg, "destination_number"))
			assert.Equal(t, c.nam, f.variable(t, leg, "caller_id_name"))
			assert.Equal(t, c.numb, f.variable(t, leg, "caller_id_number"))
			f.call(t, "uuid_kill %s USER_BUSY", leg)
			caller.await(t, "SIP/2.0 486")
			await(t, func(ctx context.Context) bool { left, err := f.Leftovers(ctx); return err == nil && len(left) == 0 })
		})
	}
	for _, line := range fsComplaints(t, f) {
		assert.Contains(t, line, "contains a variable")
	}
}

// A call is Tandem's from the moment in which it has taken its patience away, and stays where it is however long that lasts.
func TestFreeSWITCHCallIsTaken(t *testing.T) {
	t.Parallel()
	f := FreeSWITCHForTest(t)
	f.Patience(t, 60)
	caller := newPeer(t, nil)
	caller.invite(t, f.SIPAddr, "+4930100", "<sip:+49170@h>")
	leg := f.awaitParked(t)
	f.call(t, "uuid_setvar %s %s true", leg, freeswitch.VarTaken)
	assert.Equal(t, "+OK Deleted: 1", f.call(t, "sched_del %s", leg))
	assert.Equal(t, "+OK Deleted: 0", f.call(t, "sched_del %s", leg), "it can be taken once")

	f.Patience(t, 2)
	late := newPeer(t, nil)
	late.invite(t, f.SIPAddr, "+4930101", "<sip:+49171@h>")
	late.await(t, "SIP/2.0 183")
	var lost string
	await(t, func(ctx context.Context) bool {
		rows, err := f.channels(ctx)
		require.NoError(t, err)
		for _, r := range rows {
			if r["uuid"] != leg && r["application"] == "playback" {
				lost = r["uuid"]
			}
		}
		return lost != ""
	})
	assert.Equal(t, "+OK Deleted: 0", f.call(t, "sched_del %s", lost), "the fallback has it")
	assert.Equal(t, "_undef_", f.variable(t, lost, freeswitch.VarFrom))
	late.await(t, "SIP/2.0 503")

	assert.Equal(t, freeswitch.FromTrunk, f.variable(t, leg, freeswitch.VarFrom))
	assert.Equal(t, 0, caller.count("SIP/2.0 183"))
	f.call(t, "uuid_kill %s NORMAL_CLEARING", leg)
	f.NoLeftovers(t)
}

// A call that is taken in the very moment in which its patience ends goes on waiting for Tandem.
func TestFreeSWITCHCallIsTakenAtTheLastMoment(t *testing.T) {
	t.Parallel()
	f := FreeSWITCHForTest(t)
	f.Patience(t, 6)
	caller := newPeer(t, nil)
	caller.invite(t, f.SIPAddr, "+4930100", "<sip:+49170@h>")
	leg := f.awaitParked(t)
	f.call(t, "uuid_setvar %s %s true", leg, freeswitch.VarTaken)
	await(t, func(ctx context.Context) bool {
		rows, err := f.channels(ctx)
		require.NoError(t, err)
		return len(rows) == 1 && rows[0]["context"] == "away" && rows[0]["application"] == "park"
	})
	assert.Equal(t, freeswitch.FromTrunk, f.variable(t, leg, freeswitch.VarFrom))
	f.call(t, "uuid_kill %s NORMAL_CLEARING", leg)
	f.NoLeftovers(t)
}

// Transfers are Tandem's to make. A REFER is refused, in a call and outside one; the call goes on.
func TestFreeSWITCHPhonesDoNotTransfer(t *testing.T) {
	t.Parallel()
	f := FreeSWITCHForTest(t)
	f.Patience(t, 60)
	caller := newPeer(t, nil)
	const me, to = "<sip:+49170@h>", "+4930100"
	id := caller.invite(t, f.SIPAddr, to, me)
	leg := f.awaitParked(t)
	f.call(t, "sched_del %s", leg)
	f.call(t, "uuid_answer %s", leg)
	tag := caller.await(t, "SIP/2.0 200").header("To")
	tag = tag[strings.Index(tag, ";tag="):]
	caller.request(t, f.SIPAddr, "ACK", to, me, id, 1, tag, "")

	const refer = "\r\nRefer-To: <sip:+491234567@127.0.0.1:9?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>\r\nRefer-Sub: false"
	caller.request(t, f.SIPAddr, "REFER", to, me, id, 2, tag+refer, "")
	refused := caller.awaitThat(t, "an answer to REFER", func(m message) bool { return strings.HasSuffix(m.header("CSeq"), "REFER") })
	t.Logf("in a call: %s", refused.first())
	assert.GreaterOrEqual(t, refused.first(), "SIP/2.0 4")

	stranger := newPeer(t, nil)
	stranger.request(t, f.SIPAddr, "REFER", to, me, "refer-alone", 1, refer, "")
	refused = stranger.awaitThat(t, "an answer", func(m message) bool { return strings.HasPrefix(m.text, "SIP/2.0 ") && m.first() >= "SIP/2.0 3" })
	t.Logf("outside a call: %s", refused.first())

	rows, err := f.channels(testContext(t))
	require.NoError(t, err)
	require.Len(t, rows, 1)
	assert.Equal(t, "park", rows[0]["application"])
	f.call(t, "uuid_kill %s", leg)
	caller.await(t, "BYE")
	f.NoLeftovers(t)
}

// OPTIONS is how carriers ask whether the switch is there.
func TestFreeSWITCHAnswersOptions(t *testing.T) {
	t.Parallel()
	f := FreeSWITCHForTest(t)
	p := newPeer(t, nil)
	p.request(t, f.SIPAddr, "OPTIONS", "ping", "<sip:carrier@h>", "options", 1, "", "")
	p.await(t, "SIP/2.0 200")
}

// A phone that dies in mid-call is noticed by its silence.
func TestFreeSWITCHSilentPhoneIsHungUp(t *testing.T) {
	t.Parallel()
	phone := newPeer(t, answering("200 OK"))
	f := FreeSWITCHForTest(t, func(o *FreeSWITCHOptions) {
		o.Phones = 1
		o.PhoneContacts = func(int) string { return "sip:1001@" + phone.addr() }
		o.RTPTimeout = 1
	})
	begin := time.Now()
	assert.Contains(t, f.originate(t, "user/1001@%s &park()", freeswitch.Domain), "+OK")
	phone.await(t, "BYE")
	t.Logf("after %v: %s", time.Since(begin), phone.await(t, "BYE").header("Reason"))
	f.NoLeftovers(t)
}
