package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/jobs"
)

const backupHelp = `
It reads the settings that "tandem serve" reads, and may run beside it: the database is read as it is at one moment, then the
objects of the bucket. "tandem restore -check" verifies the result, also one that was written to standard output. Only its owner
can read the file that -to names; for one that a shell makes of standard output, set the umask to 077. It contains callers' names
and numbers, recordings, and the hashes of passwords and tokens: protect it as you protect the database, and encrypt it if it
leaves the machine. No secret of the environment is in it (passwords of the database, of Redis, of the switches), nor the key in
TANDEM_SECRET_KEY_FILE: keep copies of those apart from it.
`

// backupCommand writes everything that an installation is into one file.
func backupCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newFlags("backup", "-to FILE [flags]", backupHelp, stderr)
	to := flags.String("to", "", "the file to write, which must not exist yet; - is standard output")
	recordings := flags.Bool("recordings", true, "with the objects of the bucket; false if you back the bucket up in another way")
	var include files
	flags.Var(&include, "include", "a configuration file or directory to include; may be repeated")
	if err := parse(flags, args); err != nil {
		return err
	}
	if *to == "" {
		_, _ = fmt.Fprintln(stderr, "tandem backup: -to must name a file")
		return errUsage
	}
	s, err := readSettings(os.LookupEnv)
	if err != nil {
		return err
	}
	var m manifest
	if *to == "-" {
		m, err = backupTo(ctx, s, stdout, filepath.Dir(s.AdminToken), *recordings, include, s.lookup)
		stdout = stderr // the rest is said beside it
	} else {
		m, err = backup(ctx, s, *to, *recordings, include, s.lookup)
	}
	if err != nil {
		return err
	}
	rows := 0
	for _, n := range m.Rows {
		rows += n
	}
	_, _ = fmt.Fprintf(stdout, "%s: %d rows of %d tables (schema version %d), other files: %d\n", *to, rows, len(m.Rows), m.Schema, len(m.Entries)-1)
	for _, path := range m.leftOut {
		_, _ = fmt.Fprintf(stdout, "WARNING: %s is no plain file and was left out; name it with -include if it should be there\n", path)
	}
	return nil
}

// files is a flag that may be repeated.
type files []string

func (f *files) String() string     { return strings.Join(*f, ",") }
func (f *files) Set(v string) error { *f = append(*f, v); return nil }

// backup writes the file. Until it is whole it has another name.
func backup(ctx context.Context, s settings, to string, recordings bool, include []string, lookup func(string) (string, bool)) (m manifest, err error) {
	if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
		return m, fmt.Errorf("%s: is there already; backups are not overwritten", to)
	}
	part := to + ".part"
	// What a backup has left that was killed goes. It may be somebody else's, or a link to elsewhere: it is not written into.
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return m, err
	}
	f, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return m, err
	}
	m, err = backupTo(ctx, s, f, filepath.Dir(to), recordings, include, lookup)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(part, to)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(part))
	}
	return m, err
}

// backupTo writes a backup. beside is a directory with room for the packed dump of the database.
func backupTo(ctx context.Context, s settings, to io.Writer, beside string, recordings bool, include []string, lookup func(string) (string, bool)) (m manifest, err error) {
	if path := missingDatabase(s.DB); path != "" {
		return m, fmt.Errorf("TANDEM_DB: %s does not exist", path) // opening it would make it
	}
	w := &archiveWriter{tar: tar.NewWriter(to), at: time.Now().UTC().Truncate(time.Second)}
	if f, is := to.(*os.File); is {
		if w.itself, err = f.Stat(); err != nil {
			return m, err
		}
	}
	m = manifest{Form: archiveForm, Version: version(), MadeAt: w.at, Objects: recordings}
	stats, err := w.database(ctx, s, beside)
	if err != nil {
		return m, err
	}
	m.Schema, m.Rows = stats.Schema, stats.Rows
	if recordings {
		if err := w.objects(ctx, s); err != nil {
			return m, err
		}
	}
	if err := w.addText(settingsEntry, plainSettings(lookup)); err != nil {
		return m, err
	}
	for _, path := range include {
		if err := w.tree(path); err != nil {
			return m, err
		}
	}
	if err := w.finish(m); err != nil {
		return m, err
	}
	m.Entries, m.leftOut = w.list, w.leftOut
	return m, nil
}

// database dumps the database: first into a file of its own, because a tar wants the size in front.
func (w *archiveWriter) database(ctx context.Context, s settings, beside string) (stats models.DumpStats, err error) {
	db, err := models.Open(ctx, s.DB)
	if err != nil {
		return stats, fmt.Errorf("open TANDEM_DB: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	f, err := os.CreateTemp(beside, ".tandem-backup-*") // readable for its owner only
	if err != nil {
		return stats, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := os.Remove(f.Name()); err != nil { // without a name it goes with the process, however that ends
		return stats, err
	}
	packed := gzip.NewWriter(f)
	if stats, err = db.Dump(ctx, packed); err != nil {
		return stats, err
	}
	if err := packed.Close(); err != nil {
		return stats, err
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return stats, err
	}
	return stats, w.add(databaseEntry, size, f)
}

// objects copies the objects of the bucket. What is archived behind the dump of the database may be among them: the restored database has its job still, which finds the object
// there.
func (w *archiveWriter) objects(ctx context.Context, s settings) (err error) {
	bucket, err := jobs.OpenBucket(ctx, s.Bucket)
	if err != nil {
		return fmt.Errorf("open TANDEM_BUCKET: %w", err)
	}
	defer func() { err = errors.Join(err, bucket.Close()) }()
	for each := bucket.List(nil); ; {
		o, err := each.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list TANDEM_BUCKET: %w", err)
		}
		if _, begun := bucket.Begun(o.Key); begun || o.IsDir {
			continue // an object that is being archived while we look; its job comes to an end without us
		}
		if err := w.object(ctx, bucket.Bucket, o.Key); err != nil {
			return err
		}
	}
}

// object copies one object. One that was erased since it was listed must not be kept.
func (w *archiveWriter) object(ctx context.Context, bucket *blob.Bucket, key string) error {
	r, err := bucket.NewReader(ctx, key, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the object %s: %w", key, err)
	}
	return errors.Join(w.add(objectPrefix+key, r.Size(), r), r.Close())
}

// tree copies a file, or the files of a directory, by their absolute paths. The path itself may be a link: it was named. Links in a directory are left out, and told: whoever may write there could
// have made one to what is not theirs. Of a file that grows, as a log or a recording, there is what was there when it was opened; the backup itself is in none.
func (w *archiveWriter) tree(path string) (err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return err
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	dir, name := filepath.Split(target)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	return fs.WalkDir(root.FS(), name, func(at string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		named := filepath.Join(path, strings.TrimPrefix(at, name))
		if !d.Type().IsRegular() {
			w.leftOut = append(w.leftOut, named)
			return nil
		}
		f, err := root.Open(at)
		if err != nil {
			return err
		}
		info, err := f.Stat()
		if err == nil && (w.itself == nil || !os.SameFile(w.itself, info)) {
			err = w.add(filePrefix+strings.TrimPrefix(filepath.ToSlash(named), "/"), info.Size(), io.LimitReader(f, info.Size()))
		}
		return errors.Join(err, f.Close())
	})
}

// plainSettings lists the settings as they are set, but for those that hold a secret, or may: of these only the name.
func plainSettings(lookup func(string) (string, bool)) string {
	names := allVariables()
	var b strings.Builder
	b.WriteString("# The settings when the backup was made. Secrets are not among them.\n")
	for _, name := range names {
		value, ok := lookup(name)
		switch {
		case !ok || value == "":
		case slices.Contains(names, name+"_FILE") && !plainURL(value):
			_, _ = fmt.Fprintf(&b, "# %s was set, and is a secret\n", name)
		default:
			_, _ = fmt.Fprintf(&b, "%s=%s\n", name, value)
		}
	}
	return b.String()
}

// plainURL tells whether what may hold a secret does not: the path of a database or of a bucket.
func plainURL(value string) bool {
	if strings.HasPrefix(value, "sqlite:") {
		return true
	}
	u, err := url.Parse(value)
	return err == nil && u.Scheme == "file" && u.User == nil
}
