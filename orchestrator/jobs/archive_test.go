package jobs

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

func TestArchiveC15(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		body := wav(10 * time.Second)
		k.sw.put("r1", body)
		k.sw.deleting = func(id core.RecordingID) error { // at this moment the row must be durable and the object there
			rec, err := k.db.Recordings().Recording(context.Background(), id)
			if err != nil || rec.State != models.RecordingArchived {
				return errors.New("deleted before the row was durable")
			}
			if ok, err := k.bucket.Exists(context.Background(), rec.Object); !ok {
				return errors.Join(errors.New("deleted before the object was there"), err)
			}
			return nil
		}
		k.start(k.runner())
		k.record("r1", 10*time.Second)
		job := k.await("archive:r1", models.JobDone)
		require.Equal(t, 1, job.Attempts)
		rec := k.requireArchived("r1", body)
		require.Equal(t, 10*time.Second, rec.Length)
		require.Equal(t, "audio/wav", rec.MediaType)
		require.Empty(t, rec.Error)
	})
}

// A process that dies between any two steps leaves work that the next one completes: one object, a right row, and the switch's file deleted only
// after the row was durable.
func TestArchiveSurvivesACrashAfterEachStep(t *testing.T) {
	steps := []string{"fetched", "checked", "uploaded", "recorded", "deleted", "noted"}
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			each(t, func(t *testing.T, k *kit) {
				body := wav(5 * time.Second)
				k.sw.put("r1", body)
				k.record("r1", 5*time.Second)

				first := k.runner()
				first.crash = func(at string) {
					if at == step {
						panic("crash")
					}
				}
				// The claim has run out by the time the next process looks.
				claimed, err := k.db.Jobs().Claim(t.Context(), []string{"archive:r1"}, "dead", -time.Second)
				require.NoError(t, err)
				require.Len(t, claimed, 1)
				require.PanicsWithValue(t, "crash", func() { _ = first.archive(t.Context(), claimed) })
				rec, err := k.db.Recordings().Recording(t.Context(), "r1")
				require.NoError(t, err)
				if rec.State != models.RecordingArchived {
					require.True(t, k.sw.has("r1"), "nothing is deleted before the row says archived")
				}

				k.start(k.runner())
				done := k.await("archive:r1", models.JobDone)
				require.Equal(t, 2, done.Attempts)
				k.requireArchived("r1", body)
			})
		})
	}
}

// The same with an end of the context, as when the process is stopped in good order: the attempt does not count.
func TestArchiveGivesBackWhatAStopInterrupts(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		body := wav(time.Second)
		k.sw.put("r1", body)
		k.record("r1", time.Second)
		r := k.runner()
		reached := make(chan struct{})
		resume := make(chan struct{})
		r.crash = func(at string) {
			if at == "checked" {
				close(reached)
				<-resume
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		<-reached
		cancel()
		close(resume)
		require.NoError(t, <-done)
		job := k.await("archive:r1", models.JobPending)
		require.Zero(t, job.Attempts)
		require.Empty(t, k.objects(), "an upload that is broken off leaves no object")
		k.start(k.runner())
		k.await("archive:r1", models.JobDone)
		k.requireArchived("r1", body)
	})
}

func TestArchiveTriesAgain(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		body := wav(3 * time.Second)
		k.sw.put("r1", body)
		k.sw.breakAt = 1000
		k.sw.fetchErr = func(n int) error {
			switch {
			case n == 1:
				return ErrNoRecording // not there yet
			case n < 3*strikes:
				return errors.New("connection refused") // away for long: no reason to give up
			}
			return nil
		}
		k.start(k.runner())
		k.record("r1", 3*time.Second)
		job := k.await("archive:r1", models.JobDone)
		require.Equal(t, 3*strikes+1, job.Attempts, "away, broken off in the middle, then well")
		require.Equal(t, 1, job.Strikes)
		k.requireArchived("r1", body)
	})
}

func TestArchiveOfAFileThatIsBeingWritten(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		body := wav(3 * time.Second)
		unfinished := bytes.Clone(body[:len(body)/2])
		k.sw.put("r1", unfinished)
		k.sw.fetchErr = func(n int) error {
			if n == strikes {
				k.sw.files["r1"] = body // under the switch's lock
			}
			return nil
		}
		k.start(k.runner())
		k.record("r1", 3*time.Second)
		job := k.await("archive:r1", models.JobDone)
		require.Equal(t, strikes, job.Attempts)
		rec := k.requireArchived("r1", body)
		require.Empty(t, rec.Error)
	})
}

func TestArchiveGivesUpLoudly(t *testing.T) {
	for _, c := range []struct {
		name string
		body []byte // nil = no file
	}{
		{"no file", nil}, {"empty file", []byte{}}, {"no WAV", []byte(strings.Repeat("not a wav ", 100))}, {"no audio", wav(0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, k *kit) {
				if c.body != nil {
					k.sw.put("r1", c.body)
				}
				k.start(k.runner())
				k.record("r1", time.Minute)
				job := k.await("archive:r1", models.JobDead)
				require.Equal(t, strikes, job.Attempts)
				rec, err := k.db.Recordings().Recording(t.Context(), "r1")
				require.NoError(t, err)
				require.Equal(t, models.RecordingLost, rec.State)
				require.NotEmpty(t, rec.Error)
				require.Empty(t, k.objects())
				require.Equal(t, c.body != nil, k.sw.has("r1"), "what there is stays at the switch")
				require.Contains(t, k.alerts(), models.AlertRecordingLost)
			})
		})
	}
}

// What was given up is archived after all when somebody has it tried again: the switch's volume was away for longer than the tries last.
func TestArchiveIsTriedAgainWhenAskedFor(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		k.start(k.runner())
		k.record("r1", time.Minute)
		k.await("archive:r1", models.JobDead)
		body := wav(time.Minute)
		k.sw.put("r1", body)
		require.NoError(t, k.db.Jobs().Revive(t.Context(), "archive:r1"))
		k.await("archive:r1", models.JobDone)
		require.Empty(t, k.requireArchived("r1", body).Error)
	})
}

// A backup holds the database as it was at its beginning, and the bucket as it is later. What was archived in between is in the bucket alone, and is no lost recording after the
// restore.
func TestArchiveFindsInTheBucketWhatARestoredDatabaseDoesNotKnowS5(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		body := wav(time.Minute)
		require.NoError(t, k.bucket.WriteAll(t.Context(), "acme/2026/03/04/call-r1/r1.wav", body, nil))
		k.start(k.runner())
		k.record("r1", time.Minute)
		k.await("archive:r1", models.JobDone)
		require.Empty(t, k.requireArchived("r1", body).Error)
		require.Empty(t, k.alerts())
	})
}

func TestArchiveTakesAFlawedFileAtLast(t *testing.T) {
	short, unfinished := wav(10*time.Second), wav(60*time.Second)
	binary.LittleEndian.PutUint32(unfinished[40:], 0) // the switch was killed before it wrote the size
	for name, body := range map[string][]byte{"short": short, "unfinished": unfinished} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, k *kit) {
				k.sw.put("r1", body)
				k.start(k.runner())
				k.record("r1", time.Minute)
				job := k.await("archive:r1", models.JobDone)
				require.Equal(t, strikes, job.Attempts)
				rec, err := k.db.Recordings().Recording(t.Context(), "r1")
				require.NoError(t, err)
				require.Equal(t, models.RecordingArchived, rec.State)
				require.NotEmpty(t, rec.Error)
				require.Contains(t, k.alerts(), models.AlertRecordingFlawed)
				got, err := k.bucket.ReadAll(t.Context(), rec.Object)
				require.NoError(t, err)
				info, err := readWAV(bytes.NewReader(got), int64(len(got)))
				require.NoError(t, err, "what is archived can be played")
				require.Equal(t, rec.Length, info.length())
			})
		})
	}
}

func (k *kit) alerts() []string {
	k.t.Helper()
	page, err := k.db.History().Alerts(k.t.Context(), "acme", models.Paging{})
	require.NoError(k.t, err)
	var reasons []string
	for _, a := range page.Items {
		reasons = append(reasons, a.Reason)
	}
	return reasons
}

func TestObjectKeyStaysInItsPlace(t *testing.T) {
	key := ObjectKey(models.Recording{ID: "../../r", Tenant: "..", Call: "a/b\x00", StartedAt: began})
	require.Equal(t, "_../2026/03/04/a_b_/.._.._r.wav", key)
}

func TestReadWAV(t *testing.T) {
	whole := wav(2 * time.Second)
	info, err := readWAV(bytes.NewReader(whole), int64(len(whole)))
	require.NoError(t, err)
	require.Equal(t, 2*time.Second, info.length())
	withList := append(append(bytes.Clone(whole[:12]), []byte("LIST\x03\x00\x00\x00abc\x00")...), whole[12:]...)
	info, err = readWAV(bytes.NewReader(withList), int64(len(withList)))
	require.NoError(t, err, "other chunks are passed over, odd sizes are padded")
	require.Equal(t, 2*time.Second, info.length())
	for cut := range 44 {
		_, err := readWAV(bytes.NewReader(whole[:cut]), int64(cut))
		require.ErrorIs(t, err, errNotWAV, "cut after %d bytes", cut)
	}
	_, err = readWAV(bytes.NewReader(whole[:44]), 44)
	require.ErrorIs(t, err, errUnfinished)
}

// FuzzReadWAV: no file makes the reader fail in any other way than with an error, or say that there is more audio than bytes.
func FuzzReadWAV(f *testing.F) {
	f.Add(wav(0))
	f.Add(wav(time.Millisecond))
	f.Fuzz(func(t *testing.T, b []byte) {
		info, err := readWAV(bytes.NewReader(b), int64(len(b)))
		if err == nil && (info.present <= 0 || info.present > int64(len(b)) || info.length() < 0) {
			t.Fatalf("%d bytes of audio, %s, in %d bytes", info.present, info.length(), len(b))
		}
	})
}

// What the switch began when it had been given up is no less what was said.
func TestArchiveOfWhatBeganLateC15(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		stopped := core.Entry{
			At: began, Kind: core.EntryRecordingStopped, Tenant: "acme", Call: "call-r1", Agent: "anna", Engine: "pbx1", Recording: "r1", Reason: "failed",
		}
		k.tell(stopped)
		k.sw.put("r1", wav(time.Second))
		stopped.Reason = "late"
		k.tell(stopped)
		k.start(k.runner())
		k.await("archive:r1:late", models.JobDone)
		k.requireArchived("r1", wav(time.Second))
	})
}
