// Command tandem-bench measures Tandem beside the queues of its switches (app_queue on Asterisk, mod_callcenter on FreeSWITCH), each on the same switch, and what the
// rest of Tandem's promises about speed come to. `make bench` runs it. It prints a table for each switch, writes them to docs/benchmarks.md, and fails if a
// goal is missed.
//
// It is a tool of development and no part of the product.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := bench(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintln(os.Stderr, "tandem-bench:", err)
	}
	os.Exit(code)
}

// bench returns the exit code: 0 all goals met, 1 some missed, 2 not measured.
func bench(ctx context.Context, args []string, stdout io.Writer) (int, error) {
	flags := flag.NewFlagSet("tandem-bench", flag.ContinueOnError)
	quick := flags.Bool("quick", false, "a minute with ten agents, to see that the bench works; its figures are not judged")
	only := flags.String("only", "", "just these scenarios, separated by commas: idle, backlog, rush (or calls, for the three), conferences, journal, restart, rules, simulator, dashboards, pixel")
	exchange := flags.String("switch", "", "just this switch: asterisk or freeswitch")
	atOnce := flags.Int("conferences", 0, "so many conferences at once; 0: 200, or 5 with -quick")
	file := flags.String("o", "", "write the tables to this file, as Markdown; with -only and all switches, the rest of the file stays")
	binary := flags.String("tandem", "", "the program to measure; \"\" builds ./cmd/tandem")
	if err := flags.Parse(args); err != nil {
		return 2, err
	}
	if flags.NArg() > 0 {
		return 2, errors.New("unexpected arguments; -help tells which there are")
	}
	p := wholePlan
	if *quick {
		p = quickPlan
	}
	p, err := p.narrowed(*only, *exchange)
	if err != nil {
		return 2, err
	}
	if *atOnce > 0 {
		p.conferences = *atOnce
	}
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(stdout, format+"\n", args...) }
	tables, about, err := run(ctx, p, *binary, say)
	if err != nil {
		return 2, err
	}
	_, _ = io.WriteString(stdout, "\n"+tables.text())
	if *file != "" {
		text := tables.markdown(about)
		if before, err := os.ReadFile(*file); err == nil && *only != "" && *exchange == "" {
			text = tables.updated(string(before), *only, about)
		}
		if err := os.WriteFile(*file, []byte(text), 0o644); err != nil { //nolint:gosec // a document
			return 2, fmt.Errorf("write the tables: %w", err)
		}
	}
	if n := tables.missed(); n > 0 && !*quick {
		return 1, fmt.Errorf("goals missed: %d", n)
	}
	return 0, nil
}

// run measures everything that the plan asks for.
func run(ctx context.Context, p plan, binary string, say func(string, ...any)) (_ *report, about machine, err error) {
	begun := time.Now()
	dir, err := os.MkdirTemp("", "tandem-bench-")
	if err != nil {
		return nil, machine{}, fmt.Errorf("make a directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // PostgreSQL passes through it as a user of its own
		return nil, machine{}, fmt.Errorf("open the directory to other users: %w", err)
	}
	about = aboutMachine(ctx)
	if binary == "" {
		say("building Tandem")
		if binary, err = build(ctx, dir); err != nil {
			return nil, machine{}, err
		}
	}
	tables := &report{}
	for _, b := range p.brands { // in this order, whatever has something to tell first
		tables.of(b.title, b.rival)
	}
	for i, b := range p.brands {
		q := p
		if i > 0 { // these two are about the database
			q.scenarios = slices.DeleteFunc(slices.Clone(p.scenarios), func(s scenario) bool { return s == journalling || s == restarting })
		}
		err := on(ctx, q, b, dir, binary, tables, say)
		if errors.Is(err, lab.ErrNoFreeSWITCH) {
			part := tables.of(b.title, b.rival)
			part.empty = "NOT MEASURED: there is no FreeSWITCH on this machine, neither on PATH nor at " + lab.DefaultFreeSWITCH + "; " + lab.FreeSWITCHEnv + " names one elsewhere."
			say("%s", part.empty)
			continue
		}
		if err != nil {
			return nil, machine{}, fmt.Errorf("%s: %w", b.title, err)
		}
	}
	if err := aside(ctx, p, binary, tables, say); err != nil {
		return nil, machine{}, err
	}
	about.loadAfter, about.took = load(), time.Since(begun)
	return tables, about, ctx.Err()
}

const noSwitch = "On no switch"

// aside measures what needs no installation.
func aside(ctx context.Context, p plan, binary string, tables *report, say func(string, ...any)) error {
	if p.does(ruling) {
		say("the rules' own benchmarks")
		f, err := rules(ctx)
		if err != nil {
			return err
		}
		tables.of(noSwitch, "").rules(f)
	}
	if p.does(storming) {
		say("the simulator")
		tables.of(noSwitch, "").storm(storm(ctx, binary))
	}
	if p.does(watching) {
		say("dashboards")
		f, err := dashboards(ctx)
		if err != nil {
			return err
		}
		tables.of(noSwitch, "").dashboards(f)
	}
	if p.does(seeing) {
		say("a page")
		f, err := pixels(ctx)
		if err != nil {
			return err
		}
		tables.of(noSwitch, "").pixels(f)
	}
	return nil
}

// on measures what needs the whole installation, on one brand of switch.
func on(ctx context.Context, p plan, b brand, dir, binary string, tables *report, say func(string, ...any)) error {
	if p.does(idle, backlog, rush, journalling, restarting) {
		if err := onCalls(ctx, p, b, dir, binary, tables, say); err != nil {
			return err
		}
	}
	if p.does(conferences) {
		return onConferences(ctx, p, b, dir, binary, tables, say)
	}
	return nil
}

// onCalls is the contest, the journal and the restart.
func onCalls(ctx context.Context, p plan, b brand, dir, binary string, tables *report, say func(string, ...any)) error {
	say("starting %s with %d phones, PostgreSQL and Redis", b.title, p.agents)
	r, err := newRig(ctx, dir, binary, b, rigOptions{desks: p.agents, members: p.agents, patience: p.patience})
	if err != nil {
		return err
	}
	defer r.close()
	table := tables.of(b.title, b.rival)
	table.about = r.exchange.version
	var rival results
	if p.does(contest...) {
		say("%s", b.rival)
		if rival, err = r.play(ctx, p, rivalNumber, say); err != nil {
			return err
		}
	}
	say("starting Tandem")
	if _, err := r.startTandem(ctx); err != nil {
		return err
	}
	if p.does(contest...) {
		if err := r.setUp(ctx, p.agents); err != nil {
			return errors.Join(err, errors.New(r.tandem.tail()))
		}
		say("Tandem on %s", b.title)
		ours, err := r.play(ctx, p, tandemNumber, say)
		if err != nil {
			return err
		}
		table.contest(b, p, rival, ours)
		for _, s := range []results{rival, ours} {
			for _, failed := range []map[string]int{s.idleBad, s.nowBad} {
				for why := range failed {
					say("note: calls failed outside of the rush: %s", why)
				}
			}
		}
	}
	return r.storage(ctx, p, tables, say)
}

// storage measures the journal and the restart.
func (r *rig) storage(ctx context.Context, p plan, tables *report, say func(string, ...any)) error {
	if p.does(journalling) {
		say("journal")
		onPostgres, onSQLite, err := r.journals(ctx, p.appends)
		if err != nil {
			return err
		}
		for _, x := range []struct {
			name string
			s    spread
		}{{"PostgreSQL", onPostgres}, {"SQLite", onSQLite}} {
			tables.of(noSwitch, "").tell("journal, a batch of three events made durable on "+x.name+", p50 / p99 (ms)", "", ms2(x.s.p50)+" / "+ms2(x.s.p99))
		}
	}
	if p.does(restarting) {
		say("restart")
		var all []time.Duration
		var n uint64
		for range 3 {
			took, events, err := r.restart(ctx, p.events)
			if err != nil {
				return err
			}
			all, n = append(all, took), events
		}
		slices.Sort(all)
		tables.of(noSwitch, "").tell(fmt.Sprintf("kill -9 and restart on %s with %d events in the journal: until ready (s), median of 3", r.brand.title, n), "", fmt.Sprintf("%.2f", all[1].Seconds()))
	}
	return nil
}

func ms2(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond)) }
