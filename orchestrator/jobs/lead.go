package jobs

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tandem-voice/tandem/models"
)

// leads finds out who called, and makes leads of unknown callers (R1, R2). All of it, with the end of the jobs, is one transaction
// (models.CRM.ResolveCallers), so that there is nothing to repair after a crash.
func (r *Runner) leads(ctx context.Context, jobs []models.Job) error {
	callers := make([]models.CallerJob, len(jobs))
	for i, job := range jobs {
		var p models.LeadPayload
		if err := json.Unmarshal(job.Payload, &p); err != nil {
			return verdict{fmt.Errorf("decode payload of job %s: %w", job.ID, err)}
		}
		callers[i] = models.CallerJob{Call: p.Call, Job: job}
	}
	parties, err := r.cfg.DB.CRM().ResolveCallers(ctx, callers)
	if err != nil {
		return err
	}
	for i, c := range callers {
		r.cfg.Log.Info("caller resolved", "call", c.Call, "party", parties[i])
	}
	return nil
}
