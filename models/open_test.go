package models_test

import (
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
