package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// row is one line of a table.
type row struct {
	what   string
	rival  string // "" where there is nothing to compare
	tandem string
	goal   string // "" = told, not judged
	met    bool
}

// report is the tables, as they grow.
type report struct {
	parts []*part
}

// part is one table: of a switch, or of what needs none.
type part struct {
	title string
	about string // the switch's version
	rival string // "" = there is none
	empty string // why nothing was measured
	rows  []row
}

// of gives the table of a title, a new one at the first time.
func (r *report) of(title, rival string) *part {
	for _, p := range r.parts {
		if p.title == title {
			return p
		}
	}
	p := &part{title: title, rival: rival}
	r.parts = append(r.parts, p)
	return p
}

// told are the tables in which there is something.
func (r *report) told() []*part {
	return slices.DeleteFunc(slices.Clone(r.parts), func(p *part) bool { return p.empty == "" && len(p.rows) == 0 })
}

func (p *part) tell(what, rival, tandem string) {
	p.rows = append(p.rows, row{what: what, rival: rival, tandem: tandem, met: true})
}

func (p *part) judge(what, rival, tandem, goal string, met bool) {
	p.rows = append(p.rows, row{what, rival, tandem, goal, met})
}

// within judges a duration, where there is a limit for it; n is how many were measured.
func (p *part) within(what string, rival, tandem, limit time.Duration, n int) {
	theirs := ""
	if rival > 0 {
		theirs = ms(rival)
	}
	if limit == 0 {
		p.tell(what, theirs, ms(tandem))
		return
	}
	p.judge(what, theirs, ms(tandem), fmt.Sprintf("≤ %d", limit.Milliseconds()), n > 0 && tandem <= limit)
}

// missed is how many goals were.
func (r *report) missed() int {
	n := 0
	for _, p := range r.parts {
		for _, x := range p.rows {
			if !x.met {
				n++
			}
		}
	}
	return n
}

// contest adds what was measured side by side.
func (p *part) contest(b brand, plan plan, rival, tandem results) {
	if plan.does(idle) {
		p.within("agents idle: caller's INVITE → agent's INVITE, p50 (ms)", rival.idle.p50, tandem.idle.p50, b.goals.idleP50, tandem.idle.n)
		p.tell("… p99 (ms)", ms(rival.idle.p99), ms(tandem.idle.p99))
	}
	if plan.does(backlog) {
		p.within("callers waiting: agent's BYE → next INVITE there, p50 (ms)", rival.next.p50, tandem.next.p50, b.goals.nextP50, tandem.next.n)
		p.within("… p99 (ms)", rival.next.p99, tandem.next.p99, b.goals.nextP99, tandem.next.n)
		p.tell("… max (ms), of how many", fmt.Sprintf("%s of %d", ms(rival.next.max), rival.next.n), fmt.Sprintf("%s of %d", ms(tandem.next.max), tandem.next.n))
		ratio := "–"
		if tandem.next.p50 > 0 {
			ratio = fmt.Sprintf("%.0f times as quick", float64(rival.next.p50)/float64(tandem.next.p50))
		}
		p.judge("… Tandem beside "+b.rival, "", ratio, "quicker", tandem.next.n > 0 && tandem.next.p50 < rival.next.p50)
	}
	if plan.does(rush) {
		p.rush(b, plan, rival, tandem)
	}
}

func (p *part) rush(b brand, plan plan, rival, tandem results) {
	what := fmt.Sprintf("%.0f calls/s for %s, %d agents, 0.5 s of talk: calls served", plan.rushRate(b), plan.rushTime(b), plan.agents)
	p.judge(what, fmt.Sprintf("%d of %d", rival.rushServed, rival.rushed), fmt.Sprintf("%d of %d", tandem.rushServed, tandem.rushed), "all",
		tandem.rushServed == tandem.rushed && tandem.rushed > 0)
	p.tell("… caller's INVITE → agent's INVITE, p50 / p99 (ms)", ms(rival.rushIdle.p50)+" / "+ms(rival.rushIdle.p99), ms(tandem.rushIdle.p50)+" / "+ms(tandem.rushIdle.p99))
	what = fmt.Sprintf("… processor time per call: %s (ms)", b.title)
	if b.goals.cheaper {
		p.judge(what, ms(rival.perCall.exchange), ms(tandem.perCall.exchange), "less than beside "+b.rival, tandem.rushed > 0 && tandem.perCall.exchange < rival.perCall.exchange)
	} else {
		p.tell(what, ms(rival.perCall.exchange), ms(tandem.perCall.exchange))
	}
	share := float64(tandem.perCall.tandem) / float64(max(tandem.perCall.exchange, 1))
	what, value := "… Tandem (ms), share of "+b.title+"'s beside it", fmt.Sprintf("%s, %.0f %%", ms(tandem.perCall.tandem), 100*share)
	if b.goals.share > 0 {
		p.judge(what, "", value, fmt.Sprintf("≤ %.0f %%", 100*b.goals.share), share <= b.goals.share && tandem.rushed > 0)
	} else {
		p.tell(what, "", value)
	}
	p.tell("… PostgreSQL, Redis (ms)", "", ms(tandem.perCall.postgres)+", "+ms(tandem.perCall.redis))
	p.tell("… Tandem's memory afterwards (MB)", "", fmt.Sprintf("%.0f", float64(tandem.residentKB)/1024))
}

func (p *part) rules(f ruleFigures) {
	p.judge("one step of the rules, of all sizes the slowest (processor µs)", "", fmt.Sprintf("%.2f", f.worst/1000), "≤ 2", f.worst <= 2000)
	growth := f.large / f.small
	p.judge("… growth from 100 agents and 100 waiting to 10,000 and 100,000", "", fmt.Sprintf("%.1f-fold", growth), "< 4-fold", growth < 4)
	p.judge("memory per waiting call in the rules (bytes)", "", fmt.Sprint(f.bytesPerCall), "≤ 4096", f.bytesPerCall <= 4096)
}

func (p *part) storm(perSecond float64, err error) {
	if err != nil {
		p.tell("simulator on one core (events/s)", "", "not measured: "+err.Error())
		return
	}
	p.judge("simulator on one core (events/s)", "", fmt.Sprintf("%.0f", perSecond), "≥ 100,000", perSecond >= 100_000)
}

// text is the tables for the terminal.
func (r *report) text() string {
	var b strings.Builder
	for _, p := range r.told() {
		fmt.Fprintf(&b, "== %s\n", p.title)
		if p.empty != "" {
			fmt.Fprintf(&b, "%s\n\n", p.empty)
			continue
		}
		width := 0
		for _, x := range p.rows {
			width = max(width, len([]rune(x.what)))
		}
		fmt.Fprintf(&b, "%-*s  %14s  %22s  %s\n", width, "", p.rival, "Tandem", "goal")
		for _, x := range p.rows {
			fmt.Fprintf(&b, "%-*s  %14s  %22s  %s\n", width, x.what, x.rival, x.tandem, strings.TrimSpace(x.goal+" "+verdict(x)))
		}
		b.WriteString("\n")
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
	b.WriteString("# Benchmarks\n\nWritten by `make bench`; do not edit. Tandem and the switch's own queue are measured side by side: on the same switch, with the same phones, in the same run.\n\n")
	fmt.Fprintf(&b, "- Date: %s\n- Commit: %s\n- Machine: %s\n- Load of the machine (1, 5, 15 minutes): %s before, %s after; the run took %s\n- PostgreSQL with fsync, on the same machine; %s\n",
		about.date, about.commit, about.cpu, about.loadBefore, about.loadAfter, about.took.Round(time.Second), runtime.Version())
	for _, p := range r.told() {
		fmt.Fprintf(&b, "\n## %s\n\n", p.title)
		if p.empty != "" {
			fmt.Fprintf(&b, "**%s**\n", p.empty)
			continue
		}
		if p.about != "" {
			fmt.Fprintf(&b, "%s\n\n", p.about)
		}
		p.markdown(&b)
	}
	b.WriteString(method)
	return b.String()
}

func (p *part) markdown(b *strings.Builder) {
	if p.rival == "" {
		b.WriteString("| | Tandem | goal | |\n|---|---|---|---|\n")
	} else {
		fmt.Fprintf(b, "| | %s | Tandem | goal | |\n|---|---|---|---|---|\n", p.rival)
	}
	for _, l := range p.lines() {
		b.WriteString(l + "\n")
	}
}

// lines are the rows of the table.
func (p *part) lines() []string {
	var out []string
	for _, x := range p.rows {
		if p.rival == "" {
			out = append(out, fmt.Sprintf("| %s | %s | %s | %s |", x.what, x.tandem, x.goal, verdict(x)))
		} else {
			out = append(out, fmt.Sprintf("| %s | %s | %s | %s | %s |", x.what, x.rival, x.tandem, x.goal, verdict(x)))
		}
	}
	return out
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
- app_queue and mod_callcenter are measured before Tandem is started: the switch then has nobody to tell its events to.
- Tandem is the delivered program (` + "`tandem serve`" + `) as a process of its own, on PostgreSQL with fsync and on Redis; no wrap-up, no recording.
- *Conferences*: callers reach an agent, who consults a second one, merges, consults a third one and merges again, 25 calls at a time and 25 steps a second, over the API. What stands and
  what is left is what the switch says of itself; where the machine bears no more, what stood before the 25 that failed. Among them one more conference is made again and again by phones with sound, each saying a tone of its own: the
  time of a merge is from the moment before the request leaves until the last participant hears the tones of all others and goes on hearing them. It includes what a phone needs to
  tell a tone that begins, which is two packets or 40 ms.
- *Restart*: the process is killed with SIGKILL and started again; the time is from the start of the process until it says that it is ready.
- *Dashboards*: a simulated switch, the rules, journal and projector on SQLite, and the API over TCP in one process; the dashboards in another. Each reads the event stream and asks for the figures of the
  queues every five seconds. What they cost is the processor time of the first process, less what it is without them. A caller's number is the moment at which the call appears on the switch; ten of the dashboards look when
  they see it.
- *A supervisor's page*: the same, with a headless Chromium on the same machine in place of the dashboards, which draws without a graphics card. A supervisor is signed in to the app, which the same server serves, and
  looks at all calls. Of that table only rows near the window are drawn; who waits stands at the top, and a row counts once it lies wholly within the window. It counts as seen when the frame after the
  one that shows it begins (the second requestAnimationFrame after the change of the page): what a monitor needs to show a finished frame is not in it. All calls that begin within twenty seconds count, one that is
  never seen as infinitely late. "Until the page has it" is until its row is among the page's elements.
- *Rules*: the benchmarks of orchestrator/core, best of three, processor time including the garbage collector's.
`

// machine is what the figures depend on.
type machine struct {
	date, commit, cpu, loadBefore, loadAfter string
	took                                     time.Duration
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	fields := strings.Fields(string(text))
	return strings.Join(fields[:min(3, len(fields))], ", ")
}

func aboutMachine(ctx context.Context) machine {
	m := machine{date: time.Now().UTC().Format("2006-01-02 15:04 UTC"), commit: "unknown", loadBefore: load()}
	if out, err := exec.CommandContext(ctx, "git", "rev-parse", "--short=12", "HEAD").Output(); err == nil {
		m.commit = strings.TrimSpace(string(out))
		if out, err := exec.CommandContext(ctx, "git", "status", "--porcelain", "--untracked-files=no").Output(); err == nil && len(out) > 0 {
			m.commit += " with changes"
		}
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
