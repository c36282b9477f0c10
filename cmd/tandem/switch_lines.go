package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-voice/tandem/api"
	"github.com/tandem-voice/tandem/docker/asterisk"
	"github.com/tandem-voice/tandem/docker/freeswitch"
	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/lines"
	"github.com/tandem-voice/tandem/orchestrator/loop"
)

// lined is a driver of a switch whose phones and trunks can be written by Tandem.
type lined interface {
	driver
	// linesDir is the directory for them, "" = they are somebody else's affair.
	linesDir() string
	// plan puts them into the words of the switch.
	plan(phones []models.KeyedPhone, trunks []models.KeyedTrunk, blocked []string) (lines.Plan, error)
	load(ctx context.Context, p lines.Plan) error
	Reachable(ctx context.Context) (map[string]bool, error)
	// wrongPasswords tells the address of each wrong password until ctx ends.
	wrongPasswords(ctx context.Context, tell func(address string))
}

// withLines adds to a switch's condition what is wrong with the directory for its phones and trunks, and with the log that tells of wrong passwords.
func (c condition) withLines(prefix, site, log string) condition {
	if site != "" {
		if err := tryDirectory(site); err != nil {
			c.health, c.text = broken, fmt.Sprintf("%s; %s_SITE: phones and trunks cannot be written: %v", c.text, prefix, err)
			c.mend = "let the user that Tandem runs as write to " + site
		}
	}
	if log != "" {
		f, err := os.Open(log)
		if err == nil {
			err = f.Close()
		}
		if err != nil && c.health != broken {
			c.health, c.text = warning, fmt.Sprintf("%s; %s_LOG: who guesses passwords is not seen: %v", c.text, prefix, err)
		}
	}
	return c
}

// trunkQualify is every how many seconds a carrier is asked whether it is there.
const trunkQualify = 30

// plan implements [lined].
func (a asteriskDriver) plan(phones []models.KeyedPhone, trunks []models.KeyedTrunk, blocked []string) (lines.Plan, error) {
	l := asterisk.Lines{Blocked: blocked}
	for _, p := range phones {
		l.Phones = append(l.Phones, asterisk.Phone{User: p.User, HA1: p.HA1, Codecs: names(p.Codecs), TLS: p.Transport == models.TLS, Encryption: encryption(p)})
	}
	for _, t := range trunks {
		l.Trunks = append(l.Trunks, asterisk.Trunk{
			Name: t.ID, Contact: contactOf(t.Trunk), Match: callsFrom(t.Trunk), User: t.User, Password: t.Password, Register: t.Register, Qualify: trunkQualify, Codecs: names(t.Codecs),
			TLS: t.Transport == models.TLS, Encryption: string(t.Encryption),
		})
	}
	files, err := l.Files()
	return planOf(files, nil, phones, trunks), err
}

func (a asteriskDriver) load(ctx context.Context, _ lines.Plan) error { return a.LoadLines(ctx) }

func (a asteriskDriver) linesDir() string { return a.site }

// wrongPasswords implements [lined]. Asterisk tells its log, and nobody else.
func (a asteriskDriver) wrongPasswords(ctx context.Context, tell func(address string)) {
	if a.log == "" {
		return
	}
	lines.FollowLog(ctx, a.log, func(line string) {
		if address := asterisk.WrongPassword(line); address != "" {
			tell(address)
		}
	})
}

// plan implements [lined].
func (f freeswitchDriver) plan(phones []models.KeyedPhone, trunks []models.KeyedTrunk, blocked []string) (lines.Plan, error) {
	l := freeswitch.Lines{Blocked: blocked}
	for _, p := range phones {
		l.Phones = append(l.Phones, freeswitch.Phone{User: p.User, HA1: p.HA1, Codecs: names(p.Codecs), Guarded: true, TLS: p.Transport == models.TLS, Encryption: encryption(p)})
	}
	for _, t := range trunks {
		l.Trunks = append(l.Trunks, freeswitch.Trunk{
			Name: t.ID, Contact: contactOf(t.Trunk), Match: callsFrom(t.Trunk), User: t.User, Password: t.Password, Register: t.Register, Qualify: trunkQualify, Codecs: names(t.Codecs),
			TLS: t.Transport == models.TLS, Encryption: string(t.Encryption),
		})
	}
	files, err := l.Files()
	if err != nil {
		return lines.Plan{}, err
	}
	gateways, err := l.Gateways()
	return planOf(files, gateways, phones, trunks), err
}

func (f freeswitchDriver) load(ctx context.Context, p lines.Plan) error {
	return f.LoadLines(ctx, p.Gateways)
}

func (f freeswitchDriver) linesDir() string { return f.site }

// wrongPasswords implements [lined].
func (f freeswitchDriver) wrongPasswords(ctx context.Context, tell func(address string)) {
	f.wrong.to.Store(&tell)
	<-ctx.Done()
	f.wrong.to.Store(nil)
}

// relay passes on what is told before and after somebody listens.
type relay struct{ to atomic.Pointer[func(string)] }

func (r *relay) tell(address string) {
	if to := r.to.Load(); to != nil {
		(*to)(address)
	}
}

func planOf(files map[string][]byte, gateways map[string]string, phones []models.KeyedPhone, trunks []models.KeyedTrunk) lines.Plan {
	p := lines.Plan{Files: files, Gateways: gateways}
	for _, x := range phones {
		p.Phones = append(p.Phones, x.User)
	}
	for _, x := range trunks {
		p.Trunks = append(p.Trunks, x.ID)
	}
	return p
}

func names(codecs []models.Codec) []string {
	var out []string
	for _, c := range codecs {
		out = append(out, string(c))
	}
	return out
}

func contactOf(t models.Trunk) string {
	port := t.Port
	if port == 0 {
		port = 5060
		if t.Transport == models.TLS {
			port = 5061
		}
	}
	return "sip:" + net.JoinHostPort(t.Host, strconv.Itoa(port))
}

// callsFrom are the addresses from which a trunk's calls come.
func callsFrom(t models.Trunk) []string {
	if len(t.From) == 0 && net.ParseIP(t.Host) != nil {
		return []string{t.Host}
	}
	return t.From
}

// lineWriters are the writers of all switches whose phones and trunks are Tandem's.
type lineWriters struct {
	writers map[core.EngineID]*lines.Writer
	guards  map[core.EngineID]*lines.Guard
	watches []func(ctx context.Context)
}

// newLineWriters makes the writers of those switches that have a directory for it.
func newLineWriters(drivers []driver, kept *models.Lines, trusted []netip.Prefix, shard *loop.Loop, log *slog.Logger) lineWriters {
	out := lineWriters{writers: map[core.EngineID]*lines.Writer{}, guards: map[core.EngineID]*lines.Guard{}}
	for _, d := range drivers {
		sw, can := d.(lined)
		if !can || sw.linesDir() == "" {
			continue
		}
		id := sw.ID()
		var writer *lines.Writer
		may := func() bool { return api.Shard{Loop: shard}.Status().Owner }
		guard := lines.NewGuard(trusted, func() {
			log.Warn("wrong passwords come one after another: the switch takes nothing from there for a while", "engine", string(id))
			writer.Changed()
		})
		writer = lines.New(lines.Config{
			Engine: id, Dir: sw.linesDir(), Log: log,
			Plan: func(ctx context.Context) (lines.Plan, error) {
				phones, trunks, err := kept.Of(ctx, id)
				if err != nil {
					return lines.Plan{}, err
				}
				return sw.plan(phones, trunks, notCarriers(guard.Blocked(), trunks))
			},
			Load: sw.load,
			Look: func(ctx context.Context) (lines.Reach, error) { return sw.Reachable(ctx) },
			Up: func() time.Time {
				if e, found := shard.View().Engine(id); found && e.Up {
					return e.Since
				}
				return time.Time{}
			},
			May: may,
		})
		out.writers[id], out.guards[id] = writer, guard
		out.watches = append(out.watches, func(ctx context.Context) { sw.wrongPasswords(ctx, guard.Wrong) })
		if a, is := sw.(asteriskDriver); is {
			out.watches = append(out.watches, func(ctx context.Context) { a.keepLog(ctx, may, log) })
		}
	}
	return out
}

// run keeps the phones and trunks until ctx ends.
func (w lineWriters) run(ctx context.Context) {
	var running sync.WaitGroup
	for _, writer := range w.writers {
		running.Go(func() { writer.Run(ctx) })
	}
	for _, watch := range w.watches {
		running.Go(func() { watch(ctx) })
	}
	running.Wait()
}

// notCarriers leaves out of what is blocked where carriers call from: nobody shuts a trunk by pretending to be its carrier.
func notCarriers(blocked []string, trunks []models.KeyedTrunk) []string {
	return slices.DeleteFunc(blocked, func(text string) bool {
		guesser, ok := networkOf(text)
		return !ok || slices.ContainsFunc(trunks, func(t models.KeyedTrunk) bool {
			return slices.ContainsFunc(callsFrom(t.Trunk), func(from string) bool {
				carrier, ok := networkOf(from)
				return ok && carrier.Overlaps(guesser)
			})
		})
	})
}

// networkOf reads an address or a network.
func networkOf(text string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p, true
	}
	a, err := netip.ParseAddr(text)
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), err == nil
}

// Changed implements [api.Lines].
func (w lineWriters) Changed() {
	for _, writer := range w.writers {
		writer.Changed()
	}
}

// Standing implements [api.Lines].
func (w lineWriters) Standing(engine core.EngineID) (api.Standing, bool) {
	writer, ours := w.writers[engine]
	if !ours {
		return api.Standing{}, false
	}
	s := writer.Standing()
	out := api.Standing{State: api.LinesState(s.State), Since: s.Since, Problem: s.Problem, Phones: len(s.Phones), Blocked: w.guards[engine].Blocked()}
	if s.Reach == nil {
		return out, true
	}
	out.Registered, out.Trunks = []string{}, map[string]api.TrunkState{}
	for _, name := range s.Phones {
		if s.Reach[name] {
			out.Registered = append(out.Registered, name)
		}
	}
	for _, name := range s.Trunks {
		if up, known := s.Reach[name]; known {
			out.Trunks[name] = api.TrunkDown
			if up {
				out.Trunks[name] = api.TrunkUp
			}
		}
	}
	return out, true
}

// encryption is what a phone does about SRTP.
func encryption(p models.KeyedPhone) string { return string(cmp.Or(p.Encryption, models.EncryptOff)) }
