package models_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
)

// The database holds callers' names and numbers. Its directory may be anybody's, so its files by themselves must be for our eyes only.
func TestSQLiteFilesAreForTheirOwnerOnly(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o755))
	db, err := models.Open(t.Context(), "sqlite:"+filepath.Join(dir, "tandem.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Migrate(t.Context()))
	files, err := filepath.Glob(filepath.Join(dir, "tandem.db*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		info, err := os.Stat(f)
		require.NoError(t, err)
		assert.Zero(t, info.Mode().Perm()&0o077, "%s has the mode %s", strings.TrimPrefix(f, dir), info.Mode())
	}
}

// A query that fails or is slow is logged, and not with the caller's number that it asks for.
func TestLoggedQueriesDoNotShowValues(t *testing.T) {
	var logged bytes.Buffer
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(slog.NewTextHandler(&logged, nil)))
	db, err := models.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "tandem.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, _, _, err = db.Journal().Load(t.Context(), "+491701234567") // there are no tables yet
	require.Error(t, err)
	assert.Contains(t, logged.String(), "FROM snapshots")
	assert.NotContains(t, logged.String(), "491701234567")
}
