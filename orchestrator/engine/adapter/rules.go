package adapter

import (
	"fmt"
	"regexp"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// What the parts of effects and of a switch's events may look like, whichever the switch: a superset of what either has a use for, without the signs that have a meaning to one of them.
var (
	UUID   = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	Phone  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$`) // of a desk phone, a trunk, a switch
	Number = regexp.MustCompile(`^\+?[0-9*#]{1,32}$`)
	Music  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	Digits = regexp.MustCompile(`^[0-9*#A-D]{1,64}$`)

	media = regexp.MustCompile(`^[a-z0-9_-]+(/[a-z0-9_-]+)*$`)
)

// Refuse makes a refusal.
func Refuse(why core.Why, format string, args ...any) *engine.Refusal {
	return &engine.Refusal{Why: why, Text: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error { return Refuse(core.WhyInvalid, format, args...) }

// CheckAddress checks whom a dial is to. Its parts become parts of a dial string, in which other signs have a meaning. trunks says that a number needs the name of a trunk.
func CheckAddress(to core.Address, trunks bool) error {
	switch {
	case to.Phone != "" && !Phone.MatchString(to.Phone):
		return invalid("to.phone: must be 1 to 64 letters, digits, '_', '.' or '-'")
	case to.Phone != "" && to.Switch != "" && !Phone.MatchString(string(to.Switch)):
		return invalid("to.switch: must be 1 to 64 letters, digits, '_', '.' or '-'")
	case to.Phone != "":
		return nil
	case to.Number == "":
		return invalid("to: must name a phone, or a number with a trunk")
	case !Number.MatchString(to.Number):
		return invalid("to.number: must be 1 to 32 digits, '*' or '#', with '+' in front or not")
	case trunks && !Phone.MatchString(to.Trunk):
		return invalid("to.trunk: must be 1 to 64 letters, digits, '_', '.' or '-'")
	}
	return nil
}

// CheckMembers checks who is to be in a mix.
func CheckMembers(members []core.Member) error {
	seen := map[core.LegID]bool{}
	for _, m := range members {
		if m.Leg == "" || seen[m.Leg] {
			return invalid("members: leg %q is empty or named twice", m.Leg)
		}
		seen[m.Leg] = true
		switch m.Mode {
		case core.Talk, core.Mute, core.Hold:
		default:
			return invalid("members: unknown mode %q", m.Mode)
		}
		if m.Music != "" && !Music.MatchString(m.Music) {
			return invalid("members: music must be 1 to 64 letters, digits, '_' or '-'")
		}
	}
	return nil
}

// CheckMedia checks the names of prompts.
func CheckMedia(names []string) error {
	if len(names) == 0 || len(names) > 64 {
		return invalid("media: must name 1 to 64 prompts")
	}
	for _, name := range names {
		if len(name) > 128 || !media.MatchString(name) {
			return invalid("media: a prompt's name must be made of a-z, 0-9, '_', '-' and '/'")
		}
	}
	return nil
}
