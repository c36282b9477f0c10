package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Config is all that the API stands on. Everything is required unless it says otherwise.
type Config struct {
	Live        Live
	Tenants     Repository[models.Tenant]
	EntryPoints Repository[core.EntryPoint]
	Hours       Repository[models.Hours]
	Queues      Repository[core.Queue]
	Agents      Repository[core.AgentSetup]
	Users       Repository[models.User]
	Teams       Repository[models.Team]
	Site        SiteLimits
	Together    Together
	Tokens      Tokens
	Accounts    Accounts
	Sessions    Sessions
	Answers     Answers
	Audit       Audit
	History     History
	Measures    Measures
	Audio       Audio
	CRM         CRM
	Phones      Repository[models.Phone]
	Trunks      Repository[models.Trunk]
	Passwords   Passwords

	Key      *models.Key          // optional: for [Config.Database], seals the passwords of phones and trunks; without, none can be set
	Lines    Lines                // optional: who writes phones and trunks to the switches; default nobody
	Log      *slog.Logger         // optional; default slog.Default()
	Checks   []Check              // optional: further questions of /readyz
	Switches []Switch             // optional: those that this process drives, with what the rules do not know of them
	Registry *prometheus.Registry // optional: what /metrics shows
	Version  string               // optional: of the binary, for who has signed in (/api/v1/me); /healthz shows none, for it answers strangers
	App      http.Handler         // optional: what a browser gets for paths that are none of the API

	// TrustedProxies are the addresses of proxies in front, whose X-Forwarded-For and X-Forwarded-Proto are believed. Optional; without, nobody is: all who come through
	// a proxy then have its address, and cookies are marked as secure only where this server speaks TLS itself.
	TrustedProxies []netip.Prefix
	SessionIdle    time.Duration // a session ends that was not used for so long, an open event stream being a use; 0 = 30 min
	SessionLife    time.Duration // a session ends in any case; 0 = 12 h

	RatePerSecond float64          // requests a second of one principal, and with invalid tokens of one address; burst twice that; 0 = 50, negative = no limit at all
	AddressRate   float64          // requests a second of one address, whoever asks; 0 = 20 times RatePerSecond
	Heartbeat     time.Duration    // of idle event streams; 0 = 15 s
	WriteTimeout  time.Duration    // a client that does not take a piece of an answer for so long is cut off; 0 = 20 s
	AskTimeout    time.Duration    // for one ordinary request; 0 = 15 s
	Now           func() time.Time // optional; default time.Now
}

// Server is the HTTP interface. Make one with [New].
type Server struct {
	Config
	engine    *gin.Engine
	table     []route
	limits    *limiter // of principals
	addresses *limiter
	guesses   *guesses
	rosters   rosters
	rechecks  rechecks
	passages  passages
	ledger    ledger
	digging   chan struct{} // figures of the past that are being computed
	checking  chan struct{} // passwords that are being checked, or wait for it
	metrics   *metrics
	underWay  underWay

	// setup is held over "write to the database, tell the shard": otherwise two changes of one queue could reach the shard in
	// another order than the database, and the shard would act on the older one until the next start.
	setup sync.Mutex

	closing   chan struct{} // closed when the server begins to stop: event streams end
	closeOnce sync.Once
}

// mostChecks is how many passwords may wait to be checked; one at a time is.
const mostChecks = 16

// New makes the server. It starts nothing.
func New(c Config) (*Server, error) {
	for name, missing := range map[string]bool{
		"Live": c.Live == nil, "Tenants": c.Tenants == nil, "EntryPoints": c.EntryPoints == nil, "Hours": c.Hours == nil, "Queues": c.Queues == nil,
		"Agents": c.Agents == nil, "Users": c.Users == nil, "Teams": c.Teams == nil, "Together": c.Together == nil, "Accounts": c.Accounts == nil,
		"Sessions": c.Sessions == nil, "Site": c.Site == nil, "Tokens": c.Tokens == nil, "Answers": c.Answers == nil,
		"Audit": c.Audit == nil, "History": c.History == nil, "Measures": c.Measures == nil, "Audio": c.Audio == nil, "CRM": c.CRM == nil,
		"Phones": c.Phones == nil, "Trunks": c.Trunks == nil, "Passwords": c.Passwords == nil,
	} {
		if missing {
			return nil, fmt.Errorf("api: Config.%s is missing", name)
		}
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Lines == nil {
		c.Lines = noLines{}
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	if c.RatePerSecond == 0 {
		c.RatePerSecond = 50
	}
	if c.AddressRate == 0 {
		c.AddressRate = 20 * c.RatePerSecond
	}
	if c.SessionIdle == 0 {
		c.SessionIdle = 30 * time.Minute
	}
	if c.SessionLife == 0 {
		c.SessionLife = 12 * time.Hour
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = 15 * time.Second
	}
	if c.WriteTimeout == 0 {
		c.WriteTimeout = 20 * time.Second
	}
	if c.AskTimeout == 0 {
		c.AskTimeout = 15 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Server{
		Config: c, table: routes, closing: make(chan struct{}), limits: newLimiter(c.RatePerSecond, c.Now), addresses: newLimiter(c.AddressRate, c.Now),
		guesses: newGuesses(c.Now), checking: make(chan struct{}, mostChecks), digging: make(chan struct{}, 1),
	}
	var err error
	if s.metrics, err = newMetrics(c.Registry); err != nil {
		return nil, fmt.Errorf("api: register metrics: %w", err)
	}
	if s.engine, err = s.router(); err != nil {
		return nil, err
	}
	return s, nil
}

// Handler is the whole interface as an http.Handler, for tests and for embedding.
func (s *Server) Handler() http.Handler { return s.engine }

// Close ends all event streams, and lets no new one begin. It is part of [Server.Serve]; call it where only Handler is used.
func (s *Server) Close() { s.closeOnce.Do(func() { close(s.closing) }) }

// Serve answers on the listener until ctx ends, then lets running requests finish for at most drain. It owns the listener.
func (s *Server) Serve(ctx context.Context, l net.Listener, drain time.Duration) error {
	// There is no WriteTimeout for whole answers: event streams and recordings last as long as they last. Each piece that is
	// written has its deadline instead (see [Server.touch]).
	srv := &http.Server{
		Handler:           s.engine,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()

	select {
	case err := <-served:
		s.Close()
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	s.Close()
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err := srv.Shutdown(wait)
	if err != nil {
		s.Log.Warn("requests were still running when the time to finish was over", "error", err)
		err = srv.Close()
	}
	if served := <-served; !errors.Is(served, http.ErrServerClosed) {
		return fmt.Errorf("serve HTTP: %w", served)
	}
	if err != nil {
		return fmt.Errorf("close HTTP: %w", err)
	}
	return nil
}

// touch gives the client another WriteTimeout to take what is written next.
func (s *Server) touch(w http.ResponseWriter) {
	// A recorder in a test has no deadlines; a real connection always has.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.WriteTimeout))
}
