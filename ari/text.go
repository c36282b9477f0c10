package ari

import (
	"strings"

	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// maxCallerText is how many characters of a caller's name or number are shown on a phone.
const maxCallerText = 80

// callerText cleans a caller's name or number for the display of a phone. Quotes, angle brackets and backslashes would be data to Asterisk, but
// PJSIP does not always escape them on the wire.
func callerText(s string) string {
	return adapter.Clean(strings.Map(func(r rune) rune {
		switch r {
		case '"', '<', '>', '\\':
			return -1
		}
		return r
	}, s), maxCallerText)
}

// calledBy is a caller's number and name in the words of the core. PJSIP gives a name as it stood between its quotes on the wire, where a backslash escapes what follows.
func calledBy(c channel) (number, name string) {
	number, name = c.Caller.Number, c.Caller.Name
	if strings.HasPrefix(c.Name, "PJSIP/") {
		name = unescaped(name)
	}
	return adapter.CalledBy(number, name)
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
