package asterisk

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"text/template"
)

// LinesDir is the directory beside Asterisk's own files into which Tandem writes phones and trunks; see [Lines].
const LinesDir = "tandem"

// Realm is that of the passwords of phones that come from Tandem's database.
const Realm = "tandem"

// Phone is a desk phone.
type Phone struct {
	User     string   // its name in SIP, 1 to 40 letters, digits, - or _
	Password string   // "" = not asked for one, unless there is HA1
	HA1      string   // in place of the password: MD5 of user, Realm and password, in hexadecimal
	Contact  string   // a SIP URI if it does not register; "" otherwise
	Codecs   []string // pcmu, pcma, in the order in which they are offered; none = both
	TLS      bool     // it registers and calls over TLS only
	// Encryption is what it does about SRTP; "" = [Off].
	Encryption string
}

// What a phone or a trunk does about SRTP.
const (
	Off      = "off"
	Optional = "optional" // offered, and taken where it is offered
	Required = "required"
)

// Trunk is a carrier, known by its address.
type Trunk struct {
	Name     string   // 1 to 40 letters, digits, - or _
	Contact  string   // SIP URI without user to which its calls are sent
	Match    []string // addresses or networks from which its calls come
	User     string   // with which Asterisk shows who it is; "" = by its address
	Password string   // "" = none
	Register bool     // tell the carrier where calls for User go
	Qualify  int      // every how many seconds the carrier is asked whether it is there; 0 = never
	Codecs   []string // as a phone's
	TLS      bool     // its calls go and come over TLS only
	// Encryption is what it does about SRTP; "" = [Off].
	Encryption string
}

// Account is the URI that the trunk registers.
func (t Trunk) Account() string { return "sip:" + t.User + "@" + strings.TrimPrefix(t.Contact, "sip:") }

// Lines are the phones and trunks from Tandem's database, which are in a directory apart: Tandem writes it while Asterisk runs.
type Lines struct {
	Phones  []Phone
	Trunks  []Trunk
	Blocked []string // addresses of which Asterisk takes nothing
}

// linesTemplate is what the site's own phones and trunks, and those from the database, are written with.
const linesTemplate = "lines/lines.tmpl"

// clearDomain is how Asterisk calls what comes in over UDP: a phone that has to use TLS is somebody else there, of whom nothing is taken. Nobody's address has it.
const clearDomain = "clear.tandem.invalid"

// tlsName is Asterisk's name for SIP over TLS. Its point keeps it apart from phones and trunks, of which some may have been called anything before there was TLS: one that is taken would keep all of
// them from being written.
const tlsName = "sip.tls"

// blockedName is the name of the access list.
const blockedName = "tandem-blocked"

var (
	ha1Rule    = regexp.MustCompile(`^[0-9a-f]{32}$`)
	userRule   = regexp.MustCompile(`^[A-Za-z0-9+][A-Za-z0-9_.+-]{0,63}$`)
	codecNames = map[string]string{"pcmu": "ulaw", "pcma": "alaw"}
)

var functions = template.FuncMap{
	"codec":       func(name string) string { return codecNames[name] },
	"realm":       func() string { return Realm },
	"clear":       func() string { return clearDomain },
	"tls":         func() string { return tlsName },
	"blockedName": func() string { return blockedName },
}

// failedPassword is what Asterisk's log says of a wrong password. Everything in front of the address, and the Call-ID behind it, is the sender's: the line is read from its end, and
// a Call-ID has no spaces, so that nobody has somebody else shut out.
var failedPassword = regexp.MustCompile(` failed for '([^' ]+):[0-9]{1,5}' \(callid: [^ ]*\) - Failed to authenticate$`)

// WrongPassword gives the address from which a wrong password has come, if that is what a line of the log says; "" otherwise. Such a line is of level notice.
func WrongPassword(line string) string {
	m := failedPassword.FindStringSubmatch(line)
	if m == nil || !strings.Contains(line, "] NOTICE[") {
		return ""
	}
	return strings.Trim(m[1], "[]")
}

// Files gives the files of [LinesDir] by name. The error names every field that Asterisk's configuration could not carry as it is meant.
func (l Lines) Files() (map[string][]byte, error) {
	var errs []error
	check := func(ok bool, field, rule string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: %s", field, rule))
		}
	}
	checkLines(check, map[string]bool{"udp": true, "global": true, "system": true, blockedName: true}, l.Phones, l.Trunks)
	for i, b := range l.Blocked {
		check(matchRule.MatchString(b), fmt.Sprintf("Blocked[%d]", i), "an IP address or network")
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("asterisk phones and trunks: %w", err)
	}
	const name = "lines/pjsip.conf.tmpl"
	t, err := template.New("").Option("missingkey=error").Funcs(functions).ParseFS(files, name, linesTemplate)
	if err != nil {
		return nil, fmt.Errorf("parse template %s: %w", name, err)
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, path.Base(name), l); err != nil {
		return nil, fmt.Errorf("fill template %s: %w", name, err)
	}
	return map[string][]byte{"pjsip.conf": out.Bytes()}, nil
}

// checkLines checks phones and trunks. seen are the names that are taken.
func checkLines(check func(ok bool, field, rule string), seen map[string]bool, phones []Phone, trunks []Trunk) {
	codecs := func(field string, names []string) {
		for i, c := range names {
			check(codecNames[c] != "", fmt.Sprintf("%s.Codecs[%d]", field, i), "pcmu or pcma")
		}
	}
	encryption := func(field, value string) {
		check(value == "" || value == Off || value == Optional || value == Required, field+".Encryption", "off, optional or required")
	}
	for i, p := range phones {
		field := fmt.Sprintf("Phones[%d]", i)
		check(nameRule.MatchString(p.User), field+".User", "1 to 40 letters, digits, - and _")
		check(!seen[p.User], field+".User", fmt.Sprintf("%q is taken", p.User))
		seen[p.User] = true
		check(p.Password == "" || secretRule.MatchString(p.Password), field+".Password", "at most 80 printable ASCII characters without space and semicolon")
		check(p.HA1 == "" || ha1Rule.MatchString(p.HA1), field+".HA1", "32 hexadecimal digits")
		check(p.Contact == "" || uriRule.MatchString(p.Contact), field+".Contact", "a SIP URI without parameters")
		check(p.Password != "" || p.HA1 != "" || p.Contact != "", field, "a password, or a contact of a phone that does not register")
		codecs(field, p.Codecs)
		encryption(field, p.Encryption)
	}
	for i, t := range trunks {
		field := fmt.Sprintf("Trunks[%d]", i)
		check(nameRule.MatchString(t.Name), field+".Name", "1 to 40 letters, digits, - and _")
		check(!seen[t.Name], field+".Name", fmt.Sprintf("%q is taken", t.Name))
		seen[t.Name] = true
		check(uriRule.MatchString(t.Contact), field+".Contact", "a SIP URI without parameters")
		for j, m := range t.Match {
			check(matchRule.MatchString(m), fmt.Sprintf("%s.Match[%d]", field, j), "an IP address or network")
		}
		check(t.User == "" || userRule.MatchString(t.User), field+".User", "1 to 64 letters, digits, _, ., + and -")
		check(t.Password == "" || t.User != "" && secretRule.MatchString(t.Password), field+".Password", "with a User, at most 80 printable ASCII characters without space and semicolon")
		check(!t.Register || t.User != "", field+".User", "needed to register")
		codecs(field, t.Codecs)
		encryption(field, t.Encryption)
	}
}
