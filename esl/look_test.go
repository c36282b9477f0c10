package esl

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// tables makes the fake a switch that writes its tables late: by so many questions.
func tables(f *fakeSwitch, late int, channels string) {
	var mu sync.Mutex
	var marked string
	f.on("sendevent ", func(c *fakeConn, command string) bool {
		mu.Lock()
		marked = header(command, "Task-Group")
		mu.Unlock()
		return says("+OK")(c, command)
	})
	f.on("api show tasks", func(c *fakeConn, command string) bool {
		mu.Lock()
		defer mu.Unlock()
		if late--; late > 0 {
			return answers(`{"row_count":0}`)(c, command)
		}
		return answers(`{"row_count":1,"rows":[{"task_group":"`+marked+`"}]}`)(c, command)
	})
	f.on("api show channels", func(c *fakeConn, command string) bool {
		mu.Lock()
		defer mu.Unlock()
		if late > 0 {
			return answers(`{"row_count":0}`)(c, command)
		}
		return answers(channels)(c, command)
	})
	f.on("api conference", answers("+OK No active conferences.\n"))
}

// channelSays answers the question for a channel: a caller whom we have taken, who stands in silence.
func channelSays(f *fakeSwitch, id core.LegID) {
	f.on("api uuid_exists "+string(id), answers("true"))
	f.on("api uuid_dump "+string(id), answers(`{"Answer-State":"answered","Call-Direction":"inbound","variable_tandem_from":"phone","variable_tandem_taken":"true","variable_current_application":"park"}`))
}

func listing(id core.LegID) string { return `{"row_count":1,"rows":[{"uuid":"` + string(id) + `"}]}` }

func legsOf(v *wholeView) (ids []core.LegID) {
	for _, l := range v.snapshot.Legs {
		ids = append(ids, l.Leg)
	}
	return ids
}

// TestLookWaitsForTheTable: the switch writes its table of channels late. What a look after a connect does not have is over for the rules: so it waits until everything is in the table.
func TestLookWaitsForTheTable(t *testing.T) {
	f := newFake(t)
	e := deafEngine(t)
	p, _, _ := f.paired(t, f.pairConfig())
	tables(f, 20, listing(legA)) // longer than it ever took on a calm switch
	channelSays(f, legA)
	f.on("api status", answers("1 session(s) - peak 1\n"))
	v, err := e.look(soon(t), p, true)
	require.NoError(t, err)
	assert.Equal(t, []core.LegID{legA}, legsOf(v))
	var marks []string
	for _, c := range f.seen() {
		if strings.HasPrefix(c, "sendevent") {
			marks = append(marks, c)
		}
	}
	assert.Equal(t, []string{"sendevent ADD_SCHEDULE", "sendevent DEL_SCHEDULE"}, marks, "nothing stays behind")
}

// TestLookAtATableThatStaysBehind: nothing is said of a switch whose table does not come.
func TestLookAtATableThatStaysBehind(t *testing.T) {
	f := newFake(t)
	e := deafEngine(t)
	e.cfg.EffectTimeout = time.Second
	p, _, _ := f.paired(t, f.pairConfig())
	tables(f, 1<<30, listing(legA))
	_, err := e.look(soon(t), p, true)
	require.ErrorContains(t, err, "wait for the switch's tables")
}

// TestLookAsksForWhoIsNotListed: a row that the switch could not write into its table is given up, and the channel lives.
func TestLookAsksForWhoIsNotListed(t *testing.T) {
	for what, thorough := range map[string]bool{"after a connect": true, "on the beat": false} {
		t.Run(what, func(t *testing.T) {
			f := newFake(t)
			e := talkers(t)
			p, _, _ := f.paired(t, f.pairConfig())
			tables(f, 0, `{"row_count":0}`)
			f.on("bgapi show channels", func(c *fakeConn, command string) bool {
				id := header(command, "Job-UUID")
				ev := parseEvent("Event-Name: BACKGROUND_JOB\nJob-UUID: " + id + "\nContent-Length: 15\n\n" + `{"row_count":0}`)
				go e.translate(ev)
				return c.write("Content-Type: command/reply\nReply-Text: +OK Job-UUID: " + id + "\nJob-UUID: " + id + "\n\n")
			})
			f.on("api uuid_exists", answers("false"))
			channelSays(f, legA)
			v, err := e.look(soon(t), p, thorough)
			require.NoError(t, err)
			assert.Equal(t, []core.LegID{legA}, legsOf(v))
		})
	}
}

// TestLookIsNotBehindThePhones: a switch that takes its time to say who is registered is looked at all the same.
func TestLookIsNotBehindThePhones(t *testing.T) {
	f := newFake(t)
	tables(f, 0, `{"row_count":0}`)
	f.on("api status", answers("1 session(s) - peak 1\n"))
	e, err := New(Config{ID: "f1", Addr: f.config().addr, Password: fakePassword, Beat: time.Millisecond, Logger: quiet()})
	require.NoError(t, err)
	looked := make(chan struct{})
	once := sync.OnceFunc(func() { close(looked) })
	f.on("bgapi show channels", func(c *fakeConn, command string) bool {
		once()
		id := header(command, "Job-UUID")
		return c.write("Content-Type: command/reply\nReply-Text: +OK Job-UUID: " + id + "\nJob-UUID: " + id + "\n\n")
	})
	ctx, cancel := context.WithCancel(t.Context())
	var crew sync.WaitGroup
	defer crew.Wait()
	defer cancel()
	crew.Go(func() { _ = e.Run(ctx, engine.SinkFunc(func(core.Fact) {})) })
	select {
	case <-looked: // and nobody has answered who is registered
	case <-soon(t).Done():
		t.Fatal("the switch is not looked at")
	}
}

// TestHangIsNotGivenUp: a bridge of which the switch tells nothing is no reason to leave a leg there.
func TestHangIsNotGivenUp(t *testing.T) {
	for what, c := range map[string]struct {
		leg     core.LegID
		prepare func(*fakeSwitch, *Engine)
	}{
		"it does not begin":        {legA, func(_ *fakeSwitch, e *Engine) { e.meet("m2", legA, legB) }},
		"nothing is said about it": {callerLeg, func(f *fakeSwitch, _ *Engine) { f.on("api json", keepsSilent) }},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			e, _ := bridgedAt(t, f)
			e.cfg.EffectTimeout = 9 * time.Second
			f.on("api uuid_dump", keepsSilent)
			c.prepare(f, e)
			_ = e.Do(soon(t), core.Effect{ID: 1, Do: core.Hang{Leg: c.leg}}) // of a switch that says nothing, no answer comes
			assert.Eventually(t, func() bool {
				return slices.ContainsFunc(f.seen(), func(said string) bool { return strings.HasPrefix(said, "api uuid_kill "+string(c.leg)) })
			}, 10*time.Second, time.Millisecond, "ordered: %q", f.seen())
		})
	}
}

// TestTakenWithoutAnAnswer: a call whose patience was taken away by an order that the switch answers too late is ours. Nobody else would look after it.
func TestTakenWithoutAnAnswer(t *testing.T) {
	f := newFake(t)
	e := deafEngine(t)
	p, _, _ := f.paired(t, f.pairConfig())
	p.commands.cfg.apiTimeout = 50 * time.Millisecond
	var crew sync.WaitGroup
	defer crew.Wait()
	e.pair, e.spawn = p, func(f func(context.Context)) { crew.Go(func() { f(t.Context()) }) }
	said := []string{"+OK Deleted: 1\n", "+OK Deleted: 0\n"}
	f.on("api sched_del", func(c *fakeConn, command string) bool {
		answer := said[0]
		if len(said) > 1 {
			said = said[1:]
			time.Sleep(2 * 50 * time.Millisecond) // as long as it takes the switch
		}
		return answers(answer)(c, command)
	})
	f.says(t, legA, stands(programState, programState, "park", "").with("variable_"+fromVariable, "trunk"))
	assert.Empty(t, feed(e, legEvent("CHANNEL_PARK", legA, "Call-Direction: inbound", "variable_tandem_from: trunk")))
	batch, err := p.take(soon(t), nil)
	require.NoError(t, err)
	require.Len(t, batch, 1)
	assert.Equal(t, []core.Fact{core.LegAppeared{Engine: "f1", Leg: legA}}, e.facts(batch[0]))
}

// TestACallThatIsBeingTakenIsNotForgotten: a look leaves it out until it is ours. However many looks a slow switch needs for that, it is told of then.
func TestACallThatIsBeingTakenIsNotForgotten(t *testing.T) {
	e := deafEngine(t)
	assert.Empty(t, feed(e, legEvent("CHANNEL_PARK", legA, "Call-Direction: inbound", "variable_tandem_from: trunk")))
	for range 3 {
		e.seen(&wholeView{begun: time.Now()})
	}
	assert.Equal(t, []core.Fact{core.LegAppeared{Engine: "f1", Leg: legA}}, e.facts(item{aside: taken{legA}}))
}

// TestDialsHoldNobodyUp: FreeSWITCH waits for a dial's thread to begin before it reads on, for up to two seconds when it is busy. Orders go another way.
func TestDialsHoldNobodyUp(t *testing.T) {
	f := newFake(t)
	e, _ := bridgedAt(t, f)
	begins, reached := make(chan struct{}), make(chan struct{})
	f.on("bgapi originate", func(c *fakeConn, command string) bool {
		close(reached)
		<-begins
		id := header(command, "Job-UUID")
		return c.write("Content-Type: command/reply\nReply-Text: +OK Job-UUID: " + id + "\nJob-UUID: " + id + "\n\n")
	})
	f.on("api uuid_exists", answers("false"))
	var crew sync.WaitGroup
	crew.Go(func() {
		assert.NoError(t, e.Do(soon(t), core.Effect{ID: 1, Do: core.Dial{Leg: "0ccccccc-0000-4000-8000-000000000001", To: core.Address{Phone: "1001"}}}))
	})
	<-reached
	require.NoError(t, e.Do(soon(t), core.Effect{ID: 2, Do: core.Hang{Leg: legA}}))
	close(begins)
	crew.Wait()
}
