package esl

import (
	"errors"
	"strings"
	"syscall"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// refusedIn finds a refusal that is not the first thing that a command said: some say that all is well and, on the next line, that it
// is not.
func refusedIn(verb, said string) error {
	for line := range strings.Lines(said) {
		if text, found := strings.CutPrefix(strings.TrimSpace(line), "-ERR"); found {
			return &switchError{Verb: verb, Text: oneLine(text, maxSaid)}
		}
	}
	return nil
}

// notFound reports whether err is the switch's word that there is no such leg, conference or recording.
func notFound(err error) bool {
	var se *switchError
	if !errors.As(err, &se) {
		return false
	}
	text := strings.ToLower(se.Text)
	switch se.Verb {
	case "uuid_ring_ready", "uuid_answer": // say "-ERROR" and no more; a channel that is there refuses only while it is being hung up
		return text == "or"
	case "conference":
		return strings.Contains(text, "not found") || noSuchRecording(err)
	}
	return strings.Contains(text, "no such channel") || strings.Contains(text, "cannot locate session")
}

// noSuchRecording reports whether err is the word of a conference that it has no such recording.
func noSuchRecording(err error) bool {
	var se *switchError
	return errors.As(err, &se) && se.Verb == "conference" && strings.Contains(strings.ToLower(se.Text), "non-exist")
}

// answered reports whether the switch itself refused, so that nothing has happened.
func answered(err error) bool {
	var se *switchError
	return errors.As(err, &se)
}

// refusalOf puts an error into the words of the port. nil stays nil.
func refusalOf(err error) *engine.Refusal {
	if err == nil {
		return nil
	}
	var refusal *engine.Refusal
	if errors.As(err, &refusal) {
		return refusal
	}
	text := err.Error()
	switch {
	case notFound(err):
		return &engine.Refusal{Why: core.WhyUnknown, Text: text}
	case answered(err):
		return &engine.Refusal{Why: core.WhyFailed, Text: text}
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, errClosed):
		return &engine.Refusal{Why: core.WhyDown, Text: text}
	default:
		// The deadline, or a connection that broke after the command went out: it may or may not have happened.
		return &engine.Refusal{Why: core.WhyTimeout, Text: text}
	}
}
