package core

import "unicode"

// protectedTail is how many characters of a number agents see while its tenant protects data (C2).
const protectedTail = 4

// MaskNumber is a number as agents see it while its tenant protects data: its last four characters (C2). It is the same for a number that has been masked
// already, and for an extension of four digits or fewer. What is given is untrusted, and need not be digits.
func MaskNumber(number string) string {
	text := []rune(number)
	return string(text[max(0, len(text)-protectedTail):])
}

// MaskName is a caller's name as agents see it while its tenant protects data. Many networks put the number there once more: a name with more than four digits
// is taken for one, and masked as it is (C2).
func MaskName(name string) string {
	digits := 0
	for _, r := range name {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	if digits <= protectedTail {
		return name
	}
	return MaskNumber(name)
}

// shownNumber is the caller's number as agents may see it.
func (s *Shard) shownNumber(c *call) string {
	if s.protects(c.Tenant) {
		return MaskNumber(c.From)
	}
	return c.From
}

// shownName is the caller's name as agents may see it.
func (s *Shard) shownName(c *call) string {
	if s.protects(c.Tenant) {
		return MaskName(c.Name)
	}
	return c.Name
}

func (s *Shard) protects(id TenantID) bool {
	t := s.st.Tenants[id]
	return t != nil && t.MaskNumbers
}
