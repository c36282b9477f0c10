package models

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Team is a set of agents that supervisors lead. An agent is of the teams whose ids its set-up lists; a supervisor sees the agents of the teams that the user
// lists.
type Team struct {
	ID     string        `json:"id"`
	Tenant core.TenantID `json:"tenant"`
	Name   string        `json:"name"`
}

const kindTeam = "teams"

// ValidTeam checks a team by itself. The error is an [Invalid].
func ValidTeam(t Team) error {
	var v violations
	v.id("id", t.ID)
	v.id("tenant", string(t.Tenant))
	v.name(t.Name)
	return v.err()
}

// Teams lists a tenant's teams by id; "" = of all tenants.
func (u *Users) Teams(ctx context.Context, tenant core.TenantID) ([]Versioned[Team], error) {
	all, err := readTeams(u.db.read.WithContext(ctx), tenant, "")
	if err != nil {
		return nil, fmt.Errorf("list teams: %w", err)
	}
	return all, nil
}

// Team gives one team.
func (u *Users) Team(ctx context.Context, id string) (Versioned[Team], error) {
	t, err := one(readTeams(u.db.read.WithContext(ctx), "", id))
	if err != nil {
		return t, fmt.Errorf("read team %s: %w", id, err)
	}
	return t, nil
}

func readTeams(tx *gorm.DB, tenant core.TenantID, id string) ([]Versioned[Team], error) {
	rows, err := readRows(tx, kindTeam, tenant, id)
	out := make([]Versioned[Team], 0, len(rows))
	for _, r := range rows {
		v, err := versioned[Team](r)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, err
}

// CreateTeam sets a team up.
func (u *Users) CreateTeam(ctx context.Context, t Team) (Versioned[Team], error) {
	return u.putTeam(ctx, t, func(tx *gorm.DB) error {
		return insert(tx, kindTeam, t.ID, t, columns{"tenant": string(t.Tenant)})
	})
}

// UpdateTeam changes a team. A team stays with its tenant.
func (u *Users) UpdateTeam(ctx context.Context, t Team, version int64) (Versioned[Team], error) {
	return u.putTeam(ctx, t, func(tx *gorm.DB) error {
		if err := keepTenant(tx, kindTeam, t.ID, t.Tenant); err != nil {
			return err
		}
		return update(tx, kindTeam, t.ID, version, t, nil)
	})
}

func (u *Users) putTeam(ctx context.Context, t Team, write func(tx *gorm.DB) error) (out Versioned[Team], err error) {
	if err := ValidTeam(t); err != nil {
		return out, err
	}
	err = u.db.Config().change(ctx, fmt.Sprintf("set up team %s", t.ID), func(tx *gorm.DB) error {
		if err := haveTenant(tx, t.Tenant); err != nil {
			return err
		}
		if err := write(tx); err != nil {
			return err
		}
		out, err = one(readTeams(tx, "", t.ID))
		return err
	})
	return out, err
}

// DeleteTeam removes a team that no agent is of any more. Supervisors of it see less from now on, never more.
func (u *Users) DeleteTeam(ctx context.Context, id string, version int64) error {
	return u.db.Config().change(ctx, fmt.Sprintf("delete team %s", id), func(tx *gorm.DB) error {
		if err := checkVersion(tx, kindTeam, id, version); err != nil {
			return err
		}
		tenant, err := tenantOf(tx, kindTeam, id)
		if err != nil {
			return err
		}
		agents, err := readAgents(tx, tenant, "")
		if err != nil {
			return err
		}
		for _, a := range agents {
			if slices.Contains(a.Setup.Teams, id) {
				return Invalid{{Field: "id", Rule: "the agent " + string(a.Setup.ID) + " is of this team: change that first"}}
			}
		}
		// Their versions count up: who edits one of these users must see that the team has gone.
		if err := tx.Exec(`UPDATE users SET version = version + 1, updated_at = ? WHERE id IN (SELECT user_id FROM user_teams WHERE team = ?)`, micros(now()), id).Error; err != nil {
			return err
		}
		if err := tx.Exec(`DELETE FROM user_teams WHERE team = ?`, id).Error; err != nil {
			return err
		}
		return tx.Exec(`DELETE FROM teams WHERE id = ?`, id).Error
	})
}
