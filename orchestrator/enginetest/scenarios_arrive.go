package enginetest

import (
	"slices"
	"strings"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// arriving are the scenarios of calls that come in.
func arriving() []scenario {
	all := []scenario{
		{"a call appears, rings and is answered", "(1) appeared, answered, hung up in this order; (2)", "N5", appearRingAnswer},
		{"a caller gives up while it rings", "(1) LegHungUp tells who ended it", "Q4", callerGivesUp},
		{"an answered caller hangs up", "(1) LegHungUp tells who ended it", "", answeredCallerHangsUp},
		{"we hang up on a caller", "(1) LegHungUp tells who ended it; (5) the leg is unknown afterwards", "", weHangUp},
		{"answering and ringing repeated", "(4) Answer and Ring may be repeated", "", answerTwice},
	}
	for _, r := range []struct {
		cause  core.CauseCode
		status []int
	}{
		{core.CauseBusy, []int{486}},
		{core.CauseCongestion, []int{503}},
		{core.CauseDeclined, []int{403, 603}},
		{core.CauseRejected, []int{403, 603}},
		{core.CauseUnallocated, []int{404}},
		{core.CauseNoAnswer, []int{480}},
	} {
		all = append(all, scenario{
			"a caller is turned away with " + string(r.cause), "(1); the caller learns why", "C22",
			func(s *stage) { turnAway(s, r.cause, r.status) },
		})
	}
	for _, o := range []struct{ what, from, name string }{
		{"quotes", "4930777001", `O'Neil "Bob" <b>; DROP`},
		{"a variable reference", "4930777002", "${EXTEN} ${SHELL(id)} $${x}"},
		{"Unicode", "4930777003", "Zoë Müller 中文"},
		{"500 characters", "4930777004", strings.Repeat("long name ", 50)},
		{"line breaks", "4930777005", "first\r\nX-Injected: second"},
		{"a number that is no number", "${SHELL(id)}", "Odd"},
		{"backslashes and commas", "4930777007", `a\,b,c;d|e&f`},
		{"nothing", "", ""},
	} {
		all = append(all, scenario{
			"an odd caller id with " + o.what, "(2) text of callers arrives as text, and is never expanded", "",
			func(s *stage) { oddCaller(s, o.from, o.name) },
		})
	}
	return all
}

func appearRingAnswer(s *stage) {
	c, leg := s.arrive()
	f := await(s, "LegAppeared", func(f core.LegAppeared) bool { return f.Leg == leg })
	if f.Engine != s.eng.ID() || !sameNumber(f.To, s.w.Number()) || f.Name != "Caller" {
		s.fail("appeared as %+v", f)
	}
	s.do(core.Ring{Leg: leg})
	c.HearsRinging(s.t)
	s.do(core.Answer{Leg: leg})
	s.answered(leg)
	c.Answered(s.t)
	c.Hears(s.t, Silence())
	s.do(core.Hang{Leg: leg, Cause: core.CauseNormal})
	s.overFor(leg, core.ByUs, core.CauseNormal)
	if e := c.Ended(s.t); e.Status != 0 || e.ByParty {
		s.fail("the caller saw %+v", e)
	}
}

func callerGivesUp(s *stage) {
	c, leg := s.arrive()
	s.do(core.Ring{Leg: leg})
	c.HearsRinging(s.t)
	c.HangUp(s.t)
	s.overFor(leg, core.ByThem, core.CauseNormal, core.CauseCancelled)
}

func answeredCallerHangsUp(s *stage) {
	c, leg := s.caller()
	c.HangUp(s.t)
	s.overFor(leg, core.ByThem, core.CauseNormal)
}

func weHangUp(s *stage) {
	c, leg := s.caller()
	s.do(core.Hang{Leg: leg, Cause: core.CauseNormal})
	s.overFor(leg, core.ByUs, core.CauseNormal)
	c.Ended(s.t)
	s.refused(core.Hang{Leg: leg, Cause: core.CauseNormal}, core.WhyUnknown)
	s.refused(core.Answer{Leg: leg}, core.WhyUnknown)
}

func answerTwice(s *stage) {
	c, leg := s.arrive()
	s.do(core.Ring{Leg: leg}, core.Ring{Leg: leg}, core.Answer{Leg: leg}, core.Answer{Leg: leg})
	s.answered(leg)
	c.Answered(s.t)
	c.HangUp(s.t)
	s.over(leg)
}

func turnAway(s *stage, cause core.CauseCode, status []int) {
	c, leg := s.arrive()
	s.do(core.Hang{Leg: leg, Cause: cause})
	if got := s.over(leg); got.By != core.ByUs {
		s.fail("hung up for %+v, want it to be ours", got)
	}
	if e := c.Ended(s.t); !slices.Contains(status, e.Status) || e.ByParty {
		s.fail("the caller saw %+v, want one of %v", e, status)
	}
}

func oddCaller(s *stage, from, name string) {
	c := s.w.NewCaller(s.t, from, name)
	c.Dial(s.t, s.w.Number())
	f := await(s, "LegAppeared", func(core.LegAppeared) bool { return true })
	// The switch may shorten the text and drop characters, but what is left must be what was sent.
	anonymous := from == "" && strings.EqualFold(f.Name, "anonymous")
	if !isRemainder(f.Name, name) && !anonymous || !isRemainder(f.From, from) {
		s.fail("sent from %q name %q, arrived as %+v", from, name, f)
	}
	if plain := letters(name); len(plain) > 0 && len(plain) <= 40 && letters(f.Name) != plain && !strings.ContainsAny(name, "\r\n") {
		s.fail("the name %q arrived as %q", name, f.Name)
	}
	s.do(core.Answer{Leg: f.Leg})
	c.Answered(s.t)
	s.do(core.Hang{Leg: f.Leg, Cause: core.CauseNormal})
	s.over(f.Leg)
}

// isRemainder reports whether got is sent with some characters left out. Spaces and backslashes count for nothing: SIP carries no line breaks, and some
// switches hand on the backslash that protects a quotation mark on the way.
func isRemainder(got, sent string) bool {
	bare := strings.NewReplacer(" ", "", "\r", "", "\n", "", `\`, "", "+", "").Replace
	rest := []rune(bare(sent))
	for _, r := range bare(got) {
		i := slices.Index(rest, r)
		if i < 0 {
			return false
		}
		rest = rest[i+1:]
	}
	return true
}

// letters are the ASCII letters of a text: what every switch hands through.
func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, text)
}
