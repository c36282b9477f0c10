package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

const password = "correct horse battery"

// browser is somebody with a cookie jar of one.
type browser struct {
	w       *world
	cookie  *http.Cookie
	csrf    string
	address string
	more    headers
}

func (w *world) browser(address string) *browser { return &browser{w: w, address: address} }

// ask sends a request as the browser would, and keeps the cookie that comes back.
func (b *browser) ask(method, path, body string) answer {
	b.w.t.Helper()
	req := httptest.NewRequestWithContext(b.w.t.Context(), method, path, strings.NewReader(body))
	req.RemoteAddr = b.address + ":4711"
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("User-Agent", "Testzilla")
	if b.cookie != nil {
		req.AddCookie(&http.Cookie{Name: b.cookie.Name, Value: b.cookie.Value})
	}
	if b.csrf != "" {
		req.Header.Set(csrfHeader, b.csrf)
	}
	for k, v := range b.more {
		req.Header.Set(k, v)
	}
	rec := httptest.NewRecorder()
	b.w.srv.Handler().ServeHTTP(rec, req)
	a := answer{rec.Code, rec.Header(), rec.Body.Bytes()}
	b.w.validate(req, a)
	for _, c := range rec.Result().Cookies() {
		b.cookie = c
	}
	return a
}

func (b *browser) good(status int, method, path, body string) answer {
	b.w.t.Helper()
	a := b.ask(method, path, body)
	require.Equal(b.w.t, status, a.status, "%s", a.body)
	return a
}

// signsIn signs in and remembers the token.
func (b *browser) signsIn(name, password string) me {
	b.w.t.Helper()
	var who me
	b.good(201, post, "/api/v1/session", `{"name":"`+name+`","password":"`+password+`"}`).into(b.w.t, &who)
	b.csrf = who.CSRF
	return who
}

func (w *world) password(user string) {
	w.t.Helper()
	require.NoError(w.t, w.srv.Accounts.SetPassword(w.t.Context(), user, password, ""))
}

func TestSigningInS3(t *testing.T) {
	w := newWorld(t)
	w.password("u-anna")
	b := w.browser("192.0.2.7")
	who := b.signsIn(" Anna ", password)
	require.Equal(t, core.AgentID("anna"), who.Agent)
	require.Contains(t, who.May, "setAgentState")
	require.NotContains(t, who.May, "createQueue")
	require.True(t, b.cookie.HttpOnly)
	require.Equal(t, http.SameSiteStrictMode, b.cookie.SameSite)
	require.Equal(t, "/", b.cookie.Path)
	require.False(t, b.cookie.Secure, "a browser would throw it away over plain HTTP")
	require.Positive(t, b.cookie.MaxAge)
	require.NotContains(t, w.logs.String(), b.cookie.Value)
	require.NotContains(t, w.logs.String(), password)

	var again me
	b.good(200, get, "/api/v1/me", "").into(t, &again)
	require.Equal(t, who, again, "a reload knows all that signing in told")
	b.good(200, post, "/api/v1/agents/anna/state", `{"state":"available"}`)

	// Signing in again makes a new secret, and the old one is worth nothing any more.
	old := *b.cookie
	b.csrf = ""
	b.signsIn("anna", password)
	require.NotEqual(t, old.Value, b.cookie.Value)
	stolen := w.browser("198.51.100.1")
	stolen.cookie = &old
	stolen.good(401, get, "/api/v1/me", "")

	var l list[sessionItem]
	b.good(200, get, "/api/v1/sessions", "").into(t, &l)
	require.Len(t, l.Items, 1)
	require.True(t, l.Items[0].Current)
	require.Equal(t, "192.0.2.7", l.Items[0].Address)
	require.Equal(t, "Testzilla", l.Items[0].Browser)

	kept := *b.cookie
	b.good(204, del, "/api/v1/session", "")
	require.Negative(t, b.cookie.MaxAge, "the browser forgets it")
	b.cookie = &kept
	b.good(401, get, "/api/v1/me", "")

	var did []string
	for _, row := range w.store.audited() {
		did = append(did, row.Actor+" "+row.Action+" "+row.Object)
	}
	require.Equal(t, []string{"agent:anna signIn user/u-anna", "agent:anna signIn user/u-anna", "agent:anna signOut user/u-anna"}, did)
}

func TestSigningInFailsTheSameWayForAllReasons(t *testing.T) {
	w := newWorld(t)
	w.password("sam")
	w.good(200, "admin", put, "/api/v1/users/sam", `{"tenant":"acme","name":"sam","role":"supervisor","all_teams":true,"disabled":true}`)
	w.password("otto")
	var said []string
	for _, name := range []string{"otto", "sam", "adam", "nobody", "' OR 1=1 --", "hunter2"} {
		a := w.browser("192.0.2.9").good(401, post, "/api/v1/session", `{"name":"`+name+`","password":"wrong wrong wrong"}`)
		said = append(said, string(a.body))
		require.Empty(t, a.header.Values("Set-Cookie"))
		require.Equal(t, said[0], said[len(said)-1])
	}
	for _, row := range w.store.audited()[1:] {
		require.Equal(t, "signInFailed", row.Action)
		require.NotContains(t, row.Object, "hunter2", "people type passwords into the wrong field")
		require.NotContains(t, row.Object, "1=1")
	}
	require.Equal(t, "user-name/otto", w.store.audited()[1].Object)
	require.Equal(t, core.TenantID("acme"), w.store.audited()[1].Tenant, "the tenant's auditors see it")
	for field, body := range map[string]string{"name": `{"name":" ","password":"x"}`, "password": `{"name":"otto"}`, "role": `{"name":"x","password":"x","role":"admin"}`} {
		a := w.browser("192.0.2.9").ask(post, "/api/v1/session", body)
		require.Equal(t, field, a.problem(t).Field)
	}
	// Nobody can be signed in by another site, as themselves or as the attacker.
	b := w.browser("192.0.2.9")
	b.more = headers{"Sec-Fetch-Site": "cross-site"}
	b.good(403, post, "/api/v1/session", `{"name":"otto","password":"`+password+`"}`)
	b.more = headers{"Content-Type": "text/plain"}
	b.good(415, post, "/api/v1/session", `{"name":"otto","password":"`+password+`"}`)
	// And nothing about a password is kept with idempotency keys.
	b.more = headers{keyHeader: "k1"}
	b.good(201, post, "/api/v1/session", `{"name":"otto","password":"`+password+`"}`)
	require.Empty(t, w.store.answers)
}

func TestTheCookieIsSecureWhereTheConnectionIs(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/28")} })
	w.password("otto")
	b := w.browser("192.0.2.1")
	b.more = headers{"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
	b.signsIn("otto", password)
	require.NotEmpty(t, b.good(200, get, "/api/v1/me", "").header.Get("Strict-Transport-Security"))
	require.True(t, b.cookie.Secure)
	require.Equal(t, secureCookieName, b.cookie.Name)
	var l list[sessionItem]
	b.good(200, get, "/api/v1/sessions", "").into(t, &l)
	require.Equal(t, "203.0.113.9", l.Items[0].Address)
	// The same cookie over a connection that is not encrypted is none.
	b.more = nil
	b.good(401, get, "/api/v1/me", "")
	b.cookie = &http.Cookie{Name: cookieName, Value: b.cookie.Value}
	b.more = headers{"X-Forwarded-Proto": "https"}
	b.good(401, get, "/api/v1/me", "")
	// Nobody else's word counts.
	b = w.browser("192.0.2.99")
	b.more = headers{"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
	b.signsIn("otto", password)
	require.False(t, b.cookie.Secure)
	b.good(200, get, "/api/v1/sessions", "").into(t, &l)
	require.Equal(t, "192.0.2.99", l.Items[0].Address)
}

func TestChangingAPasswordEndsOtherSessions(t *testing.T) {
	w := newWorld(t)
	w.password("otto")
	here, there := w.browser("192.0.2.1"), w.browser("192.0.2.2")
	here.signsIn("otto", password)
	there.signsIn("otto", password)
	const next = "another long sentence"
	require.Equal(t, "current", here.good(422, post, "/api/v1/me/password", `{"current":"wrong wrong","new":"`+next+`"}`).problem(t).Field)
	require.Equal(t, "new", here.good(422, post, "/api/v1/me/password", `{"current":"`+password+`","new":"short"}`).problem(t).Field)
	there.good(200, get, "/api/v1/me", "")
	before := here.cookie.Value
	var who me
	here.good(200, post, "/api/v1/me/password", `{"current":"`+password+`","new":"`+next+`"}`).into(t, &who)
	require.NotEqual(t, before, here.cookie.Value)
	here.csrf = who.CSRF
	here.good(200, get, "/api/v1/me", "")
	there.good(401, get, "/api/v1/me", "")
	there.good(401, post, "/api/v1/session", `{"name":"otto","password":"`+password+`"}`)
	there.signsIn("otto", next)
	// An administrator's word ends them all.
	w.good(204, "user:adam", post, "/api/v1/users/otto/password", `{"password":"`+password+`"}`)
	here.good(401, get, "/api/v1/me", "")
	there.good(401, get, "/api/v1/me", "")
	there.signsIn("otto", password)
	// As does ending one.
	var l list[sessionItem]
	w.good(200, "user:adam", get, "/api/v1/sessions?user=otto", "").into(t, &l)
	w.good(204, "user:adam", del, "/api/v1/sessions/"+l.Items[0].ID, "")
	there.good(401, get, "/api/v1/me", "")
	w.bad(403, CodeForbidden, "", "admin", post, "/api/v1/me/password", `{"current":"x","new":"`+next+`"}`)
	w.bad(403, CodeForbidden, "", "admin", del, "/api/v1/session", "")
	w.bad(422, CodeInvalid, "user", "admin", get, "/api/v1/sessions", "")
	w.bad(403, CodeForbidden, "user", "user:u-anna", get, "/api/v1/sessions?user=otto", "")
	w.bad(404, CodeNotFound, "", "user:adam", get, "/api/v1/sessions?user=root", "")
	for _, row := range w.store.audited() {
		detail, err := json.Marshal(row.Detail)
		require.NoError(t, err)
		require.NotContains(t, string(detail), next)
	}
}

func TestASessionEndsWithoutUse(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.SessionIdle = time.Nanosecond })
	w.password("otto")
	b := w.browser("192.0.2.1")
	b.signsIn("otto", password)
	b.good(401, get, "/api/v1/me", "")
	w = newWorld(t, func(c *Config) { c.SessionLife = time.Nanosecond })
	w.password("otto")
	b = w.browser("192.0.2.1")
	b.good(201, post, "/api/v1/session", `{"name":"otto","password":"`+password+`"}`)
	b.good(401, get, "/api/v1/me", "")
}

// clock is a time that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) wait(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestGuessesAreSlowedDownAndNobodyIsLockedOut(t *testing.T) {
	c := &clock{now: day}
	g := newGuesses(c.Now)
	// A name from one address: five are free, then it takes longer and longer, up to a quarter of an hour.
	for range 5 {
		require.Zero(t, g.try("eve", "192.0.2.1", false))
	}
	var longest time.Duration
	for range 12 {
		wait := g.try("eve", "192.0.2.1", false)
		require.GreaterOrEqual(t, wait, longest)
		longest = wait
		require.Equal(t, wait, g.try("eve", "192.0.2.1", false), "a try that is refused does not prolong it")
		c.wait(wait)
		require.Zero(t, g.try("eve", "192.0.2.1", false))
	}
	require.Equal(t, 15*time.Minute, longest)
	require.Zero(t, g.try("eve", "192.0.2.2", true), "the owner at a usual place is not concerned")
	require.Zero(t, g.try("eve", "2001:db8:1::1", true))

	// From everywhere: strangers wait a minute at most.
	for i := range 40 {
		if wait := g.try("otto", "198.51.100."+strconv.Itoa(i), false); wait > 0 {
			require.LessOrEqual(t, wait, time.Minute)
			c.wait(wait)
		}
	}
	require.Positive(t, g.try("otto", "203.0.113.1", false))
	require.Zero(t, g.try("otto", "203.0.113.1", true))

	// One address, many names: a success there does not wipe the slate.
	for i := range 30 {
		require.Zero(t, g.try("name"+strconv.Itoa(i), "203.0.113.5", true))
	}
	require.Positive(t, g.try("one-more", "203.0.113.5", true))
	c.wait(time.Second)
	require.Zero(t, g.try("mallory", "203.0.113.5", true))
	g.succeeded("mallory", "203.0.113.5", true)
	require.Zero(t, g.try("one-more", "203.0.113.5", true))
	require.Positive(t, g.try("another", "203.0.113.5", true))

	// A network of IPv6 is one place.
	for i := range 5 {
		require.Zero(t, g.try("sam", "2001:db8::"+strconv.Itoa(i+1), true))
	}
	require.Positive(t, g.try("sam", "2001:db8::ffff", true))
	// Who remembers starts afresh, and all is forgotten after an hour.
	c.wait(time.Second)
	require.Zero(t, g.try("sam", "2001:db8::1", true))
	g.succeeded("sam", "2001:db8::1", true)
	for range 5 {
		require.Zero(t, g.try("sam", "2001:db8::1", true))
	}
	c.wait(guessesKept + time.Minute)
	require.Zero(t, g.try("sam", "2001:db8::1", true))
	require.LessOrEqual(t, len(g.keys), 2)
}

func TestGuessingAPasswordIsAnswered429(t *testing.T) {
	c := &clock{now: day}
	w := newWorld(t, func(conf *Config) { conf.Now = c.Now })
	w.password("otto")
	b := w.browser("192.0.2.1")
	for range 5 {
		b.good(401, post, "/api/v1/session", `{"name":"otto","password":"wrong wrong wrong"}`)
	}
	a := b.good(429, post, "/api/v1/session", `{"name":"otto","password":"`+password+`"}`)
	require.Equal(t, "1", a.header.Get("Retry-After"))
	require.Equal(t, CodeRate, a.problem(t).Code)
	require.Len(t, w.store.audited(), 5, "what was not tried is not a failure")
	c.wait(time.Second)
	b.signsIn("otto", password)
	b.signsIn("otto", password)
	shown := string(w.good(200, "admin", get, "/metrics", "").body)
	require.Contains(t, shown, `tandem_http_sign_ins_total{result="failed"} 5`)
	require.Contains(t, shown, `tandem_http_sign_ins_total{result="slowed"} 1`)
	require.Contains(t, shown, `tandem_http_sign_ins_total{result="ok"} 2`)
}

func TestManyTriesAtOnceAreNoMoreThanOneAfterAnother(t *testing.T) {
	c := &clock{now: day}
	g := newGuesses(c.Now)
	var wg sync.WaitGroup
	var mu sync.Mutex
	let := 0
	for range 50 {
		wg.Go(func() {
			if g.try("eve", "192.0.2.1", false) == 0 {
				mu.Lock()
				let++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Equal(t, 5, let)
}

func TestRatesOfPrincipalsAndAddresses(t *testing.T) {
	c := &clock{now: day}
	w := newWorld(t, func(conf *Config) { conf.Now, conf.RatePerSecond, conf.AddressRate = c.Now, 1, 4 })
	for range 3 {
		w.good(200, "auditor", get, "/api/v1/me", "")
	}
	a := w.good(429, "auditor", get, "/api/v1/me", "")
	require.Equal(t, "1", a.header.Get("Retry-After"))
	w.good(200, "admin", get, "/api/v1/me", "") // another principal
	// Two sessions are one user.
	w.good(200, "user:otto", get, "/api/v1/me", "")
	clear(w.signed)
	w.good(200, "user:otto", get, "/api/v1/me", "")
	w.good(200, "user:otto", get, "/api/v1/me", "")
	w.good(429, "user:otto", get, "/api/v1/me", "")
	w.good(429, "", get, "/openapi.yaml", "") // the address has asked nine times
	w.good(200, "", get, "/healthz", "")      // who watches over us is not put off
	c.wait(time.Second)
	w.good(200, "auditor", get, "/api/v1/me", "")
	w.good(200, "", get, "/openapi.yaml", "")
}

// A household has 2^64 addresses of IPv6: they count as one, or there would be no limit and an entry in memory for each.
func TestRatesAreOfAHouseholdWithIPv6(t *testing.T) {
	c := &clock{now: day}
	w := newWorld(t, func(conf *Config) {
		conf.Now, conf.RatePerSecond, conf.AddressRate = c.Now, 1, 4
		conf.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	})
	from := func(prefix string) (statuses []int) {
		for i := range 11 {
			statuses = append(statuses, w.ask("nonsense", get, "/api/v1/me", "", headers{"X-Forwarded-For": fmt.Sprintf("%s::%x", prefix, i+1)}).status)
		}
		return statuses
	}
	want := []int{401, 401, 401, 429, 429, 429, 429, 429, 429, 429, 429}
	require.Equal(t, want, from("2001:db8:1:2"))
	require.Equal(t, want, from("2001:db8:1:3"), "the neighbours")
	require.Len(t, w.srv.addresses.keys, 2)
}

func TestUsersAndTeamsAreSetUpAndAudited(t *testing.T) {
	w := newWorld(t)
	var u userItem
	a := w.good(201, "user:adam", post, "/api/v1/users", `{"tenant":"acme","name":"Carl@Acme.example","role":"supervisor","teams":["south"]}`)
	a.into(t, &u)
	require.Equal(t, "carl@acme.example", u.Name)
	w.bad(412, CodeVersion, "If-Match", "user:adam", put, "/api/v1/users/"+u.ID, `{"tenant":"acme","name":"carl","role":"auditor"}`, headers{"If-Match": `"9"`})
	w.good(200, "user:adam", put, "/api/v1/users/"+u.ID, `{"tenant":"acme","name":"carl","role":"auditor"}`, headers{"If-Match": a.header.Get("ETag")})
	w.bad(422, CodeInvalid, "password", "user:adam", post, "/api/v1/users/"+u.ID+"/password", `{"password":"password123"}`)
	w.good(204, "user:adam", post, "/api/v1/users/"+u.ID+"/password", `{"password":"`+password+`"}`, headers{keyHeader: "k"})
	w.good(200, "user:otto", get, "/api/v1/users/"+u.ID, "").into(t, &u)
	require.True(t, u.HasPassword)
	w.good(204, "user:adam", del, "/api/v1/users/"+u.ID, "")
	w.good(201, "user:adam", post, "/api/v1/teams", `{"id":"west","tenant":"acme","name":"West"}`)
	w.good(200, "user:adam", put, "/api/v1/teams/west", `{"tenant":"acme","name":"Far west"}`)
	var l live[teamItem]
	w.good(200, "user:eve", get, "/api/v1/teams", "").into(t, &l)
	require.Len(t, l.Items, 1, "the one she leads")
	w.good(204, "user:adam", del, "/api/v1/teams/west", "")
	w.good(200, "user:adam", put, "/api/v1/tenants/acme/idle-reasons", `{"reasons":["lunch","doctor"]}`)
	w.bad(412, CodeVersion, "If-Match", "user:adam", put, "/api/v1/tenants/acme/idle-reasons", `{"reasons":[]}`, headers{"If-Match": `"1"`})
	w.await("the rules to know", func() bool {
		return w.ask("user:u-anna", post, "/api/v1/agents/anna/state", `{"state":"idle","reason":"doctor"}`).status == 200
	})

	var page paged[AuditEntry]
	w.good(200, "user:otto", get, "/api/v1/audit?limit=500", "").into(t, &page)
	var did []string
	for _, e := range page.Items {
		require.Equal(t, "admin:adam", e.Actor)
		require.Equal(t, core.TenantID("acme"), e.Tenant)
		require.NotContains(t, string(e.Detail), "argon2")
		require.NotContains(t, string(e.Detail), password)
		did = append(did, e.Action)
	}
	require.Equal(t, []string{"setIdleReasons", "deleteTeam", "replaceTeam", "createTeam", "deleteUser", "setPassword", "replaceUser", "createUser"}, did)
	w.bad(403, CodeForbidden, "tenant", "user:otto", get, "/api/v1/audit?tenant=globex", "")
	w.bad(422, CodeInvalid, "to", "user:otto", get, "/api/v1/audit?from=2026-01-31T09:00:00Z&to=2026-01-31T09:00:00Z", "")
	w.bad(403, CodeForbidden, "", "user:sam", get, "/api/v1/audit", "")
}

func TestTheDirectoryNamesWhomACallCanBeSentTo(t *testing.T) {
	w := newWorld(t)
	w.good(200, "anna", post, "/api/v1/agents/anna/state", `{"state":"idle","reason":"lunch"}`)
	names := func(as, query string) (out []string) {
		var l live[directoryItem]
		a := w.good(200, as, get, "/api/v1/directory"+query, "")
		a.into(t, &l)
		require.NotContains(t, string(a.body), "lunch", "why somebody is away is theirs")
		for _, d := range l.Items {
			out = append(out, d.ID)
		}
		return out
	}
	require.Equal(t, []string{"anna", "bert", "sales", "main"}, names("user:u-bert", ""))
	require.Equal(t, []string{"main"}, names("user:u-bert", "?kind=entry_point"))
	require.Equal(t, []string{"anna", "bert"}, names("user:u-bert", "?kind=agent"))
	require.Equal(t, []string{"anna"}, names("user:u-bert", "?search=NORTH+ann"))
	require.Equal(t, []string{"anna"}, names("user:u-bert", "?limit=1"))
	require.Equal(t, []string{"gary"}, names("globex", ""))
	require.Equal(t, []string{"gary"}, names("admin", "?search=ga"))
	w.bad(422, CodeInvalid, "kind", "admin", get, "/api/v1/directory?kind=cat", "")
	w.bad(422, CodeInvalid, "limit", "admin", get, "/api/v1/directory?limit=0", "")
	_, _, err := w.srv.EntryPoints.Create(t.Context(), core.EntryPoint{ID: "x", Tenant: "acme", Users: []core.AgentID{"anna"}, Off: true})
	require.NoError(t, err)
	require.Equal(t, []string{"main"}, names("admin", "?kind=entry_point&tenant=acme"), "nobody answers where it is switched off")
	require.Equal(t, []string{"sales"}, names("admin", "?kind=queue"))
}

func TestADatabaseThatIsAwayIsAnswered503(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		db, err := models.Open(t.Context(), "sqlite:"+t.TempDir()+"/closed.db")
		require.NoError(t, err)
		require.NoError(t, db.Close())
		closed := Config{}.Database(db)
		c.Queues, c.Sessions = closed.Queues, closed.Sessions
	})
	a := w.good(503, "admin", get, "/api/v1/queues", "")
	require.Equal(t, CodeDatabase, a.problem(t).Code)
	require.Equal(t, "1", a.header.Get("Retry-After"))
	a = w.good(503, "", get, "/api/v1/me", "", headers{"Cookie": cookieName + "=tandem_s_x"})
	require.NotContains(t, string(a.body), "sql")
	w.good(503, "", post, "/api/v1/session", `{"name":"x","password":"y"}`)
}

func TestTheDocumentationIsOnePage(t *testing.T) {
	w := newWorld(t)
	a := w.good(200, "", get, "/api/docs", "")
	page := string(a.body)
	for id, o := range operations() {
		require.Contains(t, page, `<article id="`+id+`">`)
		require.Contains(t, page, o.path)
	}
	doc, _ := document()
	for name := range doc.Components.Schemas {
		require.Contains(t, page, `id="shape-`+name+`"`)
	}
	require.NotContains(t, page, "<script")
	require.NotContains(t, page, "<no value>")
	require.NotContains(t, page, "`")
	require.NotContains(t, page, `href="#shape-"`)
	for _, elsewhere := range []string{`src="`, `@import`, `url(`, `<link`} {
		require.NotContains(t, page, elsewhere, "nothing comes from elsewhere")
	}
	require.Contains(t, page, "<style>"+docsStyle+"</style>", "as the policy's hash has it")
	policy := a.header.Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'; style-src 'sha256-")
	require.NotContains(t, policy, "unsafe")
}
