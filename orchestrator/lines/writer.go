package lines

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Plan is what a switch should have.
type Plan struct {
	Files    map[string][]byte // by name in the directory
	Gateways map[string]string // marks of trunks' settings, where the switch has to be told which have changed
	Phones   []string          // names of the phones
	Trunks   []string
}

// Reach is what a switch says about its phones and trunks. One that is not in it is not known.
type Reach map[string]bool

// Config is what a [Writer] stands on. All but Beat and Log is required.
type Config struct {
	Engine core.EngineID
	Dir    string // the switch's directory, as this process sees it; it must be there
	// Plan reads from the database what the switch should have.
	Plan func(ctx context.Context) (Plan, error)
	// Load has the switch read the directory anew. It is harmless where nothing has changed.
	Load func(ctx context.Context, p Plan) error
	// Look asks the switch how its phones and trunks are doing.
	Look func(ctx context.Context) (Reach, error)
	// Up tells since when the switch is connected; zero = it is not.
	Up func() time.Time
	// May tells whether it is for this process to write: of several, the one that owns the shard.
	May  func() bool
	Beat time.Duration // between two looks in calm times; 0 = 20 s
	Log  *slog.Logger  // default slog.Default()
}

// State says whether a switch has what it should have.
type State string

// The states.
const (
	Applied State = "applied"
	Waiting State = "waiting" // the switch is not connected, or is being told just now
	Failed  State = "failed"  // see Problem; the switch keeps what it had
)

// Standing is how it is with one switch's phones and trunks.
type Standing struct {
	State   State
	Since   time.Time
	Problem string
	Phones  []string
	Trunks  []string
	Reach   Reach // nil = not known
}

const (
	glance      = time.Second            // between two looks at whether the switch has come, which ask nobody
	settle      = 100 * time.Millisecond // for changes that come one upon the other
	loadPause   = time.Second            // at least, between two orders to read
	loadTimeout = 30 * time.Second
	again       = 3 * time.Second // after a failure: a switch that has just come may not have loaded everything yet
	defaultBeat = 20 * time.Second
)

// Writer keeps one switch's phones and trunks. Make it with [New].
type Writer struct {
	cfg    Config
	wake   chan struct{}
	loaded loaded // only of Run's goroutine
	asked  time.Time

	mu       sync.Mutex
	standing Standing
}

// loaded is what the switch has read, in which session.
type loaded struct {
	session time.Time
	files   map[string][]byte
}

// New makes a writer, which does nothing before Run.
func New(c Config) *Writer {
	if c.Beat == 0 {
		c.Beat = defaultBeat
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	c.Log = c.Log.With("engine", string(c.Engine))
	return &Writer{cfg: c, wake: make(chan struct{}, 1), standing: Standing{State: Waiting, Since: time.Now()}}
}

// Engine is the switch.
func (w *Writer) Engine() core.EngineID { return w.cfg.Engine }

// Changed says that what the switch should have may be something else now. It never blocks.
func (w *Writer) Changed() {
	select {
	case w.wake <- struct{}{}:
	default: // somebody has said so already
	}
}

// Standing tells how it is.
func (w *Writer) Standing() Standing {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.standing
}

// Run keeps the switch's phones and trunks until ctx ends.
func (w *Writer) Run(ctx context.Context) {
	next := time.Now() // of the beat
	session, may := time.Time{}, false
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for {
		up, mine := w.cfg.Up(), w.cfg.May()
		if !time.Now().Before(next) || !up.Equal(session) || mine != may {
			session, may, next = up, mine, time.Now().Add(w.cfg.Beat)
			if !w.turn(ctx, session) {
				next = time.Now().Add(min(again, w.cfg.Beat))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-w.wake:
			if !pause(ctx, settle) || !pause(ctx, time.Until(w.asked.Add(loadPause))) {
				return
			}
			next = time.Now()
		}
	}
}

// pause waits, and tells whether there is still something to wait for.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// turn compares, writes and has the switch read. It tells whether all is as it should be, or nothing can be done now.
func (w *Writer) turn(ctx context.Context, session time.Time) bool {
	if !w.cfg.May() {
		w.loaded = loaded{} // another process may write from now on
		w.stand(Waiting, "", nil)
		return true
	}
	limited, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	plan, err := w.cfg.Plan(limited)
	if err == nil {
		err = w.bring(limited, plan, session)
	}
	if err == nil || errors.Is(err, errAway) || ctx.Err() != nil {
		return true
	}
	if w.Standing().Problem != err.Error() { // the beat would say it again and again
		w.cfg.Log.Error("phones and trunks are not as set up; the switch keeps what it had", "error", err)
	}
	w.stand(Failed, err.Error(), nil)
	return false
}

var errAway = errors.New("the switch is not connected")

// bring makes the switch have the plan.
func (w *Writer) bring(ctx context.Context, plan Plan, session time.Time) error {
	written, err := write(w.cfg.Dir, plan.Files)
	if len(written) > 0 {
		w.cfg.Log.Info("phones and trunks written", "files", written, "phones", len(plan.Phones), "trunks", len(plan.Trunks))
	}
	if err != nil {
		return err
	}
	if session.IsZero() {
		w.loaded = loaded{}
		w.stand(Waiting, "", &plan)
		return errAway
	}
	// The order is given again in every session: nobody knows whether one that was given before the connection broke was carried out.
	if len(written) > 0 || !w.loaded.session.Equal(session) || !maps.EqualFunc(w.loaded.files, plan.Files, sameBytes) {
		w.loaded, w.asked = loaded{}, time.Now()
		if err := w.cfg.Load(ctx, plan); err != nil {
			return err
		}
		w.loaded = loaded{session: session, files: plan.Files}
	}
	w.stand(Applied, "", &plan)
	reach, err := w.cfg.Look(ctx)
	if err != nil {
		w.cfg.Log.Debug("could not ask how phones and trunks are doing", "error", err)
	}
	w.mu.Lock()
	w.standing.Reach = reach // nil after an error
	w.mu.Unlock()
	return nil
}

func sameBytes(a, b []byte) bool { return string(a) == string(b) }

func (w *Writer) stand(state State, problem string, plan *Plan) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.standing.State != state || w.standing.Problem != problem {
		w.standing.State, w.standing.Problem, w.standing.Since = state, problem, time.Now()
	}
	if plan != nil {
		w.standing.Phones, w.standing.Trunks = plan.Phones, plan.Trunks
	}
	if state != Applied {
		w.standing.Reach = nil
	}
}
