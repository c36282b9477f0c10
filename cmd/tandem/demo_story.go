package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"slices"
	"time"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// story plays every step once and looks, at each, at the phones' own ears and at the records. It stops at the first step that is not as it
// should be.
func (d *demo) story(ctx context.Context) error {
	acts := []func(context.Context) error{d.actMissedAndTaken, d.actGivesUp, d.actDeclined, d.actRingAll}
	for _, act := range acts {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return d.step(ctx, "nothing is left on the switch", "Q11", func(ctx context.Context) (string, error) {
		for _, sw := range d.switches {
			if err := sw.lab.AwaitEmpty(ctx); err != nil {
				return "", fmt.Errorf("%s: %w", sw.name, err)
			}
		}
		return "no channel, no bridge", nil
	})
}

// step carries out one step of the story and notes what was observed.
func (d *demo) step(ctx context.Context, name, features string, do func(context.Context) (string, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	began := time.Now()
	seen, err := do(ctx)
	s := step{Name: name, Features: features, Seen: seen, Seconds: time.Since(began).Seconds(), OK: err == nil}
	if err != nil {
		s.Error = err.Error()
	}
	d.report(s)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

const (
	queueNumber = "+4930100"
	groupNumber = "+4930200"
	ringTime    = 6 * time.Second
)

// actMissedAndTaken: queue, no answer, RONA, next agent, talk, hold, resume, recording pause, hang-up, wrap-up, archive, lead.
func (d *demo) actMissedAndTaken(ctx context.Context) error {
	const number = "+491701234567"
	var caller, desk *softphone.Call
	var call core.CallID
	steps := []struct {
		name, features string
		do             func(context.Context) (string, error)
	}{
		{"a caller waits and hears music", "N5", func(ctx context.Context) (string, error) {
			if err := d.agentsAre(ctx, core.Idle, "anna", "ben", "cleo"); err != nil {
				return "", err
			}
			var err error
			if caller, err = d.calls(ctx, number, queueNumber); err != nil {
				return "", err
			}
			c, err := d.callFrom(ctx, number, core.Waiting)
			if err != nil {
				return "", err
			}
			call = c.ID
			return "the caller's phone hears music", caller.HearsOther(ctx)
		}},
		{"nobody is free, and Tandem says why", "Q9", func(ctx context.Context) (string, error) {
			var x core.Explanation
			if err := d.api.Get(ctx, "/api/v1/calls/"+string(call)+"/explain", &x); err != nil {
				return "", err
			}
			for _, a := range x.Agents {
				if a.Gate != core.GateIdle {
					return "", fmt.Errorf("agent %s is said to be kept by %q, not by %q", a.Agent, a.Gate, core.GateIdle)
				}
			}
			return fmt.Sprintf("position %d; all %d agents are idle", x.Position, len(x.Agents)), nil
		}},
		{"anna's phone rings, she does not answer", "Q3", func(ctx context.Context) (string, error) {
			d.phone("anna").SetReaction(softphone.Ring)
			if err := d.agentsAre(ctx, core.Available, "anna"); err != nil {
				return "", err
			}
			ring, err := d.rings(ctx, "anna")
			if err != nil {
				return "", err
			}
			d.phone("ben").SetReaction(softphone.AnswerAfter(500 * time.Millisecond))
			if err := d.agentsAre(ctx, core.Available, "ben"); err != nil {
				return "", err
			}
			if _, err := ring.Await(ctx, softphone.Is(softphone.Cancelled)); err != nil {
				return "", err
			}
			a, err := d.agentIs(ctx, "anna", core.RONA)
			return fmt.Sprintf("phone 1001 rang and was stopped; anna is %s", a.State), err
		}},
		{"ben is offered the call next and answers: both hear each other", "Q3, C1", func(ctx context.Context) (string, error) {
			var err error
			if desk, err = d.answered(ctx, "ben"); err != nil {
				return "", err
			}
			return "each phone hears the other's tone", d.hearEachOther(ctx, caller, desk)
		}},
		{"the conversation is recorded", "C15", func(ctx context.Context) (string, error) {
			return "the switch confirmed it", d.recordingIs(ctx, call, core.RecordingOn)
		}},
		{"hold: the caller hears music, ben hears nothing", "C3", func(ctx context.Context) (string, error) {
			if err := d.control(ctx, call, "hold"); err != nil {
				return "", err
			}
			if err := caller.HearsOther(ctx); err != nil {
				return "", err
			}
			return "music here, silence there", desk.HearsSilence(ctx)
		}},
		{"End is disabled while held", "C3", func(ctx context.Context) (string, error) {
			return "refused with customer_held", refusedWith(d.control(ctx, call, "end"), core.RefusedHeld)
		}},
		{"resume: both hear each other again", "C3", func(ctx context.Context) (string, error) {
			if err := d.control(ctx, call, "resume"); err != nil {
				return "", err
			}
			return "each phone hears the other's tone", d.hearEachOther(ctx, caller, desk)
		}},
		{"the recording is paused and resumed", "C15", func(ctx context.Context) (string, error) {
			if err := d.control(ctx, call, "recording/pause"); err != nil {
				return "", err
			}
			if err := d.recordingIs(ctx, call, core.RecordingOff); err != nil {
				return "", err
			}
			if err := d.control(ctx, call, "recording/resume"); err != nil {
				return "", err
			}
			return "confirmed by the switch both times", d.recordingIs(ctx, call, core.RecordingOn)
		}},
		{"the caller hangs up, ben owes wrap-up", "C19", func(ctx context.Context) (string, error) {
			if err := caller.HangUp(ctx); err != nil {
				return "", err
			}
			if _, err := desk.AwaitEnd(ctx); err != nil {
				return "", err
			}
			_, err := d.agentIs(ctx, "ben", core.WrapUp)
			return "phone 1002 was hung up; ben is in wrap-up", err
		}},
		{"ben submits the wrap-up", "C19", func(ctx context.Context) (string, error) {
			in := map[string]string{"reason": "sale", "notes": "wants a second line"}
			if err := d.api.Post(ctx, "/api/v1/agents/ben/wrap-up", in, nil); err != nil {
				return "", err
			}
			_, err := d.agentIs(ctx, "ben", core.Available)
			return "ben is available again", err
		}},
		{"the recording is archived, and both voices are on it", "C15, R6", func(ctx context.Context) (string, error) {
			return d.archived(ctx, call)
		}},
		{"the unknown caller has become one lead", "R2", func(ctx context.Context) (string, error) {
			return d.oneLead(ctx, number)
		}},
		{"the call's record adds up", "R6", func(ctx context.Context) (string, error) {
			return d.recordSays(ctx, call, core.CallAnswered)
		}},
	}
	for _, s := range steps {
		if err := d.step(ctx, s.name, s.features, s.do); err != nil {
			return err
		}
	}
	return nil
}

// actGivesUp: the caller hangs up while the phone rings, which is nobody's fault.
func (d *demo) actGivesUp(ctx context.Context) error {
	return d.step(ctx, "a caller gives up while anna's phone rings: no effect on her", "Q4", func(ctx context.Context) (string, error) {
		if err := d.only(ctx, "anna"); err != nil {
			return "", err
		}
		d.phone("anna").SetReaction(softphone.Ring)
		caller, err := d.calls(ctx, "+491702222222", queueNumber)
		if err != nil {
			return "", err
		}
		ring, err := d.rings(ctx, "anna")
		if err != nil {
			return "", err
		}
		c, err := d.callFrom(ctx, "+491702222222", core.Waiting)
		if err != nil {
			return "", err
		}
		if err := caller.HangUp(ctx); err != nil {
			return "", err
		}
		if _, err := ring.Await(ctx, softphone.Is(softphone.Cancelled)); err != nil {
			return "", err
		}
		a, err := d.agentIs(ctx, "anna", core.Available)
		if err != nil {
			return "", err
		}
		if a.Misses != 0 {
			return "", fmt.Errorf("anna is charged with %d misses", a.Misses)
		}
		said, err := d.recordSays(ctx, c.ID, core.CallAbandoned)
		return "anna is available, no miss; " + said, err
	})
}

// actDeclined: a declined offer is not a RONA; the next agent gets the call.
func (d *demo) actDeclined(ctx context.Context) error {
	return d.step(ctx, "anna declines, ben takes the call and ends it from the desktop", "Q4, C3", func(ctx context.Context) (string, error) {
		if err := d.only(ctx, "anna"); err != nil {
			return "", err
		}
		d.phone("anna").SetReaction(softphone.Decline)
		d.phone("ben").SetReaction(softphone.Answer)
		caller, err := d.calls(ctx, "+491703333333", queueNumber)
		if err != nil {
			return "", err
		}
		if _, err := d.rings(ctx, "anna"); err != nil {
			return "", err
		}
		a, err := d.agentIs(ctx, "anna", core.Idle)
		if err != nil {
			return "", err
		}
		if a.Reason != core.ReasonDeclined {
			return "", fmt.Errorf("anna is idle because of %q", a.Reason)
		}
		if err := d.agentsAre(ctx, core.Available, "ben"); err != nil {
			return "", err
		}
		desk, err := d.answered(ctx, "ben")
		if err != nil {
			return "", err
		}
		if err := d.hearEachOther(ctx, caller, desk); err != nil {
			return "", err
		}
		c, err := d.callFrom(ctx, "+491703333333", core.Talking)
		if err != nil {
			return "", err
		}
		if err := d.control(ctx, c.ID, "end"); err != nil {
			return "", err
		}
		if _, err := caller.AwaitEnd(ctx); err != nil {
			return "", err
		}
		return "anna is idle (declined); ben and the caller heard each other", d.wrapUp(ctx, "ben")
	})
}

// actRingAll: all phones of a ring group ring, one wins, the others are told.
func (d *demo) actRingAll(ctx context.Context) error {
	return d.step(ctx, "ring-all: three phones ring, cleo wins, the others show answered elsewhere", "N6", func(ctx context.Context) (string, error) {
		d.phone("anna").SetReaction(softphone.Ring)
		d.phone("ben").SetReaction(softphone.Ring)
		d.phone("cleo").SetReaction(softphone.Ring)
		if err := d.agentsAre(ctx, core.Available, "anna", "ben", "cleo"); err != nil {
			return "", err
		}
		caller, err := d.calls(ctx, "+491704444444", groupNumber)
		if err != nil {
			return "", err
		}
		rings := map[string]*softphone.Call{}
		for _, who := range []string{"anna", "ben", "cleo"} {
			if rings[who], err = d.rings(ctx, who); err != nil {
				return "", err
			}
		}
		if err := rings["cleo"].Answer(); err != nil {
			return "", err
		}
		if err := caller.AwaitAnswer(ctx); err != nil {
			return "", err
		}
		if err := d.hearEachOther(ctx, caller, rings["cleo"]); err != nil {
			return "", err
		}
		for _, who := range []string{"anna", "ben"} {
			e, err := rings[who].Await(ctx, softphone.Is(softphone.Cancelled))
			if err != nil {
				return "", err
			}
			if !e.AnsweredElsewhere() {
				return "", fmt.Errorf("%s's phone was stopped with %q, which does not say answered elsewhere", who, e.Reason)
			}
			if _, err := d.agentIs(ctx, who, core.Available); err != nil {
				return "", err
			}
		}
		if err := rings["cleo"].HangUp(ctx); err != nil {
			return "", err
		}
		if _, err := caller.AwaitEnd(ctx); err != nil {
			return "", err
		}
		_, err = d.agentIs(ctx, "cleo", core.Available)
		return "one winner; two phones told answered elsewhere; the end on cleo's phone ended the call", err
	})
}

// calls makes a customer call a number.
func (d *demo) calls(ctx context.Context, from, to string) (*softphone.Call, error) {
	at := d.switchOf(int(d.callers.Add(1)) - 1)
	c, err := at.trunk.Dial(ctx, to, softphone.CallOptions{From: from, DisplayName: "Customer " + from[len(from)-4:]})
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", to, err)
	}
	return c, nil
}

// callFrom waits until a customer's call is in a phase.
func (d *demo) callFrom(ctx context.Context, number string, phase core.CallPhase) (core.CallView, error) {
	var found core.CallView
	_, err := d.board.Await(ctx, fmt.Sprintf("the call from %s to be %s", number, phase), func(s client.State) bool {
		for _, c := range s.Calls {
			if c.From == number && c.Phase == phase {
				found = c
				return true
			}
		}
		return false
	})
	return found, err
}

// only makes one agent available and all others idle.
func (d *demo) only(ctx context.Context, who string) error {
	for _, a := range d.cast {
		state := core.Idle
		if a.id == who {
			state = core.Available
		}
		if err := d.agentsAre(ctx, state, a.id); err != nil {
			return err
		}
	}
	return nil
}

// agentsAre asks for a state, and waits until the agents have it.
func (d *demo) agentsAre(ctx context.Context, state core.AgentState, who ...string) error {
	for _, id := range who {
		in := map[string]string{"state": string(state)}
		if state == core.Idle {
			in["reason"] = "desk work"
		}
		if err := d.api.Post(ctx, "/api/v1/agents/"+id+"/state", in, nil); err != nil {
			return err
		}
		if state == core.Available {
			continue // it may be offered a call before we look
		}
		if _, err := d.agentIs(ctx, id, state); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) agentIs(ctx context.Context, who string, state core.AgentState) (core.AgentView, error) {
	s, err := d.board.Await(ctx, fmt.Sprintf("%s to be %s", who, state), func(s client.State) bool { return s.Agents[core.AgentID(who)].State == state })
	return s.Agents[core.AgentID(who)], err
}

// rings waits for the next call that comes in at an agent's phone, and until the phone has said that it rings.
func (d *demo) rings(ctx context.Context, who string) (*softphone.Call, error) {
	e, err := d.desks[who].next.Await(ctx, softphone.Is(softphone.Invited))
	if err != nil {
		return nil, fmt.Errorf("%s's phone: %w", who, err)
	}
	return e.Call, nil
}

func (d *demo) answered(ctx context.Context, who string) (*softphone.Call, error) {
	c, err := d.rings(ctx, who)
	if err != nil {
		return nil, err
	}
	_, err = c.Await(ctx, softphone.Is(softphone.Acknowledged))
	return c, err
}

func (d *demo) phone(who string) *softphone.Phone { return d.desks[who].phone }

func (d *demo) hearEachOther(ctx context.Context, caller, desk *softphone.Call) error {
	if err := caller.Hears(ctx, d.toneOf(desk)); err != nil {
		return fmt.Errorf("the caller: %w", err)
	}
	if err := desk.Hears(ctx, callerTone); err != nil {
		return fmt.Errorf("the agent: %w", err)
	}
	return nil
}

func (d *demo) control(ctx context.Context, call core.CallID, what string) error {
	return d.api.Post(ctx, "/api/v1/calls/"+string(call)+"/"+what, nil, nil)
}

func (d *demo) recordingIs(ctx context.Context, call core.CallID, state core.RecordingState) error {
	_, err := d.board.Await(ctx, "the recording to be "+string(state), func(s client.State) bool {
		r := s.Calls[call].Recording
		return r != nil && r.State == state
	})
	return err
}

// wrapUp finishes an agent's wrap-up.
func (d *demo) wrapUp(ctx context.Context, who string) error {
	if _, err := d.agentIs(ctx, who, core.WrapUp); err != nil {
		return err
	}
	if err := d.api.Post(ctx, "/api/v1/agents/"+who+"/wrap-up", map[string]string{"reason": "question"}, nil); err != nil {
		return err
	}
	_, err := d.agentIs(ctx, who, core.Available)
	return err
}

// archived waits until the recording of a call is in the bucket, and listens to it.
func (d *demo) archived(ctx context.Context, call core.CallID) (string, error) {
	type row struct {
		ID    string `json:"id"`
		State string `json:"state"`
		Size  int64  `json:"size"`
	}
	var page struct {
		Items []row `json:"items"`
	}
	err := d.poll(ctx, "the archived recording", func() (bool, error) {
		err := d.api.Get(ctx, "/api/v1/recordings?call="+url.QueryEscape(string(call)), &page)
		return len(page.Items) == 1 && page.Items[0].State == "archived", err
	})
	if err != nil {
		return fmt.Sprintf("%+v", page.Items), err
	}
	audio, err := d.api.Raw(ctx, "/api/v1/recordings/"+page.Items[0].ID+"/audio")
	if err != nil {
		return "", err
	}
	defer func() { _ = audio.Close() }()
	samples, err := softphone.ReadWAV(audio)
	if err != nil {
		return "", fmt.Errorf("the archived recording: %w", err)
	}
	_, _ = io.Copy(io.Discard, audio)
	var tones []float64
	for _, span := range softphone.Analyse(samples) {
		for _, hz := range span.Heard.Tones {
			if !slices.Contains(tones, hz) {
				tones = append(tones, hz)
			}
		}
	}
	for _, want := range []float64{callerTone, d.desks["ben"].tone} {
		if !slices.Contains(tones, want) {
			return "", fmt.Errorf("the recording has the tones %v, and %v is not among them", tones, want)
		}
	}
	return fmt.Sprintf("%.1f s of audio with both tones", float64(len(samples))/8000), nil
}

func (d *demo) oneLead(ctx context.Context, number string) (string, error) {
	var page struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	err := d.poll(ctx, "the lead", func() (bool, error) {
		err := d.api.Get(ctx, "/api/v1/leads?number="+url.QueryEscape(number), &page)
		return len(page.Items) > 0, err
	})
	if err == nil && len(page.Items) != 1 {
		err = fmt.Errorf("there are %d leads", len(page.Items))
	}
	return "one lead for " + number, err
}

// recordSays waits for a call's record and checks it.
func (d *demo) recordSays(ctx context.Context, call core.CallID, outcome core.CallOutcome) (string, error) {
	var r struct {
		Outcome                               core.CallOutcome `json:"outcome"`
		Route, Wait, Talk, Hold, Close, Total float64
		Offers, Misses                        int
	}
	err := d.poll(ctx, "the call's record", func() (bool, error) {
		err := d.api.Get(ctx, "/api/v1/call-records/"+string(call), &r)
		if isStatus(err, 404) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return "", err
	}
	if r.Outcome != outcome {
		return "", fmt.Errorf("the record's outcome is %s", r.Outcome)
	}
	if sum := r.Route + r.Wait + r.Talk + r.Hold + r.Close; sum-r.Total > 1e-6 || r.Total-sum > 1e-6 {
		return "", fmt.Errorf("the record's times give %f, its total is %f", sum, r.Total)
	}
	return fmt.Sprintf("record: %s, waited %.1f s, talked %.1f s, held %.1f s, %d offers, %d missed", r.Outcome, r.Wait, r.Talk, r.Hold, r.Offers, r.Misses), nil
}

// poll asks every 100 ms. It is for what projections and jobs make: these tell no events.
func (d *demo) poll(ctx context.Context, what string, ask func() (bool, error)) error {
	for {
		ok, err := ask()
		if err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
