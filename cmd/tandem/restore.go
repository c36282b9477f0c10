package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/jobs"
)

const restoreHelp = `
It reads the settings that "tandem serve" reads, and puts a backup into the database and the bucket that they name, which must
be empty: nothing is ever overwritten. The database may be of the other kind, SQLite or Postgres. The whole file is checked
before anything is written. Do not start "tandem serve" first, nor while the old installation still drives the same switches.
If the files of its first start are lost (TANDEM_ADMIN_TOKEN, TANDEM_SECRET_KEY_FILE), -new-admin-token makes another token, and
-secret-key copies the key into place. The users are those of the backup, with their passwords.
`

// restoreCommand makes an installation of a backup.
func restoreCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newFlags("restore", "-from FILE [flags]", restoreHelp, stderr)
	from := flags.String("from", "", "the file that \"tandem backup\" has written")
	check := flags.Bool("check", false, "only check that the file is whole")
	key := flags.String("secret-key", "", "a copy of the old installation's TANDEM_SECRET_KEY_FILE, to be put in its place here; none = it is in place already, or phones and trunks get new passwords")
	token := flags.Bool("new-admin-token", false, "make another administrator's token and write it to TANDEM_ADMIN_TOKEN")
	filesTo := flags.String("files", "", "an empty directory for the configuration files that the backup includes; none = they are not restored")
	if err := parse(flags, args); err != nil {
		return err
	}
	if *from == "" {
		_, _ = fmt.Fprintln(stderr, "tandem restore: -from must name a file")
		return errUsage
	}
	if *check {
		m, err := checkArchive(*from)
		if err != nil {
			return fmt.Errorf("%s: %w", *from, err)
		}
		_, _ = fmt.Fprintf(stdout, "%s: whole, made %s by %s, %d entries\n", *from, m.MadeAt.Format("2006-01-02 15:04:05 MST"), m.Version, len(m.Entries))
		return nil
	}
	s, err := readSettings(os.LookupEnv)
	if err != nil {
		return err
	}
	if *key != "" {
		if err := takeKey(*key, s.SecretKey); err != nil {
			return err
		}
	}
	stats, err := restore(ctx, s, *from, *filesTo)
	if err != nil {
		return err
	}
	sealed, err := afterRestore(ctx, s, *token)
	if err != nil {
		return fmt.Errorf("the backup is restored: %w", err)
	}
	if sealed > 0 {
		_, _ = fmt.Fprintf(stdout, "WARNING: %s does not open the passwords of phones and trunks (%d were sealed with another key): put the right one there, or give them new passwords\n", s.SecretKey, sealed)
	}
	rows := 0
	for _, n := range stats.Rows {
		rows += n
	}
	_, _ = fmt.Fprintf(stdout, "restored %d rows of %d tables; compare the settings with %s in the backup, then start \"tandem serve\"\n", rows, len(stats.Rows), settingsEntry)
	return nil
}

// takeKey puts the key of the old installation in its place. One that is there already is never overwritten: passwords may be sealed with it.
func takeKey(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("-secret-key: %w; nothing was restored", err)
	}
	if there, err := os.ReadFile(to); err == nil {
		if bytes.Equal(bytes.TrimSpace(there), bytes.TrimSpace(text)) {
			return nil
		}
		return fmt.Errorf("-secret-key: %s is there, and is another key; nothing was restored", to)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return fmt.Errorf("-secret-key: %w; nothing was restored", err)
	}
	if err := writeSecret(to, strings.TrimSpace(string(text))); err != nil {
		return fmt.Errorf("-secret-key: %w; nothing was restored", err)
	}
	if _, err := models.OpenKey(to); err != nil {
		return errors.Join(fmt.Errorf("-secret-key: %w; nothing was restored", err), os.Remove(to))
	}
	return nil
}

// afterRestore makes the administrator's token, where it is asked for, and says how many passwords the key does not open.
func afterRestore(ctx context.Context, s settings, token bool) (sealed int, err error) {
	db, err := models.Open(ctx, s.DB)
	if err != nil {
		return 0, fmt.Errorf("open TANDEM_DB: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if token {
		if err := adminToken(ctx, db, s.AdminToken, true); err != nil {
			return 0, err
		}
	}
	key, err := openedKey(s.SecretKey)
	if err != nil {
		return 0, fmt.Errorf("TANDEM_SECRET_KEY_FILE: %w", err)
	}
	closed, err := db.Lines(key).Sealed(ctx)
	return len(closed), err
}

// checkArchive reads a backup from end to end.
func checkArchive(path string) (m manifest, err error) {
	f, err := os.Open(path)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return readArchive(f, nil)
}

// restore fills an empty database and an empty bucket.
func restore(ctx context.Context, s settings, path, filesTo string) (stats models.DumpStats, err error) {
	m, err := checkArchive(path)
	if err != nil {
		return stats, fmt.Errorf("%s: %w; nothing was restored", path, err)
	}
	db, err := models.Open(ctx, s.DB)
	if err != nil {
		return stats, fmt.Errorf("open TANDEM_DB: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if empty, err := db.Empty(ctx); err != nil || !empty {
		return stats, errors.Join(err, errors.New("TANDEM_DB: there is data in it; nothing was restored: name an empty database, or make this one empty yourself"))
	}
	bucket, err := jobs.OpenBucket(ctx, s.Bucket)
	if err != nil {
		return stats, fmt.Errorf("open TANDEM_BUCKET: %w", err)
	}
	defer func() { err = errors.Join(err, bucket.Close()) }()
	if _, err := bucket.List(nil).Next(ctx); m.Objects && !errors.Is(err, io.EOF) {
		return stats, errors.Join(err, errors.New("TANDEM_BUCKET: there are objects in it; nothing was restored: name an empty bucket"))
	}
	if err := emptyDirectory(filesTo); err != nil {
		return stats, err
	}
	f, err := os.Open(path)
	if err != nil {
		return stats, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := restoring{ctx: ctx, db: db, bucket: bucket.Bucket, filesTo: filesTo}
	_, err = readArchive(f, r.entry)
	if err != nil {
		return r.stats, fmt.Errorf("%w; it is restored in part: empty the database and the bucket before you try again", err)
	}
	return r.stats, nil
}

// emptyDirectory makes a directory, and holds that nothing is in it.
func emptyDirectory(dir string) error {
	if dir == "" {
		return nil
	}
	err := os.MkdirAll(dir, 0o700)
	entries, readErr := os.ReadDir(dir)
	if err = errors.Join(err, readErr); err == nil && len(entries) > 0 {
		err = fmt.Errorf("-files: there is something in %s; nothing was restored", dir)
	}
	return err
}

// restoring puts each entry of a backup where it belongs.
type restoring struct {
	ctx     context.Context //nolint:containedctx // of the one call that this is a part of
	db      *models.DB
	bucket  *blob.Bucket
	filesTo string
	stats   models.DumpStats
}

func (r *restoring) entry(name string, body io.Reader) (err error) {
	switch {
	case name == databaseEntry:
		lines, err := gzip.NewReader(body)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.stats, err = r.db.Load(r.ctx, lines)
		return err
	case strings.HasPrefix(name, objectPrefix):
		return r.object(strings.TrimPrefix(name, objectPrefix), body)
	case strings.HasPrefix(name, filePrefix) && r.filesTo != "":
		return r.file(filepath.FromSlash(strings.TrimPrefix(name, filePrefix)), body)
	}
	return nil
}

func (r *restoring) object(key string, body io.Reader) error {
	ctx, cancel := context.WithCancel(r.ctx)
	defer cancel() // an object that was not read to its end is not made
	w, err := r.bucket.NewWriter(ctx, key, nil)
	if err == nil {
		if _, err = io.Copy(w, body); err != nil {
			cancel()
		}
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		return fmt.Errorf("write the object %s: %w", key, err)
	}
	return nil
}

func (r *restoring) file(name string, body io.Reader) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("%s: leads out of the directory", name)
	}
	path := filepath.Join(r.filesTo, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body)
	return errors.Join(err, f.Close())
}
