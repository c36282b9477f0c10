package models

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Agents lists a tenant's agents by id; "" = of all tenants.
func (c *Config) Agents(ctx context.Context, tenant core.TenantID) ([]Versioned[core.AgentSetup], error) {
	all, err := readAgents(c.db.read.WithContext(ctx), tenant, "")
	if err != nil {
		return nil, fmt.Errorf("list agents: %w", err)
	}
	return all, nil
}

// Agent gives one agent.
func (c *Config) Agent(ctx context.Context, id core.AgentID) (Versioned[core.AgentSetup], error) {
	a, err := one(readAgents(c.db.read.WithContext(ctx), "", id))
	if err != nil {
		return a, fmt.Errorf("read agent %s: %w", id, err)
	}
	return a, nil
}

func readAgents(tx *gorm.DB, tenant core.TenantID, id core.AgentID) ([]Versioned[core.AgentSetup], error) {
	rows, err := readRows(tx, kindAgent, tenant, string(id))
	out := make([]Versioned[core.AgentSetup], 0, len(rows))
	for _, r := range rows {
		v, err := versioned[core.AgentSetup](r)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, err
}

// CreateAgent sets an agent up. An id of which there are records is not given again: who they are about is known by it, and the next one would find the other's calls.
func (c *Config) CreateAgent(ctx context.Context, a core.AgentSetup) (Versioned[core.AgentSetup], core.ConfigChanged, error) {
	return c.putAgent(ctx, a, func(tx *gorm.DB) error {
		if err := insert(tx, kindAgent, string(a.ID), a, agentColumns(a)); err != nil {
			return err
		}
		// Records are written when a call is over, states at once: they tell of whoever is deleted in a conversation.
		return unrecorded(tx, "agent", string(a.ID), `SELECT 1 FROM call_agents WHERE agent = ?`, `SELECT 1 FROM agent_states WHERE agent = ?`)
	})
}

// UpdateAgent changes an agent. An agent stays with its tenant.
func (c *Config) UpdateAgent(ctx context.Context, a core.AgentSetup, version int64) (Versioned[core.AgentSetup], core.ConfigChanged, error) {
	return c.putAgent(ctx, a, func(tx *gorm.DB) error {
		if err := keepTenant(tx, kindAgent, string(a.ID), a.Tenant); err != nil {
			return err
		}
		return update(tx, kindAgent, string(a.ID), version, a, agentColumns(a))
	})
}

func agentColumns(a core.AgentSetup) columns {
	return columns{"tenant": string(a.Tenant), "engine": string(a.Engine), "phone": a.Phone}
}

func (c *Config) putAgent(ctx context.Context, a core.AgentSetup, write func(tx *gorm.DB) error) (out Versioned[core.AgentSetup], delta core.ConfigChanged, err error) {
	if err := ValidAgent(a); err != nil {
		return out, delta, err
	}
	err = c.change(ctx, fmt.Sprintf("set up agent %s", a.ID), func(tx *gorm.DB) error {
		if err := haveTenant(tx, a.Tenant); err != nil {
			return err
		}
		// "" is whichever switch the call is at, so that it may be any that is named. Capitals are no other phone: not every switch tells them apart.
		taken, err := exists(tx, `SELECT 1 FROM agents WHERE lower(phone) = ? AND id <> ? AND (engine = ? OR engine = '' OR ? = '')`,
			strings.ToLower(a.Phone), string(a.ID), string(a.Engine), string(a.Engine))
		if err != nil {
			return err
		}
		if taken {
			return Invalid{{Field: "phone", Rule: "is another agent's phone already"}}
		}
		if err := phoneOfOthers(tx, a); err != nil {
			return err
		}
		if err := write(tx); err != nil {
			return err
		}
		out, err = one(readAgents(tx, "", a.ID))
		return err
	})
	return out, core.ConfigChanged{Agents: []core.AgentSetup{a}}, err
}

// DeleteAgent removes an agent, also from queues and ring groups. It is refused for the last user of a ring group.
func (c *Config) DeleteAgent(ctx context.Context, id core.AgentID, version int64) (core.ConfigChanged, error) {
	var delta core.ConfigChanged
	err := c.change(ctx, fmt.Sprintf("delete agent %s", id), func(tx *gorm.DB) error {
		var groups, queues []string
		if err := errors.Join(
			tx.Raw(`SELECT entry_point FROM entry_point_users WHERE agent = ? ORDER BY entry_point`, string(id)).Scan(&groups).Error,
			tx.Raw(`SELECT queue FROM queue_members WHERE agent = ? ORDER BY queue`, string(id)).Scan(&queues).Error,
		); err != nil {
			return err
		}
		for _, g := range groups {
			others, err := exists(tx, `SELECT 1 FROM entry_point_users WHERE entry_point = ? AND agent <> ?`, g, string(id))
			if err != nil {
				return err
			}
			if !others {
				return Invalid{{Field: "id", Rule: "is the last user of the ring group " + g}}
			}
		}
		for _, table := range []string{"entry_point_users", "queue_members"} {
			if err := tx.Exec(`DELETE FROM `+table+` WHERE agent = ?`, string(id)).Error; err != nil {
				return err
			}
		}
		if err := remove(tx, kindAgent, string(id), version); err != nil {
			return err
		}
		if err := revokeTokensOf(tx, "agent", string(id)); err != nil {
			return err
		}
		// What the agent has promised still has to be kept, and is the next one's of that id no more than the tokens are: supervisors find it as nobody's.
		if err := tx.Exec(`UPDATE tasks SET agent = '' WHERE agent = ?`, string(id)).Error; err != nil {
			return err
		}
		for _, g := range groups {
			if err := touch(tx, kindEntryPoint, g); err != nil {
				return err
			}
			e, err := one(readEntryPoints(tx, "", core.EntryPointID(g)))
			if err != nil {
				return err
			}
			delta.EntryPoints = append(delta.EntryPoints, e.Setup)
		}
		for _, q := range queues {
			if err := touch(tx, kindQueue, q); err != nil {
				return err
			}
			v, err := one(readQueues(tx, "", core.QueueID(q)))
			if err != nil {
				return err
			}
			delta.Queues = append(delta.Queues, v.Setup)
		}
		return nil
	})
	delta.Remove.Agents = []core.AgentID{id}
	return delta, err
}

// touch counts up the version of a row that has changed through another.
func touch(tx *gorm.DB, kind, id string) error {
	return tx.Table(kind).Where("id = ?", id).Updates(map[string]any{"version": gorm.Expr("version + 1"), "updated_at": micros(now())}).Error
}

// haveTenant fails unless the tenant exists.
func haveTenant(tx *gorm.DB, id core.TenantID) error {
	there, err := exists(tx, `SELECT 1 FROM tenants WHERE id = ?`, string(id))
	if err == nil && !there {
		return Invalid{{Field: "tenant", Rule: "there is no such tenant"}}
	}
	return err
}

// keepTenant fails if a row would change its tenant.
func keepTenant(tx *gorm.DB, kind, id string, tenant core.TenantID) error {
	have, err := tenantOf(tx, kind, id)
	if err == nil && have != "" && have != tenant {
		return Invalid{{Field: "tenant", Rule: "cannot be changed"}}
	}
	return err
}

// haveAgents fails unless all agents exist and are the tenant's.
func haveAgents(tx *gorm.DB, tenant core.TenantID, agents []core.AgentID, field func(i int) string) error {
	var known []string
	if err := tx.Raw(`SELECT id FROM agents WHERE tenant = ?`, string(tenant)).Scan(&known).Error; err != nil {
		return err
	}
	have := make(map[core.AgentID]bool, len(known))
	for _, id := range known {
		have[core.AgentID(id)] = true
	}
	var v violations
	for i, a := range agents {
		v.check(have[a], field(i), "the tenant has no agent %q", a)
	}
	return v.err()
}
