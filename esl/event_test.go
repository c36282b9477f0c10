package esl

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEvent(t *testing.T) {
	e := parseEvent("Event-Name: CHANNEL_ANSWER\nEvent-Date-Timestamp: 1795239206105051\nvariable_sip_h_X-Foo: a%20b\nvariable_foo: 1\nvariable_Foo: 2\n" +
		"variable_a[0]: brackets\nvariable_\u00e9: accent\nvariable_x(y): parens\nUnparsable line\nEmpty: _undef_\nBare: \nLong-Name: l\nLong: s\nLast: z\n\n")
	assert.Equal(t, "CHANNEL_ANSWER", e.name())
	assert.Equal(t, "a b", e.variable("sip_h_X-Foo"), "names keep their case")
	assert.Equal(t, "1", e.variable("foo"))
	assert.Equal(t, "2", e.variable("Foo"))
	assert.Equal(t, "brackets", e.variable("a[0]"))
	assert.Equal(t, "accent", e.variable("\u00e9"))
	assert.Equal(t, "parens", e.variable("x(y)"))
	assert.Equal(t, "s", e.get("Long"), "not the header whose name begins alike")
	assert.Equal(t, "z", e.get("Last"))
	assert.Empty(t, e.get("Lon"))
	value, ok := e.lookup("Empty")
	assert.True(t, ok)
	assert.Empty(t, value, "_undef_ is how FreeSWITCH writes an empty value")
	_, ok = e.lookup("Bare")
	assert.True(t, ok)
	_, ok = e.lookup("Absent")
	assert.False(t, ok)
	assert.Empty(t, e.body)
}

func TestEventBody(t *testing.T) {
	job := parseEvent("Event-Name: BACKGROUND_JOB\nJob-UUID: tandem-1\nContent-Length: 41\n\n+OK 7f4de4bc-17d7-11dd-b7a0-db4edd065621\n")
	assert.Equal(t, "+OK 7f4de4bc-17d7-11dd-b7a0-db4edd065621\n", job.body)
	assert.Equal(t, "cut", parseEvent("A: b\nContent-Length: 3\n\ncut off").body)
	assert.Equal(t, "as much as there is", parseEvent("A: b\nContent-Length: 999\n\nas much as there is").body)
	assert.Equal(t, "a\n\nb", parseEvent("A: b\nContent-Length: -4\n\na\n\nb").body)
}

func TestDecode(t *testing.T) {
	for in, want := range map[string]string{
		"":                    "",
		"_undef_":             "",
		"plain":               "plain",
		"%3Csip%3A1001%3E":    "<sip:1001>",
		"100%":                "100%",
		"%":                   "%",
		"%4":                  "%4",
		"%zz%41":              "%zzA",
		"50%25off":            "50%off",
		"J%C3%B6rg":           "J\u00f6rg",
		"%0d%0A":              "\r\n",
		"%%41":                "%A",
		"a+b":                 "a+b",
		"ARRAY%3A%3Aa%7C%3Ab": "ARRAY::a|:b",
	} {
		assert.Equal(t, want, decode(in), "%q", in)
	}
}

// channelEvent has the size of the ones that a busy switch sends: 180 headers, 8 kB.
func channelEvent() string {
	var b strings.Builder
	b.WriteString("Event-Name: CHANNEL_ANSWER\n")
	for i := range 178 {
		b.WriteString("variable_some_ordinary_variable_" + strings.Repeat("x", i%9) + ": value%20of%20it\n")
	}
	b.WriteString("variable_tandem_leg: 11111111-1111-4111-8111-111111111111\n\n")
	return b.String()
}

func BenchmarkEventWithTenLookups(b *testing.B) {
	stream := aFrame(kindEvent, channelEvent())
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	r := newFrameReader(&endless{text: stream})
	for b.Loop() {
		f, err := r.next()
		if err != nil {
			b.Fatal(err)
		}
		e := parseEvent(f.body)
		for range 9 {
			_ = e.get("Absent-Header")
		}
		if e.variable("tandem_leg") == "" {
			b.Fatal("not found")
		}
	}
}

// endless repeats a text for ever.
type endless struct {
	text string
	at   int
}

func (r *endless) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

// each calls f with every header, undecoded, in the order of the wire, until f returns false.
func (h headers) each(f func(name, value string) bool) {
	for line := range strings.SplitSeq(string(h), "\n") {
		if name, value, found := strings.Cut(strings.TrimSuffix(line, "\r"), ": "); found && name != "" && !f(name, value) {
			return
		}
	}
}
