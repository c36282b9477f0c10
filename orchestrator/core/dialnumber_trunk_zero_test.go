package core

import "testing"

// TestDialNumberTrunkZeroC5: what is refused is refused as well with the zero that people write behind the country code, and with signs in between.
func TestDialNumberTrunkZeroC5(t *testing.T) {
	t.Parallel()
	by := Dialling{Trunk: "carrier", Home: "+49", Allow: []string{"+49", "+44", "+39", "+880"}, Refuse: []string{"+49700"}}
	for _, typed := range []string{
		"+49 (0) 900 123456", "0049 0900 123456", "+49 (0) 700 123456", "+44 (0) 900 123456", "+49*900123456", "+49#900123456", "+49:900123456", "+490 137 123456",
		"0049 00900 123456",
	} {
		if got, r := by.DialNumber(typed); r == nil {
			t.Errorf("%q is dialled as %q", typed, got)
		}
	}
	for _, typed := range []string{"+39 0144 123456", "+880 1711 123456", "+49 89 123456", "+49 (0)89 123456"} {
		if _, r := by.DialNumber(typed); r != nil {
			t.Errorf("%q is refused: %s", typed, r.Text)
		}
	}
}
