package esl

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func framesOf(t *testing.T, stream io.Reader) ([]frame, error) {
	t.Helper()
	r := newFrameReader(stream)
	var all []frame
	for {
		f, err := r.next()
		if err != nil {
			return all, err
		}
		all = append(all, f)
	}
}

func TestFrames(t *testing.T) {
	stream := "Content-Type: auth/request\n\n" +
		"\n\r\n\n" + // nobody sends empty lines between frames, but they would do no harm
		"Content-Type: command/reply\nReply-Text: +OK a: b\n\n" +
		"Content-Length: 5\nContent-Type: api/response\n\n1\n\n\n2" +
		"Content-Type: api/response\r\nContent-Length: 0\r\n\r\n" +
		"no colon here\n:  \nContent-Type: something/new\nContent-Length: 3\n\nabc" +
		"Content-Type: log/data\nContent-Length: 2\nContent-Length: 700\n\nxy"
	for name, in := range map[string]io.Reader{
		"at once":     strings.NewReader(stream),
		"byte-wise":   iotest.OneByteReader(strings.NewReader(stream)),
		"with errors": iotest.DataErrReader(strings.NewReader(stream)),
	} {
		t.Run(name, func(t *testing.T) {
			frames, err := framesOf(t, in)
			require.ErrorIs(t, err, io.EOF)
			require.Len(t, frames, 6)
			var kinds, bodies []string
			for _, f := range frames {
				kinds, bodies = append(kinds, f.kind()), append(bodies, f.body)
			}
			assert.Equal(t, []string{kindAuthRequest, kindReply, kindAnswer, kindAnswer, "something/new", "log/data"}, kinds)
			assert.Equal(t, []string{"", "", "1\n\n\n2", "", "abc", "xy"}, bodies)
			assert.Equal(t, "+OK a: b", replyText(frames[1]), "a value goes on after its first colon")
		})
	}
}

func TestFramesBeyondAllLimits(t *testing.T) {
	for what, stream := range map[string]string{
		"a negative length":      "Content-Length: -1\n\n",
		"a length of no number":  "Content-Length: NaN\n\n",
		"an empty length":        "Content-Length: \n\n",
		"a length beyond limits": "Content-Length: 16777217\n\n",
		"a length beyond int64":  "Content-Length: 99999999999999999999\n\n",
		"headers without end":    strings.Repeat("X-Header: value\n", maxHead/10),
		"a line without end":     strings.Repeat("x", maxHead+100),
	} {
		_, err := framesOf(t, strings.NewReader(stream))
		assert.ErrorIs(t, err, errFrame, what)
	}
}

func TestFramesThatEndInTheMiddle(t *testing.T) {
	whole := "Content-Type: api/response\nContent-Length: 70000\n\n" + strings.Repeat("x", 70000)
	for _, n := range []int{1, 20, 27, 49, 50, 60, 60000, len(whole) - 1} {
		_, err := framesOf(t, strings.NewReader(whole[:n]))
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF, "after %d bytes", n)
	}
	broken := errors.New("broken")
	_, err := framesOf(t, io.MultiReader(strings.NewReader(whole[:20]), iotest.ErrReader(broken)))
	assert.ErrorIs(t, err, broken)
}

// TestFrameKeepsItsText: a frame outlives the reader's buffer.
func TestFrameKeepsItsText(t *testing.T) {
	r := newFrameReader(strings.NewReader(aFrame(kindAnswer, "first") + strings.Repeat(aFrame(kindAnswer, strings.Repeat("y", 500)), 1000)))
	first, err := r.next()
	require.NoError(t, err)
	for range 1000 {
		_, err := r.next()
		require.NoError(t, err)
	}
	assert.Equal(t, "first", first.body)
	assert.Equal(t, kindAnswer, first.kind())
}

// FuzzFrames: no stream makes the reader panic, hang or take more than the limits allow; what it accepts is within them.
func FuzzFrames(f *testing.F) {
	f.Add("Content-Type: auth/request\n\n")
	f.Add(numbered(1) + "Content-Type: command/reply\nReply-Text: +OK\n\n")
	f.Add("Content-Length: -1\n\n")
	f.Add("Content-Length: 3\r\n\r\nabc\n\n\n")
	f.Add("Content-Length: 16777217\n\n")
	f.Add("a\x00b: \xff\n\n: \n\n")
	f.Fuzz(func(t *testing.T, stream string) {
		r := newFrameReader(strings.NewReader(stream))
		total := 0
		for {
			f, err := r.next()
			if err != nil {
				return
			}
			if f.kind() == kindEvent {
				_ = parseEvent(f.body).name()
			}
			if len(f.head) == 0 {
				t.Fatal("a frame without headers")
			}
			if total += len(f.head) + len(f.body); total > len(stream) {
				t.Fatal("more text than the stream had")
			}
		}
	})
}

// FuzzEvent: whatever an event holds, looking at it does not panic, and lookups agree with a walk through all headers.
func FuzzEvent(f *testing.F) {
	f.Add("Event-Name: CHANNEL_ANSWER\nvariable_a: b%20c%\n\nbody", "variable_a")
	f.Add("Event-Name: X\nContent-Length: 3\n\nbody", "a")
	f.Add("a: 1\na: 2\nA: 3\n", "a")
	f.Fuzz(func(t *testing.T, text, name string) {
		e := parseEvent(text)
		first := map[string]string{}
		e.each(func(name, value string) bool {
			if _, seen := first[name]; !seen {
				first[name] = value
			}
			return true
		})
		for name, value := range first {
			if got, ok := e.raw(name); !ok || got != value {
				t.Fatalf("raw(%q) = %q, %v; each says %q", name, got, ok, value)
			}
		}
		if _, listed := first[name]; !listed && !strings.ContainsAny(name, ":\n") {
			if got, ok := e.raw(name); ok {
				t.Fatalf("raw(%q) = %q, each does not know it", name, got)
			}
		}
		if value := e.get(name); len(value) > len(text) {
			t.Fatal("decoding made a text longer")
		}
		_ = e.variable(name)
	})
}
