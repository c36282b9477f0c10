package main

import (
	"cmp"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// ownLines is an installation whose phones and trunks are Tandem's affair.
var ownLines = variant{name: "own lines", env: func(*testing.T) map[string]string { return nil }, lines: true}

// linesAt is what the API says about a switch's phones and trunks.
type linesAt struct {
	State      string
	Problem    string
	Phones     int
	Registered int
	Trunks     []struct{ Trunk, State string }
	Blocked    []string
}

func (s *stack) linesAt(x *exchange) linesAt {
	s.t.Helper()
	var all struct {
		Items []struct {
			ID    core.EngineID
			Lines *linesAt
		}
	}
	require.NoError(s.t, s.api.Get(s.soon(), "/api/v1/engines", &all))
	for _, item := range all.Items {
		if item.ID == x.id && item.Lines != nil {
			return *item.Lines
		}
	}
	return linesAt{}
}

// linesAre waits until a switch has what is set up, and n phones of it.
func (s *stack) linesAre(x *exchange, n int) {
	s.t.Helper()
	s.eventually(fmt.Sprintf("%s to have %d phones", x.id, n), func() bool {
		at := s.linesAt(x)
		return at.State == "applied" && at.Phones == n
	})
}

// addPhone sets a phone up and gives it a password that Tandem makes.
func (s *stack) addPhone(id, user string, codecs ...models.Codec) (password string) {
	s.t.Helper()
	s.add("phones", map[string]any{"id": id, "tenant": "acme", "user": user, "name": "Desk " + id, "codecs": codecs})
	return s.newPassword(id)
}

func (s *stack) newPassword(id string) string {
	s.t.Helper()
	var given struct{ Password string }
	require.NoError(s.t, s.api.Post(s.soon(), "/api/v1/phones/"+id+"/password", nil, &given))
	require.NotEmpty(s.t, given.Password)
	return given.Password
}

// deskPhone is a soft phone with a password.
func (s *stack) deskPhone(x *exchange, user, password string, tone float64) *softphone.Phone {
	s.t.Helper()
	p, err := softphone.New(softphone.Config{User: user, Password: password, Server: x.sip, Voice: softphone.ToneVoice(tone), ListenFor: music})
	require.NoError(s.t, err)
	s.t.Cleanup(p.Close)
	return p
}

// refused holds that a phone cannot register.
func (s *stack) refused(p *softphone.Phone) {
	s.t.Helper()
	var refusal *softphone.RefusedError
	require.ErrorAs(s.t, p.Register(s.soon()), &refusal)
	require.Contains(s.t, []int{401, 403, 404}, refusal.Code)
}

// TestPhonesComeFromTheDatabase sets phones up through the API while calls go on, and has them take calls.
func TestPhonesComeFromTheDatabase(t *testing.T) {
	onEach(t, func(t *testing.T, on brand) {
		s := newStack(t, ownLines, 0, on)
		x := s.switches[0]
		s.linesAre(x, 0)
		begun := time.Now()
		password := s.addPhone("desk-1", "2001", "pcma", "pcmu")
		s.linesAre(x, 1)
		t.Logf("from the request to the switch: %s", time.Since(begun).Round(time.Millisecond))
		s.refused(s.deskPhone(x, "2001", "not-the-password", 0))
		d := &seat{agent: "anna", at: x, tone: softphone.Tone(0)}
		d.phone = s.deskPhone(x, "2001", password, d.tone)
		d.next = d.phone.Events().Cursor()
		s.desks = append(s.desks, d)
		require.NoError(t, d.phone.Register(s.soon()))
		s.add("agents", map[string]any{"id": "anna", "tenant": "acme", "name": "Anna", "phone": "2001"})
		s.addQueue("sales", "+4930200", 5, nil)
		s.set(d, core.Idle)
		k := s.connects("+4930200", d)

		// While they talk: another phone, another password for the first, and one that goes.
		second := s.addPhone("desk-2", "2002")
		other := s.newPassword("desk-1")
		s.addPhone("desk-3", "2003")
		s.linesAre(x, 3)
		gone := s.addPhone("desk-4", "2004")
		s.linesAre(x, 4)
		leaving := s.deskPhone(x, "2004", gone, 0)
		require.NoError(t, leaving.Register(s.soon()))
		require.NoError(t, s.api.Delete(s.soon(), "/api/v1/phones/desk-4"))
		s.linesAre(x, 3)
		s.refused(leaving)
		newcomer := s.deskPhone(x, "2002", second, softphone.Tone(1))
		require.NoError(t, newcomer.Register(s.soon()))
		require.NoError(t, k.caller.Hears(s.soon(), d.tone))
		k.unbroken()
		k.caller.hangUp()
		s.refused(s.deskPhone(x, "2001", password, 0))
		again := s.deskPhone(x, "2001", other, d.tone)
		require.NoError(t, again.Register(s.soon()))
		s.addPhone("desk-5", "2005") // who is there is asked at each change, and with the beat, which would take longer
		s.eventually("the switch to say who is there", func() bool { return s.linesAt(x).Registered == 2 })
		s.desks = nil
		s.emptied()
	})
}

// TestPhonesStayWithoutTandem takes Tandem away, then the switch, and then what Tandem has written.
func TestPhonesStayWithoutTandem(t *testing.T) {
	onEach(t, func(t *testing.T, on brand) {
		s := newStack(t, ownLines, 0, on)
		x := s.switches[0]
		password := s.addPhone("desk-1", "2001")
		s.linesAre(x, 1)
		phone := s.deskPhone(x, "2001", password, 0)
		require.NoError(t, phone.Register(s.soon()))
		dir := cmp.Or(x.lines["TANDEM_ARI_SITE"], x.lines["TANDEM_ESL_SITE"])
		s.proc.terminate()
		require.NoError(t, phone.Register(s.soon()), "Tandem is away")
		require.NoError(t, x.Restart(s.soon()))
		require.NoError(t, phone.Register(s.soon()), "and the switch was restarted")
		s.refused(s.deskPhone(x, "2001", "not-the-password", 0))

		// Somebody has been at the files, and the switch was restarted with them.
		files, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.NotEmpty(t, files)
		before := map[string]string{}
		for _, f := range files {
			text, err := os.ReadFile(filepath.Join(dir, f.Name()))
			require.NoError(t, err)
			before[f.Name()] = string(text)
			require.NoError(t, os.Remove(filepath.Join(dir, f.Name())))
		}
		require.NoError(t, x.Restart(s.soon()))
		s.refused(phone)
		s.proc.start()
		s.awaitReady()
		s.linesAre(x, 1)
		require.NoError(t, phone.Register(s.soon()), "mended at the start")

		// While Tandem is there it is mended with the next beat.
		for _, f := range files {
			require.NoError(t, os.WriteFile(filepath.Join(dir, f.Name()), []byte("<include><!-- damaged --></include>\n"), 0o600))
		}
		s.eventually("the files to be mended", func() bool {
			return !slices.ContainsFunc(files, func(f os.DirEntry) bool {
				text, err := os.ReadFile(filepath.Join(dir, f.Name()))
				return err != nil || string(text) != before[f.Name()]
			})
		})
		s.linesAre(x, 1)
		require.NoError(t, phone.Register(s.soon()))
	})
}

// TestATrunkRegisters has a switch register at another, as at a carrier.
func TestATrunkRegisters(t *testing.T) {
	onEach(t, func(t *testing.T, on brand) {
		s := newStack(t, ownLines, 0, on)
		x, far := s.switches[0], on.start(t, 2)[0]
		account := far.Phones(1)[0]
		host, port := splitAddress(t, far.sip)
		trunk := map[string]any{"id": "far-side", "name": "The far side", "host": host, "port": port, "user": account.User, "register": true, "codecs": []models.Codec{"pcma"}}
		s.add("trunks", trunk)
		s.post("/api/v1/trunks/far-side/password", map[string]any{"password": "not-this-one"})
		s.linesAre(x, 0)
		s.post("/api/v1/trunks/far-side/password", map[string]any{"password": account.Password})
		at := func() string {
			contacts, err := far.Contacts(s.soon())
			require.NoError(t, err)
			return contacts[account.User]
		}
		s.eventually("the far side to know us", func() bool { return at() != "" })
		s.eventually("the trunk to be up", func() bool {
			trunks := s.linesAt(x).Trunks
			return len(trunks) == 1 && trunks[0].State == "up"
		})
		require.NoError(t, s.api.Delete(s.soon(), "/api/v1/trunks/far-side"))
		s.eventually("the trunk to be gone", func() bool { return s.linesAt(x).State == "applied" && len(s.linesAt(x).Trunks) == 0 })
		if x.id == "freeswitch" { // Asterisk has the password no more with which it would have to say so
			s.eventually("the far side to have forgotten us", func() bool { return at() == "" })
		}
	})
}

// TestCallsComeInAndGoOutByATrunk has a carrier at an address of its own, who knows A-law only.
func TestCallsComeInAndGoOutByATrunk(t *testing.T) {
	onEach(t, func(t *testing.T, on brand) {
		s := newStack(t, ownLines, 1, on)
		x, d := s.switches[0], s.desks[0]
		carrier, err := softphone.New(softphone.Config{
			User: "carrier", Server: x.sip, Addr: "127.0.0.5:0", Codecs: []softphone.Codec{softphone.PCMA}, Voice: softphone.ToneVoice(softphone.Tone(7)), ListenFor: music,
		})
		require.NoError(t, err)
		t.Cleanup(carrier.Close)
		host, port := splitAddress(t, carrier.Addr())
		s.add("trunks", map[string]any{"id": "pstn", "name": "The network", "host": host, "port": port, "codecs": []models.Codec{"pcma"}})
		s.put("/api/v1/tenants/acme", map[string]any{"name": "Acme", "dialling": map[string]any{"trunk": "pstn", "home": "+49", "allow": []string{"+49"}}})
		s.eventually("the trunk to be there", func() bool { return s.linesAt(x).State == "applied" && len(s.linesAt(x).Trunks) == 1 })
		s.addQueue("sales", "+4930200", 5, nil)

		c := &caller{s: s, number: "+491715550001", tone: softphone.Tone(6)}
		voice := softphone.ToneVoice(c.tone)
		c.Call, err = carrier.Dial(s.soon(), "+4930200", softphone.CallOptions{From: c.number, Voice: &voice})
		require.NoError(t, err)
		c.is(core.Waiting)
		s.set(d, core.Available)
		k := s.talks(c, d, s.takes(d))

		next := carrier.Events().Cursor()
		s.post("/api/v1/calls/"+string(k.id)+"/consult", map[string]any{"agent": d.agent, "to": map[string]any{"number": "030 555 0007"}})
		e, err := next.Await(s.soon(), softphone.Is(softphone.Invited))
		require.NoError(t, err, "the call to a number goes out by the trunk")
		require.NoError(t, e.Call.Answer())
		require.NoError(t, e.Call.Hears(s.soon(), d.tone))
		require.NoError(t, k.call.Hears(s.soon(), softphone.Tone(7)))
		require.NoError(t, e.Call.HangUp(s.soon()))
		c.hangUp()
		s.emptied()
	})
}

// TestWhoGuessesPasswordsIsShutOut tries one wrong password after the other.
func TestWhoGuessesPasswordsIsShutOut(t *testing.T) {
	onEach(t, func(t *testing.T, on brand) {
		v := ownLines
		v.env = func(*testing.T) map[string]string { return map[string]string{"TANDEM_SIP_TRUSTED": "127.0.0.3"} }
		s := newStack(t, v, 0, on)
		x := s.switches[0]
		password := s.addPhone("desk-1", "2001")
		s.linesAre(x, 1)
		from := func(address, password string) *softphone.Phone {
			p, err := softphone.New(softphone.Config{User: "2001", Password: password, Server: x.sip, Addr: address + ":0"})
			require.NoError(t, err)
			t.Cleanup(p.Close)
			return p
		}
		const guesser, trusted, honest = "127.0.0.2", "127.0.0.3", "127.0.0.4"
		tries := 0
		s.eventually("who guesses to be shut out", func() bool {
			s.refused(from(guesser, "not-the-password"))
			s.refused(from(trusted, "not-the-password"))
			tries++
			return s.linesAt(x).Blocked != nil
		})
		require.Equal(t, []string{guesser}, s.linesAt(x).Blocked, "what is trusted is not shut out")
		t.Logf("shut out after %d tries", tries)
		s.eventually("the right password to be of no use from there", func() bool { return from(guesser, password).Register(s.soon()) != nil })
		require.NoError(t, from(trusted, password).Register(s.soon()))
		require.NoError(t, from(honest, password).Register(s.soon()))
	})
}

func splitAddress(t *testing.T, addr string) (host string, port int) {
	t.Helper()
	a, err := netip.ParseAddrPort(addr)
	require.NoError(t, err)
	return a.Addr().String(), int(a.Port())
}
