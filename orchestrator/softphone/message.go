package softphone

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Header is one header field of a SIP message, its value as it stood on the wire.
type Header struct{ Name, Value string }

// Headers are the header fields of a message in their order.
type Headers []Header

// Get returns the value of the first field of that name, whatever its case, or "".
func (h Headers) Get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Values returns the values of all fields of that name.
func (h Headers) Values(name string) []string {
	var values []string
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values
}

// message is a SIP request (method != "") or response.
type message struct {
	method string
	uri    string // request only
	code   int    // response only
	phrase string // response only
	header Headers
	body   []byte
}

// fullName undoes the compact forms of RFC 3261 7.3.3.
var fullName = map[string]string{
	"c": "Content-Type", "f": "From", "i": "Call-ID", "k": "Supported", "l": "Content-Length", "m": "Contact", "t": "To", "v": "Via",
}

// newParser reads messages but leaves all header values alone: an odd caller name must reach the test as it stood on the wire, and
// must not make the phone deaf to the call. That goes for Content-Length, too, which the library would believe and allocate.
func newParser() *sip.Parser {
	return sip.NewParser(sip.WithHeadersParsers(map[string]sip.HeaderParser{}))
}

func parseMessage(p *sip.Parser, data []byte) (*message, error) {
	parsed, err := p.ParseSIP(data)
	if err != nil {
		return nil, fmt.Errorf("parsing message: %w", err)
	}
	m := &message{body: parsed.Body()}
	var fields []sip.Header
	switch t := parsed.(type) {
	case *sip.Request:
		m.method, m.uri, fields = string(t.Method), t.Recipient.String(), t.Headers()
	case *sip.Response:
		m.code, m.phrase, fields = t.StatusCode, t.Reason, t.Headers()
	}
	for _, f := range fields {
		name := f.Name()
		if full, ok := fullName[strings.ToLower(name)]; ok {
			name = full
		}
		m.header = append(m.header, Header{Name: name, Value: f.Value()})
	}
	if n, err := strconv.Atoi(lengthGiven(data)); err == nil && n >= 0 && n < len(m.body) {
		m.body = m.body[:n] // what follows in the datagram is to be ignored (RFC 3261 18.3)
	}
	for _, must := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
		if m.header.Get(must) == "" {
			return nil, fmt.Errorf("parsing message: no %s", must)
		}
	}
	if m.method == "" {
		_, m.method, _ = m.cseq() // of the request that it answers; code tells the two apart
	}
	return m, nil
}

// lengthGiven is the Content-Length as it stood on the wire: setting the body, the library replaces the one in the message by the true length.
func lengthGiven(data []byte) string {
	head, _, _ := bytes.Cut(data, []byte("\r\n\r\n"))
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch strings.ToLower(string(bytes.TrimSpace(name))) {
		case "content-length", "l":
			return string(bytes.TrimSpace(value))
		}
	}
	return ""
}

func (m *message) isResponse() bool { return m.code != 0 }

// cseq returns the number and the method of the CSeq header.
func (m *message) cseq() (uint32, string, error) {
	number, method, _ := strings.Cut(strings.TrimSpace(m.header.Get("CSeq")), " ")
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return 0, "", fmt.Errorf("parsing CSeq: %w", err)
	}
	return uint32(n), strings.TrimSpace(method), nil
}

func (m *message) callID() string { return m.header.Get("Call-ID") }

// branch returns the transaction's id, from the topmost Via.
func (m *message) branch() string {
	_, params, _ := strings.Cut(m.header.Get("Via"), ";")
	params, _, _ = strings.Cut(params, ",")
	return param(params, "branch")
}

// param finds name in "a=b;c=d".
func param(params, name string) string {
	for _, p := range strings.Split(params, ";") {
		key, value, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// bytes writes the message, with its Content-Length.
func (m *message) bytes() []byte {
	var b strings.Builder
	if m.isResponse() {
		fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", m.code, m.phrase)
	} else {
		fmt.Fprintf(&b, "%s %s SIP/2.0\r\n", m.method, m.uri)
	}
	for _, h := range m.header {
		fmt.Fprintf(&b, "%s: %s\r\n", h.Name, h.Value)
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", len(m.body))
	b.Write(m.body)
	return []byte(b.String())
}

// answer builds a response to a request. tag is our tag for the To header when it has none yet.
func (m *message) answer(code int, tag string) *message {
	res := &message{code: code, phrase: phrase(code)}
	for _, h := range m.header {
		switch strings.ToLower(h.Name) {
		case "via", "from", "call-id", "cseq", "record-route":
			res.header = append(res.header, h)
		case "to":
			if _, params := splitAddress(h.Value); tag != "" && param(params, "tag") == "" {
				h.Value += ";tag=" + tag
			}
			res.header = append(res.header, h)
		}
	}
	return res
}

// phrases are the reason phrases that we send.
var phrases = map[int]string{
	180: "Ringing", 200: "OK", 302: "Moved Temporarily", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout",
	480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 486: "Busy Here", 487: "Request Terminated",
	488: "Not Acceptable Here", 491: "Request Pending", 500: "Server Internal Error", 503: "Service Unavailable", 603: "Decline",
}

func phrase(code int) string {
	if p, ok := phrases[code]; ok {
		return p
	}
	return "Status " + strconv.Itoa(code)
}

// splitAddress takes a From, To or Contact value apart: what precedes the parameters of the header, and those.
func splitAddress(value string) (address, params string) {
	quoted, escaped, bracket := false, false, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"' && !bracket:
			quoted = !quoted
		case quoted:
		case c == '<':
			bracket = true
		case c == '>':
			bracket = false
		case c == ';' && !bracket:
			return value[:i], value[i+1:]
		}
	}
	return value, ""
}

// addressParts returns the display name (unquoted) and the URI of a From, To or Contact value.
func addressParts(value string) (display, uri string) {
	address, _ := splitAddress(value)
	address = strings.TrimSpace(address)
	if !strings.HasSuffix(address, ">") {
		return "", address
	}
	open := strings.LastIndexByte(address, '<')
	if open < 0 {
		return "", address
	}
	display = strings.TrimSpace(address[:open])
	if len(display) >= 2 && display[0] == '"' && display[len(display)-1] == '"' {
		display = unquote(display[1 : len(display)-1])
	}
	return display, address[open+1 : len(address)-1]
}

func unquote(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// userOf returns the unescaped user part of a SIP URI, "" if it has none.
func userOf(uri string) string {
	_, rest, ok := strings.Cut(uri, ":")
	if !ok {
		return ""
	}
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return ""
	}
	user := rest[:at]
	if plain, err := url.PathUnescape(user); err == nil {
		return plain
	}
	return user
}

// nameAddr writes a From or To value. The display name may be any text without control characters that would end the header.
func nameAddr(display, uri string) string {
	if display == "" {
		return "<" + uri + ">"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(display) + `" <` + uri + ">"
}

// escapeUser writes any text as the user part of a SIP URI (RFC 3261 25.1: user = unreserved / escaped / user-unreserved).
func escapeUser(user string) string {
	var b strings.Builder
	for i := 0; i < len(user); i++ {
		c := user[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.!~*'()&=+$,;?/", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

var errHeaderBreak = errors.New("a line break or NUL would end the header")

// checkHeaderText refuses text that would write a second header.
func checkHeaderText(field, text string) error {
	if strings.ContainsAny(text, "\r\n\x00") {
		return fmt.Errorf("%s: %w", field, errHeaderBreak)
	}
	return nil
}

// reasonIsElsewhere reads a Reason header (RFC 3326).
func reasonIsElsewhere(reason string) bool {
	for _, r := range strings.Split(reason, ",") {
		protocol, params, _ := strings.Cut(strings.TrimSpace(r), ";")
		cause := param(params, "cause")
		if strings.EqualFold(protocol, "SIP") && cause == "200" || strings.EqualFold(protocol, "Q.850") && cause == "26" {
			return true
		}
	}
	return false
}
