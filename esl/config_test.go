package esl

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte(" secret \n"), 0o600))
	c, err := Config{ID: "f", Addr: "127.0.0.1:8021", PasswordFile: file}.withDefaults()
	require.NoError(t, err)
	assert.Equal(t, "secret", c.Password)
	assert.Equal(t, 20*time.Second, c.Beat)

	for field, change := range map[string]func(*Config){
		"ID":            func(c *Config) { c.ID = "" },
		"Addr":          func(c *Config) { c.Addr = "8021" },
		"User":          func(c *Config) { c.User = "nobody" },
		"Password":      func(c *Config) { c.Password = "a\nb" },
		"PasswordFile":  func(c *Config) { c.Password, c.PasswordFile = "", file+".not" },
		"PhoneTemplate": func(c *Config) { c.PhoneTemplate = "user/1001" },
		"TrunkTemplate": func(c *Config) { c.TrunkTemplate = "sofia/gateway/${x}/<number>" },
		"MixProfile":    func(c *Config) { c.MixProfile = "a b" },
		"RecordingsDir": func(c *Config) { c.RecordingsDir = "recordings" },
		"Beat":          func(c *Config) { c.Beat = -1 },
		"DialRate":      func(c *Config) { c.DialRate = -1 },
		"QueueLimit":    func(c *Config) { c.QueueLimit = -1 },
	} {
		bad := Config{ID: "f", Addr: "127.0.0.1:8021", Password: "secret"}
		change(&bad)
		_, err := New(bad)
		require.ErrorContains(t, err, field)
		require.NotContains(t, err.Error(), "secret")
	}
	for _, template := range []string{"sofia/gateway/only/<number>", "sofia/gateway/<trunk>/<number>"} {
		_, err := New(Config{ID: "f", Addr: "127.0.0.1:8021", Password: "secret", TrunkTemplate: template})
		require.NoError(t, err)
	}
}
