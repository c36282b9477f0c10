package api

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

const officeSetup = `{"id":"shop","tenant":"acme","name":"Shop","zone":"Europe/Berlin","week":[{"day":"monday","from":"09:00","to":"17:00"},{"day":"monday","from":"22:00","to":"06:00"}],
	"days":[{"date":"12-25","name":"Christmas"}]}`

// Opening hours are set up, shown with how they stand, and kept while an entry point has them (N4).
func TestOpeningHoursN4(t *testing.T) {
	at := time.Date(2026, 3, 30, 6, 59, 0, 0, time.UTC) // a Monday, a minute before nine, the day after the clocks were put forward
	w := newWorld(t, onSQLite(t), func(c *Config) { c.Now = func() time.Time { return at } })
	var h hoursItem
	a := w.good(201, "user:adam", post, "/api/v1/hours", officeSetup)
	a.into(t, &h)
	require.Equal(t, `"1"`, a.header.Get("ETag"))
	require.False(t, h.Open)
	require.True(t, h.Until.Equal(at.Add(time.Minute)), "until %s", h.Until)
	at = at.Add(time.Minute)
	w.good(200, "user:sam", get, "/api/v1/hours/shop", "").into(t, &h)
	require.True(t, h.Open)
	require.True(t, h.Until.Equal(at.Add(8*time.Hour)), "until %s", h.Until)

	for body, field := range map[string]string{
		`{"tenant":"acme","name":"x","zone":"Mars/Olympus","week":[{"day":"monday","from":"09:00","to":"17:00"}]}`:                                                 "zone",
		`{"tenant":"acme","name":"x","zone":"UTC","week":[]}`:                                                                                                      "week",
		`{"tenant":"acme","name":"x","zone":"UTC","week":[{"day":"monday","from":"9","to":"17:00"}]}`:                                                              "week[0].from",
		`{"tenant":"acme","name":"x","zone":"UTC","week":[{"day":"monday","from":"09:00","to":"17:00"}],"days":[{"date":"25.12."}]}`:                               "days[0].date",
		`{"tenant":"acme","name":"x","zone":"UTC","week":[{"day":"monday","from":"09:00","to":"17:00"},{"day":"monday","from":"16:00","to":"18:00"}]}`:             "week[1]",
		`{"tenant":"acme","name":"x","zone":"UTC","week":[{"day":"monday","from":"09:00","to":"17:00"}],"days":[{"date":"12-25","open":[{"from":"a","to":"b"}]}]}`: "days[0].open[0].from",
	} {
		w.bad(422, CodeInvalid, field, "user:adam", post, "/api/v1/hours", body)
	}
	w.bad(403, CodeForbidden, "", "user:sam", put, "/api/v1/hours/shop", officeSetup)
	w.bad(403, CodeForbidden, "", "user:u-anna", get, "/api/v1/hours", "")
	w.bad(404, CodeNotFound, "", "user:gina", get, "/api/v1/hours/shop", "")

	const line = `{"tenant":"acme","name":"Main","numbers":["+4930123456"],"queue":"sales","closed":["shut"],"hours":`
	w.bad(422, CodeInvalid, "hours", "user:adam", put, "/api/v1/entry-points/main", line+`"none"}`)
	var e entryPointItem
	w.good(200, "user:adam", put, "/api/v1/entry-points/main", line+`"shop"}`).into(t, &e)
	require.Equal(t, "shop", string(e.Hours))
	// Who transfers sees whether it is open.
	directory := func() (d directoryItem) {
		var l live[directoryItem]
		w.good(200, "user:u-anna", get, "/api/v1/directory?kind=entry_point", "").into(t, &l)
		require.Len(t, l.Items, 1)
		return l.Items[0]
	}
	require.Equal(t, directoryItem{Kind: "entry_point", ID: "main", Tenant: "acme", Name: "Main"}, directory())
	at = at.Add(-time.Hour)
	closed := directory()
	require.True(t, closed.Closed)
	require.True(t, closed.Opens.Equal(at.Add(time.Hour)), "opens at %s", closed.Opens)

	w.bad(422, CodeInvalid, "id", "user:adam", del, "/api/v1/hours/shop", "")
	w.good(412, "user:adam", put, "/api/v1/hours/shop", officeSetup, headers{"If-Match": `"7"`})
	w.good(200, "user:adam", put, "/api/v1/hours/shop", officeSetup, headers{"If-Match": `"1"`})
	w.good(200, "user:adam", put, "/api/v1/entry-points/main", line+`""}`)
	w.good(204, "user:adam", del, "/api/v1/hours/shop", "")
	audit := string(w.good(200, "user:otto", get, "/api/v1/audit?object=hours/shop", "").body)
	for _, done := range []string{"createHours", "replaceHours", "deleteHours"} {
		require.Contains(t, audit, done)
	}
}

// What is set up reaches the rules: an entry point that is closed by its hours is none to send a call to, until they are changed (N4).
func TestOpeningHoursReachTheRulesN4(t *testing.T) {
	w := newWorld(t, onSQLite(t))
	id := w.connects("anna", "1001", "+4915112345678")
	w.good(200, "admin", put, "/api/v1/entry-points/main", `{"tenant":"acme","name":"Main","numbers":["+4930123456"],"queue":"sales","hours":"office"}`)
	const week = `{"tenant":"acme","name":"Office","zone":"Europe/Berlin","week":[`
	var never, always []string
	for _, day := range core.Weekdays() {
		always = append(always, `{"day":"`+day+`","from":"00:00","to":"24:00"}`)
	}
	for _, ahead := range []int{-1, 0, 1, 2} { // whenever it is by now
		never = append(never, `{"date":"`+time.Now().AddDate(0, 0, ahead).Format(time.DateOnly)+`"}`)
	}
	w.good(200, "admin", put, "/api/v1/hours/office", week+strings.Join(always, ",")+`],"days":[`+strings.Join(never, ",")+`]}`)
	transfer := func(status int) answer {
		return w.good(status, "anna", post, "/api/v1/calls/"+string(id)+"/transfer", `{"to":{"entry_point":"main"}}`)
	}
	require.Contains(t, string(transfer(409).body), "outside its opening hours")
	w.good(200, "admin", put, "/api/v1/hours/office", week+strings.Join(always, ",")+`]}`)
	transfer(200)
}
