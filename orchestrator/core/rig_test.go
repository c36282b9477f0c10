package core

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// rig steps a shard as its host must, and holds it to what the package promises after every single step:
//
//   - Check finds nothing;
//   - Marshal, Restore and Marshal again give the same bytes;
//   - a twin, restored from the last step's bytes and given the event as the journal would give it back, decides the same. So nothing that
//     decides lives outside of the state, and the index that Restore builds is the one that has grown;
//   - the timeline is well-formed: see [ledger];
//   - readers who look again at what has changed, and at nothing else, see everything as it is.
type rig struct {
	tb     testing.TB
	shard  *Shard
	twin   *Shard
	now    time.Time
	seed   uint64
	every  int // steps between two restorings of the twin: stories, which are long, do it now and then
	events []stamped
	ledger ledger
	seen   seen
	// outcomes of the steps, as bytes: what a replay must give again.
	outcomes [][]byte
	// told is called for every outcome.
	told func(ev Event, out Outcome)
	// where says, for a failure, what was going on.
	where func() string
}

type stamped struct {
	at time.Time
	ev Event
}

// dayOne is when every test begins: a Monday morning.
var dayOne = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func newRig(tb testing.TB, seed uint64) *rig {
	tb.Helper()
	return &rig{
		tb: tb, shard: New("test", seed), twin: New("test", seed), now: dayOne, seed: seed, every: 1, ledger: newLedger(), seen: newSeen(),
		told: func(Event, Outcome) {}, where: func() string { return "" },
	}
}

// advance lets time pass. Each deadline is fired at its own time, as a host with an exact clock would.
func (r *rig) advance(d time.Duration) {
	r.tb.Helper()
	end := r.now.Add(d)
	for {
		due, ok := r.shard.Due()
		if !ok || due.After(end) {
			break
		}
		if due.After(r.now) {
			r.now = due
		}
		r.step(Tick{})
		if again, ok := r.shard.Due(); ok && !again.After(r.now) {
			r.fail("a tick at %s leaves a deadline at %s behind", r.now, again)
		}
	}
	r.now = end
}

// send steps an event after the deadlines that come before it.
func (r *rig) send(ev Event) {
	r.tb.Helper()
	r.advance(0)
	r.step(ev)
}

// ask steps an intent if it is accepted, as the host does.
func (r *rig) ask(in Intent) *Refusal {
	r.tb.Helper()
	r.advance(0)
	if refused := r.shard.Accepts(r.now, in); refused != nil {
		return refused
	}
	odd := r.shard.Odd()["intent_refused"]
	r.step(in)
	if r.shard.Odd()["intent_refused"] != odd {
		r.fail("%s was accepted and then refused", in.Kind())
	}
	return nil
}

func (r *rig) step(ev Event) {
	r.tb.Helper()
	r.events = append(r.events, stamped{r.now, ev})
	journalled, before := journalled(r.tb, ev), encoded(r.tb, ev)
	out := r.shard.Step(r.now, ev)
	if !bytes.Equal(before, encoded(r.tb, ev)) {
		r.fail("Step has changed the event %s that it was given", ev.Kind())
	}
	got := outcomeBytes(r.tb, out)
	r.outcomes = append(r.outcomes, got)
	if bad := r.shard.Check(); len(bad) > 0 {
		r.fail("after %s:\n\t%s", describe(ev), strings.Join(bad, "\n\t"))
	}
	for _, bad := range r.ledger.add(out) {
		r.fail("after %s: %s", describe(ev), bad)
	}

	for _, bad := range r.seen.look(r.shard) {
		r.fail("after %s: %s", describe(ev), bad)
	}

	r.nobodyOvertaken(ev, out)
	twin := outcomeBytes(r.tb, r.twin.Step(r.now, journalled))
	if !bytes.Equal(got, twin) {
		r.fail("a restored shard decides otherwise about %s:\n\tgrown:    %s\n\trestored: %s", describe(ev), got, twin)
	}
	if len(r.events)%r.every == 0 {
		r.restoreTwin(ev)
	}
	r.told(ev, out)
}

// nobodyOvertaken holds every new offer to the order of the line: no caller who stands before, and whom the same agent could be offered, still wants one.
func (r *rig) nobodyOvertaken(ev Event, out Outcome) {
	r.tb.Helper()
	for _, e := range out.Entries {
		c := r.shard.st.Calls[e.Call]
		if e.Kind != EntryOfferMade || c == nil || c.Phase != Waiting || c.Direct || c.Prefer == e.Agent || r.shard.ix.queues[e.Queue] == nil {
			continue
		}
		for k := range r.shard.ix.queues[e.Queue].wanting.all {
			if compareLine(k, c.lineKey()) >= 0 {
				break
			}
			if before := k.call; !before.excludes(e.Agent) {
				r.fail("after %s: agent %s is offered call %s before call %s, which stands before it in %s", describe(ev), e.Agent, c.ID, before.ID, e.Queue)
			}
		}
	}
}

// restoreTwin compares the two states, and lets the twin begin anew from the bytes.
func (r *rig) restoreTwin(ev Event) {
	r.tb.Helper()
	body := marshalled(r.tb, r.shard)
	if other := marshalled(r.tb, r.twin); !bytes.Equal(body, other) {
		r.fail("a restored shard has another state after %s: %s", describe(ev), firstDifference(body, other))
	}
	r.twin = restored(r.tb, body)
	if again := marshalled(r.tb, r.twin); !bytes.Equal(body, again) {
		r.fail("after %s: Restore and Marshal give other bytes: %s", describe(ev), firstDifference(body, again))
	}
}

// replay steps all events on a fresh shard: the same outcomes and the same bytes must come of it.
func (r *rig) replay() {
	r.tb.Helper()
	s := New("test", r.seed)
	for i, e := range r.events {
		if got := outcomeBytes(r.tb, s.Step(e.at, journalled(r.tb, e.ev))); !bytes.Equal(got, r.outcomes[i]) {
			r.fail("replaying event %d, %s:\n\tat first: %s\n\tagain:    %s", i, describe(e.ev), r.outcomes[i], got)
		}
	}
	if a, b := marshalled(r.tb, r.shard), marshalled(r.tb, s); !bytes.Equal(a, b) {
		r.fail("replay ends in another state: %s", firstDifference(a, b))
	}
}

func (r *rig) fail(format string, args ...any) {
	r.tb.Helper()
	r.tb.Fatalf(r.where()+format, args...)
}

// journalled is the event as it comes back from the journal.
func journalled(tb testing.TB, ev Event) Event {
	tb.Helper()
	again, err := DecodeEvent(ev.Kind(), encoded(tb, ev))
	if err != nil {
		tb.Fatal(err)
	}
	return again
}

func encoded(tb testing.TB, ev Event) []byte {
	tb.Helper()
	body, err := EncodeEvent(ev)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

func marshalled(tb testing.TB, s *Shard) []byte {
	tb.Helper()
	body, err := s.Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

func restored(tb testing.TB, body []byte) *Shard {
	tb.Helper()
	s, err := Restore(body)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// outcomeBytes writes an outcome so that equal bytes mean equal orders and equal entries.
func outcomeBytes(tb testing.TB, out Outcome) []byte {
	tb.Helper()
	names := make([]string, len(out.Effects))
	for i, e := range out.Effects {
		names[i] = e.Do.Name()
	}
	body, err := json.Marshal(struct {
		Names   []string
		Outcome Outcome
	}{names, out})
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

func firstDifference(a, b []byte) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	cut := func(x []byte) []byte { return x[max(0, min(i-80, len(x))):min(i+80, len(x))] }
	return fmt.Sprintf("at byte %d:\n\t%s\n\t%s", i, cut(a), cut(b))
}

func describe(ev Event) string { return fmt.Sprintf("%s %+v", ev.Kind(), ev) }
