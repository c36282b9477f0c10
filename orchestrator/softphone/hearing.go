package softphone

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// steady is how long something must be heard before an await believes it.
const steady = 300 * time.Millisecond

// Now returns what is heard, over the last 200 ms.
func (e *Ear) Now() Heard {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heard(e.changes[len(e.changes)-1])
}

// Level returns how loud a known tone is, in dB relative to a tone of full scale; phones speak at -18. Negative infinity is silence, NaN an unknown frequency.
func (e *Ear) Level(hz float64) float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := slices.Index(e.freqs, hz)
	if i < 0 {
		return math.NaN()
	}
	return 20 * math.Log10(e.level[i])
}

// History returns every change of what was heard, in order. The first entry is the silence of the beginning.
func (e *Ear) History() []Heard {
	e.mu.Lock()
	defer e.mu.Unlock()
	history := make([]Heard, 0, len(e.changes))
	for _, c := range e.changes {
		history = append(history, e.heard(c))
	}
	return history
}

// LongestWithout returns the longest time between from and to in which a known tone was not heard; to - from if it never was. Interruptions of up
// to 40 ms count as none.
func (e *Ear) LongestWithout(hz float64, from, to time.Time) (time.Duration, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := slices.Index(e.freqs, hz)
	if i < 0 {
		return 0, fmt.Errorf("%g Hz is none of the frequencies that this ear knows", hz)
	}
	if e.since[i].IsZero() {
		return to.Sub(from), nil
	}
	gaps := append(slices.Clone(e.gaps[i]), Gap{From: e.since[i], To: e.clock})
	if first := e.firstHeard(i); first.After(from) {
		gaps = append(gaps, Gap{From: from, To: first})
	}
	return longest(gaps, from, to), nil
}

// firstHeard returns when a tone was heard for the first time. The caller holds mu.
func (e *Ear) firstHeard(i int) time.Time {
	for _, c := range e.changes {
		if c.known&(1<<i) != 0 {
			return c.at
		}
	}
	return e.since[i]
}

// LongestPacketGap returns the longest time between from and to without an RTP packet, by the stream's own clock; up to 40 ms count as none.
func (e *Ear) LongestPacketGap(from, to time.Time) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.began {
		return to.Sub(from)
	}
	return longest(append(slices.Clone(e.packetGaps), Gap{From: e.lastPacket, To: e.clock}), from, to)
}

func longest(gaps []Gap, from, to time.Time) time.Duration {
	var most time.Duration
	for _, g := range gaps {
		if g.From.Before(from) {
			g.From = from
		}
		if g.To.After(to) {
			g.To = to
		}
		if d := g.To.Sub(g.From); d > leastGap {
			most = max(most, d)
		}
	}
	return most
}

// Await returns when what is heard has matched for 300 ms without a break, at the time of the call or later. what names it for the error, which tells
// what was heard instead.
func (e *Ear) Await(ctx context.Context, what string, match func(Heard) bool) error {
	e.mu.Lock()
	e.waiting++
	defer func() {
		e.mu.Lock()
		e.waiting--
		e.mu.Unlock()
	}()
	for {
		now := e.heard(e.changes[len(e.changes)-1])
		since, ok := e.matchingSince(match)
		enough := ok && e.clock.Sub(since) >= steady
		news := e.news
		e.mu.Unlock()
		if enough {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return fmt.Errorf("listening for %s: %w; heard %s; before: %s", what, context.Cause(ctx), now, e.recently())
		}
		e.mu.Lock()
	}
}

// matchingSince returns since when everything that was heard has matched. The caller holds mu.
func (e *Ear) matchingSince(match func(Heard) bool) (since time.Time, ok bool) {
	for i := len(e.changes) - 1; i >= 0 && match(e.heard(e.changes[i])); i-- {
		since, ok = e.changes[i].at, true
		if e.clock.Sub(since) >= steady {
			break
		}
	}
	return since, ok
}

// recently lists the last changes for an error.
func (e *Ear) recently() string {
	history := e.History()
	if len(history) > 8 {
		history = history[len(history)-8:]
	}
	parts := make([]string, 0, len(history))
	for _, h := range history {
		parts = append(parts, fmt.Sprintf("%s %s", h.At.Format("15:04:05.000"), h))
	}
	return strings.Join(parts, ", ")
}

var errNoEar = errors.New("the phone is signalling only: it hears nothing")

// Ear returns the call's ear: nil with Config.SignallingOnly, and for an incoming call until it is answered.
func (c *Call) Ear() *Ear {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sound == nil {
		return nil
	}
	return c.sound.ear
}

// Heard returns what the call's audio is now; silence without an ear.
func (c *Call) Heard() Heard {
	if e := c.Ear(); e != nil {
		return e.Now()
	}
	return Heard{}
}

// Hears returns when exactly the wanted tones (Hz) are heard and nothing else, for 300 ms. It fails when ctx or the call ends.
func (c *Call) Hears(ctx context.Context, want ...float64) error {
	set := slices.Clone(want)
	slices.Sort(set)
	set = slices.Compact(set)
	return c.hears(ctx, Heard{Tones: set}.String(), func(h Heard) bool { return !h.Other && slices.Equal(h.Tones, set) })
}

// HearsSilence returns when nothing has been heard for 300 ms.
func (c *Call) HearsSilence(ctx context.Context) error {
	return c.hears(ctx, "silence", Heard.Silent)
}

// HearsOther returns when something that is none of the known tones is heard, and none of these: music, a prompt.
func (c *Call) HearsOther(ctx context.Context) error {
	return c.hears(ctx, "music or another sound without tones", func(h Heard) bool { return h.Other && len(h.Tones) == 0 })
}

// HearsMatching returns when match has held for 300 ms; what names it for the error.
func (c *Call) HearsMatching(ctx context.Context, what string, match func(Heard) bool) error {
	return c.hears(ctx, what, match)
}

func (c *Call) hears(ctx context.Context, what string, match func(Heard) bool) error {
	e := c.Ear()
	if e == nil {
		if c.phone.cfg.SignallingOnly {
			return fmt.Errorf("%s, %s: %w", c.phone.cfg.User, c, errNoEar)
		}
		return fmt.Errorf("%s, %s: listening for %s before there is audio: %w", c.phone.cfg.User, c, what, ErrEnded)
	}
	ctx, cancel := c.during(ctx)
	defer cancel()
	if err := e.Await(ctx, what, match); err != nil {
		return fmt.Errorf("%s, %s: %w", c.phone.cfg.User, c, err)
	}
	return nil
}

// Span is a stretch of a recording in which the same was heard.
type Span struct {
	From, To time.Duration
	Heard    Heard
}

// Analyse listens to a recording as a phone listens to a call. The edges of spans are exact to about 200 ms.
func Analyse(samples []int16, listenFor ...float64) []Span {
	e := newEar(listenFor)
	begin := time.Unix(0, 0)
	e.clock, e.changes = begin, []change{{at: begin}}
	for len(samples) >= frameSamples {
		e.block(samples[:frameSamples])
		samples = samples[frameSamples:]
	}
	var spans []Span
	for i, c := range e.changes {
		to := e.clock
		if i+1 < len(e.changes) {
			to = e.changes[i+1].at
		}
		if to.After(c.at) {
			spans = append(spans, Span{From: c.at.Sub(begin), To: to.Sub(begin), Heard: e.heard(c)})
		}
	}
	return spans
}
