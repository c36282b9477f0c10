package models

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// kept is a row with its sealed secret, which never leaves this package.
type kept[T any] struct {
	Versioned[T]
	secret string
}

type lineRow struct {
	ID                   string
	Version              int64
	Detail               string
	CreatedAt, UpdatedAt int64
	Secret               string
	PasswordAt           int64
}

func readLines[T any](tx *gorm.DB, kind string, tenant core.TenantID, id string, password func(*T, lineRow)) ([]kept[T], error) {
	q := tx.Table(kind).Select("id", "version", "detail", "created_at", "updated_at", "secret", "password_at").Order("id")
	if tenant != "" {
		q = q.Where("tenant = ?", string(tenant))
	}
	if id != "" {
		q = q.Where("id = ?", id)
	}
	var rows []lineRow
	if err := q.Scan(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]kept[T], 0, len(rows))
	for _, r := range rows {
		v, err := versioned[T](configRow{r.ID, r.Version, r.Detail, r.CreatedAt, r.UpdatedAt})
		if err != nil {
			return nil, err
		}
		password(&v.Setup, r)
		out = append(out, kept[T]{v, r.Secret})
	}
	return out, nil
}

func readPhones(tx *gorm.DB, tenant core.TenantID, id string) ([]kept[Phone], error) {
	return readLines(tx, kindPhone, tenant, id, func(p *Phone, r lineRow) { p.HasPassword, p.PasswordAt = r.Secret != "", fromMicros(r.PasswordAt) })
}

func readTrunks(tx *gorm.DB, id string) ([]kept[Trunk], error) {
	return readLines(tx, kindTrunk, "", id, func(t *Trunk, r lineRow) { t.HasPassword, t.PasswordAt = r.Secret != "", fromMicros(r.PasswordAt) })
}

// without leaves the secrets behind.
func without[T any](all []kept[T], err error) ([]Versioned[T], error) {
	out := make([]Versioned[T], 0, len(all))
	for _, k := range all {
		out = append(out, k.Versioned)
	}
	return out, err
}

// Phones lists a tenant's phones by id; "" = of all tenants.
func (l *Lines) Phones(ctx context.Context, tenant core.TenantID) ([]Versioned[Phone], error) {
	all, err := without(readPhones(l.db.read.WithContext(ctx), tenant, ""))
	if err != nil {
		return nil, fmt.Errorf("list phones: %w", err)
	}
	return all, nil
}

// Phone gives one phone.
func (l *Lines) Phone(ctx context.Context, id string) (Versioned[Phone], error) {
	p, err := one(without(readPhones(l.db.read.WithContext(ctx), "", id)))
	if err != nil {
		return p, fmt.Errorf("read phone %s: %w", id, err)
	}
	return p, nil
}

// CreatePhone sets a phone up, which cannot register before it has a password.
func (l *Lines) CreatePhone(ctx context.Context, p Phone) (Versioned[Phone], error) {
	return l.putPhone(ctx, p, func(tx *gorm.DB) error {
		extra := phoneColumns(p)
		extra["secret"], extra["password_at"] = "", 0
		return insert(tx, kindPhone, p.ID, p, extra)
	})
}

// UpdatePhone changes a phone. It stays with its tenant, and keeps its name and its password.
func (l *Lines) UpdatePhone(ctx context.Context, p Phone, version int64) (Versioned[Phone], error) {
	return l.putPhone(ctx, p, func(tx *gorm.DB) error {
		if err := keepTenant(tx, kindPhone, p.ID, p.Tenant); err != nil {
			return err
		}
		before, err := without(readPhones(tx, "", p.ID))
		if err != nil {
			return err
		}
		if len(before) == 1 && before[0].Setup.User != p.User {
			return Invalid{{Field: "user", Rule: "cannot be changed: make another phone"}}
		}
		return update(tx, kindPhone, p.ID, version, p, phoneColumns(p))
	})
}

func phoneColumns(p Phone) columns {
	return columns{"tenant": string(p.Tenant), "engine": string(p.Engine), "username": strings.ToLower(p.User)}
}

func (l *Lines) putPhone(ctx context.Context, p Phone, write func(tx *gorm.DB) error) (out Versioned[Phone], err error) {
	if err := ValidPhone(p); err != nil {
		return out, err
	}
	err = l.db.Config().change(ctx, fmt.Sprintf("set up phone %s", p.ID), func(tx *gorm.DB) error {
		if err := haveTenant(tx, p.Tenant); err != nil {
			return err
		}
		if err := nameFree(tx, "user", p.User, p.Engine, kindPhone, p.ID); err != nil {
			return err
		}
		others, err := exists(tx, `SELECT 1 FROM agents WHERE lower(phone) = ? AND tenant <> ? AND (engine = ? OR engine = '' OR ? = '')`,
			strings.ToLower(p.User), string(p.Tenant), string(p.Engine), string(p.Engine))
		if err != nil {
			return err
		}
		if others {
			return Invalid{{Field: "user", Rule: "is taken already"}} // by whom is another tenant's business
		}
		if err := write(tx); err != nil {
			return err
		}
		out, err = one(without(readPhones(tx, "", p.ID)))
		return err
	})
	return out, err
}

// nameFree fails if a phone or a trunk has a name at a switch already. Phones and trunks are endpoints alike.
func nameFree(tx *gorm.DB, field, name string, engine core.EngineID, kind, id string) error {
	for _, other := range []struct{ kind, column string }{{kindPhone, "username"}, {kindTrunk, "id"}} {
		query, args := `SELECT 1 FROM `+other.kind+` WHERE `+other.column+` = ? AND (engine = ? OR engine = '' OR ? = '')`, []any{strings.ToLower(name), string(engine), string(engine)}
		if other.kind == kind {
			query, args = query+` AND id <> ?`, append(args, id)
		}
		taken, err := exists(tx, query, args...)
		if err != nil {
			return err
		}
		if taken {
			return Invalid{{Field: field, Rule: "is taken already"}}
		}
	}
	return nil
}

// phoneOfOthers fails if an agent would have a phone that is another tenant's.
func phoneOfOthers(tx *gorm.DB, a core.AgentSetup) error {
	others, err := exists(tx, `SELECT 1 FROM phones WHERE username = ? AND tenant <> ? AND (engine = ? OR engine = '' OR ? = '')`,
		strings.ToLower(a.Phone), string(a.Tenant), string(a.Engine), string(a.Engine))
	if err == nil && others {
		return Invalid{{Field: "phone", Rule: "the tenant has no such phone"}}
	}
	return err
}

// DeletePhone removes a phone. Who has registered with it loses that with the next look at the switch's configuration.
func (l *Lines) DeletePhone(ctx context.Context, id string, version int64) error {
	return l.deleteLine(ctx, kindPhone, id, version, nil)
}

// Trunks lists all trunks by id.
func (l *Lines) Trunks(ctx context.Context) ([]Versioned[Trunk], error) {
	all, err := without(readTrunks(l.db.read.WithContext(ctx), ""))
	if err != nil {
		return nil, fmt.Errorf("list trunks: %w", err)
	}
	return all, nil
}

// Trunk gives one trunk.
func (l *Lines) Trunk(ctx context.Context, id string) (Versioned[Trunk], error) {
	t, err := one(without(readTrunks(l.db.read.WithContext(ctx), id)))
	if err != nil {
		return t, fmt.Errorf("read trunk %s: %w", id, err)
	}
	return t, nil
}

// CreateTrunk sets a trunk up.
func (l *Lines) CreateTrunk(ctx context.Context, t Trunk) (Versioned[Trunk], error) {
	return l.putTrunk(ctx, t, func(tx *gorm.DB) error {
		return insert(tx, kindTrunk, t.ID, t, columns{"engine": string(t.Engine), "secret": "", "password_at": 0})
	})
}

// UpdateTrunk changes a trunk, which keeps its password as long as it has the same user.
func (l *Lines) UpdateTrunk(ctx context.Context, t Trunk, version int64) (Versioned[Trunk], error) {
	return l.putTrunk(ctx, t, func(tx *gorm.DB) error {
		extra := columns{"engine": string(t.Engine)}
		before, err := without(readTrunks(tx, t.ID))
		if err != nil {
			return err
		}
		// Another host must not be sent what was told to this one: whoever may change a trunk could have its password sent to themselves.
		if len(before) == 1 && (before[0].Setup.User != t.User || before[0].Setup.Host != t.Host) {
			extra["secret"], extra["password_at"] = "", 0
		}
		return update(tx, kindTrunk, t.ID, version, t, extra)
	})
}

func (l *Lines) putTrunk(ctx context.Context, t Trunk, write func(tx *gorm.DB) error) (out Versioned[Trunk], err error) {
	if err := ValidTrunk(t); err != nil {
		return out, err
	}
	err = l.db.Config().change(ctx, fmt.Sprintf("set up trunk %s", t.ID), func(tx *gorm.DB) error {
		if err := nameFree(tx, "id", t.ID, t.Engine, kindTrunk, t.ID); err != nil {
			return err
		}
		if err := write(tx); err != nil {
			return err
		}
		out, err = one(without(readTrunks(tx, t.ID)))
		return err
	})
	return out, err
}

// DeleteTrunk removes a trunk over which no tenant calls out any more.
func (l *Lines) DeleteTrunk(ctx context.Context, id string, version int64) error {
	return l.deleteLine(ctx, kindTrunk, id, version, func(tx *gorm.DB) error {
		tenants, err := readTenants(tx, "")
		if err != nil {
			return err
		}
		for _, t := range tenants {
			if t.Setup.Dialling.Trunk == id {
				return Invalid{{Field: "id", Rule: "the tenant " + string(t.Setup.ID) + " calls out over this trunk: change that first"}}
			}
		}
		return nil
	})
}

func (l *Lines) deleteLine(ctx context.Context, kind, id string, version int64, may func(tx *gorm.DB) error) error {
	return l.db.Config().change(ctx, fmt.Sprintf("delete %s %s", kind, id), func(tx *gorm.DB) error {
		if err := checkVersion(tx, kind, id, version); err != nil {
			return err
		}
		if may != nil {
			if err := may(tx); err != nil {
				return err
			}
		}
		return tx.Exec(`DELETE FROM `+kind+` WHERE id = ?`, id).Error
	})
}
