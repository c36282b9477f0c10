package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-voice/tandem/api"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/jobs"
)

// One Tandem drives any number of switches of any kind. The first of a kind is set up by TANDEM_<KIND>_<FIELD>; a further one has a number behind the kind, as in
// TANDEM_ARI_2_URL. There is no list of switches to keep in step with: a switch is set up where the variable is set that says how it is reached.

// switchKind is one kind of switch: which variables set one up, and how they are read.
type switchKind struct {
	prefix  string   // of its variables
	reached string   // the field that says how it is reached; where it is empty there is no such switch
	fields  []string // all others but ID
	secrets []string // those fields that may also be read from a file
	id      string   // the name of the first one in the set-up, unless its ID says otherwise
	read    func(switchVariables) switchSettings
}

var switchKinds = []switchKind{asteriskKind, freeswitchKind}

// switchSettings is what the environment says about one switch.
type switchSettings interface {
	// name is what the set-up calls it.
	name() core.EngineID
	// drive makes the engine that drives it. Nothing is connected yet. lost is told whenever a connection ends, or none comes about.
	drive(log *slog.Logger, lost func(engine.Loss)) (driver, error)
	// look says how it is at the moment: for the doctor.
	look(ctx context.Context) condition
	// places are the directories of the switch that this process sees.
	places() []place
	// examine checks what a switch that answers needs for its work: for the doctor. call has it call a phone of the doctor's.
	examine(ctx context.Context, call bool) []finding
}

// driver is an engine, and the way to the recordings on its switch.
type driver interface {
	engine.Engine
	jobs.Switch
}

// condition is how a switch is found.
type condition struct {
	health health
	text   string
	mend   string    // how to mend it; "" = the text says so
	clock  time.Time // what its clock showed at the moment at which it was asked; zero = unknown
	asked  time.Time // by our clock
}

// drivers makes an engine of every switch that the settings name. Lost connections are counted.
func (s settings) drivers(log *slog.Logger, lost *prometheus.CounterVec) ([]driver, error) {
	var out []driver
	var errs []error
	for _, sw := range s.Switches {
		for _, why := range losses {
			lost.WithLabelValues(string(sw.name()), string(why)) // 0 until it happens
		}
		d, err := sw.drive(log, func(why engine.Loss) { lost.WithLabelValues(string(sw.name()), string(why)).Inc() })
		if err != nil {
			errs = append(errs, fmt.Errorf("set up the switch %s: %w", sw.name(), err))
			continue
		}
		out = append(out, d)
	}
	return out, errors.Join(errs...)
}

// errNoSwitch says that a control plane would have nothing to control.
var errNoSwitch = errors.New("no switch is set up: TANDEM_ARI_URL names an Asterisk, TANDEM_ESL_ADDR a FreeSWITCH")

// mostOfAKind bounds the numbers of switches of one kind.
const mostOfAKind = 99

// switches reads the variables of all switches, in the order of the kinds and then of their numbers.
func (e *environment) switches() []switchSettings {
	var out []switchSettings
	owner := map[core.EngineID]string{} // of each name: the variable from which it comes
	for _, kind := range switchKinds {
		for n := 1; n <= mostOfAKind; n++ {
			v := switchVariables{environment: e, prefix: kind.prefix, id: kind.id}
			if n > 1 {
				v.prefix, v.id = kind.prefix+"_"+strconv.Itoa(n), kind.id+"-"+strconv.Itoa(n)
			}
			if !v.reached(kind) {
				continue
			}
			sw := kind.read(v)
			v.check(nameForm.MatchString(string(sw.name())), "ID", "must be 1 to 64 letters, digits, '_', '.', '-'")
			if other, taken := owner[sw.name()]; taken {
				v.check(false, "ID", fmt.Sprintf("must not be %q, which is the name of the switch that %s sets up", sw.name(), other))
			}
			owner[sw.name()] = v.prefix + "_" + kind.reached
			out = append(out, sw)
		}
	}
	return out
}

// forgottenVariable names switches that will not be back.
const forgottenVariable = "TANDEM_FORGOTTEN"

// forgotten reads which switches will not be back. One that is set up all the same is an error: its calls would be closed, and go on.
func (e *environment) forgotten(switches []switchSettings) []core.EngineID {
	var out []core.EngineID
	for name := range strings.SplitSeq(e.text(forgottenVariable, ""), ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		e.check(nameForm.MatchString(name), forgottenVariable, "must be names of switches, like freeswitch,asterisk-2")
		set := slices.ContainsFunc(switches, func(s switchSettings) bool { return string(s.name()) == name })
		e.check(!set, forgottenVariable, "must not name "+name+", which is set up")
		out = append(out, core.EngineID(name))
	}
	return out
}

// switchVariables are the variables of one switch.
type switchVariables struct {
	*environment
	prefix string
	id     string // its name, unless ID says otherwise
}

// reached tells whether this switch is set up, and complains about one that is set up in part.
func (v switchVariables) reached(kind switchKind) bool {
	if v.text(kind.reached, "") != "" {
		return true
	}
	for _, field := range kind.variables() {
		if v.text(field, "") != "" {
			v.check(false, kind.reached, fmt.Sprintf("must be set where %s_%s is", v.prefix, field))
			break
		}
	}
	return false
}

func (v switchVariables) text(field, def string) string {
	return v.environment.text(v.prefix+"_"+field, def)
}

func (v switchVariables) secret(field string) string {
	return v.environment.secret(v.prefix+"_"+field, "")
}

func (v switchVariables) check(ok bool, field, rule string) {
	v.environment.check(ok, v.prefix+"_"+field, rule)
}

// checkSecure checks the settings about SIP over TLS.
func (v switchVariables) checkSecure(certificate, address string) {
	v.check(certificate == "" || filepath.IsAbs(certificate), "CERTIFICATE", "must be an absolute path")
	host, port, err := net.SplitHostPort(address)
	v.check(address == "" || err == nil && host != "" && port != "", "TLS", "must be a name or an address, and a port, like sip.example.net:5061")
}

// checkSIP checks the address that the doctor's test call comes from.
func (v switchVariables) checkSIP(address string) {
	v.check(address == "" || net.ParseIP(address) != nil, "SIP", "must be an IP address, like 172.16.117.2")
}

func (v switchVariables) name() core.EngineID { return core.EngineID(v.text("ID", v.id)) }

// variables lists the fields of a kind as they stand behind the prefix.
func (k switchKind) variables() []string {
	out := append([]string{k.reached, "ID"}, k.fields...)
	for _, field := range k.secrets {
		out = append(out, field, field+"_FILE")
	}
	return out
}

var numbered = regexp.MustCompile(`^(TANDEM_[A-Z]+)_([2-9]|[1-9][0-9])_(.+)$`)

// isSwitchVariable tells whether a variable is one of a switch.
func isSwitchVariable(name string) bool {
	if m := numbered.FindStringSubmatch(name); m != nil {
		name = m[1] + "_" + m[3]
	}
	return slices.ContainsFunc(switchKinds, func(k switchKind) bool {
		return slices.ContainsFunc(k.variables(), func(field string) bool { return k.prefix+"_"+field == name })
	})
}

// listed says of the switches what the API shows and the rules do not know.
func listed(drivers []driver) []api.Switch {
	var out []api.Switch
	for _, d := range drivers {
		out = append(out, api.Switch{ID: d.ID(), Kind: d.Capabilities().Kind, Version: func() string { return d.Capabilities().Version }})
	}
	return out
}
