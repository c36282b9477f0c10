package esl

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// standing is what the switch says of a leg that it is asked about. That is the truth, however late events are; it costs ten kilobytes.
type standing map[string]any

// standing asks about a leg. there = false: there is none, or it has ended.
func (l *link) standing(ctx context.Context, id core.LegID) (s standing, there bool, err error) {
	said, err := l.api(ctx, "uuid_dump", idArg(id), literal("json"))
	if answered(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if err := json.Unmarshal([]byte(said), &s); err != nil {
		return nil, false, fmt.Errorf("read what the switch says of channel %s: %w", id, err)
	}
	return s, true, nil
}

func (s standing) text(name string) string {
	text, _ := s[name].(string)
	return text
}

func (s standing) variable(name string) string { return s.text("variable_" + name) }

// States of a leg, as FreeSWITCH numbers them: its thread is in one, and goes on to the one that it was told.
var states = []string{
	"CS_NEW", "CS_INIT", "CS_ROUTING", "CS_SOFT_EXECUTE", programState, secondState, parkedState, "CS_CONSUME_MEDIA", "CS_HIBERNATE", "CS_RESET", "CS_HANGUP", "CS_REPORTING", "CS_DESTROY",
}

const (
	programState = "CS_EXECUTE"        // in a program
	secondState  = "CS_EXCHANGE_MEDIA" // the second leg of a bridge
	parkedState  = "CS_PARK"           // parked, because the bridge has ended, or will not be made
)

// bridgeStates are those in which a leg is in a bridge, or comes to one.
var bridgeStates = []string{"CS_SOFT_EXECUTE", secondState, "CS_CONSUME_MEDIA", "CS_HIBERNATE", "CS_RESET"}

// state is where a leg's thread is; "" while it is told to go to another.
func (s standing) state() string {
	state := s.text("Channel-State")
	if next, err := strconv.Atoi(s.text("Channel-State-Number")); err == nil && (next < 0 || next >= len(states) || states[next] != state) {
		return ""
	}
	return state
}

// runs is what runs in a leg's program.
func (s standing) runs() (app, arg string) {
	return s.variable("current_application"), s.variable("current_application_data")
}

// stay is what a leg that is in no mix does.
func (s standing) stay() stay {
	switch s.state() {
	case parkedState: // whatever ran before
		return stay{}
	case programState:
	default:
		return stay{unknown: true}
	}
	app, arg := s.runs()
	class, music := strings.CutPrefix(arg, musicStream)
	switch {
	case app == "park":
		return stay{}
	case app == "playback" && music && class == defaultMusic:
		return stay{music: true}
	case app == "playback" && music:
		return stay{music: true, class: class}
	}
	return stay{unknown: true} // a prompt, behind which anything may come
}

// progress is how far a leg has come with a move.
type progress int

const (
	underway progress = iota // it will come, or nobody can say
	arrived                  // it does what it was told
	astray                   // it does not, and nothing is under way
)

// progress compares what a leg was told with what it does.
func (m *move) progress(s standing) progress {
	state := s.state()
	app, arg := s.runs()
	switch {
	case state == "":
		return underway
	case (m.ends || m.to.with != "") && state == parkedState:
		return arrived // a bridge that was not made
	case m.to.with != "" && s.variable(bridgedVariable) == string(m.to.with):
		return arrived
	case (m.ends || m.to.with != "") && slices.Contains(bridgeStates, state):
		return underway
	case m.program != "" && state == programState && app+":"+arg != safetyNet && strings.Contains(m.program+delimiter, app+":"+arg+delimiter):
		return arrived
	}
	return astray // in the net, too: it may touch that of its old program in passing
}

// lookAtMove asks the switch about a move of which no event has told for a while. Two looks in a row that find the leg astray are believed.
func (e *Engine) lookAtMove(ctx context.Context, id core.LegID, m *move) error {
	p := e.connected()
	if p == nil {
		return nil // the session is over, and its moves are
	}
	s, there, err := p.commands.standing(ctx, id)
	if err != nil {
		return fmt.Errorf("look at the leg's last move: %w", err)
	}
	e.note(id, func(l *leg) {
		if l.moving != m {
			return
		}
		switch found := m.progress(s); {
		case !there:
			m.over() // its end will be told
		case found == arrived:
			l.arrives(s)
		case found == astray:
			if m.missed++; m.missed >= 2 {
				l.moving, l.stay.unknown = nil, true
				m.over()
			}
		default:
			m.missed = 0
		}
	})
	return nil
}

// arrives notes that a leg does what it was told, though no event has told so.
func (l *leg) arrives(s standing) {
	to := l.moving.to
	l.moving.over()
	l.moving = nil
	switch {
	case to.with == "":
	case s.state() == parkedState:
		l.stay = stay{}
	default:
		l.second, l.met = to.with, time.Now()
		if s.state() == secondState {
			l.second = l.id
		}
	}
}
