package core

import "testing"

// TestDialNumberC5 holds what may be dialled, and how what is typed is read.
func TestDialNumberC5(t *testing.T) {
	t.Parallel()
	german := Dialling{Trunk: "carrier", Home: "+49", Allow: []string{"+49", "+43", "112", "*43#"}, Refuse: []string{"+49700"}}
	american := Dialling{Trunk: "carrier", Home: "+1"}
	for name, c := range map[string]struct {
		by      Dialling
		typed   string
		want    string
		refused RefusalCode
	}{
		"international":                     {by: german, typed: "+4989123456", want: "+4989123456"},
		"pasted with what people write":     {by: german, typed: " +49 (89) 12-34.56\t", want: "+4989123456"},
		"letters and other digits are gone": {by: german, typed: "tel:+49 89 123٤56", want: "+498912356"},
		"national":                          {by: german, typed: "089 123456", want: "+4989123456"},
		"abroad by 00":                      {by: german, typed: "0043 1 234567", want: "+431234567"},
		"a country not allowed":             {by: german, typed: "+33 1 23456789", refused: RefusedForbidden},
		"refused within what is allowed":    {by: german, typed: "0700 123456", refused: RefusedForbidden},
		"premium":                           {by: german, typed: "0900 123456", refused: RefusedForbidden},
		"premium, allowed by name":          {by: Dialling{Trunk: "carrier", Home: "+49", Allow: []string{"+49900"}}, typed: "0900 123456", want: "+49900123456"},
		"a service number":                  {by: german, typed: "112", want: "112"},
		"a feature code":                    {by: german, typed: "*43#", refused: RefusedInvalid},
		"a service number not allowed":      {by: german, typed: "110", refused: RefusedForbidden},
		"two digits":                        {by: german, typed: "11", refused: RefusedInvalid},
		"eighteen digits":                   {by: german, typed: "+49" + "8900000000000000", want: "+498900000000000000"},
		"nineteen digits":                   {by: german, typed: "+49" + "89000000000000000", refused: RefusedInvalid},
		"a plus in the middle":              {by: german, typed: "49+89123", refused: RefusedInvalid},
		"nothing":                           {by: german, typed: "", refused: RefusedInvalid},
		"only letters":                      {by: german, typed: "${EXTEN}", refused: RefusedInvalid},
		"ten digits at home in +1":          {by: american, typed: "(212) 555-0100", want: "+12125550100"},
		"eleven digits at home in +1":       {by: american, typed: "1-212-555-0100", want: "+12125550100"},
		"abroad by 011":                     {by: american, typed: "011 49 89 123456", refused: RefusedForbidden},
		"one-ring countries within +1":      {by: american, typed: "1 876 555 0100", refused: RefusedForbidden},
		"premium within +1":                 {by: american, typed: "900 555 0100", refused: RefusedForbidden},
		"satellites":                        {by: Dialling{Trunk: "c", Allow: []string{"+"}}, typed: "+881612345678", refused: RefusedForbidden},
		"everywhere else":                   {by: Dialling{Trunk: "c", Allow: []string{"+"}}, typed: "+8613800138000", want: "+8613800138000"},
		"Italy keeps its zero":              {by: Dialling{Trunk: "c", Home: "+39"}, typed: "06 1234567", want: "+39061234567"},
		"no trunk":                          {by: Dialling{Home: "+49"}, typed: "089123456", refused: RefusedForbidden},
		"no home and no list":               {by: Dialling{Trunk: "c"}, typed: "+4989123456", refused: RefusedForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, r := c.by.DialNumber(c.typed)
			var code RefusalCode
			if r != nil {
				code = r.Code
			}
			if got != c.want || code != c.refused {
				t.Errorf("%q is read as %q, %q; want %q, %q", c.typed, got, code, c.want, c.refused)
			}
			if r != nil && (r.Field != "number" || r.Text == "") {
				t.Errorf("the refusal names no field or rule: %+v", r)
			}
		})
	}
}
