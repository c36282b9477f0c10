package esl

import (
	"fmt"
	"strings"

	lib "github.com/percipia/eslgo/command"
	"github.com/percipia/eslgo/command/call"
)

// A command is one message to the switch. The library builds it, of arguments that have been checked.
type command struct {
	lib    lib.Command
	answer string // the kind of frame that answers it
	job    jobID  // of bgapi: the reply repeats it
	err    error  // of a bad argument
}

// jobID names a command that runs in the background. We choose it, so that its outcome is awaited before it can come.
type jobID string

// apiCommand is a command that the switch carries out while it keeps the connection waiting: for instant things only.
func apiCommand(verb string, args ...argument) command {
	all := joinedBy(" ", args)
	return command{lib: lib.API{Command: verb, Arguments: all.text}, answer: kindAnswer, err: all.err}
}

// backgroundCommand is a command with a thread of its own. The reply says that it has begun; the event BACKGROUND_JOB with the same
// id says what came of it.
func backgroundCommand(job jobID, verb string, args ...argument) command {
	all := joinedBy(" ", args)
	id := channelID(job)
	if all.err == nil {
		all.err = id.err
	}
	return command{
		lib:    lib.API{Command: verb, Arguments: all.text + "\nJob-UUID: " + id.text, Background: true},
		answer: kindReply, job: job, err: all.err,
	}
}

// executeCommand runs an application on a leg, after what runs there now. FreeSWITCH expands variables in its argument.
func executeCommand(leg argument, app string, arg argument) command {
	err := leg.err
	if err == nil {
		err = arg.err
	}
	return command{lib: &call.Execute{UUID: leg.text, AppName: app, AppArgs: arg.text}, answer: kindReply, err: err}
}

// subscribeCommand asks for events by name; names of the subclasses of CUSTOM come after "CUSTOM".
func subscribeCommand(names ...string) command {
	c := command{lib: lib.Event{Format: "plain", Listen: names}, answer: kindReply}
	for _, n := range names {
		if w := word(n); w.err != nil {
			c.err = w.err
		}
	}
	return c
}

// message is what goes over the wire.
func (c command) message() (string, error) {
	if c.err != nil {
		return "", c.err
	}
	text := c.lib.BuildMessage()
	if strings.ContainsRune(text, 0) {
		return "", fmt.Errorf("esl: command: must not contain a NUL")
	}
	return text + "\n\n", nil
}
