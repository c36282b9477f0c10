package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/loop"
)

// Shard is a [Live] on the loop that runs the shard in this process.
type Shard struct{ *loop.Loop }

// Do implements [Live].
func (s Shard) Do(ctx context.Context, in core.Intent) error { return fromLoop(s.Loop.Do(ctx, in)) }

// Config implements [Live].
func (s Shard) Config(ctx context.Context, change core.ConfigChanged) error {
	return fromLoop(s.Loop.Config(ctx, change))
}

// Explain implements [Live].
func (s Shard) Explain(ctx context.Context, id core.CallID) (core.Explanation, bool, error) {
	e, found, err := s.Loop.Explain(ctx, id)
	return e, found, fromLoop(err)
}

// Reveal implements [Live].
func (s Shard) Reveal(ctx context.Context, id core.CallID, variable string) (string, core.CallView, bool, error) {
	var (
		value string
		call  core.CallView
		found bool
	)
	// Read only if the answer came: an abandoned query that runs later races with nobody.
	err := s.Query(ctx, func(shard *core.Shard) {
		if call, found = shard.Call(id); found {
			value, found = shard.Reveal(id, variable)
		}
	})
	if err != nil {
		return "", core.CallView{}, false, fromLoop(err)
	}
	return value, call, found, nil
}

// View implements [Live].
func (s Shard) View() View { return loopView{s.Loop.View()} }

// Status implements [Live].
func (s Shard) Status() LiveStatus {
	phase := s.Phase()
	return LiveStatus{
		Owner:    phase == loop.PhaseServing || phase == loop.PhaseDegraded,
		Degraded: phase == loop.PhaseDegraded,
		Detail:   string(phase),
	}
}

// Subscribe implements [Live].
func (s Shard) Subscribe(after *uint64) (Stream, error) {
	if after != nil {
		sub, err := s.Loop.Subscribe(*after)
		if err == nil {
			return &loopStream{sub: sub}, nil
		}
		if !errors.Is(err, loop.ErrTooOld) {
			return nil, fromLoop(err)
		}
	}
	v, sub, err := s.Follow()
	if err != nil {
		return nil, fromLoop(err)
	}
	return &loopStream{first: loopView{v}, sub: sub}, nil
}

type loopView struct{ *loop.View }

func (v loopView) Position() uint64 { return v.Seq }

type loopStream struct {
	first View
	sub   *loop.Subscription
	last  time.Time // when Next has answered last
}

func (s *loopStream) Snapshot() View { return s.first }

func (s *loopStream) Close() {}

// StreamPause is how often a stream of a busy shard answers: a reader sees what happens at most so much later. All streams answer at the same moments, so that what is written to
// one can be written to all others that see the same.
const StreamPause = 30 * time.Millisecond

// asked is a context in which nothing is waited for.
var asked = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func (s *loopStream) Next(ctx context.Context) (Batch, error) {
	from := s.sub.Seq()
	u, err := s.sub.Next(ctx)
	if err != nil {
		return Batch{}, fromLoop(err)
	}
	if err := s.pause(ctx); err != nil {
		return Batch{}, err
	}
	updates := []loop.Update{u}
	for {
		u, err := s.sub.Next(asked) //nolint:contextcheck // is not to wait
		if errors.Is(err, context.Canceled) {
			break
		}
		if err != nil {
			return Batch{}, fromLoop(err)
		}
		updates = append(updates, u)
	}
	s.last = time.Now()
	return Batch{From: from, To: s.sub.Seq(), Changes: func() []Change { return changesOf(updates) }}, nil
}

// pause lets the rest of the present pause go by, unless it is long since there was anything.
func (s *loopStream) pause(ctx context.Context) error {
	now := time.Now()
	if now.Sub(s.last) >= StreamPause {
		return nil
	}
	timer := time.NewTimer(now.Truncate(StreamPause).Add(StreamPause).Sub(now))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func changesOf(updates []loop.Update) []Change {
	out := make([]Change, len(updates))
	for i, u := range updates {
		out[i] = Change{
			Position: u.Seq,
			Calls:    u.Calls, GoneCalls: u.GoneCalls,
			Agents: u.Agents, GoneAgents: u.GoneAgents,
			Queues: u.Queues, GoneQueues: u.GoneQueues,
			Engines: u.Engines, GoneEngines: u.GoneEngines,
		}
		for _, line := range u.Timeline {
			out[i].Entries = append(out[i].Entries, line.Entry)
		}
	}
	return out
}

// fromLoop puts the loop's errors into the words of the API. A stopped loop may have carried the request out: the client is told to ask again, and
// its command id sees to it that this does no harm.
func fromLoop(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, loop.ErrBusy):
		return fmt.Errorf("%w (%w)", ErrBusy, err)
	case errors.Is(err, loop.ErrStandby), errors.Is(err, loop.ErrStopped):
		return fmt.Errorf("%w (%w)", ErrNotOwner, err)
	case errors.Is(err, loop.ErrTooSlow):
		return fmt.Errorf("%w (%w)", ErrTooSlow, err)
	default:
		return err
	}
}
