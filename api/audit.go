package api

import (
	"encoding/json"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// AuditFilter selects rows of the audit log, newest first. Zero fields select everything.
type AuditFilter struct {
	Paging
	Tenant   core.TenantID
	Actor    string
	Action   string
	Object   string // as a whole, or a kind with its "/": "queue/"
	From, To time.Time
}

// AuditEntry is one line of the audit log as it is read.
type AuditEntry struct {
	ID        string          `json:"id"`
	At        time.Time       `json:"at"`
	Tenant    core.TenantID   `json:"tenant,omitempty"`
	Actor     string          `json:"actor"`
	Token     string          `json:"token,omitempty"` // id of the token, or session:ID
	Action    string          `json:"action"`
	Object    string          `json:"object"`
	RequestID string          `json:"request"`
	Detail    json.RawMessage `json:"detail"`
}

func (s *Server) listAudit(r *request) (reply, error) {
	var f AuditFilter
	var err error
	if f.Paging, err = r.paging(); err != nil {
		return reply{}, err
	}
	if f.Tenant, err = r.tenant(); err != nil {
		return reply{}, err
	}
	for name, field := range map[string]*string{"actor": &f.Actor, "action": &f.Action, "object": &f.Object} {
		if *field, err = r.text(name, 256); err != nil {
			return reply{}, err
		}
	}
	if f.From, f.To, err = r.span(); err != nil {
		return reply{}, err
	}
	page, err := s.Audit.Entries(r.ctx(), f)
	if err != nil {
		return reply{}, err
	}
	return ok(paged[AuditEntry]{Items: orEmpty(page.Items), Next: page.Next})
}
