package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func TestWhatIsWrongWithACertificateIsNamed(t *testing.T) {
	names := []string{"sip.example.net", "192.0.2.7"}
	good, err := Own(names, now)
	require.NoError(t, err)
	other, err := Own(names, now)
	require.NoError(t, err)
	require.Empty(t, Check(good.Chain, good.Key, names, now))
	_, err = tls.X509KeyPair(good.Chain, good.Key)
	require.NoError(t, err)

	passphrase := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})
	for text, c := range map[string]struct {
		chain, key []byte
		names      []string
		now        time.Time
		severity   Severity
	}{
		"cert.pem: holds no certificate":          {nil, good.Key, names, now, Unusable},
		"cert.pem: is no certificate":             {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), good.Key, names, now, Unusable},
		"key.pem: holds no private key":           {good.Chain, []byte("x"), names, now, Unusable},
		"key.pem: the key has a passphrase":       {good.Chain, passphrase, names, now, Unusable},
		"key.pem and cert.pem do not belong":      {good.Chain, other.Key, names, now, Unusable},
		"expired on 2031-11-21":                   {good.Chain, nil, names, now.AddDate(OwnYears, 0, 1), Refused},
		"expires on 2031-11-21":                   {good.Chain, nil, names, now.AddDate(OwnYears, 0, -20), Soon},
		"valid only from 2026-11-21":              {good.Chain, nil, names, now.AddDate(0, 0, -1), Refused},
		"not for pbx.example.net, but for sip.ex": {good.Chain, nil, []string{"pbx.example.net"}, now, Refused},
	} {
		problems := Check(c.chain, c.key, c.names, c.now)
		require.Len(t, problems, 1, text)
		require.Contains(t, problems[0].Text, text)
		require.Equal(t, c.severity, problems[0].Severity, text)
		require.NotEmpty(t, problems[0].Mend, text)
	}
}

func TestFilesOfADirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	_, err := Read(dir)
	require.ErrorContains(t, err, "cert.pem: is missing")
	require.ErrorContains(t, err, "key.pem: is missing")
	made, err := Own([]string{"sip.example.net"}, now)
	require.NoError(t, err)
	require.NoError(t, Put(dir, map[string][]byte{ChainFile: made.Chain, KeyFile: made.Key}))
	got, err := Read(dir)
	require.NoError(t, err)
	require.Equal(t, made, got, "authorities may be missing")
	info, err := os.Stat(filepath.Join(dir, KeyFile))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	// A file with everything in it, and with text for people between.
	require.NoError(t, Put(dir, map[string][]byte{ChainFile: slices.Concat(made.Key, []byte("the switch\n"), made.Chain, []byte("the root\n"), made.Chain)}))
	got, err = Read(dir)
	require.NoError(t, err)
	require.Equal(t, slices.Concat(made.Chain, made.Chain), got.Chain, "no key is in what everybody may see")

	made.Authorities = made.Chain
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(made.Trusted()))
}
