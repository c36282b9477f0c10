package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/figures"
)

// Database fills in everything that the API keeps in the database.
func (c Config) Database(db *models.DB) Config {
	setup := db.Config()
	s := stored{db}
	c.Tenants = repository[models.Tenant, core.TenantID]{
		list: func(ctx context.Context, only core.TenantID) ([]models.Versioned[models.Tenant], error) {
			all, err := setup.Tenants(ctx)
			if only == "" || err != nil {
				return all, err
			}
			return keepIf(all, func(t models.Versioned[models.Tenant]) bool { return t.Setup.ID == only }), nil
		},
		get: setup.Tenant, create: setup.CreateTenant, update: setup.UpdateTenant, remove: setup.DeleteTenant,
	}
	c.EntryPoints = repository[core.EntryPoint, core.EntryPointID]{setup.EntryPoints, setup.EntryPoint, setup.CreateEntryPoint, setup.UpdateEntryPoint, setup.DeleteEntryPoint}
	c.Hours = repository[models.Hours, core.HoursID]{setup.Hours, setup.OneHours, setup.CreateHours, setup.UpdateHours, setup.DeleteHours}
	c.Queues = repository[core.Queue, core.QueueID]{setup.Queues, setup.Queue, setup.CreateQueue, setup.UpdateQueue, setup.DeleteQueue}
	c.Agents = repository[core.AgentSetup, core.AgentID]{setup.Agents, setup.Agent, setup.CreateAgent, setup.UpdateAgent, setup.DeleteAgent}
	accounts := db.Users()
	c.Users = unruled(accounts.List, accounts.User, accounts.Create, accounts.Update, accounts.Delete)
	c.Teams = unruled(accounts.Teams, accounts.Team, accounts.CreateTeam, accounts.UpdateTeam, accounts.DeleteTeam)
	c.Accounts, c.Sessions, c.Together = s, storedSessions{db.Sessions()}, s
	c.Site, c.Tokens, c.Answers, c.Audit, c.History, c.CRM = s, s, s, s, s, s
	c.Measures = storedMeasures{db.Measures()}
	return c.linesOf(db)
}

func keepIf[T any](all []T, keep func(T) bool) []T {
	var out []T
	for _, v := range all {
		if keep(v) {
			out = append(out, v)
		}
	}
	return out
}

// fromModels puts the errors of the database into the words of the API. Of several broken rules the first names the field; all are in the
// message.
func fromModels(err error) error {
	var broken models.Invalid
	switch {
	case err == nil:
		return nil
	case errors.As(err, &broken) && len(broken) > 0:
		e := invalid(broken[0].Field, broken[0].Rule)
		if len(broken) > 1 {
			e.Message += " (and: " + broken[1:].Error() + ")"
		}
		return e
	case errors.Is(err, models.ErrNotFound):
		return ErrNotFound
	case errors.Is(err, models.ErrExists):
		return ErrConflict
	case errors.Is(err, models.ErrTasksFull):
		return ErrTasksFull
	case errors.Is(err, models.ErrVersion):
		return ErrVersion
	case errors.Is(err, models.ErrKeyReused):
		return ErrKeyReused
	case errors.Is(err, models.ErrInProgress):
		return ErrInProgress
	case errors.Is(err, models.ErrCursor):
		return invalid("cursor", "is not the cursor of an earlier page")
	case models.Outage(err):
		return fmt.Errorf("%w (%w)", ErrDatabase, err)
	default:
		return err
	}
}

// repository is a [Repository] on the functions that models has for one kind.
type repository[T any, ID ~string] struct {
	list   func(context.Context, core.TenantID) ([]models.Versioned[T], error)
	get    func(context.Context, ID) (models.Versioned[T], error)
	create func(context.Context, T) (models.Versioned[T], core.ConfigChanged, error)
	update func(context.Context, T, int64) (models.Versioned[T], core.ConfigChanged, error)
	remove func(context.Context, ID, int64) (core.ConfigChanged, error)
}

// unruled makes a repository of what the rules know nothing of: no change to it is one of their configuration.
func unruled[T any](
	list func(context.Context, core.TenantID) ([]models.Versioned[T], error),
	get func(context.Context, string) (models.Versioned[T], error),
	create func(context.Context, T) (models.Versioned[T], error),
	update func(context.Context, T, int64) (models.Versioned[T], error),
	remove func(context.Context, string, int64) error,
) repository[T, string] {
	return repository[T, string]{
		list: list, get: get,
		create: func(ctx context.Context, value T) (models.Versioned[T], core.ConfigChanged, error) {
			row, err := create(ctx, value)
			return row, core.ConfigChanged{}, err
		},
		update: func(ctx context.Context, value T, version int64) (models.Versioned[T], core.ConfigChanged, error) {
			row, err := update(ctx, value, version)
			return row, core.ConfigChanged{}, err
		},
		remove: func(ctx context.Context, id string, version int64) (core.ConfigChanged, error) {
			return core.ConfigChanged{}, remove(ctx, id, version)
		},
	}
}

func (r repository[T, ID]) List(ctx context.Context, tenant core.TenantID) ([]Versioned[T], error) {
	rows, err := r.list(ctx, tenant)
	if err != nil {
		return nil, fromModels(err)
	}
	out := make([]Versioned[T], len(rows))
	for i, row := range rows {
		out[i] = Versioned[T]{row.Setup, row.Version}
	}
	return out, nil
}

func (r repository[T, ID]) Get(ctx context.Context, id string) (Versioned[T], error) {
	row, err := r.get(ctx, ID(id))
	return Versioned[T]{row.Setup, row.Version}, fromModels(err)
}

func (r repository[T, ID]) Create(ctx context.Context, value T) (Versioned[T], core.ConfigChanged, error) {
	row, change, err := r.create(ctx, value)
	return Versioned[T]{row.Setup, row.Version}, change, fromModels(err)
}

func (r repository[T, ID]) Replace(ctx context.Context, value T, version int64) (Versioned[T], core.ConfigChanged, error) {
	row, change, err := r.update(ctx, value, version)
	return Versioned[T]{row.Setup, row.Version}, change, fromModels(err)
}

func (r repository[T, ID]) Delete(ctx context.Context, id string, version int64) (core.ConfigChanged, error) {
	change, err := r.remove(ctx, ID(id), version)
	return change, fromModels(err)
}

// stored is everything else that is in the database.
type stored struct{ db *models.DB }

func (s stored) Site(ctx context.Context) (Versioned[core.Site], error) {
	row, err := s.db.Config().Site(ctx)
	return Versioned[core.Site]{row.Setup, row.Version}, fromModels(err)
}

// ReplaceSite implements [SiteLimits]. Version and change are compared here: changes of the set-up come one after another in this process (see
// [Server.setup]), and only the shard's owner makes any.
func (s stored) ReplaceSite(ctx context.Context, site core.Site, version int64) (Versioned[core.Site], core.ConfigChanged, error) {
	if version != 0 {
		now, err := s.db.Config().Site(ctx)
		if err != nil {
			return Versioned[core.Site]{}, core.ConfigChanged{}, fromModels(err)
		}
		if now.Version != version {
			return Versioned[core.Site]{}, core.ConfigChanged{}, ErrVersion
		}
	}
	row, change, err := s.db.Config().SetSite(ctx, site)
	return Versioned[core.Site]{row.Setup, row.Version}, change, fromModels(err)
}

func (s stored) Authenticate(ctx context.Context, secret string) (Principal, error) {
	t, err := s.db.Tokens().Authenticate(ctx, secret)
	return Principal{Token: t.ID, Name: t.Name, Role: Role(t.Role), Agent: t.Agent, Tenant: t.Tenant}, fromModels(err)
}

func tokenOf(t models.Token) Token {
	return Token{ID: t.ID, Name: t.Name, Role: Role(t.Role), Agent: t.Agent, Tenant: t.Tenant, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt}
}

func (s stored) CreateToken(ctx context.Context, t Token) (Token, string, error) {
	made, secret, err := s.db.Tokens().Create(ctx, models.Token{ID: t.ID, Name: t.Name, Role: models.Role(t.Role), Agent: t.Agent, Tenant: t.Tenant, ExpiresAt: t.ExpiresAt})
	return tokenOf(made), secret, fromModels(err)
}

func (s stored) ListTokens(ctx context.Context) ([]Token, error) {
	all, err := s.db.Tokens().List(ctx)
	var out []Token
	for _, t := range all {
		out = append(out, tokenOf(t))
	}
	return out, fromModels(err)
}

func (s stored) RevokeToken(ctx context.Context, id string) error {
	return fromModels(s.db.Tokens().Revoke(ctx, id))
}

func (s stored) Claim(ctx context.Context, key RequestKey) (Answer, bool, error) {
	a, fresh, err := s.db.Answers().Claim(ctx, models.RequestKey(key))
	return Answer(a), fresh, fromModels(err)
}

func (s stored) Keep(ctx context.Context, key RequestKey, a Answer) error {
	return fromModels(s.db.Answers().Keep(ctx, models.RequestKey(key), models.Answer(a)))
}

func (s stored) Renew(ctx context.Context, key RequestKey) error {
	return fromModels(s.db.Answers().Renew(ctx, models.RequestKey(key)))
}

func (s stored) Release(ctx context.Context, key RequestKey) error {
	return fromModels(s.db.Answers().Release(ctx, models.RequestKey(key)))
}

func (s stored) Record(ctx context.Context, row AuditRow) error {
	return fromModels(s.db.Audit().Record(ctx, models.AuditRow{
		Tenant: row.Tenant, Actor: row.Actor, Token: row.Token, Action: row.Action, Object: row.Object, Request: row.RequestID, Detail: row.Detail,
	}))
}

// Entries implements [Audit].
func (s stored) Entries(ctx context.Context, f AuditFilter) (Page[AuditEntry], error) {
	p, err := s.db.Audit().Find(ctx, models.AuditFilter{
		Paging: models.Paging(f.Paging), Tenant: f.Tenant, Actor: f.Actor, Action: f.Action, Object: f.Object, From: f.From, To: f.To,
	})
	return pageFrom(p, err, func(row models.AuditRow) AuditEntry {
		detail, _ := row.Detail.(json.RawMessage)
		return AuditEntry{
			ID: row.ID, At: row.At, Tenant: row.Tenant, Actor: row.Actor, Token: row.Token, Action: row.Action, Object: row.Object, RequestID: row.Request, Detail: detail,
		}
	})
}

// CheckPassword implements [Accounts].
func (s stored) CheckPassword(ctx context.Context, name, password string) (models.User, error) {
	row, err := s.db.Users().CheckPassword(ctx, name, password)
	return row.Setup, fromModels(err)
}

// SetPassword implements [Accounts].
func (s stored) SetPassword(ctx context.Context, user, password, keep string) error {
	return fromModels(s.db.Users().SetPassword(ctx, user, password, keep))
}

// SetTemporaryPassword implements [Accounts].
func (s stored) SetTemporaryPassword(ctx context.Context, user, password string) error {
	return fromModels(s.db.Users().SetTemporaryPassword(ctx, user, password))
}

// Known implements [Accounts].
func (s stored) Known(ctx context.Context, name string) (core.TenantID, bool, error) {
	tenant, known, err := s.db.Users().Known(ctx, name)
	return tenant, known, fromModels(err)
}

// All implements [Together].
func (s stored) All(ctx context.Context, changes []models.Change, dry bool) (core.ConfigChanged, error) {
	change, err := s.db.Config().All(ctx, changes, dry)
	return change, fromModels(err)
}

// storedSessions is a [Sessions] in the database.
type storedSessions struct{ in *models.Sessions }

func (s storedSessions) Begin(ctx context.Context, user, address, browser string, life time.Duration) (models.Session, string, error) {
	made, secret, err := s.in.Begin(ctx, user, address, browser, life)
	return made, secret, fromModels(err)
}

func (s storedSessions) Authenticate(ctx context.Context, secret string, idle time.Duration) (models.Session, models.User, error) {
	session, user, err := s.in.Authenticate(ctx, secret, idle)
	return session, user, fromModels(err)
}

func (s storedSessions) List(ctx context.Context, user string, idle time.Duration) ([]models.Session, error) {
	all, err := s.in.List(ctx, user, idle)
	return all, fromModels(err)
}

func (s storedSessions) Session(ctx context.Context, id string) (models.Session, core.TenantID, error) {
	session, tenant, err := s.in.Session(ctx, id)
	return session, tenant, fromModels(err)
}

func (s storedSessions) End(ctx context.Context, id string) error {
	return fromModels(s.in.End(ctx, id))
}

func (s storedSessions) Familiar(ctx context.Context, name, address string) (bool, error) {
	familiar, err := s.in.Familiar(ctx, name, address)
	return familiar, fromModels(err)
}

// storedMeasures is a [Measures] in the database.
type storedMeasures struct{ in *models.Measures }

func (s storedMeasures) Behind(ctx context.Context, cursor models.MeasureCursor, from time.Time, take func(figures.Measure)) (models.MeasureCursor, error) {
	next, err := s.in.Behind(ctx, cursor, from, take)
	return next, fromModels(err)
}

func (s storedMeasures) Between(ctx context.Context, tenant core.TenantID, from, to time.Time, take func(figures.Measure)) error {
	return fromModels(s.in.Between(ctx, tenant, from, to, take))
}

// pageFrom gives a page of models with its items in the API's form.
func pageFrom[T, U any](p models.Page[T], err error, f func(T) U) (Page[U], error) {
	if err != nil {
		return Page[U]{}, fromModels(err)
	}
	out := Page[U]{Next: p.Next}
	for _, item := range p.Items {
		out.Items = append(out.Items, f(item))
	}
	return out, nil
}

func (s stored) CallRecords(ctx context.Context, f CallFilter) (Page[core.CallRecord], error) {
	p, err := s.db.History().CallRecords(ctx, models.CallFilter{
		Paging: models.Paging(f.Paging), Tenant: f.Tenant, From: f.From, To: f.To, Agent: f.Agent, Queue: f.Queue, Outcome: f.Outcome,
	})
	return pageFrom(p, err, func(r models.CallRecord) core.CallRecord { return r.CallRecord })
}

func (s stored) CallRecord(ctx context.Context, id core.CallID) (core.CallRecord, error) {
	r, err := s.db.History().CallRecord(ctx, id)
	return r.CallRecord, fromModels(err)
}

func (s stored) Timeline(ctx context.Context, id core.CallID) ([]TimelineEntry, error) {
	lines, err := s.db.History().Timeline(ctx, id)
	var out []TimelineEntry
	for _, l := range lines {
		out = append(out, TimelineEntry{Seq: l.Seq, Index: l.Index, Entry: l.Entry})
	}
	return out, fromModels(err)
}

func (s stored) Legs(ctx context.Context, id core.CallID) ([]Leg, error) {
	legs, err := s.db.History().Legs(ctx, id)
	var out []Leg
	for _, l := range legs {
		out = append(out, Leg{
			Leg: l.Leg, Role: l.Role, Agent: l.Agent, Number: l.Number, StartedAt: l.StartedAt, RingingAt: l.RingingAt, AnsweredAt: l.AnsweredAt, EndedAt: l.EndedAt,
			Outcome: l.Outcome, Cause: l.Cause,
		})
	}
	return out, fromModels(err)
}

func recordingOf(r models.Recording) Recording {
	return Recording{
		ID: r.ID, Call: r.Call, Tenant: r.Tenant, Agent: r.Agent, Consult: r.About == core.RecordingOfConsult, State: string(r.State), StartedAt: r.StartedAt, Length: Seconds(r.Length),
		Size: r.Size, SHA256: r.SHA256, Error: r.Error, DiscardedAt: r.DiscardedAt, DiscardedBy: r.DiscardedBy, Key: r.Object, Type: r.MediaType,
	}
}

func (s stored) Recordings(ctx context.Context, f RecordingFilter) (Page[Recording], error) {
	p, err := s.db.Recordings().List(ctx, models.RecordingFilter{Paging: models.Paging(f.Paging), Tenant: f.Tenant, Call: f.Call})
	return pageFrom(p, err, recordingOf)
}

func (s stored) Recording(ctx context.Context, id core.RecordingID) (Recording, error) {
	r, err := s.db.Recordings().Recording(ctx, id)
	return recordingOf(r), fromModels(err)
}

func (s stored) Alerts(ctx context.Context, f AlertFilter) (Page[Alert], error) {
	p, err := s.db.History().Alerts(ctx, f.Tenant, models.Paging(f.Paging))
	return pageFrom(p, err, func(a models.Alert) Alert { return Alert(a) })
}

// people brings the number of a filter into the form in which numbers are kept: as one of the tenant's region, where the filter names the
// tenant. What is no number finds nothing.
func (s stored) people(ctx context.Context, f PeopleFilter) (models.PeopleFilter, error) {
	out := models.PeopleFilter{Paging: models.Paging(f.Paging), Tenant: f.Tenant, Number: f.Number, Search: f.Search}
	if f.Number == "" {
		return out, nil
	}
	region := ""
	if f.Tenant != "" {
		t, err := s.db.Config().Tenant(ctx, f.Tenant)
		if err != nil && !errors.Is(err, models.ErrNotFound) {
			return out, err
		}
		region = t.Setup.Region
	}
	normal, problem := models.NormalNumber(f.Number, region)
	if problem != models.NumberOK {
		return out, invalid("number", "must be a telephone number with its country code, or one of the tenant's region")
	}
	out.Number = normal
	return out, nil
}

func (s stored) Leads(ctx context.Context, f PeopleFilter) (Page[Lead], error) {
	g, err := s.people(ctx, f)
	if err != nil {
		return Page[Lead]{}, err
	}
	p, err := s.db.CRM().Leads(ctx, g)
	return pageFrom(p, err, func(l models.Lead) Lead {
		return Lead{ID: l.ID, Tenant: l.Tenant, Number: l.Number, Name: l.Name, Source: l.Source, Status: l.Status, Call: l.Call, Contact: l.Contact, CreatedAt: l.CreatedAt}
	})
}

func (s stored) Contacts(ctx context.Context, f PeopleFilter) (Page[Contact], error) {
	g, err := s.people(ctx, f)
	if err != nil {
		return Page[Contact]{}, err
	}
	p, err := s.db.CRM().Contacts(ctx, g)
	return pageFrom(p, err, contactOf)
}

func contactOf(c models.Contact) Contact {
	return Contact{ID: c.ID, Tenant: c.Tenant, Name: c.Name, Company: c.Company, Numbers: c.Numbers, Owner: c.Owner, Version: c.Version, CreatedAt: c.CreatedAt}
}

func keptContact(c Contact) models.Contact {
	return models.Contact{ID: c.ID, Tenant: c.Tenant, Name: c.Name, Company: c.Company, Numbers: c.Numbers, Owner: c.Owner}
}

func (s stored) CreateContact(ctx context.Context, c Contact) (Contact, error) {
	made, err := s.db.CRM().CreateContact(ctx, keptContact(c))
	return contactOf(made), fromModels(err)
}

func (s stored) Contact(ctx context.Context, id string) (Contact, error) {
	c, err := s.db.CRM().Contact(ctx, id)
	return contactOf(c), fromModels(err)
}

func (s stored) ReplaceContact(ctx context.Context, c Contact, version int64) (Contact, error) {
	kept, err := s.db.CRM().ReplaceContact(ctx, keptContact(c), version)
	return contactOf(kept), fromModels(err)
}

func (s stored) DeleteContact(ctx context.Context, tenant core.TenantID, id string, version int64) error {
	return fromModels(s.db.CRM().DeleteContact(ctx, tenant, id, version))
}

func (s stored) Exclusions(ctx context.Context, f ExclusionFilter) (Page[Exclusion], error) {
	page, err := s.db.CRM().Exclusions(ctx, models.ExclusionFilter{Paging: models.Paging(f.Paging), Tenant: f.Tenant, Search: f.Search})
	return pageFrom(page, err, func(x models.Exclusion) Exclusion { return Exclusion(x) })
}

func (s stored) Exclude(ctx context.Context, x Exclusion) (Exclusion, error) {
	kept, err := s.db.CRM().Exclude(ctx, models.Exclusion(x))
	return Exclusion(kept), fromModels(err)
}

func (s stored) EndExclusion(ctx context.Context, tenant core.TenantID, number string) error {
	return fromModels(s.db.CRM().EndExclusion(ctx, tenant, number))
}

func taskOf(t models.Task) Task {
	return Task{
		ID: t.ID, Tenant: t.Tenant, Agent: t.Agent, Call: t.Call, Title: t.Title, Due: t.Due, CreatedAt: t.CreatedAt, DoneAt: t.DoneAt,
		Contact: t.Contact, Lead: t.Lead, Number: t.Number, Name: t.Name,
	}
}

func (s stored) Tasks(ctx context.Context, f TaskFilter) (Page[Task], error) {
	p, err := s.db.CRM().Tasks(ctx, models.TaskFilter{Paging: models.Paging(f.Paging), Tenant: f.Tenant, Agent: f.Agent, Call: f.Call, State: models.TaskState(f.State)})
	return pageFrom(p, err, taskOf)
}

func (s stored) Task(ctx context.Context, id string) (Task, error) {
	t, err := s.db.CRM().Task(ctx, id)
	return taskOf(t), fromModels(err)
}

func (s stored) CreateTask(ctx context.Context, t Task) (Task, error) {
	made, err := s.db.CRM().CreateTask(ctx, models.Task{ID: t.ID, Tenant: t.Tenant, Agent: t.Agent, Call: t.Call, Title: t.Title, Due: t.Due})
	return taskOf(made), fromModels(err)
}

func (s stored) FinishTask(ctx context.Context, id string, done bool) error {
	return fromModels(s.db.CRM().FinishTask(ctx, id, done))
}
