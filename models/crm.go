package models

import (
	"cmp"
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
	Version   int64    // from 1, one more with each change
	CreatedAt time.Time
}

// Lead is somebody who called and was not known (R2).
type Lead struct {
	ID        string `gorm:"primaryKey"`
	Tenant    core.TenantID
	Number    string
	Name      string      // as the network gave it
	Source    string      // the entry point that was called (R3)
	Call      core.CallID // the call that it was made from
	Status    string      // "new"; from there people decide
	CreatedAt time.Time   `gorm:"serializer:micro"`

	// Contact is whose number it is by now, "" while it is nobody's. It is read only.
	Contact string `gorm:"->"`
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
	Version   int64
	CreatedAt int64
}

// TableName implements gorm's Tabler.
func (contactRow) TableName() string { return "contacts" }

// ValidContact says what is wrong with a contact by itself. The error is an [Invalid].
func ValidContact(contact Contact) error {
	var v violations
	v.name(contact.Name)
	v.text("company", contact.Company, 128)
	v.check(len(contact.Numbers) <= 100, "numbers", "must have at most 100 numbers")
	return v.err()
}

// CreateContact keeps a new contact; its time is made here, and its id, if it has none. One whose id is there already is given as it is there: who asks has asked before and has not heard. Numbers
// are brought into their normal form with the tenant's region. A number that another contact has is an [Invalid].
func (c *CRM) CreateContact(ctx context.Context, contact Contact) (Contact, error) {
	if contact.ID == "" {
		contact.ID = uuid.NewString()
	}
	contact.Version, contact.CreatedAt = 1, now()
	return c.putContact(ctx, "create contact", contact, func(tx *gorm.DB, row contactRow) (there bool, err error) {
		before, err := contactsOf(tx.Table("contacts").Where("tenant = ? AND id = ?", row.Tenant, row.ID), Paging{Limit: 1})
		if err != nil || len(before.Items) > 0 {
			return err == nil, err
		}
		return false, tx.Create(&row).Error
	})
}

// ReplaceContact changes a contact, which stays with its tenant. [ErrNotFound] if the tenant has no such contact, [ErrVersion] if it has another version than this, unless this is 0.
func (c *CRM) ReplaceContact(ctx context.Context, contact Contact, version int64) (Contact, error) {
	return c.putContact(ctx, "replace contact "+contact.ID, contact, func(tx *gorm.DB, row contactRow) (bool, error) {
		res := tx.Exec(`UPDATE contacts SET name = ?, company = ?, owner = ?, version = version + 1 WHERE id = ? AND tenant = ? AND (? = 0 OR version = ?)`,
			row.Name, row.Company, row.Owner, row.ID, row.Tenant, version, version)
		if res.Error == nil && res.RowsAffected == 0 {
			return false, missed(tx, row.Tenant, row.ID)
		}
		if res.Error != nil {
			return false, res.Error
		}
		return false, tx.Exec(`DELETE FROM contact_numbers WHERE contact = ?`, row.ID).Error
	})
}

// missed says why a change has met no contact.
func missed(tx *gorm.DB, tenant, id string) error {
	there, err := exists(tx, `SELECT 1 FROM contacts WHERE tenant = ? AND id = ?`, tenant, id)
	if err == nil && there {
		return ErrVersion
	}
	return cmp.Or(err, ErrNotFound)
}

// putContact writes a contact with its numbers and its company. The row is written by write, which may find that it is there as it should be; what is kept then is given.
func (c *CRM) putContact(ctx context.Context, what string, contact Contact, write func(*gorm.DB, contactRow) (there bool, err error)) (kept Contact, err error) {
	if err := ValidContact(contact); err != nil {
		return Contact{}, err
	}
	err = c.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := c.lockContactsOf(tx, contact.Tenant); err != nil {
			return err
		}
		tenant, err := one(readTenants(tx, contact.Tenant))
		if errors.Is(err, ErrNotFound) {
			return Invalid{{Field: "tenant", Rule: "there is no such tenant"}}
		}
		if err != nil {
			return err
		}
		if contact.Owner != "" {
			if err := haveAgents(tx, contact.Tenant, []core.AgentID{contact.Owner}, func(int) string { return "owner" }); err != nil {
				return err
			}
		}
		row := contactRow{
			ID: contact.ID, Tenant: string(contact.Tenant), Name: contact.Name, Owner: string(contact.Owner), Version: contact.Version, CreatedAt: micros(contact.CreatedAt),
		}
		if contact.Company != "" {
			id, err := companyID(tx, contact.Tenant, contact.Company)
			if err != nil {
				return err
			}
			row.Company = &id
		}
		there, err := write(tx, row)
		if err != nil {
			return err
		}
		for i, n := range contact.Numbers {
			if there {
				break
			}
			if err := takeNumber(tx, contact, tenant.Setup.Region, n, i); err != nil {
				return err
			}
		}
		if err := dropCompanies(tx, contact.Tenant); err != nil {
			return err
		}
		page, err := contactsOf(tx.Table("contacts").Where("id = ?", contact.ID), Paging{Limit: 1})
		if err == nil {
			kept = page.Items[0]
		}
		return err
	})
	if err != nil {
		return Contact{}, fmt.Errorf("%s: %w", what, err)
	}
	return kept, nil
}

// DeleteContact forgets a contact of a tenant's, and its company with its last contact; the numbers are unknown from now on. [ErrNotFound] and [ErrVersion] as [CRM.ReplaceContact].
func (c *CRM) DeleteContact(ctx context.Context, tenant core.TenantID, id string, version int64) error {
	err := c.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := c.lockContactsOf(tx, tenant); err != nil {
			return err
		}
		res := tx.Exec(`DELETE FROM contacts WHERE id = ? AND tenant = ? AND (? = 0 OR version = ?)`, id, string(tenant), version, version)
		if res.Error == nil && res.RowsAffected == 0 {
			return missed(tx, string(tenant), id)
		}
		if res.Error != nil {
			return res.Error
		}
		return dropCompanies(tx, tenant)
	})
	if err != nil {
		return fmt.Errorf("delete contact %s: %w", id, err)
	}
	return nil
}

// lockContactsOf keeps a tenant's contacts from being changed elsewhere until the transaction ends: a company must not go while somebody is put into it.
func (c *CRM) lockContactsOf(tx *gorm.DB, tenant core.TenantID) error {
	if c.db.dialect != Postgres {
		return nil // SQLite has one transaction at a time
	}
	return tx.Exec(`SELECT id FROM tenants WHERE id = ? FOR NO KEY UPDATE`, string(tenant)).Error
}

// dropCompanies forgets companies that no contact is of.
func dropCompanies(tx *gorm.DB, tenant core.TenantID) error {
	return tx.Exec(`DELETE FROM companies WHERE tenant = ? AND NOT EXISTS (SELECT 1 FROM contacts WHERE contacts.company = companies.id)`, string(tenant)).Error
}

func takeNumber(tx *gorm.DB, contact Contact, region, number string, position int) error {
	field := fmt.Sprintf("numbers[%d]", position)
	normal, problem := NormalNumber(number, region)
	if problem != NumberOK {
		return Invalid{{Field: field, Rule: "must be a telephone number with its country code, or one of the tenant's region"}}
	}
	res := tx.Exec(`INSERT INTO contact_numbers (tenant, number, contact, position) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		string(contact.Tenant), normal, contact.ID, position)
	if res.Error == nil && res.RowsAffected == 0 {
		return Invalid{{Field: field, Rule: "is listed twice, or belongs to another contact"}}
	}
	return res.Error
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
	Search string // words that all are in the name, or a contact's company; or a part of a number
}

// Contact gives one contact; [ErrNotFound] if there is none.
func (c *CRM) Contact(ctx context.Context, id string) (Contact, error) {
	page, err := contactsOf(c.db.read.WithContext(ctx).Table("contacts").Where("id = ?", id), Paging{Limit: 1})
	if err == nil && len(page.Items) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Contact{}, fmt.Errorf("read contact %s: %w", id, err)
	}
	return page.Items[0], nil
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
	q = sought(q, f.Search, "id IN (SELECT contact FROM contact_numbers WHERE number LIKE ?)", "name", "(SELECT companies.name FROM companies WHERE companies.id = company)")
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
		return Contact{ID: r.ID, Tenant: core.TenantID(r.Tenant), Name: r.Name, Owner: core.AgentID(r.Owner), Version: r.Version, CreatedAt: fromMicros(r.CreatedAt)}
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
	q := c.db.read.WithContext(ctx).Model(&Lead{}).Select(`leads.*,
		coalesce((SELECT n.contact FROM contact_numbers n WHERE n.tenant = leads.tenant AND n.number = leads.number), '') AS contact`)
	if f.Tenant != "" {
		q = q.Where("tenant = ?", string(f.Tenant))
	}
	if f.Number != "" {
		q = q.Where("number = ?", f.Number)
	}
	q = sought(q, f.Search, "number LIKE ?", "name")
	page, err := readPage(q, f.Paging, "created_at", "id", func(l Lead) place { return place{at: micros(l.CreatedAt), id: l.ID} })
	if err != nil {
		return page, fmt.Errorf("list leads: %w", err)
	}
	return page, nil
}
