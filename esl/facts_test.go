package esl

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

const legA = core.LegID("0aaaaaaa-0000-4000-8000-000000000001")

// legEvent makes an event of a leg, of "Name: value" headers.
func legEvent(name string, id core.LegID, headers ...string) event {
	text := fmt.Sprintf("Event-Name: %s\nUnique-ID: %s\n", name, id)
	for _, h := range headers {
		header, value, _ := strings.Cut(h, ": ")
		text += header + ": " + url.PathEscape(value) + "\n"
	}
	return parseEvent(text + "\n")
}

func kinds(facts []core.Fact) []string {
	var list []string
	for _, f := range facts {
		list = append(list, f.Kind())
	}
	return list
}

// feed translates events and gives the kinds of the facts.
func feed(e *Engine, events ...event) []string {
	var list []string
	for _, ev := range events {
		list = append(list, kinds(e.translate(ev))...)
	}
	return list
}

func dialling(t *testing.T) *Engine {
	e := deafEngine(t)
	require.False(t, e.expect("c1", core.Dial{Leg: legA, To: core.Address{Phone: "1001"}}))
	require.Empty(t, feed(e, legEvent("CHANNEL_ORIGINATE", legA, "Call-Direction: outbound", "variable_tandem_leg: 1", "variable_origination_uuid: "+string(legA))))
	return e
}

// TestAnsweredOncePlaced: "originate" parks a leg after the answer and would undo what it was told before.
func TestAnsweredOncePlaced(t *testing.T) {
	e := dialling(t)
	assert.Equal(t, []string{"leg.ringing"}, feed(e, legEvent("CHANNEL_PROGRESS", legA), legEvent("CHANNEL_PROGRESS_MEDIA", legA)))
	assert.Empty(t, feed(e, legEvent("CHANNEL_ANSWER", legA)))
	assert.Equal(t, []string{"leg.answered"}, feed(e, legEvent("CHANNEL_PARK", legA)))
	assert.Empty(t, feed(e, legEvent("CHANNEL_ANSWER", legA), legEvent("CHANNEL_PARK", legA), legEvent("CHANNEL_PROGRESS", legA)), "doubled events tell nothing")
	assert.Equal(t, []string{"leg.hungup"}, feed(e, legEvent("CHANNEL_HANGUP_COMPLETE", legA, "Hangup-Cause: NORMAL_CLEARING")))
	assert.Empty(t, feed(e, legEvent("CHANNEL_HANGUP_COMPLETE", legA), legEvent("DTMF", legA, "DTMF-Digit: 1"), legEvent("CHANNEL_PARK", legA)), "nothing behind the end")
}

// TestAnsweredAndGone: a leg that ends between the answer and the parking was answered all the same.
func TestAnsweredAndGone(t *testing.T) {
	e := dialling(t)
	assert.Equal(t, []string{"leg.answered", "leg.hungup"},
		feed(e, legEvent("CHANNEL_ANSWER", legA), legEvent("CHANNEL_HANGUP_COMPLETE", legA, "Hangup-Cause: NORMAL_CLEARING")))
}

// A phone whose power was off for a minute has not lost its registration. That it registers anew is news after it was rung in vain (Q4), and only then.
func TestAPhoneThatWasRungInVainIsToldWhenItIsBackQ4(t *testing.T) {
	registers := parseEvent("Event-Name: CUSTOM\nEvent-Subclass: sofia%3A%3Aregister\nfrom-user: 1001\n\n")
	for name, c := range map[string]struct {
		before []event
		asked  core.CauseCode
		want   []string
	}{
		"nobody answers the INVITE":  {before: []event{legEvent("CHANNEL_HANGUP_COMPLETE", legA, "Hangup-Cause: RECOVERY_ON_TIMER_EXPIRE")}, want: []string{"phone.changed"}},
		"it did not ring in time":    {before: []event{legEvent("CHANNEL_HANGUP_COMPLETE", legA, "Hangup-Cause: ORIGINATOR_CANCEL")}, asked: core.CauseCancelled, want: []string{"phone.changed"}},
		"it rang, and nobody was in": {before: []event{legEvent("CHANNEL_PROGRESS", legA), legEvent("CHANNEL_HANGUP_COMPLETE", legA, "Hangup-Cause: ORIGINATOR_CANCEL")}, asked: core.CauseCancelled},
		"it takes no such call":      {before: []event{legEvent("CHANNEL_HANGUP_COMPLETE", legA, "Hangup-Cause: INCOMPATIBLE_DESTINATION", "variable_sip_term_status: 488")}, want: []string{"phone.changed"}},
		"it is busy":                 {before: []event{legEvent("CHANNEL_HANGUP_COMPLETE", legA, "Hangup-Cause: USER_BUSY")}},
	} {
		t.Run(name, func(t *testing.T) {
			e := dialling(t)
			require.Equal(t, []string{"phone.changed"}, feed(e, registers))
			require.Empty(t, feed(e, registers))
			e.table.legs[legA].asked = c.asked
			feed(e, c.before...)
			require.Nil(t, e.table.legs[legA])
			assert.Equal(t, c.want, feed(e, registers))
			assert.Empty(t, feed(e, registers))
		})
	}
}

// TestDialThatNeverWas: where there was no channel, the end of the job is the end of the leg; otherwise the channel tells it, before or after.
func TestDialThatNeverWas(t *testing.T) {
	job := func(said string) event {
		return parseEvent(fmt.Sprintf("Event-Name: BACKGROUND_JOB\nJob-UUID: %s%s\nContent-Length: %d\n\n%s", dialJob, legA, len(said), said))
	}
	e := deafEngine(t)
	require.False(t, e.expect("c1", core.Dial{Leg: legA, To: core.Address{Phone: "1001"}}))
	facts := e.translate(job("-ERR USER_NOT_REGISTERED\n"))
	assert.Equal(t, []core.Fact{core.LegHungUp{Leg: legA, Cause: core.Cause{Code: core.CauseUnreachable, By: core.ByNetwork}}}, facts)
	assert.Empty(t, feed(e, job("-ERR USER_NOT_REGISTERED\n")))

	e = dialling(t)
	assert.Empty(t, feed(e, job("-ERR USER_BUSY\n")), "its channel has a word to say")
	assert.Equal(t, []string{"leg.hungup"}, feed(e, legEvent("CHANNEL_HANGUP_COMPLETE", legA, "Hangup-Cause: USER_BUSY", "variable_sip_term_status: 486")))

	e = deafEngine(t)
	require.False(t, e.expect("c1", core.Dial{Leg: legA, To: core.Address{Phone: "1001"}}))
	e.note(legA, func(l *leg) { l.dial = func(context.Context) error { return nil } })
	for range maxRedials {
		assert.Empty(t, feed(e, job("-ERR DESTINATION_OUT_OF_ORDER\n")), "over the switch's limit of sessions: it is tried again")
	}
	assert.Equal(t, []core.Fact{core.LegHungUp{Leg: legA, Cause: core.Cause{Code: core.CauseCongestion, By: core.ByNetwork}}},
		e.translate(job("-ERR DESTINATION_OUT_OF_ORDER\n")))
	assert.Empty(t, feed(deafEngine(t), parseEvent("Event-Name: BACKGROUND_JOB\nJob-UUID: somebody-elses\nContent-Length: 8\n\n-ERR FOO")))
}

// TestArrival: a call is told of when it is ours, and never if it ended before.
func TestArrival(t *testing.T) {
	park := legEvent("CHANNEL_PARK", legA, "Call-Direction: inbound", "variable_tandem_from: trunk", "Caller-Caller-ID-Number: 4930",
		"Caller-Caller-ID-Name: Zoë %{x}", "variable_sip_req_user: 4940", "Caller-Destination-Number: park:")
	e := deafEngine(t)
	assert.Empty(t, feed(e, park))
	assert.Empty(t, feed(e, legEvent("DTMF", legA, "DTMF-Digit: 1")))
	assert.Equal(t, []core.Fact{core.LegAppeared{Engine: "f1", Leg: legA, From: "4930", Name: "Zoë ${x}", To: "4940"}}, e.facts(item{aside: taken{legA}}))
	assert.Empty(t, e.facts(item{aside: taken{legA}}))

	e = deafEngine(t)
	assert.Empty(t, feed(e, park, legEvent("CHANNEL_HANGUP_COMPLETE", legA)))
	assert.Empty(t, e.facts(item{aside: taken{legA}}), "it was given up before")
	assert.Empty(t, feed(e, legEvent("CHANNEL_PARK", legA, "Call-Direction: inbound")), "not handed to Tandem")
	assert.Empty(t, e.table.legs)
}

// TestPromptsEnd: every playing is told to have ended once, and only what the switch says was played to its end is OK.
func TestPromptsEnd(t *testing.T) {
	over := func(play string) event {
		return legEvent("CUSTOM", legA, "Event-Subclass: "+playedEvent, playVariable+": "+play)
	}
	stop := func(play, how string) event {
		return legEvent("PLAYBACK_STOP", legA, playVariable+": "+play, "Playback-Status: "+how)
	}
	for name, c := range map[string]struct {
		events []event
		ok     bool
	}{
		"played":            {[]event{stop("p1", "done"), over("p1")}, true},
		"interrupted":       {[]event{stop("p1", "break"), over("p1")}, false},
		"missing":           {[]event{over("p1")}, false},
		"another one's end": {[]event{stop("p0", "done"), over("p0"), over("p1")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := dialling(t)
			e.note(legA, func(l *leg) { l.prompts = []prompt{{play: "p1"}} })
			var facts []core.Fact
			for _, ev := range append(c.events, over("p1")) {
				facts = append(facts, e.translate(ev)...)
			}
			assert.Equal(t, []core.Fact{core.Played{Leg: legA, Play: "p1", OK: c.ok}}, facts)
		})
	}
}

// TestForeignConferences: what happens in conferences of others, and recordings that we did not order, are not told.
func TestForeignConferences(t *testing.T) {
	e := dialling(t)
	custom := func(headers ...string) event {
		return legEvent("CUSTOM", legA, append(headers, "Event-Subclass: "+conferenceEvent)...)
	}
	assert.Empty(t, feed(e, custom("Conference-Name: theirs", "Action: add-member"), custom("Conference-Name: tandem-m", "Action: floor-change"),
		custom("Conference-Name: tandem-m", "Action: stop-recording", "Path: /r/0aaaaaaa-0000-4000-8000-000000000002.wav")))
	assert.Equal(t, []string{"mix.joined", "mix.left"}, feed(e, custom("Conference-Name: tandem-m", "Action: add-member", "Member-ID: 7"),
		custom("Conference-Name: tandem-m", "Action: del-member")))
}
