package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// CRM keeps the built-in customer records (R1 to R3). A number belongs to one contact and to one lead of a tenant at most; all numbers are
// in E.164.
type CRM struct{ db *DB }

// CRM gives access to the built-in customer records.
func (db *DB) CRM() *CRM { return &CRM{db: db} }

// Contact is a known customer.
type Contact struct {
	ID        string
	Tenant    core.TenantID
	Name      string
	Company   string // name, "" = none
	Owner     core.AgentID
	Numbers   []string // E.164, the main one first
	CreatedAt time.Time
}

// Lead is somebody who called and was not known (R2).
type Lead struct {
	ID        string `gorm:"primaryKey"`
	Tenant    core.TenantID
	Number    string
	Name      string      // as the network gave it
	Source    string      // name of the entry point that was called (R3)
	Call      core.CallID // the call that it was made from
	Status    string      // "new"; from there people decide
	CreatedAt time.Time   `gorm:"serializer:micro"`
}

// Party says what was found out about a caller.
type Party string

// What can be found out about a caller.
const (
	PartyUnknown     Party = ""             // nobody has looked yet
	PartyContact     Party = "contact"      // a contact has the number
	PartyLead        Party = "lead"         // there was a lead already
	PartyLeadCreated Party = "lead_created" // this call made the lead
	PartyWithheld    Party = "withheld"     // the number is not told: no lead
	PartyInvalid     Party = "invalid"      // no telephone number: no lead
	PartyExcluded    Party = "excluded"     // on the exclusion list: no lead (R2)
	PartyOff         Party = "off"          // the tenant makes no leads
)

type contactRow struct {
	ID        string `gorm:"primaryKey"`
	Tenant    string
	Name      string
	Company   *string
	Owner     string
	CreatedAt int64
}

// TableName implements gorm's Tabler.
func (contactRow) TableName() string { return "contacts" }

// CreateContact keeps a new contact; its time is made here, and its id, if it has none. One whose id is there already is given as it is there: who asks has asked before and has not heard. Numbers
// are brought into their normal form with the tenant's region. A number that another contact has is an [Invalid].
func (c *CRM) CreateContact(ctx context.Context, contact Contact) (Contact, error) {
	if contact.ID == "" {
		contact.ID = uuid.NewString()
	}
	var v violations
	v.name(contact.Name)
	v.text("company", contact.Company, 128)
	v.check(len(contact.Numbers) <= 100, "numbers", "must have at most 100 numbers")
	if err := v.err(); err != nil {
		return Contact{}, err
	}
	contact.CreatedAt = now()
	err := c.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		tenant, err := one(readTenants(tx, contact.Tenant))
		if errors.Is(err, ErrNotFound) {
			return Invalid{{Field: "tenant", Rule: "there is no such tenant"}}
		}
		if err != nil {
			return err
		}
		before, err := contactsOf(tx.Table("contacts").Where("tenant = ? AND id = ?", string(contact.Tenant), contact.ID), Paging{Limit: 1})
		if err != nil {
			return err
		}
		if len(before.Items) > 0 {
			contact = before.Items[0]
			return nil
		}
		if contact.Owner != "" {
			if err := haveAgents(tx, contact.Tenant, []core.AgentID{contact.Owner}, func(int) string { return "owner" }); err != nil {
				return err
			}
		}
		row := contactRow{ID: contact.ID, Tenant: string(contact.Tenant), Name: contact.Name, Owner: string(contact.Owner), CreatedAt: micros(contact.CreatedAt)}
		if contact.Company != "" {
			id, err := companyID(tx, contact.Tenant, contact.Company)
			if err != nil {
				return err
			}
			row.Company = &id
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		numbers := make([]string, len(contact.Numbers))
		for i, n := range contact.Numbers {
			if numbers[i], err = takeNumber(tx, contact, tenant.Setup.Region, n, i); err != nil {
				return err
			}
		}
		contact.Numbers = numbers
		return nil
	})
	if err != nil {
		return Contact{}, fmt.Errorf("create contact: %w", err)
	}
	return contact, nil
}

func takeNumber(tx *gorm.DB, contact Contact, region, number string, position int) (string, error) {
	field := fmt.Sprintf("numbers[%d]", position)
	normal, problem := NormalNumber(number, region)
	if problem != NumberOK {
		return "", Invalid{{Field: field, Rule: "must be a telephone number with its country code, or one of the tenant's region"}}
	}
	res := tx.Exec(`INSERT INTO contact_numbers (tenant, number, contact, position) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		string(contact.Tenant), normal, contact.ID, position)
	if res.Error == nil && res.RowsAffected == 0 {
		return "", Invalid{{Field: field, Rule: "is listed twice, or belongs to another contact"}}
	}
	return normal, res.Error
}

func companyID(tx *gorm.DB, tenant core.TenantID, name string) (string, error) {
	var ids []string
	if err := tx.Raw(`SELECT id FROM companies WHERE tenant = ? AND name = ? ORDER BY id LIMIT 1`, string(tenant), name).Scan(&ids).Error; err != nil {
		return "", err
	}
	if len(ids) > 0 {
		return ids[0], nil
	}
	id := uuid.NewString()
	return id, tx.Exec(`INSERT INTO companies (id, tenant, name, created_at) VALUES (?, ?, ?, ?)`, id, string(tenant), name, micros(now())).Error
}

// PeopleFilter selects contacts or leads. Zero fields select everything.
type PeopleFilter struct {
	Paging
	Tenant core.TenantID
	Number string // in E.164
}

// Contacts lists contacts, newest first.
func (c *CRM) Contacts(ctx context.Context, f PeopleFilter) (Page[Contact], error) {
	q := c.db.read.WithContext(ctx).Table("contacts")
	if f.Tenant != "" {
		q = q.Where("tenant = ?", string(f.Tenant))
	}
	if f.Number != "" {
		q = q.Where("id IN (SELECT contact FROM contact_numbers WHERE number = ?)", f.Number)
	}
	page, err := contactsOf(q, f.Paging)
	if err != nil {
		return Page[Contact]{}, fmt.Errorf("list contacts: %w", err)
	}
	return page, nil
}

// contactsOf reads a page of a query of contacts, with their numbers and companies.
func contactsOf(q *gorm.DB, p Paging) (Page[Contact], error) {
	tx := q.Session(&gorm.Session{NewDB: true})
	rows, err := readPage(q, p, "created_at", "id", func(r contactRow) place { return place{at: r.CreatedAt, id: r.ID} })
	if err != nil {
		return Page[Contact]{}, err
	}
	page := mapPage(rows, func(r contactRow) Contact {
		return Contact{ID: r.ID, Tenant: core.TenantID(r.Tenant), Name: r.Name, Owner: core.AgentID(r.Owner), CreatedAt: fromMicros(r.CreatedAt)}
	})
	for i, r := range rows.Items {
		err := tx.Raw(`SELECT number FROM contact_numbers WHERE contact = ? ORDER BY position`, r.ID).Scan(&page.Items[i].Numbers).Error
		if err == nil && r.Company != nil {
			err = tx.Raw(`SELECT name FROM companies WHERE id = ?`, *r.Company).Scan(&page.Items[i].Company).Error
		}
		if err != nil {
			return Page[Contact]{}, fmt.Errorf("contact %s: %w", r.ID, err)
		}
	}
	return page, nil
}

// Leads lists leads, newest first.
func (c *CRM) Leads(ctx context.Context, f PeopleFilter) (Page[Lead], error) {
	q := c.db.read.WithContext(ctx).Model(&Lead{})
	if f.Tenant != "" {
		q = q.Where("tenant = ?", string(f.Tenant))
	}
	if f.Number != "" {
		q = q.Where("number = ?", f.Number)
	}
	page, err := readPage(q, f.Paging, "created_at", "id", func(l Lead) place { return place{at: micros(l.CreatedAt), id: l.ID} })
	if err != nil {
		return page, fmt.Errorf("list leads: %w", err)
	}
	return page, nil
}
