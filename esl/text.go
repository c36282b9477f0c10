package esl

import (
	"strings"

	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// maxCallerText is how many characters of a caller's name or number are passed on.
const maxCallerText = 200

// asSent undoes what FreeSWITCH does to "${" in a caller's text, so that nobody expands it. We do not, and whoever sees the text sees what was sent.
func asSent(s string) string { return strings.ReplaceAll(s, "%{", "${") }

// calledBy is a caller's number and name in the words of the core. Sofia gives the number in place of a name that is missing, which is no name.
func calledBy(number, name string) (string, string) {
	number, name = adapter.Clean(asSent(number), maxCallerText), adapter.Clean(asSent(name), maxCallerText)
	if name == number {
		name = ""
	}
	return adapter.CalledBy(number, name)
}
