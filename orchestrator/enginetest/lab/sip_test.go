package lab

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// peer is a SIP party that says exactly what a test wants it to say, right or wrong, with no transaction layer that would mend it.
type peer struct {
	conn  *net.UDPConn
	rtp   *net.UDPConn
	wg    sync.WaitGroup
	react func(p *peer, m message) // called for every request

	mu    sync.Mutex
	seen  []message
	grown chan struct{}
	media int // RTP packets received
}

type message struct {
	at   time.Time
	from *net.UDPAddr
	text string
}

func (m message) first() string { s, _, _ := strings.Cut(m.text, "\r\n"); return s }

func (m message) method() string { s, _, _ := strings.Cut(m.text, " "); return s }

func (m message) header(name string) string {
	for _, line := range strings.Split(m.text, "\r\n") {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(k, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// newPeer opens a party. react answers requests; nil ignores them all.
func newPeer(t *testing.T, react func(p *peer, m message)) *peer {
	t.Helper()
	listen := func() *net.UDPConn {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		require.NoError(t, err)
		return c
	}
	p := &peer{conn: listen(), rtp: listen(), react: react, grown: make(chan struct{})}
	p.wg.Go(p.read)
	p.wg.Go(func() {
		buf := make([]byte, 2048)
		for {
			if _, _, err := p.rtp.ReadFromUDP(buf); err != nil {
				return
			}
			p.mu.Lock()
			p.media++
			p.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		_ = p.conn.Close()
		_ = p.rtp.Close()
		p.wg.Wait()
	})
	return p
}

func (p *peer) addr() string { return p.conn.LocalAddr().String() }

func (p *peer) read() {
	buf := make([]byte, 65535)
	for {
		n, from, err := p.conn.ReadFromUDP(buf)
		if err != nil {
			return
		}
		m := message{at: time.Now(), from: from, text: string(buf[:n])}
		p.mu.Lock()
		p.seen = append(p.seen, m)
		close(p.grown)
		p.grown = make(chan struct{})
		p.mu.Unlock()
		if p.react != nil && !strings.HasPrefix(m.text, "SIP/2.0") {
			p.react(p, m)
		}
	}
}

// await returns the first message, past or future, whose first line begins so.
func (p *peer) await(t *testing.T, begin string) message {
	t.Helper()
	return p.awaitThat(t, begin, func(m message) bool { return strings.HasPrefix(m.first(), begin) })
}

func (p *peer) awaitThat(t *testing.T, what string, fits func(message) bool) message {
	t.Helper()
	ctx := testContext(t)
	for {
		p.mu.Lock()
		grown := p.grown
		var lines []string
		for _, m := range p.seen {
			if fits(m) {
				p.mu.Unlock()
				return m
			}
			lines = append(lines, m.first())
		}
		p.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			t.Fatalf("no %q came, but:\n  %s", what, strings.Join(lines, "\n  "))
		}
	}
}

// awaitMedia waits until more than so many RTP packets have been read. They come over another socket than the word that the call is over, which may be read before them.
func (p *peer) awaitMedia(t *testing.T, packets int) {
	t.Helper()
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.media > packets
	}, 20*time.Second, poll)
}

// count counts the messages whose first line begins so. One that is sent again, because the answer to it was slow, is the same one.
func (p *peer) count(begin string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	different := map[string]bool{}
	for _, m := range p.seen {
		if strings.HasPrefix(m.first(), begin) {
			different[m.header("Via")+m.header("Call-ID")+m.header("CSeq")] = true
		}
	}
	return len(different)
}

// respond answers a request. extra are whole header lines instead of the usual Contact.
func (p *peer) respond(m message, status string, body string, extra ...string) {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %s\r\n", status)
	for _, line := range strings.Split(m.text, "\r\n") {
		k, _, _ := strings.Cut(line, ":")
		switch strings.ToLower(k) {
		case "via", "from", "call-id", "cseq", "record-route":
			b.WriteString(line + "\r\n")
		case "to":
			if !strings.Contains(line, ";tag=") && !strings.HasPrefix(status, "100") {
				line += ";tag=peer"
			}
			b.WriteString(line + "\r\n")
		}
	}
	if len(extra) == 0 {
		extra = []string{"Contact: <sip:peer@" + p.addr() + ">"}
	}
	for _, e := range extra {
		b.WriteString(e + "\r\n")
	}
	if body != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	_, _ = p.conn.WriteToUDP([]byte(b.String()), m.from) // a lost answer shows in what the test awaits
}

func (p *peer) sdp() string {
	port := p.rtp.LocalAddr().(*net.UDPAddr).Port //nolint:errcheck // of a UDP socket, always
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0 101\r\n"+
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n", port)
}

// invite sends an INVITE to the switch. The strings go out as they are.
func (p *peer) invite(t *testing.T, server, to, from string) string {
	t.Helper()
	id := fmt.Sprintf("call-%d", time.Now().UnixNano())
	p.request(t, server, "INVITE", to, from, id, 1, "", p.sdp())
	return id
}

func (p *peer) request(t *testing.T, server, method, to, from, callID string, cseq int, toTag, body string) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s sip:%s@%s SIP/2.0\r\n", method, to, server)
	fmt.Fprintf(&b, "Via: SIP/2.0/UDP %s;branch=z9hG4bK%s%d;rport\r\nMax-Forwards: 70\r\n", p.addr(), callID, cseq)
	fmt.Fprintf(&b, "From: %s;tag=caller\r\nTo: <sip:%s@%s>%s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n", from, to, server, toTag, callID, cseq, method)
	fmt.Fprintf(&b, "Contact: <sip:peer@%s>\r\n", p.addr())
	if body != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	addr, err := net.ResolveUDPAddr("udp4", server)
	require.NoError(t, err)
	_, err = p.conn.WriteToUDP([]byte(b.String()), addr)
	require.NoError(t, err)
}

// answering makes a reaction for a phone: each status is sent in turn, those of 2xx with SDP. It goes on as a well-behaved
// phone does: CANCEL ends the call with 487, BYE and OPTIONS get 200.
func answering(statuses ...string) func(*peer, message) {
	var invite message
	return func(p *peer, m message) {
		switch m.method() {
		case "INVITE":
			if invite.text != "" && invite.header("Call-ID") == m.header("Call-ID") {
				return // repeated, because we do not answer
			}
			invite = m
			for _, s := range statuses {
				body := ""
				if strings.HasPrefix(s, "2") || strings.HasPrefix(s, "183") {
					body = p.sdp()
				}
				p.respond(m, s, body)
			}
		case "CANCEL":
			p.respond(m, "200 OK", "")
			p.respond(invite, "487 Request Terminated", "")
		case "ACK":
		default:
			p.respond(m, "200 OK", "")
		}
	}
}
