package models

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Change is one of several changes that are made together. It makes them on the database that it is given.
type Change func(ctx context.Context, db *DB) (core.ConfigChanged, error)

// Failure says which of several changes failed, and why.
type Failure struct {
	Index int
	Err   error
}

// Failures lists the changes that failed where several were to be made together, in their order. It is never empty.
type Failures []Failure

// Error implements error.
func (f Failures) Error() string {
	var b strings.Builder
	for i, x := range f {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "change %d: %v", x.Index+1, x.Err)
	}
	return b.String()
}

// mostFailures bounds how many failures are collected: a file of the wrong kind fails in every line.
const mostFailures = 100

// All makes several changes together: all of them, or none if one fails or dry is set. The changes come in order, and each sees what those before it did. It tries the rest
// after a failure, so that the [Failures] name all that is wrong; an [Outage] ends it at once.
func (c *Config) All(ctx context.Context, changes []Change, dry bool) (core.ConfigChanged, error) {
	var told core.ConfigChanged
	var failed Failures
	err := c.change(ctx, "change several together", func(tx *gorm.DB) error {
		// A change opens a transaction of its own, which within this one is a savepoint: what it did is gone when it fails, and the ones after it can still be tried.
		inner := &DB{dialect: c.db.dialect, write: tx, read: tx, rawW: c.db.rawW, rawR: c.db.rawR}
		for i, change := range changes {
			one, err := change(ctx, inner)
			if err != nil {
				if Outage(err) || ctx.Err() != nil {
					return err
				}
				if failed = append(failed, Failure{i, err}); len(failed) == mostFailures {
					break
				}
				continue
			}
			told = merged(told, one)
		}
		if len(failed) > 0 {
			return failed
		}
		if dry {
			return errDry
		}
		return nil
	})
	switch {
	case len(failed) > 0:
		return core.ConfigChanged{}, failed
	case errors.Is(err, errDry):
		return core.ConfigChanged{}, nil
	case err != nil:
		return core.ConfigChanged{}, err
	}
	return told, nil
}

// errDry takes back what was only tried.
var errDry = errors.New("only tried")

// merged puts two changes into one. The later one of two set-ups of the same id wins, because it comes behind.
func merged(a, b core.ConfigChanged) core.ConfigChanged {
	if b.Site != nil {
		a.Site = b.Site
	}
	a.Tenants, a.EntryPoints = append(a.Tenants, b.Tenants...), append(a.EntryPoints, b.EntryPoints...)
	a.Hours = append(a.Hours, b.Hours...)
	a.Queues, a.Agents = append(a.Queues, b.Queues...), append(a.Agents, b.Agents...)
	a.Remove.Tenants = append(a.Remove.Tenants, b.Remove.Tenants...)
	a.Remove.EntryPoints = append(a.Remove.EntryPoints, b.Remove.EntryPoints...)
	a.Remove.Hours = append(a.Remove.Hours, b.Remove.Hours...)
	a.Remove.Queues = append(a.Remove.Queues, b.Remove.Queues...)
	a.Remove.Agents = append(a.Remove.Agents, b.Remove.Agents...)
	return a
}
