package models

import "strings"

// clean makes text from outside storable on both databases: valid UTF-8 without NUL, which PostgreSQL refuses in text columns. A
// refused insert would stop a shard's log, or a projection, over one caller's name.
func clean(s string) string {
	for i := range len(s) {
		if s[i] == 0 || s[i] >= 0x80 {
			return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
		}
	}
	return s
}
