package models

import (
	"errors"
	"fmt"
	"strings"
)

// What can be wrong with a request, besides a database that does not answer.
var (
	// ErrNotFound says that there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrExists says that the id, or what else must be unique, is taken.
	ErrExists = errors.New("exists already")
	// ErrVersion says that the row has been changed since it was read.
	ErrVersion = errors.New("changed by somebody else in the meantime")
)

// Violation is one rule that a field breaks.
type Violation struct {
	Field string // in its JSON name, as "members[2].agent"
	Rule  string // what would be right, for people
}

// Invalid lists all rules that a set-up breaks, in the order of its fields. It is never empty.
type Invalid []Violation

// Error implements error.
func (v Invalid) Error() string {
	var b strings.Builder
	for i, x := range v {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %s", x.Field, x.Rule)
	}
	return b.String()
}

// violations collects what is wrong with a set-up.
type violations struct{ found Invalid }

func (v *violations) add(field, rule string, args ...any) {
	v.found = append(v.found, Violation{Field: field, Rule: fmt.Sprintf(rule, args...)})
}

// check adds a violation unless ok.
func (v *violations) check(ok bool, field, rule string, args ...any) {
	if !ok {
		v.add(field, rule, args...)
	}
}

// err is nil if nothing was wrong.
func (v *violations) err() error {
	if len(v.found) == 0 {
		return nil
	}
	return v.found
}
