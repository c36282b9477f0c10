package jobs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-voice/tandem/models"
)

// stopsWithin is how long after it was discarded a recording may still be told of as being written. The rules stop it at once, and give up asking within a minute, but
// not while the switch is away: then its end may come later than this. To erase it all the same harms nothing, because the adapters delete no file that is being written, and none
// while they do not reach the switch: the job is tried again.
const stopsWithin = 5 * time.Minute

// errWritten says that a recording has not ended yet. To erase it now might be to come before its file.
var errWritten = errors.New("the recording is still being written")

// discard erases a recording that its agent has discarded (C17).
func (r *Runner) discard(ctx context.Context, jobs []models.Job) error {
	job := jobs[0]
	var p models.ArchivePayload
	if err := json.Unmarshal(job.Payload, &p); err != nil {
		return verdict{fmt.Errorf("decode payload: %w", err)}
	}
	rec, err := r.cfg.DB.Recordings().Recording(ctx, p.Recording)
	if err != nil {
		return err
	}
	if rec.State == models.RecordingRunning && time.Since(rec.DiscardedAt) < stopsWithin {
		return errWritten
	}
	return r.erase(ctx, job, rec)
}

// erase leaves nothing of a recording but its row. Each step may be repeated.
func (r *Runner) erase(ctx context.Context, job models.Job, rec models.Recording) error {
	key := cmp.Or(rec.Object, ObjectKey(rec))
	if err := r.cfg.Bucket.erase(ctx, key); err != nil {
		return err
	}
	r.crash("object erased")
	sw, err := r.switchOf(rec)
	if err != nil {
		return err
	}
	if err := sw.DeleteRecording(ctx, rec.ID); err != nil {
		return fmt.Errorf("delete at the switch: %w", err)
	}
	r.crash("source erased")
	if err := r.cfg.DB.Recordings().Erased(ctx, rec.ID); err != nil {
		return err
	}
	r.crash("erasure noted")
	return r.cfg.DB.Jobs().Finish(ctx, job)
}
