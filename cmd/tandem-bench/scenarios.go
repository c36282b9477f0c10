package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// results is what one of the two contestants did.
type results struct {
	idle, next      spread
	rushed          int // calls placed in the rush
	rushServed      int
	rushIdle        spread // caller's to phone's INVITE during the rush
	failed          map[string]int
	perCall         times // processor time of the rush, per call
	residentKB      int64
	idleBad, nowBad map[string]int // failures of the first two scenarios
}

// spread is a distribution of durations.
type spread struct {
	n                  int
	p50, p95, p99, max time.Duration
}

func spreadOf(all []time.Duration) spread {
	if len(all) == 0 {
		return spread{}
	}
	s := slices.Sorted(slices.Values(all))
	return spread{n: len(s), p50: s[(len(s)-1)/2], p95: s[(len(s)-1)*95/100], p99: s[(len(s)-1)*99/100], max: s[len(s)-1]}
}

func (s spread) String() string {
	if s.n == 0 {
		return "nothing measured"
	}
	return fmt.Sprintf("%s / %s / %s (%d)", ms(s.p50), ms(s.p99), ms(s.max), s.n)
}

func ms(d time.Duration) string {
	v := float64(d) / float64(time.Millisecond)
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// finishLimit is how long the calls of a scenario may take to end.
const finishLimit = 20 * time.Second

// play puts one contestant through the three scenarios.
func (r *rig) play(ctx context.Context, p plan, number string, say func(string, ...any)) (results, error) {
	var out results
	// A few calls first: what is done once (connections, statements, caches) is not what is measured.
	warm := r.floor.begin(number, between(50*time.Millisecond, 100*time.Millisecond))
	r.floor.steadily(ctx, min(p.idleCalls, 40), 20)
	r.floor.finish(ctx, warm)

	if p.does(idle) {
		s := r.floor.begin(number, between(250*time.Millisecond, 350*time.Millisecond))
		r.floor.steadily(ctx, p.idleCalls, p.idleRate)
		r.floor.finish(ctx, s)
		out.idle, out.idleBad = spreadOf(s.answerAfter), s.failed
		say("  agents idle: caller's INVITE to agent's INVITE, p50 / p99 / max ms (calls): %s%s", out.idle, bad(s.failed))
	}
	if p.does(backlog) {
		s := r.floor.begin(number, r.backlogTalk(p))
		r.floor.crowded(ctx, s, p.agents+p.waiting, 50, p.backlogTime)
		r.floor.finish(ctx, s)
		out.next, out.nowBad = spreadOf(s.nextAfter), s.failed
		say("  callers waiting: agent's BYE to the next INVITE there: %s%s", out.next, bad(s.failed))
	}
	if p.does(rush) {
		if err := r.rush(ctx, p, number, &out, say); err != nil {
			return out, err
		}
	}
	return out, ctx.Err()
}

// rush places calls on schedule, and asks what they cost.
func (r *rig) rush(ctx context.Context, p plan, number string, out *results, say func(string, ...any)) error {
	before, err := r.times()
	if err != nil {
		return err
	}
	rate := p.rushRate(r.brand)
	s := r.floor.begin(number, func() time.Duration { return 500 * time.Millisecond })
	r.floor.steadily(ctx, int(rate*p.rushTime(r.brand).Seconds()), rate)
	r.floor.finish(ctx, s)
	r.settle(ctx)
	after, err := r.times()
	if err != nil {
		return err
	}
	out.rushed, out.rushServed, out.failed, out.rushIdle = s.placed, s.served, s.failed, spreadOf(s.answerAfter)
	out.perCall = after.since(before)
	n := time.Duration(max(s.served, 1))
	out.perCall = times{out.perCall.exchange / n, out.perCall.tandem / n, out.perCall.postgres / n, out.perCall.redis / n}
	if r.tandem != nil {
		if out.residentKB, err = residentKB(r.tandem.pid); err != nil {
			return err
		}
	}
	say("  rush: %d of %d calls served%s; INVITE to INVITE %s; processor ms per call: %s %s, Tandem %s, PostgreSQL %s, Redis %s", s.served, s.placed,
		bad(s.failed), out.rushIdle, r.brand.title, ms(out.perCall.exchange), ms(out.perCall.tandem), ms(out.perCall.postgres), ms(out.perCall.redis))
	return nil
}

// settle waits until Tandem has nothing left to do: records and jobs that follow from the calls are part of what a call costs.
func (r *rig) settle(ctx context.Context) {
	const beat, idle, limit = 500 * time.Millisecond, 20 * time.Millisecond, 60
	before, err := r.times()
	for range limit {
		if err != nil || pause(ctx, beat) != nil {
			return
		}
		var now times
		if now, err = r.times(); now.tandem-before.tandem <= idle {
			return
		}
		before = now
	}
}

// backlogTalk is so long that all agents together end 25 talks a second, at moments that are spread out.
func (r *rig) backlogTalk(p plan) func() time.Duration {
	mean := time.Duration(float64(p.agents) / 25 * float64(time.Second))
	return between(mean/2, mean*3/2)
}

func bad(failed map[string]int) string {
	if len(failed) == 0 {
		return ""
	}
	var parts []string
	for why, n := range failed {
		parts = append(parts, fmt.Sprintf("%d %s", n, why))
	}
	slices.Sort(parts)
	return "; FAILED: " + strings.Join(parts, ", ")
}
