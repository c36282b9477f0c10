package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/jobs"
)

// finding is what the doctor says about one thing.
type finding struct {
	Check  string `json:"check"`
	Health health `json:"health"`
	Text   string `json:"text"`
	Mend   string `json:"mend,omitempty"` // how to mend it
}

// found makes a finding of one line; mend may say how to mend it.
func found(check string, h health, text string, mend ...string) finding {
	return finding{Check: check, Health: h, Text: strings.ReplaceAll(text, "\n", "; "), Mend: strings.Join(mend, " ")}
}

type health string

const (
	fine    health = "ok"
	skipped health = "skipped" // not set up
	warning health = "warning" // works, and should be looked at
	broken  health = "broken"  // tandem serve will not do its work
)

// checkTime is how long one check may take.
const checkTime = 5 * time.Second

const doctorHelp = `
It reads the settings that "tandem serve" reads ("tandem serve -help" lists them). It leaves nothing behind: it writes a test
object to the bucket and makes a test recording on each switch, and removes them again; with -call (the default) each switch
calls the doctor, which acts as a phone for this, and plays the apology of the fallback. It may run beside a working Tandem,
whose calls it does not touch. For frequent monitoring use -call=false. The exit status is 1 if anything is broken.
`

// doctorCommand looks at everything that "tandem serve" stands on, with the same settings, and leaves nothing behind. The exit status is 1 if anything is broken.
func doctorCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newFlags("doctor", "[flags]", doctorHelp, stderr)
	asJSON := flags.Bool("json", false, "findings as JSON")
	call := flags.Bool("call", true, "have each switch call a test phone here, for SIP, audio and the fallback")
	if err := parse(flags, args); err != nil {
		return err
	}
	findings := examine(ctx, os.LookupEnv, os.Environ(), *call)
	if err := report(stdout, findings, *asJSON); err != nil {
		return err
	}
	bad := 0
	for _, f := range findings {
		if f.Health == broken {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d checks found something broken", bad, len(findings))
	}
	return nil
}

func report(w io.Writer, findings []finding, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"findings": findings})
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range findings {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\n", f.Health, f.Check, f.Text)
		if f.Mend != "" {
			_, _ = fmt.Fprintf(t, "\t\t→ %s\n", f.Mend)
		}
	}
	return t.Flush()
}

// examine makes all checks. Each is independent of the others, so that one report shows everything that is wrong.
func examine(ctx context.Context, lookup func(string) (string, bool), environ []string, call bool) []finding {
	s, err := readSettings(lookup)
	if err != nil {
		return []finding{found("settings", broken, err.Error(), "set them as \"tandem serve -help\" says")}
	}
	out := []finding{found("settings", fine, "all are understood")}
	if names := misspelt(environ); len(names) > 0 {
		out[0] = found("settings", warning, "there is no such variable: "+strings.Join(names, ", "))
	}
	out = append(out, checkFiles(s)...)
	out = append(out, checkDisks(s.places(), diskOf)...)
	out = append(out, checkPorts(ctx, s)...)
	switches, clock := checkSwitches(ctx, s, call)
	out = append(out, checkDatabase(ctx, s), checkKey(ctx, s), checkRedis(ctx, s))
	return append(append(out, switches...), checkBucket(ctx, s), clock, checkNTP(syscall.Adjtimex))
}

func checkDatabase(ctx context.Context, s settings) finding {
	const name = "database"
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	if path := missingDatabase(s.DB); path != "" {
		return found(name, warning, path+" does not exist; tandem serve makes it")
	}
	db, err := models.Open(ctx, s.DB)
	if err != nil {
		return found(name, broken, err.Error(), "start the database, and compare TANDEM_DB with its address, user and rights")
	}
	have, want, err := db.Version(ctx)
	server, clock, serverErr := db.Server(ctx)
	asked := time.Now()
	if err = errors.Join(err, serverErr, db.Close()); err != nil {
		return found(name, broken, err.Error(), "look into the database's log")
	}
	text := fmt.Sprintf("%s %s answers, schema version %d", db.Dialect(), server, have)
	if major, _ := strconv.Atoi(strings.Split(server, ".")[0]); db.Dialect() == models.Postgres && major < oldestPostgres {
		return found(name, warning, text, fmt.Sprintf("Tandem is tested with Postgres %d and later", oldestPostgres))
	}
	if off := asked.Sub(clock).Round(time.Second); off.Abs() > 3*time.Second {
		return found(name, warning, fmt.Sprintf("%s; its clock differs from this machine's by %v", text, off), "set both clocks by NTP")
	}
	switch {
	case have > want:
		return found(name, broken, fmt.Sprintf("%s: newer than this program, which knows %d", text, want), "run the newer program, or take its migrations back with its own \"tandem migrate down\"")
	case have < want && !s.Migrate:
		return found(name, broken, fmt.Sprintf("%s, needs %d", text, want), "run \"tandem migrate up\", or set TANDEM_MIGRATE=on")
	case have < want:
		return found(name, warning, fmt.Sprintf("%s; tandem serve brings it to %d", text, want))
	}
	return found(name, fine, text)
}

// checkKey looks whether the passwords of phones and trunks can be read: with another key than that which has sealed them, no switch is told of any.
func checkKey(ctx context.Context, s settings) finding {
	const name = "secret key"
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	key, err := openedKey(s.SecretKey)
	if err != nil {
		return found(name, broken, "TANDEM_SECRET_KEY_FILE: "+err.Error(), "restore the file from where it is kept")
	}
	if missingDatabase(s.DB) != "" {
		return found(name, skipped, "there is no database yet")
	}
	db, err := models.Open(ctx, s.DB)
	if err != nil {
		return found(name, skipped, "the database does not answer")
	}
	sealed, err := db.Lines(key).Sealed(ctx)
	switch err = errors.Join(err, db.Close()); {
	case err != nil:
		return found(name, skipped, "what is sealed cannot be read: "+oneLine(err.Error()))
	case len(sealed) > 0:
		return found(name, broken, fmt.Sprintf("does not open the password of %s (%d are sealed with another key): changes of phones and trunks do not reach the switches", sealed[0], len(sealed)),
			"restore the file of TANDEM_SECRET_KEY_FILE, "+s.SecretKey+", or give all of them new passwords")
	case key == nil:
		return found(name, skipped, "there is none yet; tandem serve makes one")
	}
	return found(name, fine, "opens all passwords of phones and trunks")
}

// openedKey is the key in a file; nil, which opens nothing, where there is no file.
func openedKey(path string) (*models.Key, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, nil //nolint:nilnil // opening a key that is not there would make one
	}
	return models.OpenKey(path)
}

// oldestPostgres is the oldest major version that is tested (Debian 12's).
const oldestPostgres = 15

// missingDatabase returns the path of a SQLite database that is not there yet, otherwise "".
func missingDatabase(url string) string {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		path, _, _ = strings.Cut(path, "?")
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return path
		}
	}
	return ""
}

func checkRedis(ctx context.Context, s settings) finding {
	const name = "redis"
	if s.Redis == "" {
		return found(name, skipped, "the queue is in the process")
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	o, err := redis.ParseURL(s.Redis)
	if err != nil {
		return found(name, broken, "TANDEM_REDIS: is not a redis URL", "set it like redis://:PASSWORD@HOST:6379/0") // the error would quote it, password and all
	}
	c := redis.NewClient(o)
	policy, err := c.ConfigGet(ctx, "maxmemory-policy").Result()
	if err != nil { // managed ones forbid CONFIG
		err = c.Ping(ctx).Err()
	}
	if err = errors.Join(err, c.Close()); err != nil {
		return found(name, broken, fmt.Sprintf("ask %s: %v", o.Addr, err), "start Redis, and compare TANDEM_REDIS with its address and password")
	}
	if p := policy["maxmemory-policy"]; p != "" && p != "noeviction" {
		return found(name, warning, "answers, but maxmemory-policy is "+p+": reminders of jobs may be thrown away", "set maxmemory-policy noeviction")
	}
	return found(name, fine, "answers")
}

// checkSwitches asks every switch how it is, and compares its clock with ours on the way.
func checkSwitches(ctx context.Context, s settings, call bool) (switches []finding, clock finding) {
	clock = checkClock(time.Now())
	if len(s.Switches) == 0 {
		return []finding{found("switch", broken, "none is set up", errNoSwitch.Error())}, clock
	}
	for _, sw := range s.Switches {
		looking, cancel := context.WithTimeout(ctx, checkTime)
		c := sw.look(looking)
		cancel()
		switches = append(switches, found("switch "+string(sw.name()), c.health, c.text, c.mend))
		if c.health != broken {
			for _, f := range sw.examine(ctx, call) {
				f.Check = "switch " + string(sw.name()) + ": " + f.Check
				switches = append(switches, f)
			}
		}
		if off := c.asked.Sub(c.clock).Round(time.Second); !c.clock.IsZero() && off.Abs() > 3*time.Second && clock.Health == fine {
			clock = found(clock.Check, warning, fmt.Sprintf("differs from that of the switch %s by %v", sw.name(), off), "set both clocks by NTP")
		}
	}
	return switches, clock
}

func checkClock(now time.Time) finding {
	text := now.UTC().Format(time.RFC3339)
	if now.Year() < 2026 {
		return found("clock", broken, "it is "+text+", before this program was written", "set the clock by NTP")
	}
	return found("clock", fine, text)
}

// missingBucket returns the directory of a file bucket that is not there yet, otherwise "".
func missingBucket(bucket string) string {
	if u, err := url.Parse(bucket); err == nil && u.Scheme == "file" {
		dir := filepath.FromSlash(u.Path)
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			return dir
		}
	}
	return ""
}

// nearest is the directory itself, or the nearest above it that is there.
func nearest(dir string) string {
	for _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) && dir != filepath.Dir(dir); _, err = os.Stat(dir) {
		dir = filepath.Dir(dir)
	}
	return dir
}

// checkBucket writes an object, reads it back and removes it.
func checkBucket(ctx context.Context, s settings) finding {
	const name = "bucket"
	if dir := missingBucket(s.Bucket); dir != "" {
		for _, f := range writableDirectory("TANDEM_BUCKET", nearest(dir)) {
			return found(name, broken, dir+" does not exist; "+f.Text, f.Mend)
		}
		return found(name, warning, dir+" does not exist; tandem serve makes it") // made here, it would be that of whoever asks
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	b, err := jobs.OpenBucket(ctx, s.Bucket)
	if err != nil {
		return found(name, broken, err.Error(), "make the directory or the bucket that TANDEM_BUCKET names")
	}
	key, want := "tandem-doctor-"+uuid.NewString(), "Tandem was here" // in no folder, which would stay
	err = b.WriteAll(ctx, key, []byte(want), nil)
	if err == nil {
		var got []byte
		if got, err = b.ReadAll(ctx, key); err == nil && string(got) != want {
			err = errors.New("what was written is not what is read")
		}
		err = errors.Join(err, b.Delete(ctx, key))
	}
	if err = errors.Join(err, b.Close()); err != nil {
		return found(name, broken, err.Error(), "let the user that Tandem runs as write to TANDEM_BUCKET")
	}
	return found(name, fine, "can be written, read and cleared")
}
