package esl

import (
	"strconv"
	"strings"
)

// headers is a block of "Name: value" lines as it came over the wire. Nothing is decoded until somebody asks: an event of a channel has
// a hundred to two hundred headers, of which the adapter looks at about ten.
//
// Names keep their case and are compared with it, because variable_Foo and variable_foo are two variables to FreeSWITCH. A line without
// ": " is skipped. Of a name that comes more than once the first counts.
type headers string

// undefined is what FreeSWITCH writes for an empty value.
const undefined = "_undef_"

// raw gives a value as it stands in the block.
func (h headers) raw(name string) (value string, ok bool) {
	return h.find("", name)
}

// find looks for a header called prefix+name, without joining the two. It searches for the name anywhere and then looks at what is around it: that
// is several times faster than going from line to line.
func (h headers) find(prefix, name string) (value string, ok bool) {
	if name == "" {
		return "", false
	}
	block := string(h)
	for from := 0; ; {
		at := strings.Index(block[from:], name)
		if at < 0 {
			return "", false
		}
		at += from
		from = at + len(name)
		start := at - len(prefix)
		if start < 0 || block[start:at] != prefix || start > 0 && block[start-1] != '\n' || !strings.HasPrefix(block[from:], ": ") {
			from = at + 1
			continue
		}
		value, _, _ = strings.Cut(block[from+2:], "\n")
		return strings.TrimSuffix(value, "\r"), true
	}
}

// event is one event of the switch. Its zero value is an event without headers.
//
// What get and variable return may hold whatever a caller sent: FreeSWITCH does not escape a "%0A" that was there before, so that even a
// decoded name may have line breaks in it.
type event struct {
	headers
	body string // of BACKGROUND_JOB: what the command said
}

// size is how many bytes the event holds.
func (e event) size() int { return len(e.headers) + len(e.body) }

// parseEvent takes the body of a text/event-plain frame apart: headers, and after an empty line the event's own body, if there is one.
func parseEvent(text string) event {
	head, body, _ := strings.Cut(text, "\n\n")
	e := event{headers: headers(head)}
	if length, err := strconv.Atoi(e.get("Content-Length")); err == nil && length >= 0 && length < len(body) {
		body = body[:length]
	}
	e.body = body
	return e
}

// name is the event's name: "CHANNEL_ANSWER".
func (e event) name() string { return e.get("Event-Name") }

// get gives a header's decoded value, or "".
func (e event) get(name string) string {
	value, _ := e.lookup(name)
	return value
}

// lookup gives a header's decoded value, and whether there is such a header at all.
func (e event) lookup(name string) (value string, ok bool) {
	if value, ok = e.raw(name); !ok {
		return "", false
	}
	return decode(value), true
}

// variable gives the decoded value of a channel variable, or "".
func (e event) variable(name string) string {
	value, _ := e.find("variable_", name)
	return decode(value)
}

// decode undoes percent-encoding. What is no valid escape stays as it is. The result shares no memory with s, which is part of a
// whole event.
func decode(s string) string {
	if s == undefined {
		return ""
	}
	at := strings.IndexByte(s, '%')
	if at < 0 {
		return strings.Clone(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	b.WriteString(s[:at])
	for i := at; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			high, low := unhex(s[i+1]), unhex(s[i+2])
			if high >= 0 && low >= 0 {
				b.WriteByte(byte(high<<4 | low))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
