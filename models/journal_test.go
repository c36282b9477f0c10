package models_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
	"github.com/tandem-voice/tandem/orchestrator/journal/journaltest"
)

func TestJournalKeepsTheContract(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		journaltest.Run(t, func(t *testing.T) journaltest.Store { return dbtest.Open(t, dbtest.SQLiteURL(t)).Journal() })
	})
	t.Run("postgres", func(t *testing.T) {
		journaltest.Run(t, func(t *testing.T) journaltest.Store { return dbtest.Open(t, dbtest.PostgresURL(t)).Journal() })
	})
}

func TestJournalFencesAcrossConnections(t *testing.T) {
	for name, url := range map[string]string{"sqlite": dbtest.SQLiteURL(t), "postgres": dbtest.PostgresURL(t)} {
		t.Run(name, func(t *testing.T) {
			one, two := dbtest.Open(t, url).Journal(), dbtest.Open(t, url).Journal()
			a, err := one.Acquire(t.Context(), "main", "one", time.Hour)
			require.NoError(t, err)
			_, err = two.Acquire(t.Context(), "main", "two", time.Hour)
			require.ErrorIs(t, err, journal.ErrHeld)
			require.NoError(t, one.Release(t.Context(), a))
			_, err = two.Acquire(t.Context(), "main", "two", time.Hour)
			require.NoError(t, err)
			require.ErrorIs(t, one.Append(t.Context(), a, batch(1, 1), nil), journal.ErrFenced)
		})
	}
}

func TestJournalPartitionsFollowTheLog(t *testing.T) {
	const width = 1 << 22
	j := dbtest.Open(t, dbtest.PostgresURL(t)).Journal()
	l, err := j.Acquire(t.Context(), "main", "a", time.Hour)
	require.NoError(t, err)
	far := uint64(7*width - 1)
	require.NoError(t, j.Append(t.Context(), l, batch(far, far+1), nil), "over an edge, where no partition has been made")
	require.NoError(t, j.SaveSnapshot(t.Context(), l, far+1, []byte("x")))
	removed, err := j.Prune(t.Context(), "main", time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, int64(2), removed)
	require.NoError(t, j.Append(t.Context(), l, batch(far+2, far+3), nil), "the current partition was not dropped")
	other, err := j.Acquire(t.Context(), "other", "a", time.Hour)
	require.NoError(t, err)
	require.NoError(t, j.Append(t.Context(), other, batch(1, 2), nil), "a new shard begins where partitions were dropped")
}

// batch makes rows as a shard writes them.
func batch(from, to uint64) []journal.Row {
	var rows []journal.Row
	for seq := from; seq <= to; seq++ {
		rows = append(rows, journal.Row{
			Seq: seq, At: time.Now().UTC().Truncate(time.Microsecond), Kind: "leg.appeared", Tenant: "acme", Call: "5f1d5c2e-0000-8000-8000-000000000001",
			Body: fmt.Appendf(nil, `{"engine":"pbx1","leg":"1700000000.%d","from":"+4930123456","name":"Alice","to":"+4930999999"}`, seq),
		})
	}
	return rows
}

func entries(from, to uint64) []journal.Timeline {
	var out []journal.Timeline
	for seq := from; seq <= to; seq++ {
		out = append(out, journal.Timeline{Seq: seq, Entry: core.Entry{
			At: time.Now().UTC().Truncate(time.Microsecond), Kind: core.EntryCallArrived, Tenant: "acme", Call: "5f1d5c2e-0000-8000-8000-000000000001", Text: "+4930123456",
		}})
	}
	return out
}

// BenchmarkAppend measures the hot path of every call: PostgreSQL with fsync on, as in production, and SQLite. p50 is what a call waits for.
func BenchmarkAppend(b *testing.B) {
	for _, database := range []string{"postgres", "sqlite", "sqlite-full"} {
		for _, size := range []uint64{1, 4, 32, 256} {
			b.Run(fmt.Sprintf("%s/rows=%d", database, size), func(b *testing.B) {
				var url string
				switch database {
				case "postgres":
					url = dbtest.StartPostgres(b, true).NewDatabase(b, "bench")
				case "sqlite":
					url = dbtest.SQLiteURL(b)
				default:
					url = dbtest.SQLiteURL(b) + "?synchronous=full"
				}
				benchmarkAppend(b, dbtest.Open(b, url), size)
			})
		}
	}
}

func benchmarkAppend(b *testing.B, db *models.DB, size uint64) {
	ctx := context.Background()
	require.NoError(b, db.Migrate(ctx))
	j := db.Journal()
	l, err := j.Acquire(ctx, "main", "bench", time.Hour)
	require.NoError(b, err)
	var took []time.Duration
	seq := uint64(1)
	for b.Loop() {
		rows, lines := batch(seq, seq+size-1), entries(seq, seq+size-1)
		start := time.Now()
		require.NoError(b, j.Append(ctx, l, rows, lines))
		took = append(took, time.Since(start))
		seq += size
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
