package main

import (
	"context"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// scene is a busy moment of a call centre: three conversations (one held, one recorded, one plain), an agent in wrap-up, two phones that ring, and five callers
// who wait. Whatever fails then, nothing of it may be lost.
type scene struct {
	*stack
	held, taped, plain *talk
	wrapping           *seat
	wrapUp             core.WrapUpView
	done               *caller      // whose call is being wrapped up
	long, brief        *ringing     // one whose phone rings on, one whose ring time ends soon
	waiting            []*caller    // in the order in which they called
	line               []*caller    // in the order in which they shall be served
	heldSince          time.Time    // the held customer hears music since
	musicSince         time.Time    // all who wait hear music since
	stands             time.Time    // when all was as described
	mark               int          // of the timeline: what comes behind is after the scene
	before             client.State // the board at the end of the scene
	gone               *caller      // who gave up during the failure
	late               *caller      // who called during the failure
}

type ringing struct {
	desk   *seat
	caller *caller
	call   *softphone.Call
}

const (
	salesNumber  = "+4930100" // waits, rings for two minutes
	urgentNumber = "+4930101" // the same queue, in front of the others
	briefNumber  = "+4930102" // rings shortly, and comes before all else
	tapedNumber  = "+4930103" // is recorded
	afterNumber  = "+4930104" // has a wrap-up
)

// aftermath is what a failure leaves behind that a calm day would not have.
type aftermath struct {
	// fallback: while it lasted the dialplan served the calls that came in. Otherwise they waited until they were noticed.
	fallback bool
	// gone is what is on record of a caller who hung up meanwhile.
	gone core.CallOutcome
	// missed: the ring time that ran out meanwhile is held against the agent, because it is certain that the phone rang.
	missed bool
	// told: a leg that was hung up meanwhile may be told to be gone by the refusal of that order, which then needs no repair.
	told bool
	// repairs is what Tandem had to mend, and nothing else.
	repairs map[string]float64
}

// unseen is the aftermath of a failure during which nobody saw what happened on the switch.
func unseen() aftermath {
	return aftermath{
		fallback: true,
		gone:     core.CallLost, // nobody saw how they went: all that is known is that they were gone
		repairs: map[string]float64{
			"leg_gone":      2, // who gave up, and the phone on which the switch gave up
			"answer_missed": 1, // the phone that was answered
		},
	}
}

// briefRing is short against a failure: the switch gives up on the phone by itself in the middle of it.
const briefRing = 4 * time.Second

// The voices of the recorded customer during and after the failure; no phone speaks so.
var (
	toneDuring = softphone.Tone(softphone.ToneCount - 1)
	toneAfter  = softphone.Tone(softphone.ToneCount - 2)
)

func newScene(s *stack) *scene {
	s.t.Helper()
	s.addQueue("sales", salesNumber, 0, nil)
	s.add("entry-points", map[string]any{"id": "urgent", "tenant": "acme", "name": "urgent", "numbers": []string{urgentNumber}, "queue": "sales", "priority": 5})
	s.addQueue("brief", briefNumber, 9, map[string]any{"ring_time": briefRing.Seconds()})
	s.addQueue("taped", tapedNumber, 0, map[string]any{"record": true})
	s.addQueue("after", afterNumber, 0, map[string]any{"wrap_up": map[string]any{"time": 300, "reasons": []string{"sale", "question"}}})

	k := &scene{stack: s}
	k.held = s.connects(salesNumber, s.desks[0])
	k.taped = s.connects(tapedNumber, s.desks[1])
	k.plain = s.connects(salesNumber, s.desks[2])
	k.taped.caller.awaits("to be recorded", func(v core.CallView) bool { return v.Recording != nil && v.Recording.State == core.RecordingOn })
	k.held.caller.order(k.held.id, "hold")
	require.NoError(s.t, k.held.caller.Hears(s.soon(), music...), "the held customer")
	k.heldSince = time.Now()

	ended := s.connects(afterNumber, s.desks[3])
	ended.caller.hangUp()
	k.wrapping, k.done = ended.desk, ended.caller
	k.wrapUp = *s.is(k.wrapping, core.WrapUp).WrapUp

	k.long = &ringing{desk: s.desks[4], caller: s.dial(salesNumber)}
	k.long.caller.is(core.Waiting)
	s.set(k.long.desk, core.Available)
	k.long.call = s.rings(k.long.desk)
	require.NoError(s.t, k.long.call.Ring())

	for _, number := range []string{salesNumber, salesNumber, urgentNumber, salesNumber, salesNumber} {
		c := s.dial(number)
		c.is(core.Waiting)
		k.waiting = append(k.waiting, c)
	}
	w := k.waiting
	k.line, k.gone = []*caller{w[2], w[0], w[3], w[4]}, w[1]
	for _, c := range append(slices.Clone(w), k.long.caller) {
		require.NoError(s.t, c.Hears(s.soon(), music...), "a waiting customer")
	}
	k.musicSince = time.Now()

	k.brief = &ringing{desk: s.desks[5], caller: s.dial(briefNumber)}
	k.brief.caller.is(core.Waiting)
	require.NoError(s.t, k.brief.caller.Hears(s.soon(), music...), "who does not wait long is answered too, before the failure")
	k.patience(2) // as everywhere but in tests
	s.set(k.brief.desk, core.Available)
	k.brief.call = s.rings(k.brief.desk)
	for _, r := range []*ringing{k.long, k.brief} {
		require.Equal(s.t, r.caller.number, r.call.Invite.From)
		r.caller.awaits("to be heard ringing", func(v core.CallView) bool { return len(v.Offers) == 1 && v.Offers[0].Ringing })
	}
	k.before, k.stands = s.board.State(), time.Now()
	k.mark = len(k.before.Entries)
	return k
}

// patience is what each switch has with calls that nobody takes, in seconds.
func (k *scene) patience(seconds int) {
	for _, x := range k.switches {
		if x.patience != nil {
			x.patience(seconds)
		}
	}
}

// apart is what people do during a failure that takes Tandem away from its switch, which knows of it. Who calls meanwhile is served by the dialplan.
func (k *scene) apart() aftermath {
	k.t.Helper()
	k.meanwhile(func() {
		if forgets := k.switches[0].forgets; forgets != nil {
			require.NoError(k.t, forgets(k.soon()))
		}
		k.late = k.dial(salesNumber)
		end, err := k.late.AwaitEnd(k.soon())
		require.NoError(k.t, err)
		require.Equal(k.t, softphone.Refused, end.Kind)
		require.Equal(k.t, 503, end.Code, "who calls now is served by the dialplan")
	})
	return unseen()
}

// unnoticed is what people do during a failure of which the switch knows nothing. Who calls meanwhile is handed over to Tandem, and waits for it.
func (k *scene) unnoticed() {
	k.t.Helper()
	k.meanwhile(func() {
		if believes := k.switches[0].believes; believes != nil {
			require.NoError(k.t, believes(k.soon()))
		}
		k.late = k.dial(salesNumber)
	})
}

// meanwhile is what people do who know nothing of the failure: one who waits gives up, a phone that rings is answered, somebody calls, the conversations go on.
func (k *scene) meanwhile(calls func()) {
	t := k.t
	t.Helper()
	k.taped.caller.Say(softphone.ToneVoice(toneDuring))
	k.gone.hangUp()
	k.answers(k.long.call)
	calls()
	require.NoError(t, k.taped.call.Hears(k.soon(), toneDuring), "the recorded conversation goes on")
	_, err := k.brief.call.Await(k.soon(), softphone.Is(softphone.Cancelled))
	require.NoError(t, err, "the switch ends the ringing by itself")
	k.brief.desk.phone.SetReaction(softphone.Answer) // when it rings again it does not ring for long
}

// resumed waits until Tandem has found its switch again.
func (k *scene) resumed() {
	k.t.Helper()
	k.linked(k.stands)
}

// linked waits until the board shows that Tandem has connected to every switch since a moment. The timeline would not do: a board that comes back to a new process
// is told how things stand, not what has led there.
func (s *stack) linked(since time.Time) {
	s.t.Helper()
	_, err := s.board.Await(s.soon(), "Tandem to be back at every switch", func(st client.State) bool {
		for _, x := range s.switches {
			if e := st.Engines[x.id]; !e.Up || !e.Since.After(since) {
				return false
			}
		}
		return st.Connected
	})
	require.NoError(s.t, err)
}

// nothingIsLost compares what is there after the failure with the scene before it, and serves everybody to the end.
func (k *scene) nothingIsLost(after aftermath) {
	t := k.t
	t.Helper()
	k.patience(60)
	// The phone that nobody took in time rings again, by itself if it may not be held against its agent, and now it is answered.
	if after.missed {
		k.is(k.brief.desk, core.RONA)
		k.set(k.brief.desk, core.Available)
	}
	again := k.rings(k.brief.desk)
	_, err := again.Await(k.soon(), softphone.Is(softphone.Acknowledged))
	require.NoError(t, err)
	require.Equal(t, k.brief.caller.number, again.Invite.From)
	k.talks(k.brief.caller, k.brief.desk, again)

	// The conversation that began without us, and those that were there.
	k.talks(k.long.caller, k.long.desk, k.long.call)
	k.plain.unbroken()
	k.heard("the recorded customer", k.taped.caller.Call, k.taped.desk.tone, k.taped.since)
	k.heard("the held customer", k.held.caller.Call, musicTone, k.heldSince)

	// Who waits stands where they stood, since when they stood there.
	expected := k.line
	if !after.fallback {
		k.late.is(core.Waiting)
		expected = append(slices.Clone(expected), k.late)
	}
	for i, c := range expected {
		v := c.is(core.Waiting)
		if c != k.late {
			old := k.before.Calls[v.ID]
			require.Equal(t, old.QueuedAt, v.QueuedAt, c.number)
			require.Equal(t, old.ArrivedAt, v.ArrivedAt, c.number)
			require.Equal(t, old.Priority, v.Priority, c.number)
			require.Equal(t, old.Queue, v.Queue, c.number)
			k.heard("waiting customer "+c.number, c.Call, musicTone, k.musicSince)
		}
		var x core.Explanation
		require.NoError(t, k.api.Get(k.soon(), "/api/v1/calls/"+string(v.ID)+"/explain", &x))
		require.Equal(t, 1+i, x.Position, c.number)
	}
	require.Equal(t, &k.wrapUp, k.is(k.wrapping, core.WrapUp).WrapUp, "the wrap-up and its timer")

	// Every agent can end what they do and gets the next in line.
	k.held.caller.order(k.held.id, "resume")
	k.talks(k.held.caller, k.held.desk, k.held.call)
	k.taped.caller.Say(softphone.ToneVoice(toneAfter))
	require.NoError(t, k.taped.call.Hears(k.soon(), toneAfter))
	require.NoError(t, k.taped.caller.Hears(k.soon(), k.taped.desk.tone))
	free := []func() *seat{
		func() *seat { require.NoError(t, k.plain.call.HangUp(k.soon())); return k.plain.desk },
		func() *seat { k.taped.caller.hangUp(); return k.taped.desk },
		func() *seat { k.held.caller.order(k.held.id, "end"); return k.held.desk },
		func() *seat {
			in := map[string]string{"reason": "sale"}
			require.NoError(t, k.api.Post(k.soon(), "/api/v1/agents/"+string(k.wrapping.agent)+"/wrap-up", in, nil))
			return k.wrapping
		},
	}
	for i, next := range k.line {
		d := free[i]()
		c := k.takes(d)
		require.Equal(t, next.number, c.Invite.From, "the next in line")
		k.talks(next, d, c)
	}
	served := []*caller{k.held.caller, k.taped.caller, k.plain.caller, k.done, k.long.caller, k.brief.caller}
	served = append(served, k.line...)
	k.long.caller.hangUp()
	if after.fallback {
		k.is(k.long.desk, core.Available)
		k.late = k.dial(salesNumber) // tries again
	}
	c := k.takes(k.long.desk)
	require.Equal(t, k.late.number, c.Invite.From)
	k.talks(k.late, k.long.desk, c)
	served = append(served, k.late)
	for _, c := range append(k.line, k.late, k.brief.caller) {
		c.hangUp()
	}
	for _, d := range k.desks {
		a := k.is(d, core.Available)
		require.Empty(t, a.Call)
		require.Nil(t, a.WrapUp)
		require.Zero(t, a.Misses, d.agent)
	}
	k.emptied()
	k.onRecord(served, after.gone)
	k.isWhole(k.taped)
	if after.told && k.counted("tandem_repairs_total", "reason")["leg_gone"] == after.repairs["leg_gone"]-1 {
		after.repairs["leg_gone"]--
	}
	k.mended(after.repairs)
}

// mended holds that the repairs of the process that serves now were these, and that nothing impossible was seen.
func (s *stack) mended(want map[string]float64) {
	s.t.Helper()
	got := s.counted("tandem_repairs_total", "reason")
	require.Equal(s.t, want, got, "repairs")
	odd := s.counted("tandem_odd_facts_total", "reason")
	// A phone that answers while it is being stopped is stopped twice, and the second order's "no such leg" may overtake the event that tells of the end.
	delete(odd, "hungup_unknown_leg")
	require.Empty(s.t, odd, "impossible facts")
}

// counted reads a metric's values other than 0, by one of its labels.
func (s *stack) counted(name, label string) map[string]float64 {
	s.t.Helper()
	body, err := s.api.Raw(s.soon(), "/metrics")
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, body.Close()) }()
	text, err := io.ReadAll(body)
	require.NoError(s.t, err)
	out := map[string]float64{}
	for _, m := range regexp.MustCompile(`(?m)^`+name+`\{.*\b`+label+`="([^"]*)".*\} (\S+)$`).FindAllStringSubmatch(string(text), -1) {
		v, err := strconv.ParseFloat(m[2], 64)
		require.NoError(s.t, err)
		if v != 0 {
			out[m[1]] = v
		}
	}
	return out
}

type callRecord struct {
	Call                                  core.CallID
	From                                  string
	Outcome                               core.CallOutcome
	Cause                                 core.Cause
	Route, Wait, Talk, Hold, Close, Total float64
	Recordings                            []core.RecordingID
}

// records reads all call records, by the caller's number. There is never more than one of a call.
func (s *stack) records() map[string]callRecord {
	s.t.Helper()
	var page struct{ Items []callRecord }
	require.NoError(s.t, s.api.Get(s.soon(), "/api/v1/call-records?limit=200", &page))
	out := map[string]callRecord{}
	for _, r := range page.Items {
		require.NotContains(s.t, out, r.From, "two records of one call")
		require.InDelta(s.t, r.Total, r.Route+r.Wait+r.Talk+r.Hold+r.Close, 1e-6, "the times of %s", r.From)
		out[r.From] = r
	}
	return out
}

// onRecord waits until every call is in the records, once, with what became of it.
func (k *scene) onRecord(served []*caller, gone core.CallOutcome) {
	k.t.Helper()
	want := map[string]core.CallOutcome{k.gone.number: gone}
	for _, c := range served {
		want[c.number] = core.CallAnswered
	}
	var got map[string]core.CallOutcome
	k.eventually("the records", func() bool {
		got = map[string]core.CallOutcome{}
		for number, r := range k.records() {
			got[number] = r.Outcome
		}
		return len(got) >= len(want)
	})
	require.Equal(k.t, want, got)
}

// eventually asks every 50 ms. It is for what projections and jobs make: these tell no events.
func (s *stack) eventually(what string, ask func() bool) {
	s.t.Helper()
	ctx := s.soon()
	for !ask() {
		select {
		case <-ctx.Done():
			require.NoError(s.t, context.Cause(ctx), "waiting for %s", what)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// isWhole holds that the recording is one file, in the archive, with all that was said before, during and after the failure, in this order; and that the switch has
// none left.
func (s *stack) isWhole(taped *talk) {
	t, k, call := s.t, s, taped.id
	t.Helper()
	var page struct{ Items []struct{ ID, State string } }
	k.eventually("the archived recording", func() bool {
		require.NoError(t, k.api.Get(k.soon(), "/api/v1/recordings?call="+url.QueryEscape(string(call)), &page))
		return len(page.Items) > 0 && page.Items[0].State == "archived"
	})
	require.Len(t, page.Items, 1)
	audio, err := k.api.Raw(k.soon(), "/api/v1/recordings/"+page.Items[0].ID+"/audio")
	require.NoError(t, err)
	samples, err := softphone.ReadWAV(audio)
	require.NoError(t, audio.Close())
	require.NoError(t, err)
	var order []float64
	for _, span := range softphone.Analyse(samples) {
		for _, hz := range []float64{taped.caller.tone, toneDuring, toneAfter} {
			if slices.Contains(span.Heard.Tones, hz) && !slices.Contains(order, hz) {
				order = append(order, hz)
			}
		}
	}
	require.Equal(t, []float64{taped.caller.tone, toneDuring, toneAfter}, order, "what the recording holds")
	k.eventually("the switch's copy to be gone", func() bool { return len(k.spooled()) == 0 })
}

// spooled lists the recordings on the switches.
func (s *stack) spooled() []string {
	var files []string
	for _, x := range s.switches {
		_ = filepath.WalkDir(x.spool, func(path string, d fs.DirEntry, err error) error { // a file that goes away while we look is none
			if err == nil && !d.IsDir() {
				files = append(files, strings.TrimPrefix(path, x.spool))
			}
			return nil
		})
	}
	return files
}
