package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
)

// server is a Tandem within this process, with all that "tandem serve" has.
type server struct {
	url   string
	token string // the administrator's
	end   context.CancelFunc
	done  chan error
}

// startServer runs "serve" with the given settings in place of the environment, and returns when it answers requests.
func startServer(env map[string]string, log *slog.Logger) (*server, error) {
	set, err := readSettings(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(context.Background())
	s := &server{end: end, done: make(chan error, 1)}
	ready := make(chan net.Addr, 1)
	go func() { s.done <- serve(ctx, set, log, false, func(a net.Addr) { ready <- a }) }()
	select {
	case a := <-ready:
		s.url = "http://" + a.String()
	case err := <-s.done:
		end()
		return nil, err
	}
	token, err := os.ReadFile(set.AdminToken)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the administrator's token: %w", err), s.stop())
	}
	s.token = strings.TrimSpace(string(token))
	return s, nil
}

// stop ends the server as SIGTERM would, and waits for it.
func (s *server) stop() error {
	s.end()
	return <-s.done
}
