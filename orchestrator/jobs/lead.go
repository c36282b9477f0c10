package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tandem-voice/tandem/models"
)

// lead finds out who called, and makes a lead of an unknown caller (R1, R2). All of it, with the end of the job, is one transaction
// (models.CRM.ResolveCaller), so that there is nothing to repair after a crash.
func (r *Runner) lead(ctx context.Context, job models.Job) error {
	var p models.LeadPayload
	if err := json.Unmarshal(job.Payload, &p); err != nil {
		return verdict{fmt.Errorf("decode payload: %w", err)}
	}
	party, err := r.cfg.DB.CRM().ResolveCaller(ctx, p.Call, job)
	if errors.Is(err, models.ErrNotFound) { // the record has been erased in the meantime
		return r.cfg.DB.Jobs().Finish(ctx, job)
	}
	if err != nil {
		return err
	}
	r.cfg.Log.Info("caller resolved", "call", p.Call, "party", party)
	return nil
}
