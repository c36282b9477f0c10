package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/tandem-voice/tandem/docker/freeswitch"
)

// ErrNoFreeSWITCH says that this machine has no FreeSWITCH to start.
var ErrNoFreeSWITCH = errors.New("no FreeSWITCH: neither freeswitch on PATH nor " + DefaultFreeSWITCH)

// Where FreeSWITCH is looked for. Debian has no package of it: users have one from its makers' packages, an image or a build of their own.
const (
	// FreeSWITCHEnv is the path of the program, where it must not be left to what is found.
	FreeSWITCHEnv     = "TANDEM_FREESWITCH"
	DefaultFreeSWITCH = "/opt/freeswitch/bin/freeswitch"
)

// FreeSWITCHOptions say what FreeSWITCH to start. The zero value is right for most tests.
type FreeSWITCHOptions struct {
	// Name makes the instance's directory permanent: it is kept by Stop, with registrations and recordings, and found again by the next
	// start of the same name. 1 to 20 lower-case letters, digits and hyphens. "" = a directory of its own, removed by Stop.
	Name string
	// Phones is the number of desk phones, named "1001", "1002" …; 0 = 20, at most 5000.
	Phones int
	// PhoneContacts, if set, gives phone i (from 0) a fixed SIP URI; it needs no registration then, and no password.
	PhoneContacts func(i int) string
	// CarrierContact is the SIP URI, without user, to which calls over the trunk "carrier" go. "" = nobody is there.
	CarrierContact string
	// CarrierFrom is the address or network of the trunk "carrier"; "" = 127.0.0.0/8.
	CarrierFrom string
	// Backup is "<trunk>/<number>" for calls while Tandem is away; "" = an apology (N17).
	Backup string
	// RTPTimeout and RTPTimeoutHold are as in [freeswitch.Site]: seconds, 0 = its default, negative = never.
	RTPTimeout, RTPTimeoutHold int
	// Patience is for how many seconds a call that arrives waits to be taken; 0 = two, as everywhere, which a busy machine could miss.
	Patience int
	// Qualify is every how many seconds registered phones are asked whether they are there; 0 = never, 3 or more.
	Qualify int
	// MaxSessions and SessionsPerSecond are as in [freeswitch.Site]; 0 = its default.
	MaxSessions, SessionsPerSecond int
	// Bench adds mod_callcenter.
	Bench *freeswitch.Bench
	// Log is told of starts and stops; nil = nobody.
	Log *slog.Logger
}

// FreeSWITCH is a running instance. Its methods may be called from any goroutine, Stop, Kill and Restart one at a time.
type FreeSWITCH struct {
	SIPAddr     string // host:port of the SIP profile, for phones and carriers
	TLSAddr     string // host:port of its SIP over TLS, with the certificate of [Certificate]
	ESLAddr     string // host:port of the event socket
	ESLPassword string
	Recordings  string // where recordings are written

	*life
	site     freeswitch.Site
	host     *freeswitchHost
	patience int // in seconds, unless a test has another for a while
}

// StartFreeSWITCH starts a FreeSWITCH and returns when it takes calls: the event socket answers, the SIP profiles run. ctx bounds the
// start only. Whoever sends SIP from 127.0.0.0/8 and is no desk phone comes in over the trunk [Carrier].
func StartFreeSWITCH(ctx context.Context, o FreeSWITCHOptions) (*FreeSWITCH, error) {
	if err := (Options{Name: o.Name, Phones: o.Phones}).check(); err != nil {
		return nil, err
	}
	h, err := findFreeSWITCH()
	if err != nil {
		return nil, err
	}
	s, err := takeSlot(h, o.Name)
	if err != nil {
		return nil, err
	}
	f, err := prepareFreeSWITCH(h, s, o, nil)
	if err == nil {
		err = f.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start FreeSWITCH in %s: %w", s.dir, err), s.release())
	}
	return f, nil
}

// prepareFreeSWITCH writes the configuration.
func prepareFreeSWITCH(h *freeswitchHost, s *slot, o FreeSWITCHOptions, p *peering) (*FreeSWITCH, error) {
	site := freeswitch.Site{
		Base: s.dir, Name: fmt.Sprintf("lab-%02d", s.number),
		SIPAddr: "127.0.0.1", SIPPort: s.firstPort, TLS: &freeswitch.TLS{Port: s.tlsPort(), Dir: s.dir + "/tls"},
		ESLAddr: "127.0.0.1", ESLPort: s.firstPort + 1, ESLPassword: secret(),
		RTPFirst: s.firstPort + 10, RTPLast: s.firstPort + portsPerSlot - 2,
		MaxSessions: o.MaxSessions, SessionsPerSecond: o.SessionsPerSecond,
		RTPTimeout: o.RTPTimeout, RTPTimeoutHold: o.RTPTimeoutHold, Qualify: o.Qualify,
		Backup: o.Backup, Bench: o.Bench,
	}
	phones := phonesOf(cmp.Or(o.Phones, 20))
	for i, credentials := range phones {
		p := freeswitch.Phone{User: credentials.User, Password: credentials.Password}
		if o.PhoneContacts != nil {
			p.Password, p.Contact = "", o.PhoneContacts(i)
		}
		site.Phones = append(site.Phones, p)
	}
	carrier := cmp.Or(o.CarrierContact, "sip:127.0.0.1:9") // the discard port: nobody answers
	site.Trunks = []freeswitch.Trunk{{Name: Carrier, Contact: carrier, Match: []string{cmp.Or(o.CarrierFrom, "127.0.0.0/8")}}}
	if p != nil {
		site.PeerName, site.PeerPort = PeerFreeSWITCH, s.peerPort()
		site.Peers = []freeswitch.Peer{{Name: PeerAsterisk, Contact: p.contact, Match: []string{"127.0.0.1"}, Secret: p.secret}}
	}
	patience := cmp.Or(o.Patience, dialplanPatience)
	if err := errors.Join(site.Write(s.dir), writePatience(s.dir, patience)); err != nil {
		return nil, err
	}
	if err := errors.Join(writeCertificate(*site.TLS, s.dir), h.lend(s.dir)); err != nil {
		return nil, err
	}
	if err := h.own(s.dir); err != nil {
		return nil, err
	}
	f := &FreeSWITCH{
		SIPAddr: net.JoinHostPort(site.SIPAddr, strconv.Itoa(site.SIPPort)), TLSAddr: net.JoinHostPort(site.SIPAddr, strconv.Itoa(site.TLS.Port)),
		ESLAddr: net.JoinHostPort(site.ESLAddr, strconv.Itoa(site.ESLPort)), ESLPassword: site.ESLPassword,
		Recordings: filepath.Join(s.dir, freeswitch.RecordingsDir),
		site:       site, host: h, patience: patience,
	}
	f.life = &life{
		Dir: s.dir, brand: "FreeSWITCH", named: o.Name != "", slot: s, phones: phones, log: logOf(o.Log, "FreeSWITCH", s.dir, f.SIPAddr, f.ESLAddr),
		run: func() (*process, error) { return h.run(f) }, tail: f.Tail,
		ready: func(ctx context.Context, p *process) error {
			if err := f.awaitReady(ctx, p); err != nil {
				return err
			}
			return h.keep(s.dir)
		},
	}
	return f, nil
}

// Limits are the switch's own: legs at once, and legs that may begin in one second.
func (f *FreeSWITCH) Limits() (sessions, perSecond int) { return f.site.Limits() }

// Log is the path of FreeSWITCH's log file: warnings and errors.
func (f *FreeSWITCH) Log() string { return filepath.Join(f.Dir, freeswitch.LogFile) }

// Tail returns the last lines of FreeSWITCH's console and log, for people who look into a failure.
func (f *FreeSWITCH) Tail(lines int) string {
	return tail(lines, filepath.Join(f.Dir, "log", "console"), f.Log())
}

// freeswitchHost is a FreeSWITCH that is installed on the machine, in its makers' layout or at a prefix of its own.
type freeswitchHost struct {
	path string
	cred *syscall.Credential // nil = as ourselves
}

// As whom FreeSWITCH runs where we are root and the machine knows no user "freeswitch": a number that neither Debian nor systemd gives to
// anybody.
const freeswitchUID = 61061

func findFreeSWITCH() (*freeswitchHost, error) {
	p := os.Getenv(FreeSWITCHEnv)
	if p != "" {
		// Whoever asked for this one wants no other, and no skipped test.
		if _, err := exec.LookPath(p); err != nil {
			return nil, fmt.Errorf("%s: %w", FreeSWITCHEnv, err)
		}
	} else {
		var err error
		if p, err = exec.LookPath("freeswitch"); err != nil {
			p, err = exec.LookPath(DefaultFreeSWITCH)
		}
		if err != nil {
			return nil, ErrNoFreeSWITCH
		}
	}
	h := &freeswitchHost{path: p}
	if os.Geteuid() == 0 {
		uid, gid, err := passwd("/etc/passwd", "freeswitch")
		if err != nil {
			uid, gid = freeswitchUID, freeswitchUID
		}
		h.cred = &syscall.Credential{Uid: uid, Gid: gid}
	}
	return h, nil
}

// base is apart from other kinds of switches': each clears what dead owners of its own kind left.
func (h *freeswitchHost) base() string {
	if os.Geteuid() == 0 {
		return "/var/lib/tandem/freeswitch"
	}
	return filepath.Join(os.TempDir(), "tandem-freeswitch-"+strconv.Itoa(os.Geteuid()))
}

func (h *freeswitchHost) running(dir string) ([]int, error) {
	return processes("freeswitch", filepath.Join(dir, "etc"))
}

func (h *freeswitchHost) clear(string) error { return nil }

func (h *freeswitchHost) own(dir string) error {
	if h.cred == nil {
		return nil
	}
	return chown(dir, h.cred.Uid, h.cred.Gid)
}

func (h *freeswitchHost) run(f *FreeSWITCH) (*process, error) {
	cmd := exec.Command(h.path, append(f.site.Args(), "-np", "-nocal")...) //nolint:noctx // lives until Kill
	cmd.Dir = f.Dir
	cmd.Env = localEnv()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: h.cred, Pdeathsig: syscall.SIGKILL, Setpgid: true}
	return launchLogged(f.Dir, cmd)
}
