package api

import (
	"github.com/tandem-voice/tandem/models"
)

// tenantSettings are the parts of a tenant's set-up that its own administrators change. Its name, how many calls it may have and where it may call out to are the site's.
type tenantSettings struct {
	IdleReasons  []string          `json:"idle_reasons"`
	Disconnected []string          `json:"disconnected"`
	MaskNumbers  bool              `json:"mask_numbers"`
	Region       string            `json:"region"`
	Leads        models.LeadPolicy `json:"leads"`
	Zone         string            `json:"zone"`
	ServiceLevel string            `json:"service_level"`
	ShortAbandon int               `json:"short_abandon"`
}

// setTenantSettings replaces them.
func (s *Server) setTenantSettings(r *request) (reply, error) {
	var body tenantSettings
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	return s.changeTenant(r, func(t *models.Tenant) {
		t.IdleReasons, t.Disconnected, t.MaskNumbers = body.IdleReasons, body.Disconnected, body.MaskNumbers
		t.Region, t.Leads, t.Zone, t.ServiceLevel, t.ShortAbandon = body.Region, body.Leads, body.Zone, body.ServiceLevel, body.ShortAbandon
	})
}

// setIdleReasons gives a tenant other words to choose from for idle.
func (s *Server) setIdleReasons(r *request) (reply, error) {
	var body struct {
		Reasons []string `json:"reasons"`
	}
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	return s.changeTenant(r, func(t *models.Tenant) { t.IdleReasons = body.Reasons })
}

// changeTenant changes some of a tenant's set-up and leaves the rest as it is.
func (s *Server) changeTenant(r *request, change func(*models.Tenant)) (reply, error) {
	version, err := ifMatch(r)
	if err != nil {
		return reply{}, err
	}
	if err := s.acting(); err != nil {
		return reply{}, err
	}
	// Held over reading and writing: what else is set up about the tenant must not change in between.
	s.setup.Lock()
	defer s.setup.Unlock()
	before, err := tenants.find(s, r)
	if err != nil {
		return reply{}, err
	}
	if version == 0 {
		version = before.Version
	}
	next := before.Value
	change(&next)
	row, told, err := s.Tenants.Replace(r.ctx(), next, version)
	if err != nil {
		return reply{}, err
	}
	if err := s.changed(r, tenants.kind+"/"+string(next.ID), next.ID, row.Value, told); err != nil {
		return reply{}, err
	}
	r.Header("ETag", etag(row.Version))
	return ok(tenantItem{Tenant: row.Value, Version: row.Version})
}
