package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// A conference is of a customer and three agents: one from the queue, two consulted and merged.
const (
	helpers         = 2
	conferenceLegs  = 2 + helpers
	conferenceAgent = 1 + helpers
)

// hall is many conferences at once, made of phones that only signal. They are built in batches, each step for a whole batch before the next, until as many stand as
// were asked for or the machine can bear no more. Agents 0 to n-1 are in the queue; behind them come the helpers, two for each call.
type hall struct {
	r      *rig
	centre *centre
	board  *client.Board
	shift  *shift
	asked  int             // conferences
	calls  []core.CallView // by conference: as they were when somebody had answered
	say    func(string, ...any)
}

// hallResults is what was measured of the hall.
type hallResults struct {
	asked    int
	standing int    // conferences that were built before a batch failed
	stood    census // what the switch said then
	limit    string // why there are not more
	built    time.Duration
	ended    time.Duration
	busy     float64 // cores that the switch used while they stood
	served   int     // calls ended as they should
	left     []string
	atPhones int // phones that believe to be in a call afterwards
}

const (
	// batch is how many conferences are built together.
	batch = 25
	// buildRate is how many callers call, and how many agents consult or merge, in a second.
	buildRate = 25
)

// stepLimit is how long a batch may take to one step.
const stepLimit = 30 * time.Second

// onConferences builds conferences on a switch, has some merges heard among them, and takes them down.
func onConferences(ctx context.Context, p plan, b brand, dir, binary string, tables *report, say func(string, ...any)) error {
	n := p.conferences
	say("starting %s with %d phones for %d conferences of %d", b.title, conferenceAgent*(n+1), n, conferenceLegs)
	a, err := newAudience(conferenceAgent * n) //nolint:contextcheck // ended by close
	if err != nil {
		return err
	}
	defer a.close() //nolint:contextcheck // says goodbye in time of its own
	r, err := newRig(ctx, dir, binary, b, rigOptions{desks: conferenceAgent * n, extra: a.contacts(), legs: conferenceLegs * (n + 1), patience: p.patience})
	if err != nil {
		return err
	}
	defer r.close()
	a.exchange = r.exchange.sip
	if _, err := r.startTandem(ctx); err != nil {
		return err
	}
	h := &hall{r: r, say: say, asked: n}
	if h.centre, err = r.openCentre(ctx, 8); err != nil {
		return err
	}
	defer h.centre.close()
	if err := h.staff(ctx); err != nil {
		return errors.Join(err, errors.New(r.tandem.tail()))
	}
	h.board = client.Open(h.centre.tokens[0], nil) //nolint:contextcheck // ended by Close
	defer h.board.Close()

	alone, err := a.listen(ctx, h, (p.merges+1)/2)
	if err != nil {
		return fmt.Errorf("conference with sound: %w\n%s", err, r.tandem.complaints())
	}
	out := hallResults{asked: n}
	if err := h.build(ctx, &out); err != nil {
		return err
	}
	among, err := h.listen(ctx, a, p.merges, &out)
	if err != nil {
		return fmt.Errorf("conference with sound among others: %w\n%s", err, r.tandem.complaints())
	}
	if err := h.takeDown(ctx, &out); err != nil {
		return err
	}
	part := tables.of(b.title, b.rival)
	part.about = r.exchange.version
	part.conferences(b, out, alone, among)
	return nil
}

// listen has merges heard while the conferences stand.
func (h *hall) listen(ctx context.Context, a *audience, merges int, out *hallResults) (spread, error) {
	begun := time.Now()
	before, err := h.r.times()
	if err != nil {
		return spread{}, err
	}
	s, err := a.listen(ctx, h, merges)
	if err != nil {
		return s, err
	}
	after, err := h.r.times()
	out.busy = float64(after.since(before).exchange) / float64(time.Since(begun))
	h.say("  while they stood the switch used %.2f of %d cores", out.busy, runtime.NumCPU())
	return s, err
}

// staff makes the agents of the hall, and those of the audience behind them.
func (h *hall) staff(ctx context.Context) error {
	n := h.asked
	all := conferenceAgent * (n + 1)
	first := conferenceAgent * n // of the audience
	if err := h.centre.staff(ctx, all); err != nil {
		return err
	}
	return errors.Join(
		h.centre.queue(ctx, queueName, tandemNumber, 0, n),
		h.centre.queue(ctx, audienceQueue, audienceNumber, first, first+1),
		h.centre.are(ctx, "available", 0, n),
		h.centre.are(ctx, "idle", n, first),
		h.centre.are(ctx, "available", first, first+1),
		h.centre.are(ctx, "idle", first+1, all),
	)
}

// paced does something for 0 to n-1 at a rate, several at once.
func paced(ctx context.Context, n int, perSecond float64, do func(i int) error) error {
	begun := time.Now()
	return each(n, func(i int) error {
		if err := pause(ctx, time.Until(begun.Add(time.Duration(float64(i)/perSecond*float64(time.Second))))); err != nil {
			return err
		}
		return do(i)
	})
}

// step asks for something for every call from the conference first on, and waits until it is so.
func (h *hall) step(ctx context.Context, first int, what string, ask func(i int) error, is func(i int, c core.CallView) bool) error {
	begun, n := time.Now(), len(h.calls)-first
	limit, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	from := len(h.board.State().Entries)
	if err := paced(limit, n, buildRate, func(k int) error { return ask(first + k) }); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	var missing int
	st, err := h.board.Await(limit, what, func(st client.State) bool {
		missing = 0
		for i := first; i < len(h.calls); i++ {
			if c, found := st.Calls[h.calls[i].ID]; !found || !is(i, c) {
				missing++
			}
		}
		return missing == 0
	})
	if err != nil {
		return fmt.Errorf("%s: not so for %d of %d calls after %s; since then in the timeline: %s", what, missing, n, time.Since(begun).Round(time.Millisecond), summary(st.Entries[from:]))
	}
	return nil
}

// summary counts lines of the timeline by what they say.
func summary(entries []client.Entry) string {
	counts := map[string]int{}
	for _, e := range entries {
		what := string(e.Kind) + " " + e.Reason
		if e.Cause != nil {
			what += fmt.Sprintf(" %+v", *e.Cause)
		}
		counts[strings.TrimSpace(what)]++
	}
	var all []string
	for what, n := range counts {
		all = append(all, fmt.Sprintf("%d %s", n, what))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// build makes conferences, batch by batch. A batch that does not come about is a result and no error: it is taken down again, and no other is tried.
func (h *hall) build(ctx context.Context, out *hallResults) error {
	h.shift = h.r.floor.begin(tandemNumber, nil)
	for len(h.calls) < h.asked {
		first, begun := len(h.calls), time.Now()
		err := h.batch(ctx, first, min(batch, h.asked-first))
		var now census
		if err == nil {
			now, err = h.counted(ctx)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			out.limit = err.Error()
			h.say("  NO MORE CONFERENCES than %d: %v", out.standing, err)
			return h.giveUp(ctx, first)
		}
		out.standing, out.stood = len(h.calls), now
		out.built += time.Since(begun)
		h.say("  %d conferences stand after %.1f s: the switch has %d legs in %d mixes", out.standing, out.built.Seconds(), now.legs, now.mixes)
	}
	return nil
}

// batch makes n conferences.
func (h *hall) batch(ctx context.Context, first, n int) error {
	h.r.floor.steadily(ctx, n, buildRate)
	if err := h.talk(ctx, n); err != nil {
		return err
	}
	for k := range helpers {
		helper := func(i int) core.AgentID { return core.AgentID(agentName(h.asked*(1+k) + i)) }
		err := h.step(ctx, first, fmt.Sprintf("consult %d", k+1), func(i int) error {
			return h.order(ctx, i, "consult", map[string]any{"to": map[string]any{"agent": helper(i)}})
		}, func(i int, c core.CallView) bool {
			return c.Consult != nil && c.Consult.Answered && c.Consult.Agent == helper(i)
		})
		if err != nil {
			return err
		}
		err = h.step(ctx, first, fmt.Sprintf("merge %d", k+1), func(i int) error { return h.order(ctx, i, "consult/merge", nil) }, func(_ int, c core.CallView) bool {
			return c.Consult == nil && !c.Held && len(c.People) == 3+k
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// counted asks the switch what stands. The rules have it so already, but the last orders may be on their way to the switch.
func (h *hall) counted(ctx context.Context) (census, error) {
	want := census{conferenceLegs * len(h.calls), len(h.calls)}
	for deadline := time.Now().Add(10 * time.Second); ; {
		now, err := h.r.exchange.census(ctx)
		if err != nil || now == want {
			return now, err
		}
		if time.Now().After(deadline) {
			return now, fmt.Errorf("the switch has %d legs in %d mixes instead of %d in %d", now.legs, now.mixes, want.legs, want.mixes)
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return now, err
		}
	}
}

// giveUp ends the calls of a batch that failed, so that those of the batches before stand alone.
func (h *hall) giveUp(ctx context.Context, first int) error {
	standing := map[core.CallID]bool{}
	for _, c := range h.calls[:first] {
		standing[c.ID] = true
	}
	h.calls = h.calls[:first]
	limit, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	_, err := h.board.Await(limit, "the failed batch to be over", func(st client.State) bool {
		var failed []core.CallView
		for _, c := range st.Calls {
			if !standing[c.ID] {
				failed = append(failed, c)
			}
		}
		_ = each(len(failed), func(i int) error {
			// What is refused in this state is done in the next: a customer on hold is not hung up on.
			for _, what := range []string{"consult/end", "end"} {
				_ = h.centre.post(limit, "calls/"+string(failed[i].ID)+"/"+what, nil, nil)
			}
			return nil
		})
		return len(failed) == 0
	})
	if err != nil {
		return fmt.Errorf("end the batch that failed: %w", err)
	}
	return nil
}

// talk waits until n more callers talk to agents.
func (h *hall) talk(ctx context.Context, n int) error {
	known := map[core.CallID]bool{}
	for _, c := range h.calls {
		known[c.ID] = true
	}
	limit, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	var found []core.CallView
	_, err := h.board.Await(limit, "everybody to talk", func(st client.State) bool {
		found = found[:0]
		for _, c := range st.Calls {
			if c.Phase == core.Talking && !known[c.ID] {
				found = append(found, c)
			}
		}
		return len(found) == n
	})
	h.calls = append(h.calls, found...)
	if err != nil {
		return fmt.Errorf("callers reach agents: %d of %d", len(found), n)
	}
	return nil
}

// order asks for something as the call's primary agent.
func (h *hall) order(ctx context.Context, i int, what string, more map[string]any) error {
	c := h.calls[i]
	in := map[string]any{"agent": c.Primary}
	for k, v := range more {
		in[k] = v
	}
	return h.centre.post(ctx, "calls/"+string(c.ID)+"/"+what, in, nil)
}

// takeDown ends all conferences, and asks the switch what is left.
func (h *hall) takeDown(ctx context.Context, out *hallResults) error {
	begun := time.Now()
	if err := each(len(h.calls), func(i int) error { return h.order(ctx, i, "end", nil) }); err != nil {
		return fmt.Errorf("end: %w", err)
	}
	h.r.floor.finish(ctx, h.shift)
	out.served = h.shift.served
	limit, cancel := context.WithTimeout(ctx, finishLimit)
	defer cancel()
	if err := h.r.exchange.empty(limit); err != nil && ctx.Err() != nil {
		return err
	}
	out.ended = time.Since(begun)
	var err error
	if out.left, err = h.r.exchange.left(ctx); err != nil {
		return err
	}
	// A switch that is empty has said BYE to the phones, which may not have heard it yet.
	for h.r.floor.busy() > 0 {
		if pause(limit, 10*time.Millisecond) != nil {
			break
		}
	}
	out.atPhones = h.r.floor.busy()
	h.say("  %d conferences ended in %.1f s; callers served: %d; left on the switch: %d, phones in a call: %d%s", out.standing, out.ended.Seconds(), out.served, len(out.left),
		out.atPhones, bad(h.shift.failed))
	for _, line := range out.left {
		h.say("  LEFT: %s", line)
	}
	return nil
}

// conferences adds what was measured of them: of merges on a switch that does nothing else, and of merges among the conferences.
func (p *part) conferences(b brand, h hallResults, alone, among spread) {
	want := census{conferenceLegs * h.asked, h.asked}
	p.judge(fmt.Sprintf("conferences of %d at once: legs, and conferences, on the switch", conferenceLegs), "", fmt.Sprintf("%d, %d", h.stood.legs, h.stood.mixes),
		fmt.Sprintf("%d, %d", want.legs, want.mixes), h.stood == want)
	p.tell("… built, taken down (s)", "", fmt.Sprintf("%.1f, %.1f", h.built.Seconds(), h.ended.Seconds()))
	p.tell(fmt.Sprintf("… while they stand, %s uses (cores)", b.title), "", fmt.Sprintf("%.2f", h.busy))
	p.judge("… left on the switch, at the phones", "", fmt.Sprintf("%d, %d", len(h.left), h.atPhones), "none", len(h.left) == 0 && h.atPhones == 0 && h.served >= h.standing)
	p.tell("merge, nothing else on the switch → everybody hears everybody, p50 / p95 (ms)", "", ms(alone.p50)+" / "+ms(alone.p95))
	p.tell("merge among the conferences → everybody hears everybody, p50 (ms)", "", ms(among.p50))
	p.within("… p95 (ms)", 0, among.p95, b.goals.mergeP95, among.n)
	p.tell("… max (ms), of how many", "", fmt.Sprintf("%s of %d", ms(among.max), among.n))
}
