package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
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
It reads the settings that "tandem serve" reads ("tandem serve -help" lists them), and changes nothing but a test object
in the bucket, which it removes again. The exit status is 1 if anything is broken.
`

// doctorCommand looks at everything that "tandem serve" stands on, with the same settings, and changes nothing but a test object in the bucket, which it
// removes again. The exit status is 1 if anything is broken.
func doctorCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newFlags("doctor", "[flags]", doctorHelp, stderr)
	asJSON := flags.Bool("json", false, "findings as JSON")
	if err := parse(flags, args); err != nil {
		return err
	}
	findings := examine(ctx, os.LookupEnv, os.Environ())
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
	}
	return t.Flush()
}

// examine makes all checks. Each is independent of the others, so that one report shows everything that is wrong.
func examine(ctx context.Context, lookup func(string) (string, bool), environ []string) []finding {
	s, err := readSettings(lookup)
	if err != nil {
		return []finding{{"settings", broken, strings.ReplaceAll(err.Error(), "\n", "; ")}}
	}
	out := []finding{{"settings", fine, "all are understood"}}
	if names := misspelt(environ); len(names) > 0 {
		out[0] = finding{"settings", warning, "there is no such variable: " + strings.Join(names, ", ")}
	}
	switches, clock := checkSwitches(ctx, s)
	out = append(out, checkDatabase(ctx, s), checkRedis(ctx, s))
	return append(append(out, switches...), checkBucket(ctx, s), clock)
}

func checkDatabase(ctx context.Context, s settings) finding {
	const name = "database"
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	if path := missingDatabase(s.DB); path != "" {
		return finding{name, warning, path + " does not exist; tandem serve makes it"}
	}
	db, err := models.Open(ctx, s.DB)
	if err != nil {
		return finding{name, broken, err.Error()}
	}
	have, want, err := db.Version(ctx)
	if err = errors.Join(err, db.Close()); err != nil {
		return finding{name, broken, err.Error()}
	}
	text := fmt.Sprintf("%s answers, schema version %d", db.Dialect(), have)
	switch {
	case have > want:
		return finding{name, broken, fmt.Sprintf("%s: newer than this program, which knows %d", text, want)}
	case have < want && !s.Migrate:
		return finding{name, broken, fmt.Sprintf("%s, needs %d: run \"tandem migrate up\"", text, want)}
	case have < want:
		return finding{name, warning, fmt.Sprintf("%s; tandem serve brings it to %d", text, want)}
	}
	return finding{name, fine, text}
}

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
		return finding{name, skipped, "the queue is in the process"}
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	o, err := redis.ParseURL(s.Redis)
	if err != nil {
		return finding{name, broken, "TANDEM_REDIS: is not a redis URL"} // the error would quote it, password and all
	}
	c := redis.NewClient(o)
	policy, err := c.ConfigGet(ctx, "maxmemory-policy").Result()
	if err != nil { // managed ones forbid CONFIG
		err = c.Ping(ctx).Err()
	}
	if err = errors.Join(err, c.Close()); err != nil {
		return finding{name, broken, err.Error()}
	}
	if p := policy["maxmemory-policy"]; p != "" && p != "noeviction" {
		return finding{name, warning, "answers, but maxmemory-policy is " + p + "; reminders may be thrown away: set noeviction"}
	}
	return finding{name, fine, "answers"}
}

// checkSwitches asks every switch how it is, and compares its clock with ours on the way.
func checkSwitches(ctx context.Context, s settings) (switches []finding, clock finding) {
	clock = checkClock(time.Now())
	if len(s.Switches) == 0 {
		return []finding{{"switch", broken, errNoSwitch.Error()}}, clock
	}
	for _, sw := range s.Switches {
		ctx, cancel := context.WithTimeout(ctx, checkTime)
		c := sw.look(ctx)
		cancel()
		switches = append(switches, finding{"switch " + string(sw.name()), c.health, c.text})
		if off := c.asked.Sub(c.clock).Round(time.Second); !c.clock.IsZero() && off.Abs() > 3*time.Second && clock.Health == fine {
			clock = finding{clock.Check, warning, fmt.Sprintf("differs from that of the switch %s by %v: set both by NTP", sw.name(), off)}
		}
	}
	return switches, clock
}

func checkClock(now time.Time) finding {
	text := now.UTC().Format(time.RFC3339)
	if now.Year() < 2026 {
		return finding{"clock", broken, "it is " + text + ", before this program was written"}
	}
	return finding{"clock", fine, text}
}

// checkBucket writes an object, reads it back and removes it.
func checkBucket(ctx context.Context, s settings) finding {
	const name = "bucket"
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	b, err := jobs.OpenBucket(ctx, s.Bucket)
	if err != nil {
		return finding{name, broken, err.Error()}
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
		return finding{name, broken, err.Error()}
	}
	return finding{name, fine, "can be written, read and cleared"}
}
