package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Passwords sets the passwords of phones and trunks. They can be set, and never be read.
type Passwords interface {
	// SetPhonePassword gives a phone a password, or makes one where it is ""; only one that was made is returned. A password that breaks a rule gives an *[Error] with
	// field "password".
	SetPhonePassword(ctx context.Context, phone, password string) (made string, err error)
	SetTrunkPassword(ctx context.Context, trunk, password string) error
}

// Lines is who writes phones and trunks into the switches' configuration. Its methods are safe for concurrent use and never wait for a switch.
type Lines interface {
	// Changed says that phones or trunks have changed in the database.
	Changed()
	// Standing tells how it is with a switch's phones and trunks; false where they are not Tandem's affair.
	Standing(engine core.EngineID) (Standing, bool)
}

// Standing is how it is with the phones and trunks of one switch.
type Standing struct {
	State   LinesState `json:"state"`
	Since   time.Time  `json:"since,omitzero"`    // of the state
	Problem string     `json:"problem,omitempty"` // why it failed, for people
	Phones  int        `json:"phones"`            // that are set up there
	// Registered are the names of the phones that can be reached; nil = not known.
	Registered []string `json:"-"`
	// Trunks says of each trunk whether the carrier answers; one that is not in it is not known.
	Trunks map[string]TrunkState `json:"-"`
	// Blocked are the addresses from which too many wrong passwords have come, of which the switch takes nothing for a while.
	Blocked []string `json:"blocked,omitempty"`
}

// LinesState says whether a switch has what is set up.
type LinesState string

// The states.
const (
	LinesApplied LinesState = "applied" // the switch has what is set up
	LinesWaiting LinesState = "waiting" // it is not connected, or is being told just now
	LinesFailed  LinesState = "failed"  // it could not be told; it keeps what it had
)

// TrunkState is how a trunk is doing, as its switch sees it.
type TrunkState string

// The states of trunks.
const (
	TrunkUp   TrunkState = "up"
	TrunkDown TrunkState = "down"
)

// noLines is where this process writes to no switch.
type noLines struct{}

func (noLines) Changed() {}

func (noLines) Standing(core.EngineID) (Standing, bool) { return Standing{}, false }

// phoneItem is a phone in an answer.
type phoneItem struct {
	models.Phone
	HasPassword bool      `json:"has_password"` // without one it cannot register
	PasswordAt  time.Time `json:"password_at,omitzero"`
	Registered  *bool     `json:"registered,omitempty"` // missing = not known
	Version     int64     `json:"version"`
}

type trunkSetupItem struct {
	models.Trunk
	HasPassword bool         `json:"has_password"`
	PasswordAt  time.Time    `json:"password_at,omitzero"`
	Switches    []trunkStand `json:"switches"` // those that have it, as far as they are known to have it
	Version     int64        `json:"version"`
}

type trunkStand struct {
	Engine core.EngineID `json:"engine"`
	State  TrunkState    `json:"state"`
}

var phones = resource[models.Phone, models.Phone]{
	kind: "phone", quiet: true, line: true,
	repo:    func(s *Server) Repository[models.Phone] { return s.Phones },
	decoded: func(p models.Phone) models.Phone { return p },
	item: func(_ sight, _ View, row Versioned[models.Phone]) any {
		return phoneItem{Phone: row.Value, HasPassword: row.Value.HasPassword, PasswordAt: row.Value.PasswordAt, Version: row.Version}
	},
	standing: func(s *Server, item any) any {
		p, _ := item.(phoneItem)
		p.Registered = s.registered(p.Phone)
		return p
	},
	id:      func(p *models.Phone) *string { return &p.ID },
	tenant:  func(p models.Phone) core.TenantID { return p.Tenant },
	checked: func(s *Server, p models.Phone) error { return s.checkLine(p.Engine, "user", p.User) },
}

var trunks = resource[models.Trunk, models.Trunk]{
	kind: "trunk", quiet: true, line: true, global: true,
	repo:    func(s *Server) Repository[models.Trunk] { return s.Trunks },
	decoded: func(t models.Trunk) models.Trunk { return t },
	item: func(_ sight, _ View, row Versioned[models.Trunk]) any {
		return trunkSetupItem{Trunk: row.Value, HasPassword: row.Value.HasPassword, PasswordAt: row.Value.PasswordAt, Switches: []trunkStand{}, Version: row.Version}
	},
	standing: func(s *Server, item any) any {
		t, _ := item.(trunkSetupItem)
		for _, sw := range s.Switches {
			if standing, ours := s.Lines.Standing(sw.ID); ours && (t.Engine == "" || t.Engine == sw.ID) {
				if state, known := standing.Trunks[t.ID]; known {
					t.Switches = append(t.Switches, trunkStand{sw.ID, state})
				}
			}
		}
		return t
	},
	id:      func(t *models.Trunk) *string { return &t.ID },
	tenant:  func(models.Trunk) core.TenantID { return "" },
	checked: func(s *Server, t models.Trunk) error { return s.checkLine(t.Engine, "id", t.ID) },
}

// registered tells whether a phone can be reached at a switch where it may be; nil where no such switch tells.
func (s *Server) registered(p models.Phone) *bool {
	var known *bool
	for _, sw := range s.Switches {
		standing, ours := s.Lines.Standing(sw.ID)
		if !ours || standing.Registered == nil || p.Engine != "" && p.Engine != sw.ID {
			continue
		}
		there := slices.Contains(standing.Registered, p.User)
		if known == nil || there {
			known = &there
		}
	}
	return known
}

// checkLine checks what only the process that drives the switches knows: that there is such a switch, and that a name is not a switch's, by which the others know it.
func (s *Server) checkLine(engine core.EngineID, field, name string) error {
	if len(s.Switches) == 0 {
		return nil
	}
	if engine != "" && !slices.ContainsFunc(s.Switches, func(sw Switch) bool { return sw.ID == engine }) {
		return invalid("engine", "there is no such switch")
	}
	if slices.ContainsFunc(s.Switches, func(sw Switch) bool { return strings.EqualFold(string(sw.ID), name) }) {
		return invalid(field, "is the name of a switch")
	}
	return nil
}

// setLinePassword sets the password of a phone or a trunk as `set` says, which also says what is answered and what of it is audited.
func setLinePassword[T any](s *Server, r *request, of resource[T, T], set func(row T, password string) (reply, any, error)) (reply, error) {
	row, err := of.find(s, r)
	if err != nil {
		return reply{}, err
	}
	var body struct {
		Password string `json:"password"`
	}
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	if err := s.acting(); err != nil {
		return reply{}, err
	}
	out, audited, err := set(row.Value, body.Password)
	if err != nil {
		return reply{}, err
	}
	s.Lines.Changed()
	s.audit(r, of.kind+"/"+*of.id(&row.Value), of.tenant(row.Value), audited)
	return out, nil
}

// setPhonePassword gives a phone a password. One that was made is in the answer, and nowhere else ever again.
func (s *Server) setPhonePassword(r *request) (reply, error) {
	return setLinePassword(s, r, phones, func(p models.Phone, password string) (reply, any, error) {
		made, err := s.Passwords.SetPhonePassword(r.ctx(), p.ID, password)
		out, _ := ok(phonePassword{User: p.User, Realm: models.PhoneRealm, Password: made})
		return out, map[string]bool{"made": made != ""}, err
	})
}

// phonePassword is what a phone has to be told.
type phonePassword struct {
	User     string `json:"user"`
	Realm    string `json:"realm"`
	Password string `json:"password,omitempty"` // where it was made
}

func (s *Server) setTrunkPassword(r *request) (reply, error) {
	return setLinePassword(s, r, trunks, func(t models.Trunk, password string) (reply, any, error) {
		return reply{status: http.StatusNoContent}, nil, s.Passwords.SetTrunkPassword(r.ctx(), t.ID, password)
	})
}

// phoneFile has no passwords: they would lie about in folders and mails.
var phoneFile = file[models.Phone]{
	resource: phones,
	columns: []column[models.Phone]{
		textColumn("id", func(p *models.Phone) *string { return &p.ID }),
		textColumn("tenant", func(p *models.Phone) *core.TenantID { return &p.Tenant }),
		textColumn("user", func(p *models.Phone) *string { return &p.User }),
		textColumn("name", func(p *models.Phone) *string { return &p.Name }),
		textColumn("engine", func(p *models.Phone) *core.EngineID { return &p.Engine }),
		listColumn("codecs", func(p *models.Phone) *[]models.Codec { return &p.Codecs }),
		textColumn("transport", func(p *models.Phone) *models.Transport { return &p.Transport }),
		textColumn("encryption", func(p *models.Phone) *models.Encryption { return &p.Encryption }),
	},
	read: func(ctx context.Context, db *models.DB, id string) (models.Phone, error) {
		row, err := db.Lines(nil).Phone(ctx, id)
		return row.Setup, err
	},
	write: func(ctx context.Context, db *models.DB, p models.Phone, there bool) (_ core.ConfigChanged, err error) {
		if there {
			_, err = db.Lines(nil).UpdatePhone(ctx, p, 0)
		} else {
			_, err = db.Lines(nil).CreatePhone(ctx, p)
		}
		return core.ConfigChanged{}, err
	},
}

// linesOf fills in what the database keeps of phones and trunks.
func (c Config) linesOf(db *models.DB) Config {
	l := db.Lines(c.Key)
	c.Passwords = storedPasswords{l}
	c.Phones = unruled(l.Phones, l.Phone, l.CreatePhone, l.UpdatePhone, l.DeletePhone)
	all := func(ctx context.Context, _ core.TenantID) ([]models.Versioned[models.Trunk], error) {
		return l.Trunks(ctx)
	}
	c.Trunks = unruled(all, l.Trunk, l.CreateTrunk, l.UpdateTrunk, l.DeleteTrunk)
	return c
}

type storedPasswords struct{ lines *models.Lines }

func (s storedPasswords) SetPhonePassword(ctx context.Context, phone, password string) (string, error) {
	made, err := s.lines.SetPhonePassword(ctx, phone, password)
	return made, fromModels(err)
}

func (s storedPasswords) SetTrunkPassword(ctx context.Context, trunk, password string) error {
	return fromModels(s.lines.SetTrunkPassword(ctx, trunk, password))
}
