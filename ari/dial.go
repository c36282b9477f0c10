package ari

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// autoAnswerInfo asks a phone to answer by itself. Phones look at Alert-Info or at Call-Info, by make.
const (
	alertInfo = "<http://localhost>;info=alert-autoanswer;delay=0"
	callInfo  = "<sip:localhost>;answer-after=0"
)

// dial makes a leg with one order, POST /channels: the INVITE is on its way before the answer is. Made first and dialled then (/channels/create and /dial) it
// takes a millisecond longer, which is what an agent's next caller would wait for.
//
// A leg dialled in one step enters the application when it is answered. If Tandem is away at that moment, Asterisk would hang up on whoever has just picked
// up, were it told to go to the application directly; so it is sent to the dialplan, where [tandem-leg] waits for Tandem to be back. Until the leg is in the
// application nothing can be done with it: its answer is told then (facts.go).
func (e *Engine) dial(ctx context.Context, call core.CallID, a core.Dial) error {
	if !adapter.UUID.MatchString(string(a.Leg)) {
		// Asterisk takes an id for used if it is a prefix of a living channel's.
		return adapter.Refuse(core.WhyInvalid, "leg: must be a lower-case UUID")
	}
	target, err := e.dialString(a.To)
	if err != nil {
		return err
	}
	if e.expect(call, a) {
		return nil // the second dial of one leg id
	}
	body := map[string]any{
		"channelId": a.Leg, "endpoint": target, "context": legContext, "extension": "s", "priority": 1,
		"timeout": limitSeconds(a.Limit), "variables": e.dialVariables(call, a),
	}
	if a.For != "" {
		body["originator"] = a.For
	}
	if err := e.rest.do(ctx, http.MethodPost, "/channels", nil, body, nil); err != nil {
		if err := e.dialFailed(ctx, a, err); err != nil {
			return err
		}
	}
	e.expected(a.Leg, true)
	return nil
}

// legContext is where in the dialplan an answered leg goes, and from there into the application (docker/asterisk/etc/extensions.conf).
const legContext = "tandem-leg"

// dialVariables are set before the INVITE goes out. Asterisk stores the values as they are; functions among the names are written to, not expanded.
func (e *Engine) dialVariables(call core.CallID, a core.Dial) map[string]string {
	v := map[string]string{callVariable: string(call), appVariable: e.cfg.App}
	if number := callerText(a.FromNumber); number != "" {
		v["CONNECTEDLINE(num,i)"], v["CONNECTEDLINE(num-pres,i)"] = number, "allowed"
	}
	if name := callerText(a.FromName); name != "" {
		v["CONNECTEDLINE(name,i)"], v["CONNECTEDLINE(name-pres,i)"] = name, "allowed"
	}
	if a.AutoAnswer {
		v["PJSIP_HEADER(add,Alert-Info)"] = alertInfo
		v["PJSIP_HEADER(add,Call-Info)"] = callInfo
	}
	return v
}

// dialFailed finds out what an error of POST /channels means. nil means that the leg is there.
func (e *Engine) dialFailed(ctx context.Context, a core.Dial, err error) error {
	s := status(err)
	if s != http.StatusConflict && s != http.StatusInternalServerError && s != 0 {
		e.expected(a.Leg, false)
		return fmt.Errorf("dial: %w", err)
	}
	// 409 says that the id is taken, which may be true (an earlier order whose answer was lost) or a lie: errno sticks to
	// Asterisk's thread, so that after one true 409 every later failure on the same connection looks like one. 500 says
	// "Allocation failed" for a phone that is not registered. No status: the answer was lost. Only the channel itself tells.
	exists, lookErr := e.exists(ctx, a.Leg)
	switch {
	case lookErr == nil && exists, e.rang(a.Leg):
		return nil // the phone is being called, or rings, or somebody is speaking into it
	case lookErr == nil && s != 0:
		e.expected(a.Leg, false)
		e.mu.Lock()
		delete(e.table.phones, a.To.Phone) // told again when it is back
		e.mu.Unlock()
		return adapter.Refuse(core.WhyUnreachable, "the phone or trunk cannot be reached: %v", err)
	}
	// Perhaps it is on its way: away with it, and the events and the next look tell the rest.
	e.expected(a.Leg, true)
	e.abandon(ctx, a.Leg)
	return fmt.Errorf("dial: %w", err)
}

// rang reports whether an event has shown that the far end of a leg was reached.
func (e *Engine) rang(id core.LegID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.table.legs[id]
	return l != nil && (l.rang || l.picked || l.up)
}

// abandon hangs up a leg of which it is not known whether it is being dialled. Failing is no matter: the next look shows it to whoever reconciles.
func (e *Engine) abandon(ctx context.Context, leg core.LegID) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := e.rest.do(ctx, http.MethodDelete, path("channels", string(leg)), nil, nil, nil); err != nil && !notFound(err) {
		e.logOf(leg).Warn("a leg that could not be dialled may be left behind", "error", err)
	}
}

// exists asks whether a channel is on the switch. When ctx is over, a second more is taken: to know is worth it.
func (e *Engine) exists(ctx context.Context, leg core.LegID) (bool, error) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, cancel) })
	defer stop()
	var c channel
	err := e.rest.do(longer, http.MethodGet, path("channels", string(leg)), nil, nil, &c)
	switch {
	case notFound(err):
		return false, nil
	case err != nil:
		return false, err
	}
	return strings.EqualFold(c.ID, string(leg)), nil
}

// expect notes a leg before Asterisk hears of it, because its events may overtake the answer. known says that it is there already.
func (e *Engine) expect(call core.CallID, a core.Dial) (known bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l := e.table.legs[a.Leg]; l != nil {
		return true
	}
	e.table.legs[a.Leg] = &leg{
		id: a.Leg, call: call, ours: true, phone: a.To.Phone != "", name: a.To.Phone, pending: true, seen: time.Now(), media: media{known: true},
	}
	return false
}

// expected notes the answer to a dial. A leg that was refused is forgotten, unless an event has shown that it lives.
func (e *Engine) expected(id core.LegID, accepted bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.table.legs[id]
	if l == nil {
		return // gone already: it was quicker than the answer
	}
	l.pending = false
	l.seen = time.Now()
	if !accepted && !l.rang && !l.picked && !l.up {
		e.table.drop(l)
	}
}

// dialString makes Asterisk's dial string. Its parts are checked, for "&", "/" and "@" have a meaning there.
func (e *Engine) dialString(to core.Address) (string, error) {
	if err := adapter.CheckAddress(to, strings.Contains(e.cfg.TrunkTemplate, "<trunk>")); err != nil {
		return "", err
	}
	template := e.cfg.TrunkTemplate
	switch {
	case to.Phone != "" && to.Switch != "" && to.Switch != e.cfg.ID:
		template = e.cfg.PeerTemplate
	case to.Phone != "":
		template = e.cfg.PhoneTemplate
	}
	for placeholder, word := range map[string]string{"<phone>": to.Phone, "<switch>": string(to.Switch), "<number>": to.Number, "<trunk>": to.Trunk} {
		template = strings.Replace(template, placeholder, word, 1)
	}
	return template, nil
}

// limitSeconds rounds a limit up to Asterisk's whole seconds. Without one, a leg may ring for two minutes.
func limitSeconds(limit time.Duration) int {
	if limit <= 0 {
		return 120
	}
	return int(math.Ceil(min(limit, time.Hour).Seconds()))
}
