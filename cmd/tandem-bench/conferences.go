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

// hall is many conferences at once, made of phones that only signal. Each step is taken for all calls before the next, so that the switch and Tandem get them as
// fast as they can take them. Agents 0 to n-1 are in the queue; behind them come the helpers, two for each call.
type hall struct {
	r      *rig
	centre *centre
	board  *client.Board
	shift  *shift
	calls  []core.CallView // by conference: as they were when somebody had answered
	say    func(string, ...any)
}

// hallResults is what was measured of the hall.
type hallResults struct {
	asked     int
	stood     census // at most, as the switch says
	talked    int    // calls that reached an agent
	built     time.Duration
	ended     time.Duration
	served    int // calls ended as they should
	left      []string
	atPhones  int     // phones that believe to be in a call afterwards
	busy      float64 // cores that the switch used while they stood
	completed bool    // every step was seen for all calls
}

// stepLimit is how long all calls together may take to one step.
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
	r, err := newRig(ctx, dir, binary, b, rigOptions{desks: conferenceAgent * n, extra: a.contacts(), legs: conferenceLegs * (n + 1)})
	if err != nil {
		return err
	}
	defer r.close()
	a.exchange = r.exchange.sip
	if _, err := r.startTandem(ctx); err != nil {
		return err
	}
	h := &hall{r: r, say: say, calls: make([]core.CallView, n)}
	if h.centre, err = r.openCentre(ctx, 8); err != nil {
		return err
	}
	defer h.centre.close()
	if err := h.staff(ctx); err != nil {
		return errors.Join(err, errors.New(r.tandem.tail()))
	}
	h.board = client.Open(h.centre.tokens[0], nil) //nolint:contextcheck // ended by Close
	defer h.board.Close()

	var out hallResults
	if err := h.build(ctx, &out); err != nil {
		return fmt.Errorf("%w\n%s", err, r.tandem.complaints())
	}
	begun := time.Now()
	before, err := r.times()
	if err != nil {
		return err
	}
	heard, err := a.listen(ctx, h, p.merges)
	if err != nil {
		return fmt.Errorf("conference with sound: %w\n%s", err, r.tandem.complaints())
	}
	after, err := r.times()
	if err != nil {
		return err
	}
	out.busy = float64(after.since(before).exchange) / float64(time.Since(begun))
	h.say("  while they stood the switch used %.2f of %d cores", out.busy, runtime.NumCPU())
	if err := h.takeDown(ctx, &out); err != nil {
		return err
	}
	part := tables.of(b.title, b.rival)
	part.about = r.exchange.version
	part.conferences(b, out, heard)
	return nil
}

// staff makes the agents of the hall, and those of the audience behind them.
func (h *hall) staff(ctx context.Context) error {
	n := len(h.calls)
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

// buildRate is how many callers call, and how many agents consult or merge, in a second.
const buildRate = 25

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

// step asks for something for every call and waits until it is so.
func (h *hall) step(ctx context.Context, what string, ask func(i int) error, is func(i int, c core.CallView) bool) error {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	if err := paced(ctx, len(h.calls), buildRate, ask); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	asked := time.Since(begun)
	var missing int
	from := len(h.board.State().Entries)
	st, err := h.board.Await(ctx, what, func(st client.State) bool {
		missing = 0
		for i := range h.calls {
			c, found := st.Calls[h.calls[i].ID]
			if !found || !is(i, c) {
				missing++
			}
		}
		return missing == 0
	})
	if err != nil {
		return fmt.Errorf("%s: not so for %d of %d calls after %s; since then in the timeline: %s", what, missing, len(h.calls), time.Since(begun).Round(time.Millisecond),
			summary(st.Entries[from:]))
	}
	h.say("  %s: asked in %.1f s, so for all after %.1f s", what, asked.Seconds(), time.Since(begun).Seconds())
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

// build makes all conferences, and asks the switch how many there are. Only what ends the bench is an error: conferences that do not come about are a result.
func (h *hall) build(ctx context.Context, out *hallResults) error {
	begun := time.Now()
	out.asked = len(h.calls)
	h.shift = h.r.floor.begin(tandemNumber, nil)
	h.r.floor.steadily(ctx, len(h.calls), buildRate)
	if err := h.talk(ctx, out); err != nil {
		return err
	}
	for k := range helpers {
		helper := func(i int) core.AgentID { return core.AgentID(agentName(len(h.calls)*(1+k) + i)) }
		err := h.step(ctx, fmt.Sprintf("consult %d", k+1), func(i int) error {
			return h.order(ctx, i, "consult", map[string]any{"to": map[string]any{"agent": helper(i)}})
		}, func(i int, c core.CallView) bool {
			return c.Consult != nil && c.Consult.Answered && c.Consult.Agent == helper(i)
		})
		if err != nil {
			return err
		}
		err = h.step(ctx, fmt.Sprintf("merge %d", k+1), func(i int) error { return h.order(ctx, i, "consult/merge", nil) }, func(_ int, c core.CallView) bool {
			return c.Consult == nil && !c.Held && len(c.People) == 3+k
		})
		if err != nil {
			return err
		}
	}
	out.built = time.Since(begun)
	out.completed = true
	// The rules have it so; the switch's last orders may be on their way.
	for deadline := time.Now().Add(5 * time.Second); ; {
		now, err := h.r.exchange.census(ctx)
		if err != nil {
			return err
		}
		if now.legs >= out.stood.legs {
			out.stood = now
		}
		if now == (census{conferenceLegs * out.asked, out.asked}) || time.Now().After(deadline) {
			break
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	h.say("  %d conferences built in %.1f s: the switch has %d legs in %d mixes", out.asked, out.built.Seconds(), out.stood.legs, out.stood.mixes)
	return nil
}

// talk waits until every caller talks to an agent.
func (h *hall) talk(ctx context.Context, out *hallResults) error {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	_, err := h.board.Await(ctx, "everybody to talk", func(st client.State) bool {
		out.talked = 0
		for _, c := range st.Calls {
			if c.Phase == core.Talking && out.talked < len(h.calls) {
				h.calls[out.talked] = c
				out.talked++
			}
		}
		return out.talked == len(h.calls)
	})
	if err != nil {
		return fmt.Errorf("callers reach agents: %d of %d", out.talked, out.asked)
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
	out.atPhones = h.r.floor.busy()
	h.say("  %d conferences ended in %.1f s: %d of their callers as they should; left on the switch: %d, phones in a call: %d%s", out.asked, out.ended.Seconds(), out.served, len(out.left),
		out.atPhones, bad(h.shift.failed))
	for _, line := range out.left {
		h.say("  LEFT: %s", line)
	}
	return nil
}

// conferences adds what was measured of them.
func (p *part) conferences(b brand, h hallResults, heard spread) {
	want := census{conferenceLegs * h.asked, h.asked}
	p.judge(fmt.Sprintf("conferences of %d at once: legs, and conferences, on the switch", conferenceLegs), "", fmt.Sprintf("%d, %d", h.stood.legs, h.stood.mixes),
		fmt.Sprintf("%d, %d", want.legs, want.mixes), h.completed && h.stood == want)
	p.tell("… built, taken down (s)", "", fmt.Sprintf("%.1f, %.1f", h.built.Seconds(), h.ended.Seconds()))
	p.tell(fmt.Sprintf("… while they stand, %s uses (cores)", b.title), "", fmt.Sprintf("%.2f", h.busy))
	p.judge("… left on the switch, at the phones", "", fmt.Sprintf("%d, %d", len(h.left), h.atPhones), "none", len(h.left) == 0 && h.atPhones == 0 && h.served == h.asked)
	p.tell("merge among them → everybody hears everybody, p50 (ms)", "", ms(heard.p50))
	p.within("… p95 (ms)", 0, heard.p95, b.goals.mergeP95, heard.n)
	p.tell("… max (ms), of how many", "", fmt.Sprintf("%s of %d", ms(heard.max), heard.n))
}
