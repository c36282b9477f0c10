package ari

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// presenceVariable is a global variable of Asterisk: until when, in seconds of Asterisk's own clock, the dialplan hands calls over to us.
//
// Asterisk may go on believing in a client that is gone, as long as nobody else connects: where the connection is reset while events are being sent over it, or
// ends without a word. The dialplan's fallback would not come then (N17).
const presenceVariable = "TANDEM_HERE_UNTIL"

// present says that we are there for another Config.Presence.
func (e *Engine) present(ctx context.Context) error {
	text, err := e.rest.variable(ctx, "EPOCH")
	if err != nil {
		return err
	}
	now, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("ari: Asterisk's clock (EPOCH) is no number: %q", text)
	}
	until := now + int64(e.cfg.Presence/time.Second)
	return e.rest.setVariable(ctx, e.ownVariable(presenceVariable), strconv.FormatInt(until, 10))
}

// stayPresent says it again and again, four times as often as is needed. A word that takes longer than half of the time for which it is good is given up and said anew: the last one
// still holds then, and what Asterisk does not answer on one connection it may answer on another.
func (e *Engine) stayPresent(ctx context.Context) {
	ticker := time.NewTicker(e.cfg.Presence / 4)
	defer ticker.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		limited, cancel := context.WithTimeout(ctx, e.cfg.Presence/2)
		err := e.present(limited)
		cancel()
		if ctx.Err() != nil {
			return
		}
		if err != nil && !failed {
			e.log.Warn("Asterisk cannot be told that we are here: it will not hand calls over", "error", err)
		}
		failed = err != nil
	}
}

// takeBack says that nothing was said: whoever connects is there then, as Asterisk says. Otherwise the last word of who leaves in good order would hold for ever against those who know of none: an
// older Tandem to which somebody goes back. It stands where Asterisk does not notice in time that we leave, or another Tandem has connected.
func (e *Engine) takeBack(ctx context.Context) {
	defer e.rest.close()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.leave)
	defer cancel()
	for {
		err := e.rest.do(ctx, http.MethodGet, path("applications", e.cfg.App), nil, nil, nil)
		if notFound(err) {
			break
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(takeBackPause):
		}
	}
	if err := e.rest.setVariable(ctx, e.ownVariable(presenceVariable), ""); err != nil {
		e.log.Warn("Asterisk could not be told that we leave: it hands calls over to nobody who does not say that they are here", "error", err)
	}
}

// Asterisk notices within a millisecond that we leave.
const (
	leavingTime   = time.Second
	takeBackPause = 20 * time.Millisecond // between two looks whether it has
)

// ownVariable is the name of a global variable that is ours and no other application's.
func (e *Engine) ownVariable(name string) string {
	return name + "_" + strings.ReplaceAll(e.cfg.App, "-", "_")
}
