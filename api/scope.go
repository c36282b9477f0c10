package api

import (
	"context"
	"slices"
	"unicode"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// tenantAllowed reports whether the principal may see what belongs to a tenant.
func (p Principal) tenantAllowed(t core.TenantID) bool { return p.Tenant == "" || p.Tenant == t }

// narrow gives the tenant to select by: what was asked for, or the principal's own. Asking for another one is an error.
func (p Principal) narrow(asked core.TenantID) (core.TenantID, error) {
	if asked == "" {
		return p.Tenant, nil
	}
	if !p.tenantAllowed(asked) {
		return "", &Error{Code: CodeForbidden, Message: "the token belongs to another tenant", Field: "tenant"}
	}
	return asked, nil
}

// seesCall reports whether the principal may see a call in progress: an agent sees those that it talks in or that ring at its phone.
func (p Principal) seesCall(c core.CallView) bool {
	if !p.tenantAllowed(c.Tenant) {
		return false
	}
	return p.Role != Agent || c.Primary == p.Agent || slices.ContainsFunc(c.Offers, func(o core.OfferView) bool { return o.Agent == p.Agent })
}

// seesAgent reports whether the principal may see an agent: an agent's token sees itself.
func (p Principal) seesAgent(a core.AgentView) bool {
	return p.tenantAllowed(a.Tenant) && (p.Role != Agent || a.ID == p.Agent)
}

// seesEntry reports whether the principal may see a timeline entry on the event stream.
func (p Principal) seesEntry(e core.Entry) bool {
	if e.Tenant == "" {
		return p.Tenant == "" && p.Role != Agent // of the site: switches, repairs
	}
	return p.tenantAllowed(e.Tenant) && (p.Role != Agent || e.Agent == p.Agent)
}

// masks tells which tenants hide callers' numbers from agents (C2).
type masks map[core.TenantID]bool

// masksFor reads the tenants' data protection, where it matters to the principal.
func (s *Server) masksFor(ctx context.Context, p Principal) (masks, error) {
	if p.Role != Agent {
		return nil, nil
	}
	tenants, err := s.Tenants.List(ctx, p.Tenant)
	if err != nil {
		return nil, err
	}
	m := masks{}
	for _, t := range tenants {
		m[t.Value.ID] = t.Value.MaskNumbers
	}
	return m, nil
}

// call masks the caller's number, and the name where it tells the number.
func (m masks) call(c core.CallView) core.CallView {
	if m[c.Tenant] {
		c.From, c.Name = maskNumber(c.From), maskName(c.Name)
	}
	return c
}

func (m masks) record(r core.CallRecord) core.CallRecord {
	if m[r.Tenant] {
		r.From, r.Name = maskNumber(r.From), maskName(r.Name)
	}
	return r
}

// entry masks the number that an arrival carries as its text, and the record.
func (m masks) entry(e core.Entry) core.Entry {
	if !m[e.Tenant] {
		return e
	}
	if e.Kind == core.EntryCallArrived {
		e.Text = maskNumber(e.Text)
	}
	if e.Record != nil {
		r := m.record(*e.Record)
		e.Record = &r
	}
	return e
}

// maskNumber leaves the last four characters, the form in which the live view shows protected numbers. What is shorter is shown: it is an extension, or
// has been masked already.
func maskNumber(n string) string {
	r := []rune(n)
	return string(r[max(0, len(r)-4):])
}

// maskName masks a caller's name that is the number once more.
func maskName(n string) string {
	digits := 0
	for _, r := range n {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	if digits <= 4 {
		return n
	}
	return maskNumber(n)
}
