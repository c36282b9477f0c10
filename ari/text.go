package ari

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxCallerText is how many characters of a caller's name or number are shown on a phone.
const maxCallerText = 80

// clean makes one line of at most limit characters of a text from outside: no control characters, no invalid UTF-8.
func clean(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == limit {
			break
		}
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			continue
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}

// callerText cleans a caller's name or number for the callerId parameter, where quotes and angle brackets divide name and number and a
// backslash escapes. Nothing else has a meaning there: Asterisk stores the parts without expanding them.
func callerText(s string) string {
	return clean(strings.Map(func(r rune) rune {
		switch r {
		case '"', '<', '>', '\\':
			return -1
		}
		return r
	}, s), maxCallerText)
}

// callerID joins name and number as the callerId parameter wants it.
func callerID(name, number string) string {
	name, number = callerText(name), callerText(number)
	if name == "" && number == "" {
		return ""
	}
	return `"` + name + `" <` + number + `>`
}

var withheld = map[string]bool{"anonymous": true, "restricted": true, "unavailable": true, "unknown": true, "private": true, "withheld": true}

// calledBy is a caller's number and name in the words of the core: a withheld number is "", and so is the "Anonymous" that stands for the name then.
func calledBy(p party) (number, name string) {
	number, name = p.Number, p.Name
	if withheld[strings.ToLower(number)] {
		number = ""
	}
	if number == "" && withheld[strings.ToLower(name)] {
		name = ""
	}
	return number, name
}

// masked hides a number in logs but for its last two digits.
func masked(number string) string {
	runes := []rune(number)
	if len(runes) <= 4 {
		return "…"
	}
	return "…" + string(runes[len(runes)-2:])
}

var (
	uuidPattern   = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	phonePattern  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$`)
	numberPattern = regexp.MustCompile(`^\+?[0-9*#]{1,32}$`)
	mediaPattern  = regexp.MustCompile(`^[a-z0-9_-]+(/[a-z0-9_-]+)*$`)
	musicPattern  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	digitsPattern = regexp.MustCompile(`^[0-9*#A-D]{1,64}$`)
)
