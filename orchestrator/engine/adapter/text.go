package adapter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes one line of at most limit characters of a text from outside: no control characters, no invalid UTF-8.
func Clean(s string, limit int) string {
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

var withheld = map[string]bool{"anonymous": true, "restricted": true, "unavailable": true, "unknown": true, "private": true, "withheld": true}

// CalledBy puts a caller's number and name into the words of the core: a withheld number is "", and so is the "Anonymous" that stands for the name then.
func CalledBy(number, name string) (string, string) {
	if withheld[strings.ToLower(number)] {
		number = ""
	}
	if number == "" && withheld[strings.ToLower(name)] {
		name = ""
	}
	return number, name
}
