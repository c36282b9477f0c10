package private

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// A directory of a switch's may have had other files of these names: those of its package are for everybody.
func TestAFileThatWasForEverybodyIsNotAnyMore(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"ari.conf", "http.conf"} {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte("[general]\nenabled = no, and longer than what comes in its place\n"), 0o600))
		require.NoError(t, os.Chmod(file, 0o644))
	}
	require.NoError(t, Write(filepath.Join(dir, "ari.conf"), []byte("password = secret\n")))
	require.NoError(t, Copy(fstest.MapFS{"etc/http.conf": {Data: []byte("enabled = yes\n")}}, "etc", dir))
	for name, text := range map[string]string{"ari.conf": "password = secret\n", "http.conf": "enabled = yes\n"} {
		file := filepath.Join(dir, name)
		info, err := os.Stat(file)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), name)
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, text, string(b))
	}
}
