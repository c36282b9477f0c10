package esl

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// wholeView is one look at everything on the switch.
type wholeView struct {
	begun       time.Time
	snapshot    core.Snapshot
	legs        map[core.LegID]foundLeg
	recordedMix map[core.RecordingID]core.MixID
	others      map[core.MixID][]core.LegID // in the mixes' conferences, and no legs: keepers
}

// foundLeg is what only the adapter needs to know of a leg that was found.
type foundLeg struct {
	answered bool
	parked   bool
	mute     bool
	member   string     // its number in its conference
	stay     stay       // what it does, if it is in no mix
	running  string     // the argument of what runs on it
	with     core.LegID // the other end of its bridge
	second   bool       // of the two
	call     string
	mix      string // what its variable says; of a bridge
}

// row is one of "show channels as json".
type row struct {
	UUID      string `json:"uuid"`
	Direction string `json:"direction"`
	CallState string `json:"callstate"`
}

// waits reports whether it may be a call that waits to be taken, which it does for two seconds.
func (r row) waits() bool {
	return r.Direction == "inbound" && r.CallState != "ACTIVE" && r.CallState != "HELD"
}

// look reads all channels and conferences. The list of channels is a table that the switch fills from its own events, late, and
// knows none of our variables; so it only says which channels to ask. The channel itself tells the rest, unless thorough is false and we
// know it already: then what we know is not older than the look.
func (e *Engine) look(ctx context.Context, p *pair, thorough bool) (*wholeView, error) {
	ctx, cancel := context.WithTimeout(ctx, 4*e.cfg.EffectTimeout)
	defer cancel()
	v := &wholeView{begun: time.Now(), legs: map[core.LegID]foundLeg{}, recordedMix: map[core.RecordingID]core.MixID{}, others: map[core.MixID][]core.LegID{}}
	rows, err := e.channels(ctx, p, thorough)
	if err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	// A channel that is not in the table may be there all the same: a row that could not be written is given up.
	for _, id := range e.unlisted(rows) {
		there, err := exists(ctx, p, id)
		if err != nil {
			return nil, fmt.Errorf("look at a channel: %w", err)
		}
		if there {
			rows = append(rows, row{UUID: string(id)})
		}
	}
	for _, r := range rows {
		seen, found, ok, err := e.lookAtLeg(ctx, p, r, thorough)
		if err != nil {
			return nil, fmt.Errorf("look at a channel: %w", err)
		}
		if ok {
			v.snapshot.Legs = append(v.snapshot.Legs, seen)
			v.legs[seen.Leg] = found
		}
	}
	slices.SortFunc(v.snapshot.Legs, func(a, b core.SeenLeg) int { return cmp.Compare(a.Leg, b.Leg) })
	all, err := conferences(ctx, p.aside)
	if err != nil {
		return nil, fmt.Errorf("list conferences: %w", err)
	}
	for _, c := range all {
		v.mix(c)
	}
	v.bridges()
	slices.SortFunc(v.snapshot.Mixes, func(a, b core.SeenMix) int { return cmp.Compare(a.Mix, b.Mix) })
	slices.SortFunc(v.snapshot.Recordings, func(a, b core.SeenRecording) int { return cmp.Compare(a.Recording, b.Recording) })
	return v, nil
}

// mix adds a conference, if it is a mix.
func (v *wholeView) mix(c conference) {
	id, ours := c.mix()
	if !ours {
		return
	}
	seen := core.SeenMix{Mix: id}
	for _, m := range c.Members {
		if rec, ok := recordingOf(m.RecordPath); ok {
			v.recordedMix[rec] = id
			v.snapshot.Recordings = append(v.snapshot.Recordings, core.SeenRecording{Recording: rec, Paused: m.Status == "paused"})
		}
		leg := core.LegID(m.UUID)
		if found, ok := v.legs[leg]; ok {
			seen.Legs = append(seen.Legs, leg)
			found.mute, found.member = m.muted(), m.number()
			v.legs[leg] = found
		} else if leg != "" {
			v.others[id] = append(v.others[id], leg)
		}
	}
	slices.Sort(seen.Legs)
	v.snapshot.Mixes = append(v.snapshot.Mixes, seen)
}

// channels reads the table of channels. After a connect it must have every channel that there was, so then it is waited for. Later there is no hurry: reading may have to wait for
// the table, a tenth of a second at a time, and must not keep orders waiting.
func (e *Engine) channels(ctx context.Context, p *pair, all bool) ([]row, error) {
	if !all {
		return rowsOf(e.ask(ctx, p, "show", literal("channels as json")))
	}
	list := func() ([]row, error) { return rowsOf(p.aside.api(ctx, "show", literal("channels as json"))) }
	early, err := list()
	if err != nil {
		return nil, err
	}
	for _, r := range early {
		if r.waits() {
			if _, _, _, err := e.lookAtLeg(ctx, p, r, true); err != nil {
				return nil, err
			}
		}
	}
	if err := tableCaughtUp(ctx, p); err != nil {
		return nil, err
	}
	return list()
}

// tableCaughtUp waits until what has happened on the switch before is in its tables. It writes into them a fifth of a second late, later when it is busy, and in the order in which
// it was told: so a mark is put behind everything, a row in the table of tasks, and looked for.
func tableCaughtUp(ctx context.Context, p *pair) error {
	id := 1 + rand.Int64N(math.MaxInt64)
	name := markGroup + strconv.FormatInt(id, 36)
	if _, err := p.aside.send(ctx, markCommand(id, name, true)); err != nil {
		return fmt.Errorf("mark the tables: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_, _ = p.aside.send(ctx, markCommand(id, name, false)) // a mark that stays does no harm
	}()
	for {
		said, err := p.aside.api(ctx, "show", literal("tasks as json"))
		if err != nil {
			return fmt.Errorf("wait for the switch's tables: %w", err)
		}
		if strings.Contains(said, name) {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("wait for the switch's tables: %w", ctx.Err())
		}
	}
}

// unlisted are the legs that we know, and that a listing of channels does not have: sorted.
func (e *Engine) unlisted(rows []row) []core.LegID {
	e.mu.Lock()
	defer e.mu.Unlock()
	rest := maps.Clone(e.table.legs)
	for _, r := range rows {
		delete(rest, core.LegID(r.UUID))
	}
	maps.DeleteFunc(rest, func(_ core.LegID, l *leg) bool { return !l.told || l.pending && !l.created })
	return sortedKeys(rest)
}

// exists asks the switch itself whether there is a channel.
func exists(ctx context.Context, p *pair, id core.LegID) (bool, error) {
	said, err := p.aside.api(ctx, "uuid_exists", idArg(id))
	return strings.TrimSpace(said) == "true", err
}

func rowsOf(said string, err error) ([]row, error) {
	if err != nil {
		return nil, err
	}
	var list struct {
		Rows []row `json:"rows"`
	}
	if err := json.Unmarshal([]byte(said), &list); err != nil {
		return nil, fmt.Errorf("read the list: %w", err)
	}
	return list.Rows, nil
}

// askJob begins the id of the job of every question that is asked in the background.
const askJob = "tandem-ask-"

// ask carries out a command in the background and waits for what it says, which comes among the events.
func (e *Engine) ask(ctx context.Context, p *pair, verb string, args ...argument) (string, error) {
	answer := make(chan string, 1)
	job := jobID(askJob + uuid.NewString()) // nobody else's, not even that of a Tandem before us
	e.mu.Lock()
	e.answers[job] = answer
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.answers, job)
	}()
	if err := p.aside.background(ctx, job, verb, args...); err != nil {
		return "", err
	}
	select {
	case said := <-answer:
		return said, nil
	case <-ctx.Done():
		return "", fmt.Errorf("%s: wait for the answer: %w", verb, ctx.Err())
	}
}

// answered hands the outcome of a job to who asked. The caller holds mu.
func (e *Engine) answered(ev event) (asked bool) {
	answer := e.answers[jobID(ev.get("Job-UUID"))]
	if answer == nil {
		return false
	}
	select {
	case answer <- ev.body:
	default: // it was told twice
	}
	return true
}

// lookAtLeg reports false for channels that are no legs of ours: those that the dialplan or mod_callcenter serves, and those that have ended.
func (e *Engine) lookAtLeg(ctx context.Context, p *pair, r row, thorough bool) (core.SeenLeg, foundLeg, bool, error) {
	id := core.LegID(r.UUID)
	if !thorough {
		if seen, found, known, told := e.remembered(id); known {
			return seen, found, told, nil
		}
	}
	d, there, err := p.aside.standing(ctx, id)
	if err != nil || !there {
		return core.SeenLeg{}, foundLeg{}, false, err
	}
	app, running := d.runs()
	found := foundLeg{
		answered: d.text("Answer-State") == "answered", parked: app != "", stay: d.stay(), running: running,
		with: core.LegID(d.variable(bridgedVariable)), second: d.text("Channel-State") == secondState,
		call: d.variable(callVariable), mix: d.variable(mixVariable),
	}
	seen := core.SeenLeg{Leg: id, Call: core.CallID(found.call)}
	switch {
	case d.variable(legVariable) != "" && d.variable(wantedVariable) == string(id):
		seen.Ours = true
		seen.Up = found.answered && found.parked
		seen.Ringing = !found.answered && d.text("Answer-State") != "" && d.text("Caller-Channel-Progress-Time")+d.text("Caller-Channel-Progress-Media-Time") != "00"
	case d.text("Call-Direction") == "inbound" && d.variable(fromVariable) != "":
		if d.variable(takenVariable) != "true" {
			if !thorough {
				return core.SeenLeg{}, foundLeg{}, false, nil // its event is on the way
			}
			if mine, err := take(ctx, p, id); err != nil || !mine {
				return core.SeenLeg{}, foundLeg{}, false, err
			}
		}
		found.parked = true
		seen.Up = found.answered
		seen.From, seen.Name = calledBy(d.text("Caller-Caller-ID-Number"), d.text("Caller-Caller-ID-Name"))
		seen.To = adapter.Clean(defaultTo(d.variable("sip_req_user"), d.text("Caller-Destination-Number")), maxCallerText)
	default:
		return core.SeenLeg{}, foundLeg{}, false, nil
	}
	return seen, found, true, nil
}

// remembered is what we know of a leg, in the form of a look. told is false while the core does not know of it yet.
func (e *Engine) remembered(id core.LegID) (seen core.SeenLeg, found foundLeg, known, told bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.table.legs[id]
	if l == nil {
		return core.SeenLeg{}, foundLeg{}, false, false
	}
	if l.bridged != "" {
		found = foundLeg{with: l.bridged, mix: string(l.inside)}
	}
	return core.SeenLeg{
		Leg: id, Ours: l.ours, Call: l.call, Up: l.up, Ringing: l.ours && l.rang && !l.up, From: l.from, Name: l.name, To: l.to,
	}, found, true, l.told
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
