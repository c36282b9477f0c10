package lab

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// A call that one switch sends to a desk phone of the other rings there, and is heard at both ends.
func TestPhonesOfTheOtherSwitch(t *testing.T) {
	t.Parallel()
	a, f := PairForTest(t, nil, nil)
	here := registered(t, a, 2, nil)
	there := fsRegistered(t, f, 2, func(i int, c *softphone.Config) { c.Voice = softphone.ToneVoice(softphone.Tone(10 + i)) })
	x := listen(t, a, "test")

	t.Run("from Asterisk", func(t *testing.T) {
		x.dial(t, "leg-0001", "1001")
		status, body := x.call(t, "POST", "/channels", "endpoint", "PJSIP/1002@"+PeerFreeSWITCH, "app", "test", "channelId", "leg-0002", "callerId", `"Ada" <+49170>`)
		require.Equal(t, 200, status, body)
		x.await(t, "StasisStart", "leg-0002")
		x.bridge(t, "mix-0001", "leg-0001", "leg-0002")
		near, err := here[0].AwaitCall(testContext(t), 1)
		require.NoError(t, err)
		far, err := there[1].AwaitCall(testContext(t), 1)
		require.NoError(t, err)
		require.NoError(t, near.Hears(testContext(t), softphone.Tone(11)))
		require.NoError(t, far.Hears(testContext(t), softphone.Tone(0)))
		assert.Equal(t, "+49170", far.Invite.From)
		require.NoError(t, far.HangUp(testContext(t)))
		x.await(t, "ChannelDestroyed", "leg-0002")
		require.NoError(t, near.HangUp(testContext(t)))
		status, body = x.call(t, "DELETE", "/bridges/mix-0001")
		require.Equal(t, 204, status, body)
	})

	t.Run("from FreeSWITCH", func(t *testing.T) {
		f.call(t, "bgapi originate {origination_uuid=leg-0003}user/1001@tandem &park()")
		near, err := there[0].AwaitCall(testContext(t), 1)
		require.NoError(t, err)
		f.awaitParkedLegs(t, "leg-0003")
		f.call(t, "bgapi originate {origination_uuid=leg-0004,origination_caller_id_name=Ada,origination_caller_id_number=+49170}sofia/gateway/%s/1002 &park()", PeerAsterisk)
		far, err := here[1].AwaitCall(testContext(t), 1)
		require.NoError(t, err)
		f.awaitParkedLegs(t, "leg-0003", "leg-0004")
		f.call(t, "uuid_bridge leg-0003 leg-0004")
		require.NoError(t, near.Hears(testContext(t), softphone.Tone(1)))
		require.NoError(t, far.Hears(testContext(t), softphone.Tone(10)))
		assert.Equal(t, "+49170", far.Invite.From)
		require.NoError(t, far.HangUp(testContext(t)))
		f.call(t, "hupall")
	})
	a.NoLeftovers(t)
	f.NoLeftovers(t)
	assert.Empty(t, complaints(t, a))
	assert.Empty(t, fsComplaints(t, f))
}

// saying makes phones of which each says something else.
func saying(t *testing.T, statuses ...[]string) (peers []*peer, contacts func(int) string) {
	t.Helper()
	for _, s := range statuses {
		peers = append(peers, newPeer(t, answering(s...)))
	}
	return peers, func(i int) string { return fmt.Sprintf("sip:%d@%s", 1001+i, peers[i].addr()) }
}

// What a phone says to the other switch is what the switch that dialled it hears.
func TestRefusalsOfPhonesOfTheOtherSwitch(t *testing.T) {
	t.Parallel()
	const ringing = "180 Ringing"
	cases := []struct {
		name     string
		statuses []string
		sip      int
		onFS     string // what FreeSWITCH calls it
	}{
		{"busy", []string{"486 Busy Here"}, 486, "USER_BUSY"},
		{"declined", []string{ringing, "603 Decline"}, 603, "CALL_REJECTED"},
		{"unavailable", []string{ringing, "480 Temporarily Unavailable"}, 480, "NO_USER_RESPONSE"},
		{"not found", []string{"404 Not Found"}, 404, "UNALLOCATED_NUMBER"},
	}
	var all [][]string
	for _, c := range cases {
		all = append(all, c.statuses)
	}
	_, contactsA := saying(t, all...)
	_, contactsF := saying(t, all...)
	a, f := PairForTest(t, func(o *Options) { o.Phones, o.PhoneContacts = len(cases), contactsA },
		func(o *FreeSWITCHOptions) { o.Phones, o.PhoneContacts = len(cases), contactsF })
	x := listen(t, a, "test")
	dial := func(t *testing.T, leg, phone string) event {
		t.Helper()
		status, body := x.call(t, "POST", "/channels", "endpoint", "PJSIP/"+phone+"@"+PeerFreeSWITCH, "app", "test", "channelId", leg)
		require.Equal(t, 200, status, body)
		return x.await(t, "ChannelDestroyed", leg)
	}
	originate := func(t *testing.T, phone string) string {
		t.Helper()
		out, err := f.API(testContext(t), fmt.Sprintf("originate sofia/gateway/%s/%s &park()", PeerAsterisk, phone))
		require.NoError(t, err)
		return strings.TrimSpace(out)
	}
	for i, c := range cases {
		phone := fmt.Sprint(1001 + i)
		t.Run(c.name+", dialled by Asterisk", func(t *testing.T) { assert.Equal(t, c.sip, dial(t, "leg-"+phone, phone).TechCause) })
		t.Run(c.name+", dialled by FreeSWITCH", func(t *testing.T) { assert.Equal(t, "-ERR "+c.onFS, originate(t, phone)) })
	}
	t.Run("nobody of that name, dialled by Asterisk", func(t *testing.T) { assert.Equal(t, 404, dial(t, "leg-none", "9999").TechCause) })
	t.Run("nobody of that name, dialled by FreeSWITCH", func(t *testing.T) { assert.Equal(t, "-ERR UNALLOCATED_NUMBER", originate(t, "9999")) })
	t.Run("a trunk is no phone, dialled by Asterisk", func(t *testing.T) { assert.Equal(t, 404, dial(t, "leg-trunk", Carrier).TechCause) })
	t.Run("a trunk is no phone, dialled by FreeSWITCH", func(t *testing.T) { assert.Equal(t, "-ERR UNALLOCATED_NUMBER", originate(t, Carrier)) })
	a.NoLeftovers(t)
	f.NoLeftovers(t)
}

// Phones that have not registered are unavailable at once, and phones that ring are let go with the reason why.
func TestRingingPhonesOfTheOtherSwitch(t *testing.T) {
	t.Parallel()
	a, f := PairForTest(t, nil, nil)
	x := listen(t, a, "test")

	t.Run("not registered, dialled by Asterisk", func(t *testing.T) {
		status, body := x.call(t, "POST", "/channels", "endpoint", "PJSIP/1003@"+PeerFreeSWITCH, "app", "test", "channelId", "leg-away")
		require.Equal(t, 200, status, body)
		assert.Equal(t, 480, x.await(t, "ChannelDestroyed", "leg-away").TechCause)
	})
	t.Run("not registered, dialled by FreeSWITCH", func(t *testing.T) {
		out, err := f.API(testContext(t), "originate sofia/gateway/"+PeerAsterisk+"/1003 &park()")
		require.NoError(t, err)
		assert.Equal(t, "-ERR NO_USER_RESPONSE", strings.TrimSpace(out))
	})

	ring := func(_ int, c *softphone.Config) { c.Reaction = softphone.Ring }
	here := registered(t, a, 1, ring)[0]
	there := fsRegistered(t, f, 1, ring)[0]
	for i, elsewhere := range []bool{false, true} {
		t.Run(fmt.Sprintf("dialled by Asterisk, elsewhere=%v", elsewhere), func(t *testing.T) {
			leg := fmt.Sprintf("leg-000%d", i)
			status, body := x.call(t, "POST", "/channels", "endpoint", "PJSIP/1001@"+PeerFreeSWITCH, "app", "test", "channelId", leg)
			require.Equal(t, 200, status, body)
			x.awaitThat(t, "ChannelStateChange", func(e event) bool { return e.Channel.ID == leg && e.Channel.State == "Ringing" })
			far, err := there.AwaitCall(testContext(t), i+1)
			require.NoError(t, err)
			cause := "16"
			if elsewhere {
				cause = "26"
			}
			status, body = x.call(t, "DELETE", "/channels/"+leg, "reason_code", cause)
			require.Equal(t, 204, status, body)
			end, err := far.AwaitEnd(testContext(t))
			require.NoError(t, err)
			assert.Equal(t, softphone.Cancelled, end.Kind)
			assert.Equal(t, elsewhere, end.AnsweredElsewhere(), end.Reason)
		})
		t.Run(fmt.Sprintf("dialled by FreeSWITCH, elsewhere=%v", elsewhere), func(t *testing.T) {
			leg := fmt.Sprintf("leg-100%d", i)
			f.call(t, "bgapi originate {origination_uuid=%s}sofia/gateway/%s/1001 &park()", leg, PeerAsterisk)
			far, err := here.AwaitCall(testContext(t), i+1)
			require.NoError(t, err)
			await(t, func(ctx context.Context) bool {
				rows, err := f.channels(ctx)
				require.NoError(t, err)
				return len(rows) == 1 && rows[0]["callstate"] == "RINGING"
			})
			cause := "ORIGINATOR_CANCEL"
			if elsewhere {
				cause = "26" // Asterisk does not read what LOSE_RACE sends, "SIP;cause=200"
			}
			f.call(t, "uuid_kill %s %s", leg, cause)
			end, err := far.AwaitEnd(testContext(t))
			require.NoError(t, err)
			assert.Equal(t, softphone.Cancelled, end.Kind)
			assert.Equal(t, elsewhere, end.AnsweredElsewhere(), end.Reason)
		})
	}
	a.NoLeftovers(t)
	f.NoLeftovers(t)
}

// Being on this machine, or being a phone, does not make anybody a peer.
func TestNobodyElseIsAPeer(t *testing.T) {
	t.Parallel()
	a, f := PairForTest(t, nil, nil)
	atPeerPort := net.JoinHostPort("127.0.0.1", strconv.Itoa(f.site.PeerPort))
	t.Run("without the secret, at Asterisk", func(t *testing.T) {
		p := newPeer(t, nil)
		p.invite(t, a.SIPAddr, "1001", "<sip:"+PeerFreeSWITCH+"@127.0.0.1>")
		p.await(t, "SIP/2.0 401")
	})
	t.Run("without the secret, at FreeSWITCH", func(t *testing.T) {
		p := newPeer(t, nil)
		p.invite(t, atPeerPort, "1001", "<sip:"+PeerAsterisk+"@127.0.0.1>")
		p.await(t, "SIP/2.0 407")
	})
	t.Run("with a phone's password, at FreeSWITCH", func(t *testing.T) {
		login := f.Phones(1)[0]
		p, err := softphone.New(softphone.Config{User: login.User, Password: login.Password, Server: atPeerPort})
		require.NoError(t, err)
		t.Cleanup(p.Close)
		require.Error(t, p.Register(testContext(t)), "nobody registers there")
		c, err := p.Dial(testContext(t), "1002", softphone.CallOptions{})
		require.NoError(t, err)
		end, err := c.AwaitEnd(testContext(t))
		require.NoError(t, err)
		assert.Equal(t, 403, end.Code)
	})
	a.NoLeftovers(t)
	f.NoLeftovers(t)
}
