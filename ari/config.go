package ari

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// Config says how to reach one Asterisk and how to dial on it. Zero values mean the documented default.
type Config struct {
	ID core.EngineID // name of this switch in the set-up
	// URL of Asterisk's HTTP server, with or without the "/ari" at its end: http://127.0.0.1:8088
	URL      string
	User     string // of ari.conf
	Password string
	// PasswordFile holds the password, if Password is empty. White space around it is ignored.
	PasswordFile string
	App          string // the Stasis application; default "tandem"

	// PhoneTemplate makes a dial string of a desk phone's name; default "PJSIP/<phone>".
	PhoneTemplate string
	// PeerTemplate makes a dial string of the name of a desk phone that registers at another switch, and of that switch's name; default
	// "PJSIP/<phone>@<switch>": the trunk to a switch has its name.
	PeerTemplate string
	// TrunkTemplate makes a dial string of a number and a trunk's name; default "PJSIP/<number>@<trunk>".
	TrunkTemplate string

	EffectTimeout time.Duration // for one effect, with all its requests; default 5 s
	Beat          time.Duration // between two looks at everything while connected; default 20 s
	PingEvery     time.Duration // between two websocket pings, and the time for its answer; default 5 s
	Presence      time.Duration // how long Asterisk hands calls over after we last said that we are there, in whole seconds; default 4 s
	ReconnectMax  time.Duration // longest pause between two attempts to connect; default 2 s
	MaxConns      int           // HTTP connections at once; must stay well below sessionlimit of http.conf; default 32
	QueueLimit    int           // events waiting for the sink; more is a gap, and leads to a new session; default 50000

	Logger *slog.Logger // default slog.Default()
	// Lost is called whenever a session has ended, or none came about, unless we wanted it. It must not block. Default: nobody is told.
	Lost func(engine.Loss)
}

var (
	appPattern      = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	templatePattern = regexp.MustCompile(`^[A-Za-z0-9]+/`)
)

// withDefaults fills in the defaults and checks every field. The error names field and rule.
func (c Config) withDefaults() (Config, error) {
	var errs []error
	bad := func(field, rule string) { errs = append(errs, fmt.Errorf("ari: config: %s: %s", field, rule)) }

	if c.ID == "" {
		bad("ID", "must not be empty")
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		// The parser's own text would quote the URL, which may hold a password.
		bad("URL", "is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		bad("URL", "must begin with http:// or https://")
	case u.Host == "":
		bad("URL", "must name a host")
	case u.User != nil:
		bad("URL", "must not hold a user or a password; use User and Password")
	case u.RawQuery != "" || u.Fragment != "":
		bad("URL", "must have neither query nor fragment")
	default:
		c.URL = strings.TrimSuffix(strings.TrimRight(c.URL, "/"), "/ari")
	}
	if c.User == "" || strings.Contains(c.User, ":") {
		bad("User", "must not be empty and must not contain a colon")
	}
	if c.Password == "" && c.PasswordFile != "" {
		text, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			errs = append(errs, fmt.Errorf("ari: config: read PasswordFile: %w", err))
		}
		c.Password = strings.TrimSpace(string(text))
	}
	if c.Password == "" {
		bad("Password", "must not be empty (or PasswordFile must hold one)")
	}
	c.App = defaultTo(c.App, "tandem")
	if !appPattern.MatchString(c.App) {
		bad("App", "must be 1 to 64 letters, digits, '_' or '-'")
	}
	c.PhoneTemplate = defaultTo(c.PhoneTemplate, "PJSIP/<phone>")
	if !templatePattern.MatchString(c.PhoneTemplate) || strings.Count(c.PhoneTemplate, "<phone>") != 1 {
		bad("PhoneTemplate", `must begin with a channel technology and contain "<phone>" once`)
	}
	c.PeerTemplate = defaultTo(c.PeerTemplate, "PJSIP/<phone>@<switch>")
	if !templatePattern.MatchString(c.PeerTemplate) || strings.Count(c.PeerTemplate, "<phone>") != 1 {
		bad("PeerTemplate", `must begin with a channel technology and contain "<phone>" once`)
	}
	c.TrunkTemplate = defaultTo(c.TrunkTemplate, "PJSIP/<number>@<trunk>")
	if !templatePattern.MatchString(c.TrunkTemplate) || strings.Count(c.TrunkTemplate, "<number>") != 1 {
		bad("TrunkTemplate", `must begin with a channel technology and contain "<number>" once`)
	}
	positive := func(field string, v *time.Duration, byDefault time.Duration) {
		*v = defaultTo(*v, byDefault)
		if *v < 0 {
			bad(field, "must not be negative")
		}
	}
	positive("EffectTimeout", &c.EffectTimeout, 5*time.Second)
	positive("Beat", &c.Beat, 20*time.Second)
	positive("PingEvery", &c.PingEvery, 5*time.Second)
	positive("Presence", &c.Presence, 4*time.Second)
	if c.Presence%time.Second != 0 {
		bad("Presence", "must be whole seconds")
	}
	positive("ReconnectMax", &c.ReconnectMax, 2*time.Second)
	c.MaxConns = defaultTo(c.MaxConns, 32)
	if c.MaxConns < 1 {
		bad("MaxConns", "must be at least 1")
	}
	c.QueueLimit = defaultTo(c.QueueLimit, 50_000)
	if c.QueueLimit < 1 {
		bad("QueueLimit", "must be at least 1")
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Lost == nil {
		c.Lost = func(engine.Loss) {}
	}
	c.Logger = c.Logger.With("engine", string(c.ID))
	return c, errors.Join(errs...)
}

func defaultTo[T comparable](v, byDefault T) T {
	var zero T
	if v == zero {
		return byDefault
	}
	return v
}
