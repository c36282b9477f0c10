// Package client talks to Tandem's HTTP API from Go: requests with clear errors, and a [Board] that mirrors the live state from the event stream,
// so that a program can wait for what should happen instead of polling. The demo and the end-to-end tests use it.
package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Client sends requests with one token, or as a user who has signed in. It is safe for concurrent use.
type Client struct {
	Base  string // for instance "http://127.0.0.1:8080"
	Token string // bearer token; "" for what is public, and after [SignIn]
	HTTP  *http.Client

	csrf string // of the session
}

// New makes a client.
func New(base, token string) *Client {
	return &Client{Base: strings.TrimSuffix(base, "/"), Token: token, HTTP: &http.Client{}}
}

// Error is an answer that is not a success.
type Error struct {
	Status  int    `json:"-"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field"`
	// Lines lists what is wrong with a file.
	Lines []Line `json:"lines"`
	// After is how long to wait before asking again makes sense; 0 = the server did not say.
	After time.Duration `json:"-"`
}

// Line is a rule that a line of a file breaks.
type Line struct {
	Line  int    `json:"line"` // from 1, the heading included
	Field string `json:"field"`
	Rule  string `json:"rule"`
}

// Error implements error.
func (e *Error) Error() string {
	if e.Field != "" {
		return fmt.Sprintf("%d %s: %s (%s)", e.Status, e.Code, e.Message, e.Field)
	}
	return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message)
}

// Get asks for path and decodes the answer into out (nil: thrown away).
func (c *Client) Get(ctx context.Context, path string, out any) error {
	return c.do(ctx, http.MethodGet, path, nil, out)
}

// Post sends in (nil: an empty object) with an idempotency key of its own, and decodes the answer into out (nil: thrown away).
func (c *Client) Post(ctx context.Context, path string, in, out any) error {
	if in == nil {
		in = struct{}{}
	}
	return c.do(ctx, http.MethodPost, path, in, out)
}

// Put replaces what is at path.
func (c *Client) Put(ctx context.Context, path string, in, out any) error {
	return c.do(ctx, http.MethodPut, path, in, out)
}

// Delete removes what is at path.
func (c *Client) Delete(ctx context.Context, path string) error {
	return c.do(ctx, http.MethodDelete, path, nil, nil)
}

// Raw gives the body of path; the caller closes it.
func (c *Client) Raw(ctx context.Context, path string) (io.ReadCloser, error) {
	req, err := c.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	res, err := c.HTTP.Do(req) //nolint:bodyclose // the caller's, or drained
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", path, err)
	}
	if res.StatusCode >= 300 {
		defer drain(res.Body)
		return nil, failure(res)
	}
	return res.Body, nil
}

func (c *Client) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode the body for %s: %w", path, err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, body)
	if err != nil {
		return nil, fmt.Errorf("make a request for %s: %w", path, err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	c.sign(req)
	return req, nil
}

// sign says who asks.
func (c *Client) sign(req *http.Request) {
	if req.Method == http.MethodPost {
		req.Header.Set("Idempotency-Key", rand.Text())
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if c.csrf != "" {
		req.Header.Set("X-CSRF-Token", c.csrf)
	}
}

func (c *Client) do(ctx context.Context, method, path string, in, out any) error {
	req, err := c.request(ctx, method, path, in)
	if err != nil {
		return err
	}
	return c.send(req, path, out)
}

// send sends a request and decodes the answer into out (nil: thrown away).
func (c *Client) send(req *http.Request, path string, out any) error {
	method := req.Method
	res, err := c.HTTP.Do(req) //nolint:bodyclose // drain closes it
	if err != nil {
		return fmt.Errorf("%s %s: %w", strings.ToLower(method), path, err)
	}
	defer drain(res.Body)
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %w", strings.ToLower(method), path, failure(res))
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return fmt.Errorf("decode the answer of %s: %w", path, err)
	}
	return nil
}

func failure(res *http.Response) *Error {
	var body struct {
		Error Error `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&body); err != nil {
		body.Error.Message = http.StatusText(res.StatusCode)
	}
	body.Error.Status = res.StatusCode
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
		body.Error.After = time.Duration(seconds) * time.Second
	}
	return &body.Error
}

// drain reads what is left, so that the connection can be used again.
func drain(body io.ReadCloser) {
	_, _ = io.Copy(io.Discard, io.LimitReader(body, 1<<20))
	_ = body.Close()
}
