package models_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// lived gives a database rows in nearly every table, and tells where its log ends.
func lived(t *testing.T, db *models.DB) (seq uint64) {
	t.Helper()
	ctx := t.Context()
	people(t, db)
	_, err := db.CRM().CreateContact(ctx, models.Contact{Tenant: "acme", Name: "Bob \"Ü\" <& Co>\u2028", Company: "Bob & Co", Numbers: []string{"030 555000"}})
	require.NoError(t, err)
	excluded(t, db, "030/777000", "wholesaler")
	_, err = db.CRM().CreateTask(ctx, models.Task{Tenant: "acme", Agent: "anna", Call: "c1", Title: "Send the \"offer\" ü", Due: time.Now().UTC().Format("2006-01-02")})
	require.NoError(t, err)
	s := newTeller(t, db)
	s.call("c1", "030 123456", noon)
	s.call("c2", "030 555000", noon.Add(1e9))
	require.NoError(t, s.j.SaveSnapshot(ctx, s.l, s.seq, []byte{0, 0xff, 1, 0x80, '"', '\n'}))
	require.NoError(t, projector(db).CatchUp(ctx))
	_, err = resolve(t, db, "c1", "c2")
	require.NoError(t, err)
	require.NoError(t, models.Exec(ctx, db,
		`INSERT INTO quarantine (shard, seq, at, kind, tenant, call, body, reason, put_at) VALUES ('main', 7, 1, 'leg.answered', 'acme', 'c1', '{"leg":"\u0000"}', 'panic: no', 1)`,
		`INSERT INTO phones (id, tenant, engine, username, secret, password_at, version, detail, created_at, updated_at) VALUES ('p1', 'acme', '', '1001', 'sealed', 1, 1, '{}', 1, 1)`,
		`INSERT INTO hours (id, tenant, version, detail, created_at, updated_at) VALUES ('h1', 'acme', 1, '{"zone": "UTC"}', 1, 1)`,
		`INSERT INTO trunks (id, engine, secret, password_at, version, detail, created_at, updated_at) VALUES ('t1', '', 'sealed', 1, 1, '{"a": 1}', 1, 1)`,
		`INSERT INTO config_removed (kind, id, removed_at) VALUES ('agent', 'gone', 1)`,
		`INSERT INTO idempotency_keys (token, key, route, request_hash, status, body, created_at) VALUES ('t', 'k1', 'r', 'h', 0, NULL, 1)`,
		`INSERT INTO site (id, version, detail, updated_at) VALUES (1, 1, '{"calls": 10}', 1) ON CONFLICT DO NOTHING`,
		`INSERT INTO audit_log (id, at, tenant, actor, token, action, object, request, detail) VALUES ('a1', 1, '', 'x', '', 'y', 'z', '', '{}')`,
		`INSERT INTO alerts (id, at, tenant, reason, call, agent, recording, text) VALUES ('a1', 1, '', 'x', '', '', '', 'tab	and ''quotes''')`))
	return s.seq
}

func dump(t *testing.T, db *models.DB) (string, models.DumpStats) {
	t.Helper()
	var out bytes.Buffer
	stats, err := db.Dump(t.Context(), &out)
	require.NoError(t, err)
	return out.String(), stats
}

// withoutHead is a dump but for the line that says what it was made from.
func withoutHead(dump string) string { _, rest, _ := strings.Cut(dump, "\n"); return rest }

// sortedJSON gives the lines of a dump with every JSON text in them in one form: PostgreSQL's jsonb has an order and blanks of its own.
func sortedJSON(t *testing.T, dump string) []string {
	t.Helper()
	var out []string
	for line := range strings.Lines(dump) {
		if strings.HasPrefix(line, "{") {
			out = append(out, line)
			continue
		}
		var values []any
		require.NoError(t, json.Unmarshal([]byte(line), &values))
		for i, v := range values {
			var inner any
			if text, ok := v.(string); ok && strings.HasPrefix(text, "{") && json.Unmarshal([]byte(text), &inner) == nil {
				values[i] = inner
			}
		}
		text, err := json.Marshal(values)
		require.NoError(t, err)
		out = append(out, string(text))
	}
	return out
}

var made atomic.Int32 // databases

// empty gives databases of both dialects with no table in them.
func empty(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{"sqlite": "sqlite:" + t.TempDir() + "/new.db", "postgres": dbtest.Postgres(t).NewDatabase(t, fmt.Sprintf("loaded%d", made.Add(1)))}
}

// TestWhatIsDumpedIsLoadedS5 loads the dump of a database that has lived into empty ones of both dialects, and dumps those.
func TestWhatIsDumpedIsLoadedS5(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		seq := lived(t, db) + 1
		first, stats := dump(t, db)
		for table, n := range stats.Rows {
			if table != "sessions" && table != "tokens" && table != "user_teams" && table != "entry_point_users" {
				assert.Positive(t, n, "the test should have rows in %s", table)
			}
		}
		for dialect, url := range empty(t) {
			t.Run("into "+dialect, func(t *testing.T) {
				other := dbtest.Open(t, url)
				loaded, err := other.Load(t.Context(), strings.NewReader(first))
				require.NoError(t, err)
				require.Equal(t, stats, loaded)
				again, _ := dump(t, other)
				if other.Dialect() == db.Dialect() {
					require.Equal(t, first, again)
				} else {
					require.ElementsMatch(t, sortedJSON(t, withoutHead(first)), sortedJSON(t, withoutHead(again)), "but for the form of JSON")
				}

				// It goes on from there: the log with the next number under the next epoch, and what the database numbers.
				j := other.Journal()
				l, err := j.Acquire(t.Context(), "main", "test", 1e9)
				require.NoError(t, err)
				_, _, tail, err := j.Load(t.Context(), "main")
				require.NoError(t, err)
				for _, err := range tail {
					require.NoError(t, err)
				}
				require.NoError(t, j.Append(t.Context(), l, batch(seq, seq), []journal.Timeline{}))
				require.NoError(t, models.Exec(t.Context(), other,
					`INSERT INTO quarantine (shard, seq, at, kind, tenant, call, body, reason, put_at) VALUES ('main', 8, 1, 'x', '', '', '{}', '', 1)`))

				_, err = other.Load(t.Context(), strings.NewReader(first))
				require.ErrorIs(t, err, models.ErrNotEmpty)
			})
		}
	})
}

// TestADumpThatIsNotWholeLoadsNothing cuts and spoils a dump.
func TestADumpThatIsNotWholeLoadsNothing(t *testing.T) {
	db := dbtest.Open(t, dbtest.SQLiteURL(t))
	lived(t, db)
	whole, _ := dump(t, db)
	lines := strings.SplitAfter(whole, "\n")
	for name, bad := range map[string]string{
		"nothing":        "",
		"no dump":        "PGDMP\n",
		"cut in a line":  whole[:len(whole)-5],
		"a newer schema": strings.Replace(whole, `{"schema":`, `{"schema":9`, 1),
		"no such table":  strings.Replace(whole, `{"table":"tenants"`, `{"table":"owners"`, 1),
		"no such column": strings.Replace(whole, `"columns":["id"`, `"columns":["ident"`, 1),
		"a row too many": whole + lines[len(lines)-2] + "[1]\n",
		"a table twice":  whole + withoutHead(whole),
	} {
		for dialect, url := range empty(t) {
			t.Run(name+" into "+dialect, func(t *testing.T) {
				other := dbtest.Open(t, url)
				_, err := other.Load(t.Context(), strings.NewReader(bad))
				require.Error(t, err)
				if name == "a newer schema" {
					require.ErrorIs(t, err, models.ErrNewerSchema)
				}
				left, err := other.Empty(t.Context())
				require.NoError(t, err)
				require.True(t, left)
			})
		}
	}
	_, err := db.Dump(t.Context(), failing{})
	require.ErrorIs(t, err, errFull)
}

var errFull = errors.New("no space left on device")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

// TestMigrationsKeepData takes back more and more migrations of a database that has lived, and makes them again: what they did not make stays.
func TestMigrationsKeepData(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		lived(t, db)
		ctx := context.WithoutCancel(t.Context())
		_, want, err := db.Version(ctx)
		require.NoError(t, err)
		_, before := dump(t, db)
		for steps := 1; steps < int(want); steps++ {
			for range steps {
				require.NoError(t, db.MigrateDown(ctx))
			}
			_, low := dump(t, db) // of what the older schema has
			require.NoError(t, db.Migrate(ctx))
			_, again := dump(t, db)
			for table, n := range low.Rows {
				require.Equal(t, before.Rows[table], n, "%s, %d migrations back", table, steps)
				require.Equal(t, n, again.Rows[table], "%s, %d migrations back and forth", table, steps)
			}
			require.Positive(t, again.Rows["journal"])
			before = again // a table that was made anew is empty now
		}
	})
}
