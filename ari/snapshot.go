package ari

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// wholeView is one look at everything on the switch.
type wholeView struct {
	begun       time.Time
	snapshot    core.Snapshot
	recordedMix map[core.RecordingID]core.MixID
	generations map[core.MixID]int              // of the mixes' bridges, where not 0
	keepers     map[core.MixID]core.RecordingID // in the mixes' bridges
	strays      []core.RecordingID              // whose keepers are in no bridge
	entering    int                             // legs of ours that were answered and have yet to enter the application
}

type bridge struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Channels []string `json:"channels"`
}

// bridgeName marks our own bridges: it is the application's name.
func (e *Engine) bridgeName() string { return e.cfg.App }

// look reads all channels, bridges and recordings in progress. There is no listing of recordings in progress: each bridge carries the
// name of its newest one in a variable, which is read for every bridge if searchAll is set (after a connect), and otherwise
// the recordings that we remember are asked for.
func (e *Engine) look(ctx context.Context, searchAll bool) (*wholeView, error) {
	ctx, cancel := context.WithTimeout(ctx, 4*e.cfg.EffectTimeout)
	defer cancel()
	v := &wholeView{begun: time.Now(), recordedMix: map[core.RecordingID]core.MixID{}, generations: map[core.MixID]int{}, keepers: map[core.MixID]core.RecordingID{}}

	var channels []channel
	if err := e.rest.do(ctx, http.MethodGet, "/channels", nil, nil, &channels); err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	keepers := map[core.RecordingID]bool{}
	for _, c := range channels {
		if rec, is := strings.CutPrefix(c.ID, keeperMark); is && c.inApp(e.cfg.App) {
			keepers[core.RecordingID(rec)] = true
		}
		leg, ok := e.seenLeg(c)
		if !ok {
			continue
		}
		v.snapshot.Legs = append(v.snapshot.Legs, leg)
		if c.State == "Up" && !leg.Up {
			v.entering++
		}
	}
	slices.SortFunc(v.snapshot.Legs, func(a, b core.SeenLeg) int { return strings.Compare(string(a.Leg), string(b.Leg)) })

	var bridges []bridge
	if err := e.rest.do(ctx, http.MethodGet, "/bridges", nil, nil, &bridges); err != nil {
		return nil, fmt.Errorf("list bridges: %w", err)
	}
	for _, b := range bridges {
		if b.Name != e.bridgeName() {
			continue
		}
		id, generation := mixOf(b.ID)
		seen := core.SeenMix{Mix: id}
		if generation > 0 {
			v.generations[id] = generation
		}
		for _, channel := range b.Channels {
			if rec, is := strings.CutPrefix(channel, keeperMark); is {
				v.keepers[id] = core.RecordingID(rec)
				delete(keepers, core.RecordingID(rec))
				continue
			}
			seen.Legs = append(seen.Legs, core.LegID(channel))
		}
		slices.Sort(seen.Legs)
		v.snapshot.Mixes = append(v.snapshot.Mixes, seen)
	}
	slices.SortFunc(v.snapshot.Mixes, func(a, b core.SeenMix) int { return strings.Compare(string(a.Mix), string(b.Mix)) })

	v.strays = slices.Sorted(maps.Keys(keepers))

	e.mu.Lock()
	e.table.withoutLeaving(v)
	e.mu.Unlock()

	if err := e.lookForRecordings(ctx, v, searchAll); err != nil {
		return nil, fmt.Errorf("look for recordings: %w", err)
	}
	return v, nil
}

// seenLeg reports false for channels that are no legs of ours: Asterisk's helpers, calls that the dialplan serves, and whatever is in another application. A
// leg that we dialled is in no application until it is answered.
func (e *Engine) seenLeg(c channel) (core.SeenLeg, bool) {
	ours := c.dialledBy(e.cfg.App)
	if c.helper() || !ours && !c.inApp(e.cfg.App) {
		return core.SeenLeg{}, false
	}
	s := core.SeenLeg{
		Leg: core.LegID(c.ID), Ours: ours, Call: core.CallID(c.Vars[callVariable]),
		Up: c.State == "Up" && c.inApp(e.cfg.App), Ringing: c.State == "Ringing",
	}
	if !s.Ours {
		s.From, s.Name = calledBy(c)
		s.To = c.Dialplan.Exten
	}
	return s, true
}

func (e *Engine) lookForRecordings(ctx context.Context, v *wholeView, searchAll bool) error {
	candidates := map[core.RecordingID]core.MixID{}
	e.mu.Lock()
	for id, r := range e.table.recordings {
		candidates[id] = r.mix
	}
	e.mu.Unlock()
	if searchAll {
		names := make([]string, len(v.snapshot.Mixes))
		group, groupCtx := errgroup.WithContext(ctx)
		group.SetLimit(8)
		for i, m := range v.snapshot.Mixes {
			if len(m.Legs) == 0 && v.keepers[m.Mix] == "" {
				continue // nothing is recorded in an empty bridge
			}
			group.Go(func() (err error) {
				names[i], err = e.recordingVariable(groupCtx, bridgeID(m.Mix, v.generations[m.Mix]))
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		for i, name := range names {
			if name != "" {
				candidates[core.RecordingID(name)] = v.snapshot.Mixes[i].Mix
			}
		}
	}
	for id, mix := range candidates {
		var live liveRecording
		err := e.rest.do(ctx, http.MethodGet, path("recordings", "live", string(id)), nil, nil, &live)
		switch {
		case notFound(err):
		case err != nil:
			return err
		default:
			v.recordedMix[id] = mix
			v.snapshot.Recordings = append(v.snapshot.Recordings, core.SeenRecording{Recording: id, Paused: live.State == "paused"})
		}
	}
	slices.SortFunc(v.snapshot.Recordings, func(a, b core.SeenRecording) int {
		return strings.Compare(string(a.Recording), string(b.Recording))
	})
	return nil
}

// recordingVariable reads the name of a bridge's newest recording; "" if it has none.
func (e *Engine) recordingVariable(ctx context.Context, bridge string) (string, error) {
	var answer struct {
		Value string `json:"value"`
	}
	err := e.rest.do(ctx, http.MethodGet, path("bridges", bridge, "variable"), url.Values{"variable": {recordingVariable}}, nil, &answer)
	var se *StatusError
	if errors.As(err, &se) && (se.Status == http.StatusNotFound || se.Status == http.StatusBadRequest) {
		return "", nil // the bridge went meanwhile, or Asterisk is older than 22.10 and knows no variables of bridges
	}
	return answer.Value, err
}
