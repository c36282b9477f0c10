package core

import (
	"time"
	"unicode/utf8"
)

// playFor is how long a prompt may last before it is taken for played: the fact may have been lost.
const playFor = 2 * time.Minute

// legAppeared begins a call.
func (s *Shard) legAppeared(f LegAppeared) {
	if l := s.st.Legs[f.Leg]; l != nil {
		return // said twice
	}
	s.st.Arrivals++
	f.From, f.Name, f.To = asJournalled(f.From), asJournalled(f.Name), asJournalled(f.To)
	c := &call{
		ID: CallID(s.newID()), Order: s.st.Arrivals, Engine: f.Engine, From: f.From, Name: f.Name, To: f.To,
		Phase: Routing, PhaseSince: s.now, ArrivedAt: s.now, Customer: f.Leg, Record: &tally{},
	}
	s.st.Calls[c.ID] = c
	s.ix.open++
	l := &leg{ID: f.Leg, Call: c.ID, Role: customerLeg, Engine: f.Engine, Since: s.now}
	s.addLeg(c, l)
	s.touch(c)

	e := s.st.EntryPoints[s.ix.numbers[numberKey(f.To)]]
	if e == nil {
		s.tellCall(c, Entry{Kind: EntryCallArrived, Leg: l.ID, Text: c.From})
		s.refuseCall(c, "no_route", CauseUnallocated)
		return
	}
	c.EntryPoint, c.Tenant, c.Priority = e.ID, e.Tenant, e.Priority
	s.tellCall(c, Entry{Kind: EntryCallArrived, Leg: l.ID, Text: c.From})
	t := s.st.Tenants[c.Tenant]
	if t != nil {
		t.Calls++
	}
	switch {
	case s.st.Site.MaxCalls > 0 && s.ix.open > s.st.Site.MaxCalls:
		s.refuseCall(c, "site_limit", CauseCongestion)
	case t != nil && t.MaxCalls > 0 && t.Calls > t.MaxCalls:
		s.refuseCall(c, "tenant_limit", CauseCongestion)
	case s.closed(e):
		s.tellCall(c, Entry{Kind: EntryCallRefused, Reason: "closed"})
		c.Record.Outcome = CallRefused
		s.closeWith(c, e.Closed, CauseRejected)
	case len(e.Greeting) > 0:
		s.answer(c)
		s.play(c, e.Greeting)
	default:
		s.route(c)
	}
}

// asJournalled is a caller's text as the journal and a snapshot give it back: JSON has a replacement character in place of each byte that is no
// UTF-8. Kept raw, the same caller would have another number after a recovery.
func asJournalled(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return string([]rune(text))
}

// refuseCall ends a call that was never let in.
func (s *Shard) refuseCall(c *call, reason string, cause CauseCode) {
	s.refuseCallTo(c, "", reason, cause)
}

// refuseCallTo is the same for a call that a queue did not let in.
func (s *Shard) refuseCallTo(c *call, to QueueID, reason string, cause CauseCode) {
	s.tellCall(c, Entry{Kind: EntryCallRefused, Queue: to, Reason: reason})
	c.Record.Outcome = CallRefused
	var prompts []string
	if t := s.st.Tenants[c.Tenant]; t != nil && reason == "no_route" {
		prompts = t.Disconnected
	}
	s.closeWith(c, prompts, cause)
}

// route sends a call from its entry point to where it belongs.
func (s *Shard) route(c *call) {
	e := s.entryPointOf(c, c.EntryPoint)
	var to QueueID
	if e != nil {
		to = e.target()
	}
	q := s.st.Queues[to]
	if q == nil || !q.takes(c) {
		s.refuseCall(c, "no_route", CauseUnallocated)
		return
	}
	if line := &q.index.line; q.MaxSize > 0 && line.n >= q.MaxSize {
		s.refuseCallTo(c, to, "queue_full", CauseBusy)
		return
	}
	s.becomeWaiting(c, to, "arrival")
}

// entryPointOf is an entry point of a call's own tenant; nil where there is none of that id, or where it has become another tenant's.
func (s *Shard) entryPointOf(c *call, id EntryPointID) *EntryPoint {
	if e := s.st.EntryPoints[id]; e != nil && e.Tenant == c.Tenant {
		return e
	}
	return nil
}

// target is the queue that an entry point leads to: its own, or the private one of its ring group.
func (e *EntryPoint) target() QueueID {
	if len(e.Users) > 0 {
		return ringGroupID(e.ID)
	}
	return e.Queue
}

// becomeWaiting puts a call into a queue. A call that comes back to the queue in which it waited last keeps its first arrival time there (Q3).
func (s *Shard) becomeWaiting(c *call, to QueueID, why string) {
	c.assert(Routing, Waiting, Talking, Outside)
	s.passPhase(c)
	q := s.queueOf(c.Tenant, to)
	if c.Queue != to || c.QueuedAt.IsZero() {
		c.QueuedAt = s.now
	}
	c.Phase, c.Queue, c.queue = Waiting, to, q
	c.Held = false
	c.WaitTill, c.NextRing, c.Prefer, c.PreferTill = s.waitTill(q), 0, "", 0
	s.preferLast(c, q)
	s.touch(c)
	s.reportQueue(q)
	s.enterLine(c)
	s.tellCall(c, Entry{Kind: EntryCallQueued, Queue: to, Reason: why})
	if q.Ringback && !c.Answered {
		c.Ringing = true
		s.do(c, nil, Ring{Leg: c.Customer})
		return
	}
	s.answer(c)
	s.mixWaiting(c, q.Music)
}

// waitTill is until when the queue lets somebody wait who begins to now; 0 = for as long as they like.
func (s *Shard) waitTill(q *queue) instant {
	if q.MaxWait <= 0 {
		return 0
	}
	return s.now.Add(q.MaxWait)
}

// mixWaiting lets a caller who waits hear music.
func (s *Shard) mixWaiting(c *call, music string) {
	s.mix(c, []Member{{Leg: c.Customer, Mode: Hold, Music: music}})
	if c.More != nil {
		s.declare(c, c.More.SideID, &c.More.Side, nil)
	}
}

// preferLast lets a returning caller wait a little for the agent who served them last (Q7), if that agent is at work.
func (s *Shard) preferLast(c *call, q *queue) {
	if q.Sticky <= 0 || c.From == "" {
		return
	}
	a := s.st.Agents[s.ix.affinity[affinityKey{c.Tenant, c.From}]]
	if a == nil || a.State == Offline || a.Removed || c.excludes(a.ID) {
		return
	}
	if m := q.index.of[a.ID]; m != nil && m.able {
		c.Prefer, c.PreferTill = a.ID, s.now.Add(q.Sticky)
	}
}

// answer answers the customer's leg, once.
func (s *Shard) answer(c *call) {
	if !c.Answered {
		c.Answered, c.Ringing = true, false
		s.do(c, nil, Answer{Leg: c.Customer})
	}
}

// play plays prompts to the customer.
func (s *Shard) play(c *call, media []string) {
	c.Prompt = &prompt{Play: PlayID(s.newID()), Media: media, Till: s.now.Add(playFor)}
	s.ix.plays[c.Prompt.Play] = c.ID
	s.do(c, nil, Play{Leg: c.Customer, Play: c.Prompt.Play, Media: c.Prompt.Media})
	c.Prompt.Order = s.st.Effects
}

func (s *Shard) played(f Played) {
	c := s.st.Calls[s.ix.plays[f.Play]]
	if c == nil || c.Prompt == nil || c.Prompt.Play != f.Play {
		return
	}
	if !f.OK {
		s.alert("prompt_failed", Entry{Tenant: c.Tenant, Call: c.ID, Engine: c.Engine})
	}
	s.donePlaying(c)
}

// donePlaying goes on after a prompt.
func (s *Shard) donePlaying(c *call) {
	s.noPlay(c)
	s.touch(c)
	switch c.Phase {
	case Routing:
		s.route(c)
	case Closing:
		s.endCustomer(c, c.Record.Cause.Code)
	case Waiting, Talking, PostCall, Outside, Ended:
	}
}

func (s *Shard) noPlay(c *call) {
	if c.Prompt != nil {
		delete(s.ix.plays, c.Prompt.Play)
		c.Prompt = nil
	}
}

// closeWith plays a last prompt, if there is one, and ends the call with the cause.
func (s *Shard) closeWith(c *call, prompts []string, cause CauseCode) {
	c.assert(Routing, Waiting, Talking, Outside)
	if c.Phase == Waiting {
		s.leaveQueue(c, "unanswered")
	}
	s.passPhase(c)
	s.stopWaiting(c)
	c.Phase = Closing
	c.Held = false
	c.Record.Cause = Cause{Code: cause, By: ByUs}
	s.touch(c)
	if len(prompts) == 0 {
		s.endCustomer(c, cause)
		return
	}
	s.answer(c)
	s.play(c, prompts)
}

// endCustomer hangs up the customer's leg: the call is over when the switch says so.
func (s *Shard) endCustomer(c *call, cause CauseCode) {
	s.becomeEnded(c)
	c.Record.Cause = Cause{Code: cause, By: ByUs}
	if l := c.customer; l != nil {
		s.hang(l, cause)
	}
}

// expireWait ends a call that nobody took in time.
func (s *Shard) expireWait(c *call) {
	c.WaitTill = 0
	if c.Parent != "" {
		s.placeFailed(c, string(OfferNoAnswer))
		return
	}
	q := c.queue
	s.withdrawOffers(c, OfferWithdrawn)
	if s.comesBack(c) || s.goesOver(c) {
		return
	}
	c.Record.Outcome = CallUnanswered
	if len(c.Record.Agents) > 0 {
		c.Record.Outcome = CallAnswered // by who has transferred them
	}
	s.closeWith(c, q.Unanswered, CauseNoAnswer)
}

// goesOver takes a caller whose queue is no more to where their entry point leads by now, if it is open: they were let in, and that is what has been put in its place. The time for which they
// have waited counts there.
func (s *Shard) goesOver(c *call) bool {
	e := s.entryPointOf(c, c.EntryPoint)
	if c.queue.takes(c) || e == nil || s.closed(e) {
		return false
	}
	q := s.st.Queues[e.target()]
	if q == nil || !q.takes(c) {
		return false
	}
	if c.Phase == Waiting {
		s.leaveQueue(c, "unanswered")
	}
	c.Queue = q.ID // or their first arrival would not count
	s.becomeWaiting(c, q.ID, "moved")
	return true
}

// leaveQueue takes a caller out of the queue whom nobody has served there. The entry is what a queue's figures are made from, so it is told of each stay that began with
// one of EntryCallQueued.
func (s *Shard) leaveQueue(c *call, why string) {
	s.leaveLine(c)
	if !c.Direct {
		s.tellCall(c, Entry{Kind: EntryCallLeftQueue, Queue: c.Queue, Reason: why, Duration: s.now.Sub(c.PhaseSince)})
	}
}

// stopWaiting clears what only a waiting call has.
func (s *Shard) stopWaiting(c *call) {
	c.WaitTill, c.NextRing, c.PreferTill = 0, 0, 0
}

// expireCall fires the call's deadlines.
func (s *Shard) expireCall(c *call) {
	s.touch(c)
	if c.Prompt != nil && s.due(c.Prompt.Till) {
		s.repair("prompt_end_missed", Entry{Tenant: c.Tenant, Call: c.ID, Engine: c.Engine})
		s.do(c, nil, Stop{Leg: c.Customer, Play: c.Prompt.Play}) // it may be as long as that, and nobody could talk with the caller before its end
		s.donePlaying(c)
	}
	s.expireOffers(c)
	if s.due(c.NextRing) {
		c.NextRing = 0
	}
	if s.due(c.PreferTill) {
		c.PreferTill = 0
	}
	if s.due(c.WaitTill) {
		s.expireWait(c)
	}
	if s.due(c.AnswerRetry) {
		c.AnswerRetry = 0
		s.answerAgain(c)
	}
	s.expireMixes(c)
	s.expireRecordings(c)
	s.expireConsult(c)
	s.expireForward(c)
}

// passPhase books the time of the phase that ends now, so that a record's times add up.
func (s *Shard) passPhase(c *call) {
	d := s.now.Sub(c.PhaseSince)
	switch {
	case c.Phase == Routing:
		c.Record.Route += d
	case c.Phase == Waiting:
		c.Record.Wait += d
	case c.Phase == Talking && c.customerHeld():
		c.Record.Hold += d
	case c.Phase == Talking:
		c.Record.Talk += d
	case c.Phase == Outside:
		c.Record.Outside += d
	case c.Phase == PostCall:
		c.Record.PostCall += d
	default:
		c.Record.Close += d
	}
	c.PhaseSince = s.now
}

func (c *call) assert(from ...CallPhase) {
	for _, f := range from {
		if c.Phase == f {
			return
		}
	}
	panic("core: call " + string(c.ID) + " cannot leave the phase " + string(c.Phase) + " this way")
}

func (c *call) excludes(a AgentID) bool {
	for _, x := range c.Excluded {
		if x == a {
			return true
		}
	}
	return false
}
