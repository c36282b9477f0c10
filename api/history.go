package api

import (
	"errors"
	"slices"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// paged is a page of a list on the wire.
type paged[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"` // cursor of the next page; absent on the last
}

func (s *Server) listCallRecords(r *request) (reply, error) {
	f, err := callFilter(r)
	if err != nil {
		return reply{}, err
	}
	hide, err := s.masksFor(r.ctx(), r.who)
	if err != nil {
		return reply{}, err
	}
	page, err := filled(f.Paging, r.sees.record, func(p Paging) (Page[core.CallRecord], error) {
		f.Paging = p
		return s.History.CallRecords(r.ctx(), f)
	})
	if err != nil {
		return reply{}, err
	}
	out := paged[callRecordWire]{Items: []callRecordWire{}, Next: page.Next}
	for _, rec := range page.Items {
		out.Items = append(out.Items, callRecordToWire(hide.record(rec)))
	}
	return ok(out)
}

// filled reads a page of what is visible. Where little is, it looks through a bounded number of pages: what it returns can have fewer items than were asked for, and
// the cursor of the next page all the same.
func filled[T any](p Paging, visible func(T) bool, read func(Paging) (Page[T], error)) (Page[T], error) {
	var out Page[T]
	wanted := p.Limit
	for range 20 {
		p.Limit = wanted - len(out.Items)
		page, err := read(p)
		if err != nil {
			return out, err
		}
		for _, item := range page.Items {
			if visible(item) {
				out.Items = append(out.Items, item)
			}
		}
		p.Cursor, out.Next = page.Next, page.Next
		if page.Next == "" || len(out.Items) >= wanted {
			break
		}
	}
	return out, nil
}

// ofAgent reads of whom the list is to be; of an agent always the own.
func (r *request) ofAgent(what string) (core.AgentID, error) {
	asked, err := r.text("agent", 128)
	switch {
	case err != nil || r.who.Role != Agent:
		return core.AgentID(asked), err
	case asked != "" && core.AgentID(asked) != r.who.Agent:
		return "", &Error{Code: CodeForbidden, Message: "an agent sees only its own " + what, Field: "agent"}
	default:
		return r.who.Agent, nil
	}
}

func callFilter(r *request) (f CallFilter, err error) {
	if f.Paging, err = r.paging(); err != nil {
		return f, err
	}
	if f.Tenant, err = r.tenant(); err != nil {
		return f, err
	}
	if f.From, f.To, err = r.span(); err != nil {
		return f, err
	}
	if f.Agent, err = r.ofAgent("calls"); err != nil {
		return f, err
	}
	queue, err := r.text("queue", 128)
	if err != nil {
		return f, err
	}
	f.Queue = core.QueueID(queue)
	outcome, err := r.text("outcome", 32)
	if err != nil {
		return f, err
	}
	f.Outcome = core.CallOutcome(outcome)
	known := []core.CallOutcome{"", core.CallAnswered, core.CallAbandoned, core.CallUnanswered, core.CallRefused, core.CallLost}
	if !slices.Contains(known, f.Outcome) {
		return f, invalid("outcome", "must be answered, abandoned, unanswered, refused or lost")
	}
	return f, nil
}

// record reads the record that the path names. What the principal may not see does not exist.
func (s *Server) record(r *request) (core.CallRecord, error) {
	id, err := r.id()
	if err != nil {
		return core.CallRecord{}, err
	}
	rec, err := s.History.CallRecord(r.ctx(), core.CallID(id))
	if err != nil {
		return core.CallRecord{}, err
	}
	if !r.sees.record(rec) {
		return core.CallRecord{}, ErrNotFound
	}
	return rec, nil
}

func (s *Server) getCallRecord(r *request) (reply, error) {
	rec, err := s.record(r)
	if err != nil {
		return reply{}, err
	}
	hide, err := s.masksFor(r.ctx(), r.who)
	if err != nil {
		return reply{}, err
	}
	return ok(callRecordToWire(hide.record(rec)))
}

// placed is a timeline entry with its place in the journal.
type placed struct {
	Seq   uint64    `json:"seq"`
	Index int       `json:"index"`
	Entry entryWire `json:"entry"`
}

// callTimeline tells what happened to a call, going on or over.
func (s *Server) callTimeline(r *request) (reply, error) {
	id, err := r.id()
	if err != nil {
		return reply{}, err
	}
	// A call that is over has a record; one that goes on has a view. The view may lag, and the record too: between
	// the two the call is asked for again.
	c, err := s.call(r)
	told := func(e core.Entry) bool { return r.sees.story(c) || r.sees.entry(e, false) }
	if errors.Is(err, ErrNotFound) {
		_, err = s.record(r)
		told = func(core.Entry) bool { return true }
	}
	if err != nil {
		return reply{}, err
	}
	hide, err := s.masksFor(r.ctx(), r.who)
	if err != nil {
		return reply{}, err
	}
	entries, err := s.History.Timeline(r.ctx(), core.CallID(id))
	if err != nil {
		return reply{}, err
	}
	out := list[placed]{Items: []placed{}}
	for _, e := range entries {
		if told(e.Entry) {
			out.Items = append(out.Items, placed{Seq: e.Seq, Index: e.Index, Entry: entryToWire(hide.entry(e.Entry))})
		}
	}
	return ok(out)
}
