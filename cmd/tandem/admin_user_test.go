package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/models"
)

// TestWhoInstallsTandemCanSignIn follows what the first start says.
func TestWhoInstallsTandemCanSignIn(t *testing.T) {
	s, err := readSettings(environ(t, absentSwitch))
	require.NoError(t, err)
	url, stop := started(t, s, false)
	password, err := os.ReadFile(s.adminPasswordFile())
	require.NoError(t, err)
	c, who, err := client.SignIn(t.Context(), url, "admin", strings.TrimSpace(string(password)))
	require.NoError(t, err)
	require.Equal(t, "admin", who.Role)
	require.Contains(t, who.May, "createTenant")
	require.NoError(t, c.Post(t.Context(), "/api/v1/me/password", map[string]string{"current": strings.TrimSpace(string(password)), "new": "correct horse battery"}, nil))
	_, _, err = client.SignIn(t.Context(), url, "admin", "correct horse battery")
	require.NoError(t, err)
	c.HTTP.CloseIdleConnections()
	require.NoError(t, stop())
}

func TestTheFirstStartMakesAnAdministratorS3(t *testing.T) {
	dir := t.TempDir()
	db, err := models.Open(t.Context(), "sqlite:"+filepath.Join(dir, "t.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Migrate(t.Context()))
	file := settings{AdminToken: filepath.Join(dir, "new", "admin-token")}.adminPasswordFile()
	require.NoError(t, adminUser(t.Context(), db, file))
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	password, err := os.ReadFile(file)
	require.NoError(t, err)
	who, err := db.Users().CheckPassword(t.Context(), "admin", strings.TrimSpace(string(password)))
	require.NoError(t, err)
	require.Equal(t, models.RoleAdmin, who.Setup.Role)
	require.Empty(t, who.Setup.Tenant)

	// Once only, also where the file was taken away, the password was changed or the user disabled.
	require.NoError(t, os.Remove(file))
	require.NoError(t, db.Users().SetPassword(t.Context(), "admin", "correct horse battery", ""))
	require.NoError(t, adminUser(t.Context(), db, file))
	who.Setup.Disabled = true
	_, err = db.Users().Update(t.Context(), who.Setup, 0)
	require.NoError(t, err)
	require.NoError(t, adminUser(t.Context(), db, file))
	require.NoFileExists(t, file)

	// A name that somebody else has is theirs.
	require.NoError(t, db.Users().Delete(t.Context(), "admin", 0))
	_, err = db.Users().Create(t.Context(), models.User{ID: "x", Name: "admin", Role: models.RoleAuditor})
	require.NoError(t, err)
	require.NoError(t, adminUser(t.Context(), db, file))
	require.NoFileExists(t, file)
	// A start that was cut off between the user and the password is finished by the next.
	require.NoError(t, db.Users().Delete(t.Context(), "x", 0))
	_, err = db.Users().Create(t.Context(), models.User{ID: "admin", Name: "admin", Role: models.RoleAdmin})
	require.NoError(t, err)
	require.NoError(t, adminUser(t.Context(), db, file))
	require.FileExists(t, file)
}

// TestTheOldAdministratorsTokenStaysUntilThereIsANewOne: where a new one cannot be made, or not written down, whoever has the old file can still sign in, and no token is left that nobody knows.
func TestTheOldAdministratorsTokenStaysUntilThereIsANewOne(t *testing.T) {
	for name, fails := range map[string]func(t *testing.T, database, file string) (old string){
		"the database refuses it": func(t *testing.T, database, file string) string {
			t.Helper()
			raw, err := sql.Open("sqlite", database)
			require.NoError(t, err)
			_, err = raw.ExecContext(t.Context(), `CREATE TRIGGER refuse BEFORE INSERT ON tokens BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`)
			require.NoError(t, err)
			require.NoError(t, raw.Close())
			return file
		},
		"the file cannot be replaced": func(t *testing.T, _, file string) string {
			t.Helper()
			require.NoError(t, os.Rename(file, file+".old"))
			require.NoError(t, os.MkdirAll(filepath.Join(file, "in the way"), 0o700))
			return file + ".old"
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			database, file := filepath.Join(dir, "t.db"), filepath.Join(dir, "admin-token")
			db, err := models.Open(t.Context(), "sqlite:"+database)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			require.NoError(t, db.Migrate(t.Context()))
			require.NoError(t, adminToken(t.Context(), db, file, false))
			old, err := os.ReadFile(file)
			require.NoError(t, err)
			at := fails(t, database, file)
			require.Error(t, adminToken(t.Context(), db, file, true))
			kept, err := os.ReadFile(at)
			require.NoError(t, err)
			require.Equal(t, string(old), string(kept))
			require.NoFileExists(t, file+".new")
			tokens, err := db.Tokens().List(t.Context())
			require.NoError(t, err)
			require.Len(t, tokens, 1)
		})
	}
}
