package core

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// The work after a conversation (C19). Who owes it is decided in owner.go (disown); becomeWrapUp in agent.go begins it and sets its timer, Until, a deadline of the agent
// that expireAgent fires; here it ends, or is prolonged.

// finishWrapUp ends an agent's wrap-up: by the agent, or by its timer where neither reason nor actor are given.
func (s *Shard) finishWrapUp(a *agent, reason, notes, actor string) {
	w := a.Wrap
	a.Wrap = nil
	s.tell(Entry{Kind: EntryWrapUpDone, Tenant: a.Tenant, Agent: a.ID, Call: w.Call, Queue: w.Queue, Reason: reason, Text: notes, Actor: actor, Duration: s.now.Sub(w.Since)})
	if a.State == WrapUp {
		cause := "wrap_up_done"
		if reason == "" && actor == "" {
			cause = "wrap_up_timer"
		}
		s.release(a, cause, actor)
	}
}

func (in FinishWrapUp) refuse(s *Shard) *Refusal {
	a := s.st.Agents[in.Agent]
	if a == nil {
		return refusal(RefusedUnknown, "agent", "there is no agent "+strconv.Quote(string(in.Agent)))
	}
	if a.Wrap == nil {
		return refusal(RefusedState, "agent", "the agent has no wrap-up to finish")
	}
	if r := a.Wrap.meant(in.Call, in.Since); r != nil {
		return r
	}
	if utf8.RuneCountInString(in.Notes) > 4000 {
		return refusal(RefusedInvalid, "notes", "notes have at most 4000 characters")
	}
	q := s.queueOf(a.Tenant, a.Wrap.Queue)
	if in.Reason == "" && (q.WrapUp.Required || len(q.WrapUp.Reasons) > 0) {
		return refusal(RefusedInvalid, "reason", "a wrap-up reason is required")
	}
	if utf8.RuneCountInString(in.Reason) > 128 {
		return refusal(RefusedInvalid, "reason", "a wrap-up reason has at most 128 characters")
	}
	for _, r := range q.WrapUp.Reasons {
		if r == in.Reason {
			return nil
		}
	}
	if len(q.WrapUp.Reasons) > 0 && !q.Removed { // of a removed queue nobody can read any more which there are
		return refusal(RefusedInvalid, "reason", "the reason is not one of the queue's wrap-up reasons")
	}
	return nil
}

// meant refuses what is about another wrap-up: of another call, or an earlier one of the same. The zero values = whichever it is.
func (w *wrapUp) meant(call CallID, since time.Time) *Refusal {
	if call != "" && call != w.Call {
		return refusal(RefusedOver, "call", "the wrap-up of this call is over; the agent is in that of another")
	}
	if !since.IsZero() && instantOf(since) != w.Since {
		return refusal(RefusedOver, "since", "the wrap-up that began then is over; the agent is in another")
	}
	return nil
}

func (in FinishWrapUp) apply(s *Shard) {
	actor := in.Actor
	if actor == "" {
		actor = "agent:" + string(in.Agent)
	}
	s.finishWrapUp(s.st.Agents[in.Agent], in.Reason, in.Notes, actor)
}

func (in ExtendWrapUp) refuse(s *Shard) *Refusal {
	a := s.st.Agents[in.Agent]
	if a == nil {
		return refusal(RefusedUnknown, "agent", "there is no agent "+strconv.Quote(string(in.Agent)))
	}
	if a.Wrap == nil || a.Wrap.Until.IsZero() {
		return refusal(RefusedState, "agent", "the agent has no wrap-up with a time limit")
	}
	if r := a.Wrap.meant(in.Call, in.Since); r != nil {
		return r
	}
	if q := s.queueOf(a.Tenant, a.Wrap.Queue); q.WrapUp.Extension <= 0 || a.Wrap.Extended >= max(q.WrapUp.Extensions, 1) {
		return refusal(RefusedSpent, "agent", "the wrap-up cannot be extended any further")
	}
	return nil
}

func (in ExtendWrapUp) apply(s *Shard) {
	a := s.st.Agents[in.Agent]
	by := s.queueOf(a.Tenant, a.Wrap.Queue).WrapUp.Extension
	a.Wrap.Until = a.Wrap.Until.Add(by)
	a.Wrap.Extended++
	s.touchAgent(a)
	s.tell(Entry{Kind: EntryWrapUpExtended, Tenant: a.Tenant, Agent: a.ID, Call: a.Wrap.Call, Queue: a.Wrap.Queue, Actor: in.Actor, Duration: by})
}
