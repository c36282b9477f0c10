package softphone_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/docker/certificate"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// Two phones over TLS and over UDP: they agree on SRTP where both want it, and not at all where one must and the other does not.
func TestTwoPhonesEncrypt(t *testing.T) {
	files, err := certificate.Own([]string{"127.0.0.1"}, time.Now())
	require.NoError(t, err)
	own, err := tls.X509KeyPair(files.Chain, files.Key)
	require.NoError(t, err)
	trust := x509.NewCertPool()
	require.True(t, trust.AppendCertsFromPEM(files.Chain))
	const never, wanted, always = softphone.PlainOnly, softphone.EncryptIfWanted, softphone.EncryptAlways
	for _, c := range []struct {
		caller, callee  softphone.Encryption
		fails, encrypts bool
	}{
		{never, never, false, false}, {never, wanted, false, false}, {never, always, true, false},
		{wanted, never, false, false}, {wanted, wanted, false, true}, {wanted, always, false, true},
		{always, never, true, false}, {always, wanted, false, true}, {always, always, false, true},
	} {
		for _, secure := range []*tls.Config{nil, {RootCAs: trust, Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12}} {
			phone := func(user string, n int, e softphone.Encryption) *softphone.Phone {
				p, err := softphone.New(softphone.Config{User: user, TLS: secure, Encryption: e, Voice: softphone.ToneVoice(softphone.Tone(n)), Reaction: softphone.Answer})
				require.NoError(t, err)
				t.Cleanup(p.Close)
				return p
			}
			a, b := phone("a", 0, c.caller), phone("b", 1, c.callee)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			call, err := a.Dial(ctx, "b@"+b.Addr(), softphone.CallOptions{})
			require.NoError(t, err)
			err = call.AwaitAnswer(ctx)
			if c.fails {
				var refused *softphone.RefusedError
				require.ErrorAs(t, err, &refused, "%+v", c)
				require.Equal(t, 488, refused.Code)
				cancel()
				continue
			}
			require.NoError(t, err, "%+v", c)
			at, err := b.AwaitCall(ctx, 1)
			require.NoError(t, err)
			require.NoError(t, call.Hears(ctx, softphone.Tone(1)), "%+v", c)
			require.NoError(t, at.Hears(ctx, softphone.Tone(0)), "%+v", c)
			require.NoError(t, call.Hold(ctx))
			require.NoError(t, call.Resume(ctx))
			require.NoError(t, at.Hears(ctx, softphone.Tone(0)), "%+v", c)
			require.Equal(t, c.encrypts, call.Encrypted(), "%+v", c)
			require.Equal(t, c.encrypts, at.Encrypted(), "%+v", c)
			require.NoError(t, call.HangUp(ctx))
			cancel()
		}
	}
}

// Nothing is said to somebody who shows no certificate for the name, or none that is believed.
func TestAPhoneDoesNotSpeakToStrangers(t *testing.T) {
	files, err := certificate.Own([]string{"127.0.0.1"}, time.Now())
	require.NoError(t, err)
	own, err := tls.X509KeyPair(files.Chain, files.Key)
	require.NoError(t, err)
	b, err := softphone.New(softphone.Config{User: "b", TLS: &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12}})
	require.NoError(t, err)
	defer b.Close()
	a, err := softphone.New(softphone.Config{User: "a", TLS: &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}, RetransmitAfter: 10 * time.Millisecond})
	require.NoError(t, err)
	defer a.Close()
	call, err := a.Dial(t.Context(), "b@"+b.Addr(), softphone.CallOptions{})
	require.NoError(t, err)
	e, err := call.AwaitEnd(t.Context())
	require.NoError(t, err)
	require.Equal(t, 408, e.Code)
	require.Empty(t, b.Calls())
}
