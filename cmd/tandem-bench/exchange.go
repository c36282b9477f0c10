package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/docker/asterisk"
	"github.com/tandem-voice/tandem/docker/freeswitch"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
)

// brand is a kind of switch, with the queue of its own beside which Tandem is measured, and what is promised there.
type brand struct {
	name  string // as in -switch, and the switch's name in Tandem's set-up
	title string
	rival string
	goals goals
	// rushRate is calls a second in the rush, for rushTime.
	rushRate float64
	rushTime time.Duration
	start    func(context.Context, exchangeOptions) (*exchange, error)
}

// goals are upper limits; 0 = not judged.
type goals struct {
	idleP50, nextP50, nextP99 time.Duration
	share                     float64 // Tandem's processor time beside the switch's
	cheaper                   bool    // the switch's processor time per call is below that beside the rival
	mergeP95                  time.Duration
}

var brands = []brand{
	{
		name: "asterisk", title: "Asterisk", rival: "app_queue", start: startAsterisk, rushRate: 75, rushTime: time.Minute,
		goals: goals{idleP50: 10 * time.Millisecond, nextP50: 5 * time.Millisecond, nextP99: 20 * time.Millisecond, share: 0.5, mergeP95: 150 * time.Millisecond},
	},
	{
		name: "freeswitch", title: "FreeSWITCH", rival: "mod_callcenter", start: startFreeSWITCH, rushRate: 50, rushTime: 30 * time.Second,
		goals: goals{idleP50: 40 * time.Millisecond, nextP50: 45 * time.Millisecond, cheaper: true, mergeP95: 150 * time.Millisecond},
	},
}

// exchangeOptions say what switch to start.
type exchangeOptions struct {
	contacts []string // SIP URIs of the phones 1001, 1002 …
	members  int      // so many of the first phones serve the rival's queue; 0 = there is no such queue
	legs     int      // at once
	patience int      // the plan's; Asterisk knows without waiting whether Tandem is there
}

func (o exchangeOptions) contact(i int) string { return o.contacts[i] }

func (o exchangeOptions) queue() []string {
	members := make([]string, o.members)
	for i := range members {
		members[i] = phoneName(i)
	}
	return members
}

// exchange is a switch that runs.
type exchange struct {
	sip     string            // host:port
	pid     int               // of its process
	env     map[string]string // by which Tandem reaches it
	version string
	left    func(context.Context) ([]string, error) // what is on it, one line each
	empty   func(context.Context) error             // waits until nothing is
	stop    func() error
}

// census is what a switch says of itself.
type census struct{ legs, mixes int }

// census counts legs, and the bridges or conferences that they are in.
func (e *exchange) census(ctx context.Context) (census, error) {
	lines, err := e.left(ctx)
	var c census
	for _, line := range lines {
		switch kind, rest, _ := strings.Cut(line, " "); kind {
		case "channel":
			c.legs++
		case "bridge":
			c.mixes++
		case "conferences":
			c.mixes += strings.Count(rest, `"conference_name"`)
		}
	}
	return c, err
}

func startAsterisk(ctx context.Context, o exchangeOptions) (_ *exchange, err error) {
	options := lab.Options{Phones: len(o.contacts), PhoneContacts: o.contact, RTPTimeout: -1, RTPTimeoutHold: -1} // most phones send no sound
	if o.members > 0 {
		options.Bench = &asterisk.Bench{Number: rivalNumber, Strategy: "leastrecent", Members: o.queue()}
	}
	a, err := lab.Start(ctx, options)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Stop())
		}
	}()
	if err := widen(ctx, o, a.Dir, "rtp.conf", a.Restart); err != nil {
		return nil, err
	}
	e := &exchange{
		sip: a.SIPAddr, left: a.Leftovers, empty: a.AwaitEmpty, stop: a.Stop, version: "of an unknown version",
		env: map[string]string{
			"TANDEM_ARI_URL": strings.TrimSuffix(a.ARIURL, "/ari"), "TANDEM_ARI_USER": a.ARIUser, "TANDEM_ARI_PASSWORD": a.ARIPassword, "TANDEM_ARI_ID": "asterisk",
		},
	}
	if out, err := a.CLI(ctx, "core show version"); err == nil {
		e.version, _, _ = strings.Cut(strings.TrimSpace(out), " built")
	}
	// Asterisk may see its directory under another path: the end of it is the same.
	e.pid, err = runningWith("/" + filepath.Base(a.Dir) + "/etc/asterisk.conf")
	return e, err
}

func startFreeSWITCH(ctx context.Context, o exchangeOptions) (_ *exchange, err error) {
	options := lab.FreeSWITCHOptions{Patience: o.patience, Phones: len(o.contacts), PhoneContacts: o.contact, RTPTimeout: -1, RTPTimeoutHold: -1}
	if o.members > 0 {
		options.Bench = &freeswitch.Bench{Number: rivalNumber, Strategy: "longest-idle-agent", Members: o.queue()}
	}
	f, err := lab.StartFreeSWITCH(ctx, options)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Stop())
		}
	}()
	if err := widen(ctx, o, f.Dir, "switch.conf.xml", f.Restart); err != nil {
		return nil, err
	}
	e := &exchange{
		sip: f.SIPAddr, left: f.Leftovers, empty: f.AwaitEmpty, stop: f.Stop, version: "of an unknown version",
		env: map[string]string{"TANDEM_ESL_ADDR": f.ESLAddr, "TANDEM_ESL_PASSWORD": f.ESLPassword, "TANDEM_ESL_ID": "freeswitch"},
	}
	if out, err := f.API(ctx, "version"); err == nil {
		e.version = strings.Join(strings.Fields(out), " ")
	}
	e.pid, err = runningWith("\x00" + filepath.Join(f.Dir, "etc") + "\x00")
	return e, err
}

// A switch of the lab has the media ports of its slot, which is enough for so many legs. Where more are wanted it gets those between the last slot and the range
// from which the kernel gives ports to those who ask for any: two for each leg.
const (
	slotLegs             = 450
	mediaFrom, mediaLast = 30000, 32767
)

var mediaRange = map[*regexp.Regexp]int{
	regexp.MustCompile(`(rtpstart = |name="rtp-start-port" value=")\d+`): mediaFrom,
	regexp.MustCompile(`(rtpend = |name="rtp-end-port" value=")\d+`):     mediaLast,
}

func widen(ctx context.Context, o exchangeOptions, dir, file string, restart func(context.Context) error) error {
	if o.legs <= slotLegs {
		return nil
	}
	if most := (mediaLast - mediaFrom) / 2; o.legs > most {
		return fmt.Errorf("%d legs: there are media ports for %d", o.legs, most)
	}
	name := filepath.Join(dir, "etc", "site", file)
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("read the switch's media ports: %w", err)
	}
	for pattern, port := range mediaRange {
		if !pattern.Match(text) {
			return fmt.Errorf("change the switch's media ports: %s does not say which they are", file)
		}
		text = pattern.ReplaceAll(text, []byte("${1}"+strconv.Itoa(port)))
	}
	if err := os.WriteFile(name, text, 0o600); err != nil { // it keeps its owner
		return fmt.Errorf("change the switch's media ports: %w", err)
	}
	return restart(ctx)
}

// runningWith finds the process that has a text in its command line.
func runningWith(text string) (int, error) {
	for _, pid := range processes() {
		line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		if err == nil && bytes.Contains(line, []byte(text)) {
			return pid, nil
		}
	}
	return 0, fmt.Errorf("find the switch's process: none runs with %q", text)
}
