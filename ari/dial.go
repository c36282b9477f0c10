package ari

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// autoAnswerInfo asks a phone to answer by itself. Phones look at Alert-Info or at Call-Info, by make.
const (
	alertInfo = "<http://localhost>;info=alert-autoanswer;delay=0"
	callInfo  = "<sip:localhost>;answer-after=0"
)

// dial makes a leg in two steps: POST /channels/create, which puts the new channel into the application, and POST …/dial. The one-step POST
// /channels is half a millisecond quicker, but its channel enters the application only when it is answered: if that happens while Tandem is
// away for a moment, the phone that has just been picked up is hung up on.
func (e *Engine) dial(ctx context.Context, call core.CallID, a core.Dial) error {
	if !uuidPattern.MatchString(string(a.Leg)) {
		// Asterisk takes an id for used if it is a prefix of a living channel's.
		return refuse(core.WhyInvalid, "leg: must be a lower-case UUID")
	}
	target, err := e.dialString(a.To)
	if err != nil {
		return err
	}
	if e.expect(call, a) {
		return nil // the second dial of one leg id
	}
	body := map[string]any{
		"channelId": a.Leg, "endpoint": target, "app": e.cfg.App, "variables": dialVariables(call, a),
	}
	if a.For != "" {
		body["originator"] = a.For
	}
	if err := e.rest.do(ctx, http.MethodPost, "/channels/create", nil, body, nil); err != nil {
		if err := e.createFailed(ctx, a, err); err != nil {
			return err
		}
	}
	err = e.dialChannel(ctx, a.Leg, limitSeconds(a.Limit))
	e.expected(a.Leg, true)
	if err != nil && e.rang(a.Leg) {
		return nil // only the answer was lost: the phone rings, or somebody is speaking into it
	}
	if err != nil {
		e.abandon(ctx, a.Leg)
		return fmt.Errorf("dial: %w", err)
	}
	return nil
}

// rang reports whether an event has shown that the far end of a leg was reached.
func (e *Engine) rang(id core.LegID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.table.legs[id]
	return l != nil && (l.rang || l.up)
}

// dialChannel calls the far end of a channel that was created. The channel enters the application in a thread of its own, and until it has, a
// matter of tenths of a millisecond, Asterisk answers 409: to one dial in fifteen, which then takes a millisecond longer. Waiting for StasisStart instead
// would cost every dial about half of what the order itself takes, and make it wait for a slow sink.
func (e *Engine) dialChannel(ctx context.Context, leg core.LegID, seconds int) error {
	query := url.Values{"timeout": {strconv.Itoa(seconds)}}
	for pause := 250 * time.Microsecond; ; pause = min(2*pause, 50*time.Millisecond) {
		err := e.rest.do(ctx, http.MethodPost, path("channels", string(leg), "dial"), query, nil, nil)
		var se *StatusError
		if !errors.As(err, &se) || se.Status != http.StatusConflict {
			return err
		}
		if !strings.Contains(se.Message, "not in Stasis") {
			return nil // it is no longer Down: it is being dialled already
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// dialVariables are set before the INVITE goes out. Asterisk stores the values as they are; functions among the names are written to, not expanded.
func dialVariables(call core.CallID, a core.Dial) map[string]string {
	v := map[string]string{callVariable: string(call), legVariable: string(a.Leg)}
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

// createFailed finds out what an error of POST /channels/create means. nil means that the channel is there.
func (e *Engine) createFailed(ctx context.Context, a core.Dial, err error) error {
	s := status(err)
	if s != http.StatusConflict && s != http.StatusInternalServerError && s != 0 {
		e.expected(a.Leg, false)
		return fmt.Errorf("create channel: %w", err)
	}
	// 409 says that the id is taken, which may be true (an earlier order whose answer was lost) or a lie: errno sticks to
	// Asterisk's thread, so that after one true 409 every later failure on the same connection looks like one. 500 says
	// "Allocation failed" for a phone that is not registered. No status: the answer was lost. Only the channel itself tells.
	exists, lookErr := e.exists(ctx, a.Leg)
	switch {
	case lookErr == nil && exists && ctx.Err() == nil:
		return nil
	case lookErr == nil && !exists && s != 0:
		e.expected(a.Leg, false)
		return refuse(core.WhyUnreachable, "the phone or trunk cannot be reached: %v", err)
	}
	// Perhaps it is there, undialled: away with it, and the events and the next look tell the rest.
	e.expected(a.Leg, true)
	e.abandon(ctx, a.Leg)
	return fmt.Errorf("create channel: %w", err)
}

// abandon hangs up a channel that could not be dialled. Failing is no matter: the next look shows it to whoever reconciles.
func (e *Engine) abandon(ctx context.Context, leg core.LegID) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := e.rest.do(ctx, http.MethodDelete, path("channels", string(leg)), nil, nil, nil); err != nil && !notFound(err) {
		e.log.Warn("a channel that could not be dialled is left behind", "leg", leg, "err", err)
	}
}

// exists asks whether a channel is on the switch. If ctx is over already, a little time is taken all the same: to know is worth it.
func (e *Engine) exists(ctx context.Context, leg core.LegID) (bool, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	var c channel
	err := e.rest.do(ctx, http.MethodGet, path("channels", string(leg)), nil, nil, &c)
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
		id: a.Leg, call: call, ours: true, phone: a.To.Phone != "", pending: true, seen: time.Now(), media: media{known: true},
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
	if !accepted && !l.rang && !l.up {
		e.table.drop(l)
	}
}

// dialString makes Asterisk's dial string. Its parts are checked, for "&", "/" and "@" have a meaning there.
func (e *Engine) dialString(to core.Address) (string, error) {
	switch {
	case to.Phone != "":
		if !phonePattern.MatchString(to.Phone) {
			return "", refuse(core.WhyInvalid, "to.phone: must be 1 to 64 letters, digits, '_', '.' or '-'")
		}
		if to.Switch == "" || to.Switch == e.cfg.ID {
			return strings.Replace(e.cfg.PhoneTemplate, "<phone>", to.Phone, 1), nil
		}
		if !phonePattern.MatchString(string(to.Switch)) {
			return "", refuse(core.WhyInvalid, "to.switch: must be 1 to 64 letters, digits, '_', '.' or '-'")
		}
		s := strings.Replace(e.cfg.PeerTemplate, "<phone>", to.Phone, 1)
		return strings.Replace(s, "<switch>", string(to.Switch), 1), nil
	case to.Number != "":
		if !numberPattern.MatchString(to.Number) {
			return "", refuse(core.WhyInvalid, "to.number: must be 1 to 32 digits, with '+' in front or not")
		}
		if !phonePattern.MatchString(to.Trunk) && strings.Contains(e.cfg.TrunkTemplate, "<trunk>") {
			return "", refuse(core.WhyInvalid, "to.trunk: must be 1 to 64 letters, digits, '_', '.' or '-'")
		}
		s := strings.Replace(e.cfg.TrunkTemplate, "<number>", to.Number, 1)
		return strings.Replace(s, "<trunk>", to.Trunk, 1), nil
	}
	return "", refuse(core.WhyInvalid, "to: must name a phone, or a number with a trunk")
}

// limitSeconds rounds a limit up to Asterisk's whole seconds. Without one, a leg may ring for two minutes.
func limitSeconds(limit time.Duration) int {
	if limit <= 0 {
		return 120
	}
	return int(math.Ceil(min(limit, time.Hour).Seconds()))
}
