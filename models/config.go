package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // where the system has no time zones of its own

	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Config reads and changes what is set up.
//
// Every change is one transaction, and all changes of an installation happen one after another (a lock in the database): whether a number is free or
// a queue exists is decided against what is really there. A change returns the [core.ConfigChanged] that tells the rules; the caller hands it to
// the loop. Should the caller die in between, or two callers overtake each other on the way there, [Config.Snapshot] is always right, and
// handing it to the rules again does no harm: send it at start, and whenever in doubt.
//
// Create fails with [ErrExists] for an id that is taken. Update and Delete take the version that the caller has read and fail with [ErrVersion] if it is not the
// newest; version 0 means whatever there is. Both fail with [ErrNotFound] for an unknown id. A set-up that breaks a rule is an [Invalid].
type Config struct{ db *DB }

// Config gives access to the set-up.
func (db *DB) Config() *Config { return &Config{db: db} }

// Versioned is something set up, with what the database knows about it.
type Versioned[T any] struct {
	Setup     T
	Version   int64 // from 1, one more with each change
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Tenant is a customer organisation: what the rules need to know, and what only storage and jobs do.
type Tenant struct {
	core.Tenant
	// Region is the country (ISO 3166, two letters) as whose numbers those without a country code are read; "" = none is.
	Region string `json:"region,omitempty"`
	// Leads says for which calls of unknown numbers a lead is made (R2); "" = LeadsInbound.
	Leads LeadPolicy `json:"leads,omitempty"`
	// Zone is the IANA time zone by whose clocks the tenant's days begin; "" = UTC.
	Zone string `json:"zone,omitempty"`
	// ServiceLevel names the variant of the service level that the tenant goes by: see [figures.ServiceLevels]; "" = the first of them.
	ServiceLevel string `json:"service_level,omitempty"`
	// ShortAbandon is up to how many seconds of waiting somebody who gives up counts as a wrong number, in no figure; 0 = nobody does.
	ShortAbandon int `json:"short_abandon,omitempty"`
}

// Place gives the clocks by which the tenant's days begin. A zone that is not known any more is UTC.
func (t Tenant) Place() *time.Location {
	place, err := time.LoadLocation(t.Zone)
	if err != nil {
		return time.UTC
	}
	return place
}

// LeadPolicy says for which calls of unknown numbers a lead is made (R2).
type LeadPolicy string

// The lead policies.
const (
	LeadsInbound LeadPolicy = "inbound"
	LeadsOff     LeadPolicy = "off"
)

// The kinds of what is set up: names of tables, and of tombstones.
const (
	kindTenant     = "tenants"
	kindEntryPoint = "entry_points"
	kindHours      = "hours"
	kindQueue      = "queues"
	kindAgent      = "agents"
)

// configRow is what all tables of the set-up have in common.
type configRow struct {
	ID        string
	Version   int64
	Detail    string
	CreatedAt int64
	UpdatedAt int64
}

func versioned[T any](r configRow) (Versioned[T], error) {
	v := Versioned[T]{Version: r.Version, CreatedAt: fromMicros(r.CreatedAt), UpdatedAt: fromMicros(r.UpdatedAt)}
	if err := json.Unmarshal([]byte(r.Detail), &v.Setup); err != nil {
		return v, fmt.Errorf("decode set-up of %s: %w", r.ID, err)
	}
	return v, nil
}

// configLock is the lock that puts changes of the set-up one after another on PostgreSQL; on SQLite every transaction is.
const configLock = 7246532

// change runs one change of the set-up.
func (c *Config) change(ctx context.Context, what string, f func(tx *gorm.DB) error) error {
	err := c.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if c.db.dialect == Postgres {
			if err := tx.Exec(`SELECT pg_advisory_xact_lock(?)`, configLock).Error; err != nil {
				return fmt.Errorf("lock the set-up: %w", err)
			}
		}
		return f(tx)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// columns are what a table has besides the common columns.
type columns map[string]any

// insert writes a new row with version 1.
func insert(tx *gorm.DB, kind, id string, setup any, extra columns) error {
	detail, err := json.Marshal(setup)
	if err != nil {
		return fmt.Errorf("encode set-up: %w", err)
	}
	at := micros(now())
	row := map[string]any{"id": id, "version": 1, "detail": string(detail), "created_at": at, "updated_at": at}
	for name, value := range extra {
		row[name] = value
	}
	err = tx.Table(kind).Create(row).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return ErrExists
	}
	if err != nil {
		return err
	}
	return tx.Exec(`DELETE FROM config_removed WHERE kind = ? AND id = ?`, kind, id).Error
}

// update puts a new set-up in place of the version that the caller knows.
func update(tx *gorm.DB, kind, id string, version int64, setup any, extra columns) error {
	if err := checkVersion(tx, kind, id, version); err != nil {
		return err
	}
	detail, err := json.Marshal(setup)
	if err != nil {
		return fmt.Errorf("encode set-up: %w", err)
	}
	row := map[string]any{"version": gorm.Expr("version + 1"), "detail": string(detail), "updated_at": micros(now())}
	for name, value := range extra {
		row[name] = value
	}
	err = tx.Table(kind).Where("id = ?", id).Updates(row).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return ErrExists
	}
	return err
}

// remove deletes a row and leaves a tombstone.
func remove(tx *gorm.DB, kind, id string, version int64) error {
	if err := checkVersion(tx, kind, id, version); err != nil {
		return err
	}
	if err := tx.Exec(`DELETE FROM `+kind+` WHERE id = ?`, id).Error; err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO config_removed (kind, id, removed_at) VALUES (?, ?, ?)
		ON CONFLICT (kind, id) DO UPDATE SET removed_at = excluded.removed_at`, kind, id, micros(now())).Error
}

func checkVersion(tx *gorm.DB, kind, id string, version int64) error {
	var have []int64
	if err := tx.Table(kind).Where("id = ?", id).Pluck("version", &have).Error; err != nil {
		return err
	}
	switch {
	case len(have) == 0:
		return ErrNotFound
	case version != 0 && version != have[0]:
		return fmt.Errorf("version %d is the newest, %d was given: %w", have[0], version, ErrVersion)
	}
	return nil
}

// tenantOf gives the tenant that a row belongs to, "" if there is no such row.
func tenantOf(tx *gorm.DB, kind, id string) (core.TenantID, error) {
	var tenant []string
	if err := tx.Table(kind).Where("id = ?", id).Pluck("tenant", &tenant).Error; err != nil || len(tenant) == 0 {
		return "", err
	}
	return core.TenantID(tenant[0]), nil
}

// exists reports whether a query finds a row.
func exists(tx *gorm.DB, query string, args ...any) (bool, error) {
	var found int64
	err := tx.Raw(`SELECT count(*) FROM (`+query+` LIMIT 1) AS x`, args...).Scan(&found).Error
	return found > 0, err
}

// unrecorded fails if there are records of a new id: they are about somebody who was deleted.
func unrecorded(tx *gorm.DB, what, id string, queries ...string) error {
	for _, query := range queries {
		found, err := exists(tx, query, id)
		if err != nil {
			return err
		}
		if found {
			return Invalid{{Field: "id", Rule: "was a deleted " + what + "'s, of which there are records: choose another"}}
		}
	}
	return nil
}

// readRows reads the common columns of a kind, all of a tenant ("" = of every tenant), or one id.
func readRows(tx *gorm.DB, kind string, tenant core.TenantID, id string) ([]configRow, error) {
	q := tx.Table(kind).Select("id", "version", "detail", "created_at", "updated_at").Order("id")
	if tenant != "" {
		q = q.Where("tenant = ?", string(tenant))
	}
	if id != "" {
		q = q.Where("id = ?", id)
	}
	var rows []configRow
	err := q.Scan(&rows).Error
	return rows, err
}

// one takes the only element, or fails with [ErrNotFound].
func one[T any](all []Versioned[T], err error) (Versioned[T], error) {
	if err != nil {
		return Versioned[T]{}, err
	}
	if len(all) == 0 {
		return Versioned[T]{}, ErrNotFound
	}
	return all[0], nil
}

// Snapshot gives all that is set up, and the removal of all that ever was and is no more, as one change. It is the same for
// every caller at one time, in order of ids.
func (c *Config) Snapshot(ctx context.Context) (core.ConfigChanged, error) {
	var all core.ConfigChanged
	err := c.db.readTransaction(ctx, func(tx *gorm.DB) error {
		site, err := readSite(tx)
		if err != nil {
			return err
		}
		all.Site = &site.Setup
		tenants, err := readTenants(tx, "")
		for _, t := range tenants {
			all.Tenants = append(all.Tenants, t.Setup.Tenant)
		}
		if err != nil {
			return err
		}
		agents, err := readAgents(tx, "", "")
		for _, a := range agents {
			all.Agents = append(all.Agents, a.Setup)
		}
		if err != nil {
			return err
		}
		queues, err := readQueues(tx, "", "")
		for _, q := range queues {
			all.Queues = append(all.Queues, q.Setup)
		}
		if err != nil {
			return err
		}
		hours, err := readHours(tx, "", "")
		for _, h := range hours {
			all.Hours = append(all.Hours, h.Setup.Rules(now()))
		}
		if err != nil {
			return err
		}
		points, err := readEntryPoints(tx, "", "")
		for _, e := range points {
			all.EntryPoints = append(all.EntryPoints, e.Setup)
		}
		if err != nil {
			return err
		}
		all.Remove, err = readRemoved(tx)
		return err
	})
	if err != nil {
		return core.ConfigChanged{}, fmt.Errorf("read the set-up: %w", err)
	}
	return all, nil
}

func readRemoved(tx *gorm.DB) (core.Removal, error) {
	var rows []struct{ Kind, ID string }
	var r core.Removal
	if err := tx.Raw(`SELECT kind, id FROM config_removed ORDER BY kind, id`).Scan(&rows).Error; err != nil {
		return r, err
	}
	for _, row := range rows {
		switch row.Kind {
		case kindTenant:
			r.Tenants = append(r.Tenants, core.TenantID(row.ID))
		case kindEntryPoint:
			r.EntryPoints = append(r.EntryPoints, core.EntryPointID(row.ID))
		case kindHours:
			r.Hours = append(r.Hours, core.HoursID(row.ID))
		case kindQueue:
			r.Queues = append(r.Queues, core.QueueID(row.ID))
		case kindAgent:
			r.Agents = append(r.Agents, core.AgentID(row.ID))
		}
	}
	return r, nil
}
