package adapter

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

func TestLocks(t *testing.T) {
	var k Locks
	unlock, err := k.Lock(t.Context(), "b", "a", "b")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = k.Lock(ctx, "0", "a")
	require.ErrorIs(t, err, context.Canceled)
	unlock()
	unlock, err = k.Lock(t.Context(), "0", "a", "b")
	require.NoError(t, err)
	unlock()
	assert.Empty(t, k.held)
}

func TestQueue(t *testing.T) {
	q := NewQueue(3, func(n int) int { return n })
	q.Put(1)
	q.Put(2)
	got, err := q.Take(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2}, got)
	ended := errors.New("ended")
	q.Put(3)
	q.Close(ended)
	q.Close(errors.New("again"))
	q.Put(4)
	got, err = q.Take(t.Context(), got)
	require.NoError(t, err, "what was there before can be taken")
	assert.Equal(t, []int{3}, got)
	_, err = q.Take(t.Context(), got)
	require.ErrorIs(t, err, ended)
	require.ErrorIs(t, q.Err(), ended)

	for what, items := range map[string][]int{"too many": {1, 1, 1, 1}, "too large": {MaxQueuedBytes, 1}} {
		q := NewQueue(3, func(n int) int { return n })
		for _, n := range items {
			q.Put(n)
		}
		_, err := q.Take(t.Context(), nil)
		require.ErrorIs(t, err, ErrGap, what)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = NewQueue(1, func(int) int { return 0 }).Take(ctx, nil)
	require.ErrorIs(t, err, context.Canceled)
}

// TestOnceAfterARefusal: what was refused and then carried out is remembered for as long as everything else.
func TestOnceAfterARefusal(t *testing.T) {
	var o Once
	refusal := func(error) *engine.Refusal { return Refuse(core.WhyFailed, "busy") }
	done := 0
	do := func(id core.EffectID, err error) {
		_ = o.Do("leg", id, refusal, func() error {
			if id == 1 {
				done++
			}
			return err
		})
	}
	do(1, errors.New("busy"))
	for id := range core.EffectID(onceMemory - 2) {
		do(id+2, nil)
	}
	do(1, nil)
	do(onceMemory+10, nil)
	do(1, nil)
	assert.Equal(t, 2, done, "carried out twice: once refused, once done")
}

// TestOnce: what a switch refused is tried again, what it may have done is not.
func TestOnce(t *testing.T) {
	var o Once
	refusal := func(err error) *engine.Refusal {
		var r *engine.Refusal
		if !errors.As(err, &r) {
			return Refuse(core.WhyTimeout, "no answer")
		}
		return r
	}
	times := 0
	do := func(leg core.LegID, err error) error {
		return o.Do(leg, 1, refusal, func() error { times++; return err })
	}
	require.Error(t, do("a", Refuse(core.WhyFailed, "not now")))
	require.NoError(t, do("a", nil))
	require.NoError(t, do("a", errors.New("not asked")))
	assert.Equal(t, 2, times)
	require.Error(t, do("b", context.DeadlineExceeded))
	require.NoError(t, do("b", nil))
	assert.Equal(t, 3, times)
}

func TestCauseOfSIP(t *testing.T) {
	type cause struct {
		code core.CauseCode
		by   core.Party
	}
	of := func(status int, rang, phone bool) cause {
		code, by := CauseOfSIP(status, rang, phone)
		return cause{code, by}
	}
	for status, want := range map[int]cause{
		486: {core.CauseBusy, core.ByThem}, 603: {core.CauseDeclined, core.ByThem}, 503: {core.CauseCongestion, core.ByNetwork},
		302: {core.CauseRedirected, core.ByThem}, 488: {core.CauseRejected, core.ByThem},
	} {
		assert.Equal(t, want, of(status, true, true), "%d", status)
	}
	assert.Equal(t, cause{core.CauseNoAnswer, core.ByThem}, of(480, true, true))
	assert.Equal(t, cause{core.CauseUnreachable, core.ByThem}, of(480, false, true))
	assert.Equal(t, cause{core.CauseNoAnswer, core.ByThem}, of(408, true, false))
	assert.Equal(t, cause{core.CauseUnreachable, core.ByNetwork}, of(408, false, false))
	assert.Equal(t, cause{core.CauseUnreachable, core.ByThem}, of(404, false, true), "a phone that is not there")
	assert.Equal(t, cause{core.CauseUnallocated, core.ByThem}, of(404, false, false), "a number that is nobody's")

	assert.Equal(t, core.CauseCancelled, OwnCause(core.CauseNormal, true, false))
	assert.Equal(t, core.CauseNormal, OwnCause(core.CauseNormal, true, true))
	assert.Equal(t, core.CauseNormal, OwnCause(core.CauseNormal, false, false))
	assert.Equal(t, core.CauseAnsweredElsewhere, OwnCause(core.CauseAnsweredElsewhere, true, false))
}

// TestChecks: a refusal names the field and its rule.
func TestChecks(t *testing.T) {
	for field, err := range map[string]error{
		"to:":              CheckAddress(core.Address{}, true),
		"to.phone:":        CheckAddress(core.Address{Phone: "10/01"}, true),
		"to.switch:":       CheckAddress(core.Address{Phone: "1001", Switch: "a|b"}, true),
		"to.number:":       CheckAddress(core.Address{Number: "+49 30"}, true),
		"to.trunk:":        CheckAddress(core.Address{Number: "+4930"}, true),
		"media: must name": CheckMedia(nil),
		"media: a prompt":  CheckMedia([]string{"../x"}),
		"members: leg":     CheckMembers([]core.Member{{Leg: "a", Mode: core.Talk}, {Leg: "a", Mode: core.Talk}}),
		"members: unknown": CheckMembers([]core.Member{{Leg: "a"}}),
		"members: music":   CheckMembers([]core.Member{{Leg: "a", Mode: core.Hold, Music: "a b"}}),
	} {
		var r *engine.Refusal
		require.ErrorAs(t, err, &r, field)
		assert.Equal(t, core.WhyInvalid, r.Why)
		assert.Contains(t, r.Text, field)
	}
	require.NoError(t, CheckAddress(core.Address{Number: "+4930"}, false))
	require.NoError(t, CheckAddress(core.Address{Phone: "1001", Switch: "b"}, true))
	require.NoError(t, CheckMedia([]string{"a/b"}))
	require.NoError(t, CheckMembers([]core.Member{{Leg: "a", Mode: core.Hold, Music: "default"}}))
}

func TestText(t *testing.T) {
	assert.Equal(t, "Zoë", Clean(" Z\no\u200bë\u202e\xff ", 80))
	assert.Equal(t, "abc", Clean("abcdef", 3))
	number, name := CalledBy("Anonymous", "anonymous")
	assert.Empty(t, number+name)
	number, name = CalledBy("4930", "Private")
	assert.Equal(t, "4930 Private", number+" "+name, "a name is a name where there is a number")
}
