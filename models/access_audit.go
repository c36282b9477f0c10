package models

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// AuditFilter selects rows of the audit log. Zero fields select everything.
type AuditFilter struct {
	Paging
	Tenant   core.TenantID
	Actor    string // as a whole: "admin:eve"
	Action   string // as a whole: "replaceQueue"
	Object   string // as a whole ("queue/sales"), or a kind with its "/" ("queue/")
	From, To time.Time
}

// Find lists rows of the audit log, newest first. Detail is json.RawMessage.
func (a *Audit) Find(ctx context.Context, f AuditFilter) (Page[AuditRow], error) {
	q := a.db.read.WithContext(ctx).Table("audit_log")
	where := func(set bool, condition string, args ...any) {
		if set {
			q = q.Where(condition, args...)
		}
	}
	where(f.Tenant != "", "tenant = ?", string(f.Tenant))
	where(f.Actor != "", "actor = ?", f.Actor)
	where(f.Action != "", "action = ?", f.Action)
	kind := strings.HasSuffix(f.Object, "/")
	where(f.Object != "" && !kind, "object = ?", f.Object)
	where(kind, "substr(object, 1, ?) = ?", len([]rune(f.Object)), f.Object)
	where(!f.From.IsZero(), "at >= ?", micros(f.From))
	where(!f.To.IsZero(), "at < ?", micros(f.To))
	page, err := readPage(q, f.Paging, "at", "id", func(r auditRow) place { return place{at: r.At, id: r.ID} })
	if err != nil {
		return Page[AuditRow]{}, fmt.Errorf("read the audit log: %w", err)
	}
	return mapPage(page, func(r auditRow) AuditRow {
		return AuditRow{
			ID: r.ID, At: fromMicros(r.At), Tenant: core.TenantID(r.Tenant), Actor: r.Actor, Token: r.Token, Action: r.Action, Object: r.Object,
			Request: r.Request, Detail: json.RawMessage(r.Detail),
		}
	}), nil
}
