// Package lab starts a private, real Asterisk for a test, for the demo or for a benchmark, and leaves nothing behind.
//
// Several instances run side by side, in one process or in many. Each owns a slot: a lock file, a directory and a range of
// ports, all named by the slot's number. The lock is an flock, which the kernel gives back when its owner dies, however
// it dies. So a slot whose lock can be had is free for certain, and what is found in it (a directory, perhaps an Asterisk still
// running) is a dead owner's and is cleared before use. Ports are taken from ranges below the kernel's ephemeral ones, so that
// no socket of a test can happen to sit on a port between the choice and Asterisk's bind; slots of other users and of other kinds of
// host, whose lock files are elsewhere, are kept apart by a port that each owner listens on.
//
// Asterisk runs from a chroot that `make setup` makes, from a container where there is Docker but no Debian, or from
// PATH; see host.go and container.go. Its configuration is the one of docker/asterisk.
package lab

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tandem-voice/tandem/docker/asterisk"
)

// ErrNoAsterisk says that this machine has no Asterisk to start.
var ErrNoAsterisk = errors.New("no Asterisk: neither the root made by `make setup`, nor a container image, nor asterisk on PATH")

// Options say what Asterisk to start. The zero value is right for most tests.
type Options struct {
	// Name makes the instance's directory permanent: it is kept by Stop, with registrations and recordings, and found again by the next
	// Start of the same name. 1 to 20 lower-case letters, digits and hyphens. "" = a directory of its own, removed by Stop.
	Name string
	// Phones is the number of desk phones, named "1001", "1002" …; 0 = 20, at most 5000.
	Phones int
	// PhoneContacts, if set, gives phone i (from 0) a fixed SIP URI; it needs no registration then, and no password.
	PhoneContacts func(i int) string
	// MayEncrypt: the phones may encrypt what is said.
	MayEncrypt bool
	// CarrierContact is the SIP URI, without user, to which calls over the trunk "carrier" go. "" = nobody is there.
	CarrierContact string
	// CarrierFrom is the address or network of the trunk "carrier"; "" = 127.0.0.0/8.
	CarrierFrom string
	// Backup is "<trunk>/<number>" for calls while Tandem is away; "" = an apology (N17).
	Backup string
	// RTPTimeout and RTPTimeoutHold are as in [asterisk.Site]: seconds, 0 = its default, negative = never.
	RTPTimeout, RTPTimeoutHold int
	// Qualify is every how many seconds registered phones are asked whether they are there; 0 = never.
	Qualify int
	// Bench adds app_queue.
	Bench *asterisk.Bench
	// Log is told of starts and stops; nil = nobody.
	Log *slog.Logger
}

// Phone is a desk phone's credentials.
type Phone struct {
	User     string
	Password string
}

// Carrier is the name of the trunk: whoever sends SIP from 127.0.0.0/8 and is no desk phone comes in over it.
const Carrier = "carrier"

// Asterisk is a running instance. Its methods may be called from any goroutine, Stop, Kill and Restart one at a time.
type Asterisk struct {
	SIPAddr     string // host:port of the UDP transport
	TLSAddr     string // host:port of SIP over TLS, with the certificate of [Certificate]
	ARIURL      string // http://host:port/ari
	ARIUser     string
	ARIPassword string
	Spool       string // where recordings are written, as this process sees it

	*life
	site   asterisk.Site
	host   host
	inside string // Dir as Asterisk sees it
	client *http.Client
}

// Start starts an Asterisk and returns when it takes calls: the REST interface answers, PJSIP is loaded. ctx bounds the start only.
func Start(ctx context.Context, o Options) (*Asterisk, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	h, err := findHost(ctx)
	if err != nil {
		return nil, err
	}
	s, err := takeSlot(h, o.Name)
	if err != nil {
		return nil, err
	}
	a, err := prepare(h, s, o, nil)
	if err == nil {
		err = a.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start Asterisk in %s: %w", s.dir, err), s.release())
	}
	return a, nil
}

func (o Options) check() error {
	if o.Name != "" && !nameRule.MatchString(o.Name) {
		return fmt.Errorf("lab options: Name: 1 to 20 lower-case letters, digits and hyphens, got %q", o.Name)
	}
	if o.Phones < 0 || o.Phones > 5000 {
		return fmt.Errorf("lab options: Phones: 0 to 5000, got %d", o.Phones)
	}
	return nil
}

// prepare writes the configuration.
func prepare(h host, s *slot, o Options, p *peering) (*Asterisk, error) {
	if o.Phones == 0 {
		o.Phones = 20
	}
	modules, err := h.modules()
	if err != nil {
		return nil, err
	}
	inside := h.inside(s.dir)
	site := asterisk.Site{
		Base: inside, Modules: modules,
		EntityID: fmt.Sprintf("02:00:00:00:00:%02x", s.number),
		SIPAddr:  "127.0.0.1", SIPPort: s.firstPort, TLS: &asterisk.TLS{Port: s.tlsPort(), Dir: inside + "/tls"},
		HTTPAddr: "127.0.0.1", HTTPPort: s.firstPort + 1,
		RTPFirst: s.firstPort + 10, RTPLast: s.firstPort + portsPerSlot - 1,
		ARIUser: "tandem", ARIPassword: secret(),
		RTPTimeout: o.RTPTimeout, RTPTimeoutHold: o.RTPTimeoutHold, Qualify: o.Qualify,
		Backup: o.Backup, Bench: o.Bench,
	}
	phones := phonesOf(o.Phones)
	for i, credentials := range phones {
		p := asterisk.Phone{User: credentials.User, Password: credentials.Password}
		if o.MayEncrypt {
			p.Encryption = asterisk.Optional
		}
		if o.PhoneContacts != nil {
			p.Password, p.Contact = "", o.PhoneContacts(i)
		}
		site.Phones = append(site.Phones, p)
	}
	carrier := o.CarrierContact
	if carrier == "" {
		carrier = "sip:127.0.0.1:9" // the discard port: nobody answers
	}
	site.Trunks = []asterisk.Trunk{{Name: Carrier, Contact: carrier, Match: []string{cmp.Or(o.CarrierFrom, "127.0.0.0/8")}}}
	if p != nil {
		site.PeerName = PeerAsterisk
		site.Peers = []asterisk.Peer{{Name: PeerFreeSWITCH, Contact: p.contact, Match: []string{"127.0.0.1"}, Secret: p.secret}}
	}
	if err := site.Write(s.dir); err != nil {
		return nil, err
	}
	if err := writeCertificate(*site.TLS, s.dir); err != nil {
		return nil, err
	}
	if err := h.own(s.dir); err != nil {
		return nil, err
	}
	a := &Asterisk{
		SIPAddr: net.JoinHostPort(site.SIPAddr, strconv.Itoa(site.SIPPort)), TLSAddr: net.JoinHostPort(site.SIPAddr, strconv.Itoa(site.TLS.Port)),
		ARIURL:  "http://" + net.JoinHostPort(site.HTTPAddr, strconv.Itoa(site.HTTPPort)) + "/ari",
		ARIUser: site.ARIUser, ARIPassword: site.ARIPassword,
		Spool: filepath.Join(s.dir, "spool", "recording"),
		site:  site, host: h, inside: inside,
		client: &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
	}
	a.life = &life{
		Dir: s.dir, brand: "Asterisk", named: o.Name != "", slot: s, phones: phones, log: logOf(o.Log, "Asterisk", s.dir, a.SIPAddr, a.ARIURL),
		run: func() (*process, error) { return h.run(a) }, ready: a.awaitReady, tail: a.Tail,
	}
	return a, nil
}

// Log is the path of Asterisk's log file: notices, warnings and errors.
func (a *Asterisk) Log() string { return filepath.Join(a.Dir, "log", "messages") }

// CLI runs one command on Asterisk's console and returns what it says.
func (a *Asterisk) CLI(ctx context.Context, command string) (string, error) {
	cmd := a.host.command(ctx, a, "-C", a.inside+"/etc/asterisk.conf", "-rx", command)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("asterisk -rx %q: %w: %s", command, err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

// Tail returns the last lines of Asterisk's console and log, for people who look into a failure.
func (a *Asterisk) Tail(lines int) string {
	return tail(lines, filepath.Join(a.Dir, "log", "console"), a.Log())
}

func tail(lines int, names ...string) string {
	var b strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
		fmt.Fprintf(&b, "--- %s\n%s\n", name, strings.Join(all[max(0, len(all)-lines):], "\n"))
	}
	return b.String()
}

// process is a running switch with the goroutine that waits for its end.
type process struct {
	pid  int
	term func() // asks it to end
	end  func() // makes the kernel, or the container engine, end it
	done chan struct{}
	err  error // why it ended; readable when done is closed
}

// launch starts cmd and reaps it. A thread of its own stays with the process for its whole life: where the kernel is asked to kill
// a child when its parent dies, "parent" means the thread that started it.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		defer close(p.done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- fmt.Errorf("run %s: %w", cmd.Path, err)
			return
		}
		p.pid = cmd.Process.Pid
		started <- nil
		p.err = cmd.Wait()
	}()
	if err := <-started; err != nil {
		<-p.done
		return nil, err
	}
	p.term = func() { _ = cmd.Process.Signal(syscall.SIGTERM) }
	p.end = func() { _ = cmd.Process.Kill() } // an error means that it has ended already
	return p, nil
}

// id is 0 for no process.
func (p *process) id() int {
	if p == nil {
		return 0
	}
	return p.pid
}

func (p *process) kill() {
	p.end()
	<-p.done
}

// terminate gives it five seconds to end by itself.
func (p *process) terminate() {
	p.term()
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
		p.kill()
	}
}

// secret makes a password.
func secret() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	return hex.EncodeToString(b[:])
}
