package models

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
)

// An ordinary conflict is answered, not logged, and so is a query that nobody waits for any more; an error and a slow query are, without the values.
func TestQueryLog(t *testing.T) {
	var out bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&out, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	l := newQueryLog()
	trace := func(begin time.Time, err error) string {
		out.Reset()
		l.Trace(t.Context(), begin, func() (string, int64) {
			sql, values := l.ParamsFilter(t.Context(), "INSERT INTO contacts VALUES (?)", "Alice")
			require.Empty(t, values)
			return sql, 1
		}, err)
		return out.String()
	}
	now := time.Now().Add(time.Hour) // no query is slow, however long the test stands still
	require.Empty(t, trace(now, nil))
	require.Empty(t, trace(now, gorm.ErrDuplicatedKey))
	require.Empty(t, trace(now, gorm.ErrForeignKeyViolated))
	require.Empty(t, trace(now, gorm.ErrRecordNotFound))
	require.Contains(t, trace(now, errors.New("disk full")), "disk full")
	require.Contains(t, trace(time.Now().Add(-time.Minute), nil), "INSERT INTO contacts")
	require.Contains(t, trace(time.Now().Add(-time.Minute), gorm.ErrDuplicatedKey), "INSERT INTO contacts")

	// Whoever asked is gone, as everybody is when Tandem is stopped.
	gone, leave := context.WithCancel(t.Context())
	leave()
	out.Reset()
	l.Trace(gone, now, func() (string, int64) { return "SELECT 1", 0 }, context.Canceled)
	require.Empty(t, out.String())
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	l.Trace(late, now, func() (string, int64) { return "SELECT 1", 0 }, context.DeadlineExceeded)
	require.Contains(t, out.String(), "SELECT 1")
}
