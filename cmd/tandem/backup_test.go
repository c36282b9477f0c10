package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/jobs"
)

// unserved is the settings of an installation that nobody serves.
func unserved(t *testing.T, db string) settings {
	t.Helper()
	s, err := readSettings(environ(t, map[string]string{"TANDEM_DB": db}))
	require.NoError(t, err)
	return s
}

// dumped is everything in the database of an installation, but for the line that says of which kind it is.
func dumped(t *testing.T, s settings) string {
	t.Helper()
	db, err := models.Open(t.Context(), s.DB)
	require.NoError(t, err)
	var out bytes.Buffer
	_, err = db.Dump(t.Context(), &out)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, rows, _ := strings.Cut(out.String(), "\n")
	return rows
}

func objects(t *testing.T, s settings) map[string]string {
	t.Helper()
	bucket, err := jobs.OpenBucket(t.Context(), s.Bucket)
	require.NoError(t, err)
	defer func() { require.NoError(t, bucket.Close()) }()
	out := map[string]string{}
	for each := bucket.List(nil); ; {
		o, err := each.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		body, err := bucket.ReadAll(t.Context(), o.Key)
		require.NoError(t, err)
		out[o.Key] = string(body)
	}
}

// furnished has a set-up, and recordings in its bucket.
func furnished(t *testing.T, db string) settings {
	t.Helper()
	s := unserved(t, db)
	d, err := openDatabase(t.Context(), s)
	require.NoError(t, err)
	_, _, err = d.Config().CreateTenant(t.Context(), models.Tenant{Tenant: core.Tenant{ID: "acme", Name: "Acme \"Ü\""}})
	require.NoError(t, err)
	require.NoError(t, adminToken(t.Context(), d, s.AdminToken, false))
	require.NoError(t, adminUser(t.Context(), d, s.adminPasswordFile()))
	require.NoError(t, d.Close())
	bucket, err := jobs.OpenBucket(t.Context(), s.Bucket)
	require.NoError(t, err)
	for key, body := range map[string]string{"acme/2026/11/21/a.wav": "RIFF\x00\xff", "acme/2026/11/21/b b.wav": strings.Repeat("x", 100_000), "empty": ""} {
		require.NoError(t, bucket.WriteAll(t.Context(), key, []byte(body), nil))
	}
	require.NoError(t, bucket.Close())
	return s
}

// TestBackupIsRestoredS5 takes an installation of each kind to new ones of each kind, and compares.
func TestBackupIsRestoredS5(t *testing.T) {
	for name, url := range map[string]func() string{"sqlite": func() string { return dbtest.SQLiteURL(t) }, "postgres": func() string { return dbtest.PostgresURL(t) }} {
		t.Run(name, func(t *testing.T) {
			s := furnished(t, url())
			dir := t.TempDir()
			file := filepath.Join(dir, "backup.tar")
			conf := filepath.Join(t.TempDir(), "conf", "asterisk")
			require.NoError(t, os.MkdirAll(conf, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(conf, "pjsip.conf"), []byte("[udp]\n"), 0o600))
			env := map[string]string{"TANDEM_DB": "postgres://tandem:hunter2@db/tandem", "TANDEM_REDIS": "redis://:hunter2@redis", "TANDEM_LISTEN": "0.0.0.0:8080", "TANDEM_ARI_2_PASSWORD": "hunter2",
				"TANDEM_ARI_2_URL": "http://pbx:8088", "TANDEM_DB_FILE": "/run/secrets/db", "TANDEM_BUCKET": "file:///var/lib/tandem/recordings"}
			m, err := backup(t.Context(), s, file, true, []string{filepath.Dir(conf)}, func(n string) (string, bool) { v, ok := env[n]; return v, ok })
			require.NoError(t, err)
			require.Equal(t, 1, m.Rows["tenants"])
			info, err := os.Stat(file)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Len(t, left, 1, "nothing but the backup")
			whole, err := os.ReadFile(file)
			require.NoError(t, err)
			require.NotContains(t, string(whole), "hunter2")
			require.Contains(t, string(whole), "TANDEM_LISTEN=0.0.0.0:8080\n")
			require.Contains(t, string(whole), "TANDEM_BUCKET=file:///var/lib/tandem/recordings\n")
			require.Contains(t, string(whole), "# TANDEM_ARI_2_PASSWORD was set, and is a secret\n")

			_, err = backup(t.Context(), s, file, true, nil, os.LookupEnv)
			require.ErrorContains(t, err, "is there already")

			for kind, target := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "new", "t.db"), "postgres": dbtest.Postgres(t).NewDatabase(t, "restored_"+name)} {
				t.Run("to "+kind, func(t *testing.T) {
					other := unserved(t, target)
					files := filepath.Join(t.TempDir(), "files")
					_, err := restore(t.Context(), other, file, files)
					require.NoError(t, err)
					if kind == name {
						require.Equal(t, dumped(t, s), dumped(t, other))
					}
					require.Equal(t, objects(t, s), objects(t, other))
					back, err := os.ReadFile(filepath.Join(files, conf, "pjsip.conf"))
					require.NoError(t, err)
					require.Equal(t, "[udp]\n", string(back))

					before := dumped(t, other)
					_, err = restore(t.Context(), other, file, "")
					require.ErrorContains(t, err, "TANDEM_DB: there is data in it")
					require.Equal(t, before, dumped(t, other))
				})
			}

			full := unserved(t, "sqlite:"+filepath.Join(t.TempDir(), "t.db"))
			full.Bucket = s.Bucket
			_, err = restore(t.Context(), full, file, "")
			require.ErrorContains(t, err, "TANDEM_BUCKET: there are objects in it")

			damaged := maps.Clone(map[string][]byte{"cut off": whole[:len(whole)/2], "its list is cut off": whole[:len(whole)-2048], "nothing": nil})
			flipped := bytes.Clone(whole)
			flipped[bytes.Index(flipped, []byte("xxxxxxxx"))] ^= 1
			damaged["one bit"] = flipped
			for what, body := range damaged {
				bad := filepath.Join(t.TempDir(), "bad.tar")
				require.NoError(t, os.WriteFile(bad, body, 0o600))
				untouched := unserved(t, "sqlite:"+filepath.Join(t.TempDir(), "t.db"))
				_, err = restore(t.Context(), untouched, bad, "")
				require.ErrorContains(t, err, "nothing was restored", what)
				if what == "one bit" {
					require.ErrorContains(t, err, "b b.wav: is not as the list says")
				}
				require.Empty(t, objects(t, untouched))
			}
		})
	}
}

// TestBackupUnderLoadS5: what is being archived, and what is erased, while the bucket is copied, neither fails a backup nor is in it.
func TestBackupUnderLoadS5(t *testing.T) {
	s := furnished(t, dbtest.SQLiteURL(t))
	before := objects(t, s)
	dir := strings.TrimPrefix(s.Bucket, "file://")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "acme", "c.wav.18ea3cb62548c095.tmp"), []byte("RI"), 0o600))
	file := filepath.Join(t.TempDir(), "backup.tar")
	_, err := backup(t.Context(), s, file, true, nil, os.LookupEnv)
	require.NoError(t, err)
	other := unserved(t, "sqlite:"+filepath.Join(t.TempDir(), "t.db"))
	_, err = restore(t.Context(), other, file, "")
	require.NoError(t, err)
	require.Equal(t, before, objects(t, other))

	bucket, err := jobs.OpenBucket(t.Context(), s.Bucket)
	require.NoError(t, err)
	defer func() { require.NoError(t, bucket.Close()) }()
	var out bytes.Buffer
	w := &archiveWriter{tar: tar.NewWriter(&out)}
	require.NoError(t, w.object(t.Context(), bucket.Bucket, "acme/erased.wav"), "it was listed a moment ago")
	require.Empty(t, w.list)
}

// TestRestoreBringsTheKeyAndATokenS5: with both, a restored installation is whole: the switches get their phones, and the administrator gets in.
func TestRestoreBringsTheKeyAndATokenS5(t *testing.T) {
	s := furnished(t, dbtest.SQLiteURL(t))
	key, err := models.OpenKey(s.SecretKey)
	require.NoError(t, err)
	db, err := openDatabase(t.Context(), s)
	require.NoError(t, err)
	_, err = db.Lines(key).CreatePhone(t.Context(), models.Phone{ID: "desk-1", Tenant: "acme", User: "2001", Name: "Desk"})
	require.NoError(t, err)
	_, err = db.Lines(key).SetPhonePassword(t.Context(), "desk-1", "")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	file := filepath.Join(t.TempDir(), "backup.tar")
	_, err = backup(t.Context(), s, file, true, nil, os.LookupEnv)
	require.NoError(t, err)

	for _, with := range []bool{true, false} {
		other := unserved(t, "sqlite:"+filepath.Join(t.TempDir(), "t.db"))
		for name, value := range map[string]string{"TANDEM_DB": other.DB, "TANDEM_BUCKET": other.Bucket, "TANDEM_ADMIN_TOKEN": other.AdminToken, "TANDEM_SECRET_KEY_FILE": other.SecretKey} {
			t.Setenv(name, value)
		}
		args := []string{"restore", "-from", file}
		if with {
			args = append(args, "-secret-key", s.SecretKey, "-new-admin-token")
		}
		var said bytes.Buffer
		require.Zero(t, run(t.Context(), args, &said, &said), said.String())
		checked := checkKey(t.Context(), other)
		if !with {
			require.Contains(t, said.String(), "does not open the passwords of phones and trunks (1 were sealed")
			require.NoFileExists(t, other.AdminToken)
			require.Equal(t, broken, checked.Health, "no key at all")
			_, err := models.OpenKey(other.SecretKey) // as the first start does
			require.NoError(t, err)
			checked = checkKey(t.Context(), other)
			require.Equal(t, broken, checked.Health)
			require.Contains(t, checked.Text, "phone desk-1")
			require.NotEmpty(t, checked.Mend)
			require.ErrorContains(t, takeKey(s.SecretKey, other.SecretKey), "is another key; nothing was restored")
			continue
		}
		require.NotContains(t, said.String(), "WARNING")
		require.Equal(t, fine, checked.Health, checked.Text)
		info, err := os.Stat(other.SecretKey)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		text, err := os.ReadFile(other.AdminToken)
		require.NoError(t, err)
		db, err := models.Open(t.Context(), other.DB)
		require.NoError(t, err)
		_, err = db.Tokens().Authenticate(t.Context(), strings.TrimSpace(string(text)))
		require.NoError(t, err)
		require.NoError(t, db.Close())
	}
	require.ErrorContains(t, takeKey(filepath.Join(t.TempDir(), "none"), filepath.Join(t.TempDir(), "key")), "nothing was restored")
}

func TestBackupOfNothingMakesNothing(t *testing.T) {
	s := unserved(t, "sqlite:"+filepath.Join(t.TempDir(), "t.db"))
	file := filepath.Join(t.TempDir(), "b.tar")
	_, err := backup(t.Context(), s, file, true, nil, os.LookupEnv)
	require.ErrorContains(t, err, "does not exist")
	require.NoFileExists(t, file)

	s = furnished(t, dbtest.SQLiteURL(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = backup(ctx, s, file, true, nil, os.LookupEnv)
	require.ErrorIs(t, err, context.Canceled)
	left, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Empty(t, left, "no half a backup")
}

// TestBackupIsForItsOwnerOnlyS5: what lies where it is being written, somebody else's file or a link, is neither written into nor does it lend its mode.
func TestBackupIsForItsOwnerOnlyS5(t *testing.T) {
	s := furnished(t, "sqlite:"+filepath.Join(t.TempDir(), "t.db"))
	dir := t.TempDir()
	elsewhere := filepath.Join(dir, "elsewhere")
	require.NoError(t, os.WriteFile(elsewhere, []byte("precious"), 0o600))
	for name, leave := range map[string]func(part string) error{
		"file": func(part string) error { return os.WriteFile(part, []byte("left"), 0o644) },
		"link": func(part string) error { return os.Symlink(elsewhere, part) },
	} {
		to := filepath.Join(dir, name)
		require.NoError(t, leave(to+".part"))
		_, err := backup(t.Context(), s, to, true, nil, environ(t, nil))
		require.NoError(t, err)
		info, err := os.Lstat(to)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode(), name)
	}
	text, err := os.ReadFile(elsewhere)
	require.NoError(t, err)
	require.Equal(t, "precious", string(text))
}

// What the set-up of a switch has left in TANDEM_SETTINGS is as good as what is set in the environment, and compared with after a restore.
func TestBackupTellsTheSettingsOfTheSetUp(t *testing.T) {
	s := furnished(t, dbtest.SQLiteURL(t))
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "asterisk.env"), []byte("TANDEM_ARI_URL=http://pbx:8088\nTANDEM_ARI_PASSWORD=hunter2\n"), 0o600))
	for name, value := range map[string]string{"TANDEM_DB": s.DB, "TANDEM_BUCKET": s.Bucket, "TANDEM_SETTINGS": dir} {
		t.Setenv(name, value)
	}
	file := filepath.Join(t.TempDir(), "backup.tar")
	var out bytes.Buffer
	require.Equal(t, 0, run(t.Context(), []string{"backup", "-to", file}, &out, &out), out.String())
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(whole), "TANDEM_ARI_URL=http://pbx:8088\n")
	require.Contains(t, string(whole), "# TANDEM_ARI_PASSWORD was set, and is a secret\n")
	require.NotContains(t, string(whole), "hunter2")
}

// TestBackupTellsWhatItLeavesOutS5: certificates are often links. The one that is named is taken, those in a directory are not, and that is said.
func TestBackupTellsWhatItLeavesOutS5(t *testing.T) {
	s := furnished(t, dbtest.SQLiteURL(t))
	t.Setenv("TANDEM_DB", s.DB)
	t.Setenv("TANDEM_BUCKET", s.Bucket)
	dir := t.TempDir()
	conf, link := filepath.Join(dir, "conf"), filepath.Join(dir, "current")
	require.NoError(t, os.Mkdir(conf, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(conf, "cert.pem"), []byte("PEM"), 0o600))
	require.NoError(t, os.Symlink("cert.pem", filepath.Join(conf, "live.pem")))
	require.NoError(t, os.Symlink("conf", link))
	file, to := filepath.Join(dir, "backup.tar"), filepath.Join(dir, "restored")
	var out bytes.Buffer
	require.Zero(t, run(t.Context(), []string{"backup", "-to", file, "-include", link, "-include", filepath.Join(conf, "live.pem")}, &out, &out), out.String())
	require.Contains(t, out.String(), "WARNING: "+filepath.Join(link, "live.pem")+" is no plain file and was left out")
	_, err := restore(t.Context(), unserved(t, "sqlite:"+filepath.Join(t.TempDir(), "t.db")), file, to)
	require.NoError(t, err)
	for _, path := range []string{filepath.Join(link, "cert.pem"), filepath.Join(conf, "live.pem")} {
		text, err := os.ReadFile(filepath.Join(to, path))
		require.NoError(t, err)
		require.Equal(t, "PEM", string(text))
	}
	require.ErrorContains(t, (&archiveWriter{}).tree(filepath.Join(dir, "none")), "none")
}

// watching does something with each piece that is written.
type watching struct {
	io.Writer
	each func()
}

func (w watching) Write(p []byte) (int, error) {
	w.each()
	return w.Writer.Write(p)
}

// TestABackupThatIsKilledLeavesNoDatabaseS5: what is put down beside the backup on its way into it has no name, under which it would stay where the process is killed.
func TestABackupThatIsKilledLeavesNoDatabaseS5(t *testing.T) {
	s, beside := furnished(t, dbtest.SQLiteURL(t)), t.TempDir()
	_, err := backupTo(t.Context(), s, watching{io.Discard, func() {
		left, err := os.ReadDir(beside)
		require.NoError(t, err)
		require.Empty(t, left)
	}}, beside, true, nil, s.lookup)
	require.NoError(t, err)
}

// TestABackupOfFilesThatGrowS5: a switch goes on writing into a directory that is taken along, its log and what it records, and so does the backup where it is written into the directory itself.
func TestABackupOfFilesThatGrowS5(t *testing.T) {
	s, dir := furnished(t, dbtest.SQLiteURL(t)), t.TempDir()
	log, err := os.Create(filepath.Join(dir, "messages"))
	require.NoError(t, err)
	defer func() { require.NoError(t, log.Close()) }()
	grow := func() {
		_, err := log.WriteString("a line\n")
		require.NoError(t, err)
	}
	grow()
	var out bytes.Buffer
	_, err = backupTo(t.Context(), s, watching{&out, grow}, t.TempDir(), true, []string{dir}, s.lookup)
	require.NoError(t, err)
	m, err := readArchive(&out, nil)
	require.NoError(t, err)
	require.Contains(t, m.Entries[len(m.Entries)-1].Name, "messages")

	m, err = backup(t.Context(), s, filepath.Join(dir, "backup.tar"), true, []string{dir}, s.lookup)
	require.NoError(t, err)
	for _, e := range m.Entries {
		require.NotContains(t, e.Name, "backup.tar")
	}
	require.Empty(t, m.leftOut, "a backup that is not in itself is nothing to tell")
}
