package ari

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// autoAnswerInfo asks a phone to answer by itself. Phones look at Alert-Info or at Call-Info, by make.
const (
	alertInfo = "<http://localhost>;info=alert-autoanswer;delay=0"
	callInfo  = "<sip:localhost>;answer-after=0"
)

// dial makes a leg with POST /channels, one request that returns before the far end has said anything. Against
// POST /channels/create followed by /dial it saves a round trip, shows caller and called name as the phone expects, and gives the same
// events, only that the leg enters the application when it is answered and not before.
func (e *Engine) dial(ctx context.Context, call core.CallID, a core.Dial) error {
	if !uuidPattern.MatchString(string(a.Leg)) {
		// Asterisk takes an id for used if it is a prefix of a living channel's.
		return refuse(core.WhyInvalid, "leg: must be a lower-case UUID")
	}
	target, err := e.dialString(a.To)
	if err != nil {
		return err
	}
	variables := map[string]string{callVariable: string(call), legVariable: string(a.Leg)}
	if a.AutoAnswer {
		variables["PJSIP_HEADER(add,Alert-Info)"] = alertInfo
		variables["PJSIP_HEADER(add,Call-Info)"] = callInfo
	}
	body := map[string]any{
		"channelId": a.Leg, "endpoint": target, "app": e.cfg.App, "variables": variables,
		"timeout": limitSeconds(a.Limit),
	}
	if a.For != "" {
		body["originator"] = a.For
	}
	if id := callerID(a.FromName, a.FromNumber); id != "" {
		body["callerId"] = id
	}
	known := e.expect(call, a)
	if known {
		return nil // the second dial of one leg id
	}
	err = e.rest.do(ctx, http.MethodPost, "/channels", nil, body, nil)
	if err == nil {
		e.expected(a.Leg, true)
		return nil
	}
	return e.dialFailed(ctx, a, err)
}

// dialFailed finds out what an error of POST /channels means.
func (e *Engine) dialFailed(ctx context.Context, a core.Dial, err error) error {
	switch s := status(err); {
	case s == http.StatusConflict, s == http.StatusInternalServerError, s == 0:
		// 409 says that the id is taken, which may be true (an earlier order whose answer was lost) or a lie: errno
		// sticks to Asterisk's thread, so that after one true 409 every later failure on the same connection looks like
		// one. 500 says "Allocation failed" for a phone that is not registered. No status: the answer was lost. Only the
		// channel itself tells.
		exists, lookErr := e.exists(ctx, a.Leg)
		switch {
		case lookErr == nil && exists:
			e.expected(a.Leg, true)
			return nil
		case lookErr == nil && s != 0:
			e.expected(a.Leg, false)
			return refuse(core.WhyUnreachable, "the phone or trunk cannot be reached: %v", err)
		}
		// Perhaps it was dialled: events and the next look will tell.
		e.expected(a.Leg, true)
		return fmt.Errorf("dial: %w", err)
	default:
		e.expected(a.Leg, false)
		return fmt.Errorf("dial: %w", err)
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
		return strings.Replace(e.cfg.PhoneTemplate, "<phone>", to.Phone, 1), nil
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
