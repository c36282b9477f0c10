package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/web/e2e"
)

// browserPassword is that of everybody in the browser's tests.
const browserPassword = "three wheels are a crowd"

// browserCast are the agents of the browser's tests, in the order of the desks.
var browserCast = []struct{ user, name string }{{"anna", "Anna Albers"}, {"ben", "Ben Brandt"}, {"cleo", "Cleo Conrad"}}

// browserNewcomer has a phone from the beginning, but is not set up: the administrator does that in a scene, under this id.
const browserNewcomer = "dora-dahl"

// TestBrowser plays the desks (Q1-Q3, Q12, C1-C19): a real Chromium against the real program, a real switch and real phones. The scenes are in web/e2e; they use the app as
// people do, and have the phones do as they are told (see [phoneBox]). TANDEM_BROWSER_ARGS are further arguments of Playwright's, as "-g hold".
func TestBrowser(t *testing.T) {
	playBrowser(t, onAsterisk, "--project=desks")
}

// TestBrowserOnFreeSWITCH plays what the desk does with a call once more where a FreeSWITCH carries it: the scenes marked @each.
func TestBrowserOnFreeSWITCH(t *testing.T) {
	playBrowser(t, onFreeSWITCH, "--project=desks --grep=@each")
}

// playBrowser starts an installation with people who can sign in, and has the browser play scenes: which ones, Playwright's arguments say. What else is to be there is done before.
func playBrowser(t *testing.T, on brand, scenes string, before ...func(*stack)) {
	t.Helper()
	limit, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	cmd, err := e2e.Command(limit, filepath.Join("..", "..", "web"), scenes+" "+os.Getenv("TANDEM_BROWSER_ARGS"))
	if errors.Is(err, e2e.ErrMissing) && os.Getenv("TANDEM_REQUIRE_BROWSER") == "" {
		t.Skipf("SKIPPED, NOT TESTED in a browser: %v; `make setup web` installs and builds what is missing", err)
	}
	require.NoError(t, err)

	s := newStack(t, ownLines, len(browserCast)+1, on)
	s.furnish()
	for _, do := range before {
		do(s)
	}
	box := newPhoneBox(s)
	t.Cleanup(box.close)

	cmd.Env = append(cmd.Env, "TANDEM_URL=http://"+s.env["TANDEM_LISTEN"], "TANDEM_PHONES="+box.url, "TANDEM_PASSWORD="+browserPassword)
	// Output in pieces, so that a scene that hangs is seen.
	out := &testWriter{t: t}
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	out.flush()
	require.NoError(t, err, "the scenes in web/e2e")
	box.reset()
	s.emptied()
}

// furnish sets up what the scenes are played in.
func (s *stack) furnish() {
	s.t.Helper()
	s.add("teams", map[string]any{"id": "north", "tenant": "acme", "name": "North"})
	for i, c := range browserCast {
		d := s.desks[i]
		s.put("/api/v1/agents/"+string(d.agent), map[string]any{"tenant": "acme", "name": c.name, "phone": d.phone.User(), "teams": []string{"north"}})
		s.person(c.user, map[string]any{"tenant": "acme", "display_name": c.name, "role": "agent", "agent": d.agent})
	}
	newcomer := s.desks[len(browserCast)]
	require.NoError(s.t, s.api.Delete(s.soon(), "/api/v1/agents/"+string(newcomer.agent)))
	newcomer.agent = browserNewcomer
	s.person("vera", map[string]any{"tenant": "acme", "display_name": "Vera Vogel", "role": "supervisor", "all_teams": true})
	s.person("adam", map[string]any{"display_name": "Adam Arndt", "role": "admin"})
	anna := []map[string]any{{"agent": s.desks[0].agent}}
	wrapUp := map[string]any{"time": 60, "extension": 60, "extensions": 1, "reasons": []string{"Order", "Question", "Complaint", "Wrong number"}}
	s.addQueue("sales", "+4930100", 0, map[string]any{"name": "Sales", "record": true, "pause_limit": 30, "wrap_up": wrapUp, "members": anna})
	s.addQueue("brief", "+4930101", 0, map[string]any{"name": "Brief", "ring_time": 4, "members": anna})
	s.add("entry-points", map[string]any{"id": "spare-line", "tenant": "acme", "name": "Spare line", "numbers": []string{"+4930105"}, "queue": "sales"})
	s.put("/api/v1/entry-points/sales-line", map[string]any{
		"tenant": "acme", "name": "Sales line", "numbers": []string{"+4930100"}, "queue": "sales",
		"variables": []map[string]any{
			{"name": "order", "label": "Order number", "type": "string", "editable": true, "pop_up": true},
			{"name": "pieces", "label": "Pieces", "type": "integer", "editable": true},
			{"name": "express", "label": "Express", "type": "boolean", "editable": true},
			{"name": "due", "label": "Deliver by", "type": "date_time", "editable": true},
			{"name": "iban", "label": "IBAN", "type": "string", "editable": true, "secure": true},
		},
	})
}

// person makes somebody who can sign in.
func (s *stack) person(name string, setup map[string]any) {
	s.t.Helper()
	setup["id"], setup["name"] = name, name
	s.add("users", setup)
	s.post("/api/v1/users/"+name+"/password", map[string]any{"password": browserPassword})
}

// put replaces a row of the set-up.
func (s *stack) put(path string, in any) {
	s.t.Helper()
	require.NoError(s.t, s.api.Put(s.soon(), path, in, nil))
}

// testWriter gives a program's output to the test, by the line.
type testWriter struct {
	t    *testing.T
	rest []byte
}

var _ io.Writer = (*testWriter)(nil)

func (w *testWriter) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for i, c := range w.rest {
		if c == '\n' {
			w.t.Log(string(w.rest[:i]))
			rest := append([]byte{}, w.rest[i+1:]...)
			w.rest = nil
			_, _ = w.Write(rest)
			break
		}
	}
	return len(p), nil
}

func (w *testWriter) flush() {
	if len(w.rest) > 0 {
		w.t.Log(string(w.rest))
	}
}
