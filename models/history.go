package models

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// History reads what has happened: the records that the [Projector] makes.
type History struct{ db *DB }

// History gives access to the records.
func (db *DB) History() *History { return &History{db: db} }

// CallRecord is the record of a closed call, with what is known of the caller (R1, R6).
type CallRecord struct {
	core.CallRecord
	Number   string    // the caller's, E.164; "" until the lead job has run, and for numbers that are none
	Party    Party     // what the lead job found
	Contact  string    // id, where Party is PartyContact
	Lead     string    // id, where there is a lead
	ErasedAt time.Time // personal data were erased then; zero = they were not
}

type callRow struct {
	Call      string
	Number    string
	Party     Party
	Contact   string
	Lead      string
	ArrivedAt int64
	ErasedAt  int64
	Record    string
}

func (r callRow) record() (CallRecord, error) {
	out := CallRecord{Number: r.Number, Party: r.Party, Contact: r.Contact, Lead: r.Lead, ErasedAt: fromMicros(r.ErasedAt)}
	if err := json.Unmarshal([]byte(r.Record), &out.CallRecord); err != nil {
		return out, fmt.Errorf("decode record of call %s: %w", r.Call, err)
	}
	return out, nil
}

// CallFilter selects call records. Zero fields select everything.
type CallFilter struct {
	Paging
	Tenant   core.TenantID
	From, To time.Time // of arrival: From ≤ arrived < To
	Agent    core.AgentID
	Queue    core.QueueID
	Outcome  core.CallOutcome
	Number   string // the caller's, E.164
}

// CallRecords lists records of calls, newest arrival first.
func (h *History) CallRecords(ctx context.Context, f CallFilter) (Page[CallRecord], error) {
	q := h.db.read.WithContext(ctx).Table("call_records")
	where := func(set bool, condition string, arg any) {
		if set {
			q = q.Where(condition, arg)
		}
	}
	where(f.Tenant != "", "tenant = ?", string(f.Tenant))
	where(!f.From.IsZero(), "arrived_at >= ?", micros(f.From))
	where(!f.To.IsZero(), "arrived_at < ?", micros(f.To))
	where(f.Agent != "", "call IN (SELECT call FROM call_agents WHERE agent = ?)", string(f.Agent))
	where(f.Queue != "", "queue = ?", string(f.Queue))
	where(f.Outcome != "", "outcome = ?", string(f.Outcome))
	where(f.Number != "", "number = ?", f.Number)
	page, err := readPage(q, f.Paging, "arrived_at", "call", func(r callRow) place { return place{at: r.ArrivedAt, id: r.Call} })
	if err != nil {
		return Page[CallRecord]{}, fmt.Errorf("list call records: %w", err)
	}
	out := Page[CallRecord]{Next: page.Next, Items: make([]CallRecord, len(page.Items))}
	for i, r := range page.Items {
		if out.Items[i], err = r.record(); err != nil {
			return Page[CallRecord]{}, err
		}
	}
	return out, nil
}

// CallRecord gives the record of one call; [ErrNotFound] also while the call goes on.
func (h *History) CallRecord(ctx context.Context, id core.CallID) (CallRecord, error) {
	r, err := readCall(h.db.read.WithContext(ctx), id)
	if err != nil {
		return r, fmt.Errorf("read record of call %s: %w", id, err)
	}
	return r, nil
}

func readCall(tx *gorm.DB, id core.CallID) (CallRecord, error) {
	var rows []callRow
	if err := tx.Table("call_records").Where("call = ?", string(id)).Find(&rows).Error; err != nil {
		return CallRecord{}, err
	}
	if len(rows) == 0 {
		return CallRecord{}, ErrNotFound
	}
	return rows[0].record()
}

// Timeline gives all entries of a call so far, in order; none for an unknown call.
func (h *History) Timeline(ctx context.Context, id core.CallID) ([]journal.Timeline, error) {
	var rows []callLine
	if err := h.db.read.WithContext(ctx).Where("call = ?", string(id)).Order("shard, seq, idx").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read timeline of call %s: %w", id, err)
	}
	out := make([]journal.Timeline, len(rows))
	for i, r := range rows {
		out[i] = journal.Timeline{Seq: r.Seq, Index: r.Idx}
		if err := json.Unmarshal([]byte(r.Body), &out[i].Entry); err != nil {
			return nil, fmt.Errorf("decode timeline entry %d.%d of call %s: %w", r.Seq, r.Idx, id, err)
		}
	}
	return out, nil
}

// Leg is one leg of a call, in the record.
type Leg struct {
	Call       core.CallID
	Leg        core.LegID
	Role       string // customer, agent (whoever was offered the call or consulted), outside
	Agent      core.AgentID
	Number     string    // of an outside leg: as it was dialled
	StartedAt  time.Time `gorm:"serializer:micro"`
	RingingAt  time.Time `gorm:"serializer:micro"` // zero = it never rang
	AnsweredAt time.Time `gorm:"serializer:micro"` // zero = it was not answered
	EndedAt    time.Time `gorm:"serializer:micro"` // zero = it goes on
	Outcome    string    // an OfferOutcome, how this leg's part in the conversation ended, or (of the customer's) the call's outcome
	Cause      string    // a CauseCode
}

// TableName implements gorm's Tabler.
func (Leg) TableName() string { return "call_legs" }

// Legs gives the legs of a call, oldest first; the customer's before those that were begun for it in the same instant.
func (h *History) Legs(ctx context.Context, id core.CallID) ([]Leg, error) {
	var legs []Leg
	if err := h.db.read.WithContext(ctx).Where("call = ?", string(id)).Order("started_at, CASE role WHEN 'customer' THEN 0 ELSE 1 END, leg").Find(&legs).Error; err != nil {
		return nil, fmt.Errorf("read legs of call %s: %w", id, err)
	}
	return legs, nil
}
