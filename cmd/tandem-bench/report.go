package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// row is one line of the table.
type row struct {
	what     string
	appQueue string // "" where there is nothing to compare
	tandem   string
	goal     string // "" = told, not judged
	met      bool
}

// report is the table, as it grows.
type report struct {
	rows []row
}

func (r *report) tell(what, appQueue, tandem string) {
	r.rows = append(r.rows, row{what: what, appQueue: appQueue, tandem: tandem, met: true})
}

func (r *report) judge(what, appQueue, tandem, goal string, met bool) {
	r.rows = append(r.rows, row{what, appQueue, tandem, goal, met})
}

// missed is how many goals were.
func (r *report) missed() int {
	n := 0
	for _, x := range r.rows {
		if !x.met {
			n++
		}
	}
	return n
}

// contest adds what was measured side by side.
func (r *report) contest(p plan, app, tandem results) {
	const limit = time.Millisecond
	r.judge("agents idle: caller's INVITE → agent's INVITE, p50 (ms)", ms(app.idle.p50), ms(tandem.idle.p50), "≤ 10", tandem.idle.n > 0 && tandem.idle.p50 <= 10*limit)
	r.tell("… p99 (ms)", ms(app.idle.p99), ms(tandem.idle.p99))
	r.judge("callers waiting: agent's BYE → next INVITE there, p50 (ms)", ms(app.next.p50), ms(tandem.next.p50), "≤ 5", tandem.next.n > 0 && tandem.next.p50 <= 5*limit)
	r.judge("… p99 (ms)", ms(app.next.p99), ms(tandem.next.p99), "≤ 20", tandem.next.n > 0 && tandem.next.p99 <= 20*limit)
	r.tell("… max (ms), of how many", fmt.Sprintf("%s of %d", ms(app.next.max), app.next.n), fmt.Sprintf("%s of %d", ms(tandem.next.max), tandem.next.n))
	ratio := "–"
	if tandem.next.p50 > 0 {
		ratio = fmt.Sprintf("%.0f times as quick", float64(app.next.p50)/float64(tandem.next.p50))
	}
	r.judge("… Tandem beside app_queue", "", ratio, "quicker", tandem.next.n > 0 && tandem.next.p50 < app.next.p50)
	what := fmt.Sprintf("%.0f calls/s for %s, %d agents, 0.5 s of talk: calls served", p.rushRate, p.rushTime, p.agents)
	r.judge(what, fmt.Sprintf("%d of %d", app.rushServed, app.rushed), fmt.Sprintf("%d of %d", tandem.rushServed, tandem.rushed), "all",
		tandem.rushServed == tandem.rushed && tandem.rushed > 0)
	r.tell("… caller's INVITE → agent's INVITE, p50 / p99 (ms)", ms(app.rushIdle.p50)+" / "+ms(app.rushIdle.p99), ms(tandem.rushIdle.p50)+" / "+ms(tandem.rushIdle.p99))
	r.tell("… processor time per call: Asterisk (ms)", ms(app.perCall.asterisk), ms(tandem.perCall.asterisk))
	share := float64(tandem.perCall.tandem) / float64(max(tandem.perCall.asterisk, 1))
	r.judge("… Tandem (ms), share of Asterisk's beside it", "", fmt.Sprintf("%s, %.0f %%", ms(tandem.perCall.tandem), 100*share), "≤ 50 %", share <= 0.5 && tandem.rushed > 0)
	r.tell("… PostgreSQL, Redis (ms)", "", ms(tandem.perCall.postgres)+", "+ms(tandem.perCall.redis))
	r.tell("… Tandem's memory afterwards (MB)", "", fmt.Sprintf("%.0f", float64(tandem.residentKB)/1024))
}

func (r *report) rules(f ruleFigures) {
	r.judge("one step of the rules, of all sizes the slowest (processor µs)", "", fmt.Sprintf("%.2f", f.worst/1000), "≤ 2", f.worst <= 2000)
	growth := f.large / f.small
	r.judge("… growth from 100 agents and 100 waiting to 10,000 and 100,000", "", fmt.Sprintf("%.1f-fold", growth), "< 4-fold", growth < 4)
	r.judge("memory per waiting call in the rules (bytes)", "", fmt.Sprint(f.bytesPerCall), "≤ 4096", f.bytesPerCall <= 4096)
}

func (r *report) storm(perSecond float64, err error) {
	if err != nil {
		r.tell("simulator on one core (events/s)", "", "not measured: "+err.Error())
		return
	}
	r.judge("simulator on one core (events/s)", "", fmt.Sprintf("%.0f", perSecond), "≥ 100,000", perSecond >= 100_000)
}

// text is the table for the terminal.
func (r *report) text() string {
	var b strings.Builder
	width := 0
	for _, x := range r.rows {
		width = max(width, len([]rune(x.what)))
	}
	fmt.Fprintf(&b, "%-*s  %14s  %22s  %s\n", width, "", "app_queue", "Tandem", "goal")
	for _, x := range r.rows {
		fmt.Fprintf(&b, "%-*s  %14s  %22s  %s\n", width, x.what, x.appQueue, x.tandem, strings.TrimSpace(x.goal+" "+verdict(x)))
	}
	return b.String()
}

func verdict(x row) string {
	switch {
	case x.goal == "":
		return ""
	case x.met:
		return "met"
	default:
		return "MISSED"
	}
}

// markdown is docs/benchmarks.md.
func (r *report) markdown(about machine) string {
	var b strings.Builder
	b.WriteString("# Benchmarks\n\nWritten by `make bench`; do not edit. Tandem and app_queue are measured side by side: on the same Asterisk, with the same phones, in the same run.\n\n")
	fmt.Fprintf(&b, "- Date: %s\n- Commit: %s\n- Machine: %s\n- Load of the machine (1, 5, 15 minutes): %s before, %s after\n- Asterisk: %s; PostgreSQL with fsync, on the same machine; %s\n\n",
		about.date, about.commit, about.cpu, about.loadBefore, about.loadAfter, about.asterisk, runtime.Version())
	b.WriteString("| | app_queue | Tandem | goal | |\n|---|---|---|---|---|\n")
	for _, x := range r.rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", x.what, x.appQueue, x.tandem, x.goal, verdict(x))
	}
	b.WriteString(method)
	return b.String()
}

const method = `
## How it is measured

Callers and phones are SIP endpoints in the bench's own process, on one clock, without media. A phone rings and answers at once, and hangs up after the talk. The caller's INVITE is stamped
when it is sent, the phone's when the datagram is read; the caller is known again at the phone by the number shown there. Everything runs on one machine, so that the bench's own
processor time delays both contestants alike. Absolute figures are worth what the machine's other load lets them be; the comparison within one run is what counts.

- *Agents idle*: ten calls a second, a third of a second of talk.
- *Callers waiting*: fifty more callers than agents at every moment; 25 talks end each second, at moments that are spread out. Only hang-ups with somebody waiting count.
- *Rush*: calls on schedule, whatever becomes of them. A call is served if a phone rang, talked, hung up, and the caller was then hung up on. Processor time is that of the whole
  process (/proc/PID/stat, user and system), until the records and jobs that follow from the calls are done, divided by the calls served.
- app_queue is measured before Tandem is started: Asterisk then has nobody to tell its events to.
- Tandem is the delivered program (` + "`tandem serve`" + `) as a process of its own, on PostgreSQL with fsync and on Redis; no wrap-up, no recording.
- *Restart*: the process is killed with SIGKILL and started again; the time is from the start of the process until it says that it is ready.
- *Rules*: the benchmarks of orchestrator/core, best of three, processor time including the garbage collector's.
`

// machine is what the figures depend on.
type machine struct {
	date, commit, cpu, asterisk, loadBefore, loadAfter string
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	fields := strings.Fields(string(text))
	return strings.Join(fields[:min(3, len(fields))], ", ")
}

func aboutMachine(ctx context.Context, r *rig) machine {
	m := machine{date: time.Now().UTC().Format("2006-01-02 15:04 UTC"), commit: "unknown", asterisk: "unknown"}
	if out, err := exec.CommandContext(ctx, "git", "rev-parse", "--short=12", "HEAD").Output(); err == nil {
		m.commit = strings.TrimSpace(string(out))
		if out, err := exec.CommandContext(ctx, "git", "status", "--porcelain", "--untracked-files=no").Output(); err == nil && len(out) > 0 {
			m.commit += " with changes"
		}
	}
	if out, err := r.asterisk.CLI(ctx, "core show version"); err == nil {
		m.asterisk, _, _ = strings.Cut(strings.TrimSpace(out), " built")
	}
	m.cpu = fmt.Sprintf("%d × %s, %s, %s/%s", runtime.NumCPU(), proc("/proc/cpuinfo", "model name"), memory(), runtime.GOOS, runtime.GOARCH)
	return m
}

// proc finds a field of one of /proc's tables.
func proc(file, field string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == field {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func memory() string {
	var kb int64
	if _, err := fmt.Sscan(proc("/proc/meminfo", "MemTotal"), &kb); err != nil {
		return "unknown memory"
	}
	return fmt.Sprintf("%.0f GiB", float64(kb)/(1<<20))
}
