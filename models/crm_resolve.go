package models

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// CallerJob is the job of finding out who called in a closed call.
type CallerJob struct {
	Call core.CallID
	Job  Job // claimed
}

// ResolveCallers finds out who called in closed calls, makes leads of unknown callers, notes both in the calls' records, and ends the jobs that
// asked for it: all in one transaction and in a handful of statements, however many calls there are. Carried out twice, or at once for two calls of
// one number, it makes one lead.
//
// The parties are in the order of the jobs; that of a call without a record, or with an erased one, is what the record said.
// [ErrClaimLost] if one of the jobs is another worker's by now: then nothing is written.
func (c *CRM) ResolveCallers(ctx context.Context, jobs []CallerJob) ([]Party, error) {
	parties := make([]Party, len(jobs))
	err := c.db.transaction(ctx, func(tx session) error {
		r := resolution{tx: tx, tenants: make(map[core.TenantID]*Tenant), known: make(map[numberKey]*known)}
		callers, err := r.callers(ctx, jobs)
		if err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		if err := r.resolve(ctx, callers); err != nil {
			return err
		}
		claimed := make([]Job, len(jobs))
		for i, j := range jobs {
			claimed[i] = j.Job
			if caller := callers[j.Call]; caller != nil {
				parties[i] = caller.party
			}
		}
		return finishJobs(ctx, tx, claimed)
	})
	if err != nil {
		return parties, fmt.Errorf("resolve callers: %w", err)
	}
	return parties, nil
}

// resolution is one turn of ResolveCallers.
type resolution struct {
	tx      session
	tenants map[core.TenantID]*Tenant // nil = deleted in the meantime
	known   map[numberKey]*known
}

// caller is who called in one call.
type caller struct {
	call          string
	tenant        core.TenantID
	entryPoint    string
	from, name    string
	number        string
	party         Party
	contact, lead string
	open          bool // nobody has found out yet
	order         int  // among the jobs: of two calls of one number the first makes the lead
}

type numberKey struct {
	tenant core.TenantID
	number string
}

// known is what the customer records say about a number.
type known struct {
	contact  string
	excluded bool
	lead     string
}

func (r *resolution) callers(ctx context.Context, jobs []CallerJob) (map[core.CallID]*caller, error) {
	calls := make([]string, len(jobs))
	order := make(map[core.CallID]int, len(jobs))
	for i, j := range jobs {
		calls[i], order[j.Call] = string(j.Call), i
	}
	out := make(map[core.CallID]*caller, len(jobs))
	err := r.tx.query(ctx, column1("call", calls), `SELECT c.call, c.tenant, c.entry_point, c.party, c.erased_at, c.record FROM {rows} JOIN call_records c ON c.call = r.call`,
		nil, func(rows *sql.Rows) error {
			var c caller
			var erased int64
			var body string
			if err := rows.Scan(&c.call, &c.tenant, &c.entryPoint, &c.party, &erased, &body); err != nil {
				return err
			}
			var record struct{ From, Name string } // the rest is of no interest here
			if err := json.Unmarshal([]byte(body), &record); err != nil {
				return fmt.Errorf("decode record of call %s: %w", c.call, err)
			}
			c.from, c.name = record.From, record.Name
			c.open = c.party == PartyUnknown && erased == 0
			c.order = order[core.CallID(c.call)]
			out[core.CallID(c.call)] = &c
			return nil
		})
	return out, err
}

// resolve fills in the number, the party and what belongs to it, and writes them.
func (r *resolution) resolve(ctx context.Context, callers map[core.CallID]*caller) error {
	var open []*caller
	for _, c := range callers {
		if c.open {
			open = append(open, c)
		}
	}
	if len(open) == 0 {
		return nil
	}
	slices.SortFunc(open, func(a, b *caller) int { return a.order - b.order })
	if err := r.readTenants(ctx, open); err != nil {
		return fmt.Errorf("read tenants: %w", err)
	}
	for _, c := range open {
		r.normalize(c)
	}
	if err := r.lookUp(ctx, open); err != nil {
		return fmt.Errorf("look numbers up: %w", err)
	}
	var unknown []*caller
	for _, c := range open {
		if r.judge(c); c.party == PartyUnknown {
			unknown = append(unknown, c)
		}
	}
	if err := r.makeLeads(ctx, unknown); err != nil {
		return fmt.Errorf("make leads: %w", err)
	}
	return r.note(ctx, open)
}

func (r *resolution) readTenants(ctx context.Context, callers []*caller) error {
	var tenants ids
	for _, c := range callers {
		tenants.add(string(c.tenant))
	}
	return r.tx.query(ctx, column1("id", tenants.all), `SELECT t.id, t.detail FROM {rows} JOIN tenants t ON t.id = r.id`, nil, func(rows *sql.Rows) error {
		var id core.TenantID
		var detail string
		if err := rows.Scan(&id, &detail); err != nil {
			return err
		}
		t := new(Tenant)
		if err := json.Unmarshal([]byte(detail), t); err != nil {
			return fmt.Errorf("decode tenant %s: %w", id, err)
		}
		r.tenants[id] = t
		return nil
	})
}

// normalize finds the number, or settles that there is none that could be anybody's.
func (r *resolution) normalize(c *caller) {
	tenant := r.tenants[c.tenant]
	if tenant == nil {
		c.party = PartyOff
		return
	}
	number, problem := NormalNumber(c.from, tenant.Region)
	switch problem {
	case NumberWithheld:
		c.party = PartyWithheld
	case NumberInvalid:
		c.party = PartyInvalid
	case NumberOK:
		c.number = number
	}
}

var numberColumns = rowOf("tenant text", "number text")

// lookUp asks the customer records about the numbers of all callers at once.
func (r *resolution) lookUp(ctx context.Context, callers []*caller) error {
	rows := newRowset(numberColumns)
	for _, c := range callers {
		key := numberKey{c.tenant, c.number}
		if c.number == "" || r.known[key] != nil {
			continue
		}
		r.known[key] = &known{}
		rows.add(string(c.tenant), c.number)
	}
	if rows.n == 0 {
		return nil
	}
	return r.tx.query(ctx, rows, `SELECT r.tenant, r.number, coalesce(c.contact, ''), x.number IS NOT NULL, coalesce(l.id, '') FROM {rows}
		LEFT JOIN contact_numbers c ON c.tenant = r.tenant AND c.number = r.number
		LEFT JOIN lead_exclusions x ON x.tenant = r.tenant AND x.number = r.number
		LEFT JOIN leads l ON l.tenant = r.tenant AND l.number = r.number`, nil, func(rows *sql.Rows) error {
		var key numberKey
		var k known
		if err := rows.Scan(&key.tenant, &key.number, &k.contact, &k.excluded, &k.lead); err != nil {
			return err
		}
		r.known[key] = &k
		return nil
	})
}

// judge settles who a caller with a number is. Of one who is to become a lead the party stays unknown.
func (r *resolution) judge(c *caller) {
	if c.number == "" {
		return
	}
	switch k := r.known[numberKey{c.tenant, c.number}]; {
	case k.contact != "":
		c.party, c.contact = PartyContact, k.contact
	case r.tenants[c.tenant].Leads == LeadsOff:
		c.party = PartyOff
	case k.excluded:
		c.party = PartyExcluded
	case k.lead != "":
		c.party, c.lead = PartyLead, k.lead
	}
}

var leadColumns = rowOf("id text", "tenant text", "number text", "name text", "source text", "call text", "status text", "created_at bigint")

// makeLeads makes the leads of callers who have none. The unique key and not the look beforehand decides: another transaction may be making one
// now, and ON CONFLICT waits for that one's end. Leads go in the order of their keys, so that two such transactions do not wait for each other.
func (r *resolution) makeLeads(ctx context.Context, callers []*caller) error {
	first := make(map[numberKey]*caller, len(callers))
	var makers []*caller
	for _, c := range callers {
		key := numberKey{c.tenant, c.number}
		if first[key] == nil {
			first[key] = c
			makers = append(makers, c)
		}
	}
	if len(makers) == 0 {
		return nil
	}
	slices.SortFunc(makers, func(a, b *caller) int {
		return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.number, b.number))
	})
	leads, at := newRowset(leadColumns), micros(now())
	for _, c := range makers {
		c.lead = uuid.NewString()
		leads.add(c.lead, string(c.tenant), c.number, clean(c.name), clean(c.entryPoint), c.call, "new", at)
	}
	if err := r.tx.insert(ctx, insertion{"leads", leads, "(tenant, number) DO NOTHING"}); err != nil {
		return err
	}
	// Whose lead is it now?
	rows := newRowset(numberColumns)
	for _, c := range makers {
		rows.add(string(c.tenant), c.number)
	}
	err := r.tx.query(ctx, rows, `SELECT l.tenant, l.number, l.id FROM {rows} JOIN leads l ON l.tenant = r.tenant AND l.number = r.number`, nil, func(rows *sql.Rows) error {
		var key numberKey
		var lead string
		if err := rows.Scan(&key.tenant, &key.number, &lead); err != nil {
			return err
		}
		c := first[key]
		c.party = PartyLead
		if c.lead == lead {
			c.party = PartyLeadCreated
		}
		c.lead = lead
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range callers {
		if maker := first[numberKey{c.tenant, c.number}]; maker != c {
			c.party, c.lead = PartyLead, maker.lead
		}
	}
	return nil
}

var partyColumns = rowOf("call text", "number text", "party text", "contact text", "lead text")

// note writes what was found out into the calls' records, unless they have been erased in the meantime.
func (r *resolution) note(ctx context.Context, callers []*caller) error {
	rows := newRowset(partyColumns)
	for _, c := range callers {
		rows.add(c.call, c.number, string(c.party), c.contact, c.lead)
	}
	_, err := r.tx.exec(ctx, rows, `UPDATE call_records SET number = r.number, party = r.party, contact = r.contact, lead = r.lead
		FROM {rows} WHERE call_records.call = r.call AND call_records.erased_at = 0`)
	if err != nil {
		return fmt.Errorf("note the callers in the records: %w", err)
	}
	return nil
}
