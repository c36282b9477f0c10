package lines

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fakeSwitch reads its directory when it is told to.
type fakeSwitch struct {
	t       *testing.T
	dir     string
	mu      sync.Mutex
	files   map[string][]byte // that it should have
	has     map[string]string // that it has read
	loads   int
	session time.Time
	mine    bool
	refuses error
	told    chan struct{} // has something for each order to read
}

func newFakeSwitch(t *testing.T) *fakeSwitch {
	t.Helper()
	return &fakeSwitch{t: t, dir: t.TempDir(), files: map[string][]byte{}, session: time.Now(), mine: true, told: make(chan struct{}, 100)}
}

func (f *fakeSwitch) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeSwitch) writer() *Writer {
	return New(Config{
		Engine: "x", Dir: f.dir, Beat: 20 * time.Millisecond, Log: slog.New(slog.DiscardHandler),
		Plan: func(context.Context) (Plan, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			p := Plan{Files: map[string][]byte{}, Phones: []string{"a"}}
			for name, text := range f.files {
				p.Files[name] = text
			}
			return p, nil
		},
		Load: func(context.Context, Plan) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			defer func() { f.told <- struct{}{} }()
			f.loads++
			if f.refuses != nil {
				return f.refuses
			}
			f.has = f.read()
			return nil
		},
		Look: func(context.Context) (Reach, error) { return Reach{"a": true}, nil },
		Up:   func() time.Time { f.mu.Lock(); defer f.mu.Unlock(); return f.session },
		May:  func() bool { f.mu.Lock(); defer f.mu.Unlock(); return f.mine },
	})
}

func (f *fakeSwitch) read() map[string]string {
	out := map[string]string{}
	entries, err := os.ReadDir(f.dir)
	require.NoError(f.t, err)
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(f.dir, e.Name()))
		require.NoError(f.t, err)
		out[e.Name()] = string(text)
	}
	return out
}

func (f *fakeSwitch) start() *Writer {
	w := f.writer()
	ctx, cancel := context.WithCancel(f.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	f.t.Cleanup(func() { cancel(); <-done })
	return w
}

// await waits until the switch was told to read and has what it should.
func (f *fakeSwitch) await(want map[string]string) {
	f.t.Helper()
	for {
		f.mu.Lock()
		same := len(f.has) == len(want)
		for name, text := range want {
			same = same && f.has[name] == text
		}
		f.mu.Unlock()
		if same {
			return
		}
		select {
		case <-f.told:
		case <-time.After(20 * time.Second):
			require.Fail(f.t, "the switch is told nothing")
		}
	}
}

func TestWhatIsSetUpIsWrittenAndRead(t *testing.T) {
	f := newFakeSwitch(t)
	f.files["a"], f.files["b"] = []byte("1"), []byte("2")
	require.NoError(t, os.WriteFile(filepath.Join(f.dir, unfinished+"a-1"), []byte("half"), 0o600))
	w := f.start()
	f.await(map[string]string{"a": "1", "b": "2"}) // and nothing half done is left
	info, err := os.Stat(filepath.Join(f.dir, "a"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(fileMode), info.Mode().Perm())
	f.set(func() { f.files["a"] = []byte("3") })
	w.Changed()
	f.await(map[string]string{"a": "3", "b": "2"})
	// What somebody removes or damages comes back by itself, also where only its mode is another.
	f.set(func() { f.has = nil })
	require.NoError(t, os.Remove(filepath.Join(f.dir, "b")))
	f.await(map[string]string{"a": "3", "b": "2"})
	f.set(func() { f.has = nil })
	require.NoError(t, os.Chmod(filepath.Join(f.dir, "a"), 0o666))
	f.await(map[string]string{"a": "3", "b": "2"})
	info, err = os.Stat(filepath.Join(f.dir, "a"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(fileMode), info.Mode().Perm())
	for w.Standing().State != Applied {
		time.Sleep(time.Millisecond)
	}
	require.Equal(t, []string{"a"}, w.Standing().Phones)
}

func TestASwitchIsToldOncePerSession(t *testing.T) {
	f := newFakeSwitch(t)
	f.files["a"] = []byte("1")
	f.session = time.Time{}
	w := f.writer()
	ctx := t.Context()
	w.turn(ctx, f.session)
	require.Equal(t, Waiting, w.Standing().State)
	require.Equal(t, map[string]string{"a": "1"}, f.read(), "the files are there when it comes")
	require.Zero(t, f.loads)
	first := time.Now()
	for range 3 {
		w.turn(ctx, first)
	}
	require.Equal(t, 1, f.loads, "calm times ask nothing of the switch")
	require.Equal(t, Applied, w.Standing().State)
	w.turn(ctx, first.Add(time.Second))
	require.Equal(t, 2, f.loads, "in another session nobody knows what it has read")
	// What it refused is ordered again.
	f.refuses = errors.New("a bad day")
	f.files["a"] = []byte("2")
	require.False(t, w.turn(ctx, first), "it is tried again soon")
	require.Equal(t, Failed, w.Standing().State)
	require.Equal(t, "a bad day", w.Standing().Problem)
	f.refuses = nil
	require.True(t, w.turn(ctx, first))
	require.Equal(t, Applied, w.Standing().State)
	require.Equal(t, map[string]string{"a": "2"}, f.has)
	// Who does not own the shard touches nothing.
	f.mine = false
	f.files["a"] = []byte("3")
	w.turn(ctx, first)
	require.Equal(t, map[string]string{"a": "2"}, f.read())
	require.Equal(t, Waiting, w.Standing().State)
}

func TestADirectoryThatIsNotThereIsSaid(t *testing.T) {
	f := newFakeSwitch(t)
	f.files["a"] = []byte("1")
	f.dir = filepath.Join(f.dir, "not-mounted")
	w := f.writer()
	w.turn(t.Context(), time.Now())
	require.Equal(t, Failed, w.Standing().State)
	require.Contains(t, w.Standing().Problem, "is not there")
	require.NoDirExists(t, f.dir, "a volume that is not mounted is not made up for")
}
