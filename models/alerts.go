package models

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Alert is something that supervisors should know. It comes from the rules, or from a job that gave up. Those of the rules are in the timeline, the event stream and the metric
// tandem_alerts_total as well, those of storage and jobs in the log.
type Alert struct {
	ID        string    `gorm:"primaryKey"` // where it comes from
	At        time.Time `gorm:"serializer:micro"`
	Tenant    core.TenantID
	Reason    string
	Call      core.CallID
	Agent     core.AgentID
	Recording core.RecordingID
	Text      string // for people; may hold what callers said

	// Queue is that of the call, as far as its record says; "" until the call is over. It is read only.
	Queue core.QueueID `gorm:"->"`
}

// Reasons for alerts that storage and jobs raise themselves.
const (
	AlertJobDead         = "job_dead"          // a job was given up
	AlertRecordingLost   = "recording_lost"    // no audio could be archived
	AlertRecordingFlawed = "recording_flawed"  // what could be archived is not all there should be
	AlertEntrySkipped    = "projection_failed" // a timeline entry could not be put into the records
)

var alertColumns = rowOf("id text", "at bigint", "tenant text", "reason text", "call text", "agent text", "recording text", "text text")

// alertRows adds alerts that are not there yet.
func alertRows(alerts []Alert) insertion {
	rows := newRowset(alertColumns)
	for _, a := range alerts {
		rows.add(clean(a.ID), micros(a.At), clean(string(a.Tenant)), clean(a.Reason), clean(string(a.Call)), clean(string(a.Agent)), clean(string(a.Recording)), clean(a.Text))
	}
	return insertion{"alerts", rows, "DO NOTHING"}
}

// raise writes an alert once, in a transaction of gorm's.
func raise(tx *gorm.DB, a Alert) error {
	a.Text = clean(a.Text)
	if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&a).Error; err != nil {
		return fmt.Errorf("raise alert %s: %w", a.ID, err)
	}
	return nil
}

// Alerts lists a tenant's alerts, newest first; tenant "" = of all tenants.
func (h *History) Alerts(ctx context.Context, tenant core.TenantID, p Paging) (Page[Alert], error) {
	q := h.db.read.WithContext(ctx).Model(&Alert{}).Select(`alerts.*, coalesce((SELECT r.queue FROM call_records r WHERE r.call = alerts.call AND r.erased_at = 0), '') AS queue`)
	if tenant != "" {
		q = q.Where("tenant = ?", string(tenant))
	}
	page, err := readPage(q, p, "at", "id", func(a Alert) place { return place{at: micros(a.At), id: a.ID} })
	if err != nil {
		return page, fmt.Errorf("list alerts: %w", err)
	}
	return page, nil
}
