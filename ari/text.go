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

// callerText cleans a caller's name or number for the display of a phone. Quotes, angle brackets and backslashes would be data to Asterisk, but
// PJSIP does not always escape them on the wire.
func callerText(s string) string {
	return clean(strings.Map(func(r rune) rune {
		switch r {
		case '"', '<', '>', '\\':
			return -1
		}
		return r
	}, s), maxCallerText)
}

var withheld = map[string]bool{"anonymous": true, "restricted": true, "unavailable": true, "unknown": true, "private": true, "withheld": true}

// calledBy is a caller's number and name in the words of the core: a withheld number is "", and so is the "Anonymous" that stands for the name
// then. PJSIP gives a name as it stood between its quotes on the wire, where a backslash escapes what follows.
func calledBy(c channel) (number, name string) {
	number, name = c.Caller.Number, c.Caller.Name
	if strings.HasPrefix(c.Name, "PJSIP/") {
		name = unescaped(name)
	}
	if withheld[strings.ToLower(number)] {
		number = ""
	}
	if number == "" && withheld[strings.ToLower(name)] {
		name = ""
	}
	return number, name
}

// unescaped undoes the quoted-pair of RFC 3261.
func unescaped(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	escaped := false
	for _, r := range s {
		if r == '\\' && !escaped {
			escaped = true
			continue
		}
		escaped = false
		b.WriteRune(r)
	}
	return b.String()
}

var (
	uuidPattern   = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	phonePattern  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$`)
	numberPattern = regexp.MustCompile(`^\+?[0-9*#]{1,32}$`)
	mediaPattern  = regexp.MustCompile(`^[a-z0-9_-]+(/[a-z0-9_-]+)*$`)
	musicPattern  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	digitsPattern = regexp.MustCompile(`^[0-9*#A-D]{1,64}$`)
)
