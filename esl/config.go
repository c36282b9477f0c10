package esl

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// Config says how to reach one FreeSWITCH and how to dial on it. Zero values mean the documented default.
type Config struct {
	ID   core.EngineID // name of this switch in the set-up
	Addr string        // of the event socket, "host:port"
	User string        // "name@domain" of the directory, with rights of its own; "" = the event socket's own password
	// Password of the event socket, or of User.
	Password string
	// PasswordFile holds the password, if Password is empty. White space around it is ignored.
	PasswordFile string

	// PhoneTemplate makes a dial string of a desk phone's name; default "user/<phone>@tandem".
	PhoneTemplate string
	// PeerTemplate makes a dial string of the name of a desk phone that registers at another switch, and of that switch's name; default
	// "sofia/gateway/<switch>/<phone>": the gateway to a switch has its name.
	PeerTemplate string
	// TrunkTemplate makes a dial string of a number and a trunk's name; default "sofia/gateway/<trunk>/<number>".
	TrunkTemplate string
	// MixProfile is the profile of conference.conf that mixes are made with; default "tandem".
	MixProfile string
	// RecordingsDir is the switch's recordings directory as Tandem sees it; default: at the same path as the switch says. The event socket
	// carries no files, so fetching and deleting recordings goes through this directory.
	RecordingsDir string

	EffectTimeout time.Duration // for one effect, with all its commands; default 5 s
	Beat          time.Duration // between two looks at everything while connected; default 20 s
	Heartbeat     time.Duration // the switch's event-heartbeat-interval, or more; default 20 s
	// Latency is how often the switch is reminded to send its events. By itself it looks for them every 20 ms; default 2 ms.
	Latency      time.Duration
	PingEvery    time.Duration // without a word from the switch; default 5 s
	ReconnectMax time.Duration // longest pause between two attempts to connect; default 2 s
	// DialRate is how many legs may be dialled in a second; default: seven tenths of the switch's sessions-per-second, which counts
	// arriving calls, too. What comes above it waits.
	DialRate   int
	QueueLimit int // events waiting for the sink; more is a gap, and leads to a new session; default 50000

	// WrongPassword is told the address from which a wrong password has come, or one that the switch takes no password from. It must not block. nil = nobody is.
	WrongPassword func(address string)

	Logger *slog.Logger // default slog.Default()
	// Lost is called whenever a session has ended, or none came about, unless we wanted it. It must not block. Default: nobody is told.
	Lost func(engine.Loss)
}

var templatePattern = regexp.MustCompile(`^[A-Za-z0-9_]+/[A-Za-z0-9_.@:/<>-]+$`)

// withDefaults fills in the defaults and checks every field. The error names field and rule.
func (c Config) withDefaults() (Config, error) {
	var errs []error
	bad := func(field, rule string) { errs = append(errs, fmt.Errorf("esl: config: %s: %s", field, rule)) }

	if c.ID == "" {
		bad("ID", "must not be empty")
	}
	if host, port, err := net.SplitHostPort(c.Addr); err != nil || host == "" || port == "" {
		bad("Addr", "must be host:port")
	}
	if c.User != "" && !strings.Contains(c.User, "@") {
		bad("User", "must be name@domain, or empty")
	}
	if c.Password == "" && c.PasswordFile != "" {
		text, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			errs = append(errs, fmt.Errorf("esl: config: read PasswordFile: %w", err))
		}
		c.Password = strings.TrimSpace(string(text))
	}
	if c.Password == "" || strings.ContainsAny(c.Password, "\r\n\x00") {
		bad("Password", "must be one line and not empty (or PasswordFile must hold one)")
	}
	template := func(field string, v *string, byDefault string, parts ...string) {
		*v = defaultTo(*v, byDefault)
		bare := *v
		for _, part := range parts {
			if strings.Count(bare, part) != 1 {
				bad(field, "must contain "+part+" once")
			}
			bare = strings.Replace(bare, part, "x", 1)
		}
		if !templatePattern.MatchString(*v) || strings.ContainsAny(bare, "<>") {
			bad(field, "must be a dial string of letters, digits and '_.@:/-'")
		}
	}
	template("PhoneTemplate", &c.PhoneTemplate, "user/<phone>@tandem", "<phone>")
	if strings.Contains(c.PeerTemplate, "<switch>") || c.PeerTemplate == "" {
		template("PeerTemplate", &c.PeerTemplate, "sofia/gateway/<switch>/<phone>", "<switch>", "<phone>")
	} else {
		template("PeerTemplate", &c.PeerTemplate, "", "<phone>")
	}
	if strings.Contains(c.TrunkTemplate, "<trunk>") || c.TrunkTemplate == "" {
		template("TrunkTemplate", &c.TrunkTemplate, "sofia/gateway/<trunk>/<number>", "<trunk>", "<number>")
	} else {
		template("TrunkTemplate", &c.TrunkTemplate, "", "<number>")
	}
	c.MixProfile = defaultTo(c.MixProfile, "tandem")
	if !adapter.Music.MatchString(c.MixProfile) {
		bad("MixProfile", "must be 1 to 64 letters, digits, '_' or '-'")
	}
	if c.RecordingsDir != "" && !filepath.IsAbs(c.RecordingsDir) {
		bad("RecordingsDir", "must be an absolute path")
	}
	positive := func(field string, v *time.Duration, byDefault time.Duration) {
		*v = defaultTo(*v, byDefault)
		if *v < 0 {
			bad(field, "must not be negative")
		}
	}
	positive("EffectTimeout", &c.EffectTimeout, 5*time.Second)
	positive("Beat", &c.Beat, 20*time.Second)
	positive("Heartbeat", &c.Heartbeat, 20*time.Second)
	positive("Latency", &c.Latency, 2*time.Millisecond)
	positive("PingEvery", &c.PingEvery, 5*time.Second)
	positive("ReconnectMax", &c.ReconnectMax, 2*time.Second)
	if c.DialRate < 0 {
		bad("DialRate", "must not be negative")
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

// pair is what the transport needs of it.
func (c Config) pair() pairConfig {
	return pairConfig{
		link:          linkConfig{addr: c.Addr, user: c.User, password: c.Password, pingEvery: c.PingEvery, log: c.Logger},
		events:        wantedEvents,
		queueLimit:    c.QueueLimit,
		heartbeat:     c.Heartbeat,
		reconnectMax:  c.ReconnectMax,
		nudgeInterval: c.Latency,
		log:           c.Logger,
		lost:          c.Lost,
	}
}

func defaultTo[T comparable](v, byDefault T) T {
	var zero T
	if v == zero {
		return byDefault
	}
	return v
}
