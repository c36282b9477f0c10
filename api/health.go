package api

import (
	"context"
	_ "embed" // the contract
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Contract is the OpenAPI document that describes every operation.
//
//go:embed openapi.yaml
var Contract []byte

func (s *Server) contract(r *request) (reply, error) {
	s.touch(r.Writer)
	r.Data(http.StatusOK, "application/yaml; charset=utf-8", Contract)
	return reply{sent: true}, nil
}

type healthBody struct {
	Status string `json:"status"` // no version: this is for everybody
}

// health says that the process is alive. It asks nobody, so that a database at rest does not get a working process killed.
func (s *Server) health(*request) (reply, error) {
	return ok(healthBody{Status: "ok"})
}

type readyBody struct {
	Ready  bool         `json:"ready"`
	Checks []readyCheck `json:"checks"`
}

type readyCheck struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Text string `json:"text,omitempty"`
}

// ready says whether this process can do its work: it owns the shard, its checks (the database …) are fine and a
// switch is connected. The texts are our own: those of errors may tell of addresses and stay in the log.
func (s *Server) ready(r *request) (reply, error) {
	out := readyBody{Ready: true, Checks: []readyCheck{}}
	add := func(name string, fine bool, text string) {
		out.Checks = append(out.Checks, readyCheck{name, fine, text})
		out.Ready = out.Ready && fine
	}
	status := s.Live.Status()
	switch {
	case !status.Owner:
		add("owner", false, "this process does not own the shard")
	case status.Degraded:
		add("owner", false, "the journal does not accept writes")
	default:
		add("owner", true, "")
	}
	ctx, cancel := context.WithTimeout(r.ctx(), 3*time.Second)
	defer cancel()
	for _, c := range s.Checks {
		if err := c.Ask(ctx); err != nil {
			s.Log.Warn("not ready", "check", c.Name, "error", err)
			add(c.Name, false, "see the log")
			continue
		}
		add(c.Name, true, "")
	}
	up, seen := 0, 0
	for e := range s.Live.View().Engines() {
		seen++
		text := "down"
		if e.Up {
			up, text = up+1, "up"
		}
		// One of several switches may be away without the others being useless.
		out.Checks = append(out.Checks, readyCheck{"engine " + string(e.ID), e.Up, text})
	}
	if up == 0 {
		text := "no switch is connected"
		if seen == 0 {
			text = "no switch has been seen yet"
		}
		add("engines", false, text)
	} else {
		add("engines", true, "")
	}
	code := http.StatusOK
	if !out.Ready {
		code = http.StatusServiceUnavailable
	}
	return reply{status: code, body: out}, nil
}

func (s *Server) showMetrics(r *request) (reply, error) {
	s.touch(r.Writer)
	promhttp.HandlerFor(s.Registry, promhttp.HandlerOpts{}).ServeHTTP(r.Writer, r.Request)
	return reply{sent: true}, nil
}
