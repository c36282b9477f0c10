package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/lines"
)

// settings is what the environment says about a Tandem process. Each field is read from the variable named beside it; where a variable
// may hold a secret, VARIABLE_FILE may name a file that holds it instead, and the two exclude each other.
type settings struct {
	// TANDEM_DB (_FILE): the database. sqlite:PATH, sqlite:PATH?synchronous=full, or postgres://USER:PASSWORD@HOST/NAME. Default sqlite:var/tandem.db: good for one process on one
	// machine.
	DB string
	// TANDEM_MIGRATE: on (default) brings the schema up to date at start; off refuses to start on an older schema, for who
	// migrates with "tandem migrate up". A newer schema is refused either way.
	Migrate bool
	// TANDEM_REDIS (_FILE): redis://[:PASSWORD@]HOST:PORT/DB for the jobs' queue. Default: a queue in this process.
	Redis string
	// TANDEM_LISTEN: address and port of the API. Default 127.0.0.1:8080. It speaks HTTP: for other machines put a proxy with TLS in front.
	Listen string
	// TANDEM_METRICS_LISTEN: address and port that answer GET /metrics, and nothing else, without a token: for a Prometheus on the same machine or in an internal network.
	// Default: none; GET /metrics of the API wants a token.
	MetricsListen string
	// TANDEM_BUCKET (_FILE): where recordings are archived, a URL of gocloud.dev/blob: file:///DIRECTORY, s3://NAME?region=… (credentials as the provider
	// has them). Default var/recordings beside the
	// working directory.
	Bucket string
	// Switches are the switches that are driven, each with variables of its own; see switches.go.
	Switches []switchSettings
	// TANDEM_FORGOTTEN: names of switches, separated by commas, that were driven and will not be back: the calls that stood on them are closed at the start. Default: none.
	Forgotten []core.EngineID
	// TANDEM_SETTINGS: a directory with files NAME.env, in which further settings are; see fromFiles.

	// TANDEM_SHARD: the set of tenants that this process decides for. Default main. Installations that share a switch need different names.
	Shard string
	// TANDEM_OWNER: the name of this process in the lease, unique among those that run. Default: host name and TANDEM_LISTEN.
	Owner string
	// TANDEM_TRUSTED_PROXIES: addresses and networks of proxies in front, separated by commas, whose X-Forwarded-For and X-Forwarded-Proto are believed. Default: nobody's are;
	// people behind a proxy then share its address where tries and requests are counted, and their cookies are not marked as secure.
	TrustedProxies []netip.Prefix
	// TANDEM_ADMIN_TOKEN: the file into which the first start writes the administrator's token, and beside which it writes the password of the user admin, as
	// admin-password. Default var/admin-token.
	AdminToken string
	// TANDEM_SECRET_KEY_FILE: the file with the key that seals the passwords of phones and trunks in the database; the first start makes it. Default secret-key beside
	// TANDEM_ADMIN_TOKEN. Keep it with the backups, and apart from those of the database: without it the passwords have to be set anew.
	SecretKey string
	// TANDEM_SIP_TRUSTED: addresses and networks, separated by commas, that no switch shuts out, however many wrong passwords of phones come from there: offices behind one address.
	// Default: private networks. none = there are none.
	SIPTrusted []netip.Prefix
	// TANDEM_LOG: debug, info (default), warn or error.
	Log slog.Level
	// TANDEM_LOG_FORMAT: text (default) or json.
	LogJSON bool
	// TANDEM_DRAIN: how long running requests may take when the process is told to stop. Default 10s.
	Drain time.Duration

	lookup func(string) (string, bool) // what the environment and the files of TANDEM_SETTINGS say of a variable
}

// variables lists every variable but those of switches, for the search for typing errors.
var variables = []string{
	"TANDEM_DB", "TANDEM_DB_FILE", "TANDEM_MIGRATE", "TANDEM_REDIS", "TANDEM_REDIS_FILE", "TANDEM_LISTEN", "TANDEM_METRICS_LISTEN", "TANDEM_BUCKET", "TANDEM_BUCKET_FILE",
	"TANDEM_SETTINGS", "TANDEM_FORGOTTEN", "TANDEM_SHARD", "TANDEM_OWNER", "TANDEM_ADMIN_TOKEN", "TANDEM_SECRET_KEY_FILE", "TANDEM_SIP_TRUSTED", "TANDEM_TRUSTED_PROXIES", "TANDEM_LOG", "TANDEM_LOG_FORMAT", "TANDEM_DRAIN",
}

// allVariables lists those of switches as well.
func allVariables() []string {
	names := slices.Clone(variables)
	for _, kind := range switchKinds {
		for n := 1; n <= mostOfAKind; n++ {
			prefix := kind.prefix
			if n > 1 {
				prefix = fmt.Sprintf("%s_%d", kind.prefix, n)
			}
			for _, field := range kind.variables() {
				names = append(names, prefix+"_"+field)
			}
		}
	}
	return names
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// readSettings reads the environment. It returns all that is wrong with it at once; no message shows a secret.
func readSettings(lookup func(string) (string, bool)) (settings, error) {
	e := environment{lookup: lookup}
	e.fromFiles()
	s := settings{
		DB:            e.secret("TANDEM_DB", "sqlite:var/tandem.db"),
		Migrate:       e.oneOf("TANDEM_MIGRATE", "on", "off") == "on",
		Redis:         e.secret("TANDEM_REDIS", ""),
		Listen:        e.text("TANDEM_LISTEN", "127.0.0.1:8080"),
		MetricsListen: e.text("TANDEM_METRICS_LISTEN", ""),
		Bucket:        e.secret("TANDEM_BUCKET", ""),
		Switches:      e.switches(),
		Shard:         e.text("TANDEM_SHARD", "main"),
		Owner:         e.text("TANDEM_OWNER", ""),
		AdminToken:    e.text("TANDEM_ADMIN_TOKEN", filepath.Join("var", "admin-token")),
		LogJSON:       e.oneOf("TANDEM_LOG_FORMAT", "text", "json") == "json",
		Drain:         10 * time.Second,
		lookup:        e.lookup,
	}
	s.SecretKey = e.text("TANDEM_SECRET_KEY_FILE", filepath.Join(filepath.Dir(s.AdminToken), "secret-key"))
	if err := s.Log.UnmarshalText([]byte(e.oneOf("TANDEM_LOG", "info", "debug", "warn", "error"))); err != nil {
		e.bad("TANDEM_LOG", "must be debug, info, warn or error")
	}
	if drain := e.text("TANDEM_DRAIN", ""); drain != "" {
		var err error
		if s.Drain, err = time.ParseDuration(drain); err != nil || s.Drain < 0 || s.Drain > 5*time.Minute {
			e.bad("TANDEM_DRAIN", "must be a duration from 0s to 5m, like 10s")
		}
	}
	e.check(strings.HasPrefix(s.DB, "sqlite:") || strings.HasPrefix(s.DB, "postgres://") || strings.HasPrefix(s.DB, "postgresql://"),
		"TANDEM_DB", "must begin with sqlite: or postgres://")
	e.check(s.Redis == "" || isURL(s.Redis, "redis", "rediss", "unix"), "TANDEM_REDIS", "must be a URL that begins with redis://, rediss:// or unix://")
	s.Forgotten = e.forgotten(s.Switches)
	s.TrustedProxies = e.networks("TANDEM_TRUSTED_PROXIES", "")
	if s.SIPTrusted = lines.PrivateNetworks(); e.text("TANDEM_SIP_TRUSTED", "") != "" {
		s.SIPTrusted = e.networks("TANDEM_SIP_TRUSTED", "none")
	}
	_, _, err := net.SplitHostPort(s.Listen)
	e.check(err == nil, "TANDEM_LISTEN", "must be an address and a port, like 127.0.0.1:8080")
	if s.MetricsListen != "" {
		_, _, err := net.SplitHostPort(s.MetricsListen)
		e.check(err == nil, "TANDEM_METRICS_LISTEN", "must be an address and a port, like 127.0.0.1:9464")
		e.check(s.MetricsListen != s.Listen, "TANDEM_METRICS_LISTEN", "must not be that of TANDEM_LISTEN")
	}
	e.check(nameForm.MatchString(s.Shard), "TANDEM_SHARD", "must be 1 to 64 letters, digits, '_', '.', '-'")
	if s.Bucket == "" {
		dir, err := filepath.Abs(filepath.Join("var", "recordings"))
		e.check(err == nil, "TANDEM_BUCKET", "must be set: the working directory is not known")
		s.Bucket = (&url.URL{Scheme: "file", Path: filepath.ToSlash(dir)}).String()
	}
	e.check(isURL(s.Bucket, "file", "mem", "s3"), "TANDEM_BUCKET", "must be a bucket's URL, like file:///var/lib/tandem/recordings")
	return s, errors.Join(e.errs...)
}

func isURL(value string, schemes ...string) bool {
	u, err := url.Parse(value)
	return err == nil && slices.Contains(schemes, u.Scheme)
}

// fromFiles adds the settings of the files NAME.env in the directory that TANDEM_SETTINGS names, lines of the form VARIABLE=value; the environment comes first. So may one
// process tell another what it has set up. Switches may be forgotten in several files.
func (e *environment) fromFiles() {
	dir := e.text("TANDEM_SETTINGS", "")
	if dir == "" {
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		e.bad("TANDEM_SETTINGS", "cannot be read: "+err.Error())
		return
	}
	given := map[string]string{}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), settingsFile) {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			e.bad("TANDEM_SETTINGS", "cannot be read: "+err.Error())
		}
		for line := range strings.Lines(string(b)) {
			if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(k, "#") {
				if k == forgottenVariable && given[k] != "" {
					v = given[k] + "," + v
				}
				given[k] = v
			}
		}
	}
	env := e.lookup
	e.lookup = func(name string) (string, bool) {
		if v, ok := env(name); ok && v != "" {
			return v, true
		}
		v, ok := given[name]
		return v, ok
	}
}

// environment reads variables and collects what is wrong with them.
type environment struct {
	lookup func(string) (string, bool)
	errs   []error
}

func (e *environment) bad(name, rule string) {
	e.errs = append(e.errs, fmt.Errorf("%s: %s", name, rule))
}

func (e *environment) check(ok bool, name, rule string) {
	if !ok {
		e.bad(name, rule)
	}
}

func (e *environment) text(name, def string) string {
	if v, ok := e.lookup(name); ok && v != "" {
		return v
	}
	return def
}

// networks reads addresses and networks with commas between; the word none stands for none, if there is such a word.
func (e *environment) networks(name, none string) []netip.Prefix {
	var out []netip.Prefix
	for text := range strings.SplitSeq(e.text(name, ""), ",") {
		if text = strings.TrimSpace(text); text == "" || text == none {
			continue
		}
		network, err := netip.ParsePrefix(text)
		if address, single := netip.ParseAddr(text); single == nil {
			network, err = address.Prefix(address.BitLen())
		}
		e.check(err == nil, name, "must be addresses or networks, like 127.0.0.1,10.0.0.0/8")
		out = append(out, network)
	}
	return out
}

// oneOf reads a word; the first is the default.
func (e *environment) oneOf(name string, words ...string) string {
	v := e.text(name, words[0])
	if !slices.Contains(words, v) {
		e.bad(name, "must be one of "+strings.Join(words, ", "))
		return words[0]
	}
	return v
}

// secret reads a variable, or the file that its sister names.
func (e *environment) secret(name, def string) string {
	v, file := e.text(name, ""), e.text(name+"_FILE", "")
	switch {
	case v != "" && file != "":
		e.bad(name, "must not be set together with "+name+"_FILE")
	case file != "":
		b, err := os.ReadFile(file)
		if err != nil {
			e.bad(name+"_FILE", "cannot be read: "+err.Error())
			return def
		}
		if v = strings.TrimSpace(string(b)); v == "" {
			e.bad(name+"_FILE", "the file is empty")
		}
	}
	if v == "" {
		return def
	}
	return v
}

// misspelt gives the variables that look like ours and are not.
func misspelt(environ []string) []string {
	var out []string
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "TANDEM_") && !slices.Contains(variables, name) && !isSwitchVariable(name) {
			out = append(out, name)
		}
	}
	return out
}

// logger makes the log that the settings ask for.
func (s settings) logger(w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: s.Log}
	if s.LogJSON {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
