package models

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// EntryPoints lists a tenant's entry points by id; "" = of all tenants.
func (c *Config) EntryPoints(ctx context.Context, tenant core.TenantID) ([]Versioned[core.EntryPoint], error) {
	all, err := readEntryPoints(c.db.read.WithContext(ctx), tenant, "")
	if err != nil {
		return nil, fmt.Errorf("list entry points: %w", err)
	}
	return all, nil
}

// EntryPoint gives one entry point.
func (c *Config) EntryPoint(ctx context.Context, id core.EntryPointID) (Versioned[core.EntryPoint], error) {
	e, err := one(readEntryPoints(c.db.read.WithContext(ctx), "", id))
	if err != nil {
		return e, fmt.Errorf("read entry point %s: %w", id, err)
	}
	return e, nil
}

func readEntryPoints(tx *gorm.DB, tenant core.TenantID, id core.EntryPointID) ([]Versioned[core.EntryPoint], error) {
	rows, err := readRows(tx, kindEntryPoint, tenant, string(id))
	if err != nil {
		return nil, err
	}
	type pair struct{ EntryPoint, Value string }
	read := func(table, column string) (map[core.EntryPointID][]string, error) {
		var all []pair
		q := tx.Table(table).Select("entry_point", column+" AS value").Order("entry_point, position")
		if id != "" {
			q = q.Where("entry_point = ?", string(id))
		}
		if err := q.Scan(&all).Error; err != nil {
			return nil, err
		}
		out := make(map[core.EntryPointID][]string)
		for _, p := range all {
			out[core.EntryPointID(p.EntryPoint)] = append(out[core.EntryPointID(p.EntryPoint)], p.Value)
		}
		return out, nil
	}
	numbers, err := read("entry_point_numbers", "number")
	if err != nil {
		return nil, err
	}
	users, err := read("entry_point_users", "agent")
	if err != nil {
		return nil, err
	}
	out := make([]Versioned[core.EntryPoint], 0, len(rows))
	for _, r := range rows {
		v, err := versioned[core.EntryPoint](r)
		if err != nil {
			return nil, err
		}
		v.Setup.Numbers = numbers[v.Setup.ID]
		v.Setup.Users = nil
		for _, u := range users[v.Setup.ID] {
			v.Setup.Users = append(v.Setup.Users, core.AgentID(u))
		}
		out = append(out, v)
	}
	return out, nil
}

// CreateEntryPoint sets an entry point up.
func (c *Config) CreateEntryPoint(ctx context.Context, e core.EntryPoint) (Versioned[core.EntryPoint], core.ConfigChanged, error) {
	return c.putEntryPoint(ctx, e, func(tx *gorm.DB) error {
		extra := entryPointColumns(e)
		extra["tenant"] = string(e.Tenant)
		return insert(tx, kindEntryPoint, string(e.ID), entryPointDetail(e), extra)
	})
}

// UpdateEntryPoint changes an entry point. An entry point stays with its tenant.
func (c *Config) UpdateEntryPoint(ctx context.Context, e core.EntryPoint, version int64) (Versioned[core.EntryPoint], core.ConfigChanged, error) {
	return c.putEntryPoint(ctx, e, func(tx *gorm.DB) error {
		if err := keepTenant(tx, kindEntryPoint, string(e.ID), e.Tenant); err != nil {
			return err
		}
		return update(tx, kindEntryPoint, string(e.ID), version, entryPointDetail(e), entryPointColumns(e))
	})
}

func entryPointColumns(e core.EntryPoint) columns {
	c := columns{"queue": nil, "hours": nil}
	if e.Queue != "" {
		c["queue"] = string(e.Queue)
	}
	if e.Hours != "" {
		c["hours"] = string(e.Hours)
	}
	return c
}

// entryPointDetail is what the detail column holds: numbers and users are rows.
func entryPointDetail(e core.EntryPoint) core.EntryPoint {
	e.Numbers, e.Users = nil, nil
	return e
}

func (c *Config) putEntryPoint(ctx context.Context, e core.EntryPoint, write func(tx *gorm.DB) error) (out Versioned[core.EntryPoint], delta core.ConfigChanged, err error) {
	if err := ValidEntryPoint(e); err != nil {
		return out, delta, err
	}
	err = c.change(ctx, fmt.Sprintf("set up entry point %s", e.ID), func(tx *gorm.DB) error {
		if err := haveTenant(tx, e.Tenant); err != nil {
			return err
		}
		if err := checkReferences(tx, e); err != nil {
			return err
		}
		if err := write(tx); err != nil {
			return err
		}
		if err := writeNumbersAndUsers(tx, e); err != nil {
			return err
		}
		out, err = one(readEntryPoints(tx, "", e.ID))
		return err
	})
	return out, core.ConfigChanged{EntryPoints: []core.EntryPoint{e}}, err
}

// checkReferences checks what an entry point says about others: its hours, queue and users exist, its numbers are nobody else's (N2).
func checkReferences(tx *gorm.DB, e core.EntryPoint) error {
	var v violations
	if e.Queue != "" {
		tenant, err := tenantOf(tx, kindQueue, string(e.Queue))
		if err != nil {
			return err
		}
		v.check(tenant == e.Tenant, "queue", "the tenant has no queue %q", e.Queue)
	}
	if e.Hours != "" {
		tenant, err := tenantOf(tx, kindHours, string(e.Hours))
		if err != nil {
			return err
		}
		v.check(tenant == e.Tenant, "hours", "the tenant has no opening hours %q", e.Hours)
	}
	if err := haveAgents(tx, e.Tenant, e.Users, func(i int) string { return fmt.Sprintf("users[%d]", i) }); err != nil {
		return err
	}
	for from := 0; from < len(e.Numbers); from += insertChunk {
		var forms []string // of a part of the numbers: each with and without its "+"
		for _, n := range e.Numbers[from:min(from+insertChunk, len(e.Numbers))] {
			forms = append(forms, sameNumber(n), "+"+sameNumber(n))
		}
		var taken []struct {
			Number, EntryPoint string
			Tenant             core.TenantID
		}
		err := tx.Raw(`SELECT n.number, n.entry_point, e.tenant FROM entry_point_numbers n JOIN entry_points e ON e.id = n.entry_point
			WHERE n.number IN ? AND n.entry_point <> ? ORDER BY n.position`, forms, string(e.ID)).Scan(&taken).Error
		if err != nil {
			return err
		}
		for _, n := range taken {
			at := slices.IndexFunc(e.Numbers, func(own string) bool { return sameNumber(own) == sameNumber(n.Number) })
			rule := n.Number + " is taken already" // by what is another tenant's business
			if n.Tenant == e.Tenant {
				rule = n.Number + " serves the entry point " + n.EntryPoint + " already"
			}
			v.add(fmt.Sprintf("numbers[%d]", at), "%s", rule)
		}
	}
	return v.err()
}

func writeNumbersAndUsers(tx *gorm.DB, e core.EntryPoint) error {
	for _, table := range []string{"entry_point_numbers", "entry_point_users"} {
		if err := tx.Exec(`DELETE FROM `+table+` WHERE entry_point = ?`, string(e.ID)).Error; err != nil {
			return err
		}
	}
	numbers := make([]map[string]any, len(e.Numbers))
	for i, n := range e.Numbers {
		numbers[i] = map[string]any{"number": n, "entry_point": string(e.ID), "position": i}
	}
	if err := insertRows(tx, "entry_point_numbers", numbers); err != nil {
		return err
	}
	users := make([]map[string]any, len(e.Users))
	for i, u := range e.Users {
		users[i] = map[string]any{"entry_point": string(e.ID), "agent": string(u), "position": i}
	}
	return insertRows(tx, "entry_point_users", users)
}

// DeleteEntryPoint removes an entry point; its numbers are free again (N3).
func (c *Config) DeleteEntryPoint(ctx context.Context, id core.EntryPointID, version int64) (core.ConfigChanged, error) {
	err := c.change(ctx, fmt.Sprintf("delete entry point %s", id), func(tx *gorm.DB) error {
		return remove(tx, kindEntryPoint, string(id), version)
	})
	return core.ConfigChanged{Remove: core.Removal{EntryPoints: []core.EntryPointID{id}}}, err
}
