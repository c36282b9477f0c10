package esl

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what is passed on, in characters.
const (
	maxText   = 80
	maxCaller = 32
)

// harmless makes one line of data, wherever it may be put, of a text from outside: a caller's name on its way to a phone. What it returns is
// the text with characters left out:
//
//   - control characters, invalid UTF-8, and what changes the direction of writing: a line break begins a new command, or a new
//     header of SIP;
//   - "$", "{", "}": "${system(...)}" is run by whatever expands the variable some day, and braces end a list of settings;
//   - quotation marks, "<", ">", "\": FreeSWITCH puts a name between quotation marks into a From header as it is;
//   - "%": FreeSWITCH decodes a name before it does that, so that "%0d%0a" begins a new header of SIP;
//   - "_" and ":" where they make one of the few words that FreeSWITCH looks for with no regard to what they are in.
//
// An apostrophe, a comma or an equals sign may stay: [settings] escapes them.
func harmless(text string) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n == maxText {
			break
		}
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune("${}%\"<>\\\u2028\u2029", r) {
			continue
		}
		b.WriteRune(r)
		n++
	}
	line := strings.TrimSpace(b.String())
	for lower, i := strings.ToLower(line), 0; i < len(spells); i++ {
		if strings.Contains(lower, spells[i]) {
			return strings.NewReplacer("_", "", ":", "").Replace(line)
		}
	}
	return line
}

// spells are the words with an effect wherever they are in a command.
var spells = []string{
	socketModule,              // with "reload" or "unload", the event socket goes away, and all connections with it
	":_:",                     // parts the dial strings of an "enterprise originate", even amidst a variable
	"origination_nested_vars", // with "=true", turns the switch's own check for "${" off
	undefined,                 // is no text, but its absence
	"array::",                 // begins a list, of which a phone is shown the last
}

// address keeps of a caller's number what can stand in the user part of a SIP address without escaping.
func address(number string) string {
	var b strings.Builder
	for _, r := range number {
		if b.Len() == maxCaller {
			break
		}
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("+*#.-", r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}
