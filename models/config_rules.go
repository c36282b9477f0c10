package models

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/figures"
)

// The rules for a set-up, all of them in this file, except for those that need the rest of the configuration (does the queue exist,
// is the number free), which config_*.go check in the transaction that writes. Where a number or a name later reaches a switch, its form is so narrow that
// there is nothing in it to expand or to escape.

var (
	idForm     = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,63}$`)
	numberForm = regexp.MustCompile(`^\+?[0-9*#]{1,32}$`)
	phoneForm  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)
	promptForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*$`)
	musicForm  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
	regionForm = regexp.MustCompile(`^[A-Z]{2}$`)
	zoneForm   = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*)*$`)

	variableForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	countryForm  = regexp.MustCompile(`^\+[1-9][0-9]{0,2}$`)
	prefixForm   = regexp.MustCompile(`^\+[1-9][0-9]{0,14}$`)
	shownForm    = regexp.MustCompile(`^\+?[0-9]{3,18}$`)
)

const (
	idRule     = "must have 1 to 64 of a-z, 0-9, '_', '.', '-', and begin with a letter or digit"
	numberRule = "must be 1 to 32 of 0-9, '*', '#', with or without a '+' in front"
	phoneRule  = "must have 1 to 64 letters, digits, '_', '.', '-', and begin with a letter or digit"
	promptRule = "must be the name of a prompt: a-z, 0-9, '_', '-', with '/' between folders, up to 128 characters"
	musicRule  = "must be the name of a music class: 1 to 64 letters, digits, '_', '-'"

	variableRule = "must have 1 to 64 letters, digits, '_', '-'"
	countryRule  = "must be a country code with '+', like +49"
	prefixRule   = "must be a prefix in international form: '+' and up to 15 digits, like +49 or +4989"
	allowRule    = prefixRule + "; or a whole service number, like 112, which is dialled as it is"
	shownRule    = "must be 3 to 18 digits, with or without a '+' in front"
)

const (
	maxNumbers   = 10_000 // of one entry point
	maxMembers   = 10_000 // of one queue
	maxSkills    = 100
	maxTeams     = 50
	maxReasons   = 200
	maxPrompts   = 20
	maxCalls     = 1_000_000
	maxPrefixes  = 1000 // in each list of a tenant's dialling
	longestDelay = time.Hour
	longestRing  = 5 * time.Minute
)

func (v *violations) id(field, id string) { v.check(idForm.MatchString(id), field, idRule) }

func (v *violations) name(name string) {
	v.text("name", name, 128)
	v.check(strings.TrimSpace(name) != "", "name", "must not be empty")
}

// text checks a line of text for people.
func (v *violations) text(field, text string, longest int) {
	ok := utf8.ValidString(text) && utf8.RuneCountInString(text) <= longest && !strings.ContainsFunc(text, unicode.IsControl)
	v.check(ok, field, "must have up to %d characters, without line breaks and control characters", longest)
}

// span checks a duration that may be left at zero.
func (v *violations) span(field string, d, most time.Duration) {
	v.check(d == 0 || (d >= time.Second && d <= most), field, "must be 1s to %s, or 0 for the default", most)
}

func (v *violations) between(field string, n, least, most int) {
	v.check(n >= least && n <= most, field, "must be %d to %d", least, most)
}

func (v *violations) prompts(field string, prompts []string) {
	v.check(len(prompts) <= maxPrompts, field, "must have at most %d prompts", maxPrompts)
	for i, p := range prompts {
		v.check(len(p) <= 128 && promptForm.MatchString(p), fmt.Sprintf("%s[%d]", field, i), promptRule)
	}
}

// words checks a list of reasons or teams: each a line of text, none twice.
func (v *violations) words(field string, words []string, longest, most int) {
	if len(words) > most {
		v.add(field, "must have at most %d", most)
		return // each is compared with all before it
	}
	for i, w := range words {
		at := fmt.Sprintf("%s[%d]", field, i)
		v.text(at, w, longest)
		v.check(strings.TrimSpace(w) != "", at, "must not be empty")
		v.check(slices.Index(words, w) == i, at, "is listed twice")
	}
}

// NumberRule is the rule that a number of an entry point breaks by its form; "" = none.
func NumberRule(number string) string {
	if numberForm.MatchString(number) {
		return ""
	}
	return numberRule
}

// ValidSite checks the settings of the whole site. The error is an [Invalid].
func ValidSite(s core.Site) error {
	var v violations
	v.between("max_calls", s.MaxCalls, 0, maxCalls)
	return v.err()
}

// ValidTenant checks a tenant by itself. The error is an [Invalid].
func ValidTenant(t Tenant) error {
	var v violations
	v.id("id", string(t.ID))
	v.name(t.Name)
	v.between("max_calls", t.MaxCalls, 0, maxCalls)
	v.words("idle_reasons", t.IdleReasons, 64, maxReasons)
	v.prompts("disconnected", t.Disconnected)
	v.check(t.Region == "" || (regionForm.MatchString(t.Region) && knownRegion(t.Region)), "region", "must be a country code of ISO 3166, two capital letters, or empty")
	v.check(slices.Contains([]LeadPolicy{"", LeadsInbound, LeadsOff}, t.Leads), "leads", "must be %q or %q", LeadsInbound, LeadsOff)
	v.check(knownZone(t.Zone), "zone", "must be an IANA time zone, like Europe/Berlin, or empty for UTC")
	_, known := figures.ServiceLevel(t.ServiceLevel)
	v.check(known, "service_level", "must be abandon_ignored, answered_only, abandon_positive or abandon_negative, or empty for the first")
	v.between("short_abandon", t.ShortAbandon, 0, 60)
	v.dialling(t.Dialling)
	return v.err()
}

// knownZone reports whether there is such a time zone, by the form of IANA's names: what else a machine keeps beside its zones (posixrules, right/Europe/Berlin with its leap seconds) no other
// machine and no browser need know. "Local" is that of whatever machine this is, "Factory" that of one that was told none.
func knownZone(zone string) bool {
	if zone == "" {
		return true
	}
	_, err := time.LoadLocation(zone)
	return err == nil && zoneForm.MatchString(zone) && zone != "Local" && zone != "Factory" && len(zone) <= 64
}

// dialling checks where a tenant's agents may call out to (C5). A prefix that cannot begin any number is refused here: in the list of what is refused it would look
// like protection and be none.
func (v *violations) dialling(d core.Dialling) {
	v.check(d.Trunk == "" || phoneForm.MatchString(d.Trunk), "dialling.trunk", phoneRule)
	v.check(d.Home == "" || countryForm.MatchString(d.Home), "dialling.home", countryRule)
	v.check(d.Shown == "" || shownForm.MatchString(d.Shown), "dialling.shown", shownRule)
	v.prefixes("dialling.allow", d.Allow, allowRule, func(p string) bool { return prefixForm.MatchString(p) || serviceNumber(d.Home, p) })
	v.prefixes("dialling.refuse", d.Refuse, prefixRule, prefixForm.MatchString)
}

// serviceNumber reports whether a number is dialled as it stands, and not read as one of the country's: only then is there any use in allowing it.
func serviceNumber(home, number string) bool {
	d := core.Dialling{Trunk: "any", Home: home, Allow: []string{number}}
	dialled, refused := d.DialNumber(number)
	return refused == nil && dialled == number
}

func (v *violations) prefixes(field string, prefixes []string, rule string, ok func(string) bool) {
	v.check(len(prefixes) <= maxPrefixes, field, "must have at most %d", maxPrefixes)
	seen := make(map[string]bool, len(prefixes))
	for i, p := range prefixes {
		at := fmt.Sprintf("%s[%d]", field, i)
		v.check(ok(p), at, "%s", rule)
		v.check(!seen[p], at, "is listed twice")
		seen[p] = true
	}
}

// ValidEntryPoint checks an entry point by itself (N2, N3, N5, N6). The error is an [Invalid].
func ValidEntryPoint(e core.EntryPoint) error {
	var v violations
	v.id("id", string(e.ID))
	v.id("tenant", string(e.Tenant))
	v.name(e.Name)
	v.check(len(e.Numbers) <= maxNumbers, "numbers", "must have at most %d numbers", maxNumbers)
	seen := make(map[string]bool, len(e.Numbers))
	for i, n := range e.Numbers {
		at := fmt.Sprintf("numbers[%d]", i)
		v.check(NumberRule(n) == "", at, numberRule)
		v.check(!seen[sameNumber(n)], at, "is listed twice: with or without '+' it is the same")
		seen[sameNumber(n)] = true
	}
	v.check(e.Queue == "" || len(e.Users) == 0, "users", "must be empty when there is a queue: calls go to one or the other")
	v.check(e.Off || e.Queue != "" || len(e.Users) > 0, "queue", "must be set unless there are users, or the entry point is off")
	if e.Queue != "" {
		v.id("queue", string(e.Queue))
	}
	if e.Hours != "" {
		v.id("hours", string(e.Hours))
	}
	v.check(len(e.Users) <= core.MaxRingAll, "users", "must have at most %d users: they ring at once", core.MaxRingAll)
	for i, u := range e.Users {
		v.check(slices.Index(e.Users, u) == i, fmt.Sprintf("users[%d]", i), "is listed twice")
	}
	v.span("ring_time", e.RingTime, longestRing)
	v.between("priority", e.Priority, 0, 9)
	v.prompts("greeting", e.Greeting)
	v.prompts("closed", e.Closed)
	v.variables(e.Variables)
	return v.err()
}

// variables checks the variables that an entry point defines for its calls (C18, C2).
func (v *violations) variables(set []core.VariableSetup) {
	v.check(len(set) <= core.MaxVariables, "variables", "must have at most %d variables", core.MaxVariables)
	seen, shown := make(map[string]bool, len(set)), 0
	for i, d := range set {
		at := fmt.Sprintf("variables[%d]", i)
		v.check(variableForm.MatchString(d.Name), at+".name", variableRule)
		folded := strings.ToLower(d.Name)
		v.check(!seen[folded], at+".name", "is listed twice: upper and lower case are the same")
		seen[folded] = true
		v.text(at+".label", d.Label, 128)
		v.check(slices.Contains(core.VariableTypes(), d.Type), at+".type", "must be one of %v", core.VariableTypes())
		v.check(!d.PopUp || !d.Secure, at+".pop_up", "must be false: a secure variable is never shown in a request")
		if d.PopUp {
			shown++
			v.check(shown <= core.MaxPopUp, at+".pop_up", "must be true for at most %d variables", core.MaxPopUp)
		}
	}
}

// sameNumber is what two spellings of a called number have in common. The rules find an entry point without looking at the "+", which carriers send or
// not; two entry points whose numbers differ in nothing else would take each other's calls (N2).
func sameNumber(n string) string { return strings.TrimPrefix(n, "+") }

// ValidQueue checks a queue by itself (Q3 to Q7, C15, C19). The error is an [Invalid].
func ValidQueue(q core.Queue) error {
	var v violations
	v.id("id", string(q.ID))
	v.id("tenant", string(q.Tenant))
	v.name(q.Name)
	v.check(q.Strategy == "" || slices.Contains(core.Strategies(), q.Strategy), "strategy", "must be one of %v", core.Strategies())
	v.span("ring_time", q.RingTime, longestRing)
	v.span("busy_delay", q.BusyDelay, longestDelay)
	v.span("miss_delay", q.MissDelay, longestDelay)
	v.between("rona_after", q.RONAAfter, -1, 100)
	v.span("progressive_step", q.ProgressiveStep, longestRing)
	v.members(q.Members)
	v.skillNeeds(q.Skills)
	v.check(q.Music == "" || musicForm.MatchString(q.Music), "music", musicRule)
	v.span("max_wait", q.MaxWait, 24*time.Hour)
	v.between("max_size", q.MaxSize, 0, maxCalls)
	v.prompts("unanswered", q.Unanswered)
	v.span("service_level", q.ServiceLevel, 24*time.Hour)
	v.span("sticky", q.Sticky, longestDelay)
	v.span("pause_limit", q.PauseLimit, longestDelay)
	v.span("wrap_up.time", q.WrapUp.Time, 24*time.Hour)
	v.span("wrap_up.extension", q.WrapUp.Extension, 24*time.Hour)
	v.between("wrap_up.extensions", q.WrapUp.Extensions, 0, 100)
	v.words("wrap_up.reasons", q.WrapUp.Reasons, 128, maxReasons)
	return v.err()
}

func (v *violations) members(members []core.Membership) {
	v.check(len(members) <= maxMembers, "members", "must have at most %d members", maxMembers)
	seen := make(map[core.AgentID]bool, len(members))
	for i, m := range members {
		at := fmt.Sprintf("members[%d]", i)
		v.id(at+".agent", string(m.Agent))
		v.check(!seen[m.Agent], at+".agent", "is listed twice")
		seen[m.Agent] = true
		v.between(at+".level", m.Level, 0, 1000)
		v.between(at+".rank", m.Rank, 0, 1000)
	}
}

func (v *violations) skillNeeds(needs []core.SkillNeed) {
	v.check(len(needs) <= maxSkills, "skills", "must have at most %d skills", maxSkills)
	seen := make(map[string]bool, len(needs))
	for i, n := range needs {
		at := fmt.Sprintf("skills[%d]", i)
		v.skill(at+".skill", n.Skill)
		v.check(!seen[n.Skill], at+".skill", "is listed twice")
		seen[n.Skill] = true
		v.between(at+".level", n.Level, 1, 10)
	}
}

func (v *violations) skill(field, skill string) {
	v.text(field, skill, 64)
	v.check(strings.TrimSpace(skill) != "", field, "must not be empty")
}

// ValidAgent checks an agent by itself. The error is an [Invalid].
func ValidAgent(a core.AgentSetup) error {
	var v violations
	v.id("id", string(a.ID))
	v.id("tenant", string(a.Tenant))
	v.name(a.Name)
	v.check(phoneForm.MatchString(a.Phone), "phone", phoneRule)
	v.check(a.Engine == "" || phoneForm.MatchString(string(a.Engine)), "engine", phoneRule)
	v.words("teams", a.Teams, 64, maxTeams)
	v.check(len(a.Skills) <= maxSkills, "skills", "must have at most %d skills", maxSkills)
	names := make([]string, 0, len(a.Skills))
	for name := range a.Skills {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		v.skill("skills", name)
		v.between("skills."+name, a.Skills[name], 1, 10)
	}
	return v.err()
}
