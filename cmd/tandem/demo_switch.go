package main

import (
	"context"
	"errors"
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

// demoEngines is what the values of -engine stand for: a way to start the switches, with a number of desk phones each.
var demoEngines = map[string]func(ctx context.Context, phones int, log *slog.Logger) ([]*demoSwitch, error){
	"asterisk": func(ctx context.Context, phones int, log *slog.Logger) ([]*demoSwitch, error) {
		a, err := lab.Start(ctx, lab.Options{Phones: phones, Log: log})
		if err != nil {
			return nil, fmt.Errorf("start Asterisk: %w", err)
		}
		return []*demoSwitch{demoAsterisk(a)}, nil
	},
	"freeswitch": func(ctx context.Context, phones int, log *slog.Logger) ([]*demoSwitch, error) {
		f, err := lab.StartFreeSWITCH(ctx, lab.FreeSWITCHOptions{Phones: phones, Log: log})
		if err != nil {
			return nil, orHowToGetOne(fmt.Errorf("start FreeSWITCH: %w", err))
		}
		return []*demoSwitch{demoFreeSWITCH(f)}, nil
	},
	"both": func(ctx context.Context, phones int, log *slog.Logger) ([]*demoSwitch, error) {
		a, f, err := lab.StartPair(ctx, lab.Options{Phones: phones, Log: log}, lab.FreeSWITCHOptions{Phones: phones, Log: log})
		if err != nil {
			return nil, orHowToGetOne(fmt.Errorf("start Asterisk and FreeSWITCH: %w", err))
		}
		return []*demoSwitch{demoAsterisk(a), demoFreeSWITCH(f)}, nil
	},
}

// demoEngineNames lists the values of -engine.
func demoEngineNames() string { return strings.Join(slices.Sorted(maps.Keys(demoEngines)), ", ") }

func demoAsterisk(a *lab.Asterisk) *demoSwitch {
	return &demoSwitch{
		lab: a, name: "Asterisk", id: "asterisk", sip: a.SIPAddr, started: a.Started,
		env: map[string]string{"TANDEM_ARI_URL": a.ARIURL, "TANDEM_ARI_USER": a.ARIUser, "TANDEM_ARI_PASSWORD": a.ARIPassword},
	}
}

func demoFreeSWITCH(f *lab.FreeSWITCH) *demoSwitch {
	return &demoSwitch{
		lab: f, name: "FreeSWITCH", id: "freeswitch", sip: f.SIPAddr, started: f.Started,
		env: map[string]string{"TANDEM_ESL_ADDR": f.ESLAddr, "TANDEM_ESL_PASSWORD": f.ESLPassword, "TANDEM_ESL_RECORDINGS": f.Recordings},
	}
}

// orHowToGetOne tells people without a FreeSWITCH how they come by one: no Debian suite packages it.
func orHowToGetOne(err error) error {
	if !errors.Is(err, lab.ErrNoFreeSWITCH) {
		return err
	}
	return fmt.Errorf(`%w

What is looked for: the program that %s names, then freeswitch on PATH, then %s; version 1.10 or later.

To get one, install SignalWire's packages, as FreeSWITCH's documentation says under "Debian" (they ask for a personal access token, which
is free): freeswitch, and its modules freeswitch-mod-commands, -conference, -db, -dialplan-xml, -dptools, -event-socket, -local-stream,
-logfile, -sndfile, -sofia and -tone-stream. Or take it out of a published container image: its whole directory, to where it has it there.

Without ENGINE the demo is played on an Asterisk, which is installed for you`, err, lab.FreeSWITCHEnv, lab.DefaultFreeSWITCH)
}
