package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/figures"
)

// TestPictures writes docs/screenshots; only where it is asked for, because pictures are to be looked at.
func TestPictures(t *testing.T) {
	if os.Getenv("TANDEM_PICTURES") == "" {
		t.Skip("SKIPPED: no test, but what writes docs/screenshots, to be looked at; `make pictures` runs it")
	}
	zone := afternoon(time.Now())
	t.Setenv("TANDEM_ZONE", zone)
	playBrowser(t, onAsterisk, "--project=pictures", func(s *stack) { s.paint(zone) })
}

// afternoon is a zone by whose clocks it is past three in the afternoon: whenever pictures are taken, they show a day that most of is over.
func afternoon(now time.Time) string {
	ahead := 15 - now.UTC().Hour()
	if ahead < -12 {
		ahead += 24
	}
	return fmt.Sprintf("Etc/GMT%+d", -ahead) // the sign is the other way round in these names
}

// others are the agents whom pictures show beside the cast: they have no phone, and take no calls.
var others = []struct{ id, name, team, state, reason string }{
	{"david-dietz", "David Dietz", "north", "available", ""},
	{"emma-ebert", "Emma Ebert", "north", "idle", "lunch"},
	{"finn-fuchs", "Finn Fuchs", "south", "available", ""},
	{"greta-graf", "Greta Graf", "south", "idle", "training"},
	{"hugo-hahn", "Hugo Hahn", "south", "idle", "break"},
	{"ida-ihle", "Ida Ihle", "south", "", ""},
}

// paint sets up what is to be seen: more people, more queues, and a day that has been.
func (s *stack) paint(zone string) {
	s.t.Helper()
	s.put("/api/v1/tenants/acme/settings", map[string]any{"idle_reasons": []string{"break", "lunch", "meeting", "training"}, "zone": zone, "service_level": "abandon_ignored", "short_abandon": 5})
	s.add("teams", map[string]any{"id": "south", "tenant": "acme", "name": "South"})
	for i, o := range others {
		s.add("agents", map[string]any{"id": o.id, "tenant": "acme", "name": o.name, "phone": fmt.Sprint(2101 + i), "teams": []string{o.team}})
		if o.state != "" {
			s.post("/api/v1/agents/"+o.id+"/state", map[string]any{"state": o.state, "reason": o.reason})
		}
	}
	member := func(i int) []map[string]any { return []map[string]any{{"agent": s.desks[i].agent}} }
	wrapUp := map[string]any{"time": 90, "extension": 60, "extensions": 1, "reasons": []string{"Order", "Refund", "Exchange"}}
	s.put("/api/v1/queues/brief", map[string]any{"tenant": "acme", "name": "Support", "strategy": core.LongestIdle, "ring_time": 4, "members": member(0)})
	s.addQueue("returns", "+4930102", 0, map[string]any{"name": "Returns", "members": member(1), "wrap_up": wrapUp})
	s.addQueue("billing", "+4930103", 0, map[string]any{"name": "Billing", "members": member(2)})
	// Nobody calls it: these two are free.
	s.addQueue("complaints", "+4930104", 0, map[string]any{"name": "Complaints", "members": []map[string]any{{"agent": others[0].id}, {"agent": others[2].id}}})
	day := aDay{s: s, now: time.Now(), chance: rand.New(rand.NewPCG(7, 11))} // the same day each time
	day.write()
}

// aDay is what has happened since the morning, as the projector would have written it.
type aDay struct {
	s       *stack
	now     time.Time
	chance  *rand.Rand
	tx      *sql.Tx
	shard   string
	written int
}

// customers have names of nobody, and numbers that are kept free for stories.
var customers = []struct{ name, number string }{
	{"Erika Lindqvist", "+493023125014"}, {"Jonas Weber", "+494066969231"}, {"", "+4915228817386"}, {"Marta Kowalska", "+4922147471512"}, {"Radwerk Kreuzberg", "+493023125630"},
	{"", "+4917139200174"}, {"Oleh Bondar", "+498999998345"}, {"Sanna Virtanen", "+4969900095127"}, {"Li Wei", "+494066969508"}, {"", "+493023125877"}, {"Nora Petersen", "+4922147471830"},
}

func (d *aDay) write() {
	t := d.s.t
	db, err := sql.Open("sqlite", "file:"+filepath.Join(d.s.dir, "tandem.db")+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	d.s.eventually("something to be measured", func() bool {
		return db.QueryRowContext(t.Context(), `SELECT shard FROM cursors WHERE projection = 'records' AND seq > 0`).Scan(&d.shard) == nil
	})
	d.tx, err = db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	morning := d.now.Add(-8*time.Hour - 30*time.Minute).Truncate(15 * time.Minute)
	for at := morning; at.Before(d.now.Add(-5 * time.Minute)); at = at.Add(15 * time.Minute) {
		// Two humps, before and after noon.
		hour := at.Sub(morning).Hours()
		hump := func(at, width float64) float64 {
			return math.Exp(-math.Abs((hour-at)/width) * math.Abs((hour-at)/width))
		}
		busy := hump(2.6, 1.5) + 0.85*hump(6.6, 1.4)
		for _, q := range []struct {
			id    core.QueueID
			calls float64
		}{{"sales", 9}, {"brief", 6}, {"returns", 4}, {"billing", 2}, {"complaints", 1}} {
			for range int(q.calls*busy + d.chance.Float64()*2) {
				d.call(q.id, at.Add(time.Duration(d.chance.IntN(800))*time.Second), busy)
			}
		}
	}
	d.alerts()
	require.NoError(t, d.tx.Commit())
}

// alerts are what has gone wrong since the morning.
func (d *aDay) alerts() {
	for i, a := range []models.Alert{
		{Reason: core.ReasonUnreachable, Agent: "greta-graf"},
		{Reason: models.AlertRecordingFlawed, Agent: "emma-ebert", Text: "the file has 3m12s of 4m05s"},
		{Reason: "prompt_failed"},
		{Reason: models.AlertJobDead, Text: "lead: the database is locked"},
	} {
		if a.Reason != models.AlertJobDead {
			a.Call = core.CallID(fmt.Sprintf("%08x-0000-8000-8000-000000000000", 7*(i+1)))
		}
		_, err := d.tx.ExecContext(d.s.t.Context(), `INSERT INTO alerts (id, at, tenant, reason, call, agent, recording, text) VALUES (?, ?, 'acme', ?, ?, ?, '', ?)`,
			fmt.Sprint("painted ", i), d.now.Add(-time.Duration(i+1)*97*time.Minute).UnixMicro(), a.Reason, string(a.Call), string(a.Agent), a.Text)
		require.NoError(d.s.t, err)
	}
}

// call is one call that began at a time, when it was as busy as that.
func (d *aDay) call(q core.QueueID, at time.Time, busy float64) {
	seconds := func(mean float64) time.Duration {
		return time.Duration(d.chance.ExpFloat64() * mean * float64(time.Second)).Truncate(time.Millisecond)
	}
	agents := map[core.QueueID][]core.AgentID{
		"sales": {d.s.desks[0].agent, "emma-ebert", "hugo-hahn", "ida-ihle"}, "brief": {d.s.desks[0].agent, "finn-fuchs", "greta-graf"}, "returns": {d.s.desks[1].agent, "emma-ebert"},
		"billing": {d.s.desks[2].agent, "greta-graf"}, "complaints": {"david-dietz", "finn-fuchs"},
	}[q]
	patience := map[core.QueueID]float64{"sales": 7, "brief": 4, "returns": 5, "billing": 13, "complaints": 3}[q]
	wait, talk := 3*time.Second+seconds(2+patience*busy), 40*time.Second+seconds(110)
	who := customers[d.chance.IntN(len(customers))]
	r := core.CallRecord{
		Call: core.CallID(fmt.Sprintf("%08x-0000-8000-8000-000000000000", d.written)), Tenant: "acme", EntryPoint: core.EntryPointID(q) + "-line", Queue: q, Engine: "asterisk", From: who.number, Name: who.name,
		To: map[core.QueueID]string{"sales": "+4930100", "brief": "+4930101", "returns": "+4930102", "billing": "+4930103", "complaints": "+4930104"}[q], ArrivedAt: at, Outcome: core.CallAnswered,
		Cause: core.Cause{Code: core.CauseNormal, By: core.ByThem}, Offers: 1, Wait: wait,
	}
	d.measure(figures.Entered, at, q, "", 0)
	if d.chance.Float64() < 0.02+0.06*busy {
		r.Outcome = core.CallAbandoned
		r.Wait += 15 * time.Second
		d.measure(figures.Abandoned, at.Add(r.Wait), q, "", r.Wait)
	} else {
		agent := agents[d.chance.IntN(len(agents))]
		r.Agents, r.Talk = []core.AgentID{agent}, talk
		d.measure(figures.Answered, at.Add(wait), q, agent, wait)
		d.measure(figures.Talked, at.Add(wait+talk), q, agent, talk)
		wrapped := 6*time.Second + seconds(14)
		d.measure(figures.Wrapped, at.Add(wait+talk+wrapped), q, agent, wrapped)
	}
	r.Total = r.Wait + r.Talk
	r.EndedAt = at.Add(r.Total)
	if r.EndedAt.After(d.now) {
		return
	}
	body, err := json.Marshal(r)
	require.NoError(d.s.t, err)
	d.exec(`INSERT INTO call_records (call, tenant, entry_point, queue, outcome, number, arrived_at, ended_at, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		string(r.Call), "acme", string(r.EntryPoint), string(q), string(r.Outcome), r.From, at.UnixMicro(), r.EndedAt.UnixMicro(), string(body))
	for _, a := range r.Agents {
		d.exec(`INSERT INTO call_agents (call, agent) VALUES (?, ?)`, string(r.Call), string(a))
	}
}

func (d *aDay) measure(kind figures.Kind, at time.Time, q core.QueueID, a core.AgentID, lasted time.Duration) {
	if at.After(d.now) {
		return
	}
	d.written++
	d.exec(`INSERT INTO measures (shard, seq, idx, at, kind, tenant, queue, agent, state, lasted) VALUES (?, 1, ?, ?, ?, 'acme', ?, ?, '', ?)`,
		d.shard, 1_000_000+d.written, at.UnixMicro(), string(kind), string(q), string(a), lasted.Microseconds())
}

func (d *aDay) exec(query string, args ...any) {
	d.s.t.Helper()
	_, err := d.tx.ExecContext(d.s.t.Context(), query, args...)
	require.NoError(d.s.t, err)
}
