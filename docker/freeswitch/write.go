package freeswitch

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"github.com/tandem-voice/tandem/docker/asterisk"
	"github.com/tandem-voice/tandem/docker/private"
)

// Where FreeSWITCH finds and leaves things under [Site.Base].
const (
	RecordingsDir = "recordings"
	SoundsDir     = "sounds" // prompt "tandem/apology" is tandem/apology.wav
	LogFile       = "log/freeswitch.log"
	// CertificatesDir has those for WebRTC, which FreeSWITCH makes when it finds none. The one for SIP is elsewhere, see [TLS].
	CertificatesDir = "tmp"
)

// benchFile is the template that only a benchmark needs.
const benchFile = "callcenter.conf.xml"

// Args is FreeSWITCH's command line for the instance, without the program: in the foreground, without a console, without asking routers
// for anything.
func (s Site) Args() []string {
	at := func(name string) string { return path.Join(s.Base, name) }
	return []string{
		"-nf", "-nc", "-nonat", "-nonatmap",
		"-conf", at("etc"), "-log", at("log"), "-run", at("run"), "-db", at("db"), "-temp", at("tmp"), "-cache", at("cache"),
		"-storage", at("tmp"), "-certs", at(CertificatesDir), "-htdocs", at("tmp"), "-scripts", at("tmp"), "-grammar", at("tmp"),
		"-sounds", at(SoundsDir), "-recordings", at(RecordingsDir),
	}
}

// Write makes the instance's directory complete: etc, sounds and music, and the empty directories in which FreeSWITCH writes. dir is
// Base as the caller sees it, which is another path where FreeSWITCH runs in a container of its own. Files that are there are written
// anew; what FreeSWITCH itself has written (db, recordings, log) stays. Recordings can be read by nobody but FreeSWITCH's user and group.
func (s Site) Write(dir string) error {
	if err := s.Validate(); err != nil {
		return fmt.Errorf("freeswitch configuration: %w", err)
	}
	s = s.withDefaults()
	for _, d := range []string{"etc/site", "etc/" + LinesDir, SoundsDir + "/tandem", SoundsDir + "/music", "db", "run", "log", "tmp", "cache", RecordingsDir} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o750); err != nil {
			return fmt.Errorf("make instance directory: %w", err)
		}
	}
	if err := private.Copy(files, "etc", filepath.Join(dir, "etc")); err != nil {
		return err
	}
	if err := writeSounds(filepath.Join(dir, SoundsDir), path.Join(s.Base, SoundsDir)); err != nil {
		return err
	}
	return s.render(filepath.Join(dir, "etc/site"))
}

func (s Site) withDefaults() Site {
	s.MaxSessions = cmp.Or(s.MaxSessions, 2000)
	s.SessionsPerSecond = cmp.Or(s.SessionsPerSecond, 200)
	s.Heartbeat = cmp.Or(s.Heartbeat, 10)
	if len(s.ESLAllow) == 0 {
		s.ESLAllow = []string{"127.0.0.0/8", "::1"}
	}
	s.RTPTimeout = max(cmp.Or(s.RTPTimeout, 30), 0)
	// Of 0 FreeSWITCH would make ten times the other.
	if s.RTPTimeoutHold = cmp.Or(s.RTPTimeoutHold, 300); s.RTPTimeoutHold < 0 {
		s.RTPTimeoutHold = 7 * 24 * 3600
	}
	return s
}

// passes is how often the melody of a music class is listed, which is for ten hours.
const passes = 3600

// writeSounds writes the prompts and the music into dir, which FreeSWITCH sees at inside. The stream of a music class has a directory of its own, with a list that
// names the class' melody again and again: before each pass through the directory FreeSWITCH is silent for a second
// (mod_local_stream.c, read_stream_thread), which would be once in ten seconds if the melody itself were in it. Another file beside the
// list would make it skip what is listed twice in a row.
func writeSounds(dir, inside string) error {
	for name, speech := range asterisk.Prompts() {
		if err := private.Write(filepath.Join(dir, "tandem", name+".wav"), wav(speech)); err != nil {
			return err
		}
	}
	for _, class := range asterisk.MusicClasses() {
		d := filepath.Join(dir, "music", class)
		if err := os.MkdirAll(d, 0o750); err != nil {
			return fmt.Errorf("make music directory: %w", err)
		}
		if err := private.Write(d+".wav", wav(asterisk.Melody(class))); err != nil {
			return err
		}
		line := path.Join(inside, "music", class) + ".wav\n"
		if err := private.Write(filepath.Join(d, "again.loc"), []byte(strings.Repeat(line, passes))); err != nil {
			return err
		}
	}
	return nil
}

// wav wraps µ-law sound, 8000 samples a second, into the file format that FreeSWITCH plays whatever a leg's codec is.
func wav(mulaw []byte) []byte {
	const rate, formatMuLaw = 8000, 7
	pad := len(mulaw) & 1
	var b bytes.Buffer
	put := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) } // to a buffer, of fixed-size values: never fails
	b.WriteString("RIFF")
	put(uint32(4 + 8 + 18 + 8 + 4 + 8 + len(mulaw) + pad))
	b.WriteString("WAVEfmt ")
	put(uint32(18))
	put([]uint16{formatMuLaw, 1})
	put([]uint32{rate, rate})
	put([]uint16{1, 8, 0})
	b.WriteString("fact")
	put(uint32(4))
	put(uint32(len(mulaw)))
	b.WriteString("data")
	put(uint32(len(mulaw)))
	b.Write(mulaw)
	b.Write(make([]byte, pad))
	return b.Bytes()
}

// functions are what templates call.
var functions = template.FuncMap{
	"cidr":        network,
	"hostport":    func(uri string) string { return strings.TrimPrefix(uri, "sip:") },
	"quote":       regexp.QuoteMeta,
	"domain":      func() string { return Domain },
	"profile":     func() string { return Profile },
	"codecs":      codecList,
	"allowedName": func() string { return allowedName },
}

// render makes the site's own files from the templates.
func (s Site) render(dir string) error {
	names, err := fs.Glob(files, "site/*.tmpl")
	if err != nil {
		return fmt.Errorf("list templates: %w", err)
	}
	for _, name := range names {
		target := strings.TrimSuffix(path.Base(name), ".tmpl")
		to := filepath.Join(dir, target)
		if target == benchFile && s.Bench == nil {
			if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove %s: %w", target, err)
			}
			continue
		}
		t, err := template.New(target).Option("missingkey=error").Funcs(functions).ParseFS(files, name, linesTemplate)
		if err != nil {
			return fmt.Errorf("parse template %s: %w", name, err)
		}
		var out bytes.Buffer
		if err := t.ExecuteTemplate(&out, path.Base(name), s); err != nil {
			return fmt.Errorf("fill template %s: %w", name, err)
		}
		if err := private.Write(to, out.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
