package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/journal"
	"github.com/tandem-voice/tandem/orchestrator/loop"
	"github.com/tandem-voice/tandem/orchestrator/sim"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(wallEnv); what != "" { // this process is the dashboards of a benchmark
		if err := dashboards(what); err != nil {
			slog.Error("the dashboards have failed", "error", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	// Seekable audio has no structure to check; the stream is checked event by event.
	openapi3filter.RegisterBodyDecoder("audio/wav", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("multipart/byteranges", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("application/yaml", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("text/csv", openapi3filter.FileBodyDecoder)
	code := dbtest.Main(m)
	if code == 0 {
		if err := goleak.Find(); err != nil {
			slog.Error("goroutines are left", "error", err)
			code = 1
		}
	}
	os.Exit(code)
}

// document is the contract and a router over it.
var document = sync.OnceValues(func() (*openapi3.T, routers.Router) {
	doc, err := openapi3.NewLoader().LoadFromData(Contract)
	if err != nil {
		panic(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		panic(err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		panic(err)
	}
	return doc, router
})

// world is the API over a real loop with a simulated switch; only what the database keeps is in memory. Tokens have the name of who they are:
// admin, supervisor, auditor, anna, bert (agents of acme), globex (a supervisor of that tenant). Users are asked for as "user:ID"; see people.
type world struct {
	t      testing.TB
	srv    *Server
	loop   *loop.Loop
	engine *sim.Engine
	store  *memoryStore
	bucket *blob.Bucket
	http   *httptest.Server
	logs   *lockedBuffer
	signed map[string]string // user id to the secret of a session
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newWorld(tb testing.TB, change ...func(*Config)) *world {
	tb.Helper()
	w := &world{t: tb, signed: map[string]string{}, logs: &lockedBuffer{}, bucket: memblob.OpenBucket(nil)}
	quiet := slog.New(slog.DiscardHandler)
	// Whatever the switch says later is because of what the test does: its phones are there before anybody hears of them, and it is not looked at again.
	w.engine = sim.NewEngine("sim", sim.AsteriskLike(), sim.EngineOptions{Seed: 1, Beat: -1})
	w.engine.World(func(now time.Time, s *sim.Switch) {
		for _, phone := range []string{"1001", "1002", "2001"} {
			s.PhoneRegistered(now, phone)
		}
	})
	w.store = &memoryStore{
		site: Versioned[core.Site]{Version: 1}, answers: map[string]*kept{}, timeline: map[core.CallID][]TimelineEntry{},
		tokens: map[string]Principal{
			"admin":      {Token: "t-admin", Name: "root", Role: Admin},
			"supervisor": {Token: "t-supervisor", Name: "eve", Role: Supervisor},
			"auditor":    {Token: "t-auditor", Name: "otto", Role: Auditor},
			"agent":      {Token: "t-anna", Name: "anna's desktop", Role: Agent, Agent: "anna", Tenant: "acme"},
			"anna":       {Token: "t-anna", Name: "anna's desktop", Role: Agent, Agent: "anna", Tenant: "acme"},
			"bert":       {Token: "t-bert", Name: "bert's desktop", Role: Agent, Agent: "bert", Tenant: "acme"},
			"globex":     {Token: "t-globex", Name: "gina", Role: Supervisor, Tenant: "globex"},
			"globex-adm": {Token: "t-globex-adm", Name: "gus", Role: Admin, Tenant: "globex"},
		},
	}
	setup := core.ConfigChanged{
		Tenants: []core.Tenant{{ID: "acme", Name: "Acme", MaskNumbers: true, IdleReasons: []string{"lunch"}}, {ID: "globex", Name: "Globex"}},
		Queues: []core.Queue{{
			ID: "sales", Tenant: "acme", Name: "Sales", Strategy: core.InOrder, RingTime: time.Minute, Record: true, PauseLimit: time.Minute,
			Members: []core.Membership{{Agent: "anna"}, {Agent: "bert", Level: 1}}, WrapUp: core.WrapUpSetup{Time: time.Hour, Extension: time.Minute, Reasons: []string{"sold", "lost"}},
		}},
		EntryPoints: []core.EntryPoint{{ID: "main", Tenant: "acme", Name: "Main", Numbers: []string{"+4930123456"}, Queue: "sales"}},
		Agents: []core.AgentSetup{
			{ID: "anna", Tenant: "acme", Name: "Anna", Phone: "1001", Teams: []string{"north"}}, {ID: "bert", Tenant: "acme", Name: "Bert", Phone: "1002"},
			{ID: "gary", Tenant: "globex", Name: "Gary", Phone: "2001"},
		},
	}
	var err error
	w.loop, err = loop.New(loop.Config{
		Shard: "test", Seed: 7, Owner: tb.Name(), Store: &journal.Memory{}, Engines: []engine.Engine{w.engine}, Logger: quiet,
	})
	require.NoError(tb, err)
	require.NoError(tb, w.loop.Start(tb.Context()))
	w.await("the loop to serve", func() bool { return w.loop.Phase() == loop.PhaseServing })
	require.NoError(tb, w.loop.Config(tb.Context(), setup))
	w.await("the switch", func() bool {
		e, found := w.loop.View().Engine("sim")
		return found && e.Up
	})

	c := Config{
		Live: Shard{w.loop}, Site: w.store, Tokens: w.store, Answers: w.store, Audit: w.store, History: w.store, Measures: w.store, CRM: w.store,
		Audio: Bucket{w.bucket}, Log: slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
		RatePerSecond: -1, Version: "test",
	}
	stored := []models.Tenant{}
	for _, tenant := range setup.Tenants {
		stored = append(stored, models.Tenant{Tenant: tenant, Region: "DE"})
	}
	c.Tenants = newRepo(stored, tenants.id, tenants.tenant, nil,
		func(set []models.Tenant, gone []string) core.ConfigChanged {
			var told []core.Tenant
			for _, tenant := range set {
				told = append(told, tenant.Tenant)
			}
			return core.ConfigChanged{Tenants: told, Remove: core.Removal{Tenants: idsOf[core.TenantID](gone)}}
		})
	c.EntryPoints = newRepo(setup.EntryPoints, entryPoints.id, entryPoints.tenant, nil,
		func(set []core.EntryPoint, gone []string) core.ConfigChanged {
			return core.ConfigChanged{EntryPoints: set, Remove: core.Removal{EntryPoints: idsOf[core.EntryPointID](gone)}}
		})
	office := models.Hours{ID: "office", Tenant: "acme", Name: "Office", Zone: "Europe/Berlin", Week: []core.WeekSpan{{Day: "monday", From: "09:00", To: "17:00"}}}
	c.Hours = newRepo([]models.Hours{office}, hours.id, hours.tenant, func(h models.Hours) error { return fromModels(models.ValidHours(h)) },
		func(set []models.Hours, gone []string) core.ConfigChanged {
			var told []core.Hours
			for _, h := range set {
				told = append(told, h.Rules(day))
			}
			return core.ConfigChanged{Hours: told, Remove: core.Removal{Hours: idsOf[core.HoursID](gone)}}
		})
	c.Queues = newRepo(setup.Queues, queues.id, queues.tenant,
		func(q core.Queue) error {
			if q.RingTime < 0 || q.RingTime > 5*time.Minute {
				return invalid("ring_time", "must be 1 second to 5 minutes")
			}
			return nil
		},
		func(set []core.Queue, gone []string) core.ConfigChanged {
			return core.ConfigChanged{Queues: set, Remove: core.Removal{Queues: idsOf[core.QueueID](gone)}}
		})
	c.Agents = newRepo(setup.Agents, agents.id, agents.tenant, nil,
		func(set []core.AgentSetup, gone []string) core.ConfigChanged {
			return core.ConfigChanged{Agents: set, Remove: core.Removal{Agents: idsOf[core.AgentID](gone)}}
		})
	db := dbtest.Open(tb, dbtest.SQLiteURL(tb))
	key, err := models.OpenKey(filepath.Join(tb.TempDir(), "secret-key"))
	require.NoError(tb, err)
	kept := Config{Key: key}.Database(db)
	c.Users, c.Teams, c.Accounts, c.Sessions, c.Together = kept.Users, kept.Teams, kept.Accounts, kept.Sessions, kept.Together
	c.Phones, c.Trunks, c.Passwords = kept.Phones, kept.Trunks, kept.Passwords
	copyRows(tb, c.Tenants, kept.Tenants)
	copyRows(tb, c.Agents, kept.Agents)
	for _, f := range change {
		f(&c)
	}
	people(tb, c)
	w.srv, err = New(c)
	require.NoError(tb, err)
	w.http = httptest.NewServer(w.srv.Handler())
	tb.Cleanup(func() {
		w.srv.Close()
		w.http.Close()
		require.NoError(tb, w.loop.Stop())
		require.NoError(tb, w.bucket.Close())
	})
	return w
}

func newRepo[T any](rows []T, id func(*T) *string, tenant func(T) core.TenantID, check func(T) error, change func([]T, []string) core.ConfigChanged) *memoryRepo[T] {
	if check == nil {
		check = func(T) error { return nil }
	}
	m := &memoryRepo[T]{rows: map[string]Versioned[T]{}, id: id, tenant: tenant, check: check, change: change}
	for _, row := range rows {
		m.rows[*id(&row)] = Versioned[T]{row, 1}
	}
	return m
}

func idsOf[ID ~string](in []string) []ID {
	var out []ID
	for _, s := range in {
		out = append(out, ID(s))
	}
	return out
}

// await waits until something is so. The deadline is only there so that a broken test ends.
func (w *world) await(what string, so func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !so() {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// people makes users of every kind: root (administrator of the site), adam (of acme), eve (supervisor of acme's team north), sam (of the whole of acme), otto (auditor of acme),
// u-anna and u-bert (agents), gina (supervisor of globex).
func people(tb testing.TB, c Config) {
	tb.Helper()
	_, _, err := c.Teams.Create(tb.Context(), models.Team{ID: "north", Tenant: "acme", Name: "North"})
	require.NoError(tb, err)
	_, _, err = c.Teams.Create(tb.Context(), models.Team{ID: "south", Tenant: "acme", Name: "South"})
	require.NoError(tb, err)
	for _, u := range []models.User{
		{ID: "root", Name: "root", Display: "Root", Role: models.RoleAdmin},
		{ID: "adam", Name: "adam", Tenant: "acme", Role: models.RoleAdmin},
		{ID: "eve", Name: "eve", Tenant: "acme", Role: models.RoleSupervisor, Teams: []string{"north"}},
		{ID: "sam", Name: "sam", Tenant: "acme", Role: models.RoleSupervisor, AllTeams: true},
		{ID: "otto", Name: "otto", Tenant: "acme", Role: models.RoleAuditor},
		{ID: "u-anna", Name: "anna", Tenant: "acme", Role: models.RoleAgent, Agent: "anna"},
		{ID: "u-bert", Name: "bert", Tenant: "acme", Role: models.RoleAgent, Agent: "bert"},
		{ID: "gina", Name: "gina", Tenant: "globex", Role: models.RoleSupervisor, AllTeams: true},
	} {
		_, _, err := c.Users.Create(tb.Context(), u)
		require.NoError(tb, err)
	}
}

// session gives the secret of a session of a user, who is signed in without the work of a password.
func (w *world) session(user string) string {
	w.t.Helper()
	if w.signed[user] == "" {
		_, secret, err := w.srv.Sessions.Begin(w.t.Context(), user, "192.0.2.1", "test", time.Hour)
		require.NoError(w.t, err)
		w.signed[user] = secret
	}
	return w.signed[user]
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// into decodes the answer's body.
func (a answer) into(tb testing.TB, v any) {
	tb.Helper()
	require.NoError(tb, json.Unmarshal(a.body, v), "%s", a.body)
}

// problem is the error in the answer.
func (a answer) problem(tb testing.TB) Error {
	tb.Helper()
	var b struct{ Error Error }
	a.into(tb, &b)
	require.NotEmpty(tb, b.Error.Code, "%s", a.body)
	return b.Error
}

type headers map[string]string

// ask sends a request as somebody ("" = without a token) and validates the answer against the contract.
func (w *world) ask(as, method, path, body string, hs ...headers) answer {
	w.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req := httptest.NewRequestWithContext(w.t.Context(), method, path, reader)
	req.Header.Set("Content-Type", "application/json")
	if id, is := strings.CutPrefix(as, "user:"); is {
		secret := w.session(id)
		req.AddCookie(&http.Cookie{Name: cookieName, Value: secret})
		req.Header.Set(csrfHeader, csrfToken(secret))
	} else if as != "" {
		req.Header.Set("Authorization", "Bearer "+as)
	}
	for _, h := range hs {
		for k, v := range h {
			req.Header.Set(k, v)
		}
	}
	rec := httptest.NewRecorder()
	w.srv.Handler().ServeHTTP(rec, req)
	a := answer{rec.Code, rec.Header(), rec.Body.Bytes()}
	w.validate(req, a)
	return a
}

// validate holds an answer to the contract. Paths and methods that the contract does not know must answer 404 or 405.
func (w *world) validate(req *http.Request, a answer) {
	w.t.Helper()
	require.NotEmpty(w.t, a.header.Get(requestIDHeader))
	require.Equal(w.t, "nosniff", a.header.Get("X-Content-Type-Options"))
	_, router := document()
	rt, params, err := router.FindRoute(req)
	if err != nil {
		require.Contains(w.t, []int{http.StatusNotFound, http.StatusMethodNotAllowed}, a.status, "%s %s: %v", req.Method, req.URL, err)
		return
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: rt},
		Status:                 a.status, Header: a.header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	in.SetBodyBytes(a.body)
	require.NoError(w.t, openapi3filter.ValidateResponse(w.t.Context(), in), "%s %s answered %d: %s", req.Method, req.URL, a.status, a.body)
}

// good asks and expects a status.
func (w *world) good(status int, as, method, path, body string, hs ...headers) answer {
	w.t.Helper()
	a := w.ask(as, method, path, body, hs...)
	require.Equal(w.t, status, a.status, "%s %s: %s", method, path, a.body)
	return a
}

// bad asks and expects an error.
func (w *world) bad(status int, code Code, field, as, method, path, body string, hs ...headers) Error {
	w.t.Helper()
	a := w.good(status, as, method, path, body, hs...)
	e := a.problem(w.t)
	require.Equal(w.t, code, e.Code, "%s %s: %s", method, path, a.body)
	require.Equal(w.t, field, e.Field, "%s %s: %s", method, path, a.body)
	require.NotEmpty(w.t, e.Message)
	return e
}

// dials lets a caller dial the entry point, and gives the call once it waits.
func (w *world) dials(from string) core.CallID {
	w.t.Helper()
	before := map[core.CallID]bool{}
	for c := range w.loop.View().Calls() {
		before[c.ID] = true
	}
	w.engine.World(func(now time.Time, s *sim.Switch) { s.CallerDials(now, from, "", "+4930123456") })
	var id core.CallID
	w.await("the call to be in the queue", func() bool {
		for c := range w.loop.View().Calls() {
			if !before[c.ID] && c.Phase == core.Waiting {
				id = c.ID
			}
		}
		return id != ""
	})
	return id
}

// connects has an agent take a call.
func (w *world) connects(agent, phone, from string) core.CallID {
	w.t.Helper()
	w.good(http.StatusOK, agent, http.MethodPost, "/api/v1/agents/"+agent+"/state", `{"state":"available"}`)
	id := w.dials(from)
	w.await("the phone to ring", func() bool {
		ringing := false
		w.engine.World(func(_ time.Time, s *sim.Switch) { _, ringing = s.PhoneRinging(phone) })
		return ringing
	})
	w.engine.World(func(now time.Time, s *sim.Switch) { s.PhoneAnswers(now, phone) })
	w.awaitCall(id, "the conversation", func(c core.CallView) bool { return c.Phase == core.Talking })
	return id
}

func (w *world) awaitCall(id core.CallID, what string, so func(core.CallView) bool) {
	w.t.Helper()
	w.await(what, func() bool {
		c, found := w.loop.View().Call(id)
		return found && so(c)
	})
}
