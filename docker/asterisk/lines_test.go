package asterisk

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func goodLines() Lines {
	return Lines{
		Phones:  []Phone{{User: "2001", HA1: "0123456789abcdef0123456789abcdef", Codecs: []string{"pcma", "pcmu"}}},
		Trunks:  []Trunk{{Name: "far", Contact: "sip:sip.example.net:5080", Match: []string{"192.0.2.0/24"}, User: "acct", Password: "p=w#1", Register: true, Qualify: 30, Codecs: []string{"pcma"}}},
		Blocked: []string{"198.51.100.7"},
	}
}

func TestLinesAreOneFile(t *testing.T) {
	files, err := goodLines().Files()
	require.NoError(t, err)
	require.Len(t, files, 1)
	text := string(files["pjsip.conf"])
	for _, part := range []string{
		"[2001](phone)\naors = 2001\nallow = !all,alaw,ulaw\nauth = 2001\n", "realm = tandem\npassword_digest = MD5:0123456789abcdef0123456789abcdef\n",
		"[far](trunk)\naors = far\nallow = !all,alaw\noutbound_auth = far-out\n", "username = acct\npassword = p=w#1\n", "contact = sip:sip.example.net:5080\nqualify_frequency = 30\n",
		"match = 192.0.2.0/24\n", "[far](trunk-registration)\nserver_uri = sip:sip.example.net:5080\nclient_uri = sip:acct@sip.example.net:5080\ncontact_user = acct\noutbound_auth = far-out\n",
		"[tandem-blocked]\ntype = acl\ndeny = 198.51.100.7\n",
	} {
		assert.Contains(t, text, part)
	}
	empty, err := Lines{}.Files()
	require.NoError(t, err)
	require.NotContains(t, string(empty["pjsip.conf"]), "[")
}

// Who must encrypt, may, and must not.
func TestLinesEncrypt(t *testing.T) {
	l := goodLines()
	l.Phones[0].TLS, l.Phones[0].Encryption = true, Required
	l.Phones = append(l.Phones, Phone{User: "2002", HA1: l.Phones[0].HA1}, Phone{User: "2003", HA1: l.Phones[0].HA1, Encryption: Off})
	l.Trunks[0].TLS, l.Trunks[0].Encryption = true, Required
	l.Trunks = append(l.Trunks, Trunk{Name: "near", Contact: "sip:192.0.2.9", Encryption: Optional})
	files, err := l.Files()
	require.NoError(t, err)
	text := string(files["pjsip.conf"])
	for _, part := range []string{
		"[2001](phone)\naors = 2001\nallow = !all,alaw,ulaw\nmedia_encryption_optimistic = no\nauth", "[2001@clear.tandem.invalid](phone-in-the-clear)\n",
		"[2002](phone)\naors = 2002\nauth", "[2003](phone)\naors = 2003\nmedia_encryption = no\nmedia_encryption_optimistic = no\nauth",
		"[far](trunk)\naors = far\ntransport = sip.tls\ncontext = from-trunk-tls\nrewrite_contact = yes\nmedia_encryption = sdes\nallow", `contact = sip:sip.example.net:5080\;transport=tls`, `server_uri = sip:sip.example.net:5080\;transport=tls`,
		"[near](trunk)\naors = near\nmedia_encryption = sdes\nmedia_encryption_optimistic = yes\n",
	} {
		assert.Contains(t, text, part)
	}
	assert.NotContains(t, text, "2002@")
	require.Equal(t, 1, strings.Count(text, "rewrite_contact"), "over UDP a carrier is believed")
	l.Phones[0].Encryption = "sometimes"
	_, err = l.Files()
	require.ErrorContains(t, err, "Phones[0].Encryption")
}

// Phones and trunks may be called as SIP over TLS is.
func TestNobodyHasTheNameOfATransport(t *testing.T) {
	l := goodLines()
	l.Phones = append(l.Phones, Phone{User: "tls", HA1: l.Phones[0].HA1})
	files, err := l.Files()
	require.NoError(t, err)
	require.Contains(t, string(files["pjsip.conf"]), "[2001](phone)")
	require.Contains(t, string(files["pjsip.conf"]), "[tls](phone)")
	require.NotRegexp(t, nameRule, tlsName)
	dir, s := t.TempDir(), valid()
	s.TLS, s.Phones = &TLS{Port: 5061, Dir: "/tls"}, l.Phones
	require.NoError(t, s.Write(dir))
	text, err := os.ReadFile(filepath.Join(dir, "etc/site/pjsip.conf"))
	require.NoError(t, err)
	s.TLS.Port = s.SIPPort
	require.ErrorContains(t, s.Write(dir), "TLS.Port", "the dialplan tells them apart by the port")
	require.Contains(t, string(text), "[sip.tls]\ntype = transport\nprotocol = tls\n")
}

// What would mean something in a configuration file is refused, whoever has let it through before.
func TestNothingBreaksOutOfLines(t *testing.T) {
	for _, evil := range []string{"a\nb", "a;b", "a b\x00", "a]\n[b", "a\r\n[global]"} {
		for field, change := range map[string]func(*Lines){
			"Phones[0].User": func(l *Lines) { l.Phones[0].User = evil }, "Phones[0].HA1": func(l *Lines) { l.Phones[0].HA1 = evil }, "Phones[0].Codecs[0]": func(l *Lines) { l.Phones[0].Codecs[0] = evil },
			"Trunks[0].Name": func(l *Lines) { l.Trunks[0].Name = evil }, "Trunks[0].Contact": func(l *Lines) { l.Trunks[0].Contact = "sip:" + evil }, "Trunks[0].Match[0]": func(l *Lines) { l.Trunks[0].Match[0] = evil },
			"Trunks[0].User": func(l *Lines) { l.Trunks[0].User = evil }, "Trunks[0].Password": func(l *Lines) { l.Trunks[0].Password = strings.TrimSpace(evil) + " \n" }, "Blocked[0]": func(l *Lines) { l.Blocked[0] = evil },
		} {
			l := goodLines()
			change(&l)
			_, err := l.Files()
			require.ErrorContains(t, err, field, "%q", evil)
		}
	}
	l := goodLines()
	l.Trunks[0].Name = "2001"
	_, err := l.Files()
	require.ErrorContains(t, err, "is taken")
}

func TestAWrongPasswordIsReadFromTheLog(t *testing.T) {
	const head = "[2026-11-21 12:00:00.123] NOTICE[77] res_pjsip/pjsip_distributor.c: Request 'REGISTER' from "
	for line, address := range map[string]string{
		head + "'<sip:2001@192.0.2.1>' failed for '198.51.100.7:5071' (callid: abc@x) - Failed to authenticate":               "198.51.100.7",
		head + "'<sip:2001@192.0.2.1>' failed for '[2001:db8::7]:5071' (callid: abc@x) - Failed to authenticate":              "2001:db8::7",
		head + "'<sip:2001@192.0.2.1>' failed for '198.51.100.7:5071' (callid: abc@x) - No matching endpoint found":           "",
		"[2026-11-21 12:00:00.123] WARNING[77] x: says ' failed for '198.51.100.7:5071' (callid: a) - Failed to authenticate": "",
		// Somebody who would have another one shut out.
		head + "'\" failed for '203.0.113.1:1' (callid: x) - Failed to authenticate\" <sip:a@b>' failed for '198.51.100.7:5071' (callid: abc@x) - Failed to authenticate": "198.51.100.7",
		head + "'<sip:a@b>' failed for '198.51.100.7:5071' (callid: x'failed_for'203.0.113.1:1') - Failed to authenticate":                                                "198.51.100.7",
	} {
		require.Equal(t, address, WrongPassword(line), line)
	}
}
