package main

import (
	"context"
	"crypto/tls"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// overTLS is what a phone of the lab says and believes.
func overTLS(t *testing.T) *tls.Config {
	t.Helper()
	trust, err := lab.Trust()
	require.NoError(t, err)
	return &tls.Config{RootCAs: trust, MinVersion: tls.VersionTLS12}
}

// secretive is a desk phone that can encrypt; c says how.
func (s *stack) secretive(c softphone.Config) *softphone.Phone {
	s.t.Helper()
	c.ListenFor = music
	p, err := softphone.New(c)
	require.NoError(s.t, err)
	s.t.Cleanup(p.Close)
	return p
}

// TestPhonesEncrypt has a phone that must encrypt, one that may and one that must not, over TLS and over UDP.
func TestPhonesEncrypt(t *testing.T) {
	onEach(t, func(t *testing.T, on brand) {
		s := newStack(t, ownLines, 0, on)
		x := s.switches[0]
		add := func(id, user string, more map[string]any) string {
			body := map[string]any{"id": id, "tenant": "acme", "user": user, "name": "Desk " + id}
			for k, v := range more {
				body[k] = v
			}
			s.add("phones", body)
			return s.newPassword(id)
		}
		must := add("must", "2001", map[string]any{"transport": models.TLS, "encryption": models.EncryptRequired, "codecs": []models.Codec{"pcma"}})
		may := add("may", "2002", map[string]any{"encryption": models.EncryptOptional})
		never := add("never", "2003", nil)
		s.linesAre(x, 3)
		secure := overTLS(t)
		seated := func(agent, user, password string, n int, c softphone.Config) *seat {
			d := &seat{agent: core.AgentID(agent), at: x, tone: softphone.Tone(n)}
			c.User, c.Password, c.Voice = user, password, softphone.ToneVoice(d.tone)
			d.phone = s.secretive(c)
			d.next = d.phone.Events().Cursor()
			require.NoError(t, d.phone.Register(s.soon()))
			s.add("agents", map[string]any{"id": agent, "tenant": "acme", "name": agent, "phone": user})
			s.desks = append(s.desks, d)
			return d
		}
		anna := seated("anna", "2001", must, 0, softphone.Config{Server: x.tls, TLS: secure, Encryption: softphone.EncryptAlways})
		ben := seated("ben", "2002", may, 1, softphone.Config{Server: x.tls, TLS: secure, Encryption: softphone.EncryptIfWanted})
		s.addQueue("sales", "+4930200", 5, nil)

		talk := func(d *seat, encrypted bool) {
			k := s.connects("+4930200", d)
			call := k.call
			require.Equal(t, encrypted, call.Encrypted(), "%s", d.agent)
			require.NoError(t, call.Hold(s.soon()))
			require.NoError(t, call.Resume(s.soon()))
			require.NoError(t, call.Hears(s.soon(), k.caller.tone))
			require.NoError(t, k.caller.Hears(s.soon(), d.tone))
			k.caller.hangUp()
			s.set(d, core.Idle)
		}
		s.set(ben, core.Idle)
		talk(anna, true)
		talk(ben, x.id == "asterisk") // FreeSWITCH would have to offer either, as two streams, which not every phone understands
		s.set(anna, core.Idle)

		// What a phone offers itself: taken or refused before Tandem hears of it.
		for what, c := range map[string]struct {
			phone softphone.Config
			codes []int // none = taken
		}{
			"must, with keys over TLS":   {softphone.Config{User: "2001", Password: must, Server: x.tls, TLS: secure, Encryption: softphone.EncryptAlways}, nil},
			"must, if wanted":            {softphone.Config{User: "2001", Password: must, Server: x.tls, TLS: secure, Encryption: softphone.EncryptIfWanted}, nil},
			"must, and does not":         {softphone.Config{User: "2001", Password: must, Server: x.tls, TLS: secure}, []int{488}},
			"must, keys in the clear":    {softphone.Config{User: "2001", Password: must, Server: x.sip, Encryption: softphone.EncryptAlways}, []int{401, 403}},
			"must, nothing at all":       {softphone.Config{User: "2001", Password: must, Server: x.sip}, []int{401, 403, 488}},
			"may, with keys over TLS":    {softphone.Config{User: "2002", Password: may, Server: x.tls, TLS: secure, Encryption: softphone.EncryptAlways}, nil},
			"may, if wanted":             {softphone.Config{User: "2002", Password: may, Server: x.tls, TLS: secure, Encryption: softphone.EncryptIfWanted}, nil},
			"may, and does not over TLS": {softphone.Config{User: "2002", Password: may, Server: x.tls, TLS: secure}, nil},
			"may, and does not over UDP": {softphone.Config{User: "2002", Password: may, Server: x.sip}, nil},
			"never, and does":            {softphone.Config{User: "2003", Password: never, Server: x.tls, TLS: secure, Encryption: softphone.EncryptAlways}, []int{488}},
			"never, and does not":        {softphone.Config{User: "2003", Password: never, Server: x.tls, TLS: secure}, nil},
		} {
			p := s.secretive(c.phone)
			call, err := p.Dial(s.soon(), "+4930200", softphone.CallOptions{})
			require.NoError(t, err)
			if c.codes == nil {
				_, err = call.Await(s.soon(), softphone.Is(softphone.Ringing, softphone.Progress, softphone.Answered))
				require.NoError(t, err, what)
				require.NoError(t, call.HangUp(s.soon()))
			} else {
				e, err := call.AwaitEnd(s.soon())
				require.NoError(t, err, what)
				require.Contains(t, c.codes, e.Code, "%s: %s", what, e)
			}
			p.Close()
		}

		// Registered in the clear, a phone that must not be is not called. Asterisk does not even let it register.
		require.NoError(t, anna.phone.Unregister(s.soon()))
		plain := s.deskPhone(x, "2001", must, 0)
		if err := plain.Register(s.soon()); err == nil {
			require.Equal(t, "freeswitch", string(x.id))
			next := plain.Events().Cursor()
			c := s.dial("+4930200")
			c.is(core.Waiting)
			mark := len(s.board.State().Entries)
			s.set(anna, core.Available)
			e, err := s.board.AwaitEntry(s.soon(), mark, "the agent whose phone cannot be called to be passed by", func(e client.Entry) bool {
				return e.Kind == core.EntryOfferEnded && e.Agent == anna.agent
			})
			require.NoError(t, err)
			require.NotEqual(t, string(core.OfferAnswered), e.Reason)
			_, err = next.Await(already(t), softphone.Is(softphone.Invited))
			require.Error(t, err, "it is not called")
			c.hangUp()
		}
		s.desks = nil
		s.emptied()
	})
}

// already is a context in which only what is there already is found.
func already(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// TestATrunkEncrypts has a carrier who speaks TLS and SRTP, and one who shows another's certificate.
func TestATrunkEncrypts(t *testing.T) {
	t.Parallel()
	for _, on := range []brand{
		{name: "asterisk", start: func(t *testing.T, n int) []*exchange {
			return []*exchange{asteriskExchange(t, lab.ForTest(t, func(o *lab.Options) { o.Phones, o.CarrierFrom = n, "127.0.0.1" }))}
		}},
		{name: "freeswitch", start: func(t *testing.T, n int) []*exchange {
			return []*exchange{freeswitchExchange(t, lab.FreeSWITCHForTest(t, func(o *lab.FreeSWITCHOptions) { o.Phones, o.CarrierFrom = n, "127.0.0.1" }))}
		}},
	} {
		t.Run(on.name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, ownLines, 1, on)
			x, d := s.switches[0], s.desks[0]
			files, err := lab.Certificate()
			require.NoError(t, err)
			own, err := tls.X509KeyPair(files.Chain, files.Key)
			require.NoError(t, err)
			secure := overTLS(t)
			secure.Certificates = []tls.Certificate{own}
			carrier := func(c softphone.Config) *softphone.Phone {
				c.User, c.Voice = "carrier", softphone.ToneVoice(softphone.Tone(7))
				return s.secretive(c)
			}
			// The certificate is for 127.0.0.5, and not for 127.0.0.6.
			right := carrier(softphone.Config{Server: x.tls, Addr: "127.0.0.5:0", TLS: secure, Encryption: softphone.EncryptAlways})
			wrong := carrier(softphone.Config{Server: x.tls, Addr: "127.0.0.6:0", TLS: secure, Encryption: softphone.EncryptAlways})
			for id, p := range map[string]*softphone.Phone{"pstn": right, "false": wrong} {
				host, port := splitAddress(t, p.Addr())
				s.add("trunks", map[string]any{"id": id, "name": id, "host": host, "port": port, "transport": models.TLS, "encryption": models.EncryptRequired})
			}
			over := func(trunk string) {
				s.put("/api/v1/tenants/acme", map[string]any{"name": "Acme", "dialling": map[string]any{"trunk": trunk, "home": "+49", "allow": []string{"+49"}}})
			}
			over("pstn")
			s.eventually("the trunks to be there", func() bool { return s.linesAt(x).State == "applied" && len(s.linesAt(x).Trunks) == 2 })
			s.addQueue("sales", "+4930200", 5, nil)

			// In, encrypted and not.
			for _, c := range []softphone.Config{
				{Server: x.sip, Addr: "127.0.0.5:0"}, {Server: x.sip, Addr: "127.0.0.5:0", Encryption: softphone.EncryptAlways}, {Server: x.tls, Addr: "127.0.0.5:0", TLS: secure},
			} {
				call, err := carrier(c).Dial(s.soon(), "+4930200", softphone.CallOptions{From: "+491715550002"})
				require.NoError(t, err)
				e, err := call.AwaitEnd(s.soon())
				require.NoError(t, err)
				require.Contains(t, []int{403, 488, 603}, e.Code, "%s", e)
			}
			if x.id == "asterisk" { // it knows several ways of telling how a call has come, and most of them are what the caller writes
				liar := carrier(softphone.Config{Server: x.sip, Addr: "127.0.0.5:0", Encryption: softphone.EncryptAlways})
				via := softphone.Headers{{Name: "Record-Route", Value: "<sip:" + liar.Addr() + ";transport=tls;lr>"}}
				for what, o := range map[string]softphone.CallOptions{
					"a Contact with TLS":         {RawContact: "<sip:carrier@" + liar.Addr() + ";transport=tls>"},
					"a secure Contact":           {RawContact: "<sips:carrier@" + liar.Addr() + ">"},
					"a Contact behind a proxy's": {RawContact: "<sip:carrier@" + liar.Addr() + ";transport=tls>", Headers: via},
				} {
					o.From = "+491715550003"
					call, err := liar.Dial(s.soon(), "+4930200", o)
					require.NoError(t, err)
					e, err := call.AwaitEnd(s.soon())
					require.NoError(t, err, what)
					require.Equal(t, 403, e.Code, "%s: %s", what, e)
				}
			}
			// There are carriers whose Contact says nothing of TLS.
			plain := carrier(softphone.Config{Server: x.tls, Addr: "127.0.0.5:0", TLS: secure, Encryption: softphone.EncryptAlways})
			call, err := plain.Dial(s.soon(), "+4930200", softphone.CallOptions{From: "+491715550004", RawContact: "<sip:carrier@" + plain.Addr() + ">"})
			require.NoError(t, err)
			_, err = call.Await(s.soon(), softphone.Is(softphone.Ringing, softphone.Progress, softphone.Answered))
			require.NoError(t, err, "a plain Contact over TLS")
			require.NoError(t, call.HangUp(s.soon()))
			// A number is a number, and not a way to somewhere else in the dialplan.
			odd, err := plain.Dial(s.soon(), "+4930200,5", softphone.CallOptions{From: "+491715550004"})
			require.NoError(t, err)
			gone, err := odd.AwaitEnd(s.soon())
			require.NoError(t, err)
			require.Equal(t, 404, gone.Code, "%s", gone)
			c := &caller{s: s, number: "+491715550001", tone: softphone.Tone(6)}
			voice := softphone.ToneVoice(c.tone)
			c.Call, err = right.Dial(s.soon(), "+4930200", softphone.CallOptions{From: c.number, Voice: &voice})
			require.NoError(t, err)
			c.is(core.Waiting)
			s.set(d, core.Available)
			k := s.talks(c, d, s.takes(d))
			require.True(t, c.Encrypted())

			// Out.
			begun := func(e client.Entry) bool { return e.Kind == core.EntryConsultStarted }
			consult := func() {
				mark := len(s.board.State().Entries)
				s.post("/api/v1/calls/"+string(k.id)+"/consult", map[string]any{"agent": d.agent, "to": map[string]any{"number": "030 555 0007"}})
				_, err := s.board.AwaitEntry(s.soon(), mark, "the consult to begin", begun)
				require.NoError(t, err)
			}
			next := right.Events().Cursor()
			consult()
			e, err := next.Await(s.soon(), softphone.Is(softphone.Invited))
			require.NoError(t, err, "the call to a number goes out by the trunk")
			require.NoError(t, e.Call.Answer())
			require.NoError(t, e.Call.Hears(s.soon(), d.tone))
			require.NoError(t, k.call.Hears(s.soon(), softphone.Tone(7)))
			require.True(t, e.Call.Encrypted())
			require.NoError(t, e.Call.HangUp(s.soon()))
			c.awaits("alone with the agent", func(v core.CallView) bool { return v.Consult == nil })

			// To somebody who is not who we call, nothing is said.
			over("false")
			next = wrong.Events().Cursor()
			consult()
			c.awaits("the call out has failed", func(v core.CallView) bool { return v.Consult == nil })
			_, err = next.Await(already(t), softphone.Is(softphone.Invited))
			require.Error(t, err)
			c.hangUp()
			s.emptied()
		})
	}
}
