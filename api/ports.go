package api

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/figures"
)

// Live is the running shard as the API needs it. All methods are safe for concurrent use.
type Live interface {
	// Do asks for an intent. nil means accepted and durable; *core.Refusal means not accepted; [ErrBusy], [ErrNotOwner] or the context's
	// error mean that nothing is known to have happened.
	Do(ctx context.Context, in core.Intent) error
	// Config tells the shard of a change of the set-up that is in the database already. Errors as in Do.
	Config(ctx context.Context, change core.ConfigChanged) error
	// Explain says why nobody rings for a waiting call (Q9); false if the call is not known.
	Explain(ctx context.Context, id core.CallID) (core.Explanation, bool, error)
	// Reveal gives the value of a call's variable, secure or not, with the call at that moment; false if there is no such call or variable. Whether who asks may see it
	// is for the caller to decide, and to put on record.
	Reveal(ctx context.Context, id core.CallID, variable string) (string, core.CallView, bool, error)
	// View is the newest published state. It never blocks.
	View() View
	// Subscribe opens a stream of changes. With after nil, or too old or unknown a position, it begins with a snapshot.
	Subscribe(after *uint64) (Stream, error)
	// Status says how the shard's owner is doing.
	Status() LiveStatus
}

// View is an immutable state of the shard as readers see it. Sequences are in order of id.
type View interface {
	Position() uint64
	Calls() iter.Seq[core.CallView]
	Call(id core.CallID) (core.CallView, bool)
	Agents() iter.Seq[core.AgentView]
	Agent(id core.AgentID) (core.AgentView, bool)
	Queues() iter.Seq[core.QueueView]
	Queue(id core.QueueID) (core.QueueView, bool)
	Engines() iter.Seq[core.EngineView]
}

// Stream is one subscription. It belongs to one goroutine, which must close it.
type Stream interface {
	// Snapshot is what the stream begins with; nil where it resumes at the position that was asked for.
	Snapshot() View
	// Next waits for the next change and gives all that there are by then. Where changes come one upon the other, it lets [StreamPause] go by between two answers, so that who
	// reads is not written to with each of them. [ErrTooSlow] says that the reader fell too far behind and was cut off.
	Next(ctx context.Context) (Batch, error)
	// Close gives the subscription up.
	Close()
}

// Batch is changes that follow each other.
type Batch struct {
	From, To uint64          // positions: those behind From, up to To
	Changes  func() []Change // in order; at least one
}

// Change is what one turn of the shard's loop has changed.
type Change struct {
	Position    uint64
	Calls       []core.CallView
	GoneCalls   []core.CallID
	Agents      []core.AgentView
	GoneAgents  []core.AgentID
	Queues      []core.QueueView
	GoneQueues  []core.QueueID
	Engines     []core.EngineView
	GoneEngines []core.EngineID
	Entries     []core.Entry
}

// LiveStatus says how the shard's owner is doing.
type LiveStatus struct {
	Owner    bool   // this process holds the lease and acts
	Degraded bool   // the journal does not accept writes at the moment; calls go on, nothing new is decided
	Detail   string // for people
}

// Versioned is a row of the set-up with its version for If-Match. Versions begin at 1.
type Versioned[T any] struct {
	Value   T
	Version int64
}

// Repository keeps one kind of set-up. Unknown ids give [ErrNotFound], taken ids and numbers [ErrConflict], an old version [ErrVersion],
// broken rules an *[Error] with code [CodeInvalid].
type Repository[T any] interface {
	// List gives all rows of a tenant ("" = of every tenant) in order of id.
	List(ctx context.Context, tenant core.TenantID) ([]Versioned[T], error)
	Get(ctx context.Context, id string) (Versioned[T], error)
	// Create keeps a new row. The change is to be told to the shard.
	Create(ctx context.Context, value T) (Versioned[T], core.ConfigChanged, error)
	// Replace puts value in place of the row with its id, if version is the row's version or 0.
	Replace(ctx context.Context, value T, version int64) (Versioned[T], core.ConfigChanged, error)
	// Delete removes the row with all that hangs on it, if version is the row's version or 0.
	Delete(ctx context.Context, id string, version int64) (core.ConfigChanged, error)
}

// SiteLimits keeps the limits of the whole site (C22).
type SiteLimits interface {
	Site(ctx context.Context) (Versioned[core.Site], error)
	ReplaceSite(ctx context.Context, site core.Site, version int64) (Versioned[core.Site], core.ConfigChanged, error)
}

// Tokens keeps bearer tokens, hashed.
type Tokens interface {
	// Authenticate finds the token with this secret; [ErrNotFound] if there is none. It compares in constant time.
	Authenticate(ctx context.Context, secret string) (Principal, error)
	// CreateToken makes a token and returns its secret, which is kept nowhere. [ErrConflict] says that there is, or was, one with its id; one without an id gets one.
	CreateToken(ctx context.Context, t Token) (Token, string, error)
	ListTokens(ctx context.Context) ([]Token, error)
	// RevokeToken ends a token at once; [ErrNotFound] if there is none.
	RevokeToken(ctx context.Context, id string) error
}

// Token is a bearer token without its secret.
type Token struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Role      Role          `json:"role"`
	Agent     core.AgentID  `json:"agent,omitempty"`
	Tenant    core.TenantID `json:"tenant,omitempty"`
	CreatedAt time.Time     `json:"created_at"`
	ExpiresAt time.Time     `json:"expires_at,omitzero"` // zero = never
}

// Accounts checks and changes passwords.
type Accounts interface {
	// CheckPassword gives the user who signs in with a name and a password; [ErrNotFound] if there is none, the password is another, or the user is disabled, all of
	// which take the same time.
	CheckPassword(ctx context.Context, name, password string) (models.User, error)
	// SetPassword gives a user a password and ends all sessions but the one with the id keep ("" = all). A password that breaks a rule gives an *[Error] with field "password".
	SetPassword(ctx context.Context, user, password, keep string) error
	// SetTemporaryPassword gives a user a password that is to be changed with the next sign-in, and ends all sessions.
	SetTemporaryPassword(ctx context.Context, user, password string) error
	// Known reports whether a name is that of a user, and of which tenant's.
	Known(ctx context.Context, name string) (core.TenantID, bool, error)
}

// Sessions keeps who has signed in, hashed.
type Sessions interface {
	// Begin makes a session and returns its secret, which is kept nowhere.
	Begin(ctx context.Context, user, address, browser string, life time.Duration) (models.Session, string, error)
	// Authenticate finds the session with this secret and its user, and notes its use; [ErrNotFound] if there is none, or it has ended.
	Authenticate(ctx context.Context, secret string, idle time.Duration) (models.Session, models.User, error)
	// List gives the running sessions of a user, newest first.
	List(ctx context.Context, user string, idle time.Duration) ([]models.Session, error)
	// Session gives one with its user's tenant; [ErrNotFound] if it has been ended.
	Session(ctx context.Context, id string) (models.Session, core.TenantID, error)
	// End ends a session at once; [ErrNotFound] if there is none.
	End(ctx context.Context, id string) error
	// Familiar reports whether the user with this name has signed in from this address lately.
	Familiar(ctx context.Context, name, address string) (bool, error)
}

// Together makes several changes of the set-up, all or none; dry only tries. What fails is listed as [models.Failures].
type Together interface {
	All(ctx context.Context, changes []models.Change, dry bool) (core.ConfigChanged, error)
}

// Answers remembers the answers to requests with an idempotency key for 24 hours.
type Answers interface {
	// Claim takes the key for a request. fresh means that the request is to be carried out and then either kept or released;
	// otherwise the kept answer is returned. [ErrKeyReused] says that the key was used with another request, [ErrInProgress] that
	// another request with it has not been answered yet.
	Claim(ctx context.Context, key RequestKey) (answer Answer, fresh bool, err error)
	// Renew says that the request is still being carried out: a claim of which nothing is heard for [models.ClaimLife] lapses.
	Renew(ctx context.Context, key RequestKey) error
	// Keep stores the answer.
	Keep(ctx context.Context, key RequestKey, a Answer) error
	// Release gives the key free again: the request failed in a way that is worth repeating.
	Release(ctx context.Context, key RequestKey) error
}

// RequestKey identifies a request that may be repeated.
type RequestKey struct {
	Token string // id of the caller's token, or of the user: keys of different callers never meet
	Key   string // as the caller chose it
	Route string // operation of the contract
	Hash  string // of path, query and body, hex
}

// Answer is what was answered.
type Answer struct {
	Status int
	Body   []byte // JSON
}

// Audit keeps who did what to the set-up and to recordings.
type Audit interface {
	Record(ctx context.Context, row AuditRow) error
	// Entries reads the log, newest first.
	Entries(ctx context.Context, f AuditFilter) (Page[AuditEntry], error)
}

// AuditRow is one line of the audit log.
type AuditRow struct {
	Actor     string // as in core.Command
	Token     string // id of the token, or session:ID
	Action    string // operation of the contract
	Object    string // kind and id: "queue/sales"
	Tenant    core.TenantID
	RequestID string
	Detail    any // JSON; no secrets
}

// History reads what has happened.
type History interface {
	CallRecords(ctx context.Context, f CallFilter) (Page[core.CallRecord], error)
	CallRecord(ctx context.Context, id core.CallID) (core.CallRecord, error)
	Timeline(ctx context.Context, id core.CallID) ([]TimelineEntry, error)
	// Legs gives the legs of a call so far, oldest first; none for an unknown call.
	Legs(ctx context.Context, id core.CallID) ([]Leg, error)
	Recordings(ctx context.Context, f RecordingFilter) (Page[Recording], error)
	Recording(ctx context.Context, id core.RecordingID) (Recording, error)
	Alerts(ctx context.Context, f AlertFilter) (Page[Alert], error)
}

// Measures reads what was measured of queues and agents (Q10).
type Measures interface {
	// Behind gives the measures behind a cursor (nil = all) that are not older than from, and the cursor behind them.
	Behind(ctx context.Context, cursor models.MeasureCursor, from time.Time, take func(figures.Measure)) (models.MeasureCursor, error)
	// Between gives the measures of a tenant ("" = of all) in a span of time.
	Between(ctx context.Context, tenant core.TenantID, from, to time.Time, take func(figures.Measure)) error
}

// Page is one page of a list; Next is the cursor of the next one, "" on the last.
type Page[T any] struct {
	Items []T
	Next  string
}

// Paging asks for a page. A cursor that is not one gives an *[Error] with code [CodeInvalid] and field "cursor".
type Paging struct {
	Cursor string
	Limit  int // 1 to 500
}

// CallFilter selects call records, newest first. Zero fields select everything.
type CallFilter struct {
	Paging
	Tenant   core.TenantID
	From, To time.Time // of arrival: From ≤ arrived < To
	Agent    core.AgentID
	Queue    core.QueueID
	Outcome  core.CallOutcome
}

// TimelineEntry is one entry of a call's timeline with its place in the journal.
type TimelineEntry struct {
	Seq   uint64
	Index int
	Entry core.Entry
}

// RecordingFilter selects recordings, newest first.
type RecordingFilter struct {
	Paging
	Tenant core.TenantID
	Call   core.CallID
}

// Recording is a recording as it is kept.
type Recording struct {
	ID          core.RecordingID `json:"id"`
	Call        core.CallID      `json:"call"`
	Tenant      core.TenantID    `json:"tenant"`
	Agent       core.AgentID     `json:"agent,omitempty"`
	Consult     bool             `json:"consult,omitempty"` // of a consult, not of the conversation with the customer
	State       string           `json:"state"`             // recording, pending, archived, failed, lost, erased
	StartedAt   time.Time        `json:"started_at,omitzero"`
	Length      Seconds          `json:"length"`
	Size        int64            `json:"size"`
	SHA256      string           `json:"sha256,omitempty"`
	Error       string           `json:"error,omitempty"`
	DiscardedAt time.Time        `json:"discarded_at,omitzero"` // it must not be kept: what there is of it is being erased (C17)
	DiscardedBy string           `json:"discarded_by,omitempty"`
	Key         string           `json:"-"` // of the object in the bucket; "" = not there
	Type        string           `json:"-"` // media type
}

// Audio gives the recordings' files.
type Audio interface {
	// Open gives the object with its time of change; [ErrNotFound] if there is none.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, time.Time, error)
}

// CRM has the built-in customer records.
type CRM interface {
	Leads(ctx context.Context, f PeopleFilter) (Page[Lead], error)
	Contacts(ctx context.Context, f PeopleFilter) (Page[Contact], error)
	// CreateContact keeps a new contact; its time is made there. One whose id is there already is given as it is there.
	CreateContact(ctx context.Context, c Contact) (Contact, error)
	// Contact gives one contact; [ErrNotFound] if there is none.
	Contact(ctx context.Context, id string) (Contact, error)
	// ReplaceContact changes a contact of its tenant's. [ErrNotFound] if there is none, [ErrVersion] if it has another version than this, unless this is 0; so with DeleteContact.
	ReplaceContact(ctx context.Context, c Contact, version int64) (Contact, error)
	DeleteContact(ctx context.Context, tenant core.TenantID, id string, version int64) error
	// Exclusions lists excluded numbers, newest first.
	Exclusions(ctx context.Context, f ExclusionFilter) (Page[Exclusion], error)
	// Exclude keeps a number from making leads; of one that is excluded the reason changes.
	Exclude(ctx context.Context, x Exclusion) (Exclusion, error)
	// EndExclusion lets a number make leads again; [ErrNotFound] if it is not excluded.
	EndExclusion(ctx context.Context, tenant core.TenantID, number string) error
	Tasks(ctx context.Context, f TaskFilter) (Page[Task], error)
	Task(ctx context.Context, id string) (Task, error)
	// CreateTask keeps a new task; its time is made there. One whose id is there already is given as it is there. An *[Error] with code [CodeInvalid] names the field that breaks its rule.
	CreateTask(ctx context.Context, t Task) (Task, error)
	// FinishTask says whether a task is done.
	FinishTask(ctx context.Context, id string, done bool) error
}

// TaskFilter selects tasks, newest first; those that are open by due, those that are done by when they were, the last first. Zero fields select everything.
type TaskFilter struct {
	Paging
	Tenant core.TenantID
	Agent  core.AgentID
	Call   core.CallID
	State  string // open, done
}

// Task is a follow-up: what an agent has promised at the end of a call (C19).
type Task struct {
	ID        string        `json:"id"`
	Tenant    core.TenantID `json:"tenant"`
	Agent     core.AgentID  `json:"agent"`
	Call      core.CallID   `json:"call"`
	Title     string        `json:"title"`
	Due       string        `json:"due"` // a day
	CreatedAt time.Time     `json:"created_at"`
	DoneAt    time.Time     `json:"done_at,omitzero"`
	Contact   string        `json:"contact,omitempty"` // ids, the number and the name: once the call is over
	Lead      string        `json:"lead,omitempty"`
	Number    string        `json:"number,omitempty"`
	Name      string        `json:"name,omitempty"`
}

// PeopleFilter selects leads or contacts. Number is compared in its E.164 form.
type PeopleFilter struct {
	Paging
	Tenant core.TenantID
	Number string
	Search string // words that all are in the name, or a contact's company; or a part of a number
}

// ExclusionFilter selects excluded numbers. Zero fields select everything.
type ExclusionFilter struct {
	Paging
	Tenant core.TenantID
	Search string // words that all are in the reason, or a part of the number
}

// Lead is somebody who called and was not known (R2).
type Lead struct {
	ID        string        `json:"id"`
	Tenant    core.TenantID `json:"tenant"`
	Number    string        `json:"number"`
	Name      string        `json:"name,omitempty"`
	Source    string        `json:"source,omitempty"`
	Status    string        `json:"status"`
	Call      core.CallID   `json:"call,omitempty"`    // the call it was made from
	Contact   string        `json:"contact,omitempty"` // whose number it is by now
	CreatedAt time.Time     `json:"created_at"`
}

// Exclusion is a number that never makes a lead (R2).
type Exclusion struct {
	Tenant    core.TenantID `json:"tenant"`
	Number    string        `json:"number"` // E.164
	Reason    string        `json:"reason,omitempty"`
	CreatedAt time.Time     `json:"created_at"`
}

// Contact is a known customer (R1).
type Contact struct {
	ID        string        `json:"id"`
	Tenant    core.TenantID `json:"tenant"`
	Name      string        `json:"name"`
	Company   string        `json:"company,omitempty"`
	Numbers   []string      `json:"numbers"`
	Owner     core.AgentID  `json:"owner,omitempty"`
	Version   int64         `json:"version"`
	CreatedAt time.Time     `json:"created_at"`
}

// Check is one question of /readyz: nil is healthy.
type Check struct {
	Name string
	Ask  func(ctx context.Context) error
}
