package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// stream is an ordinary day: callers come and go, agents answer, sometimes do not, and finish their work, until ctx ends.
func (d *demo) stream(ctx context.Context) error {
	d.say("callers come in from now on; Ctrl-C ends the demo")
	for _, a := range d.cast {
		d.phone(a.id).SetReaction(likePeopleDo)
		if err := d.agentsAre(ctx, core.Available, a.id); err != nil {
			return ended(ctx, err)
		}
	}
	var people sync.WaitGroup
	defer people.Wait()
	people.Go(func() { d.desktops(ctx) })
	for n := 0; ; n++ {
		people.Go(func() { d.customer(ctx, n) })
		select {
		case <-ctx.Done():
			d.say("ending the demo ...")
			return nil
		case <-time.After(between(3*time.Second, 9*time.Second)):
		}
	}
}

// ended makes the end of the demo no error.
func ended(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

func between(a, b time.Duration) time.Duration {
	return a + rand.N(b-a)
}

// likePeopleDo answers after a while, mostly.
func likePeopleDo(ctx context.Context, c *softphone.Call) {
	switch rand.IntN(10) {
	case 0:
		softphone.Ring(ctx, c) // not at the desk
	case 1:
		softphone.Decline(ctx, c)
	default:
		softphone.AnswerAfter(between(time.Second, 4*time.Second))(ctx, c)
	}
}

// customer calls, has patience for a while, talks for a while, and hangs up.
func (d *demo) customer(ctx context.Context, n int) {
	number := queueNumber
	if n%5 == 4 {
		number = groupNumber
	}
	call, err := d.calls(ctx, fmt.Sprintf("+4917055%05d", n), number)
	if err != nil {
		d.say("a caller could not call: %v", err)
		return
	}
	select {
	case <-call.Done():
	case <-ctx.Done():
	case <-time.After(between(15*time.Second, 40*time.Second)):
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := call.HangUp(bye); err != nil {
		d.say("a caller could not hang up: %v", err)
	}
}

// desktops does what the agents would do on their screens: finish wrap-ups, and come back after a missed call. Who is signed in does that in person.
func (d *demo) desktops(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(3 * time.Second):
		}
		for id, a := range d.board.State().Agents {
			if a.State != core.WrapUp && a.State != core.RONA && a.State != core.Idle || d.attended(ctx, id) {
				continue
			}
			var err error
			switch a.State {
			case core.WrapUp:
				err = d.api.Post(ctx, "/api/v1/agents/"+string(id)+"/wrap-up", map[string]string{"reason": "question"}, nil)
			case core.RONA, core.Idle:
				err = d.api.Post(ctx, "/api/v1/agents/"+string(id)+"/state", map[string]string{"state": string(core.Available)}, nil)
			case core.Offline, core.Available, core.Reserved, core.Engaged:
			}
			if err != nil && ctx.Err() == nil {
				d.say("%s's desktop: %v", id, err)
			}
		}
	}
}

// attended reports whether somebody is signed in as an agent.
func (d *demo) attended(ctx context.Context, id core.AgentID) bool {
	var sessions struct{ Items []struct{} }
	if err := d.api.Get(ctx, "/api/v1/sessions?user="+url.QueryEscape(string(id)), &sessions); err != nil && ctx.Err() == nil {
		d.say("who is signed in as %s: %v", id, err)
	}
	return len(sessions.Items) > 0
}
