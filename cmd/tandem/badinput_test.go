package main

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// TestOddCallers lets callers with odd numbers and names through a real Asterisk to an agent's phone. What they call themselves is text everywhere: on the phone, in
// the record; nothing expands it, and no agent is stuck after it.
func TestOddCallers(t *testing.T) {
	t.Parallel()
	s := newStack(t, embedded, 1, onAsterisk)
	s.addQueue("sales", salesNumber, 0, nil)
	long := strings.Repeat("1234567890", 50)
	for _, c := range []struct {
		what string
		opt  softphone.CallOptions
		from string // on record; "*" = a beginning of what was sent
		name string
	}{
		{"ordinary", softphone.CallOptions{From: "+4930123", DisplayName: "Ada"}, "+4930123", "Ada"},
		{"a command", softphone.CallOptions{From: "${SHELL(id)}", DisplayName: "${SHELL(id)}"}, "${SHELL(id)}", "${SHELL(id)}"},
		{"a variable", softphone.CallOptions{From: "1", DisplayName: "${CHANNEL}$[1+1]${EXTEN}"}, "1", "${CHANNEL}$[1+1]${EXTEN}"},
		{"quotes", softphone.CallOptions{From: "2", DisplayName: `O'Neil "Bob" \ <b>`}, "2", `O'Neil "Bob" \ <b>`},
		{"separators", softphone.CallOptions{From: "a&b/c@d;e,f|g", DisplayName: "a,b|c;d&e"}, "a&b/c@d", "a,b|c;d&e"}, // what follows a semicolon is a parameter to Asterisk
		{"Unicode", softphone.CallOptions{From: "3", DisplayName: "Žofie 陳大文 🎧"}, "3", "Žofie 陳大文 🎧"},
		{"a right-to-left override", softphone.CallOptions{From: "4", DisplayName: "abc\u202edef"}, "4", "abc\u202edef"},
		{"a long number", softphone.CallOptions{From: long, DisplayName: "long"}, "*", "long"},
		{"a long name", softphone.CallOptions{From: "5", DisplayName: long}, "5", "*"},
		{"anonymous", softphone.CallOptions{Anonymous: true}, "", ""},
		{"a folded header", softphone.CallOptions{RawFrom: "\"Folded\"\r\n <sip:6@127.0.0.1>"}, "6", "Folded"},
		{"no name, no number", softphone.CallOptions{RawFrom: "<sip:127.0.0.1>"}, "", ""},
		{"no quotes", softphone.CallOptions{RawFrom: "Plain Name <sip:7@127.0.0.1>"}, "7", "Plain Name"},
		{"a phone URI", softphone.CallOptions{RawFrom: "<tel:+49301234>"}, "+49301234", ""},
		{"no UTF-8", softphone.CallOptions{RawFrom: "\"\xff\xfe\xc3(\" <sip:8@127.0.0.1>"}, "8", "*"},
		{"control characters", softphone.CallOptions{RawFrom: "\"a\x01\x02\x1b[31mb\" <sip:9%0d%0aX@127.0.0.1>"}, "*", "*"},
	} {
		t.Run(c.what, func(t *testing.T) {
			mark := len(s.board.State().Entries)
			d := s.desks[0]
			d.next.SkipToEnd()
			s.set(d, core.Available)
			call, err := s.switches[0].trunk.Dial(s.soon(), salesNumber, c.opt)
			require.NoError(t, err)
			_, err = call.Await(s.soon(), softphone.Is(softphone.Answered, softphone.Refused))
			require.NoError(t, err, "a clear outcome")
			if e, over := call.Ending(); over {
				assert.Contains(t, []string{"*"}, c.from, "refused: %s", e)
				t.Logf("refused with %d %s", e.Code, e.Reason)
				assert.Less(t, e.Code, 500)
				return
			}
			at := s.takes(d)
			arrived, err := s.board.AwaitEntry(s.soon(), mark, "the call", func(e client.Entry) bool { return e.Kind == core.EntryCallConnected })
			require.NoError(t, err)
			require.NoError(t, call.HangUp(s.soon()))
			_, err = at.AwaitEnd(s.soon())
			require.NoError(t, err)
			a := s.is(d, core.Available)
			require.Empty(t, a.Call)
			var record struct {
				From, Name string
				Outcome    core.CallOutcome
			}
			s.eventually("the record", func() bool {
				return s.api.Get(s.soon(), "/api/v1/call-records/"+string(arrived.Call), &record) == nil
			})
			t.Logf("on record %q %q, shown %q %q", record.From, record.Name, at.Invite.From, at.Invite.DisplayName)
			assert.Equal(t, core.CallAnswered, record.Outcome)
			like(t, c.from, record.From, c.opt.From)
			like(t, c.name, record.Name, c.opt.DisplayName)
			for _, text := range []string{record.From, record.Name, at.Invite.From, at.Invite.DisplayName} {
				assert.True(t, utf8.ValidString(text), "%q", text)
				assert.NotContains(t, text, "uid=", "expanded")
				assert.NotContains(t, text, "PJSIP/carrier", "expanded")
			}
			shown := strings.NewReplacer(`"`, "", `\`, "", "<", "", ">", "").Replace(record.Name)
			if record.Name == "" && record.From == "" {
				shown = "Anonymous" // says Asterisk
			}
			if c.name != "*" && !strings.ContainsRune(c.name, '\u202e') {
				assert.Equal(t, strings.TrimSpace(shown), at.Invite.DisplayName, "what the agent sees")
			}
		})
	}
}

// like compares a text with what it should be; "*" is a beginning of what was sent, if that was a field of its own.
func like(t *testing.T, want, got, sent string) {
	t.Helper()
	if want != "*" {
		assert.Equal(t, want, got)
		return
	}
	if sent != "" {
		assert.True(t, strings.HasPrefix(sent, got), "%q is no beginning of what was sent", got)
	}
}

// TestNumbersThatLeadNowhere calls numbers that nobody has set up, and what is no number at all: the caller is told, and a record tells.
func TestNumbersThatLeadNowhere(t *testing.T) {
	t.Parallel()
	s := newStack(t, embedded, 1, onAsterisk)
	s.addQueue("sales", salesNumber, 0, nil)
	for _, number := range []string{"+49999", "0", "*#", "h", "s", "t", "i", "o", "fax", "${SHELL(id)}", "+4930100${EXTEN}", "a b", "../..", strings.Repeat("9", 500), "ä", "%00", "tandem-set-backup"} {
		c, err := s.switches[0].trunk.Dial(s.soon(), number, softphone.CallOptions{From: "+491"})
		require.NoError(t, err)
		e, err := c.AwaitEnd(s.soon())
		require.NoError(t, err, number)
		assert.Equal(t, softphone.Refused, e.Kind, number)
		assert.GreaterOrEqual(t, e.Code, 400, "%q: %d %s", number, e.Code, e.Reason)
		assert.Less(t, e.Code, 500, "%q: %d %s", number, e.Code, e.Reason)
	}
	var page struct{ Items []callRecordOfNumber }
	s.eventually("the records", func() bool {
		require.NoError(t, s.api.Get(s.soon(), "/api/v1/call-records?limit=200", &page))
		return len(page.Items) >= 3
	})
	for _, r := range page.Items {
		assert.Equal(t, core.CallRefused, r.Outcome, r.To)
		assert.Equal(t, core.CauseUnallocated, r.Cause.Code, r.To)
	}
	s.serves()
}

type callRecordOfNumber struct {
	To      string
	Outcome core.CallOutcome
	Cause   core.Cause
}

// serves holds that an ordinary call is served.
func (s *stack) serves() {
	s.t.Helper()
	k := s.connects(salesNumber, s.desks[0])
	k.unbroken()
	k.caller.hangUp()
	s.is(k.desk, core.Available)
}

// TestMalformedSIP sends Asterisk what is no SIP, or not quite. Calls go on.
func TestMalformedSIP(t *testing.T) {
	t.Parallel()
	s := newStack(t, embedded, 1, onAsterisk)
	s.addQueue("sales", salesNumber, 0, nil)
	k := s.connects(salesNumber, s.desks[0])
	conn, err := net.Dial("udp", s.switches[0].sip)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	local := conn.LocalAddr().String()
	invite := func(from, contact, more, body string) string {
		return fmt.Sprintf("INVITE sip:%s@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%d\r\nFrom: %s\r\nTo: <sip:%s@%s>\r\nCall-ID: odd-%d\r\nCSeq: 1 INVITE\r\n"+
			"Max-Forwards: 70\r\nContact: %s\r\n%sContent-Length: %d\r\n\r\n%s",
			salesNumber, s.switches[0].sip, local, len(more)+len(body)+len(from)*1000, from, salesNumber, s.switches[0].sip, len(more)+len(body)+len(from)*1000, contact, more, len(body), body)
	}
	ok := "<sip:1@" + local + ">"
	for _, m := range []string{
		"", "\r\n\r\n", "\x00\x01\x02", "INVITE", "INVITE sip:x SIP/2.0\r\n\r\n", strings.Repeat("A", 60000), "SIP/2.0 200 OK\r\n\r\n",
		invite("garbage", ok, "", ""), invite("\"a\r\n b\" <sip:1@x>;tag=e", ok, "", ""), invite("\"a\nb\" <sip:1@x>;tag=f", ok, "", ""), invite("<sip:1@x>;tag=1;tag=2", "nonsense", "", ""),
		invite("<sip:1@x>;tag=a", ok, "Content-Type: application/sdp\r\n", "v=0\r\no=- 1 1 IN IP4 999.999.999.999\r\nm=audio 99999 RTP/AVP 0\r\n"),
		invite("<sip:1@x>;tag=b", ok, "Content-Type: application/sdp\r\n", strings.Repeat("a=x\r\n", 2000)),
		invite("<sip:1@x>;tag=c", ok, "Require: nothing-known\r\n", ""),
		invite("<sip:1@x>;tag=d", ok, "Replaces: 1;to-tag=2;from-tag=3\r\n", ""),
		"BYE sip:1@x SIP/2.0\r\nVia: SIP/2.0/UDP " + local + ";branch=z9hG4bKbye\r\nFrom: <sip:1@x>;tag=1\r\nTo: <sip:2@x>;tag=2\r\nCall-ID: none\r\nCSeq: 99999999999 BYE\r\n\r\n",
		"REFER sip:1@x SIP/2.0\r\nVia: SIP/2.0/UDP " + local + ";branch=z9hG4bKref\r\nFrom: <sip:1@x>;tag=1\r\nTo: <sip:2@x>;tag=2\r\nCall-ID: none\r\nCSeq: 1 REFER\r\nRefer-To: <sip:9@x?Replaces=1>\r\nRefer-Sub: false\r\n\r\n",
	} {
		_, err := conn.Write([]byte(m))
		require.NoError(t, err)
	}
	s.set(k.desk, core.Idle) // after this call
	k.unbroken()
	k.caller.hangUp()
	s.is(k.desk, core.Idle)
	// Whatever of it was a call has given up, or does when nobody answers for it.
	s.emptied()
	s.eventually("the odd calls to be over", func() bool { return len(s.board.State().Calls) == 0 })
	s.serves()
}
