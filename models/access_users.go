package models

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// User is somebody who signs in with a name and a password.
type User struct {
	ID      string        `json:"id"`
	Tenant  core.TenantID `json:"tenant"` // "" = of the whole site
	Name    string        `json:"name"`   // to sign in with: one of its kind in the whole site, in small letters
	Display string        `json:"display_name"`
	Role    Role          `json:"role"`
	// Teams are the ids of the teams that a supervisor leads.
	Teams []string `json:"teams,omitempty"`
	// AllTeams lets a supervisor see the whole tenant. It is said and not implied by an empty list: a team that is deleted must not make anybody see more.
	AllTeams bool         `json:"all_teams,omitempty"`
	Agent    core.AgentID `json:"agent,omitempty"` // who the user is, in the role agent
	Disabled bool         `json:"disabled,omitempty"`

	HasPassword bool `json:"-"` // read only: the user can sign in
	// PasswordUntil is until when the user may sign in with a password that somebody else has chosen, and do nothing but choose another; zero = the password is the user's own. Read
	// only.
	PasswordUntil time.Time `json:"-"`
}

// Users keeps who may sign in. Ids, versions and errors are as for [Config].
type Users struct{ db *DB }

// Users gives access to the users.
func (db *DB) Users() *Users { return &Users{db: db} }

const kindUser = "users"

var signInForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_.@+-]{0,63}$`)

// signInName is the form in which names to sign in with are kept and compared.
func signInName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// lookupName is the form in which a name that somebody has typed is looked for; "", which nobody has, where it cannot be one.
func lookupName(name string) string {
	if name = signInName(name); !signInForm.MatchString(name) {
		return ""
	}
	return name
}

// ValidUser checks a user by itself. The error is an [Invalid].
func ValidUser(u User) error {
	var v violations
	v.id("id", u.ID)
	if u.Tenant != "" {
		v.id("tenant", string(u.Tenant))
	}
	v.check(signInForm.MatchString(u.Name), "name", "must have 1 to 64 of a-z, 0-9, '_', '.', '@', '+', '-', and begin with a letter or digit")
	v.text("display_name", u.Display, 128)
	switch u.Role {
	case RoleAgent:
		v.check(u.Agent != "", "agent", "must be set: a user with the role agent is one of the agents")
	case RoleAdmin, RoleSupervisor, RoleAuditor:
		v.check(u.Agent == "", "agent", "must be left out unless the role is agent")
	default:
		v.add("role", "must be admin, supervisor, agent or auditor")
	}
	supervisor := u.Role == RoleSupervisor
	v.check(supervisor || len(u.Teams) == 0, "teams", "must be left out unless the role is supervisor: an agent's teams are set up with the agent")
	v.check(supervisor || !u.AllTeams, "all_teams", "must be left out unless the role is supervisor")
	v.check(!u.AllTeams || len(u.Teams) == 0, "teams", "must be left out if all_teams is true")
	v.check(len(u.Teams) == 0 || u.Tenant != "", "teams", "belong to one tenant: set tenant as well")
	v.words("teams", u.Teams, 64, maxTeams)
	return v.err()
}

// List lists a tenant's users by id; "" = of all tenants and of the site.
func (u *Users) List(ctx context.Context, tenant core.TenantID) ([]Versioned[User], error) {
	all, err := readUsers(u.db.read.WithContext(ctx), tenant, "")
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return all, nil
}

// User gives one user.
func (u *Users) User(ctx context.Context, id string) (Versioned[User], error) {
	v, err := one(readUsers(u.db.read.WithContext(ctx), "", id))
	if err != nil {
		return v, fmt.Errorf("read user %s: %w", id, err)
	}
	return v, nil
}

type userRow struct {
	ID                        string
	Version                   int64
	Detail                    string
	CreatedAt, UpdatedAt      int64
	Tenant, Name, Role, Agent string
	Disabled, HasPassword     bool
	PasswordUntil             int64
}

func readUsers(tx *gorm.DB, tenant core.TenantID, id string) ([]Versioned[User], error) {
	q := tx.Table(kindUser).Select("id", "version", "detail", "created_at", "updated_at", "tenant", "name", "role", "agent", "disabled <> 0 AS disabled", "password <> '' AS has_password", "password_until").Order("id")
	if tenant != "" {
		q = q.Where("tenant = ?", string(tenant))
	}
	if id != "" {
		q = q.Where("id = ?", id)
	}
	var rows []userRow
	if err := q.Scan(&rows).Error; err != nil {
		return nil, err
	}
	teams, err := readUserTeams(tx, id)
	if err != nil {
		return nil, err
	}
	out := make([]Versioned[User], 0, len(rows))
	for _, r := range rows {
		v, err := r.user()
		if err != nil {
			return nil, err
		}
		v.Setup.Teams = teams[v.Setup.ID]
		out = append(out, v)
	}
	return out, nil
}

// user puts columns over the detail: what can be searched for, or must be unique, is a column and nowhere else.
func (r userRow) user() (Versioned[User], error) {
	v, err := versioned[User](configRow{r.ID, r.Version, r.Detail, r.CreatedAt, r.UpdatedAt})
	u := &v.Setup
	u.ID, u.Tenant, u.Name, u.Role, u.Agent = r.ID, core.TenantID(r.Tenant), r.Name, Role(r.Role), core.AgentID(r.Agent)
	u.Disabled, u.HasPassword, u.PasswordUntil = r.Disabled, r.HasPassword, fromMicros(r.PasswordUntil)
	return v, err
}

func readUserTeams(tx *gorm.DB, id string) (map[string][]string, error) {
	var rows []struct{ UserID, Team string }
	q := tx.Table("user_teams").Select("user_id", "team").Order("user_id, position")
	if id != "" {
		q = q.Where("user_id = ?", id)
	}
	if err := q.Scan(&rows).Error; err != nil {
		return nil, err
	}
	out := make(map[string][]string)
	for _, r := range rows {
		out[r.UserID] = append(out[r.UserID], r.Team)
	}
	return out, nil
}

// Create makes a user, who cannot sign in before there is a password.
func (u *Users) Create(ctx context.Context, user User) (Versioned[User], error) {
	return u.put(ctx, user, func(tx *gorm.DB, user User) error {
		columns := userColumns(user)
		columns["password"] = ""
		return insert(tx, kindUser, user.ID, userDetail(user), columns)
	})
}

// Update changes a user. A user stays with its tenant. Sessions go on, with what the user may do from now on; those of a disabled user end.
func (u *Users) Update(ctx context.Context, user User, version int64) (Versioned[User], error) {
	return u.put(ctx, user, func(tx *gorm.DB, user User) error {
		if err := keepUsersTenant(tx, user); err != nil {
			return err
		}
		if user.Disabled {
			if err := endSessions(tx, "user_id = ?", user.ID); err != nil {
				return err
			}
		}
		return update(tx, kindUser, user.ID, version, userDetail(user), userColumns(user))
	})
}

// keepUsersTenant is keepTenant for users, whose tenant may be none.
func keepUsersTenant(tx *gorm.DB, user User) error {
	var have []string
	if err := tx.Table(kindUser).Where("id = ?", user.ID).Pluck("tenant", &have).Error; err != nil {
		return err
	}
	if len(have) > 0 && have[0] != string(user.Tenant) {
		return Invalid{{Field: "tenant", Rule: "cannot be changed"}}
	}
	return nil
}

func userColumns(u User) columns {
	disabled := 0
	if u.Disabled {
		disabled = 1
	}
	return columns{"tenant": string(u.Tenant), "name": u.Name, "role": string(u.Role), "agent": string(u.Agent), "disabled": disabled}
}

// userDetail is what the detail column holds: teams are rows.
func userDetail(u User) User {
	u.Teams = nil
	return u
}

func (u *Users) put(ctx context.Context, user User, write func(tx *gorm.DB, user User) error) (out Versioned[User], err error) {
	user.Name = signInName(user.Name)
	if err := ValidUser(user); err != nil {
		return out, err
	}
	err = u.db.Config().change(ctx, fmt.Sprintf("set up user %s", user.ID), func(tx *gorm.DB) error {
		if err := checkUser(tx, user); err != nil {
			return err
		}
		if err := write(tx, user); err != nil {
			return err
		}
		if err := writeUserTeams(tx, user); err != nil {
			return err
		}
		out, err = one(readUsers(tx, "", user.ID))
		return err
	})
	return out, err
}

// checkUser checks what a user says about others.
func checkUser(tx *gorm.DB, user User) error {
	if user.Tenant != "" {
		if err := haveTenant(tx, user.Tenant); err != nil {
			return err
		}
	}
	var v violations
	taken, err := exists(tx, `SELECT 1 FROM users WHERE name = ? AND id <> ?`, user.Name, user.ID)
	if err != nil {
		return err
	}
	v.check(!taken, "name", "is another user's already")
	if user.Agent != "" {
		tenant, err := tenantOf(tx, kindAgent, string(user.Agent))
		if err != nil {
			return err
		}
		v.check(tenant != "" && tenant == user.Tenant, "agent", "the tenant has no agent %q", user.Agent)
		taken, err := exists(tx, `SELECT 1 FROM users WHERE agent = ? AND id <> ?`, string(user.Agent), user.ID)
		if err != nil {
			return err
		}
		v.check(!taken, "agent", "already has another user")
	}
	for i, team := range user.Teams {
		tenant, err := tenantOf(tx, kindTeam, team)
		if err != nil {
			return err
		}
		v.check(tenant != "" && tenant == user.Tenant, fmt.Sprintf("teams[%d]", i), "the tenant has no team %q", team)
	}
	return v.err()
}

func writeUserTeams(tx *gorm.DB, user User) error {
	if err := tx.Exec(`DELETE FROM user_teams WHERE user_id = ?`, user.ID).Error; err != nil || len(user.Teams) == 0 {
		return err
	}
	rows := make([]map[string]any, len(user.Teams))
	for i, team := range user.Teams {
		rows[i] = map[string]any{"user_id": user.ID, "team": team, "position": i}
	}
	return insertRows(tx, "user_teams", rows)
}

// Delete removes a user with all sessions.
func (u *Users) Delete(ctx context.Context, id string, version int64) error {
	return u.db.Config().change(ctx, fmt.Sprintf("delete user %s", id), func(tx *gorm.DB) error {
		if err := checkVersion(tx, kindUser, id, version); err != nil {
			return err
		}
		return tx.Exec(`DELETE FROM users WHERE id = ?`, id).Error
	})
}

// SetPassword gives a user a password and ends all sessions but the one with the id keep ("" = all).
func (u *Users) SetPassword(ctx context.Context, id, password, keep string) error {
	return u.setPassword(ctx, id, password, keep, 0)
}

// temporaryFor is how long a password that somebody else has chosen can be used.
const temporaryFor = 7 * 24 * time.Hour

// SetTemporaryPassword gives a user a password that is to be changed with the next sign-in, within a week. All sessions end.
func (u *Users) SetTemporaryPassword(ctx context.Context, id, password string) error {
	return u.setPassword(ctx, id, password, "", micros(now().Add(temporaryFor)))
}

func (u *Users) setPassword(ctx context.Context, id, password, keep string, until int64) error {
	user, err := u.User(ctx, id)
	if err != nil {
		return err
	}
	var v violations
	v.validPassword("password", password, user.Setup.Name, user.Setup.Display)
	if err := v.err(); err != nil {
		return err
	}
	hash, err := hashPassword(password)
	if err != nil {
		return err
	}
	return u.db.Config().change(ctx, fmt.Sprintf("set the password of user %s", id), func(tx *gorm.DB) error {
		res := tx.Exec(`UPDATE users SET password = ?, password_until = ? WHERE id = ?`, hash, until, id)
		if res.Error == nil && res.RowsAffected == 0 {
			return ErrNotFound
		}
		return errors.Join(res.Error, endSessions(tx, "user_id = ? AND id <> ?", id, keep))
	})
}

// CheckPassword gives the user with a name and a password; [ErrNotFound] if there is none, the password is another or too old, or the user is disabled. How long it takes
// does not tell which: a password is hashed in any case.
func (u *Users) CheckPassword(ctx context.Context, name, password string) (Versioned[User], error) {
	var rows []struct {
		ID, Password  string
		Disabled      bool
		PasswordUntil int64
	}
	err := u.db.read.WithContext(ctx).Table(kindUser).Select("id", "password", "disabled <> 0 AS disabled", "password_until").Where("name = ?", lookupName(name)).Scan(&rows).Error
	if err != nil {
		return Versioned[User]{}, fmt.Errorf("look up a user: %w", err)
	}
	hash := nobodysHash()
	if len(rows) == 1 && rows[0].Password != "" {
		hash = rows[0].Password
	}
	fits, stale := false, false
	if len(password) <= 32*longestPassword { // what is longer is no password of ours, however its letters are put together
		fits, stale = checkPassword(hash, password)
	}
	if !fits || len(rows) != 1 || rows[0].Password == "" || rows[0].Disabled || rows[0].PasswordUntil != 0 && rows[0].PasswordUntil <= micros(now()) {
		return Versioned[User]{}, ErrNotFound
	}
	if stale {
		if err := u.rehash(ctx, rows[0].ID, hash, password); err != nil {
			return Versioned[User]{}, err
		}
	}
	return u.User(ctx, rows[0].ID)
}

// rehash puts a hash at the present cost in place of one at another.
func (u *Users) rehash(ctx context.Context, id, old, password string) error {
	hash, err := hashPassword(password)
	if err == nil {
		err = u.db.write.WithContext(ctx).Exec(`UPDATE users SET password = ? WHERE id = ? AND password = ?`, hash, id, old).Error
	}
	if err != nil {
		return fmt.Errorf("hash the password of user %s again: %w", id, err)
	}
	return nil
}

// Known reports whether a name is that of a user, and of which tenant's. It is for the audit log only: people type passwords into the field for the name.
func (u *Users) Known(ctx context.Context, name string) (core.TenantID, bool, error) {
	var tenants []string
	if err := u.db.read.WithContext(ctx).Table(kindUser).Where("name = ?", lookupName(name)).Pluck("tenant", &tenants).Error; err != nil {
		return "", false, fmt.Errorf("look up a name: %w", err)
	}
	if len(tenants) == 0 {
		return "", false, nil
	}
	return core.TenantID(tenants[0]), true, nil
}

// HasAdmin reports whether somebody is there who can sign in as an administrator of the whole site.
func (u *Users) HasAdmin(ctx context.Context) (bool, error) {
	found, err := exists(u.db.read.WithContext(ctx), `SELECT 1 FROM users WHERE role = ? AND tenant = '' AND disabled = 0 AND password <> ''`, string(RoleAdmin))
	if err != nil {
		return false, fmt.Errorf("look for an administrator: %w", err)
	}
	return found, nil
}

// peopleOfAgent keeps a user from becoming somebody else: the next agent of that id is another person.
func peopleOfAgent(tx *gorm.DB, agent string) error {
	if err := endSessions(tx, "user_id IN (SELECT id FROM users WHERE agent = ?)", agent); err != nil {
		return err
	}
	return tx.Exec(`UPDATE users SET agent = '', disabled = 1, version = version + 1, updated_at = ? WHERE agent = ?`, micros(now()), agent).Error
}

// peopleOfTenant removes who and what goes with a tenant.
func peopleOfTenant(tx *gorm.DB, tenant string) error {
	return errors.Join(tx.Exec(`DELETE FROM users WHERE tenant = ?`, tenant).Error, tx.Exec(`DELETE FROM teams WHERE tenant = ?`, tenant).Error)
}
