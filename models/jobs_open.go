package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// OpenJobs is how many jobs of one kind are in one state, when the first of them is due, and since when the oldest is owed.
type OpenJobs struct {
	Kind  string
	State JobState
	Count int
	Due   time.Time
	Since time.Time // zero = there is none
}

// farOff is when the first of no jobs is due.
var farOff = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Open counts the jobs that are not over, in order of kind and state. Every kind that this program knows is among them.
func (j *Jobs) Open(ctx context.Context) (open []OpenJobs, err error) {
	type group struct {
		kind  string
		state JobState
	}
	groups := map[group]OpenJobs{}
	for _, kind := range []string{JobArchive, JobDiscard, JobLead} {
		for _, state := range []JobState{JobPending, JobRunning} {
			groups[group{kind, state}] = OpenJobs{Kind: kind, State: state, Due: farOff}
		}
	}
	rows, err := j.db.rawR.QueryContext(ctx, `SELECT kind, state, count(*), min(next_at), min(created_at) FROM jobs WHERE state IN ('pending', 'running') GROUP BY kind, state`)
	if err != nil {
		return nil, fmt.Errorf("count open jobs: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var o OpenJobs
		var due, since int64
		if err := rows.Scan(&o.Kind, &o.State, &o.Count, &due, &since); err != nil {
			return nil, fmt.Errorf("count open jobs: %w", err)
		}
		o.Due, o.Since = fromMicros(due), fromMicros(since)
		groups[group{o.Kind, o.State}] = o
	}
	return slices.SortedFunc(maps.Values(groups), func(a, b OpenJobs) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.State, b.State))
	}), rows.Err()
}
