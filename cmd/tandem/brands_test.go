package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tandem-voice/tandem/docker/asterisk"
	"github.com/tandem-voice/tandem/docker/freeswitch"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/phones"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// brand is a kind of switch, or a set of switches under one Tandem. What Tandem promises it promises on each, so the scenarios are played on each.
type brand struct {
	name  string
	start func(t *testing.T, phones int) []*exchange
}

var (
	onAsterisk = brand{name: "asterisk", start: func(t *testing.T, n int) []*exchange {
		t.Helper()
		return []*exchange{asteriskExchange(t, lab.ForTest(t, func(o *lab.Options) { o.Phones = n }))}
	}}
	onFreeSWITCH = brand{name: "freeswitch", start: func(t *testing.T, n int) []*exchange {
		t.Helper()
		return []*exchange{freeswitchExchange(t, lab.FreeSWITCHForTest(t, func(o *lab.FreeSWITCHOptions) { o.Phones = n }))}
	}}
	onBoth = brand{name: "both", start: func(t *testing.T, n int) []*exchange {
		t.Helper()
		a, f := lab.PairForTest(t, func(o *lab.Options) { o.Phones = n }, func(o *lab.FreeSWITCHOptions) { o.Phones = n })
		return []*exchange{asteriskExchange(t, a), freeswitchExchange(t, f)}
	}}
)

// onEach plays a scenario on every kind of switch, beside other scenarios: each has an installation of its own, which mostly waits for what people and phones do, and "go test" starts
// no more of them at once than there are cores.
func onEach(t *testing.T, scenario func(t *testing.T, on brand)) {
	t.Helper()
	t.Parallel()
	onEachAlone(t, scenario)
}

// onEachAlone is onEach for scenarios that keep the cores busy themselves, or say how long something may take: nothing else is played meanwhile.
func onEachAlone(t *testing.T, scenario func(t *testing.T, on brand)) {
	t.Helper()
	for _, b := range []brand{onAsterisk, onFreeSWITCH} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			scenario(t, b)
		})
	}
}

// exchange is a real switch that the lab has started, with the callers' line to it and Tandem's.
type exchange struct {
	labSwitch
	id    core.EngineID     // its name in Tandem's set-up
	sip   string            // where phones register and callers call
	tls   string            // the same over TLS
	spool string            // the directory of its recordings
	link  *phones.Link      // between it and Tandem: events and orders
	env   map[string]string // the settings of Tandem that drive it, through the link
	lines map[string]string // those that make its phones and trunks Tandem's affair
	trunk *softphone.Phone  // the world outside: all its callers come from here
	// starved is when its threads had to wait for a core; nil = nobody looks.
	starved *stalls
	// patience sets how many seconds a call waits to be taken before the dialplan's fallback has it; nil = that is no matter of time.
	patience func(seconds int)
	// believes makes the switch hand calls over to a Tandem that has gone, forgets waits until it does not; nil = it hands nobody over for longer than patience says.
	believes, forgets func(context.Context) error
}

// watched looks after how a switch's threads fare until the test ends.
func watched(t *testing.T, s interface{ PID() int }) *stalls {
	t.Helper()
	starved := &stalls{}
	t.Cleanup(starved.Watch(s.PID))
	return starved
}

// labSwitch is what the lab's switches have in common.
type labSwitch interface {
	// Phones returns the credentials of the first n desk phones.
	Phones(n int) []lab.Phone
	// Contacts tells where registered phones are.
	Contacts(ctx context.Context) (map[string]string, error)
	// AwaitEmpty waits until nothing is left on the switch.
	AwaitEmpty(ctx context.Context) error
	NoLeftovers(tb testing.TB)
	// Kill ends the switch without a word, Restart begins it again, after its end in good order if it runs.
	Kill()
	Restart(ctx context.Context) error
}

func asteriskExchange(t *testing.T, a *lab.Asterisk) *exchange {
	t.Helper()
	link := phones.NewLink(t, strings.TrimSuffix(strings.TrimPrefix(a.ARIURL, "http://"), "/ari"))
	return &exchange{
		labSwitch: a, starved: watched(t, a), id: "asterisk", sip: a.SIPAddr, tls: a.TLSAddr, spool: a.Spool, link: link,
		env:   map[string]string{"TANDEM_ARI_URL": "http://" + link.Addr(), "TANDEM_ARI_USER": a.ARIUser, "TANDEM_ARI_PASSWORD": a.ARIPassword},
		lines: map[string]string{"TANDEM_ARI_SITE": filepath.Join(a.Dir, "etc", asterisk.LinesDir), "TANDEM_ARI_LOG": a.Log()},

		believes: func(ctx context.Context) error { return a.BelievesInTandem(ctx, time.Minute) },
		forgets:  a.ForgetsTandem,
	}
}

func freeswitchExchange(t *testing.T, f *lab.FreeSWITCH) *exchange {
	t.Helper()
	link := phones.NewLink(t, f.ESLAddr)
	f.Patience(t, 60)
	return &exchange{
		labSwitch: f, starved: watched(t, f), id: "freeswitch", sip: f.SIPAddr, tls: f.TLSAddr, spool: f.Recordings, link: link,
		env:      map[string]string{"TANDEM_ESL_ADDR": link.Addr(), "TANDEM_ESL_PASSWORD": f.ESLPassword, "TANDEM_ESL_RECORDINGS": f.Recordings},
		lines:    map[string]string{"TANDEM_ESL_SITE": filepath.Join(f.Dir, "etc", freeswitch.LinesDir)},
		patience: func(seconds int) { f.Patience(t, seconds) },
	}
}
