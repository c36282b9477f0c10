package ari_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/tandem-voice/tandem/orchestrator/enginetest"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
)

// TestContract proves the engine contract on a real Asterisk, with phones whose tones tell who hears whom.
func TestContract(t *testing.T) {
	enginetest.Run(t, newSwitchboard(t).world)
}

// request asks the switch directly, past the engine. No connection is kept.
func request(ctx context.Context, a *lab.Asterisk, method, path string, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, a.ARIURL+path, nil)
	if err != nil {
		return err
	}
	req.SetBasicAuth(a.ARIUser, a.ARIPassword)
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: status %d", method, path, resp.StatusCode)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(out)
}
