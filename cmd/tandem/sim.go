package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/sim"
)

// simFlags are what tandem sim is called with.
type simFlags struct {
	seed, first, seeds uint64
	size, faults, bug  string
	length             time.Duration
	calls, skip, check int
	workers            int
	trace, rare, quick bool
	export             string
}

// simCommand plays seeded shifts on simulated switches: one, with its timeline, or many.
func simCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var f simFlags
	flags := newFlags("sim", "-seeds N | -seed N [flags]", "", stderr)
	flags.Uint64Var(&f.seeds, "seeds", 0, "play this many seeds, one shift each")
	flags.Uint64Var(&f.first, "first", 0, "with -seeds: the first seed")
	flags.Uint64Var(&f.seed, "seed", 0, "play only this seed")
	flags.StringVar(&f.size, "size", string(sim.Full), "length of the shifts: full or short")
	flags.DurationVar(&f.length, "length", 0, "with -seed: how long the shift is (0 = as the seed says)")
	flags.IntVar(&f.calls, "calls", 0, "with -seed: at most this many callers (0 = as the seed says)")
	flags.IntVar(&f.skip, "skip", 0, "with -seed: leave out this many of the first callers")
	flags.StringVar(&f.faults, "faults", "", "with -seed: the faults, separated by commas, or none (empty = as the seed says): "+strings.Join(faultNames(), ", "))
	flags.BoolVar(&f.trace, "trace", false, "with -seed: print the timeline of events, effects and faults")
	flags.StringVar(&f.export, "export", "", "with -seed: write the journal to this file, for tandem replay")
	flags.StringVar(&f.bug, "bug", "", "plant a bug of the garden, to see how it is found; \"list\" lists them")
	flags.IntVar(&f.check, "check", 0, "check all invariants of the rules every so many events (0 = every event with -seed, else every 100)")
	flags.BoolVar(&f.quick, "no-replay", false, "do not play the journal again at the end of each shift")
	flags.IntVar(&f.workers, "workers", runtime.GOMAXPROCS(0), "shifts played in parallel")
	flags.BoolVar(&f.rare, "rare", false, "print how often rare branches were reached")
	if err := parse(flags, args); err != nil {
		return err
	}
	one := false
	flags.Visit(func(x *flag.Flag) { one = one || x.Name == "seed" })
	opt := sim.Options{CheckEvery: f.check, SkipReplay: f.quick}
	if err := f.plant(&opt, stdout); err != nil || f.bug == "list" {
		return err
	}
	if f.size != string(sim.Full) && f.size != string(sim.Short) {
		_, _ = fmt.Fprintln(stderr, "tandem sim: -size must be full or short")
		return errUsage
	}
	if one {
		return f.playOne(opt, stdout) //nolint:contextcheck // a simulated shift waits for nothing
	}
	if f.seeds == 0 {
		_, _ = fmt.Fprintln(stderr, "tandem sim: give -seed or -seeds")
		return errUsage
	}
	return f.playMany(ctx, opt, stdout)
}

func faultNames() []string {
	var names []string
	for _, f := range sim.Faults() {
		names = append(names, string(f))
	}
	return names
}

// plant puts the wanted bug into the options, or lists the garden.
func (f *simFlags) plant(opt *sim.Options, stdout io.Writer) error {
	for _, b := range sim.Garden() {
		if f.bug == "list" {
			_, _ = fmt.Fprintf(stdout, "%-55s %s\n", b.Name, b.Story)
		}
		if b.Name == f.bug {
			opt.Bug = &b
		}
	}
	if f.bug != "" && f.bug != "list" && opt.Bug == nil {
		return fmt.Errorf("there is no bug %q in the garden: -bug list lists them", f.bug)
	}
	return nil
}

// plan is the plan of the one seed.
func (f *simFlags) plan() (sim.Plan, error) {
	p := sim.NewPlan(f.seed, sim.Size(f.size))
	if f.length > 0 {
		p.Length = f.length
	}
	if f.calls > 0 {
		p.Calls = f.calls
	}
	p.Skip = f.skip
	if f.faults == "" {
		return p, nil
	}
	p.Faults = nil
	if f.faults == "none" {
		return p, nil
	}
	for _, name := range strings.Split(f.faults, ",") {
		if !slices.Contains(sim.Faults(), sim.Fault(name)) {
			return p, fmt.Errorf("there is no fault %q; there are %s", name, strings.Join(faultNames(), ", "))
		}
		p.Faults = append(p.Faults, sim.Fault(name))
	}
	return p, nil
}

func (f *simFlags) playOne(opt sim.Options, stdout io.Writer) (err error) {
	p, err := f.plan()
	if err != nil {
		return err
	}
	if f.trace {
		opt.Trace = stdout
	}
	if f.export != "" {
		file, err := os.Create(f.export)
		if err != nil {
			return fmt.Errorf("write the journal: %w", err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		opt.Export = file
	}
	r := sim.Play(p, opt)
	_, _ = fmt.Fprintf(stdout, "%s\n%d calls, %d events, %d happenings in %s; repairs %v, odd %v\n",
		p.Command(), r.Calls, r.Steps, r.Happenings, r.Simulated.Round(time.Second), r.Repairs, r.Odd)
	if f.rare {
		printRare(stdout, r.Sometimes)
	}
	if r.Failure == nil {
		return nil
	}
	if !f.trace {
		small := sim.Shrink(r, opt, 200)
		_, _ = fmt.Fprintf(stdout, "smallest: %s -trace\n          %v\n", small.Plan.Command(), small.Failure)
	}
	return fmt.Errorf("seed %d: %w", p.Seed, r.Failure)
}

// playMany plays seeds side by side and shrinks those that fail.
func (f *simFlags) playMany(ctx context.Context, opt sim.Options, stdout io.Writer) error {
	if opt.CheckEvery == 0 {
		opt.CheckEvery = 100
	}
	var (
		mu    sync.Mutex
		work  sync.WaitGroup
		sum   tally
		next  = make(chan uint64)
		start = time.Now()
	)
	sum.rare, sum.mends = map[string]int{}, map[string]uint64{}
	for range max(f.workers, 1) {
		work.Go(func() { //nolint:contextcheck // a simulated shift waits for nothing
			for seed := range next {
				r := sim.Play(sim.NewPlan(seed, sim.Size(f.size)), opt)
				if r.Failure != nil {
					small := sim.Shrink(r, opt, 100)
					mu.Lock()
					_, _ = fmt.Fprintf(stdout, "FAILED %s\n       %v\n       smallest: %s -trace\n", r.Plan.Command(), r.Failure, small.Plan.Command())
					mu.Unlock()
				}
				mu.Lock()
				sum.add(r)
				if sum.shifts%500 == 0 {
					_, _ = fmt.Fprintf(stdout, "%6d shifts, %d failed, %s\n", sum.shifts, sum.failed, time.Since(start).Round(time.Second))
				}
				mu.Unlock()
			}
		})
	}
	for i := uint64(0); i < f.seeds && ctx.Err() == nil; i++ {
		next <- f.first + i
	}
	close(next)
	work.Wait()
	sum.print(stdout, time.Since(start), f.rare)
	switch {
	case sum.failed > 0:
		return fmt.Errorf("%d of %d shifts broke a property", sum.failed, sum.shifts)
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted after %d of %d shifts", sum.shifts, f.seeds)
	}
	return nil
}

// tally sums up shifts.
type tally struct {
	shifts, failed, calls, steps, happenings int
	simulated                                time.Duration
	rare                                     map[string]int
	mends                                    map[string]uint64
}

func (s *tally) add(r sim.Report) {
	s.shifts++
	if r.Failure != nil {
		s.failed++
	}
	s.calls, s.steps, s.happenings = s.calls+r.Calls, s.steps+r.Steps, s.happenings+r.Happenings
	s.simulated += r.Simulated
	for name, n := range r.Sometimes {
		s.rare[name] += n
	}
	for name, n := range r.Repairs {
		s.mends[name] += n
	}
}

func (s *tally) print(w io.Writer, took time.Duration, rare bool) {
	if rare {
		printRare(w, s.rare)
	}
	_, _ = fmt.Fprintf(w, "%d shifts of %s in all: %d calls, %d events of the rules, %d simulated events; repairs in shifts with faults: %v\n",
		s.shifts, s.simulated.Round(time.Hour), s.calls, s.steps, s.happenings, s.mends)
	busy := max(cpuTime().Seconds(), 1e-9)
	_, _ = fmt.Fprintf(w, "%s, of which %.1f s on a core: %.0f simulated events per second of it, %.0f of them events of the rules; %d failed\n",
		took.Round(time.Millisecond), busy, float64(s.happenings)/busy, float64(s.steps)/busy, s.failed)
}

// cpuTime is what this process has used of the processor: what else the machine is doing does not count.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func printRare(w io.Writer, rare map[string]int) {
	for _, name := range slices.Sorted(maps.Keys(rare)) {
		_, _ = fmt.Fprintf(w, "%9d  %s\n", rare[name], name)
	}
}
