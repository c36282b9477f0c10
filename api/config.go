package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// resource is one kind of set-up with its five operations: T in core's words, W on the wire.
type resource[T, W any] struct {
	kind    string // for the audit log
	repo    func(*Server) Repository[T]
	decoded func(W) T
	item    func(see sight, v View, row Versioned[T]) any // what is answered: the set-up, its version, what is going on with it
	id      func(*T) *string                              // where the id is
	tenant  func(T) core.TenantID
	global  bool                               // belongs to the site: who belongs to one tenant may not change it
	quiet   bool                               // the rules know nothing of it: the shard is not told, and need not be ours
	line    bool                               // it is written into the switches' configuration, by the shard's owner
	visible func(see sight, value T) bool      // optional, beyond the tenant
	confirm func(value T, typed string) *Error // optional: what deleting asks for
	// spared is optional: what the principal must not do to a row, where next is what would be put in its place, nil = it would be deleted.
	spared func(p Principal, value T, next *T) *Error
	// checked is optional: what only the process that drives the switches can tell to be wrong.
	checked func(s *Server, value T) error
	// standing is optional: it adds to an item how the switches find it.
	standing func(s *Server, item any) any
}

// shown is what is answered of a row.
func (res resource[T, W]) shown(s *Server, r *request, view View, row Versioned[T]) any {
	item := res.item(r.sees, view, row)
	if res.standing != nil {
		item = res.standing(s, item)
	}
	return item
}

type list[T any] struct {
	Items []T `json:"items"`
}

// live is what goes with a list of what is going on: the position of the view it was read from.
type live[T any] struct {
	Position uint64 `json:"position"`
	Items    []T    `json:"items"`
}

func (res resource[T, W]) sees(see sight, value T) bool {
	return see.tenantAllowed(res.tenant(value)) && (res.visible == nil || res.visible(see, value))
}

// acting refuses changes where nobody would hear of them.
func (res resource[T, W]) acting(s *Server) error {
	if res.quiet && !res.line {
		return nil
	}
	return s.acting()
}

// changed keeps what was done, and tells the shard.
func (res resource[T, W]) changed(s *Server, r *request, id string, tenant core.TenantID, detail any, change core.ConfigChanged) error {
	if res.line {
		s.Lines.Changed()
		s.audit(r, res.kind+"/"+id, tenant, detail)
		return nil
	}
	if res.quiet { // users and teams: what somebody may see
		s.rechecks.everybody()
		s.audit(r, res.kind+"/"+id, tenant, detail)
		return nil
	}
	return s.changed(r, res.kind+"/"+id, tenant, detail, change)
}

func (res resource[T, W]) list(s *Server, r *request) (reply, error) {
	tenant, err := r.tenant()
	if err != nil {
		return reply{}, err
	}
	rows, err := res.repo(s).List(r.ctx(), tenant)
	if err != nil {
		return reply{}, err
	}
	view := s.Live.View()
	out := live[any]{Position: view.Position(), Items: []any{}}
	for _, row := range rows {
		if res.sees(r.sees, row.Value) {
			out.Items = append(out.Items, res.shown(s, r, view, row))
		}
	}
	return ok(out)
}

// find reads the row that the path names. What the principal may not see does not exist.
func (res resource[T, W]) find(s *Server, r *request) (Versioned[T], error) {
	id, err := r.id()
	if err != nil {
		return Versioned[T]{}, err
	}
	row, err := res.repo(s).Get(r.ctx(), id)
	if err != nil {
		return Versioned[T]{}, err
	}
	if !res.sees(r.sees, row.Value) {
		return Versioned[T]{}, ErrNotFound
	}
	return row, nil
}

func (res resource[T, W]) get(s *Server, r *request) (reply, error) {
	row, err := res.find(s, r)
	if err != nil {
		return reply{}, err
	}
	r.Header("ETag", etag(row.Version))
	return ok(res.shown(s, r, s.Live.View(), row))
}

// read decodes the body and checks that it stays within the principal's tenant.
func (res resource[T, W]) read(r *request) (T, error) {
	var w W
	if err := r.decode(&w); err != nil {
		var zero T
		return zero, err
	}
	value := res.decoded(w)
	if (res.global && r.who.Tenant != "") || !r.who.tenantAllowed(res.tenant(value)) {
		return value, &Error{Code: CodeForbidden, Message: "you belong to another tenant", Field: "tenant"}
	}
	return value, nil
}

func (res resource[T, W]) create(s *Server, r *request) (reply, error) {
	value, err := res.read(r)
	if err != nil {
		return reply{}, err
	}
	if res.checked != nil {
		if err := res.checked(s, value); err != nil {
			return reply{}, err
		}
	}
	id := res.id(&value)
	derived := *id == ""
	if derived {
		// From the command, so that the same request again after a crash finds what the first one made.
		*id = strings.TrimPrefix(string(r.command), "api-")
	} else if !identifier.MatchString(*id) || len(*id) > 64 {
		return reply{}, invalid("id", "must have 1 to 64 letters, digits or : _ . @ + -, and begin with a letter or digit")
	}
	if err := res.acting(s); err != nil {
		return reply{}, err
	}
	s.setup.Lock()
	defer s.setup.Unlock()
	row, change, err := res.repo(s).Create(r.ctx(), value)
	if derived && errors.Is(err, ErrConflict) {
		if made, getErr := res.repo(s).Get(r.ctx(), *id); getErr == nil {
			// The shard may not have heard of it: replacing it by itself tells.
			row, change, err = res.repo(s).Replace(r.ctx(), made.Value, made.Version)
		}
	}
	if err != nil {
		return reply{}, err
	}
	if err := res.changed(s, r, *res.id(&row.Value), res.tenant(row.Value), row.Value, change); err != nil {
		return reply{}, err
	}
	r.Header("ETag", etag(row.Version))
	return reply{status: http.StatusCreated, body: res.shown(s, r, s.Live.View(), row)}, nil
}

func (res resource[T, W]) replace(s *Server, r *request) (reply, error) {
	version, err := ifMatch(r)
	if err != nil {
		return reply{}, err
	}
	value, err := res.read(r)
	if err != nil {
		return reply{}, err
	}
	before, err := res.find(s, r)
	if err != nil {
		return reply{}, err
	}
	id, named := res.id(&value), *res.id(&before.Value)
	if *id != "" && *id != named {
		return reply{}, invalid("id", "must be the id of the path, or left out")
	}
	*id = named
	if res.checked != nil {
		if err := res.checked(s, value); err != nil {
			return reply{}, err
		}
	}
	if res.spared != nil {
		if e := res.spared(r.who, before.Value, &value); e != nil {
			return reply{}, e
		}
	}
	if err := res.acting(s); err != nil {
		return reply{}, err
	}
	s.setup.Lock()
	defer s.setup.Unlock()
	row, change, err := res.repo(s).Replace(r.ctx(), value, version)
	if err != nil {
		return reply{}, err
	}
	if err := res.changed(s, r, named, res.tenant(row.Value), row.Value, change); err != nil {
		return reply{}, err
	}
	r.Header("ETag", etag(row.Version))
	return ok(res.shown(s, r, s.Live.View(), row))
}

func (res resource[T, W]) remove(s *Server, r *request) (reply, error) {
	version, err := ifMatch(r)
	if err != nil {
		return reply{}, err
	}
	row, err := res.find(s, r)
	if err != nil {
		return reply{}, err
	}
	if res.global && r.who.Tenant != "" {
		return reply{}, &Error{Code: CodeForbidden, Message: errSite.Message}
	}
	if res.spared != nil {
		if e := res.spared(r.who, row.Value, nil); e != nil {
			return reply{}, e
		}
	}
	if res.confirm != nil {
		typed, err := r.text("confirm", 64)
		if err != nil {
			return reply{}, err
		}
		if e := res.confirm(row.Value, typed); e != nil {
			return reply{}, e
		}
	}
	if err := res.acting(s); err != nil {
		return reply{}, err
	}
	s.setup.Lock()
	defer s.setup.Unlock()
	change, err := res.repo(s).Delete(r.ctx(), *res.id(&row.Value), version)
	if err != nil {
		return reply{}, err
	}
	if err := res.changed(s, r, *res.id(&row.Value), res.tenant(row.Value), nil, change); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusNoContent}, nil
}

// acting refuses changes of the set-up where nobody would hear of them.
func (s *Server) acting() error {
	if !s.Live.Status().Owner {
		return ErrNotOwner
	}
	return nil
}

// changed audits a change that is in the database and tells the shard. If the shard cannot be told, the client hears so; the shard
// reads the whole set-up again when it starts.
func (s *Server) changed(r *request, object string, tenant core.TenantID, detail any, change core.ConfigChanged) error {
	s.rosters.forget()
	s.rechecks.tell(func(p Principal) bool { return p.ByTeam || p.Role == Agent }) // who is of which team, whose numbers are protected, who is no agent any more
	s.audit(r, object, tenant, detail)
	ctx, cancel := bookkeeping(r)
	defer cancel()
	return s.Live.Config(ctx, change)
}

// audit keeps what has been done. It cannot be undone any more, so a failure to write is logged loudly and not answered.
func (s *Server) audit(r *request, object string, tenant core.TenantID, detail any) {
	if err := s.mustAudit(r, object, tenant, detail); err != nil {
		s.Log.Error("could not write the audit log", "route", r.op(), "object", object, "who", r.who.actor(), "request", r.requestID, "error", err)
	}
}

func (s *Server) mustAudit(r *request, object string, tenant core.TenantID, detail any) error {
	ctx, cancel := bookkeeping(r)
	defer cancel()
	return s.Audit.Record(ctx, AuditRow{
		Actor: r.who.actor(), Token: r.who.credential(), Action: r.op(), Object: object, Tenant: tenant, RequestID: r.requestID, Detail: detail,
	})
}

func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// ifMatch reads the version that the client has seen; 0 = it does not say, or any.
func ifMatch(r *request) (int64, error) {
	v := strings.TrimSpace(r.GetHeader("If-Match"))
	if v == "" || v == "*" {
		return 0, nil
	}
	n, err := strconv.ParseInt(strings.Trim(v, `"`), 10, 64)
	if err != nil || n < 1 {
		return 0, invalid("If-Match", `must be the ETag of an earlier answer, like "3"`)
	}
	return n, nil
}

type tenantItem struct {
	models.Tenant
	Version int64 `json:"version"`
}

type entryPointItem struct {
	entryPointWire
	Version int64 `json:"version"`
}

type queueItem struct {
	queueWire
	Version int64           `json:"version"`
	Live    *core.QueueView `json:"live,omitempty"`
}

type agentItem struct {
	core.AgentSetup
	Version int64           `json:"version"`
	Live    *core.AgentView `json:"live,omitempty"`
}

var tenants = resource[models.Tenant, models.Tenant]{
	kind: "tenant", global: true,
	repo:    func(s *Server) Repository[models.Tenant] { return s.Tenants },
	decoded: func(t models.Tenant) models.Tenant { return t },
	item: func(_ sight, _ View, row Versioned[models.Tenant]) any {
		return tenantItem{Tenant: row.Value, Version: row.Version}
	},
	id:     func(t *models.Tenant) *string { return (*string)(&t.ID) },
	tenant: func(t models.Tenant) core.TenantID { return t.ID },
}

var entryPoints = resource[core.EntryPoint, entryPointWire]{
	kind:    "entry-point",
	repo:    func(s *Server) Repository[core.EntryPoint] { return s.EntryPoints },
	decoded: entryPointWire.core,
	item: func(_ sight, _ View, row Versioned[core.EntryPoint]) any {
		return entryPointItem{entryPointWire: entryPointToWire(row.Value), Version: row.Version}
	},
	id:      func(e *core.EntryPoint) *string { return (*string)(&e.ID) },
	tenant:  func(e core.EntryPoint) core.TenantID { return e.Tenant },
	visible: sight.entryPoint,
	confirm: func(e core.EntryPoint, typed string) *Error { // N3
		if len(e.Numbers) > 0 && !slices.Contains(e.Numbers, typed) {
			return invalid("confirm", "must be a number of this entry point: deleting it cannot be undone")
		}
		return nil
	},
}

var queues = resource[core.Queue, queueWire]{
	kind:    "queue",
	repo:    func(s *Server) Repository[core.Queue] { return s.Queues },
	decoded: queueWire.core,
	item: func(see sight, v View, row Versioned[core.Queue]) any {
		out := queueItem{queueWire: queueToWire(row.Value), Version: row.Version}
		if now, found := v.Queue(row.Value.ID); found {
			now = see.shown(now)
			out.Live = &now
		}
		return out
	},
	id:      func(q *core.Queue) *string { return (*string)(&q.ID) },
	tenant:  func(q core.Queue) core.TenantID { return q.Tenant },
	visible: func(see sight, q core.Queue) bool { return see.queue(q.Tenant, q.ID) },
}

var agents = resource[core.AgentSetup, core.AgentSetup]{
	kind:    "agent",
	repo:    func(s *Server) Repository[core.AgentSetup] { return s.Agents },
	decoded: func(a core.AgentSetup) core.AgentSetup { return a },
	item: func(_ sight, v View, row Versioned[core.AgentSetup]) any {
		out := agentItem{AgentSetup: row.Value, Version: row.Version}
		if now, found := v.Agent(row.Value.ID); found {
			out.Live = &now
		}
		return out
	},
	id:      func(a *core.AgentSetup) *string { return (*string)(&a.ID) },
	tenant:  func(a core.AgentSetup) core.TenantID { return a.Tenant },
	visible: func(see sight, a core.AgentSetup) bool { return see.agent(a.Tenant, a.ID) },
}

// siteItem is the limits of the whole site on the wire.
type siteItem struct {
	core.Site
	Version int64 `json:"version"`
}

func (s *Server) getSite(r *request) (reply, error) {
	site, err := s.Site.Site(r.ctx())
	if err != nil {
		return reply{}, err
	}
	r.Header("ETag", etag(site.Version))
	return ok(siteItem{site.Value, site.Version})
}

func (s *Server) replaceSite(r *request) (reply, error) {
	version, err := ifMatch(r)
	if err != nil {
		return reply{}, err
	}
	var site core.Site
	if err := r.decode(&site); err != nil {
		return reply{}, err
	}
	if site.MaxCalls < 0 {
		return reply{}, invalid("max_calls", "must be 0 (no limit) or more")
	}
	if err := s.acting(); err != nil {
		return reply{}, err
	}
	s.setup.Lock()
	defer s.setup.Unlock()
	row, change, err := s.Site.ReplaceSite(r.ctx(), site, version)
	if err != nil {
		return reply{}, err
	}
	if err := s.changed(r, "site", "", site, change); err != nil {
		return reply{}, err
	}
	r.Header("ETag", etag(row.Version))
	return ok(siteItem{row.Value, row.Version})
}

// reasons are the words that agents may choose from.
type reasons struct {
	Tenants []tenantReasons `json:"tenants"`
	Queues  []queueReasons  `json:"queues"`
	Rules   []string        `json:"rules"` // idle reasons that the rules set themselves
}

type tenantReasons struct {
	Tenant core.TenantID `json:"tenant"`
	Idle   []string      `json:"idle"` // empty = any text up to 64 characters
}

type queueReasons struct {
	Queue    core.QueueID `json:"queue"`
	WrapUp   []string     `json:"wrap_up"` // empty = any text up to 128 characters
	Required bool         `json:"required"`
}

func (s *Server) listReasons(r *request) (reply, error) {
	tenant, err := r.tenant()
	if err != nil {
		return reply{}, err
	}
	out := reasons{Tenants: []tenantReasons{}, Queues: []queueReasons{}, Rules: []string{core.ReasonDeclined, core.ReasonUnreachable}}
	ts, err := s.Tenants.List(r.ctx(), tenant)
	if err != nil {
		return reply{}, err
	}
	for _, t := range ts {
		if tenant == "" || t.Value.ID == tenant {
			out.Tenants = append(out.Tenants, tenantReasons{t.Value.ID, orEmpty(t.Value.IdleReasons)})
		}
	}
	qs, err := s.Queues.List(r.ctx(), tenant)
	if err != nil {
		return reply{}, err
	}
	for _, q := range qs {
		if !r.sees.queue(q.Value.Tenant, q.Value.ID) {
			continue
		}
		out.Queues = append(out.Queues, queueReasons{q.Value.ID, orEmpty(q.Value.WrapUp.Reasons), q.Value.WrapUp.Required})
	}
	return ok(out)
}

// Announce tells the shard the whole set-up, as read gives it. No change of the set-up comes in between: an older state could otherwise
// reach the shard after a newer one.
func (s *Server) Announce(ctx context.Context, read func(context.Context) (core.ConfigChanged, error)) error {
	s.setup.Lock()
	defer s.setup.Unlock()
	all, err := read(ctx)
	if err != nil {
		return err
	}
	s.rosters.forget()
	return s.Live.Config(ctx, all)
}
