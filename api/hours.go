package api

import (
	"time"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// hoursItem is opening hours on the wire, with how they stand as they are asked for.
type hoursItem struct {
	models.Hours
	Version int64      `json:"version"`
	Open    bool       `json:"open"`
	Until   *time.Time `json:"until,omitempty"` // when that changes; left out where it does not within 400 days
}

var hours = resource[models.Hours, models.Hours]{
	kind:    "hours",
	repo:    func(s *Server) Repository[models.Hours] { return s.Hours },
	decoded: func(h models.Hours) models.Hours { return h },
	item: func(_ sight, _ View, row Versioned[models.Hours]) any {
		out := hoursItem{Hours: row.Value, Version: row.Version}
		out.Week = orEmpty(out.Week)
		return out
	},
	standing: func(s *Server, item any) any {
		h, _ := item.(hoursItem)
		now := s.Now()
		rules := h.Rules(now)
		h.Open = rules.Open(now)
		if until := rules.Until(now); !until.IsZero() {
			h.Until = &until
		}
		return h
	},
	id:     func(h *models.Hours) *string { return (*string)(&h.ID) },
	tenant: func(h models.Hours) core.TenantID { return h.Tenant },
}
