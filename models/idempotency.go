package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// Answers remembers the answers to requests with an idempotency key for a day, so that a repeated request is carried out once.
type Answers struct{ db *DB }

// Answers gives access to the remembered answers.
func (db *DB) Answers() *Answers { return &Answers{db: db} }

// AnswerLife is how long an answer is remembered.
const AnswerLife = 24 * time.Hour

// ClaimLife is how long nothing is heard of a request before another one with its key may be carried out: its process must have died. See [Answers.Renew].
const ClaimLife = time.Minute

var (
	// ErrKeyReused says that the key was used with another request.
	ErrKeyReused = errors.New("the idempotency key was used with another request")
	// ErrInProgress says that another request with this key is being carried out.
	ErrInProgress = errors.New("a request with this idempotency key is being carried out")
)

// RequestKey identifies a request that may be repeated.
type RequestKey struct {
	Token string // id of the caller's token: keys of different callers never meet
	Key   string // as the caller chose it, up to 255 bytes
	Route string // which operation
	Hash  string // of path and body, hex
}

// Answer is what was answered.
type Answer struct {
	Status int
	Body   []byte
}

// Claim takes the key for a request. fresh means that the request is to be carried out, and then kept or released; otherwise the
// kept answer is returned.
func (a *Answers) Claim(ctx context.Context, key RequestKey) (answer Answer, fresh bool, err error) {
	at := now()
	err = a.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		// A row that is too old, or whose process must have died before it answered, is taken over; so is none at all.
		res := tx.Exec(`INSERT INTO idempotency_keys (token, key, route, request_hash, status, created_at) VALUES (?, ?, ?, ?, 0, ?)
			ON CONFLICT (token, key) DO UPDATE SET route = excluded.route, request_hash = excluded.request_hash, status = 0, body = NULL, created_at = excluded.created_at
			WHERE idempotency_keys.created_at < ? OR (idempotency_keys.status = 0 AND idempotency_keys.created_at < ?
				AND idempotency_keys.route = excluded.route AND idempotency_keys.request_hash = excluded.request_hash)`,
			key.Token, key.Key, key.Route, key.Hash, micros(at), micros(at.Add(-AnswerLife)), micros(at.Add(-ClaimLife)))
		if res.Error != nil {
			return res.Error
		}
		if fresh = res.RowsAffected > 0; fresh {
			return nil
		}
		var row struct {
			Route, RequestHash string
			Status             int
			Body               []byte
		}
		if err := tx.Raw(`SELECT route, request_hash, status, body FROM idempotency_keys WHERE token = ? AND key = ?`, key.Token, key.Key).Scan(&row).Error; err != nil {
			return err
		}
		switch {
		case row.Route != key.Route || row.RequestHash != key.Hash:
			return ErrKeyReused
		case row.Status == 0:
			return ErrInProgress
		}
		answer = Answer{Status: row.Status, Body: row.Body}
		return nil
	})
	if err != nil {
		return Answer{}, false, fmt.Errorf("claim idempotency key: %w", err)
	}
	return answer, fresh, nil
}

// Renew says that the request is still being carried out: nobody else takes its key for another [ClaimLife].
func (a *Answers) Renew(ctx context.Context, key RequestKey) error {
	err := a.db.write.WithContext(ctx).Exec(`UPDATE idempotency_keys SET created_at = ? WHERE token = ? AND key = ? AND request_hash = ? AND status = 0`,
		micros(now()), key.Token, key.Key, key.Hash).Error
	if err != nil {
		return fmt.Errorf("renew the claim of an idempotency key: %w", err)
	}
	return nil
}

// Keep stores the answer.
func (a *Answers) Keep(ctx context.Context, key RequestKey, answer Answer) error {
	err := a.db.write.WithContext(ctx).Exec(`UPDATE idempotency_keys SET status = ?, body = ? WHERE token = ? AND key = ? AND request_hash = ?`,
		answer.Status, answer.Body, key.Token, key.Key, key.Hash).Error
	if err != nil {
		return fmt.Errorf("keep the answer of an idempotency key: %w", err)
	}
	return nil
}

// Release gives a key free again: the request failed in a way that is worth repeating.
func (a *Answers) Release(ctx context.Context, key RequestKey) error {
	err := a.db.write.WithContext(ctx).Exec(`DELETE FROM idempotency_keys WHERE token = ? AND key = ? AND request_hash = ? AND status = 0`,
		key.Token, key.Key, key.Hash).Error
	if err != nil {
		return fmt.Errorf("release an idempotency key: %w", err)
	}
	return nil
}

// Clear forgets answers that are older than [AnswerLife].
func (a *Answers) Clear(ctx context.Context) (int64, error) {
	res := a.db.write.WithContext(ctx).Exec(`DELETE FROM idempotency_keys WHERE created_at < ?`, micros(now().Add(-AnswerLife)))
	if res.Error != nil {
		return 0, fmt.Errorf("clear idempotency keys: %w", res.Error)
	}
	return res.RowsAffected, nil
}
