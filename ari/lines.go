package ari

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// linesModules are reloaded for phones and trunks. Reloading the first reads pjsip.conf; the others look at what has been read. A reload leaves calls and registrations
// alone, and one that finds the files unchanged does nothing.
var linesModules = []string{"res_pjsip.so", "res_pjsip_endpoint_identifier_ip.so", "res_pjsip_outbound_registration.so"}

// LoadLines has Asterisk read its phones and trunks anew.
func (e *Engine) LoadLines(ctx context.Context) error {
	for _, module := range linesModules {
		if err := e.rest.do(ctx, http.MethodPut, path("asterisk", "modules", module), nil, nil, nil); err != nil {
			return fmt.Errorf("reload %s: %w", module, err)
		}
	}
	return nil
}

// Reachable tells of every endpoint (phones and trunks) whether Asterisk could call it now. One that is not in it is unknown to Asterisk.
func (e *Engine) Reachable(ctx context.Context) (map[string]bool, error) {
	all, err := e.endpoints(ctx)
	if err != nil {
		return nil, fmt.Errorf("list endpoints: %w", err)
	}
	out := make(map[string]bool, len(all))
	for _, p := range all {
		out[p.Resource] = strings.EqualFold(p.State, "online")
	}
	return out, nil
}

// endpoints are all phones and trunks that Asterisk knows. Where it knows none, as before the first is set up, it says that there is no such technology.
func (e *Engine) endpoints(ctx context.Context) ([]endpoint, error) {
	var all []endpoint
	err := e.rest.do(ctx, http.MethodGet, path("endpoints", "PJSIP"), nil, nil, &all)
	if notFound(err) {
		return nil, nil
	}
	return all, err
}

// ReopenLog has Asterisk write its log file of that name, in its log directory, anew: the one that it has may have been put away.
func (e *Engine) ReopenLog(ctx context.Context, name string) error {
	if err := e.rest.do(ctx, http.MethodPut, path("asterisk", "logging", name, "rotate"), nil, nil, nil); err != nil {
		return fmt.Errorf("reopen the log: %w", err)
	}
	return nil
}
