package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/docker/freeswitch"
)

// eventSocket is a connection to FreeSWITCH's event socket for one question after another. The lab has one of its own, as plain as can be:
// tests of the adapter's connection must not depend on it.
type eventSocket struct {
	conn net.Conn
	in   *textproto.Reader
}

// openEventSocket connects and logs in.
func openEventSocket(ctx context.Context, addr, password string) (*eventSocket, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect to the event socket: %w", err)
	}
	e := &eventSocket{conn: conn, in: textproto.NewReader(bufio.NewReader(conn))}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, _, err := e.read(); err != nil { // auth/request, or a rejection
		return nil, errors.Join(err, conn.Close())
	}
	head, _, err := e.ask("auth " + password)
	if err == nil && !strings.HasPrefix(head.Get("Reply-Text"), "+OK") {
		err = fmt.Errorf("log in to the event socket: %s", head.Get("Reply-Text"))
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return e, nil
}

// api asks for one command's result.
func (e *eventSocket) api(ctx context.Context, command string) (string, error) {
	if strings.ContainsAny(command, "\r\n") {
		return "", fmt.Errorf("api %q: a command is one line", command)
	}
	stop := context.AfterFunc(ctx, func() { _ = e.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	head, body, err := e.ask("api " + command)
	if err != nil {
		return "", fmt.Errorf("api %s: %w", command, err)
	}
	if body == "" {
		body = head.Get("Reply-Text")
	}
	return body, nil
}

func (e *eventSocket) ask(line string) (textproto.MIMEHeader, string, error) {
	if _, err := io.WriteString(e.conn, line+"\n\n"); err != nil {
		return nil, "", fmt.Errorf("write to the event socket: %w", err)
	}
	return e.read()
}

func (e *eventSocket) read() (textproto.MIMEHeader, string, error) {
	head, err := e.in.ReadMIMEHeader()
	if err != nil {
		return nil, "", fmt.Errorf("read from the event socket: %w", err)
	}
	if t := head.Get("Content-Type"); t == "text/rude-rejection" || t == "text/disconnect-notice" {
		return nil, "", fmt.Errorf("read from the event socket: it says %s", t)
	}
	length := head.Get("Content-Length")
	if length == "" {
		return head, "", nil
	}
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 || n > 16<<20 {
		return nil, "", fmt.Errorf("read from the event socket: a body of length %q", length)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(e.in.R, body); err != nil {
		return nil, "", fmt.Errorf("read from the event socket: %w", err)
	}
	return head, string(body), nil
}

// close says goodbye first: a listener whose connection merely vanishes is a burden to FreeSWITCH.
func (e *eventSocket) close() {
	_ = e.conn.SetDeadline(time.Now().Add(time.Second))
	_, _, _ = e.ask("exit")
	_ = e.conn.Close()
}

// API runs one command and returns what it says, "-ERR" included.
func (f *FreeSWITCH) API(ctx context.Context, command string) (string, error) {
	e, err := openEventSocket(ctx, f.ESLAddr, f.ESLPassword)
	if err != nil {
		return "", err
	}
	defer e.close()
	return e.api(ctx, command)
}

// awaitReady waits until the event socket answers and every SIP profile runs, or the process has ended. The event socket answers long before the
// last module is loaded.
func (f *FreeSWITCH) awaitReady(ctx context.Context, p *process) error {
	var e *eventSocket
	defer func() {
		if e != nil {
			e.close()
		}
	}()
	var last string
	for {
		if e == nil {
			e, _ = openEventSocket(ctx, f.ESLAddr, f.ESLPassword) // refused until it listens, which costs nobody anything
		}
		if e != nil {
			text, err := e.api(ctx, "sofia status")
			if err != nil && ctx.Err() == nil {
				return err
			}
			if last = text; profilesRun(text, f.site.Profiles()) {
				return nil
			}
		}
		select {
		case <-p.done:
			return fmt.Errorf("freeswitch ended while it started: %w", p.err)
		case <-ctx.Done():
			return fmt.Errorf("await FreeSWITCH's SIP profiles: %w: %s", ctx.Err(), last)
		case <-time.After(poll):
		}
	}
}

// profilesRun reads the table of "sofia status".
func profilesRun(text string, want []string) bool {
	running := map[string]bool{}
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) >= 4 && fields[1] == "profile" && fields[3] == "RUNNING" {
			running[fields[0]] = true
		}
	}
	for _, name := range want {
		if !running[name] {
			return false
		}
	}
	return true
}

// channels is the switch's table of legs.
func (f *FreeSWITCH) channels(ctx context.Context) ([]map[string]string, error) {
	text, err := f.API(ctx, "show channels as json")
	if err != nil {
		return nil, err
	}
	var t struct {
		Rows []map[string]string `json:"rows"`
	}
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return nil, fmt.Errorf("decode FreeSWITCH's channels: %w: %.200s", err, text)
	}
	return t.Rows, nil
}

// Leftovers lists the channels and conferences that are on the switch, one line each. After a test there should be none.
func (f *FreeSWITCH) Leftovers(ctx context.Context) ([]string, error) {
	channels, err := f.channels(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, c := range channels {
		out = append(out, fmt.Sprintf("channel %s %s %s %s", c["uuid"], c["name"], c["callstate"], c["application"]))
	}
	conferences, err := f.API(ctx, "conference json_list")
	if err != nil {
		return nil, err
	}
	// "[]", or a sentence that says the same.
	if strings.Contains(conferences, `"conference_name"`) {
		out = append(out, "conferences "+conferences)
	}
	return out, nil
}

// AwaitEmpty waits until nothing is left on the switch. When ctx ends, the error lists what is.
func (f *FreeSWITCH) AwaitEmpty(ctx context.Context) error { return awaitEmpty(ctx, f.Leftovers) }

// Contacts tells where phones have registered: user → SIP URI. It asks SIP itself: "show registrations" keeps a phone that has been given up.
func (f *FreeSWITCH) Contacts(ctx context.Context) (map[string]string, error) {
	text, err := f.API(ctx, "sofia status profile "+freeswitch.Profile+" reg")
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	var user string
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); name {
		case "User":
			user, _, _ = strings.Cut(value, "@")
		case "Contact":
			_, uri, _ := strings.Cut(value, "<")
			out[user], _, _ = strings.Cut(uri, ">")
		}
	}
	return out, nil
}
