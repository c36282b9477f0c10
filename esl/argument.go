package esl

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// An argument is a piece of a command that may be sent. There is no other way to get text to the switch, and only the constructors in
// this file make one: each knows what its piece may look like. None lets a line break or a NUL through, which would begin a second
// command, nor anything that FreeSWITCH expands: "${...}" runs commands, those of the machine included. (A test reads the source to
// see that nobody else makes one.)
//
// Text from people, for instance a caller's name, is no argument. It can only become the value of a variable: see [setText].
//
// A bad piece is not an error at once: the argument carries the error, and the command that it is put into is refused. The error
// names the rule, not the text, which may be a caller's.
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
	fileRule     = regexp.MustCompile(`^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$`)
	digitsRule   = regexp.MustCompile(`^[0-9*#A-D]{1,64}$`)
	numberRule   = regexp.MustCompile(`^\+?[0-9*#]{1,32}$`)
	causeRule    = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,63}$`)
)

// constant is text of our own source. A string that was made elsewhere is of another type, and does not become one by accident.
type constant string

// literal is text of our own source.
func literal(s constant) argument { return own("literal", string(s)) }

// dialArg is a dial string made of a template of the configuration ("sofia/gateway/<trunk>/<number>"), in which each placeholder gives
// way to a word. Pairs are placeholders and words, in turn.
func dialArg(template string, pairs ...string) argument {
	for i := 1; i < len(pairs); i += 2 {
		if w := wordArg(pairs[i]); w.err != nil && numberArg(pairs[i]).err != nil {
			return w
		}
	}
	return own("dial string", strings.NewReplacer(pairs...).Replace(template))
}

// own checks text that is ours, or the administrator's: it is trusted, but a slip of the pen is found.
func own(what, s string) argument {
	if strings.ContainsAny(s, "\r\n\x00") || strings.Contains(s, "${") {
		return badArgument(what, "must not contain a line break, a NUL or an expansion")
	}
	return argument{text: s}
}

// idArg is the id of a leg, a mix or a recording.
func idArg[T ~string](id T) argument {
	return matching("id", string(id), idRule, "must be 1 to 128 letters, digits, '_' or '-', the first no sign")
}

// wordArg is a name from the configuration: of a phone, a gateway, a profile, a domain, a stream.
func wordArg(s string) argument {
	return matching("word", s, wordRule, `must be 1 to 128 letters, digits or one of "_.@:+-"`)
}

// numberArg is a number to dial.
func numberArg(s string) argument {
	return matching("number", s, numberRule, "must be digits, '*' and '#', at most 32, with or without a '+' in front")
}

// digitsArg is digits to send as DTMF.
func digitsArg(s string) argument {
	return matching("digits", s, digitsRule, "must be 1 to 64 of 0-9, *, #, A-D")
}

// causeArg is a cause of FreeSWITCH by name: NORMAL_CLEARING.
func causeArg(s string) argument {
	return matching("cause", s, causeRule, "must be capital letters, digits and '_'")
}

// fileArg is an absolute path. FreeSWITCH cuts a path at the first space, a "{" begins parameters, and "://" names another kind of file.
func fileArg(path string) argument {
	return matching("file", path, fileRule, `must be an absolute path of letters, digits, '.', '_' and '-', no name beginning with a '.'`)
}

// countArg is a whole number.
func countArg(n int) argument { return argument{text: strconv.Itoa(n)} }

// secondsArg is a duration in whole seconds, rounded up.
func secondsArg(d time.Duration) argument {
	return argument{text: strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)}
}

// joined puts arguments together without anything between them.
func joined(parts ...argument) argument { return joinedBy("", parts) }

func joinedBy(separator string, parts []argument) argument {
	texts := make([]string, len(parts))
	for i, p := range parts {
		if p.err != nil {
			return p
		}
		texts[i] = p.text
	}
	whole := argument{text: strings.Join(texts, separator)}
	if strings.Contains(whole.text, "${") { // neither piece is bad, but the two are together
		return badArgument("argument", "must not contain an expansion")
	}
	return whole
}

// A setting is a variable for a leg, with its value.
type setting struct {
	name  string
	value string // any characters but control characters, braces and "$"
	err   error
}

// set gives a variable a value that has been checked.
func set(name string, value argument) setting {
	if value.err == nil && strings.ContainsAny(value.text, "{}$") {
		value = badArgument("value", "must not contain braces or '$'")
	}
	return newSetting(name, value.text, value.err)
}

// setText gives a variable the text of somebody whom nobody has checked: [harmless] text, whatever it was.
func setText(name, text string) setting { return newSetting(name, harmless(text), nil) }

// callerID is who is shown to call on the phone that is dialled; "" is not shown. A number is shown as far as it can stand in a SIP address. The name
// of the caller's profile is cut short at each "/", ":" and "@" by the SIP module, which takes it for an address: what it puts into the
// From header is another variable, and the profile, which other headers are made of, has spaces there.
func callerID(name, number string) []setting {
	var list []setting
	if number = address(number); number != "" {
		list = append(list, newSetting("origination_caller_id_number", number, nil))
	}
	if name = harmless(name); name != "" {
		cut := strings.NewReplacer("/", " ", ":", " ", "@", " ").Replace(name)
		list = append(list, newSetting("origination_caller_id_name", cut, nil), newSetting("sip_from_display", name, nil))
	}
	return list
}

func newSetting(name, value string, err error) setting {
	if !variableRule.MatchString(name) {
		err = errors.Join(err, errors.New("esl: variable must begin with a letter and have at most 64 letters, digits, '_' and '-'"))
	}
	return setting{name: name, value: value, err: err}
}

// settingSeparator parts the settings in front of a dial string. The ordinary one is a comma, which texts may have in them.
const settingSeparator = "\x1f"

// settings are variables in front of a dial string. What stands there is taken apart three times: "originate" cuts its arguments at
// spaces, a list of settings is cut at the separator, a setting at its "=", and each time quotation marks and backslashes are
// interpreted and removed, in all of it. So each is escaped three times over, and a space is "\s", which is a space once the first has passed.
func settings(list ...setting) argument {
	if len(list) == 0 {
		return argument{}
	}
	var b strings.Builder
	b.WriteString("{^^")
	for _, s := range list {
		if s.err != nil {
			return argument{err: s.err}
		}
		b.WriteString(settingSeparator)
		b.WriteString(s.name)
		b.WriteByte('=')
		b.WriteString(dialEscaper.Replace(s.value))
	}
	b.WriteByte('}')
	return argument{text: b.String()}
}

var dialEscaper = strings.NewReplacer(
	" ", `\s`,
	`'`, strings.Repeat(`\`, 7)+`'`,
	`\`, strings.Repeat(`\`, 8),
)

// setVariable changes a variable of a leg that is there. Its arguments are taken apart once.
func setVariable(leg argument, s setting) command {
	name := argument{text: s.name, err: s.err}
	return apiCommand("uuid_setvar", leg, name, argument{text: variableEscaper.Replace(s.value)})
}

var variableEscaper = strings.NewReplacer(`'`, `\'`, `\`, `\\`)
