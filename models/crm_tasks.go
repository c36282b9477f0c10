package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Task is a follow-up: what an agent has promised at the end of a call (C19).
type Task struct {
	ID        string // of its request, so that the same request makes it once
	Tenant    core.TenantID
	Agent     core.AgentID // whose it is; "" = the agent's who has been deleted since
	Call      core.CallID  // that it follows from
	Title     string
	Due       string    // a day, as 2026-01-31
	CreatedAt time.Time `gorm:"serializer:micro"`
	DoneAt    time.Time `gorm:"serializer:micro"` // zero = open

	// Who the task is about, as far as the call's record says; "" until the call is over and it has been found out who called. They are read only.
	Contact string `gorm:"->"` // id
	Lead    string `gorm:"->"` // id
	Number  string `gorm:"->"` // E.164, or as the network gave it
	Name    string `gorm:"->"` // of the contact or lead
}

// The limits of a task.
const (
	longestTitle = 200
	taskHorizon  = 5 * 366 * 24 * time.Hour
	dayForm      = "2006-01-02"

	// MaxOpenTasks is how many open tasks an agent may have: more than anybody can keep an eye on.
	MaxOpenTasks = 500
)

// ErrTasksFull says that an agent has [MaxOpenTasks] open tasks.
var ErrTasksFull = errors.New("too many open tasks")

// fewOpen holds where the agent, its argument, may have one more open task.
const fewOpen = `(SELECT count(*) FROM tasks o WHERE o.agent = ? AND o.done_at = 0) < ?`

// ValidTask says what is wrong with a new task's title or day. A day may be yesterday's: it is already today somewhere else than in UTC, by which at is looked at.
func ValidTask(title, due string, at time.Time) error {
	var v violations
	v.check(strings.TrimSpace(title) != "", "title", "must have 1 to %d characters", longestTitle)
	v.text("title", title, longestTitle)
	day, err := time.Parse(dayForm, due)
	if err != nil {
		v.add("due", "must be a day, like 2026-01-31")
		return v.err()
	}
	today := at.UTC().Truncate(24 * time.Hour)
	v.check(!day.Before(today.AddDate(0, 0, -1)), "due", "must not be in the past")
	v.check(day.Before(today.Add(taskHorizon)), "due", "must be within five years")
	return v.err()
}

// CreateTask keeps a new task; its time is made here, and its id, if it has none. One whose id is there already is given as it is there, however it stands by now: who asks has asked before and
// has not heard. [Invalid] if the title or the day break their rules, or there is no such agent, [ErrTasksFull] if the agent has too many.
func (c *CRM) CreateTask(ctx context.Context, t Task) (Task, error) {
	if t.ID == "" {
		t.ID = uuid.NewString()
	}
	err := c.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := c.lockTasksOf(tx, t.Agent); err != nil {
			return err
		}
		var before []taskRow
		if err := tasksIn(tx).Find(&before, "tasks.id = ? AND tasks.agent = ?", t.ID, t.Agent).Error; err != nil {
			return err
		}
		if len(before) > 0 {
			t = before[0].task()
			return nil
		}
		if err := ValidTask(t.Title, t.Due, now()); err != nil {
			return err
		}
		t.Title, t.CreatedAt, t.DoneAt = strings.TrimSpace(t.Title), now(), time.Time{}
		var few bool
		if err := tx.Raw("SELECT "+fewOpen, t.Agent, MaxOpenTasks).Scan(&few).Error; err != nil {
			return err
		}
		if !few {
			return ErrTasksFull
		}
		return tx.Create(&t).Error
	})
	if err != nil {
		return Task{}, fmt.Errorf("create task: %w", err)
	}
	return t, nil
}

// lockTasksOf keeps an agent's number of open tasks from growing elsewhere, and the agent from being deleted, until the transaction ends.
func (c *CRM) lockTasksOf(tx *gorm.DB, agent core.AgentID) error {
	lock := `SELECT id FROM agents WHERE id = ?`
	if c.db.dialect == Postgres { // SQLite has one transaction at a time
		lock += ` FOR NO KEY UPDATE`
	}
	var there []string
	err := tx.Raw(lock, string(agent)).Scan(&there).Error
	if err == nil && len(there) == 0 {
		return Invalid{{Field: "agent", Rule: "there is no such agent"}}
	}
	return err
}

// TaskFilter selects tasks. Zero fields select everything.
type TaskFilter struct {
	Paging
	Tenant core.TenantID
	Agent  core.AgentID
	Call   core.CallID
	State  TaskState
}

// TaskState is whether a task is still to be done.
type TaskState string

// The states of a task.
const (
	TaskOpen TaskState = "open"
	TaskDone TaskState = "done"
)

// Tasks lists tasks, newest first; those that are open by the day on which they are due, and the oldest of a day first, so that what is overdue is on the first page; those that are done by when they
// were, the last first, so that what was ticked off by mistake is.
func (c *CRM) Tasks(ctx context.Context, f TaskFilter) (Page[Task], error) {
	q := tasksIn(c.db.read.WithContext(ctx))
	for column, value := range map[string]string{"tenant": string(f.Tenant), "agent": string(f.Agent), "call": string(f.Call)} {
		if value != "" {
			q = q.Where("tasks."+column+" = ?", value)
		}
	}
	read := readNewest
	switch f.State {
	case TaskOpen:
		q, read = q.Where("tasks.done_at = 0"), readByDue
	case TaskDone:
		q, read = q.Where("tasks.done_at <> 0"), readLastDone
	}
	page, err := read(q, f.Paging)
	if err != nil {
		return Page[Task]{}, fmt.Errorf("list tasks: %w", err)
	}
	return mapPage(page, taskRow.task), nil
}

func readNewest(q *gorm.DB, p Paging) (Page[taskRow], error) {
	return readPage(q, p, "tasks.created_at", "tasks.id", func(t taskRow) place { return place{at: micros(t.CreatedAt), id: t.ID} })
}

func readLastDone(q *gorm.DB, p Paging) (Page[taskRow], error) {
	return readPage(q, p, "tasks.done_at", "tasks.id", func(t taskRow) place { return place{at: micros(t.DoneAt), id: t.ID} })
}

// readByDue reads one page by due, then created_at. The day stands before the id in the cursor.
func readByDue(q *gorm.DB, p Paging) (Page[taskRow], error) {
	if p.Cursor != "" {
		from, err := parseCursor(p.Cursor)
		if err != nil {
			return Page[taskRow]{}, err
		}
		due, id, ok := strings.Cut(from.id, " ")
		if !ok {
			return Page[taskRow]{}, ErrCursor
		}
		q = q.Where("(tasks.due, tasks.created_at, tasks.id) > (?, ?, ?)", due, from.at, id)
	}
	return takePage(q.Order("tasks.due, tasks.created_at, tasks.id"), p, func(t taskRow) place { return place{at: micros(t.CreatedAt), id: t.Due + " " + t.ID} })
}

// Task gives one task.
func (c *CRM) Task(ctx context.Context, id string) (Task, error) {
	var row taskRow
	err := tasksIn(c.db.read.WithContext(ctx)).Take(&row, "tasks.id = ?", id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		err = ErrNotFound
	}
	if err != nil {
		return Task{}, fmt.Errorf("read task %s: %w", id, err)
	}
	return row.task(), nil
}

// taskRow is a task with its call's record, where there is one.
type taskRow struct {
	Task   `gorm:"embedded"`
	Record *string
}

// TableName implements gorm's Tabler.
func (taskRow) TableName() string { return "tasks" }

// task fills in the number as the network gave it, where it is none that customers are known by. The record is read here and not by the database: Postgres does not take
// every text of a caller's apart.
func (r taskRow) task() Task {
	var record struct{ From string }
	if r.Number == "" && r.Record != nil && json.Unmarshal([]byte(*r.Record), &record) == nil {
		r.Number = clean(record.From)
	}
	return r.Task
}

// tasksIn is the tasks with those whom they are about.
func tasksIn(tx *gorm.DB) *gorm.DB {
	return tx.Model(&taskRow{}).Select(`tasks.*, coalesce(r.contact, '') AS contact, coalesce(r.lead, '') AS lead, coalesce(r.number, '') AS number, r.record,
			coalesce(contacts.name, leads.name, '') AS name`).
		Joins(`LEFT JOIN call_records r ON r.call = tasks.call AND r.erased_at = 0`).
		Joins(`LEFT JOIN contacts ON contacts.id = r.contact`).
		Joins(`LEFT JOIN leads ON leads.id = r.lead`)
}

// FinishTask notes that a task is done, or that it is not after all, which gives [ErrTasksFull] if its agent has too many. When it was done first stays.
func (c *CRM) FinishTask(ctx context.Context, id string, done bool) error {
	err := c.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		var t Task
		res := tx.Select("agent", "done_at").Limit(1).Find(&t, "id = ?", id)
		switch {
		case res.Error != nil:
			return res.Error
		case res.RowsAffected == 0:
			return ErrNotFound
		case done:
			return tx.Exec(`UPDATE tasks SET done_at = ? WHERE id = ? AND done_at = 0`, micros(now()), id).Error
		case t.DoneAt.IsZero():
			return nil
		}
		if err := c.lockTasksOf(tx, t.Agent); err != nil {
			return err
		}
		res = tx.Exec(`UPDATE tasks SET done_at = 0 WHERE id = ? AND `+fewOpen, id, t.Agent, MaxOpenTasks)
		if res.Error == nil && res.RowsAffected == 0 {
			return ErrTasksFull
		}
		return res.Error
	})
	if err != nil {
		return fmt.Errorf("finish task %s: %w", id, err)
	}
	return nil
}
