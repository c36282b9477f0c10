package models_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// An entry that the database refuses holds nothing up: it alone is skipped, with an alert, and what was told with it and after it is on record.
func TestAnEntryThatCannotBeRecordedIsSkipped(t *testing.T) {
	refuse := map[models.Dialect]string{
		models.SQLite:   `CREATE TRIGGER refuse BEFORE INSERT ON alerts WHEN NEW.reason = 'poison' BEGIN SELECT RAISE(ABORT, 'refused'); END`,
		models.Postgres: `ALTER TABLE alerts ADD CONSTRAINT refuse CHECK (reason <> 'poison')`,
	}
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		require.NoError(t, models.Exec(t.Context(), db, refuse[db.Dialect()]))
		s := newTeller(t, db)
		s.call("before", "+4930123456", noon)
		s.tell(core.Entry{At: noon, Kind: core.EntryAlert, Tenant: "acme", Reason: "poison"})
		s.call("after", "+4930123457", noon)
		require.NoError(t, projector(db).CatchUp(t.Context()))
		for _, call := range []core.CallID{"before", "after"} {
			_, err := db.History().CallRecord(t.Context(), call)
			require.NoError(t, err, call)
			lines, err := db.History().Timeline(t.Context(), call)
			require.NoError(t, err)
			require.Len(t, lines, 13)
		}
		alerts, err := db.History().Alerts(t.Context(), "acme", models.Paging{})
		require.NoError(t, err)
		require.Len(t, alerts.Items, 1)
		require.Equal(t, models.AlertEntrySkipped, alerts.Items[0].Reason)
	})
}
