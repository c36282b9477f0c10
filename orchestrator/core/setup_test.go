package core

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// setUp reads a set-up: several of them joined with "and" come as one change.
func (p *play) setUp(words []string) {
	var c ConfigChanged
	for len(words) > 0 {
		end := slices.Index(words, "and")
		if end < 0 {
			end = len(words)
		}
		p.setUpOne(&c, words[:end])
		words = words[min(end+1, len(words)):]
	}
	p.send(c)
}

func (p *play) setUpOne(c *ConfigChanged, words []string) {
	plain, with := options(words[1:])
	switch words[0] {
	case "site":
		c.Site = &Site{MaxCalls: p.number(with["max"])}
	case "tenant":
		t := Tenant{ID: TenantID(plain[0]), IdleReasons: list(with["idle"]), Disconnected: list(with["sorry"]), MaskNumbers: slices.Contains(plain, "mask")}
		if with["max"] != "" {
			t.MaxCalls = p.number(with["max"])
		}
		t.Dialling = Dialling{Trunk: with["trunk"], Home: with["home"], Allow: list(with["allow"]), Refuse: list(with["refuse"]), Shown: with["shown"]}
		c.Tenants = append(c.Tenants, t)
	case "agent":
		for _, id := range plain {
			if id == "auto" {
				continue
			}
			a := AgentSetup{
				ID: AgentID(id), Tenant: "acme", Phone: with["phone"], Engine: EngineID(with["engine"]), Skills: p.skills(with["skills"]),
				AutoAnswer: slices.Contains(plain, "auto"),
			}
			if a.Phone == "" {
				a.Phone = "phone-" + id
			}
			c.Agents = append(c.Agents, a)
		}
	case "queue":
		c.Queues = append(c.Queues, p.queue(plain, with))
	case "number":
		e := EntryPoint{
			ID: EntryPointID(cmp.Or(with["id"], plain[0]+"-line")), Tenant: "acme", Numbers: list(plain[0]), Queue: QueueID(with["queue"]), Greeting: list(with["greeting"]),
			Off: slices.Contains(plain, "off"), Closed: list(with["closed"]), Hours: HoursID(with["hours"]),
		}
		for _, v := range list(with["vars"]) {
			name, kind, _ := strings.Cut(v, ":")
			d := VariableSetup{Name: name, Type: StringVariable}
			for _, k := range strings.Split(kind, ":") {
				switch k {
				case "global":
					d.Global = true
				case "secure":
					d.Secure = true
				case "edit":
					d.Editable = true
				case "show":
					d.PopUp = true
				case "":
				default:
					d.Type = VariableType(k)
				}
			}
			e.Variables = append(e.Variables, d)
		}
		for _, u := range list(with["users"]) {
			e.Users = append(e.Users, AgentID(u))
		}
		if with["ring"] != "" {
			e.RingTime = p.duration(with["ring"])
		}
		if with["priority"] != "" {
			e.Priority = p.number(with["priority"])
		}
		c.EntryPoints = append(c.EntryPoints, e)
	case "hours":
		c.Hours = append(c.Hours, p.hours(plain, with))
	case "remove":
		switch id := plain[1]; plain[0] {
		case "queue":
			c.Remove.Queues = append(c.Remove.Queues, QueueID(id))
		case "agent":
			c.Remove.Agents = append(c.Remove.Agents, AgentID(id))
		case "hours":
			c.Remove.Hours = append(c.Remove.Hours, HoursID(id))
		case "number":
			c.Remove.EntryPoints = append(c.Remove.EntryPoints, EntryPointID(id+"-line"))
		case "tenant":
			c.Remove.Tenants = append(c.Remove.Tenants, TenantID(id))
		}
	default:
		p.fail("cannot set up a %q", words[0])
	}
}

// hours reads opening hours: each weekday has its spans, each special day (its date as key) too, "closed" being none.
func (p *play) hours(plain []string, with map[string]string) Hours {
	h := Hours{ID: HoursID(plain[0]), Tenant: "acme"}
	spans := func(text string) (out []DaySpan) {
		for _, s := range list(text) {
			if from, to, ok := strings.Cut(s, "-"); ok {
				out = append(out, DaySpan{from, to})
			} else if s != "closed" {
				p.fail("cannot read the span %q", s)
			}
		}
		return out
	}
	for _, key := range slices.Sorted(maps.Keys(with)) {
		switch {
		case slices.Contains(Weekdays(), key):
			for _, s := range spans(with[key]) {
				h.Week = append(h.Week, WeekSpan{key, s.From, s.To})
			}
		case key == "east":
			h.Clock = []ClockChange{{Offset: int(p.duration(with[key]).Seconds())}}
		default:
			h.Days = append(h.Days, SpecialDay{Date: key, Open: spans(with[key])})
		}
	}
	return h
}

func (p *play) skills(text string) map[string]int {
	if text == "" {
		return nil
	}
	out := map[string]int{}
	for _, s := range list(text) {
		skill, level, _ := strings.Cut(s, ":")
		out[skill] = p.number(level)
	}
	return out
}

// queue reads a queue. Skills are skill:level, with an exclamation mark where required.
func (p *play) queue(plain []string, with map[string]string) Queue {
	q := Queue{
		ID: QueueID(plain[0]), Tenant: "acme", Strategy: Strategy(with["strategy"]), Music: with["music"], Unanswered: list(with["sorry"]),
		Ringback: slices.Contains(plain, "ringback"), Record: slices.Contains(plain, "record"), RecordConsults: slices.Contains(plain, "record-consults"),
		DiscardRecordings: slices.Contains(plain, "discard"),
	}
	for _, m := range plain[1:] {
		if m == "ringback" || m == "record" || m == "record-consults" || m == "discard" || m == "reason-required" {
			continue
		}
		parts := strings.Split(m, ":")
		member := Membership{Agent: AgentID(parts[0])}
		if len(parts) > 1 {
			member.Level = p.number(parts[1])
		}
		if len(parts) > 2 {
			member.Rank = p.number(parts[2])
		}
		q.Members = append(q.Members, member)
	}
	for _, s := range list(with["skills"]) {
		skill, level, _ := strings.Cut(s, ":")
		need := SkillNeed{Skill: skill, Required: strings.HasSuffix(level, "!")}
		need.Level = p.number(strings.TrimSuffix(level, "!"))
		q.Skills = append(q.Skills, need)
	}
	for key, d := range durations(&q) {
		if with[key] != "" {
			*d = p.duration(with[key])
		}
	}
	if with["size"] != "" {
		q.MaxSize = p.number(with["size"])
	}
	if with["rona-after"] != "" {
		q.RONAAfter = p.number(with["rona-after"])
	}
	if with["extensions"] != "" {
		q.WrapUp.Extensions = p.number(with["extensions"])
	}
	q.WrapUp.Reasons, q.WrapUp.Required = list(with["reasons"]), slices.Contains(plain, "reason-required")
	return q
}

// durations are a queue's times by the names that transcripts use.
func durations(q *Queue) map[string]*time.Duration {
	return map[string]*time.Duration{
		"ring": &q.RingTime, "busy": &q.BusyDelay, "miss": &q.MissDelay, "step": &q.ProgressiveStep, "max": &q.MaxWait, "sticky": &q.Sticky,
		"pause": &q.PauseLimit, "wrap": &q.WrapUp.Time, "extension": &q.WrapUp.Extension,
	}
}
