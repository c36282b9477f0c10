package freeswitch

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/docker/certificate"
)

func good() Site {
	return Site{
		Base: "/run/tandem/slot-00", Name: "lab-00",
		SIPAddr: "127.0.0.1", SIPPort: 10000, ESLAddr: "127.0.0.1", ESLPort: 10001, ESLPassword: "secret-1",
		RTPFirst: 10010, RTPLast: 10998, Backup: "carrier/+493012345",
		Phones:   []Phone{{User: "1001", Password: "hush"}, {User: "1002", Contact: "sip:1002@127.0.0.1:5070"}},
		Trunks:   []Trunk{{Name: "carrier", Contact: "sip:127.0.0.1:5060", Match: []string{"127.0.0.0/8", "192.0.2.7"}}},
		PeerName: "left", PeerPort: 10003,
		Peers: []Peer{{Name: "right", Contact: "sip:127.0.0.1:11000", Match: []string{"127.0.0.1"}, Secret: "between-us"}},
		Bench: &Bench{Number: "+49*9", Strategy: "longest-idle-agent", Members: []string{"1001"}},
	}
}

// written fills a directory and returns the named files' text.
func written(t *testing.T, s Site) (dir string, read func(name string) string) {
	t.Helper()
	dir = t.TempDir()
	require.NoError(t, s.Write(dir))
	return dir, func(name string) string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return string(b)
	}
}

// The preprocessor joins lines of files, so each file must be a whole by itself.
func TestEveryFileIsXML(t *testing.T) {
	for name, change := range map[string]func(*Site){
		"everything": func(*Site) {},
		"the least":  func(s *Site) { s.Phones, s.Trunks, s.Peers, s.Bench, s.Backup, s.Qualify = nil, nil, nil, nil, "", 5 },
	} {
		t.Run(name, func(t *testing.T) {
			s := good()
			change(&s)
			dir, _ := written(t, s)
			n := 0
			require.NoError(t, filepath.WalkDir(filepath.Join(dir, "etc"), func(p string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				n++
				b, err := os.ReadFile(p)
				require.NoError(t, err)
				for line := range strings.Lines(string(b)) {
					if i := strings.Index(line, "X-PRE-PROCESS"); i >= 0 {
						assert.Regexp(t, `^\s*<X-PRE-PROCESS cmd="(set|include)" data="[^"]*"/>\s*$`, line, "%s: the preprocessor reads lines", p)
					}
				}
				dec := xml.NewDecoder(strings.NewReader(string(b)))
				for {
					if _, err := dec.Token(); errors.Is(err, io.EOF) {
						return nil
					} else if err != nil {
						t.Errorf("%s: %v", p, err)
						return nil
					}
				}
			}))
			assert.Greater(t, n, 15)
		})
	}
}

// A leg that is told to leave its park goes on with what the dialplan has next until it is told where to go: there must be nothing.
func TestNothingFollowsPark(t *testing.T) {
	dir, _ := written(t, good())
	parks := 0
	require.NoError(t, filepath.WalkDir(filepath.Join(dir, "etc"), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		require.NoError(t, err)
		for rest := string(b); ; parks++ {
			var found bool
			if _, rest, found = strings.Cut(rest, `application="park"/>`); !found {
				return nil
			}
			assert.Regexp(t, `^\s*</condition>\s*</extension>`, rest, "%s: park is the last action of its extension", p)
		}
	}))
	assert.Equal(t, 3, parks, "a phone's call, a trunk's, and the one that is taken at the last moment")
}

func TestSecretsAreForNobodyElse(t *testing.T) {
	dir, _ := written(t, good())
	require.NoError(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		if p != dir {
			assert.Zero(t, info.Mode().Perm()&0o007, p)
		}
		return nil
	}))
}

func TestBenchComesAndGoes(t *testing.T) {
	s := good()
	dir, read := written(t, s)
	assert.Contains(t, read("etc/site/bench-modules.xml"), "mod_callcenter")
	assert.Contains(t, read("etc/site/dialplan.xml"), `expression="^\+49\*9$"`, "a number is no pattern")
	s.Bench = nil
	require.NoError(t, s.Write(dir))
	assert.NotContains(t, read("etc/site/bench-modules.xml"), "mod_callcenter")
	assert.NoFileExists(t, filepath.Join(dir, "etc/site/callcenter.conf.xml"))
}

func TestAddressesBecomeNetworks(t *testing.T) {
	_, read := written(t, good())
	acl := read("etc/site/acl.conf.xml")
	assert.Contains(t, acl, `cidr="127.0.0.0/8"`)
	assert.Contains(t, acl, `cidr="192.0.2.7/32"`)
}

// No value carries what XML, the preprocessor or the switch would take for something else.
func TestValidateNamesFieldAndRule(t *testing.T) {
	require.NoError(t, good().Validate())
	for _, c := range []struct {
		want   string
		change func(*Site)
	}{
		{"Base", func(s *Site) { s.Base = "relative" }},
		{"Base", func(s *Site) { s.Base = "/run/$${domain}" }},
		{"Name", func(s *Site) { s.Name = "" }},
		{"SIPAddr", func(s *Site) { s.SIPAddr = "localhost" }},
		{"SIPPort", func(s *Site) { s.SIPPort = 0 }},
		{"ESLAddr", func(s *Site) { s.ESLAddr = "" }},
		{"ESLPort", func(s *Site) { s.ESLPort = 70000 }},
		{"ESLPassword", func(s *Site) { s.ESLPassword = "" }},
		{"ESLPassword", func(s *Site) { s.ESLPassword = "two\nlines" }},
		{"ESLPassword", func(s *Site) { s.ESLPassword = "$${x}" }},
		{"ESLAllow[0]", func(s *Site) { s.ESLAllow = []string{"everybody"} }},
		{"RTPFirst", func(s *Site) { s.RTPFirst = 20000 }},
		{"MaxSessions", func(s *Site) { s.MaxSessions = -1 }},
		{"SessionsPerSecond", func(s *Site) { s.SessionsPerSecond = 20000 }},
		{"Qualify", func(s *Site) { s.Qualify = 1 }},
		{"Heartbeat", func(s *Site) { s.Heartbeat = 60 }},
		{"Backup", func(s *Site) { s.Backup = "carrier" }},
		{"Phones[1].User", func(s *Site) { s.Phones[1].User = "1001" }},
		{"Phones[0].User", func(s *Site) { s.Phones[0].User = "X-PRE-PROCESS" }},
		{"Phones[0].User", func(s *Site) { s.Phones[0].User = `a"b` }},
		{"Phones[0].Password", func(s *Site) { s.Phones[0].Password = "a<b" }},
		{"Phones[0]:", func(s *Site) { s.Phones[0].Password = "" }},
		{"Phones[1].Contact", func(s *Site) { s.Phones[1].Contact = "sip:a@b;x=${y}" }},
		{"Trunks[0].Name", func(s *Site) { s.Trunks[0].Name = "" }},
		{"Trunks[0].Contact", func(s *Site) { s.Trunks[0].Contact = "sip:user@host" }},
		{"Trunks[0].Match[1]", func(s *Site) { s.Trunks[0].Match[1] = "192.0.2.7/33" }},
		{"PeerName", func(s *Site) { s.PeerName = "" }},
		{"PeerPort", func(s *Site) { s.PeerPort = s.SIPPort }},
		{"Peers[0].Name", func(s *Site) { s.Peers[0].Name = "carrier" }},
		{"Peers[0].Secret", func(s *Site) { s.Peers[0].Secret = "" }},
		{"Peers[0].Match", func(s *Site) { s.Peers[0].Match = nil }},
		{"Bench.Number", func(s *Site) { s.Bench.Number = "sales" }},
		{"Bench.Strategy", func(s *Site) { s.Bench.Strategy = "a b" }},
		{"Bench.Members[0]", func(s *Site) { s.Bench.Members = []string{"1001@x"} }},
	} {
		s := good()
		c.change(&s)
		err := s.Validate()
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, s.Write(t.TempDir()), c.want)
	}
}

// A switch behind somebody who translates addresses says to phones and carriers where that one is; other switches know it by its own address.
func TestBehindNAT(t *testing.T) {
	s := good()
	_, read := written(t, s)
	assert.NotContains(t, read("etc/site/sofia.conf.xml"), "ext-")
	s.PublicAddr = "203.0.113.7"
	_, read = written(t, s)
	text := read("etc/site/sofia.conf.xml")
	outside, peers, _ := strings.Cut(text, `<profile name="peer">`)
	assert.Contains(t, outside, `<param name="ext-sip-ip" value="203.0.113.7"/>`)
	assert.Contains(t, outside, `<param name="ext-rtp-ip" value="203.0.113.7"/>`)
	assert.NotContains(t, peers, "ext-")
	s.PublicAddr = "tandem.example"
	assert.ErrorContains(t, s.Validate(), "PublicAddr: an IP address")
}

// The chain is shown to everybody once the files are written: the key does not get into what is behind it in memory.
func TestWritingTheKeyLeavesTheChainAlone(t *testing.T) {
	chain := append([]byte("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"), bytes.Repeat([]byte(" "), 300)...)
	before := bytes.Clone(chain)
	require.NoError(t, TLS{}.Write(t.TempDir(), certificate.Files{Chain: chain, Key: []byte("-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n")}))
	require.Equal(t, before, chain)
}
