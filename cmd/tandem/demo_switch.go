package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// demoSwitch is a real switch that the demo has started.
type demoSwitch struct {
	lab interface {
		Phones(n int) []lab.Phone
		AwaitEmpty(ctx context.Context) error
		Stop() error
	}
	name    string            // for people
	id      core.EngineID     // its name in Tandem's set-up
	sip     string            // where phones register and callers call
	started time.Duration     // how long it took to start
	env     map[string]string // the settings of a Tandem that drives it
	trunk   *softphone.Phone  // the world outside: callers come from here
}

// demoKind is a kind of switch on which the demo can be played. start starts one with a number of desk phones.
type demoKind struct {
	name  string
	start func(ctx context.Context, phones int, log *slog.Logger) (*demoSwitch, error)
}

// demoEngines is what the values of -engine stand for. What may not be installed comes first, so that the demo ends at once where it is not.
var demoEngines = map[string][]demoKind{
	"asterisk": {{"Asterisk", startAsterisk}},
}

func chosenEngines(value string) ([]demoKind, error) {
	if kinds, ok := demoEngines[value]; ok {
		return kinds, nil
	}
	return nil, fmt.Errorf("-engine: must be one of %s", strings.Join(slices.Sorted(maps.Keys(demoEngines)), ", "))
}

func startAsterisk(ctx context.Context, phones int, log *slog.Logger) (*demoSwitch, error) {
	a, err := lab.Start(ctx, lab.Options{Phones: phones, Log: log})
	if err != nil {
		return nil, fmt.Errorf("start Asterisk: %w", err)
	}
	return &demoSwitch{
		lab: a, id: "asterisk", name: "Asterisk", sip: a.SIPAddr, started: a.Started,
		env: map[string]string{"TANDEM_ARI_URL": a.ARIURL, "TANDEM_ARI_USER": a.ARIUser, "TANDEM_ARI_PASSWORD": a.ARIPassword},
	}, nil
}
