package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// poll is how often something is looked at that Asterisk does not announce.
const poll = 10 * time.Millisecond

// awaitReady waits until the REST interface answers and every module is loaded, or the process has ended.
func (a *Asterisk) awaitReady(ctx context.Context, p *process) error {
	for {
		if err := a.get(ctx, "/asterisk/ping", nil); err == nil {
			break
		}
		select {
		case <-p.done:
			return fmt.Errorf("asterisk ended while it started: %w", p.err)
		case <-ctx.Done():
			return fmt.Errorf("await Asterisk's REST interface: %w", ctx.Err())
		case <-time.After(poll):
		}
	}
	// HTTP answers before the last module is loaded.
	if _, err := a.CLI(ctx, "core waitfullybooted"); err != nil {
		return err
	}
	var mod struct {
		Status string `json:"status"`
	}
	if err := a.get(ctx, "/asterisk/modules/chan_pjsip.so", &mod); err != nil {
		return err
	}
	if mod.Status != "Running" {
		return fmt.Errorf("chan_pjsip is %q", mod.Status)
	}
	return nil
}

// get asks the REST interface and decodes the answer into out, unless that is nil.
func (a *Asterisk) get(ctx context.Context, path string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.ARIURL+path, nil)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.SetBasicAuth(a.ARIUser, a.ARIPassword)
	resp, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask Asterisk: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return fmt.Errorf("read Asterisk's answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask Asterisk for %s: %s: %s", path, resp.Status, strings.TrimSpace(string(body)))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("decode Asterisk's answer to %s: %w", path, err)
	}
	return nil
}

// hasApplication reports whether Asterisk believes that a Stasis application is connected.
func (a *Asterisk) hasApplication(ctx context.Context, name string) (bool, error) {
	var applications []struct {
		Name string `json:"name"`
	}
	err := a.get(ctx, "/applications", &applications)
	for _, app := range applications {
		if app.Name == name {
			return true, err
		}
	}
	return false, err
}

// presence is the variable in which Tandem says until when it is there; see docker/asterisk/etc/extensions.conf.
const presence = "TANDEM_HERE_UNTIL_tandem"

// BelievesInTandem makes Asterisk hand calls over for another while, whatever it hears of Tandem's, as it does until it notices that Tandem has gone without a word.
func (a *Asterisk) BelievesInTandem(ctx context.Context, while time.Duration) error {
	now, err := a.variable(ctx, "EPOCH")
	if err != nil {
		return err
	}
	_, err = a.CLI(ctx, fmt.Sprintf("dialplan set global %s %d", presence, now+int64(while/time.Second)))
	return err
}

// ForgetsTandem waits until Asterisk hands no calls over any more: because the application is not connected, or because Tandem has not said for too long that it is there.
func (a *Asterisk) ForgetsTandem(ctx context.Context) error {
	for {
		connected, err := a.hasApplication(ctx, "tandem")
		if err != nil || !connected {
			return err
		}
		now, err := a.variable(ctx, "EPOCH")
		if err != nil {
			return err
		}
		until, err := a.variable(ctx, presence)
		if err != nil || now > until {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("asterisk believes in Tandem until %d; it is %d: %w", until, now, ctx.Err())
		case <-time.After(poll):
		}
	}
}

// variable reads a global variable that is a number.
func (a *Asterisk) variable(ctx context.Context, name string) (int64, error) {
	var out struct {
		Value int64 `json:"value,string"`
	}
	err := a.get(ctx, "/asterisk/variable?variable="+name, &out)
	return out.Value, err
}

// Leftovers lists the channels and bridges that are on the switch, one line each. After a test there should be none.
func (a *Asterisk) Leftovers(ctx context.Context) ([]string, error) {
	var channels []struct {
		ID, Name, State string
		ChannelVars     map[string]string
	}
	var bridges []struct {
		ID       string
		Type     string `json:"bridge_type"`
		Channels []string
	}
	if err := errors.Join(a.get(ctx, "/channels", &channels), a.get(ctx, "/bridges", &bridges)); err != nil {
		return nil, err
	}
	var out []string
	for _, c := range channels {
		out = append(out, fmt.Sprintf("channel %s %s %s %v", c.ID, c.Name, c.State, c.ChannelVars))
	}
	for _, b := range bridges {
		out = append(out, fmt.Sprintf("bridge %s %s %v", b.ID, b.Type, b.Channels))
	}
	return out, nil
}

// AwaitEmpty waits until nothing is left on the switch. When ctx ends, the error lists what is.
func (a *Asterisk) AwaitEmpty(ctx context.Context) error { return awaitEmpty(ctx, a.Leftovers) }

func awaitEmpty(ctx context.Context, leftovers func(context.Context) ([]string, error)) error {
	var left []string
	for {
		l, err := leftovers(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			return err
		case err == nil && len(l) == 0:
			return nil
		case err == nil:
			left = l
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("left on the switch:\n  %s", strings.Join(left, "\n  "))
		case <-time.After(poll):
		}
	}
}

// Contacts tells where phones are, registered or fixed: user → SIP URI.
func (a *Asterisk) Contacts(ctx context.Context) (map[string]string, error) {
	text, err := a.CLI(ctx, "pjsip show contacts")
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] != "Contact:" {
			continue
		}
		if user, uri, ok := strings.Cut(f[1], "/"); ok && !strings.HasPrefix(user, "<") && user != Carrier {
			out[user] = uri
		}
	}
	return out, nil
}
