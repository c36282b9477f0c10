package freeswitch

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/tandem-voice/tandem/docker/certificate"
)

// The variables with which the dialplan hands a call to Tandem.
const (
	VarFrom  = "tandem_from"  // FromTrunk or FromPhone; gone once the fallback has the call
	VarTrunk = "tandem_trunk" // the trunk's name, of a call from a trunk
	VarPhone = "tandem_phone" // the phone's name, of a call from a phone that has shown its password
	VarTaken = "tandem_taken" // "true", set by Tandem: see the package's documentation
)

// Values of VarFrom.
const (
	FromTrunk = "trunk"
	FromPhone = "phone"
)

// ClaimSeconds is how long a call waits for Tandem to take it. The scheduler's resolution is a second, so the wait is one second at
// least and two and a half at most.
const ClaimSeconds = 2

// BackupRealm is the realm in mod_db's table under which the backup of a number is found (N17): key = called number, value =
// "<trunk>/<number>". "db insert/<realm>/<called number>/<trunk>/<number>" writes it, "db delete/<realm>/<called number>" forgets it.
const BackupRealm = "tandem-backup"

// Domain is the SIP domain of all desk phones: "user/1001@tandem" dials one.
const Domain = "tandem"

// Profile is the SIP profile of desk phones and trunks; a trunk's gateway has the trunk's name: "sofia/gateway/<trunk>/<number>".
const Profile = "tandem"

// PeerProfile is the SIP profile of other switches, and their domain in the directory: a phone's password is of no use there.
const PeerProfile = "peer"

// MixProfile is the profile for conferences: "conference:<name>@<profile>".
const MixProfile = "tandem"

// Site is what differs between one FreeSWITCH and another.
type Site struct {
	Base string // the instance's directory as FreeSWITCH sees it; absolute, at most 80 bytes
	Name string // the name it gives itself in events; 1 to 40 letters, digits, - or _

	SIPAddr string // IP address of the SIP profile and of media
	SIPPort int
	// PublicAddr is the IP address at which phones and carriers reach the switch, where that is not SIPAddr, as behind a NAT or in a container: SIP and SDP name it to
	// them, and a phone is called where its registration came from. Peers reach SIPAddr itself. Ports are the same on both sides. "" = SIPAddr.
	PublicAddr        string
	TLS               *TLS   // nil = SIP over UDP only
	ESLAddr           string // IP address of the event socket: loopback, or a network nobody else is on
	ESLPort           int
	ESLPassword       string
	ESLAllow          []string // addresses or networks from which Tandem connects; none = loopback
	RTPFirst, RTPLast int      // media ports, both included; a leg takes two

	// MaxSessions is how many legs there may be, SessionsPerSecond how many may begin in one second: the switch refuses what
	// comes above. 0 = 2000 and 200.
	MaxSessions, SessionsPerSecond int
	// Heartbeat is every how many seconds the switch says that it is alive; 0 = 10, at most 20.
	Heartbeat int

	// RTPTimeout is after how many seconds without RTP a leg is taken for dead, RTPTimeoutHold the same while the phone holds.
	// 0 = default (30 and 300), negative = never.
	RTPTimeout, RTPTimeoutHold int
	// Qualify is every how many seconds a registered phone is asked whether it is still there; 0 = never, 3 or more. Whoever does not answer for 32 s
	// loses its registration, and has to come back by itself.
	Qualify int

	// Backup is "<trunk>/<number>": where calls of numbers without a backup of their own go while Tandem is away. "" = an apology.
	Backup string
	Phones []Phone
	Trunks []Trunk
	// PeerName is what this switch calls itself towards Peers, who know it by that name, and PeerPort where it listens for them; "" and 0
	// without peers.
	PeerName string
	PeerPort int
	Peers    []Peer
	Bench    *Bench // nil = no mod_callcenter
}

// TLS is SIP over TLS, beside UDP.
type TLS struct {
	Port int
	Dir  string // with the certificate, as FreeSWITCH sees it; see [TLS.Write]
}

// Write writes the certificate into the directory, which is Dir as the caller sees it. Only its owner, who has to be FreeSWITCH's user, can read it. FreeSWITCH sends its own
// certificate, and behind it those that it finds among the trusted ones.
func (TLS) Write(dir string, f certificate.Files) error {
	agent := slices.Concat(bytes.TrimSpace(f.Chain), []byte("\n"), f.Key) // in memory of its own: the chain is shown to everybody
	return certificate.Put(dir, map[string][]byte{"agent.pem": agent, "cafile.pem": f.Trusted()})
}

// Peer is another switch of the same Tandem. A call over it, "sofia/gateway/<peer>/<phone>", rings the desk phone that has registered there,
// and a call from it rings one that has registered here; Tandem, who has ordered it on the other switch, does not see it on this one.
type Peer struct {
	Name    string   // what the other calls itself: its PeerName; 1 to 40 letters, digits, - or _
	Contact string   // SIP URI without user of the other
	Match   []string // addresses or networks from which its calls come
	Secret  string   // with which each shows the other who it is
}

// Bench is the mod_callcenter queue that benchmarks compare Tandem with. It exists in benchmarks only.
type Bench struct {
	Number   string   // called number that enters the queue
	Strategy string   // of mod_callcenter, such as "longest-idle-agent"
	Members  []string // phones
}

// Values end up within attributes of XML that FreeSWITCH's preprocessor reads first, and for which $ and { mean something. So no rule
// lets through what means something to either.
var (
	lineRule   = regexp.MustCompile(`(?i)x-pre-process`) // the preprocessor drops a line with its name, wherever it stands
	nameRule   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)
	secretRule = regexp.MustCompile(`^[A-Za-z0-9!#%()*+,./:;=?@^_~|-]{1,80}$`)
	uriRule    = regexp.MustCompile(`^sip:[A-Za-z0-9_.@:\[\]-]{1,260}$`)
	numberRule = regexp.MustCompile(`^[+*#0-9]{1,40}$`)
	backupRule = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}/[+*#0-9]{1,40}$`)
	pathRule   = regexp.MustCompile(`^/[A-Za-z0-9_./-]{1,79}$`)
)

const (
	nameWords   = "1 to 40 letters, digits, - and _"
	secretWords = `at most 80 letters, digits and !#%()*+,./:;=?@^_~|-` //nolint:gosec // a rule, no secret
)

// Validate names every field that a FreeSWITCH configuration file could not carry as it is meant.
func (s Site) Validate() error {
	var errs []error
	check := func(ok bool, field, rule string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: %s", field, rule))
		}
	}
	port := func(p int) bool { return p >= 1 && p <= 65535 }
	check(pathRule.MatchString(s.Base), "Base", "an absolute path of at most 80 letters, digits, ., - and _")
	check(nameRule.MatchString(s.Name), "Name", nameWords)
	check(net.ParseIP(s.SIPAddr) != nil, "SIPAddr", "an IP address")
	check(s.PublicAddr == "" || net.ParseIP(s.PublicAddr) != nil, "PublicAddr", "an IP address")
	if s.TLS != nil {
		check(port(s.TLS.Port), "TLS.Port", "1 to 65535")
		check(pathRule.MatchString(s.TLS.Dir), "TLS.Dir", "an absolute path of at most 80 letters, digits, ., - and _")
	}
	check(net.ParseIP(s.ESLAddr) != nil, "ESLAddr", "an IP address")
	check(port(s.SIPPort), "SIPPort", "1 to 65535")
	check(port(s.ESLPort), "ESLPort", "1 to 65535")
	check(port(s.RTPFirst) && port(s.RTPLast) && s.RTPFirst < s.RTPLast, "RTPFirst, RTPLast", "1 to 65535, first before last")
	check(secretRule.MatchString(s.ESLPassword), "ESLPassword", "not empty, "+secretWords)
	for i, a := range s.ESLAllow {
		check(network(a) != "", fmt.Sprintf("ESLAllow[%d]", i), "an IP address or network")
	}
	check(s.MaxSessions >= 0 && s.MaxSessions <= 100_000, "MaxSessions", "0 to 100000")
	check(s.SessionsPerSecond >= 0 && s.SessionsPerSecond <= 10_000, "SessionsPerSecond", "0 to 10000")
	// FreeSWITCH gives a phone that does not answer one second more each time it asks.
	check(s.Qualify == 0 || s.Qualify >= 3, "Qualify", "0, or 3 seconds or more")
	check(s.Heartbeat >= 0 && s.Heartbeat <= 20, "Heartbeat", "0 to 20 seconds")
	check(s.Backup == "" || backupRule.MatchString(s.Backup), "Backup", "<trunk>/<number>")
	checkLines(check, s.Phones, s.Trunks)
	seen := map[string]bool{}
	for _, t := range s.Trunks {
		seen[t.Name] = true
	}
	if len(s.Peers) > 0 {
		check(nameRule.MatchString(s.PeerName), "PeerName", nameWords)
		check(port(s.PeerPort) && s.PeerPort != s.SIPPort, "PeerPort", "1 to 65535, another than SIPPort")
	}
	for i, p := range s.Peers {
		field := fmt.Sprintf("Peers[%d]", i)
		check(nameRule.MatchString(p.Name), field+".Name", nameWords)
		check(!seen[p.Name], field+".Name", fmt.Sprintf("%q is taken", p.Name))
		seen[p.Name] = true
		check(uriRule.MatchString(p.Contact) && !strings.Contains(p.Contact, "@"), field+".Contact", "a SIP URI without user and parameters")
		check(secretRule.MatchString(p.Secret), field+".Secret", "not empty, "+secretWords)
		check(len(p.Match) > 0, field+".Match", "at least one IP address or network")
		for j, m := range p.Match {
			check(network(m) != "", fmt.Sprintf("%s.Match[%d]", field, j), "an IP address or network")
		}
	}
	if s.Bench != nil {
		check(numberRule.MatchString(s.Bench.Number), "Bench.Number", "1 to 40 digits, +, * and #")
		check(nameRule.MatchString(s.Bench.Strategy), "Bench.Strategy", "a strategy of mod_callcenter")
		for i, m := range s.Bench.Members {
			check(nameRule.MatchString(m), fmt.Sprintf("Bench.Members[%d]", i), "a phone's name")
		}
	}
	return errors.Join(errs...)
}

// network writes an address or a network the way FreeSWITCH's lists want it, "" if it is neither.
func network(text string) string {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()).String()
	}
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked().String()
	}
	return ""
}

// Limits are how many legs there may be, and how many may begin in one second.
func (s Site) Limits() (sessions, perSecond int) {
	s = s.withDefaults()
	return s.MaxSessions, s.SessionsPerSecond
}

// Profiles are the SIP profiles that run when the instance is ready.
func (s Site) Profiles() []string {
	if len(s.Peers) == 0 {
		return []string{Profile}
	}
	return []string{Profile, PeerProfile}
}
