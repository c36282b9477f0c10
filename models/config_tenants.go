package models

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Site gives the settings of the whole site; version 0 if they have never been set.
func (c *Config) Site(ctx context.Context) (Versioned[core.Site], error) {
	s, err := readSite(c.db.read.WithContext(ctx))
	if err != nil {
		return s, fmt.Errorf("read site: %w", err)
	}
	return s, nil
}

func readSite(tx *gorm.DB) (Versioned[core.Site], error) {
	var rows []configRow
	if err := tx.Raw(`SELECT version, detail, updated_at FROM site`).Scan(&rows).Error; err != nil || len(rows) == 0 {
		return Versioned[core.Site]{}, err
	}
	return versioned[core.Site](rows[0])
}

// SetSite sets the settings of the whole site.
func (c *Config) SetSite(ctx context.Context, s core.Site) (Versioned[core.Site], core.ConfigChanged, error) {
	var out Versioned[core.Site]
	err := ValidSite(s)
	if err == nil {
		err = c.change(ctx, "set site", func(tx *gorm.DB) error {
			detail, err := json.Marshal(s)
			if err != nil {
				return fmt.Errorf("encode set-up: %w", err)
			}
			if err := tx.Exec(`INSERT INTO site (id, version, detail, updated_at) VALUES (1, 1, ?, ?) ON CONFLICT (id) DO UPDATE
				SET version = site.version + 1, detail = excluded.detail, updated_at = excluded.updated_at`, string(detail), micros(now())).Error; err != nil {
				return err
			}
			out, err = readSite(tx)
			return err
		})
	}
	return out, core.ConfigChanged{Site: &s}, err
}

// Tenants lists all tenants by id.
func (c *Config) Tenants(ctx context.Context) ([]Versioned[Tenant], error) {
	all, err := readTenants(c.db.read.WithContext(ctx), "")
	if err != nil {
		return nil, fmt.Errorf("list tenants: %w", err)
	}
	return all, nil
}

// Tenant gives one tenant.
func (c *Config) Tenant(ctx context.Context, id core.TenantID) (Versioned[Tenant], error) {
	t, err := one(readTenants(c.db.read.WithContext(ctx), id))
	if err != nil {
		return t, fmt.Errorf("read tenant %s: %w", id, err)
	}
	return t, nil
}

func readTenants(tx *gorm.DB, id core.TenantID) ([]Versioned[Tenant], error) {
	rows, err := readRows(tx, kindTenant, "", string(id))
	out := make([]Versioned[Tenant], 0, len(rows))
	for _, r := range rows {
		v, err := versioned[Tenant](r)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, err
}

// CreateTenant sets a tenant up. As with agents, an id of which there are records is not given again.
func (c *Config) CreateTenant(ctx context.Context, t Tenant) (Versioned[Tenant], core.ConfigChanged, error) {
	return c.putTenant(ctx, t, func(tx *gorm.DB) error {
		if err := insert(tx, kindTenant, string(t.ID), t, nil); err != nil {
			return err
		}
		return unrecorded(tx, "tenant", string(t.ID), `SELECT 1 FROM call_records WHERE tenant = ?`,
			`SELECT 1 FROM contacts WHERE tenant = ?`, `SELECT 1 FROM lead_exclusions WHERE tenant = ?`)
	})
}

// UpdateTenant changes a tenant.
func (c *Config) UpdateTenant(ctx context.Context, t Tenant, version int64) (Versioned[Tenant], core.ConfigChanged, error) {
	return c.putTenant(ctx, t, func(tx *gorm.DB) error { return update(tx, kindTenant, string(t.ID), version, t, nil) })
}

func (c *Config) putTenant(ctx context.Context, t Tenant, write func(tx *gorm.DB) error) (out Versioned[Tenant], delta core.ConfigChanged, err error) {
	if err := ValidTenant(t); err != nil {
		return out, delta, err
	}
	err = c.change(ctx, fmt.Sprintf("set up tenant %s", t.ID), func(tx *gorm.DB) error {
		if err := write(tx); err != nil {
			return err
		}
		out, err = one(readTenants(tx, t.ID))
		return err
	})
	return out, core.ConfigChanged{Tenants: []core.Tenant{t.Tenant}}, err
}

// DeleteTenant removes a tenant that has no entry point, opening hours, queue, agent or phone any more.
func (c *Config) DeleteTenant(ctx context.Context, id core.TenantID, version int64) (core.ConfigChanged, error) {
	err := c.change(ctx, fmt.Sprintf("delete tenant %s", id), func(tx *gorm.DB) error {
		for _, kind := range []string{kindEntryPoint, kindHours, kindQueue, kindAgent, kindPhone} {
			used, err := exists(tx, `SELECT 1 FROM `+kind+` WHERE tenant = ?`, string(id))
			if err != nil {
				return err
			}
			if used {
				return Invalid{{Field: "id", Rule: "the tenant still has " + strings.ReplaceAll(kind, "_", " ") + ": delete them first"}}
			}
		}
		if err := remove(tx, kindTenant, string(id), version); err != nil {
			return err
		}
		return revokeTokensOf(tx, "tenant", string(id))
	})
	return core.ConfigChanged{Remove: core.Removal{Tenants: []core.TenantID{id}}}, err
}
