package esl

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

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

// maxCallerText is how many characters of a caller's name or number are passed on.
const maxCallerText = 200

// asSent undoes what FreeSWITCH does to "${" in a caller's text, so that nobody expands it. We do not, and whoever sees the text sees what was sent.
func asSent(s string) string { return strings.ReplaceAll(s, "%{", "${") }

var withheld = map[string]bool{"anonymous": true, "restricted": true, "unavailable": true, "unknown": true, "private": true, "withheld": true}

// calledBy is a caller's number and name in the words of the core: a withheld number is "", and so is the "Anonymous" that stands for the name then.
// Sofia gives the number in place of a name that is missing, which is no name.
func calledBy(number, name string) (string, string) {
	number, name = clean(asSent(number), maxCallerText), clean(asSent(name), maxCallerText)
	if name == number {
		name = ""
	}
	if withheld[strings.ToLower(number)] {
		number = ""
	}
	if number == "" && withheld[strings.ToLower(name)] {
		name = ""
	}
	return number, name
}

var (
	uuidPattern   = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	phonePattern  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$`)
	mediaPattern  = regexp.MustCompile(`^[a-z0-9_-]+(/[a-z0-9_-]+)*$`)
	musicPattern  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	digitsPattern = regexp.MustCompile(`^[0-9*#A-D]{1,64}$`)
)
