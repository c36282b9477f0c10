package freeswitch

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func goodLines() Lines {
	return Lines{
		Phones: []Phone{{User: "2001", HA1: "0123456789abcdef0123456789abcdef", Codecs: []string{"pcma", "pcmu"}, Guarded: true}, {User: "2002", HA1: "0123456789abcdef0123456789abcdef"}},
		Trunks: []Trunk{
			{Name: "far", Contact: "sip:sip.example.net:5080", Match: []string{"192.0.2.0/24"}, User: "acct", Password: "p=w#1", Register: true, Qualify: 30, Codecs: []string{"pcma"}},
			{Name: "near", Contact: "sip:192.0.2.9:5060"},
		},
		Blocked: []string{"198.51.100.7"},
	}
}

func TestLinesAreFiles(t *testing.T) {
	files, err := goodLines().Files()
	require.NoError(t, err)
	require.Len(t, files, 4)
	for name, text := range files {
		d := xml.NewDecoder(strings.NewReader(string(text)))
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, name)
		}
	}
	for name, part := range map[string]string{
		"phones.xml":    `value="{^^:presence_id=:absolute_codec_string=PCMA,PCMU}sofia/tandem/${dialed_user}"`,
		"gateways.xml":  `<param name="register" value="true"/>`,
		"addresses.xml": `<node type="deny" cidr="198.51.100.7/32"/>`,
		"trunks.xml":    `${acl(${network_addr} trunk-far)}`,
	} {
		assert.Contains(t, string(files[name]), part)
	}
	assert.Contains(t, string(files["phones.xml"]), `<param name="a1-hash" value="0123456789abcdef0123456789abcdef"/>`)
	assert.NotContains(t, string(files["trunks.xml"]), "trunk-near", "it calls nobody")
}

// Who must encrypt, may, and must not.
func TestLinesEncrypt(t *testing.T) {
	l := goodLines()
	l.Phones[0].TLS, l.Phones[0].Encryption = true, Required
	l.Phones[1].Encryption = Off
	l.Trunks[0].TLS, l.Trunks[0].Encryption = true, Required
	files, err := l.Files()
	require.NoError(t, err)
	for name, parts := range map[string][]string{
		"phones.xml": {
			`value="{^^:presence_id=:absolute_codec_string=PCMA,PCMU:rtp_secure_media=mandatory}${regex(${url_encode(${sofia_contact(tandem/${dialed_user}@${dialed_domain})})}|transport%3Dtls|sofia/tandem/${dialed_user}|n)}"`,
			`<variable name="tandem_needs" value="over-"/>`, `<variable name="rtp_secure_media_inbound" value="mandatory"/>`, `<variable name="rtp_secure_media_inbound" value="forbidden"/>`,
		},
		"gateways.xml": {`<param name="register-transport" value="tls"/>`, `<variable name="rtp_secure_media" value="mandatory" direction="outbound"/>`},
		"trunks.xml":   {`<condition field="${sip_via_protocol}" expression="^tls$"/>`, `<condition field="${rtp_secure_media_negotiated}" expression="."/>`},
	} {
		for _, part := range parts {
			assert.Contains(t, string(files[name]), part)
		}
	}
	l.Trunks[0].Encryption = "sometimes"
	_, err = l.Files()
	require.ErrorContains(t, err, "Trunks[0].Encryption")
}

func TestAGatewaysMarkChangesWithItsSettings(t *testing.T) {
	l := goodLines()
	before, err := l.Gateways()
	require.NoError(t, err)
	l.Trunks[0].Password = "another"
	after, err := l.Gateways()
	require.NoError(t, err)
	require.NotEqual(t, before["far"], after["far"])
	require.Equal(t, before["near"], after["near"])
	require.Regexp(t, `^[0-9a-f]{16}$`, after["far"])
}

// What would mean something to FreeSWITCH or its preprocessor is refused, whoever has let it through before.
func TestNothingBreaksOutOfLines(t *testing.T) {
	for _, evil := range []string{"a\nb", `a"b`, "a<b", "a&b", "$${a}", "${a}", "X-PRE-PROCESS"} {
		for field, change := range map[string]func(*Lines){
			"Phones[0].User": func(l *Lines) { l.Phones[0].User = evil }, "Phones[0].HA1": func(l *Lines) { l.Phones[0].HA1 = evil }, "Phones[0].Codecs[0]": func(l *Lines) { l.Phones[0].Codecs[0] = evil },
			"Trunks[0].Name": func(l *Lines) { l.Trunks[0].Name = evil }, "Trunks[0].": func(l *Lines) { l.Trunks[0].Contact = "sip:" + evil }, "Trunks[0].Match[0]": func(l *Lines) { l.Trunks[0].Match[0] = evil },
			"Trunks[0].N": func(l *Lines) { l.Trunks[0].Name, l.Trunks[0].User = evil, evil }, "Blocked[0]": func(l *Lines) { l.Blocked[0] = evil },
		} {
			l := goodLines()
			change(&l)
			_, err := l.Files()
			require.ErrorContains(t, err, field, "%q", evil)
		}
		for _, change := range []func(*Lines){func(l *Lines) { l.Trunks[0].User = evil }, func(l *Lines) { l.Trunks[0].Password = evil }} {
			l := goodLines()
			change(&l)
			_, err := l.Files()
			require.ErrorContains(t, err, "Trunks[0].", "%q", evil)
		}
	}
}
