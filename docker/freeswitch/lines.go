package freeswitch

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

// LinesDir is the directory beside FreeSWITCH's own files into which Tandem writes phones and trunks; see [Lines].
const LinesDir = "tandem"

// Phone is a desk phone.
type Phone struct {
	User     string   // its name in SIP, 1 to 40 letters, digits, - or _
	Password string   // "" = it neither registers nor calls, unless there is HA1; then it has a Contact
	HA1      string   // in place of the password: MD5 of user, [Domain] and password, in hexadecimal
	Contact  string   // a SIP URI if it does not register; "" otherwise
	Codecs   []string // pcmu, pcma, in the order in which they are offered; none = both
	Guarded  bool     // [Lines.Blocked] holds for it
	TLS      bool     // it calls and is called over TLS only
	// Encryption is what it does about SRTP; "" = [Optional].
	Encryption string
}

// What a phone or a trunk does about SRTP.
const (
	Off      = "off"
	Optional = "optional" // taken where it is offered
	Required = "required"
)

// DialVariables are those with which the phone is called. An empty presence_id is always among them: without it FreeSWITCH gives the leg a presence, and tells it anew,
// four times in a short call, to subscribers that there are not.
func (p Phone) DialVariables() string {
	all := []string{"presence_id="}
	if len(p.Codecs) > 0 {
		all = append(all, "absolute_codec_string="+codecList(p.Codecs))
	}
	if p.Encryption == Required {
		all = append(all, "rtp_secure_media=mandatory")
	}
	return "{^^:" + strings.Join(all, ":") + "}"
}

func codecList(names []string) string { return strings.ToUpper(strings.Join(names, ",")) }

// Trunk is a carrier, known by its address.
type Trunk struct {
	Name     string   // 1 to 40 letters, digits, - or _
	Contact  string   // SIP URI without user to which its calls are sent
	Match    []string // addresses or networks from which its calls come; none = it calls nobody
	User     string   // with which FreeSWITCH shows who it is; "" = by its address
	Password string   // "" = none
	Register bool     // tell the carrier where calls for User go
	Qualify  int      // every how many seconds the carrier is asked whether it is there; 0 = never
	Codecs   []string // as a phone's
	TLS      bool     // its calls go and come over TLS only
	// Encryption is what it does about SRTP; "" = [Off].
	Encryption string
}

// Lines are the phones and trunks from Tandem's database, which are in a directory apart: Tandem writes it while FreeSWITCH runs.
type Lines struct {
	Phones  []Phone
	Trunks  []Trunk
	Blocked []string // addresses of which no phone's password is taken
}

// linesTemplate is what the site's own phones and trunks, and those from the database, are written with.
const linesTemplate = "lines/lines.tmpl"

// allowedName is the list of addresses of which passwords are taken.
const allowedName = "tandem-allowed"

var (
	ha1Rule  = regexp.MustCompile(`^[0-9a-f]{32}$`)
	userRule = regexp.MustCompile(`^[A-Za-z0-9+][A-Za-z0-9_.+-]{0,63}$`)
)

// Files gives the files of [LinesDir] by name. The error names every field that FreeSWITCH's configuration could not carry as it is meant.
func (l Lines) Files() (map[string][]byte, error) {
	var errs []error
	check := func(ok bool, field, rule string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: %s", field, rule))
		}
	}
	checkLines(check, l.Phones, l.Trunks)
	for i, b := range l.Blocked {
		check(network(b) != "", fmt.Sprintf("Blocked[%d]", i), "an IP address or network")
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("freeswitch phones and trunks: %w", err)
	}
	out := map[string][]byte{}
	for _, name := range []string{"phones.xml", "gateways.xml", "addresses.xml", "trunks.xml"} {
		text, err := l.fill(name+".tmpl", l)
		if err != nil {
			return nil, err
		}
		out[name] = text
	}
	return out, nil
}

// Gateways gives for each trunk the mark of its gateway's settings. FreeSWITCH has to be told which gateways have changed; see esl.
func (l Lines) Gateways() (map[string]string, error) {
	out := map[string]string{}
	for _, t := range l.Trunks {
		text, err := l.fill("gateway", t)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		out[t.Name] = hex.EncodeToString(sum[:8])
	}
	return out, nil
}

func (Lines) fill(name string, data any) ([]byte, error) {
	t, err := template.New("").Option("missingkey=error").Funcs(functions).ParseFS(files, "lines/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("parse templates: %w", err)
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, name, data); err != nil {
		return nil, fmt.Errorf("fill template %s: %w", name, err)
	}
	return out.Bytes(), nil
}

// oneIs reports whether one of the texts, each of which has a line of its own, is as the rule says.
func oneIs(rule *regexp.Regexp, texts ...string) bool {
	return slices.ContainsFunc(texts, rule.MatchString)
}

// checkLines checks phones and trunks.
func checkLines(check func(ok bool, field, rule string), phones []Phone, trunks []Trunk) {
	codecs := func(field string, names []string) {
		for i, c := range names {
			check(c == "pcmu" || c == "pcma", fmt.Sprintf("%s.Codecs[%d]", field, i), "pcmu or pcma")
		}
	}
	encryption := func(field, value string) {
		check(value == "" || value == Off || value == Optional || value == Required, field+".Encryption", "off, optional or required")
	}
	seen := map[string]bool{}
	for i, p := range phones {
		field := fmt.Sprintf("Phones[%d]", i)
		check(nameRule.MatchString(p.User), field+".User", nameWords)
		check(!oneIs(lineRule, p.User, p.Password, p.Contact), field+".User", "and its password and contact: not the preprocessor's name")
		check(!seen[p.User], field+".User", fmt.Sprintf("%q is taken", p.User))
		seen[p.User] = true
		check(p.Password == "" || secretRule.MatchString(p.Password), field+".Password", secretWords)
		check(p.HA1 == "" || ha1Rule.MatchString(p.HA1), field+".HA1", "32 hexadecimal digits")
		check(p.Contact == "" || uriRule.MatchString(p.Contact), field+".Contact", "a SIP URI without parameters")
		check(p.Password != "" || p.HA1 != "" || p.Contact != "", field, "a password, or a contact of a phone that does not register")
		codecs(field, p.Codecs)
		encryption(field, p.Encryption)
	}
	seen = map[string]bool{}
	for i, t := range trunks {
		field := fmt.Sprintf("Trunks[%d]", i)
		check(nameRule.MatchString(t.Name), field+".Name", nameWords)
		check(!seen[t.Name], field+".Name", fmt.Sprintf("%q is taken", t.Name))
		seen[t.Name] = true
		check(uriRule.MatchString(t.Contact) && !strings.Contains(t.Contact, "@"), field+".Contact", "a SIP URI without user and parameters")
		for j, m := range t.Match {
			check(network(m) != "", fmt.Sprintf("%s.Match[%d]", field, j), "an IP address or network")
		}
		check(!oneIs(lineRule, t.Name, t.Contact, t.User, t.Password), field+".Name", "and its contact, user and password: not the preprocessor's name")
		check(t.User == "" || userRule.MatchString(t.User), field+".User", "1 to 64 letters, digits, _, ., + and -")
		check(t.Password == "" || t.User != "" && secretRule.MatchString(t.Password), field+".Password", "with a User, "+secretWords)
		check(!t.Register || t.User != "", field+".User", "needed to register")
		codecs(field, t.Codecs)
		encryption(field, t.Encryption)
	}
}
