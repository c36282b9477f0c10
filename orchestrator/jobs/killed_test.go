package jobs

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
)

// dying names the directory in which the test's other process, which dies over its work, has its files.
const dying = "TANDEM_TEST_DYING"

// killed runs the test once more, in a process that ends itself by kill -9.
func killed(t *testing.T, env ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), append(env, "TMPDIR="+t.TempDir())...) // nobody else tidies up after it
	out, err := cmd.CombinedOutput()
	var died *exec.ExitError
	require.ErrorAs(t, err, &died, "%s", out)
	status, ok := died.Sys().(syscall.WaitStatus)
	require.True(t, ok)
	require.Equal(t, syscall.SIGKILL, status.Signal(), "%s", out)
}

func die() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) }

// files lists what is in a directory, however deep.
func files(t *testing.T, dir string) (all []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	}))
	return all
}

// A process that is killed while it checks a recording leaves a copy. It is what was said, too, and the agent may discard the recording.
func TestNothingIsLeftOfWhatAKilledProcessCheckedC17(t *testing.T) {
	if dir := os.Getenv(dying); dir != "" {
		k := newKit(t, dbtest.SQLiteURL(t), "")
		k.sw.put("r1", wav(time.Second))
		k.record("r1", time.Second)
		r := k.runner(func(c *Config) { c.TempDir = dir })
		r.crash = func(string) { die() }
		k.work(r, "archive:r1", (*Runner).archive)
		return
	}
	dir := t.TempDir()
	killed(t, dying+"="+dir)
	require.Len(t, files(t, dir), 1, "what kill -9 leaves")
	other := filepath.Join(dir, "tandem-recording.txt")
	require.NoError(t, os.WriteFile(other, nil, 0o600))

	k := newKit(t, dbtest.SQLiteURL(t), "")
	k.sw.put("r1", wav(time.Second))
	k.record("r1", time.Second)
	k.tell(discarded("r1"))
	k.start(k.runner(func(c *Config) { c.TempDir = dir }))
	k.await("discard:r1", models.JobDone)
	k.requireErased("r1")
	require.Equal(t, []string{other}, files(t, dir), "nobody else's")
}

// One that is killed while it uploads leaves a copy in the bucket's directory, which outlives every container: there a file on its way has another name than its own.
func TestNothingIsLeftOfWhatAKilledProcessUploadedC17(t *testing.T) {
	if dir := os.Getenv(dying); dir != "" { // what upload does, up to the middle
		b, err := OpenBucket(t.Context(), "file://"+dir)
		require.NoError(t, err)
		w, err := b.NewWriter(t.Context(), os.Getenv(dying+"_KEY"), nil)
		require.NoError(t, err)
		_, err = w.Write(wav(time.Second))
		require.NoError(t, err)
		die()
	}
	k := newKit(t, dbtest.SQLiteURL(t), "")
	k.sw.put("r1", wav(time.Second))
	k.record("r1", time.Second)
	rec, err := k.db.Recordings().Recording(t.Context(), "r1")
	require.NoError(t, err)
	key := ObjectKey(rec)
	killed(t, dying+"="+k.bucket.dir, dying+"_KEY="+key)
	require.Len(t, files(t, k.bucket.dir), 1, "what kill -9 leaves")
	other := filepath.Join(k.bucket.dir, filepath.FromSlash(key)+".more.wav.1f.tmp") // on the way to r1.wav.more.wav
	require.NoError(t, os.WriteFile(other, nil, 0o600))

	k.tell(discarded("r1"))
	k.start(k.runner())
	k.await("discard:r1", models.JobDone)
	require.Equal(t, []string{other}, files(t, k.bucket.dir), "nobody else's")
	require.NoError(t, os.Remove(other))
	k.requireErased("r1")
}

// Somebody discards a recording at the moment in which it is being uploaded: that upload comes to nothing, and what follows from it erases again.
func TestDiscardMeetsAnUploadC17(t *testing.T) {
	k := newKit(t, dbtest.SQLiteURL(t), "")
	k.sw.put("r1", wav(time.Second))
	k.record("r1", time.Second)
	rec, err := k.db.Recordings().Recording(t.Context(), "r1")
	require.NoError(t, err)
	w, err := k.bucket.NewWriter(t.Context(), ObjectKey(rec), nil)
	require.NoError(t, err)
	_, err = w.Write(wav(time.Second))
	require.NoError(t, err)
	k.tell(discarded("r1"))
	k.work(k.runner(), "discard:r1", (*Runner).discard)
	require.Error(t, w.Close())
	k.work(k.runner(), "archive:r1", (*Runner).archive)
	k.requireErased("r1")
	require.Empty(t, files(t, k.bucket.dir))
}
