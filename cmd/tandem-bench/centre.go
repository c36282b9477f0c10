package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-voice/tandem/api/client"
)

// centre is the call centre as Tandem's API shows it. One token may ask fifty times a second: it has a few, and uses them in turn.
type centre struct {
	http   *http.Client
	tokens []*client.Client
	next   atomic.Uint64
}

// atOnce is how many requests are under way at most.
const atOnce = 16

// openCentre signs in, with so many tokens.
func (r *rig) openCentre(ctx context.Context, tokens int) (*centre, error) {
	secret, err := os.ReadFile(r.env["TANDEM_ADMIN_TOKEN"])
	if err != nil {
		return nil, fmt.Errorf("read the administrator's token: %w", err)
	}
	c := &centre{http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}}}
	c.add(r.url, strings.TrimSpace(string(secret)))
	for i := 1; i < tokens && err == nil; i++ {
		var made struct{ Secret string }
		err = c.post(ctx, "tokens", map[string]any{"name": fmt.Sprintf("bench %d", i), "role": "admin"}, &made)
		c.add(r.url, made.Secret)
	}
	if err != nil {
		c.close()
		return nil, fmt.Errorf("make tokens: %w", err)
	}
	return c, nil
}

func (c *centre) add(url, secret string) {
	api := client.New(url, secret)
	api.HTTP = c.http
	c.tokens = append(c.tokens, api)
}

func (c *centre) close() { c.http.CloseIdleConnections() }

// turn is the next token's.
func (c *centre) turn() *client.Client { return c.tokens[c.next.Add(1)%uint64(len(c.tokens))] }

// post asks for something, not faster than is allowed.
func (c *centre) post(ctx context.Context, path string, in, out any) error {
	for {
		err := c.turn().Post(ctx, "/api/v1/"+path, in, out)
		var refused *client.Error
		if !errors.As(err, &refused) || refused.Status != http.StatusTooManyRequests {
			return err
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// each does something for 0 to n-1, several at once, and returns what went wrong first.
func each(n int, do func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var work sync.WaitGroup
	for range min(n, atOnce) {
		work.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(i); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	work.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

func agentName(i int) string { return fmt.Sprintf("agent-%d", i) }

// staff makes the tenant, and so many agents, each with the phone of the same number.
func (c *centre) staff(ctx context.Context, agents int) error {
	err := c.post(ctx, "tenants", map[string]any{"id": tenantName, "name": "Bench"}, nil)
	if err == nil {
		err = each(agents, func(i int) error {
			return c.post(ctx, "agents", map[string]any{"id": agentName(i), "tenant": tenantName, "name": "Agent " + agentName(i), "phone": phoneName(i)}, nil)
		})
	}
	if err != nil {
		return fmt.Errorf("make agents: %w", err)
	}
	return nil
}

// queue makes a queue that the agents from first to behind serve, and the number that leads to it: no wrap-up, no recording.
func (c *centre) queue(ctx context.Context, id, number string, first, behind int) error {
	members := make([]map[string]any, 0, behind-first)
	for i := first; i < behind; i++ {
		members = append(members, map[string]any{"agent": agentName(i)})
	}
	err := c.post(ctx, "queues", map[string]any{"id": id, "tenant": tenantName, "name": id, "strategy": "longest_idle", "ring_time": 20, "members": members}, nil)
	if err == nil {
		err = c.post(ctx, "entry-points", map[string]any{"id": id, "tenant": tenantName, "name": id, "numbers": []string{number}, "queue": id}, nil)
	}
	if err != nil {
		return fmt.Errorf("make queue %s: %w", id, err)
	}
	return nil
}

// are puts the agents from first to behind into a state.
func (c *centre) are(ctx context.Context, state string, first, behind int) error {
	in := map[string]any{"state": state}
	if state == "idle" {
		in["reason"] = "desk work"
	}
	err := each(behind-first, func(i int) error { return c.post(ctx, "agents/"+agentName(first+i)+"/state", in, nil) })
	if err != nil {
		return fmt.Errorf("make agents %s: %w", state, err)
	}
	return nil
}

// setUp makes the call centre of the contest: one queue, which all agents serve; they are there and free.
func (r *rig) setUp(ctx context.Context, agents int) error {
	c, err := r.openCentre(ctx, 4)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.staff(ctx, agents); err != nil {
		return err
	}
	if err := c.queue(ctx, queueName, tandemNumber, 0, agents); err != nil {
		return err
	}
	return c.are(ctx, "available", 0, agents)
}
