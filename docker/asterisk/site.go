package asterisk

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"github.com/tandem-voice/tandem/docker/certificate"
	"github.com/tandem-voice/tandem/docker/private"
)

// App is the name of the Stasis application to which the dialplan hands every call.
const App = "tandem"

// The first argument of Stasis tells where a call came from.
const (
	FromTrunk = "trunk"
	FromPhone = "phone"
)

// BackupFamily is the family in Asterisk's database under which the backup of a number is found: key = called number, value =
// "<trunk>/<number>" (N17). It is written by a call to the Local channel <number>@SetBackupContext
// with the value in the variable SetBackupVariable, "" to forget it; see etc/extensions.conf. The REST interface can neither write it
// directly nor read it.
const (
	BackupFamily      = "tandem-backup"
	SetBackupContext  = "tandem-set-backup"
	SetBackupVariable = "TANDEM_BACKUP"
)

// Site is what differs between one Asterisk and another.
type Site struct {
	Base    string // the instance's directory as Asterisk sees it; absolute, at most 80 bytes for the sake of its control socket
	Modules string // directory of Asterisk's modules, as Asterisk sees it
	Data    string // directory with which Asterisk was installed, as Asterisk sees it; "" = /usr/share/asterisk

	EntityID string // six octets as in a MAC address; the name Asterisk gives itself in events
	MaxFiles int    // open files; 0 = 65536

	SIPAddr string // IP address of the UDP transport
	SIPPort int
	// PublicAddr is the IP address at which phones and carriers reach the switch, where that is not SIPAddr, as behind a NAT or in a container: SIP and SDP name it to
	// everybody who is not in LocalNets. Ports are the same on both sides. "" = SIPAddr.
	PublicAddr        string
	TLS               *TLS     // nil = SIP over UDP only
	LocalNets         []string // addresses or networks that reach SIPAddr itself; of no meaning without PublicAddr
	HTTPAddr          string   // IP address of the REST interface: loopback, or a network nobody else is on
	HTTPPort          int
	RTPFirst, RTPLast int // media ports, both included; a leg takes two

	ARIUser     string
	ARIPassword string

	// RTPTimeout is after how many seconds without RTP a leg is taken for dead, RTPTimeoutHold the same while the phone holds.
	// 0 = default (30 and 300), negative = never.
	RTPTimeout, RTPTimeoutHold int
	// Qualify is every how many seconds a registered phone is asked whether it is still there; 0 = never.
	Qualify int

	// Backup is "<trunk>/<number>": where calls of numbers without a backup of their own go while Tandem is away. "" = an apology.
	Backup string
	Phones []Phone
	Trunks []Trunk
	// PeerName is what this switch calls itself towards Peers, who know it by that name; "" without peers.
	PeerName string
	Peers    []Peer
	Bench    *Bench // nil = no app_queue
}

// TLS is SIP over TLS, beside UDP.
type TLS struct {
	Port int
	Dir  string // with the certificate, as Asterisk sees it; see [TLS.Write]
}

// Write writes the certificate into the directory, which is Dir as the caller sees it. Only its owner, who has to be Asterisk's user, can read it.
func (TLS) Write(dir string, f certificate.Files) error {
	return certificate.Put(dir, map[string][]byte{certificate.ChainFile: f.Chain, certificate.KeyFile: f.Key, certificate.AuthoritiesFile: f.Trusted()})
}

// AnyAddr reports whether SIP and media are on all addresses of the machine.
func (s Site) AnyAddr() bool { return net.ParseIP(s.SIPAddr).IsUnspecified() }

// Peer is another switch of the same Tandem. A call over it, "PJSIP/<phone>@<peer>", rings the desk phone that has registered there, and a
// call from it rings one that has registered here; Tandem, who has ordered it on the other switch, does not see it on this one.
type Peer struct {
	Name    string   // what the other calls itself: its PeerName; 1 to 40 letters, digits, - or _
	Contact string   // SIP URI without user of the other
	Match   []string // addresses or networks from which its calls come
	Secret  string   // with which each shows the other who it is
}

// Bench is the app_queue that benchmarks compare Tandem with. It exists in benchmarks only.
type Bench struct {
	Number   string   // called number that enters the queue
	Strategy string   // of app_queue, such as "leastrecent"
	Members  []string // phones
}

var (
	nameRule    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)
	secretRule  = regexp.MustCompile(`^[!-:<-~]{1,80}$`) // printable ASCII without space and semicolon, which begins a comment
	entityRule  = regexp.MustCompile(`^([0-9a-f]{2}:){5}[0-9a-f]{2}$`)
	uriRule     = regexp.MustCompile(`^sips?:[A-Za-z0-9_.@:\[\]=-]{1,260}$`)
	matchRule   = regexp.MustCompile(`^[0-9a-fA-F.:/]{2,80}$`)
	numberRule  = regexp.MustCompile(`^[+*#0-9]{1,40}$`)
	backupRule  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}/[+*#0-9]{1,40}$`)
	pathRule    = regexp.MustCompile(`^/[A-Za-z0-9_./-]{1,79}$`)
	installRule = regexp.MustCompile(`^/[A-Za-z0-9_./-]{1,200}$`)
)

// Validate names every field that an Asterisk configuration file could not carry as it is meant. Values end up
// between the lines of such files, where a line break or a semicolon would mean something.
func (s Site) Validate() error {
	var errs []error
	check := func(ok bool, field, rule string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: %s", field, rule))
		}
	}
	port := func(p int) bool { return p >= 1 && p <= 65535 }
	check(pathRule.MatchString(s.Base), "Base", "an absolute path of at most 80 letters, digits, ., - and _")
	check(installRule.MatchString(s.Modules), "Modules", "an absolute path")
	check(s.Data == "" || installRule.MatchString(s.Data), "Data", "an absolute path")
	check(entityRule.MatchString(s.EntityID), "EntityID", "six octets in lower-case hexadecimal, with colons")
	check(net.ParseIP(s.SIPAddr) != nil, "SIPAddr", "an IP address")
	check(s.PublicAddr == "" || net.ParseIP(s.PublicAddr) != nil, "PublicAddr", "an IP address")
	for i, n := range s.LocalNets {
		check(matchRule.MatchString(n), fmt.Sprintf("LocalNets[%d]", i), "an IP address or network")
	}
	if s.TLS != nil {
		// The dialplan tells by the port what has come in over UDP.
		check(port(s.TLS.Port) && s.TLS.Port != s.SIPPort, "TLS.Port", "1 to 65535, another than SIPPort")
		check(pathRule.MatchString(s.TLS.Dir), "TLS.Dir", "an absolute path of at most 80 letters, digits, ., - and _")
	}
	check(net.ParseIP(s.HTTPAddr) != nil, "HTTPAddr", "an IP address")
	check(port(s.SIPPort), "SIPPort", "1 to 65535")
	check(port(s.HTTPPort), "HTTPPort", "1 to 65535")
	check(port(s.RTPFirst) && port(s.RTPLast) && s.RTPFirst < s.RTPLast, "RTPFirst, RTPLast", "1 to 65535, first before last")
	check(nameRule.MatchString(s.ARIUser) && s.ARIUser != "general", "ARIUser", `1 to 40 letters, digits, - and _, not "general"`)
	check(secretRule.MatchString(s.ARIPassword), "ARIPassword", "1 to 80 printable ASCII characters without space and semicolon")
	check(s.Backup == "" || backupRule.MatchString(s.Backup), "Backup", "<trunk>/<number>")
	seen := map[string]bool{"udp": true, "global": true, "system": true}
	checkLines(check, seen, s.Phones, s.Trunks)
	check(s.PeerName == "" && len(s.Peers) == 0 || nameRule.MatchString(s.PeerName), "PeerName", "with peers, 1 to 40 letters, digits, - and _")
	for i, p := range s.Peers {
		field := fmt.Sprintf("Peers[%d]", i)
		check(nameRule.MatchString(p.Name), field+".Name", "1 to 40 letters, digits, - and _")
		check(!seen[p.Name], field+".Name", fmt.Sprintf("%q is taken", p.Name))
		seen[p.Name] = true
		check(uriRule.MatchString(p.Contact), field+".Contact", "a SIP URI without parameters")
		check(secretRule.MatchString(p.Secret), field+".Secret", "1 to 80 printable ASCII characters without space and semicolon")
		check(len(p.Match) > 0, field+".Match", "at least one IP address or network")
		for j, m := range p.Match {
			check(matchRule.MatchString(m), fmt.Sprintf("%s.Match[%d]", field, j), "an IP address or network")
		}
	}
	if s.Bench != nil {
		check(numberRule.MatchString(s.Bench.Number), "Bench.Number", "1 to 40 digits, +, * and #")
		check(nameRule.MatchString(s.Bench.Strategy), "Bench.Strategy", "a strategy of app_queue")
		for i, m := range s.Bench.Members {
			check(nameRule.MatchString(m), fmt.Sprintf("Bench.Members[%d]", i), "a phone's name")
		}
	}
	return errors.Join(errs...)
}

// The templates of site/ that make no file there, and those that only a benchmark needs.
const mainFile = "asterisk.conf"

var benchFiles = map[string]bool{"bench-modules.conf": true, "bench-extensions.conf": true, "queues.conf": true}

// Write makes the instance's directory complete: etc, data (sounds and music), and the empty directories in which Asterisk writes.
// dir is Base as the caller sees it, which is another path where Asterisk runs in a root or a container of its own. Files that are
// there are written anew; what Asterisk itself has written (db, spool, log) stays.
func (s Site) Write(dir string) error {
	if err := s.Validate(); err != nil {
		return fmt.Errorf("asterisk configuration: %w", err)
	}
	if s.MaxFiles == 0 {
		s.MaxFiles = 65536
	}
	if s.Data == "" {
		s.Data = "/usr/share/asterisk"
	}
	s.RTPTimeout = orDefault(s.RTPTimeout, 30)
	s.RTPTimeoutHold = orDefault(s.RTPTimeoutHold, 300)

	for _, d := range []string{"etc/site", "etc/" + LinesDir, "data/sounds/en/tandem", "data/moh/default", "data/moh/calm", "data/moh/ringback", "data/agi-bin", "db", "run", "log",
		"cache", "spool/recording", "spool/tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o750); err != nil {
			return fmt.Errorf("make instance directory: %w", err)
		}
	}
	if err := private.Copy(files, "etc", filepath.Join(dir, "etc")); err != nil {
		return err
	}
	if err := private.Copy(files, "sounds", filepath.Join(dir, "data/sounds/en/tandem")); err != nil {
		return err
	}
	// Asterisk does not start without its own documentation, from which it learns the types of its options. A link into its
	// data directory will do; it dangles where we stand, outside Asterisk's root, and that is no matter.
	link := filepath.Join(dir, "data/documentation")
	if err := os.Symlink(s.Data+"/documentation", link); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("link Asterisk's documentation: %w", err)
	}
	for class, freqs := range music {
		name := filepath.Join(dir, "data/moh", class, "melody.ulaw")
		if err := private.Write(name, melody(class, freqs)); err != nil {
			return err
		}
	}
	return s.render(dir)
}

// render makes the site's own files from the templates.
func (s Site) render(dir string) error {
	names, err := fs.Glob(files, "site/*.tmpl")
	if err != nil {
		return fmt.Errorf("list templates: %w", err)
	}
	for _, name := range names {
		target := strings.TrimSuffix(path.Base(name), ".tmpl")
		to := filepath.Join(dir, "etc/site", target)
		if target == mainFile || target == "queues.conf" {
			to = filepath.Join(dir, "etc", target) // Asterisk looks for these by name
		}
		if benchFiles[target] && s.Bench == nil {
			if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove %s: %w", target, err)
			}
			continue
		}
		t, err := template.New(target).Option("missingkey=error").Funcs(functions).ParseFS(files, name, linesTemplate)
		if err != nil {
			return fmt.Errorf("parse template %s: %w", name, err)
		}
		var out bytes.Buffer
		if err := t.ExecuteTemplate(&out, path.Base(name), s); err != nil {
			return fmt.Errorf("fill template %s: %w", name, err)
		}
		if err := private.Write(to, out.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// orDefault gives Asterisk's "never", 0, for negative values.
func orDefault(seconds, def int) int {
	switch {
	case seconds == 0:
		return def
	case seconds < 0:
		return 0
	default:
		return seconds
	}
}
