package models

import (
	"fmt"
	"strings"
	"unicode"

	"gorm.io/gorm"
)

// sought narrows a query to what people search for: every word is in one of these columns, in whatever case; or what they wrote is a part of a number, as one dials it. An empty search narrows nothing.
func sought(q *gorm.DB, search, ofNumber string, columns ...string) *gorm.DB {
	if digits, is := numberIn(search); is {
		return q.Where(ofNumber, "%"+digits+"%")
	}
	for _, word := range strings.Fields(search) {
		var either []string
		var patterns []any
		for _, column := range columns {
			for _, spelt := range spellings(word) {
				either = append(either, fmt.Sprintf(`lower(%s) LIKE ? ESCAPE '\'`, column))
				patterns = append(patterns, "%"+literally.Replace(spelt)+"%")
			}
		}
		q = q.Where("("+strings.Join(either, " OR ")+")", patterns...)
	}
	return q
}

var literally = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// spellings are a word in small letters, and as it begins a name: SQLite's lower knows the letters of English only.
func spellings(word string) []string {
	lower := []rune(strings.ToLower(word))
	name := append([]rune{unicode.ToUpper(lower[0])}, lower[1:]...)
	return []string{string(lower), string(name)}
}

// numberIn gives the digits of what looks like a part of a number, without the zeros that are dialled before a country code or an area code.
func numberIn(search string) (digits string, is bool) {
	digits = strings.Map(func(r rune) rune {
		if strings.ContainsRune("+ ()/-.", r) {
			return -1
		}
		return r
	}, search)
	return strings.TrimLeft(digits, "0"), digits != "" && strings.Trim(digits, "0123456789") == ""
}
