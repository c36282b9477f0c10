package models

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// AuditRow is one line of the audit log (S3).
type AuditRow struct {
	ID      string // made here where it is empty
	At      time.Time
	Tenant  core.TenantID
	Actor   string // as in core.Command
	Token   string // id of the token, "" = no request
	Action  string
	Object  string // kind and id: "queue/sales"
	Request string // id of the request
	Detail  any    // JSON; no secrets
}

// Audit keeps who did what. Rows are never changed.
type Audit struct{ db *DB }

// Audit gives access to the audit log.
func (db *DB) Audit() *Audit { return &Audit{db: db} }

// Record adds a row.
func (a *Audit) Record(ctx context.Context, row AuditRow) error {
	rows, err := auditRows([]AuditRow{row})
	if err != nil {
		return err
	}
	return a.db.direct().insert(ctx, rows)
}

type auditRow struct {
	ID, Tenant, Actor, Token, Action, Object, Request, Detail string
	At                                                        int64
}

var auditColumns = rowOf("id text", "at bigint", "tenant text", "actor text", "token text", "action text", "object text", "request text", "detail json")

// auditRows adds rows that are not there yet.
func auditRows(audits []AuditRow) (insertion, error) {
	rows := newRowset(auditColumns)
	for _, row := range audits {
		if row.ID == "" {
			row.ID = uuid.NewString()
		}
		if row.At.IsZero() {
			row.At = now()
		}
		detail, err := json.Marshal(row.Detail)
		if err != nil {
			return insertion{}, fmt.Errorf("encode audit detail: %w", err)
		}
		rows.add(clean(row.ID), micros(row.At), clean(string(row.Tenant)), clean(row.Actor), clean(row.Token), clean(row.Action), clean(row.Object),
			clean(row.Request), string(detail))
	}
	return insertion{"audit_log", rows, "DO NOTHING"}, nil
}

// List lists rows of a tenant, newest first; tenant "" = all rows. Detail is json.RawMessage.
func (a *Audit) List(ctx context.Context, tenant core.TenantID, p Paging) (Page[AuditRow], error) {
	q := a.db.read.WithContext(ctx).Table("audit_log")
	if tenant != "" {
		q = q.Where("tenant = ?", string(tenant))
	}
	page, err := readPage(q, p, "at", "id", func(r auditRow) place { return place{at: r.At, id: r.ID} })
	if err != nil {
		return Page[AuditRow]{}, fmt.Errorf("list audit log: %w", err)
	}
	return mapPage(page, func(r auditRow) AuditRow {
		return AuditRow{
			ID: r.ID, At: fromMicros(r.At), Tenant: core.TenantID(r.Tenant), Actor: r.Actor, Token: r.Token, Action: r.Action, Object: r.Object,
			Request: r.Request, Detail: json.RawMessage(r.Detail),
		}
	}), nil
}
