package models

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Session is one sign-in of a user.
type Session struct {
	ID        string `gorm:"primaryKey"`
	UserID    string
	Hash      string `json:"-"` // SHA-256 of the secret, hex
	Address   string
	Browser   string
	CreatedAt time.Time `gorm:"serializer:micro"`
	UsedAt    time.Time `gorm:"serializer:micro"` // to the minute
	EndsAt    time.Time `gorm:"serializer:micro"` // at the latest
	EndedAt   time.Time `gorm:"serializer:micro"` // signed out, or revoked; zero = neither
}

// Sessions keeps who is signed in. Only hashes of the secrets are stored, as for [Tokens].
//
// A session ends when it has not been used for the idle time, when its life is over, when somebody ends it, and with its user. Ended sessions are kept for
// a while, because an address from which somebody has signed in is not a stranger's ([Sessions.Familiar]).
type Sessions struct{ db *DB }

// Sessions gives access to the sessions.
func (db *DB) Sessions() *Sessions { return &Sessions{db: db} }

const (
	sessionPrefix   = "tandem_s_"         // marks a secret for people and for secret scanners
	sessionsKept    = 30 * 24 * time.Hour // after their end
	useNoted        = time.Minute         // a use is written down once in so long
	longestBrowser  = 200
	sessionsPerUser = 20 // running at once; the oldest one makes way
)

// Begin makes a session for a user who has proved to be it; it lasts for life at most. The secret is returned and kept nowhere.
func (s *Sessions) Begin(ctx context.Context, user, address, browser string, life time.Duration) (Session, string, error) {
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return Session{}, "", fmt.Errorf("make a secret: %w", err)
	}
	secret := sessionPrefix + base64.RawURLEncoding.EncodeToString(random[:])
	at := now()
	if r := []rune(clean(browser)); len(r) > longestBrowser {
		browser = string(r[:longestBrowser])
	}
	made := Session{
		ID: uuid.NewString(), UserID: user, Hash: hashToken(secret), Address: clean(address), Browser: clean(browser),
		CreatedAt: at, UsedAt: at, EndsAt: at.Add(life),
	}
	err := s.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec(`DELETE FROM sessions WHERE ends_at < ?`, micros(at.Add(-sessionsKept))).Error; err != nil {
			return err
		}
		if err := endSessions(tx, `user_id = ? AND id NOT IN (SELECT id FROM sessions WHERE user_id = ? AND ended_at = 0 ORDER BY created_at DESC, id LIMIT ?)`,
			user, user, sessionsPerUser-1); err != nil {
			return err
		}
		return tx.Create(&made).Error
	})
	if err != nil {
		return Session{}, "", fmt.Errorf("begin a session of user %s: %w", user, err)
	}
	return made, secret, nil
}

// Authenticate finds the session of a secret with its user, and notes its use; [ErrNotFound] if there is none, it has ended, it was not used for idle, or the user
// may not sign in any more.
func (s *Sessions) Authenticate(ctx context.Context, secret string, idle time.Duration) (Session, User, error) {
	if !strings.HasPrefix(secret, sessionPrefix) {
		return Session{}, User{}, ErrNotFound
	}
	db := s.db.read.WithContext(ctx)
	var found []Session
	at := now()
	if err := db.Where("hash = ? AND ended_at = 0 AND ends_at > ? AND used_at > ?", hashToken(secret), micros(at), micros(at.Add(-idle))).Find(&found).Error; err != nil {
		return Session{}, User{}, fmt.Errorf("look up a session: %w", err)
	}
	if len(found) == 0 {
		return Session{}, User{}, ErrNotFound
	}
	users, err := readUsers(db, "", found[0].UserID)
	if err != nil {
		return Session{}, User{}, fmt.Errorf("look up the user of a session: %w", err)
	}
	if len(users) == 0 || users[0].Setup.Disabled {
		return Session{}, User{}, ErrNotFound
	}
	if at.Sub(found[0].UsedAt) >= useNoted {
		// Of several requests at once one writes: the others find that it has been noted.
		if err := s.db.write.WithContext(ctx).Exec(`UPDATE sessions SET used_at = ? WHERE id = ? AND used_at = ?`, micros(at), found[0].ID, micros(found[0].UsedAt)).Error; err != nil {
			return Session{}, User{}, fmt.Errorf("note the use of a session: %w", err)
		}
		found[0].UsedAt = at
	}
	return found[0], users[0].Setup, nil
}

// List lists the running sessions of a user, newest first.
func (s *Sessions) List(ctx context.Context, user string, idle time.Duration) ([]Session, error) {
	var all []Session
	at := now()
	err := s.db.read.WithContext(ctx).Where("user_id = ? AND ended_at = 0 AND ends_at > ? AND used_at > ?", user, micros(at), micros(at.Add(-idle))).
		Order("created_at DESC, id").Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("list sessions of user %s: %w", user, err)
	}
	return all, nil
}

// Session gives one session with its user's tenant; [ErrNotFound] if it has been ended.
func (s *Sessions) Session(ctx context.Context, id string) (Session, core.TenantID, error) {
	db := s.db.read.WithContext(ctx)
	var found []Session
	if err := db.Where("id = ? AND ended_at = 0", id).Find(&found).Error; err != nil {
		return Session{}, "", fmt.Errorf("read session %s: %w", id, err)
	}
	if len(found) == 0 {
		return Session{}, "", ErrNotFound
	}
	tenant, err := tenantOf(db, kindUser, found[0].UserID)
	if err != nil {
		return Session{}, "", fmt.Errorf("read the user of session %s: %w", id, err)
	}
	return found[0], tenant, nil
}

// End ends a session at once.
func (s *Sessions) End(ctx context.Context, id string) error {
	res := s.db.write.WithContext(ctx).Exec(`UPDATE sessions SET ended_at = ? WHERE id = ? AND ended_at = 0`, micros(now()), id)
	if res.Error == nil && res.RowsAffected == 0 {
		res.Error = ErrNotFound
	}
	if res.Error != nil {
		return fmt.Errorf("end session %s: %w", id, res.Error)
	}
	return nil
}

// Familiar reports whether the user with this name has signed in from this address lately.
func (s *Sessions) Familiar(ctx context.Context, name, address string) (bool, error) {
	found, err := exists(s.db.read.WithContext(ctx), `SELECT 1 FROM sessions JOIN users ON users.id = sessions.user_id WHERE users.name = ? AND sessions.address = ?`,
		lookupName(name), clean(address))
	if err != nil {
		return false, fmt.Errorf("look for earlier sign-ins: %w", err)
	}
	return found, nil
}

// endSessions ends the running sessions that meet a condition.
func endSessions(tx *gorm.DB, condition string, args ...any) error {
	if err := tx.Exec(`UPDATE sessions SET ended_at = ? WHERE ended_at = 0 AND `+condition, append([]any{micros(now())}, args...)...).Error; err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}
