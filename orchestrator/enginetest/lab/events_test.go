package lab

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/docker/asterisk"
)

// event is what the tests look at in an event of the REST interface.
type event struct {
	Type      string   `json:"type"`
	Cause     int      `json:"cause"`
	TechCause int      `json:"tech_cause"`
	DialState string   `json:"dialstatus"`
	Channel   channel  `json:"channel"`
	Peer      channel  `json:"peer"`
	Args      []string `json:"args"`
	Contact   struct {
		Status string `json:"contact_status"`
	} `json:"contact_info"`
	Raw json.RawMessage `json:"-"`
}

type channel struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	State       string            `json:"state"`
	ChannelVars map[string]string `json:"channelvars"`
	Caller      struct {
		Name, Number string
	} `json:"caller"`
	Dialplan struct {
		Context, Exten string
	} `json:"dialplan"`
}

// app is a Stasis application that only listens and is told by the test what to do.
type app struct {
	a    *Asterisk
	conn *websocket.Conn
	wg   sync.WaitGroup

	mu    sync.Mutex
	seen  []event
	grown chan struct{}
}

// listen connects an application. Several tests of one switch use different names.
func listen(t *testing.T, a *Asterisk, name string) *app {
	t.Helper()
	u := strings.Replace(a.ARIURL, "http", "ws", 1) + "/events?app=" + name
	h := http.Header{}
	req := http.Request{Header: h}
	req.SetBasicAuth(a.ARIUser, a.ARIPassword)
	conn, resp, err := websocket.Dial(testContext(t), u, &websocket.DialOptions{HTTPHeader: h})
	require.NoError(t, err)
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	conn.SetReadLimit(1 << 20)
	x := &app{a: a, conn: conn, grown: make(chan struct{})}
	x.wg.Go(x.read)
	t.Cleanup(x.close)
	return x
}

func (x *app) close() {
	_ = x.conn.CloseNow()
	x.wg.Wait()
}

func (x *app) read() {
	for {
		_, b, err := x.conn.Read(context.Background())
		if err != nil {
			return
		}
		var e event
		if json.Unmarshal(b, &e) != nil {
			continue
		}
		e.Raw = b
		x.mu.Lock()
		x.seen = append(x.seen, e)
		close(x.grown)
		x.grown = make(chan struct{})
		x.mu.Unlock()
	}
}

// await returns the first event, past or future, of a type and a channel ("" = any).
func (x *app) await(t *testing.T, typ, channelID string) event {
	t.Helper()
	return x.awaitThat(t, typ, func(e event) bool {
		return channelID == "" || e.Channel.ID == channelID || e.Peer.ID == channelID
	})
}

// call does one request with query parameters and returns status and body.
func (x *app) call(t *testing.T, method, path string, params ...string) (int, string) {
	t.Helper()
	return x.send(t, method, path, "", params...)
}

// send is call with a JSON body.
func (x *app) send(t *testing.T, method, path, body string, params ...string) (int, string) {
	t.Helper()
	q := url.Values{}
	for i := 0; i+1 < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	req, err := http.NewRequestWithContext(testContext(t), method, x.a.ARIURL+path+"?"+q.Encode(), strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth(x.a.ARIUser, x.a.ARIPassword)
	resp, err := x.a.client.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	var b strings.Builder
	_, err = io.Copy(&b, resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, b.String()
}

// awaitThat returns the first event of a type that fits.
func (x *app) awaitThat(t *testing.T, typ string, fits func(event) bool) event {
	t.Helper()
	ctx := testContext(t)
	for {
		x.mu.Lock()
		grown := x.grown
		var all []string
		for _, e := range x.seen {
			if e.Type == typ && fits(e) {
				x.mu.Unlock()
				return e
			}
			all = append(all, e.Type+" "+e.Channel.ID+e.Peer.ID+" "+e.Channel.Dialplan.Exten)
		}
		x.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			t.Fatalf("no fitting %s came, but:\n  %s", typ, strings.Join(all, "\n  "))
		}
	}
}

// has tells whether an event has come already.
func (x *app) has(typ, channelID string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, e := range x.seen {
		if e.Type == typ && (e.Channel.ID == channelID || e.Peer.ID == channelID) {
			return true
		}
	}
	return false
}

// setBackup writes the backup of a number as the adapter does, and waits until it is there.
func (x *app) setBackup(t *testing.T, number, backup string) {
	t.Helper()
	status, body := x.send(t, "POST", "/channels", `{"variables":{"`+asterisk.SetBackupVariable+`":"`+backup+`"}}`,
		"endpoint", "Local/"+number+"@"+asterisk.SetBackupContext,
		"context", "no-forwarding", "extension", "none", "priority", "1")
	require.Equal(t, http.StatusOK, status, body)
	want := "Database entry not found."
	if backup != "" {
		want = "Value: " + backup
	}
	assert.Eventually(t, func() bool {
		out, err := x.a.CLI(testContext(t), "database get "+asterisk.BackupFamily+" "+number)
		return err == nil && strings.TrimSpace(out) == want
	}, 20*time.Second, 5*poll)
}
