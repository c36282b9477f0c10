package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/figures"
)

// memoryRepo is a Repository in memory, with just enough rules to see them reported.
type memoryRepo[T any] struct {
	mu     sync.Mutex
	rows   map[string]Versioned[T]
	id     func(*T) *string
	tenant func(T) core.TenantID
	change func(set []T, gone []string) core.ConfigChanged
	check  func(T) error
}

func (m *memoryRepo[T]) List(_ context.Context, tenant core.TenantID) ([]Versioned[T], error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Versioned[T]
	for _, id := range slices.Sorted(maps.Keys(m.rows)) {
		if row := m.rows[id]; tenant == "" || m.tenant(row.Value) == tenant {
			out = append(out, row)
		}
	}
	return out, nil
}

func (m *memoryRepo[T]) Get(_ context.Context, id string) (Versioned[T], error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	row, found := m.rows[id]
	if !found {
		return row, fmt.Errorf("get: %w", ErrNotFound)
	}
	return row, nil
}

func (m *memoryRepo[T]) Create(_ context.Context, v T) (Versioned[T], core.ConfigChanged, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(v); err != nil {
		return Versioned[T]{}, core.ConfigChanged{}, err
	}
	id := *m.id(&v)
	if _, taken := m.rows[id]; taken {
		return Versioned[T]{}, core.ConfigChanged{}, fmt.Errorf("create: %w", ErrConflict)
	}
	m.rows[id] = Versioned[T]{v, 1}
	return m.rows[id], m.change([]T{v}, nil), nil
}

func (m *memoryRepo[T]) Replace(_ context.Context, v T, version int64) (Versioned[T], core.ConfigChanged, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(v); err != nil {
		return Versioned[T]{}, core.ConfigChanged{}, err
	}
	id := *m.id(&v)
	row, found := m.rows[id]
	switch {
	case !found:
		return row, core.ConfigChanged{}, ErrNotFound
	case version != 0 && version != row.Version:
		return row, core.ConfigChanged{}, ErrVersion
	}
	m.rows[id] = Versioned[T]{v, row.Version + 1}
	return m.rows[id], m.change([]T{v}, nil), nil
}

func (m *memoryRepo[T]) Delete(_ context.Context, id string, version int64) (core.ConfigChanged, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	row, found := m.rows[id]
	switch {
	case !found:
		return core.ConfigChanged{}, ErrNotFound
	case version != 0 && version != row.Version:
		return core.ConfigChanged{}, ErrVersion
	}
	delete(m.rows, id)
	return m.change(nil, []string{id}), nil
}

// memoryStore is everything else that the API keeps.
type memoryStore struct {
	mu         sync.Mutex
	site       Versioned[core.Site]
	tokens     map[string]Principal // by secret
	made       []Token
	answers    map[string]*kept
	failKeep   error
	failRenew  error
	failAudit  error
	audit      []AuditRow
	records    []core.CallRecord
	measures   []figures.Measure
	asked      int // times that measures were read
	timeline   map[core.CallID][]TimelineEntry
	legs       map[core.CallID][]Leg
	recordings []Recording
	alerts     []Alert
	leads      []Lead
	contacts   []Contact
	tasks      []Task
	exclusions []Exclusion
}

type kept struct {
	key    RequestKey
	hash   string
	alive  time.Time // when it was last heard of
	answer *Answer
}

func (m *memoryStore) Site(context.Context) (Versioned[core.Site], error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.site, nil
}

func (m *memoryStore) ReplaceSite(_ context.Context, s core.Site, version int64) (Versioned[core.Site], core.ConfigChanged, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if version != 0 && version != m.site.Version {
		return m.site, core.ConfigChanged{}, ErrVersion
	}
	m.site = Versioned[core.Site]{s, m.site.Version + 1}
	return m.site, core.ConfigChanged{Site: &s}, nil
}

func (m *memoryStore) Authenticate(_ context.Context, secret string) (Principal, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p, found := m.tokens[secret]; found {
		return p, nil
	}
	return Principal{}, fmt.Errorf("authenticate: %w", ErrNotFound)
}

func (m *memoryStore) CreateToken(_ context.Context, t Token) (Token, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.ContainsFunc(m.made, func(had Token) bool { return had.ID == t.ID }) {
		return Token{}, "", ErrConflict
	}
	t.CreatedAt = day
	secret := "secret-of-" + t.ID
	m.made = append(m.made, t)
	m.tokens[secret] = Principal{Token: t.ID, Name: t.Name, Role: t.Role, Agent: t.Agent, Tenant: t.Tenant}
	return t, secret, nil
}

func (m *memoryStore) ListTokens(context.Context) ([]Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Token
	for _, t := range m.made {
		if _, valid := m.tokens["secret-of-"+t.ID]; valid {
			out = append(out, t)
		}
	}
	return out, nil
}

func (m *memoryStore) RevokeToken(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for secret, p := range m.tokens {
		if p.Token == id {
			delete(m.tokens, secret)
			return nil
		}
	}
	return ErrNotFound
}

func (m *memoryStore) Claim(_ context.Context, k RequestKey) (Answer, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := k.Token + "\x00" + k.Key
	had := m.answers[id]
	switch {
	case had == nil, had.answer == nil && had.hash == k.Route+k.Hash && time.Since(had.alive) > models.ClaimLife:
		m.answers[id] = &kept{key: k, hash: k.Route + k.Hash, alive: time.Now()}
		return Answer{}, true, nil
	case had.hash != k.Route+k.Hash:
		return Answer{}, false, ErrKeyReused
	case had.answer == nil:
		return Answer{}, false, ErrInProgress
	}
	return *had.answer, false, nil
}

// onlyKey is the one key that is there.
func (m *memoryStore) onlyKey() RequestKey {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, had := range m.answers {
		return had.key
	}
	return RequestKey{}
}

func (m *memoryStore) Renew(_ context.Context, k RequestKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failRenew != nil {
		return m.failRenew
	}
	m.answers[k.Token+"\x00"+k.Key].alive = time.Now()
	return nil
}

func (m *memoryStore) Keep(_ context.Context, k RequestKey, a Answer) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failKeep != nil {
		return m.failKeep
	}
	m.answers[k.Token+"\x00"+k.Key].answer = &a
	return nil
}

func (m *memoryStore) Release(_ context.Context, k RequestKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.answers, k.Token+"\x00"+k.Key)
	return nil
}

func (m *memoryStore) Record(_ context.Context, row AuditRow) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failAudit != nil {
		return m.failAudit
	}
	m.audit = append(m.audit, row)
	return nil
}

func (m *memoryStore) audited() []AuditRow {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.audit)
}

// pageOf cuts a page with the offset as cursor.
func pageOf[T any](all []T, p Paging) (Page[T], error) {
	at := 0
	if p.Cursor != "" {
		var err error
		if at, err = strconv.Atoi(p.Cursor); err != nil || at < 0 || at > len(all) {
			return Page[T]{}, invalid("cursor", "is not one of ours")
		}
	}
	end := min(at+p.Limit, len(all))
	out := Page[T]{Items: all[at:end]}
	if end < len(all) {
		out.Next = strconv.Itoa(end)
	}
	return out, nil
}

func filtered[T any](all []T, keep func(T) bool) []T {
	var out []T
	for _, v := range all {
		if keep(v) {
			out = append(out, v)
		}
	}
	return out
}

func (m *memoryStore) CallRecords(_ context.Context, f CallFilter) (Page[core.CallRecord], error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := filtered(m.records, func(r core.CallRecord) bool {
		return (f.Tenant == "" || r.Tenant == f.Tenant) && (f.Agent == "" || slices.Contains(r.Agents, f.Agent)) &&
			(f.Queue == "" || r.Queue == f.Queue) && (f.Outcome == "" || r.Outcome == f.Outcome) &&
			(f.From.IsZero() || !r.ArrivedAt.Before(f.From)) && (f.To.IsZero() || r.ArrivedAt.Before(f.To))
	})
	slices.SortFunc(all, func(a, b core.CallRecord) int { return cmp.Compare(b.ArrivedAt.Unix(), a.ArrivedAt.Unix()) })
	return pageOf(all, f.Paging)
}

func (m *memoryStore) CallRecord(_ context.Context, id core.CallID) (core.CallRecord, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.records {
		if r.Call == id {
			return r, nil
		}
	}
	return core.CallRecord{}, ErrNotFound
}

func (m *memoryStore) Timeline(_ context.Context, id core.CallID) ([]TimelineEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.timeline[id], nil
}

func (m *memoryStore) Recordings(_ context.Context, f RecordingFilter) (Page[Recording], error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return pageOf(filtered(m.recordings, func(r Recording) bool {
		return (f.Tenant == "" || r.Tenant == f.Tenant) && (f.Call == "" || r.Call == f.Call)
	}), f.Paging)
}

func (m *memoryStore) Recording(_ context.Context, id core.RecordingID) (Recording, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.recordings {
		if r.ID == id {
			return r, nil
		}
	}
	return Recording{}, ErrNotFound
}

func (m *memoryStore) Alerts(_ context.Context, f AlertFilter) (Page[Alert], error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return pageOf(filtered(m.alerts, func(a Alert) bool { return f.Tenant == "" || a.Tenant == f.Tenant }), f.Paging)
}

func (m *memoryStore) Entries(_ context.Context, f AuditFilter) (Page[AuditEntry], error) {
	var out []AuditEntry
	for _, row := range slices.Backward(m.audited()) {
		if (f.Tenant == "" || row.Tenant == f.Tenant) && (f.Action == "" || row.Action == f.Action) && (f.Actor == "" || row.Actor == f.Actor) {
			detail, err := json.Marshal(row.Detail)
			if err != nil {
				return Page[AuditEntry]{}, err
			}
			out = append(out, AuditEntry{ID: strconv.Itoa(len(out)), At: day, Tenant: row.Tenant, Actor: row.Actor, Token: row.Token, Action: row.Action, Object: row.Object, RequestID: row.RequestID, Detail: detail})
		}
	}
	return pageOf(out, f.Paging)
}

func (m *memoryStore) Leads(_ context.Context, f PeopleFilter) (Page[Lead], error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return pageOf(filtered(m.leads, func(l Lead) bool {
		return (f.Tenant == "" || l.Tenant == f.Tenant) && (f.Number == "" || l.Number == f.Number)
	}), f.Paging)
}

func (m *memoryStore) Contacts(_ context.Context, f PeopleFilter) (Page[Contact], error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return pageOf(filtered(m.contacts, func(c Contact) bool {
		return (f.Tenant == "" || c.Tenant == f.Tenant) && (f.Number == "" || slices.Contains(c.Numbers, f.Number))
	}), f.Paging)
}

func (m *memoryStore) CreateContact(_ context.Context, c Contact) (Contact, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.Name == "" {
		return Contact{}, invalid("name", "must not be empty")
	}
	m.contacts = append(m.contacts, c)
	return c, nil
}

func (m *memoryStore) Contact(_ context.Context, id string) (Contact, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.IndexFunc(m.contacts, func(c Contact) bool { return c.ID == id })
	if at < 0 {
		return Contact{}, ErrNotFound
	}
	return m.contacts[at], nil
}

func (m *memoryStore) ReplaceContact(ctx context.Context, c Contact, version int64) (Contact, error) {
	if err := m.DeleteContact(ctx, c.Tenant, c.ID, version); err != nil {
		return Contact{}, err
	}
	return m.CreateContact(ctx, c)
}

func (m *memoryStore) DeleteContact(_ context.Context, tenant core.TenantID, id string, version int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.IndexFunc(m.contacts, func(c Contact) bool { return c.Tenant == tenant && c.ID == id })
	switch {
	case at < 0:
		return ErrNotFound
	case version != 0 && version != m.contacts[at].Version:
		return ErrVersion
	}
	m.contacts = slices.Delete(m.contacts, at, at+1)
	return nil
}

func (m *memoryStore) Exclusions(_ context.Context, f ExclusionFilter) (Page[Exclusion], error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return pageOf(filtered(m.exclusions, func(x Exclusion) bool { return f.Tenant == "" || x.Tenant == f.Tenant }), f.Paging)
}

func (m *memoryStore) Exclude(_ context.Context, x Exclusion) (Exclusion, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if x.Number == "" {
		return Exclusion{}, invalid("number", "must be a telephone number")
	}
	m.exclusions = append(m.exclusions, x)
	return x, nil
}

func (m *memoryStore) EndExclusion(_ context.Context, tenant core.TenantID, number string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	had := len(m.exclusions)
	m.exclusions = slices.DeleteFunc(m.exclusions, func(x Exclusion) bool { return x.Tenant == tenant && x.Number == number })
	if len(m.exclusions) == had {
		return ErrNotFound
	}
	return nil
}

func (m *memoryStore) Tasks(_ context.Context, f TaskFilter) (Page[Task], error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := filtered(m.tasks, func(t Task) bool {
		return (f.Tenant == "" || t.Tenant == f.Tenant) && (f.Agent == "" || t.Agent == f.Agent) && (f.Call == "" || t.Call == f.Call) &&
			(f.State == "" || (f.State == "done") != t.DoneAt.IsZero())
	})
	if f.State == "open" {
		slices.SortStableFunc(all, func(a, b Task) int { return strings.Compare(a.Due, b.Due) }) // they were added in order of created_at
	} else {
		slices.Reverse(all)
	}
	return pageOf(all, f.Paging)
}

// tasksFull reports whether an agent has as many open tasks as it may.
func (m *memoryStore) tasksFull(agent core.AgentID) bool {
	return len(filtered(m.tasks, func(t Task) bool { return t.Agent == agent && t.DoneAt.IsZero() })) >= models.MaxOpenTasks
}

func (m *memoryStore) Task(_ context.Context, id string) (Task, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.tasks, func(t Task) bool { return t.ID == id })
	if i < 0 {
		return Task{}, ErrNotFound
	}
	return m.tasks[i], nil
}

func (m *memoryStore) CreateTask(_ context.Context, t Task) (Task, error) {
	if err := models.ValidTask(t.Title, t.Due, time.Now()); err != nil {
		return Task{}, fromModels(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tasksFull(t.Agent) {
		return Task{}, ErrTasksFull
	}
	t.CreatedAt = day
	m.tasks = append(m.tasks, t)
	return t, nil
}

func (m *memoryStore) FinishTask(_ context.Context, id string, done bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.tasks, func(t Task) bool { return t.ID == id })
	if i < 0 {
		return ErrNotFound
	}
	if !done && !m.tasks[i].DoneAt.IsZero() && m.tasksFull(m.tasks[i].Agent) {
		return ErrTasksFull
	}
	m.tasks[i].DoneAt = time.Time{}
	if done {
		m.tasks[i].DoneAt = day
	}
	return nil
}

var day = time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)

func sha(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (m *memoryStore) Legs(_ context.Context, id core.CallID) ([]Leg, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.legs[id]), nil
}

// Behind implements [Measures]: the cursor is how many have been read.
func (m *memoryStore) Behind(_ context.Context, cursor models.MeasureCursor, from time.Time, take func(figures.Measure)) (models.MeasureCursor, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	for _, x := range m.measures[cursor["test"]:] {
		if !x.At.Before(from) {
			take(x)
		}
	}
	return models.MeasureCursor{"test": uint64(len(m.measures))}, nil
}

func (m *memoryStore) Between(_ context.Context, tenant core.TenantID, from, to time.Time, take func(figures.Measure)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.measures {
		if (tenant == "" || x.Tenant == tenant) && !x.At.Before(from) && x.At.Before(to) {
			take(x)
		}
	}
	return nil
}

func (m *memoryStore) measure(more ...figures.Measure) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.measures = append(m.measures, more...)
}
