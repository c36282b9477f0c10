package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tandem-voice/tandem/esl"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/jobs"
)

// freeswitchSettings is a FreeSWITCH, reached through its event socket. TANDEM_ESL_ stands before each variable.
type freeswitchSettings struct {
	ID       core.EngineID // ID: its name in the set-up; default freeswitch
	Addr     string        // ADDR: the event socket, HOST:PORT
	User     string        // USER: NAME@DOMAIN of the directory, with rights of its own; default: none, the password is the event socket's own
	Password string        // PASSWORD (_FILE): its password
	// RECORDINGS: the directory in which FreeSWITCH writes recordings, as this process sees it, because the event socket carries no files.
	// Default: at the same path as FreeSWITCH sees it.
	Recordings string
	// SITE: the directory, as this process sees it, into which Tandem writes the phones and trunks of its database for this FreeSWITCH, who has it as "tandem" beside its own
	// files. Default: none, and phones and trunks are set up at the switch.
	Site string
	// CERTIFICATE: the file, as this process sees it, with the certificate that FreeSWITCH shows over TLS, for "tandem doctor" to look at. Default: none.
	Certificate string
	// TLS: where phones and carriers reach its SIP over TLS, HOST:PORT, for the same. Default: nowhere.
	TLS string
	// SIP: the IP address of its SIP as this process reaches it, for the test call of "tandem doctor". Default: the host of ADDR.
	SIP string

	prefix string // of the variables, for what is said about them
}

var freeswitchKind = switchKind{
	prefix: "TANDEM_ESL", reached: "ADDR", fields: []string{"USER", "RECORDINGS", "SITE", "CERTIFICATE", "TLS", "SIP"}, secrets: []string{"PASSWORD"}, id: "freeswitch",
	read: func(v switchVariables) switchSettings {
		f := freeswitchSettings{
			ID: v.name(), Addr: v.text("ADDR", ""), User: v.text("USER", ""), Password: v.secret("PASSWORD"), Recordings: v.text("RECORDINGS", ""),
			Site: v.text("SITE", ""), Certificate: v.text("CERTIFICATE", ""), TLS: v.text("TLS", ""), SIP: v.text("SIP", ""),
			prefix: v.prefix,
		}
		host, port, err := net.SplitHostPort(f.Addr)
		v.check(err == nil && host != "" && port != "", "ADDR", "must be an address and a port, like 127.0.0.1:8021")
		v.check(f.Password != "", "PASSWORD", "must be set, itself or as "+v.prefix+"_PASSWORD_FILE, where "+v.prefix+"_ADDR is")
		v.check(!strings.ContainsAny(f.Password, "\r\n\x00"), "PASSWORD", "must be one line")
		v.check(f.User == "" || socketUser.MatchString(f.User), "USER", "must be NAME@DOMAIN of FreeSWITCH's directory")
		v.check(f.Recordings == "" || filepath.IsAbs(f.Recordings), "RECORDINGS", "must be an absolute path")
		v.checkSecure(f.Certificate, f.TLS)
		v.checkSIP(f.SIP)
		v.check(f.Site == "" || filepath.IsAbs(f.Site), "SITE", "must be an absolute path")
		return f
	},
}

var socketUser = regexp.MustCompile(`^[A-Za-z0-9_.-]+@[A-Za-z0-9_.-]+$`)

func (f freeswitchSettings) name() core.EngineID { return f.ID }

// places implements [switchSettings].
func (f freeswitchSettings) places() []place {
	return []place{{f.prefix + "_RECORDINGS", f.Recordings, hourOfRecordings}, {f.prefix + "_SITE", f.Site, hourOfRecordings}}
}

func (f freeswitchSettings) drive(log *slog.Logger, lost func(engine.Loss)) (driver, error) {
	wrong := &relay{}
	e, err := esl.New(esl.Config{
		ID: f.ID, Addr: f.Addr, User: f.User, Password: f.Password, RecordingsDir: f.Recordings, Logger: log, Lost: lost, WrongPassword: wrong.tell,
	})
	if err != nil {
		return nil, err
	}
	return freeswitchDriver{e, f.Site, wrong}, nil
}

// freeswitchDriver says "no such recording" in the jobs' words.
type freeswitchDriver struct {
	*esl.Engine

	site  string
	wrong *relay
}

// FetchRecording implements [jobs.Switch].
func (f freeswitchDriver) FetchRecording(ctx context.Context, id core.RecordingID) (io.ReadCloser, error) {
	body, err := f.Engine.FetchRecording(ctx, id)
	if errors.Is(err, esl.ErrNoRecording) {
		return nil, errors.Join(jobs.ErrNoRecording, err)
	}
	return body, err
}

// look asks FreeSWITCH for its version and its clock, and tries the directory of recordings: to read it is not enough, since a
// recording is removed when it has been archived.
func (f freeswitchSettings) look(ctx context.Context) condition {
	s, err := openSocket(ctx, f.Addr)
	if err != nil {
		return condition{health: broken, text: err.Error(), mend: "start FreeSWITCH, and compare " + f.prefix + "_ADDR with listen-ip and listen-port of event_socket.conf.xml"}
	}
	defer s.close()
	if err := s.logIn(f.User, f.Password); err != nil {
		return condition{health: broken, text: err.Error(), mend: "compare " + f.prefix + "_PASSWORD with event_socket.conf.xml"}
	}
	version, err := s.ask("version short")
	if err != nil {
		return condition{health: broken, text: err.Error(), mend: askAgain}
	}
	c := condition{health: fine, text: "FreeSWITCH " + version}
	if epoch, err := s.ask("strepoch"); err == nil {
		if seconds, err := strconv.ParseInt(epoch, 10, 64); err == nil {
			c.clock, c.asked = time.Unix(seconds, 0), time.Now()
		}
	}
	dir := f.Recordings
	if dir == "" {
		if dir, err = s.ask("global_getvar recordings_dir"); err != nil {
			return condition{health: broken, text: err.Error(), mend: askAgain}
		}
	}
	if err := tryDirectory(dir); err != nil {
		c.health, c.text = broken, fmt.Sprintf("%s; %s_RECORDINGS: recordings could be neither fetched nor removed: %v", c.text, f.prefix, err)
		c.mend = "let the user that Tandem runs as read and write " + dir
	}
	if !testedFreeSWITCH.MatchString(version) && c.health == fine {
		c.health, c.text = warning, c.text+"; Tandem is tested with 1.10 and 1.11"
	}
	return c.withLines(f.prefix, f.Site, "")
}

// askAgain is what to do about a FreeSWITCH that does not answer in the middle of a conversation.
const askAgain = "look into FreeSWITCH's log and at its load, and ask again"

var testedFreeSWITCH = regexp.MustCompile(`^1\.1[01]\.`)

// tryDirectory makes a file in a directory and removes it.
func tryDirectory(dir string) error {
	name := filepath.Join(dir, "tandem-doctor-"+uuid.NewString())
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(name))
}
