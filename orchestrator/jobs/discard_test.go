package jobs

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// discarded is what the timeline says when anna discards a recording that [kit.record] tells of.
func discarded(id core.RecordingID) core.Entry {
	return core.Entry{
		At: time.Now(), Kind: core.EntryRecordingDiscarded, Tenant: "acme", Call: "call-" + core.CallID(id), Agent: "anna", Engine: "pbx1", Recording: id, Actor: "agent:anna",
	}
}

// requireErased asserts that nothing is left of a recording but the row that says who discarded it.
func (k *kit) requireErased(id core.RecordingID) {
	k.t.Helper()
	rec, err := k.db.Recordings().Recording(k.t.Context(), id)
	require.NoError(k.t, err)
	require.Equal(k.t, models.RecordingErased, rec.State)
	require.Equal(k.t, "agent:anna", rec.DiscardedBy)
	require.WithinDuration(k.t, time.Now(), rec.DiscardedAt, time.Minute)
	require.False(k.t, rec.SourceGoneAt.IsZero())
	require.Empty(k.t, rec.Object)
	require.Empty(k.t, rec.SHA256)
	require.Zero(k.t, rec.Size)
	require.Empty(k.t, k.objects(), "the bucket")
	require.False(k.t, k.sw.has(id), "the switch")
}

func TestDiscardC17(t *testing.T) {
	for name, tell := range map[string]func(k *kit){
		"while it is written": func(k *kit) {
			e := discarded("r1")
			e.Kind, e.Actor = core.EntryRecordingStarted, ""
			k.tell(e)
			k.tell(discarded("r1"))
			e.Kind, e.Reason, e.Duration = core.EntryRecordingStopped, "discarded", time.Second
			k.tell(e)
		},
		"before the switch has begun it": func(k *kit) {
			k.tell(discarded("r1"))
			e := discarded("r1")
			e.Kind, e.Reason, e.Actor = core.EntryRecordingStopped, "discarded", ""
			k.tell(e)
		},
		"when it has stopped and is not archived": func(k *kit) {
			k.record("r1", time.Second)
			k.tell(discarded("r1"))
		},
		"told twice": func(k *kit) {
			k.record("r1", time.Second)
			k.tell(discarded("r1"))
			again := discarded("r1")
			again.Actor = "supervisor:eve"
			k.tell(again)
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, k *kit) {
				k.sw.put("r1", wav(time.Second))
				tell(k)
				k.start(k.runner())
				k.await("discard:r1", models.JobDone)
				k.await("archive:r1", models.JobDone)
				k.requireErased("r1")
				require.Zero(t, k.sw.fetches, "it was not even read")
			})
		})
	}
}

// The recording of an earlier part of the call may have been archived long before.
func TestDiscardOfWhatIsArchived(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		body := wav(time.Second)
		k.sw.put("r1", body)
		k.start(k.runner())
		k.record("r1", time.Second)
		k.await("archive:r1", models.JobDone)
		k.requireArchived("r1", body)
		k.tell(discarded("r1"))
		k.await("discard:r1", models.JobDone)
		k.requireErased("r1")
	})
}

// Somebody discards a recording at the very moment in which its archive job is between two steps, and the discard job is done before the archive job goes on.
func TestDiscardMeetsTheArchiveJobAfterEachStep(t *testing.T) {
	for _, step := range []string{"fetched", "checked", "uploaded", "recorded", "deleted", "noted"} {
		t.Run(step, func(t *testing.T) {
			each(t, func(t *testing.T, k *kit) {
				k.sw.put("r1", wav(time.Second))
				k.record("r1", time.Second)
				archiving := k.runner()
				archiving.crash = func(at string) {
					if at == step {
						archiving.crash = func(string) {}
						k.tell(discarded("r1"))
						k.work(k.runner(), "discard:r1", (*Runner).discard)
						k.requireErased("r1")
					}
				}
				k.work(archiving, "archive:r1", (*Runner).archive)
				k.requireErased("r1")
			})
		})
	}
}

// A process that dies between any two steps of an erasure, or between an upload and its note, leaves what the next one completes.
func TestDiscardSurvivesACrashAfterEachStep(t *testing.T) {
	for _, step := range []string{"uploaded", "object erased", "source erased", "erasure noted"} {
		t.Run(step, func(t *testing.T) {
			each(t, func(t *testing.T, k *kit) {
				k.sw.put("r1", wav(time.Second))
				k.record("r1", time.Second)
				dying := k.runner()
				dying.crash = func(at string) {
					if at == "uploaded" {
						k.tell(discarded("r1"))
					}
					if at == step {
						panic("crash")
					}
				}
				// The claim has run out by the time the next process looks.
				claimed, err := k.db.Jobs().Claim(t.Context(), []string{"archive:r1"}, "dead", -time.Second)
				require.NoError(t, err)
				require.PanicsWithValue(t, "crash", func() { _ = dying.archive(t.Context(), claimed) })
				k.start(k.runner())
				k.await("archive:r1", models.JobDone)
				k.await("discard:r1", models.JobDone)
				k.requireErased("r1")
			})
		})
	}
}

// A switch that still writes, or is away, is waited for; nothing is archived meanwhile.
func TestDiscardWaitsForTheSwitch(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		k.sw.put("r1", wav(time.Second))
		var asked atomic.Int32 // by both jobs
		k.sw.deleting = func(core.RecordingID) error {
			if asked.Add(1) < 3*strikes {
				return errors.New("the recording is still being written")
			}
			return nil
		}
		begun := discarded("r1")
		begun.Kind, begun.Actor = core.EntryRecordingStarted, ""
		k.tell(begun, discarded("r1"))
		k.start(k.runner())
		require.Eventually(t, func() bool { // it is looked at, and left alone
			job, err := k.db.Jobs().Job(t.Context(), "discard:r1")
			return err == nil && job.Attempts > 1 && job.Error == errWritten.Error()
		}, time.Minute, 10*time.Millisecond)
		require.True(t, k.sw.has("r1"))
		begun.Kind, begun.Reason = core.EntryRecordingStopped, "discarded"
		k.tell(begun)
		k.await("discard:r1", models.JobDone)
		k.await("archive:r1", models.JobDone)
		k.requireErased("r1")
		require.Zero(t, k.sw.fetches)
	})
}

// One whose end is never told is erased all the same: the call may have been given up.
func TestDiscardDoesNotWaitForEver(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		k.sw.put("r1", wav(time.Second))
		begun, gone := discarded("r1"), discarded("r1")
		begun.Kind, begun.Actor = core.EntryRecordingStarted, ""
		gone.At = time.Now().Add(-stopsWithin)
		k.tell(begun, gone)
		k.start(k.runner())
		k.await("discard:r1", models.JobDone)
		require.False(t, k.sw.has("r1"))
		rec, err := k.db.Recordings().Recording(t.Context(), "r1")
		require.NoError(t, err)
		require.Equal(t, models.RecordingErased, rec.State)
	})
}

// A switch that was too slow may begin to write what it had said was not there, when all of it seems to be erased.
func TestDiscardOfWhatBeganLate(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		k.tell(discarded("r1"))
		stopped := discarded("r1")
		stopped.Kind, stopped.Reason, stopped.Actor = core.EntryRecordingStopped, "discarded", ""
		k.tell(stopped)
		k.start(k.runner())
		k.await("discard:r1", models.JobDone)
		k.await("archive:r1", models.JobDone)
		k.sw.put("r1", wav(time.Second))
		stopped.Reason = "late"
		k.tell(stopped)
		k.await("archive:r1:late", models.JobDone)
		k.requireErased("r1")
	})
}

// work does a job in this goroutine.
func (k *kit) work(r *Runner, id string, do func(*Runner, context.Context, []models.Job) error) {
	k.t.Helper()
	claimed, err := k.db.Jobs().Claim(k.t.Context(), []string{id}, "test", time.Minute)
	require.NoError(k.t, err)
	require.Len(k.t, claimed, 1)
	require.NoError(k.t, do(r, k.t.Context(), claimed))
}
