package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Me is who a client is, as the server says.
type Me struct {
	Token       string        `json:"token"`   // id, of a token
	Session     string        `json:"session"` // id, of who has signed in
	User        string        `json:"user"`    // id, of who has signed in
	Name        string        `json:"name"`
	DisplayName string        `json:"display_name"`
	Role        string        `json:"role"`
	Agent       core.AgentID  `json:"agent"`
	Tenant      core.TenantID `json:"tenant"` // "" = of the whole site
	AllTeams    bool          `json:"all_teams"`
	Teams       []string      `json:"teams"`
	CSRF        string        `json:"csrf"`
	EndsAt      time.Time     `json:"ends_at"` // of the session, at the latest
	May         []string      `json:"may"`     // operations
}

// SignIn makes a client for a user. Too many wrong passwords are answered with an *[Error] whose After says how long to wait.
func SignIn(ctx context.Context, base, name, password string) (*Client, Me, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, Me{}, fmt.Errorf("make a cookie jar: %w", err)
	}
	c := New(base, "")
	c.HTTP.Jar = jar
	var who Me
	in := struct {
		Name     string `json:"name"`
		Password string `json:"password"`
	}{name, password}
	if err := c.Post(ctx, "/api/v1/session", in, &who); err != nil {
		return nil, Me{}, err
	}
	if who.CSRF == "" {
		return nil, Me{}, errors.New("sign in: the answer has no csrf token")
	}
	c.csrf = who.CSRF
	return c, who, nil
}

// SignOut ends the session.
func (c *Client) SignOut(ctx context.Context) error { return c.Delete(ctx, "/api/v1/session") }

// Me asks who the client is.
func (c *Client) Me(ctx context.Context) (Me, error) {
	var who Me
	err := c.Get(ctx, "/api/v1/me", &who)
	return who, err
}

// Imported says what a file has changed.
type Imported struct {
	Created   int  `json:"created"`
	Changed   int  `json:"changed"`
	Unchanged int  `json:"unchanged"`
	DryRun    bool `json:"dry_run"`
}

// Import sends a CSV file of a kind: agents, users, queues or entry-points. dry only tries. What is wrong with the file is an *[Error] with Lines.
func (c *Client) Import(ctx context.Context, kind string, file io.Reader, dry bool) (Imported, error) {
	path := "/api/v1/csv/" + kind
	if dry {
		path += "?dry_run=true"
	}
	body, err := io.ReadAll(file)
	if err != nil {
		return Imported{}, fmt.Errorf("read the file: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Base+path, strings.NewReader(string(body)))
	if err != nil {
		return Imported{}, fmt.Errorf("make a request for %s: %w", path, err)
	}
	req.Header.Set("Content-Type", "text/csv")
	c.sign(req)
	var out Imported
	return out, c.send(req, path, &out)
}

// Export gives a kind as a CSV file; the caller closes it.
func (c *Client) Export(ctx context.Context, kind string) (io.ReadCloser, error) {
	return c.Raw(ctx, "/api/v1/csv/"+kind)
}
