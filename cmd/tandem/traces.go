package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/traces"
)

// tracedJobs shows attempts at jobs in the traces of their calls. The call's id is all that a job has to carry for that, and it is in its row or in that of its recording.
func tracedJobs(t *traces.Traces, db *models.DB) func(models.Job, time.Time, time.Time, error) {
	return func(job models.Job, begun, ended time.Time, err error) {
		if call := callOf(db, job); call != "" {
			t.Worked(call, job.Kind, begun, ended, job.Attempts, err != nil)
		}
	}
}

// callOf is the call that a job is about; "" = unknown.
func callOf(db *models.DB, job models.Job) core.CallID {
	var about struct {
		models.LeadPayload
		models.ArchivePayload
	}
	if json.Unmarshal(job.Payload, &about) != nil || about.Recording == "" {
		return about.Call
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	r, err := db.Recordings().Recording(ctx, about.Recording)
	if err != nil {
		return "" // a trace without this part is better than a job that waits
	}
	return r.Call
}

// sendTraces sends what is left at the end. A collector that is away is no reason to fail.
func sendTraces(ctx context.Context, t *traces.Traces, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := t.Close(ctx); err != nil {
		log.Warn("the last traces were not sent", "error", err)
	}
}
