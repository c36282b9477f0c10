package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/ari"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/jobs"
)

// asteriskSettings is an Asterisk, reached through its REST interface. TANDEM_ARI_ stands before each variable.
type asteriskSettings struct {
	ID       core.EngineID // ID: its name in the set-up; default asterisk
	URL      string        // URL: Asterisk's HTTP server, http://HOST:PORT
	User     string        // USER: of ari.conf; default tandem
	Password string        // PASSWORD (_FILE): its password
	App      string        // APP: the Stasis application; default tandem
	// SITE: the directory, as this process sees it, into which Tandem writes the phones and trunks of its database for this Asterisk, who has it as "tandem" beside its own
	// files. Default: none, and phones and trunks are set up at the switch.
	Site string
	// CERTIFICATE: the file, as this process sees it, with the certificate that Asterisk shows over TLS, for "tandem doctor" to look at. Default: none.
	Certificate string
	// TLS: where phones and carriers reach its SIP over TLS, HOST:PORT, for the same. Default: nowhere.
	TLS string
	// SIP: the IP address of its SIP as this process reaches it, for the test call of "tandem doctor". Default: the host of URL.
	SIP string
	// LOG: the file, as this process sees it, into which Asterisk writes failed registrations: its log/messages. With SITE, addresses that guess passwords are shut out. Default: none.
	Log string

	prefix string // of the variables, for what is said about them
}

var asteriskKind = switchKind{
	prefix: "TANDEM_ARI", reached: "URL", fields: []string{"USER", "APP", "SITE", "LOG", "CERTIFICATE", "TLS", "SIP"}, secrets: []string{"PASSWORD"}, id: "asterisk",
	read: func(v switchVariables) switchSettings {
		a := asteriskSettings{
			ID: v.name(), URL: v.text("URL", ""), User: v.text("USER", "tandem"), Password: v.secret("PASSWORD"), App: v.text("APP", "tandem"),
			Site: v.text("SITE", ""), Certificate: v.text("CERTIFICATE", ""), TLS: v.text("TLS", ""),
			Log: v.text("LOG", ""), SIP: v.text("SIP", ""),
			prefix: v.prefix,
		}
		v.check(isURL(a.URL, "http", "https"), "URL", "must be a URL that begins with http:// or https://")
		u, err := url.Parse(a.URL)
		v.check(err != nil || u.User == nil, "URL", "must be without a user and a password: "+v.prefix+"_USER and "+v.prefix+"_PASSWORD name them")
		v.check(a.Password != "", "PASSWORD", "must be set, itself or as "+v.prefix+"_PASSWORD_FILE, where "+v.prefix+"_URL is")
		v.checkSecure(a.Certificate, a.TLS)
		v.checkSIP(a.SIP)
		v.check(a.Site == "" || filepath.IsAbs(a.Site), "SITE", "must be an absolute path")
		v.check(a.Log == "" || filepath.IsAbs(a.Log), "LOG", "must be an absolute path")
		v.check(a.Log == "" || a.Site != "", "SITE", "must be set where "+v.prefix+"_LOG is: what is shut out is written there")
		return a
	},
}

func (a asteriskSettings) name() core.EngineID { return a.ID }

// places implements [switchSettings]. What Asterisk records is beside its configuration, where its set-up has made both.
func (a asteriskSettings) places() []place {
	return []place{{a.prefix + "_SITE", a.Site, hourOfRecordings}}
}

func (a asteriskSettings) drive(log *slog.Logger, lost func(engine.Loss)) (driver, error) {
	e, err := ari.New(ari.Config{ID: a.ID, URL: a.URL, User: a.User, Password: a.Password, App: a.App, Logger: log, Lost: lost})
	if err != nil {
		return nil, err
	}
	return asteriskDriver{e, a.Site, a.Log}, nil
}

// asteriskDriver says "no such recording" in the jobs' words.
type asteriskDriver struct {
	*ari.Engine

	site string
	log  string
}

// FetchRecording implements [jobs.Switch].
func (a asteriskDriver) FetchRecording(ctx context.Context, id core.RecordingID) (io.ReadCloser, error) {
	body, err := a.Engine.FetchRecording(ctx, id)
	if errors.Is(err, ari.ErrNoRecording) {
		return nil, errors.Join(jobs.ErrNoRecording, err)
	}
	return body, err
}

// look asks Asterisk for its version.
func (a asteriskSettings) look(ctx context.Context) condition {
	base := strings.TrimSuffix(strings.TrimSuffix(a.URL, "/"), "/ari")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/ari/asterisk/info?only=system", nil)
	if err != nil {
		return condition{health: broken, text: a.prefix + "_URL: is not a URL", mend: "set it like http://127.0.0.1:8088"}
	}
	req.SetBasicAuth(a.User, a.Password)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return condition{health: broken, text: "does not answer: " + err.Error(), mend: "start Asterisk, and compare " + a.prefix + "_URL with bindaddr and bindport of http.conf"}
	}
	defer func() { _ = res.Body.Close() }()
	said := func(h health, text string, mend ...string) condition {
		c := condition{health: h, text: text, mend: strings.Join(mend, ""), asked: time.Now()}
		if at, err := http.ParseTime(res.Header.Get("Date")); err == nil {
			c.clock = at
		}
		return c
	}
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized, http.StatusForbidden:
		return said(broken, "refuses "+a.prefix+"_USER and "+a.prefix+"_PASSWORD", "compare them with ari.conf")
	default:
		return said(broken, "answers "+res.Status, "enable ARI in ari.conf and http.conf")
	}
	var info struct{ System struct{ Version string } }
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&info); err != nil {
		return said(broken, "answers something that is not ARI's: "+err.Error(), "set "+a.prefix+"_URL to Asterisk's HTTP server")
	}
	v := info.System.Version
	if major, _, _ := strings.Cut(v, "."); major != "22" {
		return said(warning, "Asterisk "+v+"; Tandem is tested with 22").withLines(a.prefix, a.Site, a.Log)
	}
	return said(fine, "Asterisk "+v).withLines(a.prefix, a.Site, a.Log)
}
