package softphone

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// server is a SIP server that says what a test wants: answers[i] makes the answer to the ith new request, the last one all others.
type server struct {
	conn    *net.UDPConn
	answers []func(*message) *message

	mu   sync.Mutex
	seen []*message
}

func newServer(t *testing.T, answers ...func(*message) *message) *server {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	s := &server{conn: conn, answers: answers}
	var work sync.WaitGroup
	work.Go(s.serve)
	t.Cleanup(func() { _ = conn.Close(); work.Wait() })
	return s
}

func (s *server) addr() string { return s.conn.LocalAddr().String() }

func (s *server) serve() {
	buf, parser := make([]byte, maxDatagram), newParser()
	before := map[string]bool{}
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if before[string(buf[:n])] {
			continue // sent again while the answer was on its way
		}
		before[string(buf[:n])] = true
		m, err := parseMessage(parser, buf[:n])
		if err != nil || m.isResponse() {
			continue
		}
		s.mu.Lock()
		s.seen = append(s.seen, m)
		n = min(len(s.seen), len(s.answers)) - 1
		s.mu.Unlock()
		if res := s.answers[n](m); res != nil && m.method != "ACK" {
			_, _ = s.conn.WriteToUDPAddrPort(res.bytes(), from)
		}
	}
}

func (s *server) request(i int) *message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[i]
}

func answerWith(code int, extra ...Header) func(*message) *message {
	return func(m *message) *message {
		res := m.answer(code, "servertag")
		res.header = append(res.header, extra...)
		return res
	}
}

const challenge = `Digest realm="here",nonce="0123",algorithm=md5,qop="auth"`

func TestRegistrationIsChallengedCorrectedRefreshedAndRemoved(t *testing.T) {
	ctx := testContext(t)
	accept := func(m *message) *message {
		res := m.answer(200, "servertag")
		res.header = append(res.header, Header{"Contact", "<sip:other@192.0.2.1>;expires=900"},
			Header{"Contact", m.header.Get("Contact") + ";expires=1"}, Header{"Expires", "800"})
		return res
	}
	s := newServer(t, answerWith(401, Header{"WWW-Authenticate", challenge}), answerWith(423, Header{"Min-Expires", "77"}), accept)
	p := newPhone(t, Config{User: "1001", Password: "secret", Server: s.addr(), Expires: 5 * time.Second})
	require.NoError(t, p.Register(ctx))
	assert.Empty(t, s.request(0).header.Get("Authorization"))
	assert.Contains(t, s.request(1).header.Get("Authorization"), `username="1001"`)
	assert.NotContains(t, string(s.request(1).bytes()), "secret")
	assert.Equal(t, "77", s.request(2).header.Get("Expires"))

	cursor := p.Events().Cursor()
	for range 2 { // the first, and one refresh: our own contact was granted one second
		_, err := cursor.Await(ctx, Is(Registered))
		require.NoError(t, err)
	}
	assert.Equal(t, s.request(0).callID(), s.request(3).callID(), "one Call-ID for all (RFC 3261 10.2.4)")
	require.NoError(t, p.Unregister(ctx))
	assert.False(t, p.IsRegistered())
	s.mu.Lock()
	last := s.seen[len(s.seen)-1]
	s.mu.Unlock()
	assert.Equal(t, "0", last.header.Get("Expires"))
}

func TestRegistrationRefused(t *testing.T) {
	ctx := testContext(t)
	s := newServer(t, answerWith(401, Header{"WWW-Authenticate", challenge}))
	for _, password := range []string{"", "wrong"} {
		p := newPhone(t, Config{User: "1001", Password: password, Server: s.addr()})
		var refused *RefusedError
		require.ErrorAs(t, p.Register(ctx), &refused)
		assert.Equal(t, 401, refused.Code)
		assert.False(t, p.IsRegistered())
	}
	p := newPhone(t, Config{User: "1001", Server: "127.0.0.1:9", RetransmitAfter: time.Millisecond})
	require.ErrorIs(t, p.Register(ctx), errNoAnswer)
	p = newPhone(t, Config{User: "1001"})
	require.ErrorContains(t, p.Register(ctx), "no Server")
}

func TestCallIsChallenged(t *testing.T) {
	ctx := testContext(t)
	s := newServer(t, answerWith(407, Header{"Proxy-Authenticate", challenge}), answerWith(486)) // the ACK counts as a request, too
	p := newPhone(t, Config{User: "1001", Password: "secret", Server: s.addr()})
	c, err := p.Dial(ctx, "123", CallOptions{From: "+49"})
	require.NoError(t, err)
	e, err := c.AwaitEnd(ctx)
	require.NoError(t, err)
	assert.Equal(t, 486, e.Code)
	var invites []*message
	s.mu.Lock()
	for _, m := range s.seen {
		if m.method == "INVITE" {
			invites = append(invites, m)
		}
	}
	s.mu.Unlock()
	require.Len(t, invites, 2)
	assert.Contains(t, invites[1].header.Get("Proxy-Authorization"), `username="1001"`)
	first, _, _ := invites[0].cseq()
	second, _, _ := invites[1].cseq()
	assert.Equal(t, first+1, second)
}

// sayTo sends raw text to a phone and returns the status lines of what it says.
func sayTo(t *testing.T, p *Phone, text string) *message {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	to, err := netip.ParseAddrPort(p.Addr())
	require.NoError(t, err)
	_, err = conn.WriteToUDPAddrPort([]byte(text), to)
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	buf := make([]byte, maxDatagram)
	n, _, err := conn.ReadFromUDPAddrPort(buf)
	require.NoError(t, err)
	m, err := parseMessage(newParser(), buf[:n])
	require.NoError(t, err)
	return m
}

func rawRequest(method, to, extra, body string) string {
	return fmt.Sprintf("%s sip:bob@127.0.0.1 SIP/2.0\r\nv: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bK%s\r\nf: <sip:x@y>;tag=1\r\nt: %s\r\ni: id-%s\r\nCSeq: 1 %s\r\n%sl: %d\r\n\r\n%s",
		method, token(), to, method, method, extra, len(body), body)
}

// TestTwoHangUpAtOnce: a far side that has hung up itself need not answer.
func TestTwoHangUpAtOnce(t *testing.T) {
	p := newPhone(t, Config{User: "bob", Reaction: Answer})
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	to, err := netip.ParseAddrPort(p.Addr())
	require.NoError(t, err)
	say := func(method string, cseq int, tag string) {
		_, err := conn.WriteToUDPAddrPort(fmt.Appendf(nil,
			"%s sip:bob@127.0.0.1 SIP/2.0\r\nv: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\nf: <sip:x@y>;tag=1\r\nt: <sip:bob@127.0.0.1>%s\r\ni: crossed\r\nm: <sip:x@%s>\r\nCSeq: %d %s\r\nl: 0\r\n\r\n",
			method, conn.LocalAddr(), token(), tag, conn.LocalAddr(), cseq, method), to)
		require.NoError(t, err)
	}
	hears := func(want func(*message) bool) *message {
		buf := make([]byte, maxDatagram)
		for {
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
			n, _, err := conn.ReadFromUDPAddrPort(buf)
			require.NoError(t, err)
			m, err := parseMessage(newParser(), buf[:n])
			require.NoError(t, err)
			if want(m) {
				return m
			}
		}
	}
	say("INVITE", 1, "")
	accepted := hears(func(m *message) bool { return m.code == 200 })
	_, params := splitAddress(accepted.header.Get("To"))
	tag := ";tag=" + param(params, "tag")
	say("ACK", 1, tag)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := p.AwaitCall(ctx, 1)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- c.HangUp(ctx) }()
	hears(func(m *message) bool { return m.method == "BYE" })
	say("BYE", 2, tag)
	require.NoError(t, <-done)
}

func TestOddRequests(t *testing.T) {
	p := newPhone(t, Config{User: "bob", Reaction: Answer})
	const known, inDialog = "<sip:bob@127.0.0.1>", "<sip:bob@127.0.0.1>;tag=2"
	assert.Equal(t, 200, sayTo(t, p, rawRequest("OPTIONS", known, "", "")).code)
	assert.Equal(t, 200, sayTo(t, p, rawRequest("NOTIFY", known, "Event: x\r\n", "")).code)
	assert.Equal(t, 481, sayTo(t, p, rawRequest("BYE", inDialog, "", "")).code)
	assert.Equal(t, 481, sayTo(t, p, rawRequest("INVITE", inDialog, "", "")).code)
	assert.Equal(t, 481, sayTo(t, p, rawRequest("CANCEL", known, "", "")).code)
	assert.Equal(t, 488, sayTo(t, p, rawRequest("INVITE", known, "m: <sip:x@127.0.0.1:1>\r\n", "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 9 RTP/AVP 18\r\n")).code)
}

func TestInviteWithoutOfferIsAnsweredWithOne(t *testing.T) {
	p := newPhone(t, Config{User: "bob", Reaction: Answer})
	res := sayTo(t, p, rawRequest("INVITE", "<sip:bob@127.0.0.1>", "m: <sip:x@127.0.0.1:1>\r\n", ""))
	require.Equal(t, 200, res.code)
	s, err := readSDP(res.body, []Codec{PCMA})
	require.NoError(t, err)
	assert.Equal(t, PCMA, s.codec, "everything is on offer")
	assert.Equal(t, uint8(defaultEventType), s.eventType)
}

func TestGarbledMessagesAreLoggedAndSurvived(t *testing.T) {
	ctx := testContext(t)
	p := newPhone(t, Config{User: "bob"})
	to, err := netip.ParseAddrPort(p.Addr())
	require.NoError(t, err)
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	for i, text := range []string{"hello, world", "INVITE sip:a@b SIP/2.0\r\n\r\n", "SIP/2.0 200 OK\r\nVia: x\r\n\r\n"} {
		_, err := conn.WriteToUDPAddrPort([]byte(text), to)
		require.NoError(t, err)
		cursor := p.Events().Cursor()
		for range i + 1 {
			_, err = cursor.Await(ctx, Is(Garbled))
			require.NoError(t, err, text)
		}
	}
	assert.Equal(t, 200, sayTo(t, p, rawRequest("OPTIONS", "<sip:bob@127.0.0.1>", "", "")).code)
}
