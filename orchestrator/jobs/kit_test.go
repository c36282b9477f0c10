package jobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// strikes is after how many verdicts the tests' runners give up.
const strikes = 4

// began is when the recordings of the tests begin.
var began = time.Date(2026, 3, 4, 23, 59, 30, 0, time.UTC)

// kit is a database, a bucket and a switch for one test.
type kit struct {
	t      *testing.T
	db     *models.DB
	redis  string
	bucket *Bucket
	sw     *fakeSwitch
	log    *slog.Logger
	seq    uint64
	lease  journal.Lease
}

// each runs a test on the embedded pair (SQLite, Redis in the process) and on the production pair (PostgreSQL, Redis). Nothing may be
// left running.
func each(t *testing.T, run func(t *testing.T, k *kit)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) {
		noLeaks(t)
		run(t, newKit(t, dbtest.SQLiteURL(t), ""))
	})
	t.Run("production", func(t *testing.T) {
		url, redis := dbtest.PostgresURL(t), dbtest.Redis(t).URL()
		noLeaks(t)
		run(t, newKit(t, url, redis))
	})
}

// noLeaks checks, after all other cleaning up, that the test has left no goroutine.
func noLeaks(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	servers := goleak.IgnoreAnyFunction("github.com/tandem-voice/tandem/models/dbtest.startProcess.func1") // restarted by the test, stopped after it
	t.Cleanup(func() { goleak.VerifyNone(t, before, servers) })
}

func newKit(t *testing.T, url, redis string) *kit {
	t.Helper()
	db := dbtest.Open(t, url)
	bucket, err := OpenBucket(t.Context(), "file://"+t.TempDir()+"/bucket")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, bucket.Close()) })
	k := &kit{t: t, db: db, redis: redis, bucket: bucket, log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))}
	k.sw = &fakeSwitch{files: map[core.RecordingID][]byte{}}
	_, _, err = db.Config().CreateTenant(t.Context(), models.Tenant{Tenant: core.Tenant{ID: "acme", Name: "Acme"}, Region: "DE"})
	require.NoError(t, err)
	k.lease, err = db.Journal().Acquire(t.Context(), "main", "test", time.Hour)
	require.NoError(t, err)
	return k
}

func (k *kit) runner(change ...func(*Config)) *Runner {
	k.t.Helper()
	cfg := Config{
		DB: k.db, Redis: k.redis, Bucket: k.bucket, Switches: map[core.EngineID]Switch{"pbx1": k.sw}, Log: k.log, TempDir: k.t.TempDir(),
		Strikes: strikes,
		Backoff: func(int) time.Duration { return 0 },
	}
	for _, f := range change {
		f(&cfg)
	}
	r, err := New(cfg)
	require.NoError(k.t, err)
	r.rest = 0
	k.t.Cleanup(func() { require.NoError(k.t, r.Close()) })
	return r
}

// start lets a runner work until the test ends, or stop is called.
func (k *kit) start(r *Runner) (stop func()) {
	k.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			require.NoError(k.t, <-done)
		})
	}
	k.t.Cleanup(stop)
	return stop
}

// tell puts entries into the timeline and projects them.
func (k *kit) tell(entries ...core.Entry) {
	k.t.Helper()
	k.seq++
	lines := make([]journal.Timeline, len(entries))
	for i, e := range entries {
		lines[i] = journal.Timeline{Seq: k.seq, Index: i, Entry: e}
	}
	rows := []journal.Row{{Seq: k.seq, At: began, Kind: "tick", Body: []byte(`{}`)}}
	require.NoError(k.t, k.db.Journal().Append(k.t.Context(), k.lease, rows, lines))
	require.NoError(k.t, k.db.NewProjector(k.log, nil).CatchUp(k.t.Context()))
}

// record tells of a finished recording that the switch says is so long.
func (k *kit) record(id core.RecordingID, length time.Duration) {
	k.t.Helper()
	e := core.Entry{At: began, Kind: core.EntryRecordingStarted, Tenant: "acme", Call: "call-" + core.CallID(id), Agent: "anna", Engine: "pbx1", Recording: id}
	stopped := e
	stopped.Kind, stopped.At, stopped.Reason, stopped.Duration = core.EntryRecordingStopped, began.Add(length), "complete", length
	k.tell(e, stopped)
}

// call tells of a closed call.
func (k *kit) call(id core.CallID, number string) {
	k.t.Helper()
	k.tell(core.Entry{At: began, Kind: core.EntryCallClosed, Tenant: "acme", Call: id, Record: &core.CallRecord{
		Call: id, Tenant: "acme", EntryPoint: "main", From: number, ArrivedAt: began, EndedAt: began, Outcome: core.CallAbandoned,
	}})
}

// await waits until a job is in a state.
func (k *kit) await(id string, state models.JobState) models.Job {
	k.t.Helper()
	var job models.Job
	require.Eventually(k.t, func() bool {
		var err error
		job, err = k.db.Jobs().Job(k.t.Context(), id)
		return err == nil && job.State == state
	}, 2*time.Minute, 10*time.Millisecond, "job %s does not become %s", id, state)
	return job
}

// objects lists the keys in the bucket.
func (k *kit) objects() []string {
	k.t.Helper()
	var keys []string
	for it := k.bucket.List(nil); ; {
		o, err := it.Next(context.Background())
		if err == io.EOF { //nolint:errorlint // gocloud.dev returns exactly io.EOF
			return keys
		}
		require.NoError(k.t, err)
		keys = append(keys, o.Key)
	}
}

// requireArchived asserts that a recording is archived as want, once, and nowhere else.
func (k *kit) requireArchived(id core.RecordingID, want []byte) models.Recording {
	k.t.Helper()
	rec, err := k.db.Recordings().Recording(k.t.Context(), id)
	require.NoError(k.t, err)
	sum := sha256.Sum256(want)
	require.Equal(k.t, models.RecordingArchived, rec.State)
	require.Equal(k.t, hex.EncodeToString(sum[:]), rec.SHA256)
	require.Equal(k.t, int64(len(want)), rec.Size)
	require.Equal(k.t, fmt.Sprintf("acme/2026/03/04/call-%s/%s.wav", id, id), rec.Object)
	require.False(k.t, rec.SourceGoneAt.IsZero())
	require.Equal(k.t, []string{rec.Object}, k.objects())
	got, err := k.bucket.ReadAll(k.t.Context(), rec.Object)
	require.NoError(k.t, err)
	require.True(k.t, bytes.Equal(want, got))
	require.False(k.t, k.sw.has(id), "the switch's file is deleted")
	return rec
}

// fakeSwitch has files of recordings in memory.
type fakeSwitch struct {
	mu       sync.Mutex
	files    map[core.RecordingID][]byte
	fetches  int
	fetchErr func(n int) error               // of the nth fetch
	breakAt  int                             // a fetch breaks off after so many bytes
	deleting func(id core.RecordingID) error // before a file is deleted
}

func (s *fakeSwitch) put(id core.RecordingID, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[id] = body
}

func (s *fakeSwitch) has(id core.RecordingID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.files[id]
	return ok
}

func (s *fakeSwitch) FetchRecording(_ context.Context, id core.RecordingID) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetches++
	if s.fetchErr != nil {
		if err := s.fetchErr(s.fetches); err != nil {
			return nil, err
		}
	}
	body, ok := s.files[id]
	if !ok {
		return nil, fmt.Errorf("%s: %w", id, ErrNoRecording)
	}
	if s.breakAt > 0 {
		broken := io.MultiReader(bytes.NewReader(body[:s.breakAt]), failingReader{})
		s.breakAt = 0
		return io.NopCloser(broken), nil
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

func (s *fakeSwitch) DeleteRecording(_ context.Context, id core.RecordingID) error {
	if s.deleting != nil {
		if err := s.deleting(id); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, id)
	return nil
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// wav makes a file as Asterisk writes it: 8 kHz, 16 bit, mono.
func wav(length time.Duration) []byte {
	n := int(length.Seconds()*8000) * 2
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00")
	binary.LittleEndian.PutUint32(b[4:], uint32(36+n))
	binary.LittleEndian.PutUint32(b[40:], uint32(n))
	for i := range n {
		b = append(b, byte(i*7))
	}
	return b
}
