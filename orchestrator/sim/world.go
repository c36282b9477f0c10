package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// The storm: one seed, one shift of a contact centre. A world has simulated switches with callers and desk phones around them, the rules as the system under
// test, and in between a host that does what orchestrator/loop does: tick what is due before each later event, decide, make durable, and only then act. There
// is one goroutine and no real time. All that will happen lies in heaps ordered by time; [world.advance] takes the earliest, over and over.
//
//	world_plan.go    what one seed stands for: size, length, faults
//	world_setup.go   the set-up drawn from it: queues, agents, numbers
//	world_hours.go   opening hours (N4)
//	world_host.go    the owner of the shard: journal, lanes, recovery
//	world_people.go  callers, phones and desktops
//	world_desk.go    what agents do beyond plain talk: consults, transfers, conferences
//	world_outside.go those outside whom agents call
//	world_agenda.go  the heap of what people and faults will do
//	faults*.go       what goes wrong
//	properties*.go   what must hold all the same
//	garden*.go       planted bugs that the properties must find
//	shrink.go        from a seed that fails to the smallest plan that still does

// Rules is what a host asks of the rules: a [core.Shard], or one with a planted bug around it.
type Rules interface {
	Step(now time.Time, ev core.Event) core.Outcome
	Accepts(now time.Time, in core.Intent) *core.Refusal
	Done(id core.CommandID) bool
	Due() (time.Time, bool)
	Check() []string
	Marshal() ([]byte, error)
	CallOf(ev core.Event) core.CallID
	Call(id core.CallID) (core.CallView, bool)
	Agent(id core.AgentID) (core.AgentView, bool)
	Queue(id core.QueueID) (core.QueueView, bool)
	Explain(now time.Time, id core.CallID) (core.Explanation, bool)
	TakeChanges() core.Changes
	Everything() core.Changes
	Repairs() map[string]uint64
	Odd() map[string]uint64
}

var _ Rules = (*core.Shard)(nil)

// Options say how a plan is played. The zero value plays it and checks everything after every event.
type Options struct {
	// CheckEvery is how many events lie between two runs of the rules' own Check, which looks at everything there is; 0 = 1. All other
	// properties are looked at after every event regardless.
	CheckEvery int
	// SkipReplay leaves out the replay of the whole log at the end of the shift. Replays after a crash are checked always.
	SkipReplay bool
	// Trace is told everything that happens, in words; nil = nobody.
	Trace io.Writer
	// Export takes the rows of the log as JSON lines, for tandem replay; nil = nobody.
	Export io.Writer
	// Bug is planted; nil = none.
	Bug *Bug
}

// Report is what became of a shift.
type Report struct {
	Plan    Plan
	Failure *Failure // nil: every property held

	Steps      int // events that the rules have taken
	Happenings int // all that happened: events, and what callers, phones, switches and lanes did in between
	Calls      int
	Simulated  time.Duration

	Repairs   map[string]uint64
	Odd       map[string]uint64
	Sometimes map[string]int // rare branches, by name, and how often each was reached
}

// Failure is a property that did not hold.
type Failure struct {
	Property string        // its name
	Text     string        // what was seen
	At       time.Duration // since the shift began
	Step     int           // events that the rules had taken
}

// Error implements error.
func (f *Failure) Error() string {
	return fmt.Sprintf("%s, at %s after %d events: %s", f.Property, f.At.Round(time.Millisecond), f.Step, f.Text)
}

// shiftBegins is when every shift begins: a Monday morning.
var shiftBegins = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// world is one shift.
type world struct {
	plan   Plan
	opt    Options
	now    time.Time
	agenda agenda
	fate   fate // chance, in streams that do not disturb each other

	set      setup
	switches []*station
	crew     []*worker
	byPhone  map[string]*worker
	byAgent  map[core.AgentID]*worker
	callers  map[core.LegID]*caller
	dialled  int // callers so far, those who stayed at home included
	skipped  int // who stayed at home

	store   journal.Memory
	host    *host         // the owner; nil while there is none
	stale   *host         // an earlier owner that has not noticed yet
	owners  int           // so far
	skew    time.Duration // the owner's clock against the world's
	rows    []journal.Row // all of the log
	told    []core.Outcome
	trouble trouble
	closing bool // the shift is over: no new callers, no faults

	facts books // what the timeline and the effects say
	steps int
	odd   map[string]uint64
	mends map[string]uint64
	rare  map[string]int

	happenings int
	commands   int
	desks      uint64 // conversations at agents' phones so far
	fail       *Failure
}

// station is a switch in the world.
type station struct {
	*Switch
	gen     int       // grows when the connection is lost: a delayed fact of before is lost too
	upSince time.Time // EngineUp has been stepped; zero while out of sight
	behind  map[string]time.Time
}

// Play plays a plan to its end, or to the first property that does not hold.
func Play(p Plan, opt Options) (r Report) {
	w := newWorld(p, opt)
	defer func() {
		if v := recover(); v != nil {
			w.failf("no panic", "%v", v)
			r = w.report()
			if opt.Trace != nil {
				panic(v)
			}
		}
	}()
	w.shift()
	return w.report()
}

func newWorld(p Plan, opt Options) *world {
	w := &world{
		plan: p, opt: opt, now: shiftBegins, fate: newFate(p.Seed),
		byPhone: map[string]*worker{}, byAgent: map[core.AgentID]*worker{}, callers: map[core.LegID]*caller{},
		facts: newBooks(), odd: map[string]uint64{}, mends: map[string]uint64{}, rare: map[string]int{},
	}
	w.store.Now = func() time.Time { return w.now }
	w.set = drawSetup(w.fate.setup, w.fate.outside, p)
	for i, q := range w.set.quirks {
		s := &station{Switch: NewSwitch(w.set.engines[i], q, w.fate.stream(switchStreams+uint64(i))), behind: map[string]time.Time{}}
		s.Watch(&surroundings{w: w, s: s})
		for _, name := range w.set.prompts {
			s.AddPrompt(name, 3*time.Second)
		}
		w.switches = append(w.switches, s)
	}
	return w
}

// shift is the whole story: opening, the shift itself, closing time, and the exam.
func (w *world) shift() {
	w.openUp()
	w.advance(w.now.Add(w.plan.Length), nil)
	w.closeDown()
	w.exam()
	w.lastLook()
}

// openUp starts the control plane and sends everybody to work.
func (w *world) openUp() {
	w.hirePeople()
	w.startOwner()
	w.command(w.set.config)
	w.startPeople()
	w.startTrouble()
	w.every(5*time.Second, w.audit)
	w.every(listenEvery, w.listen)
	for _, s := range w.switches {
		w.every(20*time.Second, func() {
			s.Look(w.now)
		})
	}
}

// every does something again and again until the world ends.
func (w *world) every(d time.Duration, do func()) {
	var again func()
	again = func() {
		do()
		w.in(d, again)
	}
	w.in(d, again)
}

// in puts something on the agenda.
func (w *world) in(d time.Duration, do func()) { w.agenda.push(w.now.Add(d).UnixNano(), do) }

// advance lets the world go on until a time, until done (which may be nil) says so, or until a property does not hold.
func (w *world) advance(end time.Time, done func() bool) {
	for w.fail == nil && (done == nil || !done()) {
		at, do := w.next()
		if do == nil || at.After(end) {
			break
		}
		if at.After(w.now) {
			w.now = at
		}
		w.happenings++
		do()
	}
	if w.fail == nil && w.now.Before(end) && (done == nil || !done()) {
		w.now = end
	}
}

// next finds what happens next. At the same time switches come first, then people, then deadlines: the host ticks before events by itself.
func (w *world) next() (at time.Time, do func()) {
	for _, s := range w.switches {
		if t, ok := s.Next(); ok && (do == nil || t.Before(at)) {
			at, do = t, func() { w.pop(s) }
		}
	}
	if t, ok := w.agenda.next(); ok && (do == nil || t.Before(at)) {
		at, do = t, func() { w.agenda.pop()() }
	}
	for _, h := range []*host{w.host, w.stale} {
		if h == nil {
			continue
		}
		if t, ok := h.due(); ok && (do == nil || t.Before(at)) {
			at, do = t, h.tick
		}
	}
	return at, do
}

// pop lets a switch go on.
func (w *world) pop(s *station) {
	if f := s.Pop(); f != nil {
		w.fact(s, f)
	}
}

// deliver hands a fact to the owner, and to one who still believes to be the owner.
func (w *world) deliver(s *station, f core.Fact) {
	if w.stale != nil && w.fate.faults[Owners].chance(0.5) {
		w.stale.take(f)
	}
	if w.host == nil {
		return
	}
	h := w.host
	h.take(f)
	if h.gone {
		return
	}
	switch f.(type) {
	case core.EngineUp:
		s.upSince = w.now
		again := h.again
		h.again = nil
		h.dispatch(again)
	case core.EngineDown:
		s.upSince = time.Time{}
	}
}

// command asks the owner for something that must be carried out, as often as needed.
func (w *world) command(ev core.Event) {
	if in, ok := ev.(core.Intent); ok {
		w.ask(in)
		return
	}
	if w.host == nil || !w.host.take(ev) {
		w.in(time.Second, func() { w.command(ev) })
	}
}

// ask asks for an intent on somebody's behalf. While there is no owner, or when it dies before it answers, the same command is sent again: whoever pressed the
// button presses it again and means the same thing.
func (w *world) ask(in core.Intent) {
	if _, answered := w.askOnce(in); !answered {
		w.in(w.fate.people.between(500*time.Millisecond, 3*time.Second), func() { w.ask(in) })
	}
}

// askOnce is ask without trying again.
func (w *world) askOnce(in core.Intent) (refused *core.Refusal, answered bool) {
	if w.host == nil {
		return nil, false
	}
	refused, answered = w.host.ask(in)
	switch {
	case !answered:
		w.reached("a command whose answer was lost is sent again")
	case refused != nil:
		w.reached("refused: " + in.Kind() + " " + string(refused.Code))
	}
	return refused, answered
}

// head makes the head of a new command.
func (w *world) head(actor string) core.Command {
	w.commands++
	return core.Command{ID: core.CommandID(fmt.Sprintf("c%d", w.commands)), Actor: actor}
}

// rules are those of the owner; nil while there is none.
func (w *world) rules() Rules {
	if w.host == nil {
		return nil
	}
	return w.host.rules
}

// reached notes that a rare branch was reached.
func (w *world) reached(name string) { w.rare[name]++ }

// failf notes the first property that does not hold.
func (w *world) failf(property, format string, args ...any) {
	if w.fail != nil {
		return
	}
	w.fail = &Failure{Property: property, Text: fmt.Sprintf(format, args...), At: w.now.Sub(shiftBegins), Step: w.steps}
	w.trace("BROKEN", "%s: %s", property, w.fail.Text)
}

// must fails the world for an error that cannot be.
func (w *world) must(err error) {
	if err != nil {
		w.failf("the storm itself", "%v", err)
	}
}

func (w *world) report() Report {
	r := Report{
		Plan: w.plan, Failure: w.fail, Steps: w.steps, Happenings: w.happenings, Calls: w.dialled - w.skipped,
		Simulated: w.now.Sub(shiftBegins), Repairs: w.mends, Odd: w.odd, Sometimes: w.rare,
	}
	return r
}

// faulty reports whether anything has been arranged to go wrong in this shift.
func (w *world) faulty() bool { return len(w.plan.Faults) > 0 }

// fenced reports whether an owner was told that it is the owner no longer.
func fenced(err error) bool { return errors.Is(err, journal.ErrFenced) }

// nobodyWaits is the context of everything in the simulation: nothing here waits for anything.
var nobodyWaits = context.Background()
