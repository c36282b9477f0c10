package ari

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// A recording ends when the last channel leaves its bridge. But one call has one recording, also over a consult, in which the customer is on hold and the agent elsewhere,
// and nobody is left in the bridge. So a recorded bridge has a keeper: a channel that says nothing, and leaves when the recording is stopped or the mix is dissolved.
//
// It is a Local channel whose other end waits in the dialplan. Its id says whose it is, so that it is found again.

const (
	keeperMark     = "keeper-"     // in front of the recording's id: the end that is in the bridge
	keeperFarMark  = "keeper_far-" // the end that is in the dialplan
	keeperEndpoint = "Local/s@tandem-keeper/n"
)

// isKeeper reports whether a channel is a keeper's, of either end.
func isKeeper(channel string) bool {
	return strings.HasPrefix(channel, keeperMark) || strings.HasPrefix(channel, keeperFarMark)
}

// keep puts a keeper into the bridge of a recording that has just begun.
func (e *Engine) keep(ctx context.Context, mix core.MixID, rec core.RecordingID) error {
	id := keeperMark + string(rec)
	body := map[string]any{"channelId": id, "otherChannelId": keeperFarMark + string(rec), "endpoint": keeperEndpoint, "app": e.cfg.App}
	err := e.rest.do(ctx, http.MethodPost, "/channels/create", nil, body, nil)
	if err != nil && status(err) != http.StatusConflict {
		return fmt.Errorf("make the recording's keeper: %w", err)
	}
	e.noteKeeper(mix, rec, false)
	query := url.Values{"channel": {id}}
	for pause := 250 * time.Microsecond; ; pause = min(2*pause, 50*time.Millisecond) { // until it is in Stasis
		err = e.rest.do(ctx, http.MethodPost, path("bridges", e.bridgeOf(mix), "addChannel"), query, nil, nil)
		var se *StatusError
		if err == nil || !errors.As(err, &se) || se.Status != http.StatusUnprocessableEntity {
			break
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("add the recording's keeper to the bridge: %w", err)
		}
	}
	if err != nil {
		return fmt.Errorf("add the recording's keeper to the bridge: %w", err)
	}
	query = url.Values{"timeout": {strconv.Itoa(limitSeconds(dialKeeper))}}
	if err := e.rest.do(ctx, http.MethodPost, path("channels", id, "dial"), query, nil, nil); err != nil && status(err) != http.StatusConflict { // 409: it is being dialled
		return fmt.Errorf("let the recording's keeper wait: %w", err)
	}
	e.noteKeeper(mix, rec, true)
	return nil
}

func (e *Engine) noteKeeper(mix core.MixID, rec core.RecordingID, kept bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.table.mix(mix)
	m.keeper, m.kept = rec, kept
}

// keepStill puts a keeper into the bridge of a recording that goes on, unless it is certain that one is there: the order to record may have ended at any step.
func (e *Engine) keepStill(ctx context.Context, mix core.MixID, rec core.RecordingID) error {
	e.mu.Lock()
	m := e.table.mix(mix)
	kept := m.keeper == rec && m.kept
	e.mu.Unlock()
	if kept {
		return nil // added once more it would leave the bridge for a moment
	}
	return e.keep(ctx, mix, rec)
}

// dialKeeper is how long the keeper's other end may take to answer, which it does at once.
const dialKeeper = 5 * time.Second

// dismiss ends a recording's keeper, if there is one.
func (e *Engine) dismiss(ctx context.Context, rec core.RecordingID) error {
	err := e.rest.do(ctx, http.MethodDelete, path("channels", keeperMark+string(rec)), nil, nil, nil)
	if err != nil && status(err) != http.StatusNotFound {
		return fmt.Errorf("dismiss the recording's keeper: %w", err)
	}
	return nil
}

// dismissFrom ends the keeper of a mix that is dissolved.
func (e *Engine) dismissFrom(ctx context.Context, mix core.MixID) error {
	e.mu.Lock()
	var rec core.RecordingID
	if m := e.table.mixes[mix]; m != nil {
		rec = m.keeper
	}
	e.mu.Unlock()
	if rec == "" {
		return nil
	}
	if err := e.dismiss(ctx, rec); err != nil {
		return err
	}
	e.noteKeeper(mix, "", false)
	return nil
}
