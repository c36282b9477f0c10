// Command tandem-bench measures Tandem beside app_queue on the same Asterisk, and what the rest of Tandem's promises about speed come to. `make bench` runs it. It
// prints a table, writes it to docs/benchmarks.md, and fails if a goal is missed.
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
	quick := flags.Bool("quick", false, "half a minute with ten agents, to see that the bench works; its figures are not judged")
	only := flags.String("only", "", "\"calls\": just the side-by-side part")
	file := flags.String("o", "", "write the table to this file, as Markdown")
	binary := flags.String("tandem", "", "the program to measure; \"\" builds ./cmd/tandem")
	if err := flags.Parse(args); err != nil {
		return 2, err
	}
	if flags.NArg() > 0 || *only != "" && *only != "calls" {
		return 2, errors.New("unexpected arguments; -help tells which there are")
	}
	p := wholePlan
	if *quick {
		p = quickPlan
	}
	if *only == "calls" {
		p.storm, p.steps, p.events, p.appends = false, false, 0, 0
	}
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(stdout, format+"\n", args...) }
	table, about, err := run(ctx, p, *binary, say)
	if err != nil {
		return 2, err
	}
	_, _ = io.WriteString(stdout, "\n"+table.text())
	if *file != "" {
		if err := os.WriteFile(*file, []byte(table.markdown(about)), 0o644); err != nil { //nolint:gosec // a document
			return 2, fmt.Errorf("write the table: %w", err)
		}
	}
	if n := table.missed(); n > 0 && !*quick {
		return 1, fmt.Errorf("goals missed: %d", n)
	}
	return 0, nil
}

// run measures everything that the plan asks for.
func run(ctx context.Context, p plan, binary string, say func(string, ...any)) (_ *report, about machine, err error) {
	dir, err := os.MkdirTemp("", "tandem-bench-")
	if err != nil {
		return nil, machine{}, fmt.Errorf("make a directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	before := load()
	if binary == "" {
		say("building Tandem")
		if binary, err = build(ctx, dir); err != nil {
			return nil, machine{}, err
		}
	}
	table := &report{}
	if about, err = withRig(ctx, p, dir, binary, table, say); err != nil {
		return nil, machine{}, err
	}
	if p.steps {
		say("the rules' own benchmarks")
		f, err := rules(ctx)
		if err != nil {
			return nil, machine{}, err
		}
		table.rules(f)
	}
	if p.storm {
		say("the simulator")
		table.storm(storm(ctx, binary))
	}
	about.loadBefore, about.loadAfter = before, load()
	return table, about, ctx.Err()
}

// withRig measures what needs the whole installation.
func withRig(ctx context.Context, p plan, dir, binary string, table *report, say func(string, ...any)) (machine, error) {
	say("starting Asterisk with %d phones, PostgreSQL and Redis", p.agents)
	r, err := newRig(ctx, dir, binary, p.agents)
	if err != nil {
		return machine{}, err
	}
	defer r.close()
	about := aboutMachine(ctx, r)
	say("app_queue")
	app, err := r.play(ctx, p, appQueueNumber, say)
	if err != nil {
		return machine{}, err
	}
	say("starting Tandem")
	if _, err := r.startTandem(ctx); err != nil {
		return machine{}, err
	}
	if err := r.setUp(ctx); err != nil {
		return machine{}, errors.Join(err, errors.New(r.tandem.tail(20)))
	}
	say("Tandem")
	ours, err := r.play(ctx, p, tandemNumber, say)
	if err != nil {
		return machine{}, err
	}
	table.contest(p, app, ours)
	if err := r.aside(ctx, p, table, say); err != nil {
		return machine{}, err
	}
	for _, s := range []results{app, ours} {
		for _, failed := range []map[string]int{s.idleBad, s.nowBad} {
			for why := range failed {
				say("note: calls failed outside of the rush: %s", why)
			}
		}
	}
	return about, nil
}

// aside measures the journal and the restart.
func (r *rig) aside(ctx context.Context, p plan, table *report, say func(string, ...any)) error {
	if p.appends > 0 {
		say("journal")
		onPostgres, onSQLite, err := r.journals(ctx, p.appends)
		if err != nil {
			return err
		}
		for _, x := range []struct {
			name string
			s    spread
		}{{"PostgreSQL", onPostgres}, {"SQLite", onSQLite}} {
			table.tell("journal, a batch of three events made durable on "+x.name+", p50 / p99 (ms)", "", ms2(x.s.p50)+" / "+ms2(x.s.p99))
		}
	}
	if p.events > 0 {
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
		table.tell(fmt.Sprintf("kill -9 and restart with %d events in the journal: until ready (s), median of 3", n), "", fmt.Sprintf("%.2f", all[1].Seconds()))
	}
	return nil
}

func ms2(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond)) }
