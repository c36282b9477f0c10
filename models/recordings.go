package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Recording is what is known of one recording (C15).
type Recording struct {
	ID           core.RecordingID `gorm:"primaryKey"`
	Tenant       core.TenantID
	Call         core.CallID
	Agent        core.AgentID
	Engine       core.EngineID // the switch that wrote it
	About        string        // core.RecordingOfConsult, or "" = the conversation with the customer
	State        RecordingState
	Why          string        // how it stopped: complete, failed, broke_off, pause_unconfirmed, late, discarded
	StartedAt    time.Time     `gorm:"serializer:micro"`
	StoppedAt    time.Time     `gorm:"serializer:micro"`
	Length       time.Duration `gorm:"serializer:micro"` // of the audio; until it is archived, as the switch said
	Object       string        // key in the bucket; "" = not archived
	MediaType    string
	Size         int64     // bytes of the object
	SHA256       string    `gorm:"column:sha256"` // of the object, hex
	Error        string    // why it is lost, or what is wrong with it
	ArchivedAt   time.Time `gorm:"serializer:micro"`
	SourceGoneAt time.Time `gorm:"serializer:micro"` // deleted at the switch
	DiscardedAt  time.Time `gorm:"serializer:micro"` // it must not be kept, wherever it is (C17)
	DiscardedBy  string    // who asked for that
}

// RecordingState is where a recording is on its way into the archive.
type RecordingState string

// The states of a recording.
const (
	RecordingRunning  RecordingState = "recording" // is being written by the switch
	RecordingPending  RecordingState = "pending"   // written; the archive job is on it
	RecordingArchived RecordingState = "archived"  // in the bucket, and this row says so durably
	RecordingFailed   RecordingState = "failed"    // never began
	RecordingLost     RecordingState = "lost"      // given up; there is an alert
	RecordingErased   RecordingState = "erased"    // deleted on purpose
)

// ErrDiscarded says that a recording must not be kept (C17).
var ErrDiscarded = errors.New("the recording is discarded")

// Recordings keeps what is known of recordings.
type Recordings struct{ db *DB }

// Recordings gives access to the recordings.
func (db *DB) Recordings() *Recordings { return &Recordings{db: db} }

// Recording gives one recording.
func (r *Recordings) Recording(ctx context.Context, id core.RecordingID) (Recording, error) {
	var rec Recording
	err := r.db.read.WithContext(ctx).First(&rec, "id = ?", string(id)).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		err = ErrNotFound
	}
	if err != nil {
		return rec, fmt.Errorf("read recording %s: %w", id, err)
	}
	return rec, nil
}

// RecordingFilter selects recordings. Zero fields select everything.
type RecordingFilter struct {
	Paging
	Tenant core.TenantID
	Call   core.CallID
	State  RecordingState
}

// List lists recordings, newest first.
func (r *Recordings) List(ctx context.Context, f RecordingFilter) (Page[Recording], error) {
	q := r.db.read.WithContext(ctx).Model(&Recording{})
	if f.Tenant != "" {
		q = q.Where("tenant = ?", string(f.Tenant))
	}
	if f.Call != "" {
		q = q.Where("call = ?", string(f.Call))
	}
	if f.State != "" {
		q = q.Where("state = ?", string(f.State))
	}
	page, err := readPage(q, f.Paging, "started_at", "id", func(r Recording) place { return place{at: micros(r.StartedAt), id: string(r.ID)} })
	if err != nil {
		return page, fmt.Errorf("list recordings: %w", err)
	}
	return page, nil
}

// Archive describes the object that a recording has become.
type Archive struct {
	Object    string
	MediaType string
	Size      int64
	SHA256    string
	Length    time.Duration
	Flaw      string // what is wrong with it, "" = nothing; a flaw raises an alert
}

// Archived makes durable that a recording is in the bucket. Only after it may the switch's file go. [ErrDiscarded] if it must not be there: it may have been
// discarded while it was on its way.
func (r *Recordings) Archived(ctx context.Context, id core.RecordingID, a Archive) error {
	err := r.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		rec, err := r.update(tx.Where("discarded_at = 0"), id, map[string]any{
			"state": RecordingArchived, "object": a.Object, "media_type": a.MediaType, "size": a.Size, "sha256": a.SHA256,
			"length": a.Length, "error": clean(a.Flaw), "archived_at": now(),
		})
		if errors.Is(err, ErrNotFound) {
			return r.whyNot(tx, id)
		}
		if err != nil || a.Flaw == "" {
			return err
		}
		return raise(tx, Alert{
			ID: "recording:" + string(id), At: now(), Tenant: rec.Tenant, Reason: AlertRecordingFlawed, Call: rec.Call, Agent: rec.Agent, Recording: id, Text: a.Flaw,
		})
	})
	if err != nil {
		return fmt.Errorf("mark recording %s as archived: %w", id, err)
	}
	return nil
}

// whyNot says why the recording was not among those that may be archived.
func (r *Recordings) whyNot(tx *gorm.DB, id core.RecordingID) error {
	there, err := exists(tx, `SELECT 1 FROM recordings WHERE id = ?`, string(id))
	switch {
	case err != nil:
		return err
	case there:
		return ErrDiscarded
	}
	return ErrNotFound
}

// Erased notes that nothing of a recording is left, neither at the switch nor in the bucket.
func (r *Recordings) Erased(ctx context.Context, id core.RecordingID) error {
	_, err := r.update(r.db.write.WithContext(ctx), id, map[string]any{
		"state": RecordingErased, "object": "", "media_type": "", "size": 0, "sha256": "", "error": "", "source_gone_at": now(),
	})
	if err != nil {
		return fmt.Errorf("mark recording %s as erased: %w", id, err)
	}
	return nil
}

// SourceGone notes that the switch's file is deleted.
func (r *Recordings) SourceGone(ctx context.Context, id core.RecordingID) error {
	if _, err := r.update(r.db.write.WithContext(ctx), id, map[string]any{"source_gone_at": now()}); err != nil {
		return fmt.Errorf("mark the source of recording %s as deleted: %w", id, err)
	}
	return nil
}

// Lost gives a recording up, and alerts. One that is archived stays so, and of one that is discarded nothing can be lost.
func (r *Recordings) Lost(ctx context.Context, id core.RecordingID, why string) error {
	err := r.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		rec, err := r.update(tx.Where("state <> ? AND discarded_at = 0", string(RecordingArchived)), id, map[string]any{"state": RecordingLost, "error": clean(why)})
		if err != nil {
			return err
		}
		return raise(tx, Alert{
			ID: "recording:" + string(id), At: now(), Tenant: rec.Tenant, Reason: AlertRecordingLost, Call: rec.Call, Agent: rec.Agent, Recording: id, Text: why,
		})
	})
	if err != nil {
		return fmt.Errorf("mark recording %s as lost: %w", id, err)
	}
	return nil
}

func (r *Recordings) update(tx *gorm.DB, id core.RecordingID, set map[string]any) (Recording, error) {
	for name, value := range set { // updates by map do not pass through the serializer
		switch v := value.(type) {
		case time.Time:
			set[name] = micros(v)
		case time.Duration:
			set[name] = v.Microseconds()
		}
	}
	res := tx.Table("recordings").Where("id = ?", string(id)).Updates(set)
	if res.Error == nil && res.RowsAffected == 0 {
		res.Error = ErrNotFound
	}
	if res.Error != nil {
		return Recording{}, res.Error
	}
	var rec Recording
	err := tx.Session(&gorm.Session{NewDB: true}).First(&rec, "id = ?", string(id)).Error
	return rec, err
}
