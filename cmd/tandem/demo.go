package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// demo is a small call centre on this machine: real switches, Tandem on its embedded defaults, three desk phones, and callers.
type demo struct {
	out      io.Writer
	engine   string // as -engine has it
	switches []*demoSwitch
	server   *server
	api      *client.Client
	board    *client.Board
	cast     []castMember
	desks    map[string]*demoDesk
	callers  atomic.Int64 // who have called: with several switches they call each in turn
	steps    []step
	began    time.Time
	password string // of everybody who can sign in; another one for every demo
	print    sync.Mutex
}

type castMember struct{ id, name, phone string }

type demoDesk struct {
	phone *softphone.Phone
	next  *softphone.Cursor // walks over the calls that come in
	tone  float64
}

// callerTone is what all callers say.
var callerTone = softphone.Tone(0)

const demoDir = "var/demo"

func demoCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newFlags("demo", "[flags]", "", stderr)
	engine := flags.String("engine", "asterisk", "which switches: asterisk, freeswitch, or both under one Tandem")
	once := flags.Bool("once", false, "play one complete story, check every step on the phones and in the records, and end")
	listen := flags.String("listen", "127.0.0.1:8080", "address of the API; with -once a free port of the loopback interface")
	verbose := flags.Bool("v", false, "show the server's log lines as well")
	if err := parse(flags, args); err != nil {
		return err
	}
	if _, known := demoEngines[*engine]; !known {
		return fmt.Errorf("-engine: must be one of %s", demoEngineNames())
	}
	if *once {
		*listen = "127.0.0.1:0"
	}
	level := slog.LevelError
	if *verbose {
		level = slog.LevelDebug
	}
	d := &demo{
		out: stdout, engine: *engine, began: time.Now(), desks: map[string]*demoDesk{}, password: demoPassword(),
		cast: []castMember{{"anna", "Anna Albers", "1001"}, {"ben", "Ben Brandt", "1002"}, {"cleo", "Cleo Conrad", "1003"}},
	}
	defer d.close() //nolint:contextcheck // ctx has ended by then
	if err := d.open(ctx, *listen, slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))); err != nil {
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	}
	if !*once {
		d.invite()
		return d.stream(ctx)
	}
	err := d.story(ctx)
	return errors.Join(err, d.summary(err))
}

// say prints a line with the time since the demo began.
func (d *demo) say(format string, args ...any) {
	d.print.Lock()
	defer d.print.Unlock()
	_, _ = fmt.Fprintf(d.out, "%7.2f  %s\n", time.Since(d.began).Seconds(), fmt.Sprintf(format, args...))
}

// open starts everything, saying what it does.
func (d *demo) open(ctx context.Context, listen string, log *slog.Logger) error {
	// Every demo begins with an empty call centre.
	data := filepath.Join(demoDir, "data")
	if err := os.RemoveAll(data); err != nil {
		return fmt.Errorf("clear the last demo: %w", err)
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("make the demo's folder: %w", err)
	}
	settings := map[string]string{
		"TANDEM_LISTEN": listen, "TANDEM_DB": "sqlite:" + filepath.Join(data, "tandem.db"), "TANDEM_BUCKET": "file://" + absolute(filepath.Join(data, "recordings")) + "?create_dir=true&no_tmp_dir=true",
		"TANDEM_ADMIN_TOKEN": filepath.Join(data, "admin-token"),
	}
	d.say("starting %s ...", map[string]string{"asterisk": "a real Asterisk", "freeswitch": "a real FreeSWITCH", "both": "a real Asterisk and a real FreeSWITCH"}[d.engine])
	var err error
	if d.switches, err = demoEngines[d.engine](ctx, len(d.cast), log); err != nil {
		return err
	}
	for _, sw := range d.switches {
		maps.Copy(settings, sw.env)
		d.say("%s takes calls at %s (after %.1f s)", sw.name, sw.sip, sw.started.Seconds())
	}
	if d.server, err = startServer(settings, log); err != nil { //nolint:contextcheck // stopped by close, after the phones have said goodbye
		return fmt.Errorf("start Tandem: %w", err)
	}
	d.api = client.New(d.server.url, d.server.token)
	d.board = client.Open(d.api, d.timeline) //nolint:contextcheck // closed by close
	if _, err := d.board.Await(ctx, "Tandem to be connected to every switch", func(s client.State) bool {
		for _, sw := range d.switches {
			if !s.Engines[sw.id].Up {
				return false
			}
		}
		return true
	}); err != nil {
		return err
	}
	if err := d.setUp(ctx); err != nil {
		return err
	}
	if err := d.plugIn(ctx); err != nil {
		return err
	}
	d.say("Tandem is up at %s", d.server.url)
	return nil
}

// invite says how to sign in.
func (d *demo) invite() {
	d.say("open it in three browsers (or private windows) and sign in:")
	d.say("    an agent        %-8s password %s   (or %s, %s); whoever signs in works in person, the others are simulated", d.cast[0].id, d.password, d.cast[1].id, d.cast[2].id)
	d.say("    a supervisor    %-8s password %s", demoSupervisor, d.password)
	d.say("    administration  %-8s password %s", adminName, d.password)
	d.say("the API takes the bearer token %s", d.server.token)
	d.say("numbers: %s is the sales queue, %s rings all three phones", queueNumber, groupNumber)
}

func absolute(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return abs
}

// setUp makes the demo's call centre through the API, as an administrator would.
func (d *demo) setUp(ctx context.Context) error {
	members := []map[string]any{}
	users := []string{}
	var rows []struct {
		path string
		body any
	}
	add := func(path string, body any) {
		rows = append(rows, struct {
			path string
			body any
		}{"/api/v1/" + path, body})
	}
	add("tenants", map[string]any{"id": "demo", "name": "Demo Ltd"})
	for i, a := range d.cast {
		agent := map[string]any{"id": a.id, "tenant": "demo", "name": a.name, "phone": a.phone}
		if len(d.switches) > 1 {
			agent["engine"] = d.switchOf(i).id
		}
		add("agents", agent)
		members = append(members, map[string]any{"agent": a.id})
		users = append(users, a.id)
	}
	add("queues", map[string]any{
		"id": "sales", "tenant": "demo", "name": "Sales", "strategy": core.LongestIdle, "ring_time": ringTime.Seconds(), "members": members, "record": true,
		"pause_limit": 30, "wrap_up": map[string]any{"time": 20, "extension": 20, "reasons": []string{"sale", "question", "complaint"}},
	})
	add("entry-points", map[string]any{"id": "sales-line", "tenant": "demo", "name": "Sales line", "numbers": []string{queueNumber}, "queue": "sales"})
	add("entry-points", map[string]any{"id": "front-desk", "tenant": "demo", "name": "Front desk", "numbers": []string{groupNumber}, "users": users, "ring_time": 20})
	for _, r := range rows {
		if err := d.api.Post(ctx, r.path, r.body, nil); err != nil {
			return fmt.Errorf("set up the demo: %w", err)
		}
	}
	return d.people(ctx)
}

// switchOf is where the phone of somebody of the cast registers: with several switches at each in turn.
func (d *demo) switchOf(i int) *demoSwitch { return d.switches[i%len(d.switches)] }

// plugIn registers the desk phones and opens the lines of the callers.
func (d *demo) plugIn(ctx context.Context) error {
	for i, a := range d.cast {
		sw := d.switchOf(i)
		credentials := sw.lab.Phones(len(d.cast))[i]
		tone := softphone.Tone(i + 1)
		p, err := softphone.New(softphone.Config{
			User: credentials.User, Password: credentials.Password, Server: sw.sip, Voice: softphone.ToneVoice(tone),
		})
		if err != nil {
			return fmt.Errorf("plug in phone %s: %w", a.phone, err)
		}
		d.desks[a.id] = &demoDesk{phone: p, next: p.Events().Cursor(), tone: tone}
		if err := p.Register(ctx); err != nil {
			return fmt.Errorf("register phone %s: %w", a.phone, err)
		}
		d.say("desk phone %s of %s is registered at %s", a.phone, a.name, sw.name)
	}
	for _, sw := range d.switches {
		var err error
		sw.trunk, err = softphone.New(softphone.Config{User: lab.Carrier, Server: sw.sip, Voice: softphone.ToneVoice(callerTone)})
		if err != nil {
			return fmt.Errorf("open the callers' line: %w", err)
		}
	}
	return nil
}

// toneOf is what the agent's phone of a call says.
func (d *demo) toneOf(c *softphone.Call) float64 {
	for _, desk := range d.desks {
		if desk.phone == c.Phone() {
			return desk.tone
		}
	}
	return 0
}

// close stops everything, in the order in which nothing is cut off that could end by itself.
func (d *demo) close() {
	goodbye, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for _, who := range d.desks {
		who.phone.Shutdown(goodbye)
	}
	for _, sw := range d.switches {
		if sw.trunk != nil {
			sw.trunk.Shutdown(goodbye)
		}
	}
	if d.board != nil {
		d.board.Close()
	}
	if d.server != nil {
		if err := d.server.stop(); err != nil {
			d.say("stop Tandem: %v", err)
		}
	}
	for _, sw := range d.switches {
		if err := sw.lab.Stop(); err != nil {
			d.say("stop %s: %v", sw.name, err)
		}
	}
	if d.api != nil {
		d.api.HTTP.CloseIdleConnections()
	}
}

// timeline prints what happens, as it happens.
func (d *demo) timeline(e client.Entry) {
	if !slices.Contains(shown, e.Kind) {
		return
	}
	line := fmt.Sprintf("%-18s", e.Kind)
	if e.Call != "" {
		line += " call " + string(e.Call[:min(8, len(e.Call))])
	}
	for _, part := range []string{string(e.Agent), string(e.Queue), e.Reason} {
		if part != "" {
			line += "  " + part
		}
	}
	if what := lasted[e.Kind]; what != "" && e.Duration > 0 {
		line += fmt.Sprintf("  (%s %.1f s)", what, e.Duration)
	}
	d.say("  %s", line)
}

// lasted says what the duration of an entry is.
var lasted = map[core.EntryKind]string{
	core.EntryOfferEnded: "rang", core.EntryCallConnected: "waited", core.EntryCallResumed: "held", core.EntryTalkEnded: "talked, hold included,", core.EntryCallClosed: "in all",
	core.EntryAgentState: "the state before lasted", core.EntryWrapUpDone: "took", core.EntryRecordingStopped: "audio",
}

var shown = []core.EntryKind{
	core.EntryCallArrived, core.EntryCallRefused, core.EntryCallQueued, core.EntryOfferMade, core.EntryOfferRinging, core.EntryOfferEnded, core.EntryCallConnected,
	core.EntryCallHeld, core.EntryCallResumed, core.EntryTalkEnded, core.EntryCallClosed, core.EntryAgentState, core.EntryWrapUpDone, core.EntryRecordingStarted,
	core.EntryRecordingPaused, core.EntryRecordingResumed, core.EntryRecordingStopped, core.EntryRecordingDiscarded, core.EntryEngineUp, core.EntryEngineDown, core.EntryRepair, core.EntryAlert,
}

func isStatus(err error, status int) bool {
	var e *client.Error
	return errors.As(err, &e) && e.Status == status
}

// refusedWith turns the refusal that was expected into nil.
func refusedWith(err error, code core.RefusalCode) error {
	var e *client.Error
	switch {
	case errors.As(err, &e) && e.Code == string(code):
		return nil
	case err == nil:
		return fmt.Errorf("was accepted, not refused with %s", code)
	}
	return err
}
