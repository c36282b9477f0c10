package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// freeswitchNeeds are the modules without which something does not work, and what that is.
var freeswitchNeeds = []struct {
	check, fails string
	modules      []string
}{
	{"SIP", "phones and trunks cannot call", []string{"mod_sofia"}},
	{"control", "Tandem cannot take calls", []string{"mod_event_socket", "mod_commands", "mod_dptools", "mod_dialplan_xml"}},
	{"mixing", "nobody hears anybody", []string{"mod_conference", "mod_local_stream", "mod_tone_stream"}},
	{"recording", "nothing can be recorded", []string{"mod_sndfile", "mod_loopback"}},
	{"fallback modules", "the backup numbers of callers who find Tandem away are not found", []string{"mod_db"}},
}

// sipProfile is the profile that phones and trunks use, as docker/freeswitch has it.
const sipProfile = "tandem"

// examine implements [switchSettings].
func (f freeswitchSettings) examine(ctx context.Context, call bool) []finding {
	ctx, cancel := context.WithTimeout(ctx, 4*checkTime)
	defer cancel()
	s, err := openSocket(ctx, f.Addr)
	if err == nil {
		defer s.close()
		err = s.logIn(f.User, f.Password)
	}
	if err != nil {
		return []finding{found("event socket", broken, err.Error(), askAgain)}
	}
	out := f.modules(s)
	out = append(out, f.codecs(s), f.profile(s), f.recording(ctx, s))
	out = append(out, checkTLS(ctx, f.prefix, f.Certificate, f.TLS)...)
	if call {
		out = append(out, f.testCall(ctx, s)...)
	}
	return out
}

func (f freeswitchSettings) modules(s *socket) []finding {
	var out []finding
	for _, need := range freeswitchNeeds {
		var missing []string
		for _, m := range need.modules {
			if said, err := s.ask("module_exists " + m); err != nil || said != "true" {
				missing = append(missing, m)
			}
		}
		if len(missing) > 0 {
			out = append(out, found(need.check, broken, need.fails+": "+strings.Join(missing, ", ")+" not loaded", "load them in modules.conf.xml, as docker/freeswitch/etc/modules.conf.xml does"))
		}
	}
	if len(out) == 0 {
		out = append(out, found("modules", fine, "SIP, control, mixing, recording and fallback are loaded"))
	}
	return out
}

func (f freeswitchSettings) codecs(s *socket) finding {
	prefs, err := s.ask("global_getvar global_codec_prefs")
	if err != nil {
		return found("codecs", broken, err.Error(), askAgain)
	}
	if !slices.ContainsFunc(strings.Split(prefs, ","), func(c string) bool { return strings.HasPrefix(c, "PCMU") || strings.HasPrefix(c, "PCMA") }) {
		return found("codecs", broken, fmt.Sprintf("no G.711 among global_codec_prefs (%.100q)", prefs), "set global_codec_prefs and outbound_codec_prefs to PCMU,PCMA in vars.xml")
	}
	return found("codecs", fine, prefs)
}

func (f freeswitchSettings) profile(s *socket) finding {
	said, err := s.ask("sofia status profile " + sipProfile)
	if err != nil || !strings.Contains(said, "SIP-IP") {
		return found("SIP profile", broken, "the profile "+sipProfile+" does not run", "look at sofia.conf.xml, and whether another program has its port (\"sofia status\" in fs_cli)")
	}
	return found("SIP profile", fine, sipProfile+" runs")
}

// recording makes a recording of nothing, looks for it where Tandem fetches recordings, and deletes it: two programs must see one directory.
func (f freeswitchSettings) recording(ctx context.Context, s *socket) finding {
	const name = "recordings"
	theirs, err := s.ask("global_getvar recordings_dir")
	if err != nil {
		return found(name, broken, err.Error(), askAgain)
	}
	dir := f.Recordings
	if dir == "" {
		dir = theirs
	}
	id := uuid.NewString()
	file := "tandem-doctor-" + id + ".wav"
	// Not parked: a parked call is a caller to Tandem.
	said, err := s.ask("originate {origination_uuid=" + id + ",originate_timeout=3}null/tandem-doctor &sleep(10000)")
	defer func() { _, _ = s.ask("uuid_kill " + id) }()
	if err == nil && !strings.HasPrefix(said, "+OK") {
		err = errors.New(said)
	}
	if err != nil {
		return found(name, broken, "begin a test recording: "+err.Error(), "load mod_loopback.so")
	}
	if said, err = s.ask("uuid_record " + id + " start " + theirs + "/" + file); err == nil && !strings.HasPrefix(said, "+OK") {
		err = errors.New(said)
	}
	if err != nil {
		return found(name, broken, "FreeSWITCH cannot record to "+theirs+": "+err.Error(), "let FreeSWITCH's user write to "+theirs)
	}
	here := filepath.Join(dir, file)
	var seen error
	for deadline := time.Now().Add(checkTime / 2); ; {
		if _, seen = os.Stat(here); seen == nil || time.Now().After(deadline) {
			break
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			break
		}
	}
	var deleted error
	if seen == nil {
		deleted = os.Remove(here) // while it is written: FreeSWITCH throws so short a recording away itself
	}
	_, _ = s.ask("uuid_record " + id + " stop " + theirs + "/" + file)
	_, _ = s.ask("uuid_kill " + id)
	if seen != nil {
		return found(name, broken, fmt.Sprintf("FreeSWITCH records to %s, and Tandem finds nothing of it in %s", theirs, dir),
			"let FreeSWITCH's user write there, and set "+f.prefix+"_RECORDINGS to where this process sees that directory")
	}
	if deleted != nil {
		return found(name, broken, deleted.Error(), "let the user that Tandem runs as delete files in "+dir)
	}
	return found(name, fine, "can be made, fetched and deleted")
}

// testCall has FreeSWITCH call a phone here and play it what callers hear who find Tandem away.
func (f freeswitchSettings) testCall(ctx context.Context, s *socket) []finding {
	const name = "test call"
	host, _, err := net.SplitHostPort(f.Addr)
	if err != nil {
		return []finding{found(name, broken, f.prefix+"_ADDR: must be an address and a port", "set it like 127.0.0.1:8021")}
	}
	phone, err := newTestPhone(ctx, cmp.Or(f.SIP, host))
	if err != nil {
		return []finding{found(name, broken, err.Error(), "set "+f.prefix+"_SIP to the IP address of the switch's SIP")}
	}
	defer phone.close(ctx)
	id := uuid.NewString()
	defer func() { _, _ = s.ask("uuid_kill " + id) }()
	// The answer comes when the phone has picked up, or nobody has.
	said, err := s.ask("originate {origination_uuid=" + id + ",originate_timeout=5}sofia/" + sipProfile + "/" + strings.TrimPrefix(phone.uri(), "sip:") + " apology XML away")
	if err == nil && !strings.HasPrefix(said, "+OK") {
		err = errors.New(said)
	}
	if err != nil {
		return []finding{found(name, broken, "FreeSWITCH does not reach "+phone.uri()+": "+err.Error(), "let UDP between FreeSWITCH's SIP port and this machine pass; allow PCMU or PCMA")}
	}
	return phone.listen(ctx, "let UDP from rtp-start-port to rtp-end-port of switch.conf.xml pass to this machine and back",
		"include docker/freeswitch/etc/dialplan.xml: its context \"away\" plays tandem/apology")
}
