package core

import (
	"slices"
	"strings"
)

// Dialling says where a tenant's agents may call out to, and how (C5).
//
// It is the rule against toll fraud. A call that costs money is a call somebody may steal: so nothing may be dialled that is not allowed, and premium-rate numbers have
// to be allowed one by one. The longest prefix that fits decides. Agents dial by consults and transfers only: a phone's own calls come in as a customer's (arrive.go).
type Dialling struct {
	Trunk  string   `json:"trunk,omitempty"`  // by which calls go out; "" = nothing may be dialled
	Home   string   `json:"home,omitempty"`   // country code with +, as "+49": numbers in the national form are read as its own
	Shown  string   `json:"shown,omitempty"`  // number shown to whoever is called; "" = the trunk's own
	Allow  []string `json:"allow,omitempty"`  // prefixes in E.164, as "+49" or "+4989"; service numbers whole, as "112"; empty = the home country
	Refuse []string `json:"refuse,omitempty"` // prefixes in E.164 that are refused within what is allowed
}

// Limits of a dialled number (C5).
const (
	MinDialDigits = 3
	MaxDialDigits = 18
)

// premium lists prefixes of numbers that cost whoever calls them more than a call: premium rate, shared cost, international networks and satellites. They are
// published ranges of the national numbering plans and of ITU-T E.164's list of assigned codes, not a complete list of all frauds.
func premium() []string {
	return []string{
		"+1809", "+1829", "+1849", "+1876", "+1900", "+1976", // within +1: premium, and islands that look like home
		"+31900", "+31906", "+31909", "+3290", "+3389", "+34803", "+34806", "+34807", "+34905", "+358600", "+358700", "+380900", "+39144", "+39166", "+39892",
		"+39899", "+4190", "+42090", "+4390", "+4393", "+4487", "+449", "+4590", "+46900", "+46939", "+46944", "+4782", "+4870", "+49137", "+49180", "+49900",
		"+6119", "+7803", "+7809",
		"+870", "+878", "+881", "+882", "+883", "+888", "+979", // satellites, international networks, international premium rate
	}
}

// StripDialNumber takes out of pasted text everything but digits and + # *, the characters that a dialled number may have (C5); a colon may be typed, and is not
// dialled: no telephone has that key. It says what is wrong with the rest: a + that does not stand in front, or not 3 to 18 digits.
func StripDialNumber(text string) (string, *Refusal) {
	if strings.Contains(text, "+") {
		text = strings.ReplaceAll(text, "(0)", "") // as people write a number for readers at home and abroad
	}
	var b strings.Builder
	digits := 0
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits++
			b.WriteRune(r)
		case r == '+' || r == '#' || r == '*':
			b.WriteRune(r)
		}
	}
	number := b.String()
	switch {
	case digits < MinDialDigits || digits > MaxDialDigits:
		return "", refusal(RefusedInvalid, "number", "a number has 3 to 18 digits")
	case strings.LastIndexByte(number, '+') > 0:
		return "", refusal(RefusedInvalid, "number", "a + may stand only in front of a number")
	}
	return number, nil
}

// e164 reads a stripped number as one of the tenant's country: international with + or behind the country's prefix for abroad (011 in the +1 countries, 00
// elsewhere), national with its trunk prefix, or (+1) of ten digits. What is none of these, a service number or a feature code, stays as it is.
func (d Dialling) e164(number string) string {
	if strings.ContainsAny(number, "#*") {
		return number
	}
	abroad, national := "00", "0"
	if d.Home == "+1" {
		abroad, national = "011", "1"
	}
	switch rest, ok := strings.CutPrefix(number, abroad); {
	case number[0] == '+':
		return number
	case ok:
		return "+" + rest
	case d.Home == "+1" && len(number) == 10:
		return "+1" + number
	case d.Home == "+1" && len(number) == 11 && number[0] == '1':
		return "+" + number
	case d.Home == "+39" && number[0] == '0' && len(number) > 5: // Italy keeps the zero
		return d.Home + number
	case d.Home != "" && d.Home != "+1" && strings.HasPrefix(number, national) && len(number) > 5:
		return d.Home + number[1:]
	}
	return number
}

// DialNumber makes of what an agent typed the number to dial, or says why it may not be dialled: see [Dialling].
func (d Dialling) DialNumber(text string) (string, *Refusal) {
	if d.Trunk == "" {
		return "", refusal(RefusedForbidden, "number", "calls to outside numbers are not set up for this organisation")
	}
	number, r := StripDialNumber(text)
	if r != nil {
		return "", r
	}
	number = d.e164(number)
	if number[0] == '+' && strings.ContainsAny(number, "#*") {
		return "", refusal(RefusedInvalid, "number", "a number in international form has digits only")
	}
	if number[0] != '+' {
		if slices.Contains(d.Allow, number) {
			return number, nil
		}
		return "", refusal(RefusedForbidden, "number", number+" is neither a number in international form nor one of the allowed service numbers")
	}
	allow := d.Allow
	if len(allow) == 0 && d.Home != "" {
		allow = []string{d.Home}
	}
	allowed := longestPrefix(allow, number)
	switch {
	case allowed == 0:
		return "", refusal(RefusedForbidden, "number", "calls to "+number+" are not allowed: its country or prefix is not on the list")
	case max(longestPrefix(d.Refuse, number), longestPrefix(d.Refuse, withoutTrunkZero(number))) >= allowed:
		return "", refusal(RefusedForbidden, "number", "calls to "+number+" are not allowed: its prefix is refused")
	case max(longestPrefix(premium(), number), longestPrefix(premium(), withoutTrunkZero(number))) > allowed:
		return "", refusal(RefusedForbidden, "number", "calls to "+number+" are not allowed: it is a premium-rate or high-risk number, whose prefix has to be allowed by name")
	}
	return number, nil
}

// withoutTrunkZero is a number without the zeros behind its country code that people write in brackets, and carriers leave out: "+49 (0)900" reaches what "+49 900"
// does. Italy's belong to the number.
func withoutTrunkZero(number string) string {
	code := 3
	switch number[1] {
	case '1', '7':
		code = 1
	default:
		for _, two := range strings.Fields("20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98") {
			if strings.HasPrefix(number[1:], two) {
				code = 2
			}
		}
	}
	if len(number) <= 1+code || strings.HasPrefix(number, "+39") {
		return number
	}
	return number[:1+code] + strings.TrimLeft(number[1+code:], "0")
}

// longestPrefix is the length of the longest of prefixes that the number begins with; 0 = none.
func longestPrefix(prefixes []string, number string) int {
	longest := 0
	for _, p := range prefixes {
		if len(p) > longest && strings.HasPrefix(number, p) {
			longest = len(p)
		}
	}
	return longest
}
