package models

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Queues lists a tenant's queues by id; "" = of all tenants.
func (c *Config) Queues(ctx context.Context, tenant core.TenantID) ([]Versioned[core.Queue], error) {
	all, err := readQueues(c.db.read.WithContext(ctx), tenant, "")
	if err != nil {
		return nil, fmt.Errorf("list queues: %w", err)
	}
	return all, nil
}

// Queue gives one queue.
func (c *Config) Queue(ctx context.Context, id core.QueueID) (Versioned[core.Queue], error) {
	q, err := one(readQueues(c.db.read.WithContext(ctx), "", id))
	if err != nil {
		return q, fmt.Errorf("read queue %s: %w", id, err)
	}
	return q, nil
}

func readQueues(tx *gorm.DB, tenant core.TenantID, id core.QueueID) ([]Versioned[core.Queue], error) {
	rows, err := readRows(tx, kindQueue, tenant, string(id))
	if err != nil {
		return nil, err
	}
	var all []struct {
		Queue, Agent string
		Level, Rank  int
	}
	q := tx.Table("queue_members").Select("queue", "agent", "level", "rank").Order("queue, position")
	if id != "" {
		q = q.Where("queue = ?", string(id))
	}
	if err := q.Scan(&all).Error; err != nil {
		return nil, err
	}
	members := make(map[core.QueueID][]core.Membership)
	for _, m := range all {
		queue := core.QueueID(m.Queue)
		members[queue] = append(members[queue], core.Membership{Agent: core.AgentID(m.Agent), Level: m.Level, Rank: m.Rank})
	}
	out := make([]Versioned[core.Queue], 0, len(rows))
	for _, r := range rows {
		v, err := versioned[core.Queue](r)
		if err != nil {
			return nil, err
		}
		v.Setup.Members = members[v.Setup.ID]
		out = append(out, v)
	}
	return out, nil
}

// CreateQueue sets a queue up.
func (c *Config) CreateQueue(ctx context.Context, q core.Queue) (Versioned[core.Queue], core.ConfigChanged, error) {
	return c.putQueue(ctx, q, func(tx *gorm.DB) error {
		return insert(tx, kindQueue, string(q.ID), withoutMembers(q), columns{"tenant": string(q.Tenant)})
	})
}

// UpdateQueue changes a queue. A queue stays with its tenant.
func (c *Config) UpdateQueue(ctx context.Context, q core.Queue, version int64) (Versioned[core.Queue], core.ConfigChanged, error) {
	return c.putQueue(ctx, q, func(tx *gorm.DB) error {
		if err := keepTenant(tx, kindQueue, string(q.ID), q.Tenant); err != nil {
			return err
		}
		return update(tx, kindQueue, string(q.ID), version, withoutMembers(q), nil)
	})
}

// withoutMembers is what the detail column holds: members are rows.
func withoutMembers(q core.Queue) core.Queue {
	q.Members = nil
	return q
}

func (c *Config) putQueue(ctx context.Context, q core.Queue, write func(tx *gorm.DB) error) (out Versioned[core.Queue], delta core.ConfigChanged, err error) {
	if err := ValidQueue(q); err != nil {
		return out, delta, err
	}
	err = c.change(ctx, fmt.Sprintf("set up queue %s", q.ID), func(tx *gorm.DB) error {
		if err := haveTenant(tx, q.Tenant); err != nil {
			return err
		}
		agents := make([]core.AgentID, len(q.Members))
		for i, m := range q.Members {
			agents[i] = m.Agent
		}
		if err := haveAgents(tx, q.Tenant, agents, func(i int) string { return fmt.Sprintf("members[%d].agent", i) }); err != nil {
			return err
		}
		if err := write(tx); err != nil {
			return err
		}
		if err := writeMembers(tx, q); err != nil {
			return err
		}
		out, err = one(readQueues(tx, "", q.ID))
		return err
	})
	return out, core.ConfigChanged{Queues: []core.Queue{q}}, err
}

// insertChunk bounds the rows of one insert: both databases limit the parameters of a statement.
const insertChunk = 1000

func writeMembers(tx *gorm.DB, q core.Queue) error {
	if err := tx.Exec(`DELETE FROM queue_members WHERE queue = ?`, string(q.ID)).Error; err != nil || len(q.Members) == 0 {
		return err
	}
	rows := make([]map[string]any, len(q.Members))
	for i, m := range q.Members {
		rows[i] = map[string]any{"queue": string(q.ID), "agent": string(m.Agent), "position": i, "level": m.Level, "rank": m.Rank}
	}
	return insertRows(tx, "queue_members", rows)
}

func insertRows(tx *gorm.DB, table string, rows []map[string]any) error {
	for len(rows) > 0 {
		n := min(len(rows), insertChunk)
		if err := tx.Table(table).Create(rows[:n]).Error; err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// DeleteQueue removes a queue that no entry point leads to.
func (c *Config) DeleteQueue(ctx context.Context, id core.QueueID, version int64) (core.ConfigChanged, error) {
	err := c.change(ctx, fmt.Sprintf("delete queue %s", id), func(tx *gorm.DB) error {
		var used []string
		if err := tx.Raw(`SELECT id FROM entry_points WHERE queue = ? ORDER BY id LIMIT 1`, string(id)).Scan(&used).Error; err != nil {
			return err
		}
		if len(used) > 0 {
			return Invalid{{Field: "id", Rule: "the entry point " + used[0] + " leads to it: change that first"}}
		}
		return remove(tx, kindQueue, string(id), version)
	})
	return core.ConfigChanged{Remove: core.Removal{Queues: []core.QueueID{id}}}, err
}
