package api

import (
	"errors"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Follow-ups (C19). They are records of the CRM: the rules know nothing of them, so one can be noted during the call, in the wrap-up, and of a call that is over.

func (s *Server) createTask(r *request) (reply, error) {
	var body struct {
		Call  core.CallID `json:"call"`
		Title string      `json:"title"`
		Due   string      `json:"due"`
	}
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	if err := s.worked(r, body.Call); err != nil {
		return reply{}, err
	}
	t, err := s.CRM.CreateTask(r.ctx(), Task{ID: recordID(r.command), Tenant: r.who.Tenant, Agent: r.who.Agent, Call: body.Call, Title: body.Title, Due: body.Due})
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusCreated, body: t}, nil
}

// recordID is the id of the record that a command makes. The same command makes the same record: who has not heard whether it was noted asks again.
func recordID(c core.CommandID) string { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(c)).String() }

// worked refuses a call that the agent has not answered: it is not wrapping it up, not in it now, and was not in it. Whose phone only rang would be told by its task, once the
// call is over, who the customer of somebody else's call was.
func (s *Server) worked(r *request, call core.CallID) error {
	if !identifier.MatchString(string(call)) {
		return invalid("call", "must be the id of a call")
	}
	view := s.Live.View()
	if a, found := view.Agent(r.who.Agent); found && a.WrapUp != nil && a.WrapUp.Call == call {
		return nil
	}
	led := func(o core.Ownership) bool { return o.Agent == r.who.Agent }
	if c, found := view.Call(call); found && r.who.tenantAllowed(c.Tenant) && (talksIn(c, r.who.Agent) || slices.ContainsFunc(c.Owners, led)) { // an offer is not enough
		return nil
	}
	rec, err := s.History.CallRecord(r.ctx(), call)
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && !r.sees.record(rec):
		return invalid("call", "must be a call that the agent was in")
	default:
		return err
	}
}

func (s *Server) listTasks(r *request) (reply, error) {
	f, err := taskFilter(r)
	if err != nil {
		return reply{}, err
	}
	hide, err := s.masksFor(r.ctx(), r.who)
	if err != nil {
		return reply{}, err
	}
	page, err := filled(f.Paging, func(t Task) bool { return r.sees.agent(t.Tenant, t.Agent) }, func(p Paging) (Page[Task], error) {
		f.Paging = p
		return s.CRM.Tasks(r.ctx(), f)
	})
	if err != nil {
		return reply{}, err
	}
	out := paged[Task]{Items: []Task{}, Next: page.Next}
	for _, t := range page.Items {
		out.Items = append(out.Items, hide.task(t))
	}
	return ok(out)
}

func taskFilter(r *request) (f TaskFilter, err error) {
	if f.Paging, err = r.paging(); err != nil {
		return f, err
	}
	if f.Tenant, err = r.tenant(); err != nil {
		return f, err
	}
	if f.Agent, err = r.ofAgent("tasks"); err != nil {
		return f, err
	}
	call, err := r.text("call", 128)
	if err != nil {
		return f, err
	}
	f.Call = core.CallID(call)
	if f.State, err = r.text("state", 8); err != nil {
		return f, err
	}
	if f.State != "" && f.State != "open" && f.State != "done" {
		return f, invalid("state", "must be open or done")
	}
	return f, nil
}

func (s *Server) finishTask(r *request) (reply, error) { return s.setTask(r, true) }

func (s *Server) reopenTask(r *request) (reply, error) { return s.setTask(r, false) }

// setTask says of a task of one's own whether it is done.
func (s *Server) setTask(r *request, done bool) (reply, error) {
	id, err := r.id()
	if err != nil {
		return reply{}, err
	}
	if err := r.decode(&struct{}{}); err != nil {
		return reply{}, err
	}
	t, err := s.CRM.Task(r.ctx(), id)
	if err != nil {
		return reply{}, err
	}
	if !r.sees.agent(t.Tenant, t.Agent) {
		return reply{}, ErrNotFound
	}
	if err := s.CRM.FinishTask(r.ctx(), id, done); err != nil {
		return reply{}, err
	}
	if t, err = s.CRM.Task(r.ctx(), id); err != nil {
		return reply{}, err
	}
	hide, err := s.masksFor(r.ctx(), r.who)
	if err != nil {
		return reply{}, err
	}
	return ok(hide.task(t))
}

// task masks the customer's number, and the name where it tells the number.
func (m masks) task(t Task) Task {
	if m[t.Tenant] {
		t.Number, t.Name = core.MaskNumber(t.Number), core.MaskName(t.Name)
	}
	return t
}
