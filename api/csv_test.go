package api

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// eachDatabase runs a test over a world on SQLite, and over one on PostgreSQL.
func eachDatabase(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		run(t, newWorld(t, func(c *Config) {
			fake := *c
			*c = c.Database(db)
			c.Tokens = fake.Tokens
			copyRows(t, fake.Tenants, c.Tenants)
			copyRows(t, fake.Agents, c.Agents)
			copyRows(t, fake.Queues, c.Queues)
			copyRows(t, fake.Hours, c.Hours)
			copyRows(t, fake.EntryPoints, c.EntryPoints)
		}))
	})
}

var asCSV = headers{"Content-Type": "text/csv; charset=utf-8"}

func TestAFileIsImportedAllOrNothing(t *testing.T) {
	eachDatabase(t, func(t *testing.T, w *world) {
		const path = "/api/v1/csv/agents"
		before := string(w.good(200, "user:otto", get, path, "").body)
		require.Equal(t, "id,tenant,name,phone,engine,teams,skills,auto_answer\nanna,acme,Anna,1001,,north,,false\nbert,acme,Bert,1002,,,,false\n", before)

		bad := strings.Join([]string{
			"id,name,phone,teams,skills,auto_answer",
			"carl,Carl,1003,north|south,english=7|german=3,true",
			"dora,Dora,1003,,,",           // carl's phone
			"Emil,,1004,,english,perhaps", // id, name; skills, auto_answer
			"fred,Fred,1005",              // too few cells
			"carl,Carl,1006,,,",           // twice
			"gary,Mine,1007,,,",           // of another tenant
			"\"hans\",\"Ha\x01ns\",1008,,,",
		}, "\r\n")
		e := w.bad(422, CodeInvalid, "phone", "user:adam", post, path, bad, asCSV)
		require.Contains(t, e.Message, "nothing was changed")
		at := map[string]string{}
		for _, p := range e.Lines {
			at[strconv.Itoa(p.Line)+" "+p.Field] += p.Rule
		}
		for where, rule := range map[string]string{
			"3 phone": "another agent's", "4 skills": "english=7", "4 auto_answer": "true or false", "5 ": "must have 6 cells", "6 id": "line 2", "7 id": "taken", "8 name": "control",
		} {
			require.Contains(t, at[where], rule, "%s: %v", where, e.Lines)
		}
		require.Equal(t, before, string(w.good(200, "user:otto", get, path, "").body))

		good := "\uFEFFid;name;phone;teams;skills\ncarl;Carl;1003;north | south;english=7|german=3\nanna;\"Anna; née \"\"B\"\"\";1001;north;\nbert;Bert;1002;;\n"
		var done imported
		w.good(200, "user:adam", post, path+"?dry_run=true", good, asCSV).into(t, &done)
		require.Equal(t, imported{Created: 1, Changed: 1, Unchanged: 1, DryRun: true}, done)
		require.Equal(t, before, string(w.good(200, "user:otto", get, path, "").body), "only tried")
		w.good(200, "user:adam", post, path, good, asCSV).into(t, &done)
		require.Equal(t, imported{Created: 1, Changed: 1, Unchanged: 1}, done)
		w.await("the rules to know", func() bool { a, found := w.loop.View().Agent("carl"); return found && a.Tenant == "acme" })
		var carl agentItem
		w.good(200, "user:adam", get, "/api/v1/agents/carl", "").into(t, &carl)
		require.Equal(t, map[string]int{"english": 7, "german": 3}, carl.Skills)
		require.Equal(t, []string{"north", "south"}, carl.Teams)
		// What comes out goes in again, and changes nothing.
		out := string(w.good(200, "admin", get, path, "").body)
		w.good(200, "admin", post, path, out, asCSV).into(t, &done)
		require.Equal(t, imported{Unchanged: 4}, done)
		var page paged[AuditEntry]
		w.good(200, "user:otto", get, "/api/v1/audit?action=importAgents", "").into(t, &page)
		require.Len(t, page.Items, 1, "what changed nothing is not worth a line")
		require.Contains(t, string(page.Items[0].Detail), `"carl"`)
	})
}

func TestEveryFileComesOutAndGoesIn(t *testing.T) {
	eachDatabase(t, func(t *testing.T, w *world) {
		_, _, err := w.srv.Queues.Create(t.Context(), core.Queue{
			ID: "full", Tenant: "acme", Name: "=cmd|' /C calc'!A0", Strategy: core.BestFit, RingTime: 12.5e9, BusyDelay: 1e9, MissDelay: 2e9, RONAAfter: -1, ProgressiveStep: 3e9,
			Members: []core.Membership{{Agent: "anna"}, {Agent: "bert", Level: 2}}, Skills: []core.SkillNeed{{Skill: "english", Level: 5, Required: true}, {Skill: "a=b", Level: 1}, {Skill: "tv|video", Level: 2}},
			Music: "calm", Ringback: true, MaxWait: 60e9, MaxSize: 7, Unanswered: []string{"sorry"}, ServiceLevel: 10e9, Sticky: 30e9, Record: true, PauseLimit: 5e9,
			WrapUp: core.WrapUpSetup{Time: 30e9, Extension: 15e9, Extensions: 2, Reasons: []string{"sold, at once", "-lost", "sold | upsold", `a\b`, `c\`, `\|`, " later "}, Required: true},
		})
		require.NoError(t, err)
		w.good(200, "admin", put, "/api/v1/agents/anna", `{"tenant":"acme","name":" Anna ","phone":"1001","skills":{"tv|video":5,"c\\\\":1}}`)
		_, _, err = w.srv.EntryPoints.Create(t.Context(), core.EntryPoint{ID: "all", Tenant: "acme", Name: "All", Numbers: []string{"+493011", "12*"}, Users: []core.AgentID{"anna", "bert"}, RingTime: 9e9, Priority: 3, Greeting: []string{"a/b"}, Closed: []string{"c"}, Hours: "office"})
		require.NoError(t, err)
		for kind, column := range map[string]string{"agents": "phone", "users": "role", "queues": "members", "entry-points": "numbers"} {
			path := "/api/v1/csv/" + kind
			out := string(w.good(200, "admin", get, path, "").body)
			require.Contains(t, out, column)
			for l := range strings.Lines(out) {
				for cell := range strings.SplitSeq(l, ",") {
					require.NotRegexp(t, `^"?[=+@-]`, cell, "a spreadsheet would run it")
				}
			}
			require.NotContains(t, out, "argon2")
			var done imported
			w.good(200, "admin", post, path, out, asCSV).into(t, &done)
			require.Zero(t, done.Changed+done.Created, "%s", out)
			require.Positive(t, done.Unchanged)
			require.Equal(t, out, string(w.good(200, "admin", get, path, "").body))

			for field, file := range map[string]string{
				"id": "name\nx\n", "nonsense": "id,nonsense\n", "name": "id,name,name\n",
			} {
				w.bad(422, CodeInvalid, field, "admin", post, path, file, asCSV)
			}
			w.bad(400, CodeMalformed, "", "admin", post, path, "", asCSV)
			w.bad(400, CodeMalformed, "", "admin", post, path, "id\n\xff\n", asCSV)
			w.bad(415, CodeUnsupported, "Content-Type", "admin", post, path, "id\n")
			w.bad(413, CodeTooLarge, "", "admin", post, path, "id\n"+strings.Repeat("x\n", 1001), asCSV)
			w.bad(422, CodeInvalid, "", "admin", post, path, "id\n\"x\n", asCSV)
		}
		// Users: nobody demotes themselves by file, and a tenant's administrator makes none of the site.
		w.bad(422, CodeInvalid, "", "user:adam", post, "/api/v1/csv/users", "id,role\nadam,auditor\n", asCSV)
		w.bad(422, CodeInvalid, "tenant", "user:adam", post, "/api/v1/csv/users", "id,tenant,name,role\nx,,x,admin\n", asCSV)
		w.bad(422, CodeInvalid, "id", "user:adam", post, "/api/v1/csv/users", "id,role\nroot,auditor\n", asCSV)
		w.bad(422, CodeInvalid, "tenant", "user:adam", post, "/api/v1/csv/users", "id,tenant\notto,globex\n", asCSV)
		var done imported
		w.good(200, "user:adam", post, "/api/v1/csv/users", "id,name,role,teams\nnew,New@Acme.example,supervisor,north|south\n", asCSV).into(t, &done)
		require.Equal(t, 1, done.Created)
	})
}

func TestListsInACell(t *testing.T) {
	for _, words := range [][]string{{"a"}, {"a|b", "c"}, {`a\`, "b"}, {`\|`, `|\`, "|"}, {`a\b`}} {
		require.Equal(t, words, splitList(joinList(words)))
	}
	require.Nil(t, splitList(" "))
	require.Equal(t, []string{"a", "b", "", `c\d`, `e\`}, splitList(`a| b ||c\d|e\`), "as people write it")
}

// FuzzFiles sends files of every kind: whatever comes, the answer is one of the contract's and never our fault.
func FuzzFiles(f *testing.F) {
	w := newWorld(f, onSQLite(f))
	kinds := []string{"agents", "users", "queues", "entry-points"}
	for i := range kinds {
		for _, file := range []string{
			"id,name\nx,y\n", "id;members\nsales;anna|bert:1:2|:::\n", "id,skills,ring_time,rona_after\nsales,a=b=1!|=,NaN,99999999999\n", "id\n\"", "\uFEFF", "id,numbers\nmain,'+1|'=|''\n",
			"id,role,teams,all_teams\neve,agent,|||,TRUE\n", "id,tenant\n,\n", "id,name\n${EXTEN},\u202e\x00\n",
		} {
			f.Add(uint8(i), []byte(file))
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, file []byte) {
		w.t = t
		a := w.ask("user:root", post, "/api/v1/csv/"+kinds[int(kind)%len(kinds)], string(file), asCSV)
		require.Less(t, a.status, 500, "%q: %s", file, a.body)
	})
}
