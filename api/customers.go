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
	if f.Number, err = r.text("number", 40); err != nil {
		return f, err
	}
	f.Search, err = r.text("search", 128)
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

// contactWire is what people say of a contact.
type contactWire struct {
	Tenant  core.TenantID `json:"tenant"`
	Name    string        `json:"name"`
	Company string        `json:"company"`
	Numbers []string      `json:"numbers"`
	Owner   core.AgentID  `json:"owner"`
}

func (w contactWire) contact(id string) Contact {
	return Contact{ID: id, Tenant: w.Tenant, Name: w.Name, Company: w.Company, Numbers: w.Numbers, Owner: w.Owner}
}

// contactShown is the answer with a contact.
func contactShown(r *request, status int, c Contact) (reply, error) {
	r.Header("ETag", etag(c.Version))
	c.Numbers = orEmpty(c.Numbers)
	return reply{status: status, body: c}, nil
}

// auditContact keeps that something was done, without what is personal: the audit log is kept for longer.
func (s *Server) auditContact(r *request, c Contact) { s.audit(r, "contact/"+c.ID, c.Tenant, nil) }

func (s *Server) createContact(r *request) (reply, error) {
	var body contactWire
	err := r.decode(&body)
	if err == nil {
		body.Tenant, err = r.ofTenant(body.Tenant)
	}
	if err != nil {
		return reply{}, err
	}
	c, err := s.CRM.CreateContact(r.ctx(), body.contact(recordID(r.command)))
	if err != nil {
		return reply{}, err
	}
	s.auditContact(r, c)
	return contactShown(r, http.StatusCreated, c)
}

// findContact reads the contact that the path names. One of another tenant does not exist.
func (s *Server) findContact(r *request) (Contact, error) {
	id, err := r.id()
	if err != nil {
		return Contact{}, err
	}
	c, err := s.CRM.Contact(r.ctx(), id)
	if err == nil && !r.who.tenantAllowed(c.Tenant) {
		err = ErrNotFound
	}
	return c, err
}

func (s *Server) getContact(r *request) (reply, error) {
	c, err := s.findContact(r)
	if err != nil {
		return reply{}, err
	}
	return contactShown(r, http.StatusOK, c)
}

func (s *Server) replaceContact(r *request) (reply, error) {
	version, err := ifMatch(r)
	if err != nil {
		return reply{}, err
	}
	var body contactWire
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	before, err := s.findContact(r)
	if err != nil {
		return reply{}, err
	}
	if body.Tenant != "" && body.Tenant != before.Tenant {
		return reply{}, invalid("tenant", "cannot be changed")
	}
	body.Tenant = before.Tenant
	c, err := s.CRM.ReplaceContact(r.ctx(), body.contact(before.ID), version)
	if err != nil {
		return reply{}, err
	}
	s.auditContact(r, c)
	return contactShown(r, http.StatusOK, c)
}

func (s *Server) deleteContact(r *request) (reply, error) {
	version, err := ifMatch(r)
	if err != nil {
		return reply{}, err
	}
	c, err := s.findContact(r)
	if err != nil {
		return reply{}, err
	}
	if err := s.CRM.DeleteContact(r.ctx(), c.Tenant, c.ID, version); err != nil {
		return reply{}, err
	}
	s.auditContact(r, c)
	return reply{status: http.StatusNoContent}, nil
}

func (s *Server) listExclusions(r *request) (reply, error) {
	var f ExclusionFilter
	var err error
	if f.Paging, err = r.paging(); err != nil {
		return reply{}, err
	}
	if f.Tenant, err = r.tenant(); err != nil {
		return reply{}, err
	}
	if f.Search, err = r.text("search", 128); err != nil {
		return reply{}, err
	}
	page, err := s.CRM.Exclusions(r.ctx(), f)
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
