package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// message is what the bench needs of a SIP message. It reads what one well-behaved switch sends, not what the world sends: the phones of tests and demo are
// orchestrator/softphone, which measures less and withstands more.
type message struct {
	method string // of a request; "" for a response
	uri    string // of a request
	status int    // of a response
	via    []string
	from   string
	to     string
	callID string
	cseq   string
	// contact is the URI alone.
	contact string
}

var errNotSIP = errors.New("not a SIP message")

// parseMessage reads one datagram.
func parseMessage(text string) (message, error) {
	head, _, _ := strings.Cut(text, "\r\n\r\n")
	first, rest, _ := strings.Cut(head, "\r\n")
	var m message
	a, b, ok := strings.Cut(first, " ")
	if !ok {
		return message{}, errNotSIP
	}
	if a == "SIP/2.0" {
		code, _, _ := strings.Cut(b, " ")
		n, err := strconv.Atoi(code)
		if err != nil || n < 100 || n > 699 {
			return message{}, errNotSIP
		}
		m.status = n
	} else {
		m.method = a
		m.uri, _, _ = strings.Cut(b, " ")
	}
	for line := range strings.SplitSeq(rest, "\r\n") {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "via", "v":
			m.via = append(m.via, value)
		case "from", "f":
			m.from = value
		case "to", "t":
			m.to = value
		case "call-id", "i":
			m.callID = value
		case "cseq":
			m.cseq = value
		case "contact", "m":
			m.contact = uriOf(value)
		}
	}
	if m.callID == "" || m.cseq == "" {
		return message{}, errNotSIP
	}
	return m, nil
}

// uriOf takes the URI out of a name-addr.
func uriOf(value string) string {
	if i := strings.IndexByte(value, '<'); i >= 0 {
		value = value[i+1:]
		if j := strings.IndexByte(value, '>'); j >= 0 {
			return value[:j]
		}
	}
	uri, _, _ := strings.Cut(value, ";")
	return strings.TrimSpace(uri)
}

// userOf is the user part of a URI or name-addr.
func userOf(value string) string {
	uri := uriOf(value)
	_, rest, _ := strings.Cut(uri, ":")
	user, _, ok := strings.Cut(rest, "@")
	if !ok {
		return ""
	}
	return user
}

// cseqMethod is the method that a CSeq header names.
func (m *message) cseqMethod() string {
	_, method, _ := strings.Cut(m.cseq, " ")
	return method
}

// reply makes the answer to a request. tag is ours, contact and body are "" where there is none.
func (m *message) reply(status int, reason, tag, contact, body string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", status, reason)
	for _, v := range m.via {
		fmt.Fprintf(&b, "Via: %s\r\n", v)
	}
	to := m.to
	if tag != "" && !strings.Contains(to, ";tag=") {
		to += ";tag=" + tag
	}
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n", m.from, to, m.callID, m.cseq)
	finish(&b, contact, body)
	return []byte(b.String())
}

// request says what a request is made of.
type request struct {
	method, uri, from, to, callID, contact, body string
	via                                          string // host:port of the sender
	branch                                       string
	cseq                                         int
}

func (r *request) bytes() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\n", r.method, r.uri, r.via, r.branch)
	method := r.method
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n", r.from, r.to, r.callID, r.cseq, method)
	finish(&b, r.contact, r.body)
	return []byte(b.String())
}

func finish(b *strings.Builder, contact, body string) {
	if contact != "" {
		fmt.Fprintf(b, "Contact: <%s>\r\n", contact)
	}
	if body != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(b, "Content-Length: %d\r\n\r\n%s", len(body), body)
}

// session offers or takes one stream of G.711 at a port of ours.
func session(port int) string {
	return "v=0\r\no=bench 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio " + strconv.Itoa(port) + " RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n"
}
