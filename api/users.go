package api

import (
	"net/http"
	"time"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

type userItem struct {
	models.User
	HasPassword   bool      `json:"has_password"`            // without one the user cannot sign in
	PasswordUntil time.Time `json:"password_until,omitzero"` // it is one that somebody else has chosen
	Version       int64     `json:"version"`
}

type teamItem struct {
	models.Team
	Version int64 `json:"version"`
}

var users = resource[models.User, models.User]{
	kind: "user", quiet: true,
	repo:    func(s *Server) Repository[models.User] { return s.Users },
	decoded: func(u models.User) models.User { return u },
	item: func(_ sight, _ View, row Versioned[models.User]) any {
		return userItem{User: row.Value, HasPassword: row.Value.HasPassword, PasswordUntil: row.Value.PasswordUntil, Version: row.Version}
	},
	id:     func(u *models.User) *string { return &u.ID },
	tenant: func(u models.User) core.TenantID { return u.Tenant },
	spared: func(p Principal, u models.User, next *models.User) *Error {
		if u.ID == p.User && (next == nil || next.Disabled || next.Role != u.Role) {
			return &Error{Code: CodeConflict, Message: "you cannot delete, disable or demote yourself: the last way in could be lost"}
		}
		return nil
	},
}

var teams = resource[models.Team, models.Team]{
	kind: "team", quiet: true,
	repo:    func(s *Server) Repository[models.Team] { return s.Teams },
	decoded: func(t models.Team) models.Team { return t },
	item: func(_ sight, _ View, row Versioned[models.Team]) any {
		return teamItem{Team: row.Value, Version: row.Version}
	},
	id:      func(t *models.Team) *string { return &t.ID },
	tenant:  func(t models.Team) core.TenantID { return t.Tenant },
	visible: func(see sight, t models.Team) bool { return see.team(t.ID) },
}

// setPassword gives a user a password, and ends all of its sessions. One's own is changed with the old one at hand.
func (s *Server) setPassword(r *request) (reply, error) {
	row, err := users.find(s, r)
	if err != nil {
		return reply{}, err
	}
	if row.Value.ID == r.who.User {
		return reply{}, &Error{Code: CodeConflict, Message: "change your own password with POST /api/v1/me/password"}
	}
	var body struct {
		Password  string `json:"password"`
		Temporary bool   `json:"temporary"` // to be changed with the next sign-in
	}
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	if body.Temporary {
		err = s.Accounts.SetTemporaryPassword(r.ctx(), row.Value.ID, body.Password)
	} else {
		err = s.Accounts.SetPassword(r.ctx(), row.Value.ID, body.Password, "")
	}
	if err != nil {
		return reply{}, err
	}
	s.rechecks.user(row.Value.ID)
	s.audit(r, "user/"+row.Value.ID, row.Value.Tenant, map[string]bool{"temporary": body.Temporary})
	return reply{status: http.StatusNoContent}, nil
}
