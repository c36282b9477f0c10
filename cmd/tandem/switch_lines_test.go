package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/docker/asterisk"
	"github.com/tandem-voice/tandem/docker/freeswitch"
	"github.com/tandem-voice/tandem/models"
)

// What is kept of a phone's password has the realm in it: the switches must ask with the same.
func TestAllGoByOneRealm(t *testing.T) {
	require.Equal(t, models.PhoneRealm, asterisk.Realm)
	require.Equal(t, models.PhoneRealm, freeswitch.Domain)
}

// What people may set up, both switches can carry.
func TestWhatMayBeSetUpCanBeWritten(t *testing.T) {
	phone := models.Phone{ID: "a", Tenant: "acme", User: "a-Z_9", Name: `"; ${x} <b>`, Codecs: models.Codecs()}
	trunk := models.Trunk{ID: "t-1", Name: "[x]\u00a0;", Host: "2001:db8::1", From: []string{"2001:db8::/32", "192.0.2.1", "198.51.100.0/24"}, User: "+49.30_1-2", Register: true, Codecs: models.Codecs()}
	require.NoError(t, models.ValidPhone(phone))
	require.NoError(t, models.ValidTrunk(trunk))
	named := trunk
	named.ID, named.Host, named.Port = "t-2", "sip-1.example.net", 5080
	parted := trunk // of a word that FreeSWITCH reads, which is in no line
	parted.ID, parted.User = "t-3", "X-PRE-"
	require.NoError(t, models.ValidTrunk(parted))
	phones := []models.KeyedPhone{{Phone: phone, HA1: "0123456789abcdef0123456789abcdef"}}
	trunks := []models.KeyedTrunk{{Trunk: trunk, Password: "aZ0!#%()*+,./:=?@^_~|-"}, {Trunk: named}, {Trunk: parted, Password: "PROCESS"}}
	for _, d := range []lined{asteriskDriver{}, freeswitchDriver{}} {
		p, err := d.plan(phones, trunks, []string{"198.51.100.7", "2001:db8:1::7"})
		require.NoError(t, err)
		for name, text := range p.Files {
			require.NotContains(t, string(text), "${x}", "%s: names for people stay out", name)
			require.NotContains(t, string(text), "[x]", name)
		}
	}
}

func TestCarriersAreNotShutOut(t *testing.T) {
	trunks := []models.KeyedTrunk{{Trunk: models.Trunk{ID: "a", Host: "192.0.2.9"}}, {Trunk: models.Trunk{ID: "b", Host: "sip.example.net", From: []string{"198.51.100.0/24", "2001:db8:1:2::9"}}}}
	require.Equal(t, []string{"192.0.2.8", "2001:db8:1:3::/64"}, notCarriers([]string{"192.0.2.8", "192.0.2.9", "198.51.100.77", "2001:db8:1:2::/64", "2001:db8:1:3::/64"}, trunks))
}

func TestTheDoctorTriesTheDirectoryOfPhones(t *testing.T) {
	dir := t.TempDir()
	good := condition{health: fine, text: "Asterisk 22"}
	require.Equal(t, good, good.withLines("TANDEM_ARI", "", ""))
	log := filepath.Join(dir, "messages")
	c := good.withLines("TANDEM_ARI", dir, log)
	require.Equal(t, warning, c.health)
	require.Contains(t, c.text, "TANDEM_ARI_LOG")
	require.NoError(t, os.WriteFile(log, nil, 0o600))
	require.Equal(t, good, good.withLines("TANDEM_ARI", dir, log))
	c = good.withLines("TANDEM_ARI", filepath.Join(dir, "not-mounted"), log)
	require.Equal(t, broken, c.health)
	require.Contains(t, c.text, "TANDEM_ARI_SITE")
}

// TestTheLongestNamesCanBeWritten: what the set-up takes, the switches' files do as well. One phone or trunk that they would not take keeps all others from being written.
func TestTheLongestNamesCanBeWritten(t *testing.T) {
	label := strings.Repeat("a", 63) + "."
	phone := models.Phone{ID: "a", Tenant: "acme", Name: "A", User: strings.Repeat("p", 40)}
	trunk := models.Trunk{ID: strings.Repeat("t", 40), Name: "A", Host: label + label + label + strings.Repeat("b", 61), Port: 65535, User: strings.Repeat("u", 64), Register: true}
	require.NoError(t, models.ValidPhone(phone))
	require.NoError(t, models.ValidTrunk(trunk))
	for _, d := range []lined{asteriskDriver{}, freeswitchDriver{}} {
		p, err := d.plan([]models.KeyedPhone{{Phone: phone, HA1: strings.Repeat("0", 32)}}, []models.KeyedTrunk{{Trunk: trunk, Password: strings.Repeat("x", 80)}}, nil)
		require.NoError(t, err)
		require.NotEmpty(t, p.Files)
	}
}
