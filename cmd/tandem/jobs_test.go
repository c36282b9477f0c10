package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
)

// TestToLookAtADatabaseMakesNone: who mistypes TANDEM_DB is told so, and finds no empty one there.
func TestToLookAtADatabaseMakesNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "none.db")
	t.Setenv("TANDEM_DB", "sqlite:"+file)
	for _, args := range [][]string{{"migrate", "status"}, {"migrate", "down"}, {"jobs"}, {"replay"}, {"backup", "-to", file + ".tar"}} {
		var out bytes.Buffer
		require.Equal(t, 1, run(t.Context(), args, &out, &out), args)
		require.Contains(t, out.String(), "none.db does not exist", args)
		require.NoFileExists(t, file, args)
	}
}

// TestJobsThatWereGivenUpAreListedAndTriedAgain is what an administrator does about them.
func TestJobsThatWereGivenUpAreListedAndTriedAgain(t *testing.T) {
	s := furnished(t, dbtest.SQLiteURL(t))
	t.Setenv("TANDEM_DB", s.DB)
	db, err := models.Open(t.Context(), s.DB)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	for _, subject := range []string{"r1", "r2"} {
		job, err := models.NewJob(models.JobArchive, subject, "acme", models.ArchivePayload{})
		require.NoError(t, err)
		require.NoError(t, db.Jobs().Add(t.Context(), job))
		claimed, err := db.Jobs().Claim(t.Context(), []string{job.ID}, "w", time.Hour)
		require.NoError(t, err)
		require.NoError(t, db.Jobs().GiveUp(t.Context(), claimed[0], errors.New("no such\nrecording")))
	}
	said := func(code int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		require.Equal(t, code, run(t.Context(), append([]string{"jobs"}, args...), &out, &out), out.String())
		return out.String()
	}
	require.Regexp(t, `archive:r1 +given up 20\S+Z after 1 attempts +no such recording\n`, said(0))
	require.Contains(t, said(0), "2 jobs were given up\n")
	require.Equal(t, "archive:r2 is tried again\n", said(0, "-retry", "archive:r2"))
	require.Contains(t, said(1, "-retry", "archive:r2"), "-retry: no job archive:r2 was given up")
	require.Equal(t, "archive:r1 is tried again\n", said(0, "-retry", "all"))
	require.Equal(t, "0 jobs were given up\n", said(0))
	require.Empty(t, said(0, "-retry", "all"))
	t.Setenv("TANDEM_DB", "sqlite:"+t.TempDir()+"/none.db")
	require.Contains(t, said(1), "does not exist")
}
