package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/docker/certificate"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
)

// patient is a switch that the doctor looks at.
type patient struct {
	t   *testing.T
	set switchSettings
}

// look gives the findings by check.
func (p patient) look() map[string]finding {
	p.t.Helper()
	out := map[string]finding{}
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	for _, f := range p.set.examine(ctx, true) {
		require.NotContains(p.t, out, f.Check)
		out[f.Check] = f
	}
	return out
}

func (p patient) wellBut(ills ...string) map[string]finding {
	p.t.Helper()
	seen := p.look()
	for check, f := range seen {
		bad := false
		for _, b := range ills {
			bad = bad || b == check
		}
		if bad {
			require.Equal(p.t, broken, f.Health, "%s: %s", check, f.Text)
			require.NotEmpty(p.t, f.Mend, check)
			continue
		}
		require.Equal(p.t, fine, f.Health, "%s: %s", check, f.Text)
	}
	for _, b := range ills {
		require.Contains(p.t, seen, b)
	}
	return seen
}

// shownFile is the certificate of the lab's switches, as their set-up leaves it for Tandem.
func shownFile(t *testing.T) string {
	t.Helper()
	f, err := lab.Certificate()
	require.NoError(t, err)
	name := filepath.Join(t.TempDir(), "certificate.pem")
	require.NoError(t, os.WriteFile(name, f.Chain, 0o600))
	return name
}

// TestDoctorNamesWhatIsWrongWithTLS looks at a server that shows what it should not.
func TestDoctorNamesWhatIsWrongWithTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	address := server.Listener.Addr().String()
	look := func(file, address string) map[string]finding {
		out := map[string]finding{}
		for _, f := range checkTLS(t.Context(), "TANDEM_ARI", file, address) {
			out[f.Check] = f
		}
		return out
	}
	require.Equal(t, skipped, look("", "")["TLS"].Health)
	require.Equal(t, fine, look("", address)["TLS"].Health)
	require.Equal(t, broken, look(filepath.Join(t.TempDir(), "missing"), address)["certificate"].Health)
	another := look(shownFile(t), address)
	require.Contains(t, another["TLS"].Text, "still shows another certificate")
	require.Equal(t, fine, another["certificate"].Health)

	file := filepath.Join(t.TempDir(), "certificate.pem")
	write := func(names []string, from time.Time) {
		made, err := certificate.Own(names, from)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, made.Chain, 0o600))
	}
	write([]string{"127.0.0.1"}, time.Now().AddDate(-certificate.OwnYears, 0, -1))
	require.Contains(t, look(file, "")["certificate"].Text, "has expired")
	write([]string{"127.0.0.1"}, time.Now().AddDate(-certificate.OwnYears, 0, 7))
	require.Equal(t, warning, look(file, "")["certificate"].Health)
	write([]string{"sip.example.net"}, time.Now())
	require.Contains(t, look(file, address)["certificate"].Text, "not for 127.0.0.1, but for sip.example.net")
	server.Close()
	require.Contains(t, look(file, address)["TLS"].Text, "nobody listens")
}

// TestDoctorNamesWhatIsBrokenOnAsterisk breaks one thing after the other on a real one.
func TestDoctorNamesWhatIsBrokenOnAsterisk(t *testing.T) {
	t.Parallel()
	a := lab.ForTest(t)
	p := patient{t, asteriskSettings{TLS: a.TLSAddr, Certificate: shownFile(t), ID: "asterisk", URL: strings.TrimSuffix(a.ARIURL, "/ari"), User: a.ARIUser, Password: a.ARIPassword, App: "tandem", prefix: "TANDEM_ARI"}}
	cli := func(command string) {
		t.Helper()
		said, err := a.CLI(t.Context(), command)
		require.NoError(t, err, said)
	}
	seen := p.wellBut()
	for _, check := range []string{"modules", "apology", "recordings", "phones", "test call", "audio", "fallback", "certificate", "TLS"} {
		require.Contains(t, seen, check)
	}
	a.NoLeftovers(t)
	left, err := filepath.Glob(filepath.Join(a.Spool, "*doctor*"))
	require.NoError(t, err)
	require.Empty(t, left)

	cli("dialplan remove context away")
	p.wellBut("fallback")
	cli("dialplan reload")
	cli("module unload app_playback.so")
	seen = p.wellBut("fallback modules", "fallback")
	require.Contains(t, seen["fallback modules"].Text, "app_playback")
	cli("module load app_playback.so")
	cli("module unload format_wav.so")
	seen = p.wellBut("recording", "recordings")
	require.Contains(t, seen["recording"].Text, "format_wav")
	cli("module load format_wav.so")

	// The spool is gone, and cannot be made again: what a full or read-only disk comes to, for a switch that runs as root.
	require.NoError(t, os.Rename(a.Spool, a.Spool+"-away"))
	require.NoError(t, os.WriteFile(a.Spool, nil, 0o600))
	p.wellBut("recordings")
	require.NoError(t, os.Remove(a.Spool))
	require.NoError(t, os.Rename(a.Spool+"-away", a.Spool))
	p.wellBut()
	a.NoLeftovers(t)
}

// TestDoctorNamesWhatIsBrokenOnFreeSWITCH does the same on a real FreeSWITCH.
func TestDoctorNamesWhatIsBrokenOnFreeSWITCH(t *testing.T) {
	t.Parallel()
	f := lab.FreeSWITCHForTest(t)
	set := freeswitchSettings{TLS: f.TLSAddr, Certificate: shownFile(t), ID: "freeswitch", Addr: f.ESLAddr, Password: f.ESLPassword, Recordings: f.Recordings, prefix: "TANDEM_ESL"}
	p := patient{t, set}
	api := func(command string) {
		t.Helper()
		said, err := f.API(t.Context(), command)
		require.NoError(t, err)
		require.NotContains(t, said, "-ERR", command)
	}
	seen := p.wellBut()
	for _, check := range []string{"modules", "codecs", "SIP profile", "recordings", "test call", "audio", "fallback", "certificate", "TLS"} {
		require.Contains(t, seen, check)
	}
	f.NoLeftovers(t)
	left, err := filepath.Glob(filepath.Join(f.Recordings, "*doctor*"))
	require.NoError(t, err)
	require.Empty(t, left)

	elsewhere := set
	elsewhere.Recordings = t.TempDir()
	patient{t, elsewhere}.wellBut("recordings")

	prefs, err := f.API(t.Context(), "global_getvar global_codec_prefs")
	require.NoError(t, err)
	api("global_setvar global_codec_prefs=G729")
	require.Equal(t, broken, p.look()["codecs"].Health)
	api("global_setvar global_codec_prefs=" + strings.TrimSpace(prefs))

	api("unload mod_db")
	p.wellBut("fallback modules")
	api("load mod_db")

	apologies, err := filepath.Glob(filepath.Join(f.Dir, "sounds", "tandem", "apology.wav"))
	require.NoError(t, err)
	require.Len(t, apologies, 1)
	require.NoError(t, os.Rename(apologies[0], apologies[0]+".away"))
	seen = p.look()
	require.Equal(t, broken, seen["fallback"].Health)
	require.NotEmpty(t, seen["fallback"].Mend)
	require.NoError(t, os.Rename(apologies[0]+".away", apologies[0]))

	f.NoLeftovers(t)
}

// TestDoctorBesideAWorkingTandem has the doctor look at an installation with a conversation: it finds nothing, and nobody notices.
func TestDoctorBesideAWorkingTandem(t *testing.T) {
	onEach(t, func(t *testing.T, on brand) {
		s := newStack(t, embedded, 1, on)
		s.addQueue("sales", salesNumber, 0, nil)
		k := s.connects(salesNumber, s.desks[0])

		cmd := exec.CommandContext(s.soon(), s.proc.bin, "doctor", "-json")
		cmd.Env = s.proc.env
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		require.NoError(t, cmd.Run(), "%s\n%s", &out, &errs)
		for name, value := range s.env {
			if strings.HasSuffix(name, "_PASSWORD") {
				require.NotContains(t, out.String(), value, "no secret is shown")
			}
		}
		var report struct{ Findings []finding }
		require.NoError(t, json.Unmarshal(out.Bytes(), &report))
		seen := map[string]health{}
		for _, f := range report.Findings {
			seen[f.Check] = f.Health
		}
		id := string(s.switches[0].id)
		for _, check := range []string{"settings", "permissions", "port TANDEM_LISTEN", "database", "bucket", "clock", "switch " + id + ": recordings", "switch " + id + ": audio", "switch " + id + ": fallback"} {
			require.Equal(t, fine, seen[check], "%s: %s", check, &out)
		}

		k.unbroken()
		k.caller.hangUp()
		s.emptied()
		s.mended(map[string]float64{})
	})
}
