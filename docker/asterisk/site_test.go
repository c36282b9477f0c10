package asterisk

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func valid() Site {
	return Site{
		Base: "/run/tandem/x", Modules: "/usr/lib/asterisk/modules", EntityID: "02:00:00:00:00:01",
		SIPAddr: "127.0.0.1", SIPPort: 5060, HTTPAddr: "127.0.0.1", HTTPPort: 8088, RTPFirst: 10000, RTPLast: 10100,
		ARIUser: "tandem", ARIPassword: "s3cret",
		Phones: []Phone{{User: "1001", Password: "pw"}, {User: "1002", Contact: "sip:1002@10.0.0.2:5060"}},
		Trunks: []Trunk{{Name: "carrier", Contact: "sip:192.0.2.1", Match: []string{"192.0.2.0/24"}}},
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	s := valid()
	require.NoError(t, s.Write(dir))
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return string(b)
	}
	assert.Contains(t, read("etc/asterisk.conf"), "astetcdir = /run/tandem/x/etc\n")
	pjsip := read("etc/site/pjsip.conf")
	assert.Contains(t, pjsip, "bind = 127.0.0.1:5060\n")
	assert.Contains(t, pjsip, "password = pw\n")
	assert.Contains(t, pjsip, "contact = sip:1002@10.0.0.2:5060\n")
	assert.Contains(t, pjsip, "match = 192.0.2.0/24\n")
	assert.Contains(t, read("etc/site/extensions.conf"), "UDP_PORT = :5060\n")
	assert.NotContains(t, read("etc/extensions.conf"), "${CHANNEL(pjsip,secure)}", "that is what the caller has written")
	assert.NoFileExists(t, filepath.Join(dir, "etc/queues.conf"))

	// Every file that an ordinary one includes is there, unless it is a benchmark's.
	for _, e := range must(os.ReadDir(filepath.Join(dir, "etc"))) {
		if e.IsDir() {
			continue
		}
		for line := range strings.Lines(read(filepath.Join("etc", e.Name()))) {
			if name, ok := strings.CutPrefix(line, "#include "); ok {
				assert.FileExists(t, filepath.Join(dir, "etc", strings.Trim(strings.TrimSpace(name), `"`)), e.Name())
			}
		}
	}

	assert.NotContains(t, pjsip, "external_")
	info, err := os.Stat(filepath.Join(dir, "etc/site/ari.conf"))
	require.NoError(t, err)
	assert.Zero(t, info.Mode().Perm()&0o077, "secrets are for one user")
}

func TestWriteAgain(t *testing.T) {
	dir := t.TempDir()
	s := valid()
	s.Bench = &Bench{Number: "4930900", Strategy: "linear", Members: []string{"1001"}}
	require.NoError(t, s.Write(dir))
	assert.FileExists(t, filepath.Join(dir, "etc/queues.conf"))
	db := filepath.Join(dir, "db/astdb.sqlite3")
	require.NoError(t, os.WriteFile(db, []byte("registrations"), 0o600))

	s.Bench = nil
	require.NoError(t, s.Write(dir))
	assert.NoFileExists(t, filepath.Join(dir, "etc/queues.conf"), "a benchmark's queue goes with it")
	assert.NoFileExists(t, filepath.Join(dir, "etc/site/bench-modules.conf"))
	assert.FileExists(t, db, "what Asterisk wrote stays")
}

// What would mean something in a configuration file is refused, with the field's name.
func TestValidate(t *testing.T) {
	require.NoError(t, valid().Validate())
	for field, change := range map[string]func(*Site){
		"Base":               func(s *Site) { s.Base = "relative" },
		"Modules":            func(s *Site) { s.Modules = "/x\nlive_dangerously=yes" },
		"EntityID":           func(s *Site) { s.EntityID = "" },
		"SIPAddr":            func(s *Site) { s.SIPAddr = "localhost" },
		"HTTPPort":           func(s *Site) { s.HTTPPort = 70000 },
		"RTPFirst":           func(s *Site) { s.RTPFirst = s.RTPLast },
		"ARIUser":            func(s *Site) { s.ARIUser = "general" },
		"ARIPassword":        func(s *Site) { s.ARIPassword = "a;b" },
		"Backup":             func(s *Site) { s.Backup = "carrier/${SHELL(id)}" },
		"Phones[0].User":     func(s *Site) { s.Phones[0].User = "1001]\n[x" },
		"Phones[1].User":     func(s *Site) { s.Phones[1].User = "1001" },
		"Phones[0].Password": func(s *Site) { s.Phones[0].Password = "a b" },
		"Phones[1].Contact":  func(s *Site) { s.Phones[1].Contact = "sip:x@y;lr\ncontext=evil" },
		"Phones[0]:":         func(s *Site) { s.Phones[0].Password = "" },
		"Trunks[0].Name":     func(s *Site) { s.Trunks[0].Name = "1002" },
		"Trunks[0].Contact":  func(s *Site) { s.Trunks[0].Contact = "192.0.2.1" },
		"Trunks[0].Match[0]": func(s *Site) { s.Trunks[0].Match[0] = "example.org" },
		"Bench.Number":       func(s *Site) { s.Bench = &Bench{Number: "x", Strategy: "linear"} },
	} {
		s := valid()
		change(&s)
		assert.ErrorContains(t, s.Validate(), field)
		assert.Error(t, s.Write(t.TempDir()), field)
	}
}

// The encoder gives what G.711's tables say.
func TestMuLaw(t *testing.T) {
	for sample, want := range map[int]byte{0: 0xff, 8: 0xfe, -8: 0x7e, 1000: 0xce, -1000: 0x4e, 32767: 0x80, -32768: 0x00} {
		assert.Equal(t, want, muLaw(sample), sample)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Another switch is let in by name, secret and address, and called with the name that it knows us by.
func TestPeers(t *testing.T) {
	s := valid()
	s.PeerName = "left"
	s.Peers = []Peer{{Name: "right", Contact: "sip:192.0.2.9:5080", Match: []string{"192.0.2.9"}, Secret: "between-us"}}
	dir := t.TempDir()
	require.NoError(t, s.Write(dir))
	b, err := os.ReadFile(filepath.Join(dir, "etc/site/pjsip.conf"))
	require.NoError(t, err)
	for _, want := range []string{"[right](peer)\n", "deny = 0.0.0.0/0\n", "permit = 192.0.2.9\n", "contact = sip:192.0.2.9:5080\n",
		"username = right\npassword = between-us\n", "username = left\npassword = between-us\n"} {
		assert.Contains(t, string(b), want)
	}

	for want, change := range map[string]func(*Site){
		"PeerName":          func(s *Site) { s.PeerName = "" },
		"Peers[0].Name":     func(s *Site) { s.Peers[0].Name = "carrier" },
		"Peers[0].Contact":  func(s *Site) { s.Peers[0].Contact = "right" },
		"Peers[0].Secret":   func(s *Site) { s.Peers[0].Secret = "a;b" },
		"Peers[0].Match":    func(s *Site) { s.Peers[0].Match = nil },
		"Peers[0].Match[0]": func(s *Site) { s.Peers[0].Match = []string{"right"} },
	} {
		bad := s
		bad.Peers = append([]Peer(nil), s.Peers...)
		change(&bad)
		require.ErrorContains(t, bad.Validate(), want)
	}
}

// A switch behind somebody who translates addresses says to the world where that one is, and to its neighbours where it is itself.
func TestWriteBehindNAT(t *testing.T) {
	dir := t.TempDir()
	s := valid()
	s.PublicAddr, s.LocalNets = "203.0.113.7", []string{"10.0.0.0/8"}
	require.NoError(t, s.Write(dir))
	b, err := os.ReadFile(filepath.Join(dir, "etc/site/pjsip.conf"))
	require.NoError(t, err)
	assert.Contains(t, string(b), "bind = 127.0.0.1:5060\n; We are reached through somebody who translates addresses.\nexternal_signaling_address = 203.0.113.7\n"+
		"external_media_address = 203.0.113.7\nlocal_net = 10.0.0.0/8\n")
	s.PublicAddr, s.LocalNets = "tandem.example", []string{"everybody\n"}
	err = s.Validate()
	assert.ErrorContains(t, err, "PublicAddr: an IP address")
	assert.ErrorContains(t, err, "LocalNets[0]: an IP address or network")
}
