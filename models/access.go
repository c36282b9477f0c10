package models

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Role says what the holder of a token may do (S3).
type Role string

// The roles.
const (
	RoleAdmin      Role = "admin"
	RoleSupervisor Role = "supervisor"
	RoleAgent      Role = "agent"
	RoleAuditor    Role = "auditor"
)

// Token is a bearer token without its secret.
type Token struct {
	ID        string `gorm:"primaryKey"`
	Name      string
	Hash      string `json:"-"` // SHA-256 of the secret, hex
	Role      Role
	Tenant    core.TenantID // "" = of the whole site
	Agent     core.AgentID  // whom an agent's token acts for
	CreatedAt time.Time     `gorm:"serializer:micro"`
	ExpiresAt time.Time     `gorm:"serializer:micro"` // zero = never
	RevokedAt time.Time     `gorm:"serializer:micro"` // zero = it is not
}

// Tokens keeps bearer tokens. Only hashes are stored: secrets are 256 random bits, so that a plain SHA-256 cannot be guessed from.
type Tokens struct{ db *DB }

// Tokens gives access to the bearer tokens.
func (db *DB) Tokens() *Tokens { return &Tokens{db: db} }

// tokenPrefix marks a secret as one of ours, for people and for secret scanners.
const tokenPrefix = "tandem_"

func hashToken(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Create makes a token; time and secret are made here, and the id where it has none. The secret is returned and kept nowhere. [ErrExists] says that there is, or was, a token with
// this id.
func (t *Tokens) Create(ctx context.Context, token Token) (Token, string, error) {
	var v violations
	v.name(token.Name)
	switch token.Role {
	case RoleAgent:
		v.check(token.Agent != "", "agent", "must be the agent that the token acts for")
	case RoleAdmin, RoleSupervisor, RoleAuditor:
		v.check(token.Agent == "", "agent", "must be left out unless the role is agent")
	default:
		v.add("role", "must be admin, supervisor, agent or auditor")
	}
	if err := v.err(); err != nil {
		return Token{}, "", err
	}
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return Token{}, "", fmt.Errorf("make a secret: %w", err)
	}
	secret := tokenPrefix + base64.RawURLEncoding.EncodeToString(random[:])
	if token.ID == "" {
		token.ID = uuid.NewString()
	}
	token.Hash, token.CreatedAt, token.RevokedAt = hashToken(secret), now(), time.Time{}
	if err := t.db.write.WithContext(ctx).Create(&token).Error; errors.Is(err, gorm.ErrDuplicatedKey) {
		return Token{}, "", ErrExists
	} else if err != nil {
		return Token{}, "", fmt.Errorf("create token: %w", err)
	}
	return token, secret, nil
}

// Authenticate finds the token of a secret; [ErrNotFound] if there is none, or it has ended. It looks up the hash: how long that takes tells
// nothing about any secret.
func (t *Tokens) Authenticate(ctx context.Context, secret string) (Token, error) {
	if !strings.HasPrefix(secret, tokenPrefix) {
		return Token{}, ErrNotFound
	}
	var token Token
	err := t.db.read.WithContext(ctx).First(&token, "hash = ?", hashToken(secret)).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return Token{}, ErrNotFound
	case err != nil:
		return Token{}, fmt.Errorf("look up token: %w", err)
	case !token.RevokedAt.IsZero(), !token.ExpiresAt.IsZero() && !token.ExpiresAt.After(now()):
		return Token{}, ErrNotFound
	}
	return token, nil
}

// List lists the tokens that are not revoked, by time.
func (t *Tokens) List(ctx context.Context) ([]Token, error) {
	var tokens []Token
	if err := t.db.read.WithContext(ctx).Where("revoked_at = 0").Order("created_at, id").Find(&tokens).Error; err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return tokens, nil
}

// revokeTokensOf ends the tokens of an agent or of a tenant that is being deleted, and what its people can do: the next one of that id would be somebody else.
func revokeTokensOf(tx *gorm.DB, column, id string) error {
	if err := tx.Exec(`UPDATE tokens SET revoked_at = ? WHERE `+column+` = ? AND revoked_at = 0`, micros(now()), id).Error; err != nil {
		return fmt.Errorf("revoke the tokens of %s %s: %w", column, id, err)
	}
	people := peopleOfAgent
	if column == "tenant" {
		people = peopleOfTenant
	}
	if err := people(tx, id); err != nil {
		return fmt.Errorf("end the access of the users of %s %s: %w", column, id, err)
	}
	return nil
}

// Revoke ends a token at once.
func (t *Tokens) Revoke(ctx context.Context, id string) error {
	res := t.db.write.WithContext(ctx).Exec(`UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at = 0`, micros(now()), id)
	if res.Error == nil && res.RowsAffected == 0 {
		res.Error = ErrNotFound
	}
	if res.Error != nil {
		return fmt.Errorf("revoke token %s: %w", id, res.Error)
	}
	return nil
}
