package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tandem-voice/tandem/models"
)

// environ makes a lookup of variables, with everything in a directory of the test's own.
func environ(t *testing.T, vars map[string]string) func(string) (string, bool) {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{
		"TANDEM_DB": "sqlite:" + filepath.Join(dir, "tandem.db"), "TANDEM_LISTEN": "127.0.0.1:0",
		"TANDEM_BUCKET": "file://" + filepath.Join(dir, "recordings"), "TANDEM_ADMIN_TOKEN": filepath.Join(dir, "admin-token"),
	}
	for name, value := range vars {
		all[name] = value
	}
	return func(name string) (string, bool) { v, ok := all[name]; return v, ok }
}

// absentSwitch sets up a switch that does not answer, for what can be done without one.
var absentSwitch = map[string]string{"TANDEM_ARI_URL": "http://127.0.0.1:1", "TANDEM_ARI_PASSWORD": "none"}

// started runs serve until stop is called, which gives its error.
func started(t *testing.T, s settings, fresh bool) (url string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	addrs, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- serve(ctx, s, slog.New(slog.DiscardHandler), fresh, func(a net.Addr) { addrs <- a }) }()
	stop = func() error { cancel(); return <-ended }
	select {
	case a := <-addrs:
		return "http://" + a.String(), stop
	case err := <-ended:
		cancel()
		require.NoError(t, err)
		return "", nil
	}
}

func ask(t *testing.T, method, url, token, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(b)
}

func adminTokenOf(t *testing.T, s settings) string {
	t.Helper()
	info, err := os.Stat(s.AdminToken)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	b, err := os.ReadFile(s.AdminToken)
	require.NoError(t, err)
	return strings.TrimSpace(string(b))
}

// awaitOwner waits until a process may change the set-up.
func awaitOwner(t *testing.T, url string) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, body := ask(t, http.MethodGet, url+"/readyz", "", "")
		return strings.Contains(body, `{"name":"owner","ok":true}`)
	}, 20*time.Second, 5*time.Millisecond)
}

// TestServeKeepsItsSetUpOverARestart starts a process on nothing, sets it up, stops it, changes the database behind its back, and starts it again.
func TestServeKeepsItsSetUpOverARestart(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s, err := readSettings(environ(t, absentSwitch))
	require.NoError(t, err)
	url, stop := started(t, s, false)
	token := adminTokenOf(t, s)
	awaitOwner(t, url)
	status, body := ask(t, http.MethodPost, url+"/api/v1/tenants", token, `{"id":"acme","name":"Acme"}`)
	require.Equal(t, 201, status, body)
	status, body = ask(t, http.MethodPost, url+"/api/v1/agents", token, `{"id":"anna","tenant":"acme","name":"Anna","phone":"1001"}`)
	require.Equal(t, 201, status, body)
	status, body = ask(t, http.MethodPost, url+"/api/v1/agents/anna/state", token, `{"state":"available"}`)
	require.Equal(t, 200, status, body)
	status, body = ask(t, http.MethodGet, url+"/metrics", token, "")
	require.Equal(t, 200, status)
	require.Contains(t, body, "tandem_http_requests_total")
	require.Contains(t, body, `tandem_switch_up{engine="asterisk",kind="asterisk"} 0`)
	status, body = ask(t, http.MethodGet, url+"/api/v1/engines", token, "")
	require.Equal(t, 200, status)
	require.Contains(t, body, `{"id":"asterisk","up":false,"kind":"asterisk","calls":0}`)
	require.NoError(t, stop())

	db, err := models.Open(t.Context(), s.DB)
	require.NoError(t, err)
	_, err = db.Config().DeleteAgent(t.Context(), "anna", 0)
	require.NoError(t, err)
	require.NoError(t, db.Close())

	url, stop = started(t, s, true)
	second := adminTokenOf(t, s)
	require.NotEqual(t, token, second, "-new-admin-token")
	require.Eventually(t, func() bool { // what the shard never heard of is told at start
		status, _ := ask(t, http.MethodPost, url+"/api/v1/agents/anna/state", second, `{"state":"available"}`)
		return status == http.StatusNotFound
	}, 20*time.Second, 5*time.Millisecond)
	status, _ = ask(t, http.MethodGet, url+"/api/v1/tenants/acme", token, "")
	require.Equal(t, 200, status)
	require.NoError(t, stop())
}

func TestServeRefusesAnOldSchemaWhereItMayNotMigrate(t *testing.T) {
	s, err := readSettings(environ(t, map[string]string{"TANDEM_MIGRATE": "off"}))
	require.NoError(t, err)
	err = serve(t.Context(), s, slog.New(slog.DiscardHandler), false, func(net.Addr) {})
	require.ErrorContains(t, err, "tandem migrate up")
}

func TestServeRefusesToControlNothing(t *testing.T) {
	s, err := readSettings(environ(t, nil))
	require.NoError(t, err)
	err = serve(t.Context(), s, slog.New(slog.DiscardHandler), false, func(net.Addr) {})
	require.ErrorIs(t, err, errNoSwitch)
}

func TestSettingsNameWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ name, value string }{
		{"TANDEM_DB", "mysql://root:hunter2@x"}, {"TANDEM_REDIS", "http://:hunter2@x"}, {"TANDEM_LISTEN", "8080"}, {"TANDEM_BUCKET", "ftp://hunter2"},
		{"TANDEM_ARI_URL", "ws://x"}, {"TANDEM_SHARD", "a b"}, {"TANDEM_MIGRATE", "perhaps"}, {"TANDEM_LOG", "loud"}, {"TANDEM_LOG_FORMAT", "xml"},
		{"TANDEM_DRAIN", "-1s"}, {"TANDEM_DB_FILE", "/nowhere"}, {"TANDEM_TRUSTED_PROXIES", "proxy.example"},
	} {
		_, err := readSettings(environ(t, map[string]string{c.name: c.value}))
		require.ErrorContains(t, err, strings.TrimSuffix(c.name, "_FILE"), "%s=%s", c.name, c.value)
		require.NotContains(t, err.Error(), "hunter2", "secrets are not shown")
	}
	_, err := readSettings(environ(t, map[string]string{"TANDEM_ARI_URL": "http://127.0.0.1:8088"}))
	require.ErrorContains(t, err, "TANDEM_ARI_PASSWORD")
	_, err = readSettings(environ(t, map[string]string{"TANDEM_ARI_URL": "http://tandem:hunter2@127.0.0.1:8088", "TANDEM_ARI_PASSWORD": "x"}))
	require.EqualError(t, err, "TANDEM_ARI_URL: must be without a user and a password: TANDEM_ARI_USER and TANDEM_ARI_PASSWORD name them", "it is shown, and a backup holds it")

	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte("hunter2\n"), 0o600))
	s, err := readSettings(environ(t, map[string]string{"TANDEM_ARI_URL": "http://127.0.0.1:8088", "TANDEM_ARI_PASSWORD_FILE": file}))
	require.NoError(t, err)
	a, ok := s.Switches[0].(asteriskSettings)
	require.True(t, ok)
	require.Equal(t, "hunter2", a.Password)
	require.Equal(t, []string{"TANDEM_LISTN"}, misspelt([]string{"PATH=/bin", "TANDEM_LISTN=x", "TANDEM_LISTEN=x"}))
}

func TestDoctorFindsWhatIsBroken(t *testing.T) {
	asterisk := http.NewServeMux()
	asterisk.HandleFunc("GET /ari/asterisk/info", func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "right" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"system":{"version":"22.10.1","entity_id":"x"}}`)
	})
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &http.Server{Handler: asterisk, ReadHeaderTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	defer func() { require.NoError(t, srv.Close()); require.ErrorIs(t, <-ended, http.ErrServerClosed) }()

	look := func(vars map[string]string) map[string]finding {
		out := map[string]finding{}
		for _, f := range examine(t.Context(), environ(t, vars), nil, false) {
			require.True(t, f.Health != broken || f.Mend != "", "%s says nothing of how to mend it: %s", f.Check, f.Text)
			out[f.Check] = f
		}
		return out
	}
	bucket := t.TempDir()
	vars := map[string]string{"TANDEM_ARI_URL": "http://" + l.Addr().String(), "TANDEM_ARI_PASSWORD": "right", "TANDEM_BUCKET": "file://" + bucket}
	seen := look(vars)
	require.Equal(t, finding{Check: "switch asterisk", Health: fine, Text: "Asterisk 22.10.1"}, seen["switch asterisk"])
	left, err := os.ReadDir(bucket)
	require.NoError(t, err)
	require.Empty(t, left, "what stays in the bucket")
	require.Equal(t, fine, seen["bucket"].Health)
	require.Equal(t, fine, seen["clock"].Health)
	require.Equal(t, warning, seen["database"].Health, "not made yet")
	require.Equal(t, skipped, seen["redis"].Health)

	// Who asks the doctor before the first start may be somebody else than Tandem runs as: what they made, it could not write to.
	vars["TANDEM_BUCKET"] = "file://" + filepath.Join(bucket, "not", "yet")
	require.Equal(t, finding{Check: "bucket", Health: warning, Text: filepath.Join(bucket, "not", "yet") + " does not exist; tandem serve makes it"}, look(vars)["bucket"])
	require.NoDirExists(t, filepath.Join(bucket, "not"))

	vars["TANDEM_ARI_PASSWORD"], vars["TANDEM_REDIS"], vars["TANDEM_BUCKET"] = "wrong", "redis://:hunter2@127.0.0.1:1/0", "file:///proc/nowhere"
	seen = look(vars)
	for _, check := range []string{"switch asterisk", "redis", "bucket"} {
		require.Equal(t, broken, seen[check].Health, check)
		require.NotContains(t, seen[check].Text, "hunter2")
	}
	require.Contains(t, seen["redis"].Text, "127.0.0.1:1", "whom it has asked")
	require.Equal(t, broken, look(map[string]string{"TANDEM_SHARD": "?"})["settings"].Health)
	require.Equal(t, broken, look(map[string]string{"TANDEM_ARI_URL": "http://127.0.0.1:1", "TANDEM_ARI_PASSWORD": "x"})["switch asterisk"].Health)
	require.Equal(t, broken, look(map[string]string{"TANDEM_ESL_ADDR": "127.0.0.1:1", "TANDEM_ESL_PASSWORD": "x"})["switch freeswitch"].Health)
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0") // its kernel accepts connections
	require.NoError(t, err)
	paused := look(map[string]string{"TANDEM_ESL_ADDR": silent.Addr().String(), "TANDEM_ESL_PASSWORD": "x"})["switch freeswitch"]
	require.NoError(t, silent.Close())
	require.Equal(t, broken, paused.Health)
	require.Contains(t, paused.Text, "does not say anything in time")
	require.Equal(t, broken, look(nil)["switch"].Health, "none is set up")

	var table, js bytes.Buffer
	require.NoError(t, report(&table, []finding{found("clock", fine, "now")}, false))
	require.Equal(t, "ok  clock  now\n", table.String())
	require.NoError(t, report(&js, []finding{found("clock", fine, "now")}, true))
	var back struct{ Findings []finding }
	require.NoError(t, json.Unmarshal(js.Bytes(), &back))
	require.Equal(t, []finding{found("clock", fine, "now")}, back.Findings)
}
