package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

const (
	audienceQueue  = "audience"
	audienceNumber = "5002"
)

// audience is the phones of one conference that speak and listen: a customer's and three agents', each saying a tone of its own. What counts of a merge is what they
// hear.
type audience struct {
	customer *softphone.Phone
	desks    []*softphone.Phone
	next     []*softphone.Cursor // walks over the calls that come in at a desk
	first    int                 // the number of the agent at the first desk
	rounds   int                 // conferences so far
	exchange string              // host:port of the switch, once it runs
}

// newAudience makes the phones. Like the floor's, they are there before the switch, whose configuration names them.
func newAudience(first int) (*audience, error) {
	a := &audience{first: first}
	phone := func(user string, k int) (*softphone.Phone, error) {
		return softphone.New(softphone.Config{User: user, Voice: softphone.ToneVoice(softphone.Tone(k)), Reaction: softphone.Answer})
	}
	var err error
	if a.customer, err = phone(lab.Carrier, conferenceAgent); err != nil {
		return nil, err
	}
	for k := range conferenceAgent {
		p, err := phone(phoneName(first+k), k)
		if err != nil {
			a.close()
			return nil, err
		}
		a.desks = append(a.desks, p)
		a.next = append(a.next, p.Events().Cursor())
	}
	return a, nil
}

func (a *audience) close() {
	bye, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	a.customer.Shutdown(bye)
	for _, p := range a.desks {
		p.Shutdown(bye)
	}
}

// contacts are the desks' SIP URIs.
func (a *audience) contacts() []string {
	var all []string
	for _, p := range a.desks {
		all = append(all, "sip:"+p.User()+"@"+p.Addr())
	}
	return all
}

func (a *audience) agent(k int) core.AgentID { return core.AgentID(agentName(a.first + k)) }

// listen plays one conference again and again until so many merges were heard, and says how long each took.
func (a *audience) listen(ctx context.Context, h *hall, merges int) (spread, error) {
	h.say("  listening to merges")
	var all []time.Duration
	for len(all) < merges {
		a.rounds++
		took, err := a.conference(ctx, h)
		if err != nil {
			return spread{}, fmt.Errorf("conference %d: %w", a.rounds, err)
		}
		all = append(all, took...)
	}
	s := spreadOf(all)
	h.say("  merge until everybody hears everybody: p50 %s, p95 %s, max %s ms (%d)", ms(s.p50), ms(s.p95), ms(s.max), s.n)
	return s, nil
}

// voice is a participant: a call at a phone, and the tone that is said there.
type voice struct {
	*softphone.Call
	tone float64
}

// conference is one: a customer and an agent, and two more whom that agent consults and merges.
func (a *audience) conference(ctx context.Context, h *hall) ([]time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	number := fmt.Sprintf("4931%07d", a.rounds)
	c, err := a.customer.Dial(ctx, audienceNumber+"@"+a.exchange, softphone.CallOptions{From: number})
	if err != nil {
		return nil, err
	}
	people := []voice{{c, softphone.Tone(conferenceAgent)}}
	first, err := a.takes(ctx, 0)
	if err != nil {
		return nil, err
	}
	people = append(people, first)
	if err := everybodyHears(ctx, people); err != nil {
		return nil, err
	}
	call, err := a.call(ctx, h, number)
	if err != nil {
		return nil, err
	}
	order := func(what string, more map[string]any) error {
		in := map[string]any{"agent": a.agent(0)}
		for k, v := range more {
			in[k] = v
		}
		return h.centre.post(ctx, "calls/"+string(call)+"/"+what, in, nil)
	}
	var took []time.Duration
	for k := 1; k <= helpers; k++ {
		if err := order("consult", map[string]any{"to": map[string]any{"agent": a.agent(k)}}); err != nil {
			return nil, err
		}
		asked, err := a.takes(ctx, k)
		if err != nil {
			return nil, err
		}
		if err := everybodyHears(ctx, []voice{first, asked}); err != nil {
			return nil, err
		}
		people = append(people, asked)
		begun := time.Now()
		if err := order("consult/merge", nil); err != nil {
			return nil, err
		}
		if err := everybodyHears(ctx, people); err != nil {
			return nil, err
		}
		took = append(took, complete(people).Sub(begun))
	}
	if err := order("end", nil); err != nil {
		return nil, err
	}
	for _, v := range people {
		if _, err := v.AwaitEnd(ctx); err != nil {
			return nil, err
		}
	}
	// The next round begins when the agents can be asked again.
	_, err = h.board.Await(ctx, "the audience to be free", func(st client.State) bool {
		for k := range conferenceAgent {
			if st.Agents[a.agent(k)].Call != "" || st.Agents[a.agent(k)].State == core.Engaged {
				return false
			}
		}
		return true
	})
	if err != nil {
		return nil, errors.New("the audience's agents do not become free")
	}
	return took, nil
}

// takes waits for the next call at a desk to be answered, which the phone does by itself.
func (a *audience) takes(ctx context.Context, k int) (voice, error) {
	e, err := a.next[k].Await(ctx, softphone.Is(softphone.Acknowledged))
	return voice{e.Call, softphone.Tone(k)}, err
}

// call finds the call from a number.
func (a *audience) call(ctx context.Context, h *hall, number string) (core.CallID, error) {
	var id core.CallID
	_, err := h.board.Await(ctx, "the call", func(st client.State) bool {
		for _, c := range st.Calls {
			if c.From == number && c.Phase == core.Talking {
				id = c.ID
				return true
			}
		}
		return false
	})
	if err != nil {
		return "", errors.New("the call does not show")
	}
	return id, nil
}

// others are the tones of all but one.
func others(people []voice, but int) []float64 {
	var tones []float64
	for i, v := range people {
		if i != but {
			tones = append(tones, v.tone)
		}
	}
	return tones
}

func hearsAll(h softphone.Heard, tones []float64) bool {
	return !slices.ContainsFunc(tones, func(hz float64) bool { return !slices.Contains(h.Tones, hz) })
}

// everybodyHears waits until everybody hears everybody else, and has for a moment. Music that fades, which an ear hears a fifth of a second longer than it lasts, is
// nobody's concern.
func everybodyHears(ctx context.Context, people []voice) error {
	for i, v := range people {
		tones := others(people, i)
		if err := v.HearsMatching(ctx, fmt.Sprintf("%g Hz", tones), func(h softphone.Heard) bool { return hearsAll(h, tones) }); err != nil {
			return err
		}
	}
	return nil
}

// complete is since when everybody has heard everybody else.
func complete(people []voice) time.Time {
	var last time.Time
	for i, v := range people {
		history := v.Ear().History()
		tones := others(people, i)
		k := len(history)
		for k > 0 && hearsAll(history[k-1], tones) {
			k--
		}
		since := time.Now() // it has just broken off again
		if k < len(history) {
			since = history[k].At
		}
		if since.After(last) {
			last = since
		}
	}
	return last
}
