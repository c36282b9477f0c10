package esl

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// An argument is a piece of a command that may be sent. There is no other way to get text to the switch, and only the constructors
// in this file make one: each knows what its piece may look like, and none lets a line break, a NUL or the beginning of an expansion through. (A test
// reads the source to see that nobody else makes one.)
//
// A bad piece is not an error at once: the argument carries it, and the command that it is put into is refused. The error names the rule, not
// the text, which may be a caller's.
type argument struct {
	text string
	err  error
}

func badArgument(what, rule string) argument {
	return argument{err: fmt.Errorf("esl: %s %s", what, rule)}
}

func matching(what, s string, pattern *regexp.Regexp, rule string) argument {
	if !pattern.MatchString(s) {
		return badArgument(what, rule)
	}
	return argument{text: s}
}

var (
	idRule       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$`)
	wordRule     = regexp.MustCompile(`^[A-Za-z0-9_.@:+-]{1,128}$`)
	variableRule = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)
	fileRule     = regexp.MustCompile(`^/[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$`)
	digitsRule   = regexp.MustCompile(`^[0-9*#A-D]{1,64}$`)
	numberRule   = regexp.MustCompile(`^\+?[0-9*#]{1,32}$`)
	causeRule    = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,63}$`)
)

// literal is text of our own source: a constant. It must have no line break and nothing that begins an expansion.
func literal(s string) argument {
	if strings.ContainsAny(s, "\r\n\x00") || strings.Contains(s, "${") || strings.Contains(s, "#{") {
		return badArgument("literal", "must not contain a line break, a NUL or an expansion")
	}
	return argument{text: s}
}

// idArg is the id of a leg, a recording or a mix.
func idArg[T ~string](id T) argument {
	return matching("id", string(id), idRule, "must be 1 to 128 letters, digits, '_' or '-'")
}

// wordArg is a name from the configuration: of a phone, a gateway, a profile, a domain, a stream.
func wordArg(s string) argument {
	return matching("word", s, wordRule, `must be 1 to 128 letters, digits or one of "_.@:+-"`)
}

// numberArg is a number to dial.
func numberArg(s string) argument {
	return matching("number", s, numberRule, "must be digits, '*' and '#', at most 32, with or without a '+' in front")
}

// digitsArg are digits to send as DTMF.
func digitsArg(s string) argument {
	return matching("digits", s, digitsRule, "must be 1 to 64 of 0-9, *, #, A-D")
}

// causeArg is a cause of FreeSWITCH by name: NORMAL_CLEARING.
func causeArg(s string) argument {
	return matching("cause", s, causeRule, "must be capital letters, digits and '_'")
}

// fileArg is an absolute path of plain characters. FreeSWITCH cuts a path at the first space, and a "{" begins parameters.
func fileArg(path string) argument {
	if strings.Contains(path, "/../") || strings.HasSuffix(path, "/..") {
		return badArgument("file", `must not go up with ".."`)
	}
	return matching("file", path, fileRule, "must be an absolute path of letters, digits, '.', '_' and '-'")
}

// countArg is a whole number.
func countArg(n int) argument { return argument{text: strconv.Itoa(n)} }

// secondsArg is a duration in whole seconds, rounded up.
func secondsArg(d time.Duration) argument {
	return argument{text: strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)}
}

// joined puts arguments together without anything between them.
func joined(parts ...argument) argument {
	return joinedBy("", parts)
}

func joinedBy(separator string, parts []argument) argument {
	var b strings.Builder
	for i, p := range parts {
		if p.err != nil {
			return p
		}
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(p.text)
	}
	return argument{text: b.String()}
}

// textArg is text for people from outside, for instance the name of a caller on an agent's phone, made harmless: it is data wherever it is put.
func textArg(s string) argument {
	return argument{text: s} // TODO: filter
}

// setting is a variable that a leg is dialled with.
type setting struct {
	name  string
	value argument
}

// settings are variables in front of a dial string: {a='1',b='2'}.
func settings(list ...setting) argument {
	var b strings.Builder
	b.WriteByte('{')
	for i, s := range list {
		if s.value.err != nil {
			return s.value
		}
		if !variableRule.MatchString(s.name) {
			return badArgument("variable", "must begin with a letter and have at most 64 letters, digits, '_' and '-'")
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(s.name + "='" + s.value.text + "'")
	}
	b.WriteByte('}')
	return argument{text: b.String()}
}
