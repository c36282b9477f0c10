package esl

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// linkConfig says how to reach the event socket. Zero durations mean the default.
type linkConfig struct {
	addr     string // host:port
	user     string // "name@domain" of the directory; "" for the event socket's own password
	password string

	dialTimeout time.Duration // to connect and log in; default 5 s
	replyLimit  time.Duration // oldest age of a command without a reply; older means that the link is dead; default 10 s
	pingEvery   time.Duration // without a word from the switch; default 5 s
	log         *slog.Logger
}

// Errors of a link.
var (
	errPassword     = errors.New("esl: the switch refuses the password")
	errNotAllowed   = errors.New("esl: the switch's access list refuses our address")
	errDisconnected = errors.New("esl: the switch has closed the connection")
	errClosed       = errors.New("esl: the connection is closed")
)

// reply is the switch's answer to a command.
type reply struct {
	text string // of a command: "+OK accepted"; of api: everything that it said
}

// link is one connection to the event socket.
type link struct{}

// dialLink connects and logs in. onEvent is called for every event, in order, by the one goroutine that reads: it must not wait.
func dialLink(ctx context.Context, c linkConfig, onEvent func(event)) (*link, error) {
	return nil, errors.ErrUnsupported
}

// send sends a command and waits for its reply. A "-ERR" is a *switchError.
func (l *link) send(ctx context.Context, c command) (reply, error) {
	return reply{}, errors.ErrUnsupported
}

// api carries out an instant command, within 2 s, and gives what it said. "-ERR ..." is a *switchError.
func (l *link) api(ctx context.Context, verb string, args ...argument) (string, error) {
	return "", errors.ErrUnsupported
}

// background begins a command whose outcome the event BACKGROUND_JOB with Job-UUID = job brings.
func (l *link) background(ctx context.Context, job jobID, verb string, args ...argument) error {
	return errors.ErrUnsupported
}

// subscribe asks for events by name.
func (l *link) subscribe(ctx context.Context, names ...string) error { return errors.ErrUnsupported }

// nudge wakes the switch's listener, which otherwise looks for new events every 20 ms only. It has no reply.
func (l *link) nudge() {}

// done is closed when the link is dead; err says why.
func (l *link) done() <-chan struct{} { return nil }

func (l *link) err() error { return nil }

// close ends the link and waits for its goroutines.
func (l *link) close() {}

// switchError is a refusal by the switch: "-ERR No such channel!".
type switchError struct {
	Command string // the verb
	Text    string // without "-ERR", cleaned
}

func (e *switchError) Error() string { return "esl: " + e.Command + ": " + e.Text }
