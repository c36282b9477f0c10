package api

import (
	"encoding/json"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// fakeLines says of a switch what a test wants, and counts how often something has changed.
type fakeLines struct {
	changed  atomic.Int64
	standing map[core.EngineID]Standing
}

func (f *fakeLines) Changed() { f.changed.Add(1) }

func (f *fakeLines) Standing(engine core.EngineID) (Standing, bool) {
	s, found := f.standing[engine]
	return s, found
}

func withLines(f *fakeLines) func(*Config) {
	return func(c *Config) {
		c.Lines, c.Switches = f, []Switch{{ID: "sim", Kind: "sim", Version: func() string { return "1" }}, {ID: "other", Kind: "sim", Version: func() string { return "1" }}}
	}
}

func TestAPhonesPasswordIsShownOnceAndKeptNowhere(t *testing.T) {
	lines := &fakeLines{}
	w := newWorld(t, withLines(lines))
	w.good(201, "user:adam", post, "/api/v1/phones", `{"id":"desk-1","tenant":"acme","user":"2101","name":"Reception","engine":"sim","codecs":["pcma"]}`)
	require.EqualValues(t, 1, lines.changed.Load())
	var p phoneItem
	w.good(200, "user:adam", get, "/api/v1/phones/desk-1", "").into(t, &p)
	require.False(t, p.HasPassword)
	var given phonePassword
	w.good(200, "user:adam", post, "/api/v1/phones/desk-1/password", `{}`).into(t, &given)
	require.Regexp(t, `^[a-z2-9]{20}$`, given.Password)
	require.Equal(t, "2101", given.User)
	require.EqualValues(t, 2, lines.changed.Load())
	const chosen = "Vb7#kd92mXq1"
	given2 := phonePassword{}
	w.good(200, "user:adam", post, "/api/v1/phones/desk-1/password", `{"password":"`+chosen+`"}`).into(t, &given2)
	require.Empty(t, given2.Password)
	for _, weak := range []string{"2101", "password1234", "xVb7#2101kd92mXq"} {
		w.bad(422, CodeInvalid, "password", "user:adam", post, "/api/v1/phones/desk-1/password", `{"password":"`+weak+`"}`)
	}
	// No answer, file, log or line of the audit log has a password, or what a switch checks one by.
	secrets := []string{given.Password, chosen, "password1234"}
	rows, err := json.Marshal(w.store.audited())
	require.NoError(t, err)
	for _, text := range []string{
		string(w.good(200, "user:root", get, "/api/v1/phones", "").body), string(w.good(200, "user:root", get, "/api/v1/phones/desk-1", "").body),
		string(w.good(200, "user:root", get, "/api/v1/csv/phones", "").body), string(rows), w.logs.String(),
	} {
		for _, secret := range secrets {
			require.NotContains(t, text, secret)
		}
	}
	row := w.store.audited()[len(w.store.audited())-1]
	require.Equal(t, "setPhonePassword", row.Action)
	require.Equal(t, "phone/desk-1", row.Object)
	w.bad(404, CodeNotFound, "", "globex-adm", post, "/api/v1/phones/desk-1/password", `{}`)
	w.good(204, "user:adam", del, "/api/v1/phones/desk-1", "")
}

func TestPhonesAndTrunksAreChecked(t *testing.T) {
	w := newWorld(t, withLines(&fakeLines{}))
	for body, field := range map[string]string{
		`{"tenant":"acme","user":"a;b","name":"A"}`: "user", `{"tenant":"acme","user":"sim","name":"A"}`: "user", `{"tenant":"acme","user":"a","name":"A","engine":"nowhere"}`: "engine",
		`{"tenant":"acme","user":"a","name":"A","codecs":["gsm"]}`: "codecs[0]", `{"tenant":"acme","user":"a","name":""}`: "name", `{"tenant":"acme","user":"49301234567","name":"A"}`: "user",
		`{"tenant":"acme","user":"a","name":"A","transport":"tcp"}`: "transport", `{"tenant":"acme","user":"a","name":"A","encryption":"required"}`: "encryption",
		`{"tenant":"acme","user":"2001","name":"A"}`: "user", // gary's, of globex
	} {
		w.bad(422, CodeInvalid, field, "user:root", post, "/api/v1/phones", body)
	}
	w.bad(403, CodeForbidden, "tenant", "user:adam", post, "/api/v1/phones", `{"tenant":"globex","user":"a","name":"A"}`)
	for body, field := range map[string]string{
		`{"id":"c","name":"C","host":"a b"}`: "host", `{"id":"other","name":"C","host":"192.0.2.1"}`: "id", `{"id":"c","name":"C","host":"192.0.2.1","from":["0.0.0.0/0"]}`: "from[0]",
		`{"id":"c","name":"C","host":"192.0.2.1","register":true}`: "user", `{"id":"c\n[x]","name":"C","host":"192.0.2.1"}`: "id", `{"id":"c","name":"C","host":"192.0.2.1","engine":"x"}`: "engine",
		`{"id":"c","name":"C","host":"192.0.2.1","transport":"any"}`: "transport", `{"id":"c","name":"C","host":"192.0.2.1","encryption":"always"}`: "encryption",
	} {
		w.bad(422, CodeInvalid, field, "user:root", post, "/api/v1/trunks", body)
	}
	w.good(201, "user:root", post, "/api/v1/trunks", `{"id":"c","name":"C","host":"192.0.2.1","user":"acct"}`)
	w.good(204, "user:root", post, "/api/v1/trunks/c/password", `{"password":"as=they/say"}`)
	w.bad(422, CodeInvalid, "password", "user:root", post, "/api/v1/trunks/c/password", `{"password":"line\nbreak"}`)
	require.NotContains(t, string(w.good(200, "user:root", get, "/api/v1/trunks", "").body), "they")
	w.bad(403, CodeForbidden, "", "user:adam", get, "/api/v1/trunks", "") // trunks are the site's
}

func TestPhonesComeFromAFile(t *testing.T) {
	lines := &fakeLines{}
	w := newWorld(t, withLines(lines))
	const file = "id,tenant,user,name,engine,codecs,transport,encryption\ndesk-1,acme,2101,Reception,sim,pcma|pcmu,tls,required\ndesk-2,acme,2102,Warehouse,,,,\n"
	csv := headers{"Content-Type": "text/csv"}
	var done imported
	w.good(200, "user:adam", post, "/api/v1/csv/phones", file, csv).into(t, &done)
	require.Equal(t, imported{Created: 2}, done)
	require.EqualValues(t, 1, lines.changed.Load())
	require.Equal(t, file, string(w.good(200, "user:adam", get, "/api/v1/csv/phones", "").body))
	e := w.bad(422, CodeInvalid, "engine", "user:adam", post, "/api/v1/csv/phones", "id,user,name,engine\ndesk-3,2103,Lab,nowhere\n", csv)
	require.Equal(t, 2, e.Lines[0].Line)
	w.bad(422, CodeInvalid, "password", "user:adam", post, "/api/v1/csv/phones", "id,user,name,password\ndesk-3,2103,Lab,Vb7#kd92mXq1\n", csv)
}

func TestHowSwitchesFindTheirLinesIsShown(t *testing.T) {
	lines := &fakeLines{standing: map[core.EngineID]Standing{
		"sim":   {State: LinesApplied, Phones: 2, Registered: []string{"2101"}, Trunks: map[string]TrunkState{"c": TrunkUp}},
		"other": {State: LinesFailed, Problem: "no room on the disk", Blocked: []string{"198.51.100.9"}},
	}}
	w := newWorld(t, withLines(lines))
	w.good(201, "user:root", post, "/api/v1/phones", `{"id":"desk-1","tenant":"acme","user":"2101","name":"Reception","engine":"sim"}`)
	w.good(201, "user:root", post, "/api/v1/phones", `{"id":"desk-2","tenant":"acme","user":"2102","name":"Warehouse"}`)
	w.good(201, "user:root", post, "/api/v1/phones", `{"id":"desk-3","tenant":"acme","user":"2103","name":"Elsewhere","engine":"other"}`)
	w.good(201, "user:root", post, "/api/v1/trunks", `{"id":"c","name":"C","host":"192.0.2.1"}`)
	var all live[phoneItem]
	w.good(200, "user:root", get, "/api/v1/phones", "").into(t, &all)
	require.True(t, *all.Items[0].Registered)
	require.False(t, *all.Items[1].Registered)
	require.Nil(t, all.Items[2].Registered, "that switch does not tell")
	var trunk trunkSetupItem
	w.good(200, "user:root", get, "/api/v1/trunks/c", "").into(t, &trunk)
	require.Equal(t, []trunkStand{{"sim", TrunkUp}}, trunk.Switches)
	var engines struct{ Items []engineItem }
	w.good(200, "user:root", get, "/api/v1/engines", "").into(t, &engines)
	require.Equal(t, "other", string(engines.Items[0].ID))
	require.Equal(t, "no room on the disk", engines.Items[0].Lines.Problem)
	require.Equal(t, []string{"198.51.100.9"}, engines.Items[0].Lines.Blocked)
	require.Equal(t, 1, *engines.Items[1].Lines.Registered)
	require.Equal(t, []trunkAtIts{{"c", TrunkUp}}, engines.Items[1].Lines.Trunks)
}
