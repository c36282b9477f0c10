package api

import (
	"net/http"
	"regexp"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// The customers that are known here, and the numbers that never become one (R1, R2).

func (s *Server) listLeads(r *request) (reply, error) {
	f, err := peopleFilter(r)
	if err != nil {
		return reply{}, err
	}
	page, err := s.CRM.Leads(r.ctx(), f)
	if err != nil {
		return reply{}, err
	}
	return ok(paged[Lead]{Items: orEmpty(page.Items), Next: page.Next})
}

func (s *Server) listContacts(r *request) (reply, error) {
	f, err := peopleFilter(r)
	if err != nil {
		return reply{}, err
	}
	page, err := s.CRM.Contacts(r.ctx(), f)
	if err != nil {
		return reply{}, err
	}
	for i := range page.Items {
		page.Items[i].Numbers = orEmpty(page.Items[i].Numbers)
	}
	return ok(paged[Contact]{Items: orEmpty(page.Items), Next: page.Next})
}

func peopleFilter(r *request) (f PeopleFilter, err error) {
	if f.Paging, err = r.paging(); err != nil {
		return f, err
	}
	if f.Tenant, err = r.tenant(); err != nil {
		return f, err
	}
	f.Number, err = r.text("number", 40)
	return f, err
}

// ofTenant gives the tenant in which something is made: what was asked for, or the principal's own.
func (r *request) ofTenant(asked core.TenantID) (core.TenantID, error) {
	tenant, err := r.who.narrow(asked)
	if err == nil && tenant == "" {
		err = invalid("tenant", "must be the id of a tenant")
	}
	return tenant, err
}

func (s *Server) createContact(r *request) (reply, error) {
	var body struct {
		Tenant  core.TenantID `json:"tenant"`
		Name    string        `json:"name"`
		Company string        `json:"company"`
		Numbers []string      `json:"numbers"`
		Owner   core.AgentID  `json:"owner"`
	}
	err := r.decode(&body)
	if err == nil {
		body.Tenant, err = r.ofTenant(body.Tenant)
	}
	if err != nil {
		return reply{}, err
	}
	c, err := s.CRM.CreateContact(r.ctx(), Contact{ID: recordID(r.command), Tenant: body.Tenant, Name: body.Name, Company: body.Company, Numbers: body.Numbers, Owner: body.Owner})
	if err != nil {
		return reply{}, err
	}
	s.audit(r, "contact/"+c.ID, c.Tenant, nil) // without what is personal: the audit log is kept for longer
	c.Numbers = orEmpty(c.Numbers)
	return reply{status: http.StatusCreated, body: c}, nil
}

func (s *Server) listExclusions(r *request) (reply, error) {
	p, err := r.paging()
	if err != nil {
		return reply{}, err
	}
	tenant, err := r.tenant()
	if err != nil {
		return reply{}, err
	}
	page, err := s.CRM.Exclusions(r.ctx(), tenant, p)
	if err != nil {
		return reply{}, err
	}
	return ok(paged[Exclusion]{Items: orEmpty(page.Items), Next: page.Next})
}

// excludeNumber is repeated without harm: of a number that is excluded already the reason changes.
func (s *Server) excludeNumber(r *request) (reply, error) {
	var body struct {
		Tenant core.TenantID `json:"tenant"`
		Number string        `json:"number"`
		Reason string        `json:"reason"`
	}
	err := r.decode(&body)
	if err == nil {
		body.Tenant, err = r.ofTenant(body.Tenant)
	}
	if err != nil {
		return reply{}, err
	}
	x, err := s.CRM.Exclude(r.ctx(), Exclusion{Tenant: body.Tenant, Number: body.Number, Reason: body.Reason})
	if err != nil {
		return reply{}, err
	}
	s.audit(r, "lead-exclusion/"+core.MaskNumber(x.Number), x.Tenant, nil)
	return ok(x)
}

// e164 is what the number of an exclusion looks like. Everything else is not on the list, and never gets near the database.
var e164 = regexp.MustCompile(`^\+[0-9]{2,15}$`)

func (s *Server) endExclusion(r *request) (reply, error) {
	number := r.Param("id")
	if !e164.MatchString(number) {
		return reply{}, ErrNotFound
	}
	asked, err := r.tenant()
	if err != nil {
		return reply{}, err
	}
	tenant, err := r.ofTenant(asked)
	if err != nil {
		return reply{}, err
	}
	if err := s.CRM.EndExclusion(r.ctx(), tenant, number); err != nil {
		return reply{}, err
	}
	s.audit(r, "lead-exclusion/"+core.MaskNumber(number), tenant, nil)
	return reply{status: http.StatusNoContent}, nil
}
