package api

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/sim"
)

func TestATenantsOwnAdministratorsChangeItsSettingsS3(t *testing.T) {
	eachDatabase(t, func(t *testing.T, w *world) {
		const path = "/api/v1/tenants/acme/settings"
		w.good(200, "admin", put, "/api/v1/tenants/acme", `{"name":"Acme","max_calls":7,"dialling":{"trunk":"carrier","home":"+49"}}`)
		a := w.good(200, "user:adam", put, path, `{"idle_reasons":["tea"],"mask_numbers":true,"region":"DE","leads":"off","zone":"Europe/Berlin","service_level":"answered_only","short_abandon":5}`)
		var got tenantItem
		w.good(200, "user:adam", get, "/api/v1/tenants/acme", "").into(t, &got)
		require.Equal(t, []string{"tea"}, got.IdleReasons)
		require.Equal(t, "Europe/Berlin", got.Zone)
		require.Equal(t, 7, got.MaxCalls, "what is the site's stays")
		require.Equal(t, "carrier", got.Dialling.Trunk)
		w.await("the rules to know", func() bool {
			a := w.ask("anna", post, "/api/v1/agents/anna/state", `{"state":"idle","reason":"tea"}`)
			return a.status == 200
		})
		row := w.good(200, "user:otto", get, "/api/v1/audit?object=tenant/acme&action=setTenantSettings", "")
		require.Contains(t, string(row.body), "Europe/Berlin")
		w.bad(412, CodeVersion, "If-Match", "user:adam", put, path, `{}`, headers{"If-Match": `"1"`})
		w.good(200, "user:adam", put, path, `{}`, headers{"If-Match": a.header.Get("ETag")})
		got = tenantItem{}
		w.good(200, "user:adam", get, "/api/v1/tenants/acme", "").into(t, &got)
		require.False(t, got.MaskNumbers, "what is left out is set back")
		for body, field := range map[string]string{
			`{"zone":"Mars/Olympus"}`: "zone", `{"service_level":"best"}`: "service_level", `{"short_abandon":-1}`: "short_abandon", `{"leads":"all"}`: "leads", `{"region":"XX"}`: "region",
			`{"idle_reasons":["a","a"]}`: "idle_reasons[1]",
		} {
			w.bad(422, CodeInvalid, field, "user:adam", put, path, body)
		}
		w.bad(404, CodeNotFound, "", "user:adam", put, "/api/v1/tenants/globex/settings", `{}`)
		w.bad(403, CodeForbidden, "", "user:sam", put, path, `{}`)
	})
}

func TestSkillsAreListedByName(t *testing.T) {
	w := newWorld(t)
	w.good(200, "admin", put, "/api/v1/agents/anna", `{"tenant":"acme","name":"Anna","phone":"1001","teams":["north"],"skills":{"english":7,"wine":3}}`)
	w.good(200, "admin", put, "/api/v1/agents/bert", `{"tenant":"acme","name":"Bert","phone":"1002","skills":{"english":2}}`)
	w.good(200, "admin", put, "/api/v1/queues/sales", `{"tenant":"acme","name":"Sales","members":[{"agent":"anna"}],"skills":[{"skill":"english","level":5,"required":true},{"skill":"beer","level":1}]}`)
	var all list[skillItem]
	w.good(200, "user:adam", get, "/api/v1/skills", "").into(t, &all)
	require.Equal(t, []skillItem{
		{"acme", "beer", []skilled{}, []skillNeed{{"sales", 1, false}}},
		{"acme", "english", []skilled{{"anna", 7}, {"bert", 2}}, []skillNeed{{"sales", 5, true}}},
		{"acme", "wine", []skilled{{"anna", 3}}, []skillNeed{}},
	}, all.Items)
	all = list[skillItem]{}
	w.good(200, "user:eve", get, "/api/v1/skills", "").into(t, &all)
	require.Equal(t, []skilled{{"anna", 7}}, all.Items[1].Agents, "of the agents that she leads")
	all = list[skillItem]{}
	w.good(200, "user:gina", get, "/api/v1/skills", "").into(t, &all)
	require.Empty(t, all.Items)
}

func TestANumberIsTakenFromAnotherEntryPointN2(t *testing.T) {
	eachDatabase(t, func(t *testing.T, w *world) {
		w.good(201, "user:adam", post, "/api/v1/entry-points", `{"id":"ring","tenant":"acme","name":"Ring","numbers":["+49301","+49302"],"users":["anna","bert"]}`)
		const body = `{"id":"fresh","tenant":"acme","name":"Fresh","numbers":["49301"],"queue":"sales"}`
		e := w.bad(422, CodeInvalid, "numbers[0]", "user:adam", post, "/api/v1/entry-points", body)
		require.Contains(t, e.Message, "ring")
		w.bad(422, CodeInvalid, "take_numbers", "user:adam", post, "/api/v1/entry-points?take_numbers=yes", body)
		w.good(201, "user:adam", post, "/api/v1/entry-points?take_numbers=true", body)
		var ring entryPointItem
		read := func() {
			ring = entryPointItem{}
			w.good(200, "user:adam", get, "/api/v1/entry-points/ring", "").into(t, &ring)
		}
		read()
		require.Equal(t, []string{"+49302"}, ring.Numbers)
		require.Len(t, ring.Users, 2, "it can still be reached")
		require.False(t, ring.Off)
		audit := string(w.good(200, "user:otto", get, "/api/v1/audit?object=entry-point/ring&action=createEntryPoint", "").body)
		require.Contains(t, audit, "+49302", "what else was changed is kept, too")

		w.good(200, "user:adam", put, "/api/v1/entry-points/fresh?take_numbers=true", `{"tenant":"acme","name":"Fresh","numbers":["+49301","+49302"],"queue":"sales"}`)
		read()
		require.Empty(t, ring.Numbers)
		require.Empty(t, ring.Users)
		require.True(t, ring.Off)
		// The rules have heard of both: a caller of the number is in the queue.
		w.engine.World(func(now time.Time, s *sim.Switch) { s.CallerDials(now, "+4915112345678", "", "+49302") })
		w.await("the call", func() bool {
			for c := range w.loop.View().Calls() {
				if c.To == "+49302" && c.Queue == "sales" {
					return true
				}
			}
			return false
		})
		// Others' numbers are not to be taken.
		w.good(201, "globex-adm", post, "/api/v1/entry-points", `{"id":"theirs","tenant":"globex","name":"Theirs","numbers":["+49303"],"users":["gary"]}`)
		w.bad(422, CodeInvalid, "numbers[0]", "user:adam", put, "/api/v1/entry-points/fresh?take_numbers=true", `{"tenant":"acme","name":"Fresh","numbers":["+49303"],"queue":"sales"}`)
		// What fails changes nothing.
		w.bad(422, CodeInvalid, "queue", "user:adam", put, "/api/v1/entry-points/ring?take_numbers=true", `{"tenant":"acme","name":"Ring","numbers":["+49301"],"queue":"none"}`)
		var fresh entryPointItem
		w.good(200, "user:adam", get, "/api/v1/entry-points/fresh", "").into(t, &fresh)
		require.Len(t, fresh.Numbers, 2)
	})
}

func TestNumbersAreAddedInRangesN1(t *testing.T) {
	w := newWorld(t, onSQLite(t))
	const path = "/api/v1/entry-points/main/numbers"
	var e entryPointItem
	w.good(200, "user:adam", post, path, `{"numbers":["+49301","+4930998..+4931001","0098..0101","+4930123456"]}`).into(t, &e)
	require.Equal(t, []string{"+4930123456", "+49301", "+4930998", "+4930999", "+4931000", "+4931001", "0098", "0099", "0100", "0101"}, e.Numbers)
	for body, field := range map[string]string{
		`{"numbers":[]}`: "numbers", `{"numbers":["+49301..+493"]}`: "numbers[0]", `{"numbers":["1..9","9..1"]}`: "numbers[1]", `{"numbers":["+1..9"]}`: "numbers[0]",
		`{"numbers":["a..b"]}`: "numbers[0]", `{"numbers":["0000..9999"]}`: "numbers[0]", `{"numbers":["000..999","+49305"]}`: "numbers[1]", `{"numbers":["${x}"]}`: "numbers[0]",
		`{"numbers":["99999999999999999999..99999999999999999999"]}`: "numbers[0]", `{"numbers":["1....2"]}`: "numbers[0]", `{"numbers":[".."]}`: "numbers[0]",
	} {
		w.bad(422, CodeInvalid, field, "user:adam", post, path, body)
	}
	w.bad(412, CodeVersion, "If-Match", "user:adam", post, path, `{"numbers":["1"]}`, headers{"If-Match": `"1"`})
	w.good(201, "user:adam", post, "/api/v1/entry-points", `{"id":"second","tenant":"acme","name":"Second","queue":"sales"}`)
	w.bad(422, CodeInvalid, "numbers[0]", "user:adam", post, "/api/v1/entry-points/second/numbers", `{"numbers":["+49301"]}`)
	w.good(200, "user:adam", post, "/api/v1/entry-points/second/numbers?take_numbers=true", `{"numbers":["+49301"]}`)
	w.bad(404, CodeNotFound, "", "globex-adm", post, path, `{"numbers":["1"]}`)
}

func TestTeamsAsAFile(t *testing.T) {
	eachDatabase(t, func(t *testing.T, w *world) {
		before := string(w.good(200, "user:otto", get, "/api/v1/csv/teams", "").body)
		require.Equal(t, "id,tenant,name\nnorth,acme,North\nsouth,acme,South\n", before)
		var done imported
		w.good(200, "user:adam", post, "/api/v1/csv/teams", "id,name\nnorth,=North\neast,East\n", asCSV).into(t, &done)
		require.Equal(t, imported{Created: 1, Changed: 1}, done)
		require.Equal(t, "id,tenant,name\neast,acme,East\nnorth,acme,'=North\nsouth,acme,South\n", string(w.good(200, "user:otto", get, "/api/v1/csv/teams", "").body))
	})
}

// To try an import and to do it are two requests, whatever key they come with.
func TestAKeyIsForOneQuery(t *testing.T) {
	w := newWorld(t, onSQLite(t))
	key := headers{keyHeader: "k", "Content-Type": "text/csv"}
	w.good(200, "user:adam", post, "/api/v1/csv/teams?dry_run=true", "id,name\neast,East\n", key)
	w.bad(422, CodeKeyReused, keyHeader, "user:adam", post, "/api/v1/csv/teams", "id,name\neast,East\n", key)
}

// A client that did not get the answer to writing a variable sends the same again, and is not told that somebody else was faster (C18).
func TestWritingVariablesAgainWithTheSameKeyC18(t *testing.T) {
	w := newWorld(t)
	w.good(200, "admin", put, "/api/v1/entry-points/main", `{"tenant":"acme","name":"Main","numbers":["+4930123456"],"queue":"sales","variables":[{"name":"order","type":"string","editable":true}]}`)
	id := w.connects("anna", "1001", "+4915112345678")
	path := fmt.Sprintf("/api/v1/calls/%s/variables", id)
	const body = `{"values":[{"name":"order","value":"A1","version":0}]}`
	first := w.good(200, "anna", put, path, body, headers{keyHeader: "v1"})
	again := w.good(200, "anna", put, path, body, headers{keyHeader: "v1"})
	require.JSONEq(t, string(first.body), string(again.body))
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	w.bad(409, Code(core.RefusedStale), "values[0].version", "anna", put, path, body)
	w.awaitCall(id, "the value", func(c core.CallView) bool { return len(c.Variables) == 1 && c.Variables[0].Version == 1 })
}

func TestTheBoardShowsThatAPhoneCannotBeReached(t *testing.T) {
	w := newWorld(t)
	w.engine.World(func(now time.Time, s *sim.Switch) { s.PhoneUnregistered(now, "1001") })
	w.await("the phone to be known as gone", func() bool { a, _ := w.loop.View().Agent("anna"); return a.PhoneDown })
	var a agentItem
	w.good(200, "user:sam", get, "/api/v1/agents/anna", "").into(t, &a)
	require.True(t, a.Live.PhoneDown)
	w.engine.World(func(now time.Time, s *sim.Switch) { s.PhoneRegistered(now, "1001") })
	w.await("the phone to be back", func() bool { a, _ := w.loop.View().Agent("anna"); return !a.PhoneDown })
}

func TestATokenMayExpireS3(t *testing.T) {
	w := newWorld(t)
	for _, at := range []string{"2001-01-01T00:00:00Z", "9000-01-01T00:00:00Z"} {
		w.bad(422, CodeInvalid, "expires_at", "admin", post, "/api/v1/tokens", `{"name":"x","role":"auditor","expires_at":"`+at+`"}`)
	}
	w.bad(422, CodeInvalid, "expires_at", "admin", post, "/api/v1/tokens", `{"name":"x","role":"auditor","expires_at":"tomorrow"}`)
	at := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	var made newToken
	w.good(201, "admin", post, "/api/v1/tokens", `{"name":"x","role":"auditor","expires_at":"`+at.Format(time.RFC3339)+`"}`).into(t, &made)
	require.Equal(t, at, made.ExpiresAt)
}
