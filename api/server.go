package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
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
	Queues      Repository[core.Queue]
	Agents      Repository[core.AgentSetup]
	Site        SiteLimits
	Tokens      Tokens
	Answers     Answers
	Audit       Audit
	History     History
	Audio       Audio
	CRM         CRM

	Log      *slog.Logger         // optional; default slog.Default()
	Checks   []Check              // optional: further questions of /readyz
	Switches []Switch             // optional: those that this process drives, with what the rules do not know of them
	Registry *prometheus.Registry // optional: what /metrics shows
	Version  string               // optional: of the binary, for /healthz

	RatePerSecond float64          // requests a second of one token, and failed sign-ins of one address; burst twice that; 0 = 50, negative = no limit
	Heartbeat     time.Duration    // of idle event streams; 0 = 15 s
	WriteTimeout  time.Duration    // a client that does not take a piece of an answer for so long is cut off; 0 = 20 s
	AskTimeout    time.Duration    // for one ordinary request; 0 = 15 s
	Now           func() time.Time // optional; default time.Now
}

// Server is the HTTP interface. Make one with [New].
type Server struct {
	Config
	engine  *gin.Engine
	limits  *limiter
	metrics *metrics

	// setup is held over "write to the database, tell the shard": otherwise two changes of one queue could reach the shard in
	// another order than the database, and the shard would act on the older one until the next start.
	setup sync.Mutex

	closing   chan struct{} // closed when the server begins to stop: event streams end
	closeOnce sync.Once
}

// New makes the server. It starts nothing.
func New(c Config) (*Server, error) {
	for name, missing := range map[string]bool{
		"Live": c.Live == nil, "Tenants": c.Tenants == nil, "EntryPoints": c.EntryPoints == nil, "Queues": c.Queues == nil,
		"Agents": c.Agents == nil, "Site": c.Site == nil, "Tokens": c.Tokens == nil, "Answers": c.Answers == nil,
		"Audit": c.Audit == nil, "History": c.History == nil, "Audio": c.Audio == nil, "CRM": c.CRM == nil,
	} {
		if missing {
			return nil, fmt.Errorf("api: Config.%s is missing", name)
		}
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	if c.RatePerSecond == 0 {
		c.RatePerSecond = 50
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
	s := &Server{Config: c, closing: make(chan struct{}), limits: newLimiter(c.RatePerSecond, c.Now)}
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
