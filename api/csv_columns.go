package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// The columns of each file, in their order, and the forms of cells.

var agentFile = file[core.AgentSetup]{
	resource: agents,
	columns: []column[core.AgentSetup]{
		textColumn("id", func(a *core.AgentSetup) *core.AgentID { return &a.ID }),
		textColumn("tenant", func(a *core.AgentSetup) *core.TenantID { return &a.Tenant }),
		textColumn("name", func(a *core.AgentSetup) *string { return &a.Name }),
		textColumn("phone", func(a *core.AgentSetup) *string { return &a.Phone }),
		textColumn("engine", func(a *core.AgentSetup) *core.EngineID { return &a.Engine }),
		listColumn("teams", func(a *core.AgentSetup) *[]string { return &a.Teams }),
		{"skills", func(a core.AgentSetup) string { return writeSkills(a.Skills) }, func(a *core.AgentSetup, text string) (err error) {
			a.Skills, err = readSkills(text)
			return err
		}},
		boolColumn("auto_answer", func(a *core.AgentSetup) *bool { return &a.AutoAnswer }),
	},
	read: func(ctx context.Context, db *models.DB, id string) (core.AgentSetup, error) {
		row, err := db.Config().Agent(ctx, core.AgentID(id))
		return row.Setup, err
	},
	write: func(ctx context.Context, db *models.DB, a core.AgentSetup, there bool) (change core.ConfigChanged, err error) {
		if there {
			_, change, err = db.Config().UpdateAgent(ctx, a, 0)
		} else {
			_, change, err = db.Config().CreateAgent(ctx, a)
		}
		return change, err
	},
}

var userFile = file[models.User]{
	resource: users,
	// There are no passwords in files: they would lie about in folders and mails.
	columns: []column[models.User]{
		textColumn("id", func(u *models.User) *string { return &u.ID }),
		textColumn("tenant", func(u *models.User) *core.TenantID { return &u.Tenant }),
		textColumn("name", func(u *models.User) *string { return &u.Name }),
		textColumn("display_name", func(u *models.User) *string { return &u.Display }),
		textColumn("role", func(u *models.User) *models.Role { return &u.Role }),
		listColumn("teams", func(u *models.User) *[]string { return &u.Teams }),
		boolColumn("all_teams", func(u *models.User) *bool { return &u.AllTeams }),
		textColumn("agent", func(u *models.User) *core.AgentID { return &u.Agent }),
		boolColumn("disabled", func(u *models.User) *bool { return &u.Disabled }),
	},
	read: func(ctx context.Context, db *models.DB, id string) (models.User, error) {
		row, err := db.Users().User(ctx, id)
		return row.Setup, err
	},
	write: func(ctx context.Context, db *models.DB, u models.User, there bool) (_ core.ConfigChanged, err error) {
		if there {
			_, err = db.Users().Update(ctx, u, 0)
		} else {
			_, err = db.Users().Create(ctx, u)
		}
		return core.ConfigChanged{}, err
	},
}

var teamFile = file[models.Team]{
	resource: teams,
	columns: []column[models.Team]{
		textColumn("id", func(t *models.Team) *string { return &t.ID }),
		textColumn("tenant", func(t *models.Team) *core.TenantID { return &t.Tenant }),
		textColumn("name", func(t *models.Team) *string { return &t.Name }),
	},
	read: func(ctx context.Context, db *models.DB, id string) (models.Team, error) {
		row, err := db.Users().Team(ctx, id)
		return row.Setup, err
	},
	write: func(ctx context.Context, db *models.DB, t models.Team, there bool) (_ core.ConfigChanged, err error) {
		if there {
			_, err = db.Users().UpdateTeam(ctx, t, 0)
		} else {
			_, err = db.Users().CreateTeam(ctx, t)
		}
		return core.ConfigChanged{}, err
	},
}

var queueFile = file[core.Queue]{
	resource: asFile(queues),
	columns: []column[core.Queue]{
		textColumn("id", func(q *core.Queue) *core.QueueID { return &q.ID }),
		textColumn("tenant", func(q *core.Queue) *core.TenantID { return &q.Tenant }),
		textColumn("name", func(q *core.Queue) *string { return &q.Name }),
		textColumn("strategy", func(q *core.Queue) *core.Strategy { return &q.Strategy }),
		{"members", func(q core.Queue) string { return writeMembers(q.Members) }, func(q *core.Queue, text string) (err error) {
			q.Members, err = readMembers(text)
			return err
		}},
		{"skills", func(q core.Queue) string { return writeNeeds(q.Skills) }, func(q *core.Queue, text string) (err error) {
			q.Skills, err = readNeeds(text)
			return err
		}},
		secondsColumn("ring_time", func(q *core.Queue) *time.Duration { return &q.RingTime }),
		secondsColumn("busy_delay", func(q *core.Queue) *time.Duration { return &q.BusyDelay }),
		secondsColumn("miss_delay", func(q *core.Queue) *time.Duration { return &q.MissDelay }),
		numberColumn("rona_after", func(q *core.Queue) *int { return &q.RONAAfter }),
		secondsColumn("progressive_step", func(q *core.Queue) *time.Duration { return &q.ProgressiveStep }),
		textColumn("music", func(q *core.Queue) *string { return &q.Music }),
		boolColumn("ringback", func(q *core.Queue) *bool { return &q.Ringback }),
		secondsColumn("max_wait", func(q *core.Queue) *time.Duration { return &q.MaxWait }),
		numberColumn("max_size", func(q *core.Queue) *int { return &q.MaxSize }),
		listColumn("unanswered", func(q *core.Queue) *[]string { return &q.Unanswered }),
		secondsColumn("service_level", func(q *core.Queue) *time.Duration { return &q.ServiceLevel }),
		secondsColumn("sticky", func(q *core.Queue) *time.Duration { return &q.Sticky }),
		boolColumn("record", func(q *core.Queue) *bool { return &q.Record }),
		boolColumn("record_consults", func(q *core.Queue) *bool { return &q.RecordConsults }),
		boolColumn("discard_recordings", func(q *core.Queue) *bool { return &q.DiscardRecordings }),
		secondsColumn("pause_limit", func(q *core.Queue) *time.Duration { return &q.PauseLimit }),
		secondsColumn("wrap_up_time", func(q *core.Queue) *time.Duration { return &q.WrapUp.Time }),
		secondsColumn("wrap_up_extension", func(q *core.Queue) *time.Duration { return &q.WrapUp.Extension }),
		numberColumn("wrap_up_extensions", func(q *core.Queue) *int { return &q.WrapUp.Extensions }),
		listColumn("wrap_up_reasons", func(q *core.Queue) *[]string { return &q.WrapUp.Reasons }),
		boolColumn("wrap_up_required", func(q *core.Queue) *bool { return &q.WrapUp.Required }),
	},
	read: func(ctx context.Context, db *models.DB, id string) (core.Queue, error) {
		row, err := db.Config().Queue(ctx, core.QueueID(id))
		return row.Setup, err
	},
	write: func(ctx context.Context, db *models.DB, q core.Queue, there bool) (change core.ConfigChanged, err error) {
		if there {
			_, change, err = db.Config().UpdateQueue(ctx, q, 0)
		} else {
			_, change, err = db.Config().CreateQueue(ctx, q)
		}
		return change, err
	},
}

var entryPointFile = file[core.EntryPoint]{
	resource: asFile(entryPoints),
	columns: []column[core.EntryPoint]{
		textColumn("id", func(e *core.EntryPoint) *core.EntryPointID { return &e.ID }),
		textColumn("tenant", func(e *core.EntryPoint) *core.TenantID { return &e.Tenant }),
		textColumn("name", func(e *core.EntryPoint) *string { return &e.Name }),
		listColumn("numbers", func(e *core.EntryPoint) *[]string { return &e.Numbers }),
		boolColumn("off", func(e *core.EntryPoint) *bool { return &e.Off }),
		textColumn("hours", func(e *core.EntryPoint) *core.HoursID { return &e.Hours }),
		textColumn("queue", func(e *core.EntryPoint) *core.QueueID { return &e.Queue }),
		listColumn("users", func(e *core.EntryPoint) *[]core.AgentID { return &e.Users }),
		secondsColumn("ring_time", func(e *core.EntryPoint) *time.Duration { return &e.RingTime }),
		numberColumn("priority", func(e *core.EntryPoint) *int { return &e.Priority }),
		listColumn("greeting", func(e *core.EntryPoint) *[]string { return &e.Greeting }),
		listColumn("closed", func(e *core.EntryPoint) *[]string { return &e.Closed }),
	},
	read: func(ctx context.Context, db *models.DB, id string) (core.EntryPoint, error) {
		row, err := db.Config().EntryPoint(ctx, core.EntryPointID(id))
		return row.Setup, err
	},
	write: func(ctx context.Context, db *models.DB, e core.EntryPoint, there bool) (change core.ConfigChanged, err error) {
		if there {
			_, change, err = db.Config().UpdateEntryPoint(ctx, e, 0)
		} else {
			_, change, err = db.Config().CreateEntryPoint(ctx, e)
		}
		return change, err
	},
}

// asFile takes from a resource what does not concern its form on the wire.
func asFile[T, W any](res resource[T, W]) resource[T, T] {
	return resource[T, T]{kind: res.kind, repo: res.repo, id: res.id, tenant: res.tenant, global: res.global, quiet: res.quiet, visible: res.visible, spared: res.spared}
}

func textColumn[T any, S ~string](name string, of func(*T) *S) column[T] {
	return column[T]{name, func(v T) string { return string(*of(&v)) }, func(v *T, text string) error {
		*of(v) = S(text)
		return nil
	}}
}

func listColumn[T any, S ~string](name string, of func(*T) *[]S) column[T] {
	return column[T]{name, func(v T) string {
		words := make([]string, len(*of(&v)))
		for i, w := range *of(&v) {
			words[i] = string(w)
		}
		return joinList(words)
	}, func(v *T, text string) error {
		*of(v) = nil
		for _, word := range splitList(text) {
			*of(v) = append(*of(v), S(word))
		}
		return nil
	}}
}

func boolColumn[T any](name string, of func(*T) *bool) column[T] {
	return column[T]{name, func(v T) string { return strconv.FormatBool(*of(&v)) }, func(v *T, text string) error {
		switch strings.ToLower(text) { // as spreadsheets write it
		case "true":
			*of(v) = true
		case "false", "":
			*of(v) = false
		default:
			return errors.New("must be true or false")
		}
		return nil
	}}
}

func numberColumn[T any](name string, of func(*T) *int) column[T] {
	return column[T]{name, func(v T) string { return strconv.Itoa(*of(&v)) }, func(v *T, text string) (err error) {
		*of(v), err = readNumber(text)
		return err
	}}
}

func secondsColumn[T any](name string, of func(*T) *time.Duration) column[T] {
	return column[T]{name, func(v T) string { return strconv.FormatFloat(of(&v).Seconds(), 'f', -1, 64) }, func(v *T, text string) error {
		if text == "" {
			text = "0"
		}
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.Abs(f) > maxSeconds {
			return errors.New("must be a number of seconds, like 12.5")
		}
		*of(v) = time.Duration(math.Round(f*1e6)) * time.Microsecond
		return nil
	}}
}

func readNumber(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, errors.New("must be a whole number")
	}
	return int(n), nil
}

// inList escapes what would separate words, so that a word may have it.
var inList = strings.NewReplacer(`\`, `\\`, listSeparator, `\`+listSeparator)

func joinList(words []string) string {
	escaped := make([]string, len(words))
	for i, w := range words {
		escaped[i] = inList.Replace(w)
	}
	return strings.Join(escaped, listSeparator)
}

func splitList(text string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	var words []string
	var word strings.Builder
	end := func() {
		words = append(words, strings.TrimSpace(word.String()))
		word.Reset()
	}
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == listSeparator[0]:
			end()
			continue
		case text[i] == '\\' && i+1 < len(text) && (text[i+1] == '\\' || text[i+1] == listSeparator[0]):
			i++ // before anything else it is itself, as people write it
		}
		word.WriteByte(text[i])
	}
	end()
	return words
}

// Skills are written as english=7|german=3.

func writeSkills(skills map[string]int) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(skills)) {
		words = append(words, fmt.Sprintf("%s=%d", name, skills[name]))
	}
	return joinList(words)
}

var errSkills = errors.New("must be skills with their levels, like english=7|german=3")

func readSkills(text string) (map[string]int, error) {
	var skills map[string]int
	for _, word := range splitList(text) {
		at := strings.LastIndex(word, "=")
		if at < 0 {
			return nil, errSkills
		}
		level, err := readNumber(word[at+1:])
		if _, twice := skills[word[:at]]; err != nil || twice {
			return nil, errSkills
		}
		if skills == nil {
			skills = map[string]int{}
		}
		skills[word[:at]] = level
	}
	return skills, nil
}

// The skills that a queue asks for are written the same way, with "!" behind those that are required: english=5!|german=3.

func writeNeeds(needs []core.SkillNeed) string {
	words := make([]string, len(needs))
	for i, n := range needs {
		words[i] = fmt.Sprintf("%s=%d", n.Skill, n.Level)
		if n.Required {
			words[i] += "!"
		}
	}
	return joinList(words)
}

func readNeeds(text string) ([]core.SkillNeed, error) {
	var needs []core.SkillNeed
	for _, word := range splitList(text) {
		rest, required := strings.CutSuffix(word, "!")
		at := strings.LastIndex(rest, "=")
		if at < 0 {
			return nil, errors.New("must be skills with their levels, like english=5!|german=3, where ! is for required")
		}
		level, err := readNumber(rest[at+1:])
		if err != nil {
			return nil, errors.New("must be skills with their levels, like english=5!|german=3, where ! is for required")
		}
		needs = append(needs, core.SkillNeed{Skill: rest[:at], Level: level, Required: required})
	}
	return needs, nil
}

// Members are written as anna|ben:2|carl:0:1: the agent, the level and the rank, of which those that are 0 at the end can be left out.

func writeMembers(members []core.Membership) string {
	words := make([]string, len(members))
	for i, m := range members {
		words[i] = string(m.Agent)
		if m.Level != 0 || m.Rank != 0 {
			words[i] += ":" + strconv.Itoa(m.Level)
		}
		if m.Rank != 0 {
			words[i] += ":" + strconv.Itoa(m.Rank)
		}
	}
	return joinList(words)
}

func readMembers(text string) ([]core.Membership, error) {
	wrong := errors.New("must be agents, with level and rank where they are not 0, like anna|ben:2|carl:0:1")
	var members []core.Membership
	for _, word := range splitList(text) {
		parts := strings.Split(word, ":")
		if len(parts) > 3 {
			return nil, wrong
		}
		m := core.Membership{Agent: core.AgentID(parts[0])}
		for i, into := range []*int{&m.Level, &m.Rank} {
			if len(parts) <= i+1 {
				break
			}
			var err error
			if *into, err = readNumber(parts[i+1]); err != nil {
				return nil, wrong
			}
		}
		members = append(members, m)
	}
	return members, nil
}
