package models_test

import (
	"crypto/md5"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

func openKey(t *testing.T) *models.Key {
	t.Helper()
	key, err := models.OpenKey(filepath.Join(t.TempDir(), "sub", "secret-key"))
	require.NoError(t, err)
	return key
}

func deskPhone() models.Phone {
	return models.Phone{ID: "desk-1", Tenant: "acme", User: "2001", Name: "Reception", Engine: "asterisk"}
}

func carrier() models.Trunk {
	return models.Trunk{ID: "carrier-1", Name: "The carrier", Host: "sip.example.net", From: []string{"192.0.2.7", "2001:db8::/32"}, User: "acct-7", Register: true}
}

func TestPhonesAreKeptWithoutTheirPasswords(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		site(t, db)
		l := db.Lines(openKey(t))
		row, err := l.CreatePhone(t.Context(), deskPhone())
		require.NoError(t, err)
		require.Equal(t, deskPhone(), row.Setup)
		phones, trunks, err := l.Of(t.Context(), "asterisk")
		require.NoError(t, err)
		require.Empty(t, phones, "a phone without a password is not set up")
		require.Empty(t, trunks)

		made, err := l.SetPhonePassword(t.Context(), "desk-1", "")
		require.NoError(t, err)
		require.Regexp(t, `^[a-km-np-z2-9]{20}$`, made)
		again, err := l.SetPhonePassword(t.Context(), "desk-1", "")
		require.NoError(t, err)
		require.NotEqual(t, made, again)
		chosen, err := l.SetPhonePassword(t.Context(), "desk-1", "Vb7#kd92mXq1")
		require.NoError(t, err)
		require.Empty(t, chosen, "only one that was made is given back")
		phones, _, err = l.Of(t.Context(), "asterisk")
		require.NoError(t, err)
		require.Len(t, phones, 1)
		sum := md5.Sum([]byte("2001:tandem:Vb7#kd92mXq1"))
		require.Equal(t, hex.EncodeToString(sum[:]), phones[0].HA1)
		require.False(t, phones[0].PasswordAt.IsZero())
		phones, _, err = l.Of(t.Context(), "freeswitch")
		require.NoError(t, err)
		require.Empty(t, phones, "it is at another switch")

		p := deskPhone()
		p.Engine, p.Codecs = "", []models.Codec{"pcma"}
		row, err = l.UpdatePhone(t.Context(), p, 1)
		require.NoError(t, err)
		require.True(t, row.Setup.HasPassword)
		require.Equal(t, int64(2), row.Version)
		phones, _, err = l.Of(t.Context(), "freeswitch")
		require.NoError(t, err)
		require.Len(t, phones, 1, "it is at every switch")

		// With another key nothing is given out, not even what needs none: half a configuration would take phones away.
		_, _, err = db.Lines(openKey(t)).Of(t.Context(), "asterisk")
		require.ErrorIs(t, err, models.ErrSealed)
		_, _, err = db.Lines(nil).Of(t.Context(), "asterisk")
		require.ErrorIs(t, err, models.ErrSealed)
		require.NoError(t, l.DeletePhone(t.Context(), "desk-1", 2))
		require.ErrorIs(t, l.DeletePhone(t.Context(), "desk-1", 0), models.ErrNotFound)
	})
}

func TestWeakPhonePasswordsAreRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		site(t, db)
		l := db.Lines(openKey(t))
		_, err := l.CreatePhone(t.Context(), deskPhone())
		require.NoError(t, err)
		for password, rule := range map[string]string{
			"2001": "12 to 64", "Vb7#kd92mXq": "12 to 64", "with a space in it": "12 to 64", "umlautä-Vb7#kd92mXq1": "12 to 64", strings.Repeat("Vb7#kd92mXq1", 6): "12 to 64",
			"line\nbreak-Vb7#kd92mXq1": "12 to 64", "xVb7#2001kd92mXq": "the phone's name",
			"password1234": "guessed", "200020002000": "guessed", "Password123!": "guessed", "qwertyuiop12": "guessed", "reception2026": "guessed", "asterisk-phone": "guessed",
			"123456789012": "guessed", "correcthorse": "guessed",
		} {
			_, err := l.SetPhonePassword(t.Context(), "desk-1", password)
			requireField(t, err, "password", rule)
			require.NotContains(t, err.Error(), password)
		}
		row, err := l.Phone(t.Context(), "desk-1")
		require.NoError(t, err)
		require.False(t, row.Setup.HasPassword)
		for _, password := range []string{"Vb7#kd92mXq1", "h3kq8w2mzx5t", `$0;"<>'&${Kx}92w`} {
			_, err := l.SetPhonePassword(t.Context(), "desk-1", password)
			require.NoError(t, err, password)
		}
	})
}

func TestTrunksAreKeptWithTheirPasswordsSealed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		c := site(t, db)
		l := db.Lines(openKey(t))
		_, err := l.CreateTrunk(t.Context(), carrier())
		require.NoError(t, err)
		require.NoError(t, l.SetTrunkPassword(t.Context(), "carrier-1", "p=w#1"))
		_, trunks, err := l.Of(t.Context(), "any")
		require.NoError(t, err)
		require.Len(t, trunks, 1)
		require.Equal(t, "p=w#1", trunks[0].Password)
		for _, password := range []string{"", "a;b", "a b", "a\nb", `a"b`, "a$b", "a<b", "a&b", "a{b", "X-PRE-PROCESS", strings.Repeat("a", 81)} {
			requireField(t, l.SetTrunkPassword(t.Context(), "carrier-1", password), "password", "1 to 80")
		}

		moved := carrier()
		moved.Port = 5080
		row, err := l.UpdateTrunk(t.Context(), moved, 0)
		require.NoError(t, err)
		require.True(t, row.Setup.HasPassword)
		moved.Host = "sip.thief.example"
		row, err = l.UpdateTrunk(t.Context(), moved, 0)
		require.NoError(t, err)
		require.False(t, row.Setup.HasPassword, "another host is not sent what was meant for the first")
		moved.User, moved.Register = "", false
		_, err = l.UpdateTrunk(t.Context(), moved, 0)
		require.NoError(t, err)
		requireField(t, l.SetTrunkPassword(t.Context(), "carrier-1", "secret"), "password", "needs a user")

		acme, err := c.Tenant(t.Context(), "acme")
		require.NoError(t, err)
		acme.Setup.Dialling = core.Dialling{Trunk: "carrier-1", Home: "+49", Allow: []string{"+49"}}
		_, _, err = c.UpdateTenant(t.Context(), acme.Setup, 0)
		require.NoError(t, err)
		requireField(t, l.DeleteTrunk(t.Context(), "carrier-1", 0), "id", "acme calls out over this trunk")
		acme.Setup.Dialling = core.Dialling{}
		_, _, err = c.UpdateTenant(t.Context(), acme.Setup, 0)
		require.NoError(t, err)
		require.NoError(t, l.DeleteTrunk(t.Context(), "carrier-1", 0))
		all, err := l.Trunks(t.Context())
		require.NoError(t, err)
		require.Empty(t, all)
	})
}

func TestNamesOfPhonesAndTrunksMeetNowhere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		c := site(t, db)
		_, _, err := c.CreateTenant(t.Context(), models.Tenant{Tenant: core.Tenant{ID: "other", Name: "Other"}})
		require.NoError(t, err)
		l := db.Lines(openKey(t))
		p := deskPhone()
		p.User = "Bob"
		_, err = l.CreatePhone(t.Context(), p)
		require.NoError(t, err)
		for _, engine := range []core.EngineID{"asterisk", ""} {
			twin := models.Phone{ID: "desk-2", Tenant: "other", User: "bOB", Name: "Twin", Engine: engine}
			_, err = l.CreatePhone(t.Context(), twin)
			requireField(t, err, "user", "is taken")
			_, err = l.CreateTrunk(t.Context(), models.Trunk{ID: "bob", Name: "Bob", Host: "192.0.2.1", Engine: engine})
			requireField(t, err, "id", "is taken")
		}
		_, err = l.CreatePhone(t.Context(), models.Phone{ID: "desk-2", Tenant: "acme", User: "bob", Name: "Elsewhere", Engine: "freeswitch"})
		require.NoError(t, err)
		_, err = l.CreatePhone(t.Context(), p)
		require.ErrorIs(t, err, models.ErrExists)
		p.User = "Rob"
		_, err = l.UpdatePhone(t.Context(), p, 0)
		requireField(t, err, "user", "cannot be changed")
		p.User, p.Tenant = "Bob", "other"
		_, err = l.UpdatePhone(t.Context(), p, 0)
		requireField(t, err, "tenant", "cannot be changed")

		// What one tenant's agent rings on is no other tenant's phone.
		_, _, err = c.CreateAgent(t.Context(), core.AgentSetup{ID: "olga", Tenant: "other", Name: "Olga", Phone: "Bob"})
		requireField(t, err, "phone", "no such phone")
		_, err = l.CreatePhone(t.Context(), models.Phone{ID: "desk-3", Tenant: "other", User: "desk-anna", Name: "Thief"})
		requireField(t, err, "user", "is taken")
		_, err = c.DeleteTenant(t.Context(), "other", 0)
		require.NoError(t, err)
	})
}

// TestNothingBreaksOutOfTheSwitchesFiles tries in every field what means something in Asterisk's or FreeSWITCH's files.
func TestNothingBreaksOutOfTheSwitchesFiles(t *testing.T) {
	evil := []string{
		"a\nb", "a\r\n[x]", "a;b", "a${b}", "$${b}", `a"b`, "a'b", "a<b", "a>b", "a&b", "a]b", "[a", "a\x00b", "a b", "a,b", "a\\b", "a=b", "a/b", "a%b", "äb", "#include", "a{b}",
		"X-PRE-PROCESS", "a\u2028b",
	}
	for _, text := range evil {
		for field, err := range map[string]error{
			"user":      models.ValidPhone(models.Phone{ID: "a", Tenant: "acme", Name: "A", User: text}),
			"engine":    models.ValidPhone(models.Phone{ID: "a", Tenant: "acme", Name: "A", User: "a", Engine: core.EngineID(text)}),
			"codecs[0]": models.ValidPhone(models.Phone{ID: "a", Tenant: "acme", Name: "A", User: "a", Codecs: []models.Codec{models.Codec(text)}}),
			"id":        models.ValidTrunk(models.Trunk{ID: text, Name: "A", Host: "192.0.2.1"}),
			"host":      models.ValidTrunk(models.Trunk{ID: "a", Name: "A", Host: text}),
			"from[0]":   models.ValidTrunk(models.Trunk{ID: "a", Name: "A", Host: "192.0.2.1", From: []string{text}}),
		} {
			if field == "engine" && text == "X-PRE-PROCESS" {
				continue // is written nowhere
			}
			requireField(t, err, field, "")
		}
		user := models.ValidTrunk(models.Trunk{ID: "a", Name: "A", Host: "192.0.2.1", User: text})
		requireField(t, user, "user", "")
	}
	for _, from := range []string{"0.0.0.0/0", "10.0.0.0/7", "::/0", "fe80::1%eth0", "192.0.2.1/33", "example.net"} {
		requireField(t, models.ValidTrunk(models.Trunk{ID: "a", Name: "A", Host: "192.0.2.1", From: []string{from}}), "from[0]", "a network")
	}
	for _, name := range []string{"system", "Global", "phone-auth", "carrier-out", "udp"} {
		requireField(t, models.ValidPhone(models.Phone{ID: "a", Tenant: "acme", Name: "A", User: name}), "user", "reserved by the switches")
	}
	requireField(t, models.ValidPhone(models.Phone{ID: "a", Tenant: "acme", Name: "A", User: "4930123456"}), "user", "at most 6 digits")
	requireField(t, models.ValidTrunk(models.Trunk{ID: "a", Name: "A", Host: "192.0.2.1", Register: true}), "user", "to register")
	requireField(t, models.ValidTrunk(models.Trunk{ID: "a", Name: "A", Host: "192.0.2.1", Port: 65536}), "port", "65535")
	for _, host := range []string{"192.0.2.1", "2001:db8::1", "sip.example.net", "pbx"} {
		require.NoError(t, models.ValidTrunk(models.Trunk{ID: "a", Name: "A", Host: host}), host)
	}
}

func TestTheKeyIsMadeOnceAndForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret-key")
	_, err := models.OpenKey(path)
	require.NoError(t, err)
	first, err := os.ReadFile(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	_, err = models.OpenKey(path)
	require.NoError(t, err)
	second, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, first, second)
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing is left beside it")
	require.NoError(t, os.WriteFile(path, []byte("too short\n"), 0o600))
	_, err = models.OpenKey(path)
	require.ErrorContains(t, err, "64 hexadecimal digits")
	require.NotContains(t, err.Error(), "too short")
}

// 0.0.0.0/0 has another spelling.
func TestNoTrunkIsEverybodysInIPv6Either(t *testing.T) {
	trunk := models.Trunk{ID: "carrier", Name: "Carrier", Host: "192.0.2.1", From: []string{"0.0.0.0/0"}}
	require.ErrorContains(t, models.ValidTrunk(trunk), "from[0]")
	for _, from := range []string{"::ffff:0.0.0.0/96", "::ffff:10.0.0.0/103", "::/64", "::/32"} {
		trunk.From = []string{from}
		require.ErrorContains(t, models.ValidTrunk(trunk), "from[0]", from)
	}
	trunk.From = []string{"::ffff:192.0.2.0/120", "::ffff:10.0.0.0/104", "2001:db8::/32"}
	require.NoError(t, models.ValidTrunk(trunk))
}

func TestAPhoneIsOneAgentsHoweverItIsWritten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		c := site(t, db)
		_, _, err := c.CreateTenant(t.Context(), models.Tenant{Tenant: core.Tenant{ID: "globex", Name: "Globex"}})
		require.NoError(t, err)
		for _, tenant := range []core.TenantID{"acme", "globex"} {
			_, _, err := c.CreateAgent(t.Context(), core.AgentSetup{ID: "gil", Tenant: tenant, Name: "Gil", Phone: "Desk-Anna"})
			require.ErrorContains(t, err, "is another agent's phone already", tenant)
		}
		_, _, err = c.UpdateAgent(t.Context(), core.AgentSetup{ID: "anna", Tenant: "acme", Name: "Anna", Phone: "DESK-ANNA"}, 0)
		require.NoError(t, err, "it is her own")
	})
}
