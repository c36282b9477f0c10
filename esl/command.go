package esl

import (
	"errors"
	"fmt"
	"strings"

	lib "github.com/percipia/eslgo/command"
)

// A command is one message to the switch. The library builds it; it checks nothing, so that all it is given are arguments.
type command struct {
	verb   string // for people
	lib    lib.Command
	answer string // the kind of frame that answers it
	job    jobID  // of bgapi: the reply repeats it
	err    error  // of a bad argument
}

// jobID names a command that runs in the background. We choose it, so that its outcome is awaited before it can come.
type jobID string

// apiCommand is a command that the switch carries out while it keeps the connection waiting: for instant things only.
func apiCommand(verb string, args ...argument) command {
	name, all := wordArg(verb), joinedBy(" ", args)
	return command{
		verb:   verb,
		lib:    lib.API{Command: name.text, Arguments: all.text},
		answer: kindAnswer,
		err:    errors.Join(name.err, all.err),
	}
}

// backgroundCommand is a command with a thread of its own. The reply says that it has begun; the event BACKGROUND_JOB with the same
// id says what came of it.
func backgroundCommand(job jobID, verb string, args ...argument) command {
	name, all, id := wordArg(verb), joinedBy(" ", args), idArg(job)
	return command{
		verb: verb,
		// The library knows nothing of job ids. The header goes where the arguments end, which is the end of the line.
		lib:    lib.API{Command: name.text, Arguments: all.text + "\nJob-UUID: " + id.text, Background: true},
		answer: kindReply,
		job:    job,
		err:    errors.Join(name.err, all.err, id.err),
	}
}

// subscribeCommand asks for events by name; names of the subclasses of CUSTOM come after "CUSTOM".
func subscribeCommand(names ...string) command {
	c := command{verb: "event", lib: lib.Event{Format: "plain", Listen: names}, answer: kindReply}
	for _, n := range names {
		c.err = errors.Join(c.err, wordArg(n).err)
	}
	return c
}

// logInCommand gives the event socket's password, or that of a user of the directory ("name@domain").
func logInCommand(user, password string) command {
	c := command{verb: "auth", lib: lib.Auth{User: user, Password: password}, answer: kindReply}
	if user != "" {
		c.err = wordArg(user).err
	}
	if strings.ContainsAny(password, "\r\n\x00") {
		c.err = errors.Join(c.err, errors.New("esl: password must not contain a line break or a NUL"))
	}
	return c
}

// pingCommand is answered with "-ERR command not found", at once, by any event socket: no module has to be loaded, nothing is carried
// out, and a user with few rights may send it.
func pingCommand() command {
	return command{verb: "ping", lib: ping{}, answer: kindReply}
}

type ping struct{}

// BuildMessage implements the library's Command.
func (ping) BuildMessage() string { return "ping" }

// markGroup begins the name of every mark of ours in the switch's tables.
const markGroup = "tandem-mark-"

// markCommand fires an event by which the switch writes a row into its table of tasks, or takes it away again. Nothing is scheduled.
func markCommand(id int64, name string, there bool) command {
	m := mark{event: "DEL_SCHEDULE", id: id, name: name}
	if there {
		m.event = "ADD_SCHEDULE"
	}
	return command{verb: "sendevent", lib: m, answer: kindReply, err: wordArg(name).err}
}

type mark struct {
	event string
	id    int64
	name  string
}

// BuildMessage implements the library's Command.
func (m mark) BuildMessage() string {
	return fmt.Sprintf("sendevent %s\nTask-ID: %d\nTask-Group: %s\nTask-Runtime: 0", m.event, m.id, m.name)
}

// socketModule is a name that must not be in a command: the event socket reloads itself, and drops everybody, for any command
// that has this name and "reload" or "unload" anywhere in its first line, be it a caller's name.
const socketModule = "mod_event_socket"

// message is what goes over the wire.
func (c command) message() (string, error) {
	if c.err != nil {
		return "", c.err
	}
	text := strings.TrimRight(c.lib.BuildMessage(), " ") // which the library leaves behind a verb without arguments
	if strings.ContainsRune(text, 0) {
		return "", errors.New("esl: command must not contain a NUL")
	}
	if strings.Contains(strings.ToLower(text), socketModule) {
		return "", errors.New("esl: command must not name the event socket's module")
	}
	return text + "\n\n", nil
}

// answeredBy reports whether r can be the reply to c. An "api" that is not allowed is refused with a reply, instead of an answer.
func (c command) answeredBy(r reply) bool {
	switch {
	case r.kind == kindAnswer:
		return c.answer == kindAnswer
	case c.answer == kindAnswer || c.job == "":
		return c.answer == kindReply || strings.HasPrefix(r.text, "-ERR")
	default:
		return strings.HasPrefix(r.text, "-ERR") || r.text == "+OK Job-UUID: "+string(c.job)
	}
}
