package api

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// unbeaten is a world in which no stream looks by itself at who reads it.
func unbeaten(t *testing.T) *world {
	t.Helper()
	return newWorld(t, func(c *Config) { c.Heartbeat = time.Hour })
}

// ends awaits the end of a stream and gives its data.
func (r *reader) ends(t *testing.T) string {
	t.Helper()
	for {
		e, more := r.next()
		require.True(t, more, "the stream ends with a reason")
		if e.kind == "end" {
			return string(e.data)
		}
	}
}

// TestAnOpenStreamEndsAtOnceWithItsSessionS3: nobody reads on until some beat.
func TestAnOpenStreamEndsAtOnceWithItsSessionS3(t *testing.T) {
	w := unbeaten(t)
	other := w.watch(t, "user:otto", "")
	other.snapshot()
	for what, end := range map[string]func(){
		"revoked": func() {
			all, err := w.srv.Sessions.List(t.Context(), "sam", time.Hour)
			require.NoError(t, err)
			w.good(204, "user:adam", del, "/api/v1/sessions/"+all[0].ID, "")
		},
		"signed out": func() { w.good(204, "user:sam", del, "/api/v1/session", "") },
		"password": func() {
			w.good(204, "user:adam", post, "/api/v1/users/sam/password", `{"password":"a long new password"}`)
		},
		"disabled": func() {
			w.good(200, "user:adam", put, "/api/v1/users/sam", `{"tenant":"acme","name":"sam","role":"supervisor","all_teams":true,"disabled":true}`)
		},
		"role": func() {
			w.good(200, "user:adam", put, "/api/v1/users/sam", `{"tenant":"acme","name":"sam","role":"auditor"}`)
		},
	} {
		t.Run(what, func(t *testing.T) {
			w.t = t
			w.good(200, "user:adam", put, "/api/v1/users/sam", `{"tenant":"acme","name":"sam","role":"supervisor","all_teams":true}`)
			delete(w.signed, "sam")
			r := w.watch(t, "user:sam", "")
			r.snapshot()
			end()
			require.Contains(t, r.ends(t), string(CodeUnauthorized))
		})
	}
	w.t = t
	// A token, too.
	var made newToken
	w.good(201, "admin", post, "/api/v1/tokens", `{"name":"wall","role":"supervisor","tenant":"acme"}`).into(t, &made)
	r := w.watch(t, made.Secret, "")
	r.snapshot()
	w.good(204, "admin", del, "/api/v1/tokens/"+made.ID, "")
	require.Contains(t, r.ends(t), string(CodeUnauthorized))
	// Who is not concerned reads on.
	w.good(200, "anna", post, "/api/v1/agents/anna/state", `{"state":"idle","reason":"lunch"}`)
	other.until(func(c changeEvent) bool {
		return slices.ContainsFunc(c.Agents, func(a core.AgentView) bool { return a.State == core.Idle })
	})
}

// TestAnOpenStreamShowsAtOnceWhatItsReaderMaySeeS3: another team is another sight.
func TestAnOpenStreamShowsAtOnceWhatItsReaderMaySeeS3(t *testing.T) {
	w := unbeaten(t)
	r := w.watch(t, "user:eve", "")
	require.Len(t, r.snapshot().Agents, 1)
	shows := func(what string) {
		t.Helper()
		for {
			e, more := r.next()
			require.True(t, more)
			if e.kind == "snapshot" && strings.Contains(string(e.data), what) {
				return
			}
		}
	}
	w.good(200, "admin", put, "/api/v1/agents/bert", `{"tenant":"acme","name":"Bert","phone":"1002","teams":["north"]}`)
	shows(`"agents":[{"id":"anna"`)
	w.good(200, "user:adam", put, "/api/v1/users/eve", `{"tenant":"acme","name":"eve","role":"supervisor","teams":["south"]}`)
	shows(`"agents":[]`)
}

// TestAPasswordOfSomebodyElsesIsChangedFirstS3: nothing can be done with it but to choose another.
func TestAPasswordOfSomebodyElsesIsChangedFirstS3(t *testing.T) {
	w := newWorld(t)
	w.good(204, "user:adam", post, "/api/v1/users/sam/password", `{"password":"chosen by adam himself","temporary":true}`)
	var u userItem
	w.good(200, "user:adam", get, "/api/v1/users/sam", "").into(t, &u)
	require.WithinDuration(t, time.Now().Add(7*24*time.Hour), u.PasswordUntil, time.Minute)
	w.signs(t, "sam", "chosen by adam himself")
	var m me
	w.good(200, "user:sam", get, "/api/v1/me", "").into(t, &m)
	require.True(t, m.Change)
	require.Contains(t, m.May, "changePassword")
	require.NotContains(t, m.May, "listCalls")
	for id, o := range operations() {
		if slices.Contains([]string{"whoAmI", "signOut", "changePassword"}, id) || slices.Contains(rolesOf(t, o.op), Public) {
			continue
		}
		w.bad(403, CodeChangePassword, "", "user:sam", o.method, pathOf(id, o.path, "nothing"), "{}")
	}
	m = me{}
	w.good(200, "user:sam", post, "/api/v1/me/password", `{"current":"chosen by adam himself","new":"quite another sentence"}`).into(t, &m)
	require.False(t, m.Change)
	require.Contains(t, m.May, "listCalls", "the app goes on from here")
	w.signs(t, "sam", "quite another sentence")
	m = me{}
	w.good(200, "user:sam", get, "/api/v1/me", "").into(t, &m)
	require.False(t, m.Change)
	w.good(200, "user:sam", get, "/api/v1/calls", "")
}

// signs signs a user in with a password, and goes on as that session.
func (w *world) signs(t *testing.T, name, password string) {
	t.Helper()
	a := w.good(201, "", post, "/api/v1/session", `{"name":"`+name+`","password":"`+password+`"}`)
	cookie, _, _ := strings.Cut(strings.TrimPrefix(a.header.Get("Set-Cookie"), cookieName+"="), ";")
	w.signed[name] = cookie
}
