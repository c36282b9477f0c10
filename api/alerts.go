package api

import (
	"time"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Alert is something that supervisors should know (S2). It comes from the rules, as a phone that cannot be reached or a pause that was not confirmed, or from storage and jobs, as a recording
// without audio.
type Alert struct {
	ID        string           `json:"id"`
	At        time.Time        `json:"at"`
	Tenant    core.TenantID    `json:"tenant,omitempty"` // "" = of the site
	Reason    string           `json:"reason"`
	Call      core.CallID      `json:"call,omitempty"`
	Agent     core.AgentID     `json:"agent,omitempty"`
	Recording core.RecordingID `json:"recording,omitempty"`
	Text      string           `json:"text,omitempty"`
	Queue     core.QueueID     `json:"queue,omitempty"` // of the call
}

// AlertFilter selects alerts, newest first. Zero fields select everything.
type AlertFilter struct {
	Paging
	Tenant core.TenantID
}

func (s *Server) listAlerts(r *request) (reply, error) {
	var f AlertFilter
	var err error
	if f.Paging, err = r.paging(); err != nil {
		return reply{}, err
	}
	if f.Tenant, err = r.tenant(); err != nil {
		return reply{}, err
	}
	page, err := filled(f.Paging, r.sees.alert, func(p Paging) (Page[Alert], error) {
		f.Paging = p
		return s.History.Alerts(r.ctx(), f)
	})
	if err != nil {
		return reply{}, err
	}
	view := s.Live.View()
	out := paged[Alert]{Items: []Alert{}, Next: page.Next}
	for _, a := range page.Items {
		if c, goesOn := view.Call(a.Call); goesOn {
			a.Queue = c.Queue
		}
		out.Items = append(out.Items, r.sees.told(a))
	}
	return ok(out)
}

// alert reports whether the principal may see an alert. To who leads teams it is one about an agent of theirs.
func (see sight) alert(a Alert) bool {
	if see.Role == Agent {
		return false
	}
	return see.agent(a.Tenant, a.Agent)
}

// told leaves out the text of an alert that is an error of our own in so many words: it may tell of queries and paths, which is for who runs the site.
func (see sight) told(a Alert) Alert {
	if see.part() && (a.Reason == models.AlertJobDead || a.Reason == models.AlertEntrySkipped) {
		a.Text = ""
	}
	return a
}
