package core

func (s *Shard) legRinging(f LegRinging) {
	l := s.st.Legs[f.Leg]
	if l == nil {
		s.odd("ringing_unknown_leg")
		return
	}
	if l.Ringing || l.Up || l.dying() || l.Role == customerLeg {
		return
	}
	l.Ringing = true
	c := l.of
	if i := c.offerOf(l.ID); i >= 0 {
		c.Offers[i].Ringing = true
		s.touch(c)
		s.tellCall(c, Entry{Kind: EntryOfferRinging, Agent: l.Agent, Queue: c.Queue, Leg: l.ID})
		if p := s.parent(c); p != nil && p.consult() != nil && p.consult().RingingAt.IsZero() {
			p.consult().RingingAt = s.now
			s.touch(p)
		}
	}
	if l.Role == outsideLeg {
		s.tellCall(c, Entry{Kind: EntryOutsideRinging, Leg: l.ID, Queue: c.Queue})
	}
	if k := c.consult(); k != nil && k.Leg == l.ID {
		k.Reached, k.RingingAt = true, s.now
		s.touch(c)
	}
}

func (s *Shard) legAnswered(id LegID) {
	l := s.st.Legs[id]
	if l == nil {
		s.odd("answered_unknown_leg")
		return
	}
	if l.Up {
		return
	}
	l.Up = true
	if l.Role == customerLeg {
		return
	}
	c := l.of
	if l.Role == outsideLeg && !l.dying() {
		s.outsideAnswered(c, l)
		return
	}
	i := c.offerOf(id)
	if i < 0 || c.Phase != Waiting {
		// Taken in the same instant in which we withdrew it. The hang-up is on its way, or may have
		// crossed the answer and been lost: order it again.
		if l.dying() {
			s.do(c, l, Hang{Leg: id, Cause: l.HangWith})
		} else {
			s.hang(l, CauseAnsweredElsewhere)
		}
		return
	}
	if c.Parent != "" {
		s.consultAnswered(c, c.Offers[i])
		return
	}
	s.becomeTalking(c, c.Offers[i])
}

func (s *Shard) legHungUp(id LegID, cause Cause) {
	l := s.st.Legs[id]
	if l == nil {
		s.odd("hungup_unknown_leg")
		return
	}
	s.legGone(l, cause)
}

// legGone forgets a leg and deals with what it leaves behind.
func (s *Shard) legGone(l *leg, cause Cause) {
	c := l.of
	s.ix.timers.set(&l.timer, 'l', string(l.ID), 0)
	delete(s.st.Legs, l.ID)
	c.legs--
	if c.customer == l {
		c.customer = nil
	}
	if c.agentLeg == l {
		c.agentLeg = nil
	}
	s.touch(c)
	switch i := c.offerOf(l.ID); {
	case l.Role == customerLeg:
		s.customerGone(c, cause)
	case i >= 0:
		outcome := outcomeOf(l, cause)
		s.endOffer(c, i, outcome, cause)
	case l.ID == c.AgentLeg:
		s.primaryGone(c, cause)
	case c.consult() != nil && c.consult().Leg == l.ID:
		s.consultantGone(c, cause)
	case c.partyOf(l.ID) >= 0:
		s.partyGone(c, c.partyOf(l.ID), cause)
	}
}

// over reports whether nothing is left of a call but its record.
func (s *Shard) over(c *call) bool {
	return c.Closed && !c.isRecorded() && c.legs == 0
}

// refused deals with an effect that was not accepted.
func (s *Shard) refused(f Refused) {
	switch f.Action {
	case "dial":
		s.dialRefused(f)
	case "hang":
		if l := s.st.Legs[f.Leg]; l != nil && f.Why == WhyUnknown {
			cause := Cause{Code: l.HangWith, By: ByUs}
			if !l.dying() {
				cause = Cause{Code: CauseUnknown, By: ByIndeterminate}
			}
			s.legGone(l, cause)
		}
		// Anything else: the hang-up is repeated (expireLeg).
	case "answer", "ring", "play", "stop":
		l := s.st.Legs[f.Leg]
		if l == nil {
			return
		}
		if f.Why == WhyUnknown && s.engineIsUp(l.Engine) {
			s.legGone(l, Cause{Code: CauseNormal, By: ByIndeterminate}) // gone before we could
			return
		}
		if f.Action == "answer" || f.Action == "ring" {
			s.answerRefused(l.of, l)
			return
		}
		// A refusal may come late, when the next prompt is being played already.
		if c := l.of; f.Action == "play" && c.Prompt != nil && c.Prompt.Order == f.Effect {
			s.alert("prompt_failed", Entry{Tenant: c.Tenant, Call: c.ID, Engine: c.Engine})
			s.donePlaying(c)
		}
	case "set_mix":
		s.mixRefused(f)
	case "start_recording", "pause_recording", "resume_recording", "stop_recording":
		s.recordingRefused(f)
	case "send_digits":
		if l := s.st.Legs[f.Leg]; l != nil {
			c := l.of
			s.alert("digits_failed", Entry{Tenant: c.Tenant, Call: c.ID, Agent: c.Primary})
		}
	}
}

// dialRefused ends an offer whose phone was never rung. Where it is not certain that there is no leg, the leg is hung up.
func (s *Shard) dialRefused(f Refused) {
	l := s.st.Legs[f.Leg]
	if l == nil {
		return
	}
	cause := Cause{Code: CauseCongestion, By: ByNetwork}
	certain := false
	switch f.Why {
	case WhyUnreachable:
		cause, certain = Cause{Code: CauseUnreachable, By: ByThem}, true
	case WhyInvalid:
		// No later dial would do better: somebody has to look at the phone's set-up.
		cause, certain = Cause{Code: CauseUnreachable, By: ByUs}, true
	case WhyUnknown:
		certain = true
	case WhyDown, WhyTimeout, WhyState, WhyLimit, WhyFailed:
	}
	c := l.of
	if certain {
		s.legGone(l, cause)
		return
	}
	if (l.Ringing || l.Up) && !l.dying() {
		return // only the answer to the order was lost: what the leg has told since proves that it was carried out
	}
	if i := c.offerOf(l.ID); i >= 0 {
		s.endOffer(c, i, outcomeOf(l, cause), cause)
		return
	}
	if !l.dying() {
		s.hang(l, CauseCancelled)
	}
}

// answerRefused says after a while again what should be heard by a caller who may still be hearing nothing.
func (s *Shard) answerRefused(c *call, l *leg) {
	if l.Role != customerLeg || l.Up || l.dying() || !c.AnswerRetry.IsZero() {
		return
	}
	c.AnswerTries++
	c.AnswerRetry = s.now.Add(mixDelay(c.AnswerTries))
	s.touch(c)
}

// answerAgain repeats the order to answer, or to ring, if it is not known to have been carried out.
func (s *Shard) answerAgain(c *call) {
	l := c.customer
	switch {
	case l == nil || l.Up || l.dying():
	case c.Answered:
		s.do(c, nil, Answer{Leg: c.Customer})
	case c.Ringing:
		s.do(c, nil, Ring{Leg: c.Customer})
	}
}

// legOfCustomer looks a call's customer up. The leg of that name may be another call's: a switch that starts anew may give a name again.
func (s *Shard) legOfCustomer(c *call) *leg {
	if l := s.st.Legs[c.Customer]; l != nil && l.Call == c.ID {
		return l
	}
	return nil
}

func (s *Shard) addLeg(c *call, l *leg) {
	s.st.Legs[l.ID], l.of = l, c
	if l.Role == customerLeg {
		c.customer = l
	}
	c.legs++
}

// forget lets go of a call that is over.
func (s *Shard) forget(c *call) {
	s.ix.timers.set(&c.timer, 'c', string(c.ID), 0)
	if c.More != nil {
		delete(s.ix.asides, c.More.SideID)
		for _, r := range c.More.Missed {
			delete(s.ix.recordings, r.ID)
		}
	}
	delete(s.st.Calls, c.ID)
}
