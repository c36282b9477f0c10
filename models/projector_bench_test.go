package models_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// BenchmarkProjector measures what it costs this process, in processor time, to make the records of one call: a handful of calls for each
// time that the projector looks, as at 25 calls a second. Processor time and not time on the clock, because the machine has other work.
func BenchmarkProjector(b *testing.B) {
	for name, open := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL} {
		b.Run(name, func(b *testing.B) {
			const calls = 10
			db := dbtest.Open(b, open(b))
			s, p := newTeller(b, db), projector(db)
			var used time.Duration
			for i := range b.N {
				for c := range calls {
					s.call(core.CallID(fmt.Sprintf("c%d-%d", i, c)), "+4930123456", noon)
				}
				before := processorTime(b)
				require.NoError(b, p.CatchUp(b.Context()))
				used += processorTime(b) - before
			}
			b.ReportMetric(float64(used.Microseconds())/float64(calls*b.N), "cpu-µs/call")
		})
	}
}

// BenchmarkLeads measures what the part of a lead job that is storage's costs this process, in processor time.
func BenchmarkLeads(b *testing.B) {
	for name, open := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL} {
		b.Run(name, func(b *testing.B) {
			db := dbtest.Open(b, open(b))
			s, p := newTeller(b, db), projector(db)
			_, _, err := db.Config().CreateTenant(b.Context(), models.Tenant{Tenant: core.Tenant{ID: "acme", Name: "Acme"}, Region: "DE"})
			require.NoError(b, err)
			for i := range b.N {
				s.call(core.CallID(fmt.Sprintf("c%d", i)), fmt.Sprintf("+4930%07d", 1000000+i), noon)
			}
			require.NoError(b, p.CatchUp(b.Context()))
			before := processorTime(b)
			const together = 12 // as at 25 calls a second
			for i := 0; i < b.N; i += together {
				var calls []core.CallID
				for k := i; k < min(i+together, b.N); k++ {
					calls = append(calls, core.CallID(fmt.Sprintf("c%d", k)))
				}
				_, err := resolve(b, db, calls...)
				require.NoError(b, err)
			}
			b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/call")
		})
	}
}

// processorTime is what this process, without its children, has used so far, in user and system mode.
func processorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
