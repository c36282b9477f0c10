package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"time"
)

// socket is a connection to an event socket for a few questions, one after another. It is not the one of package esl, which is made to live
// long and to carry events.
type socket struct {
	conn  net.Conn
	in    *textproto.Reader
	ended func() bool // ends the watch over the context
}

// openSocket connects; ctx bounds the whole conversation.
func openSocket(ctx context.Context, addr string) (*socket, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("does not answer: %w", err)
	}
	s := &socket{conn: conn, in: textproto.NewReader(bufio.NewReader(io.LimitReader(conn, 1<<20)))}
	s.ended = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	head, _, err := s.read()
	if err == nil && head.Get("Content-Type") != "auth/request" {
		err = fmt.Errorf("does not ask for a password but says %q", head.Get("Content-Type"))
		if head.Get("Content-Type") == "text/rude-rejection" {
			err = errors.New("refuses this machine's address: see the access list in event_socket.conf.xml")
		}
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// logIn shows the password: of the event socket itself, or of a user of the directory.
func (s *socket) logIn(user, password string) error {
	line := "auth " + password
	if user != "" {
		line = "userauth " + user + ":" + password
	}
	head, _, err := s.send(line)
	if err == nil && !strings.HasPrefix(head.Get("Reply-Text"), "+OK") {
		err = errors.New("refuses the password")
	}
	return err
}

// ask asks an instant question. question is never text from outside.
func (s *socket) ask(question string) (string, error) {
	_, body, err := s.send("api " + question)
	return strings.TrimSpace(body), err
}

func (s *socket) send(line string) (textproto.MIMEHeader, string, error) {
	if _, err := io.WriteString(s.conn, line+"\n\n"); err != nil {
		return nil, "", fmt.Errorf("does not listen: %w", err)
	}
	return s.read()
}

func (s *socket) read() (textproto.MIMEHeader, string, error) {
	head, err := s.in.ReadMIMEHeader()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, "", errors.New("is connected, and does not say anything in time")
	}
	if err != nil {
		return nil, "", fmt.Errorf("answers something that is not an event socket's: %w", err)
	}
	length := head.Get("Content-Length")
	if length == "" {
		return head, "", nil
	}
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 || n > 1<<20 {
		return nil, "", fmt.Errorf("answers with the length %q", length)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(s.in.R, body); err != nil {
		return nil, "", fmt.Errorf("stops in the middle of an answer: %w", err)
	}
	return head, string(body), nil
}

func (s *socket) close() {
	s.ended()
	_, _ = io.WriteString(s.conn, "exit\n\n") // a courtesy: without, the switch logs a lost connection
	_ = s.conn.Close()
}
