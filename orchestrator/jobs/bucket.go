package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // file:// buckets
	_ "gocloud.dev/blob/memblob"  // mem:// buckets, for tests
	_ "gocloud.dev/blob/s3blob"   // s3:// buckets
	"gocloud.dev/gcerrors"
)

// Bucket is where recordings are kept.
type Bucket struct {
	*blob.Bucket
	dir string // of a file:// bucket
}

// OpenBucket opens a bucket by its URL, as gocloud.dev/blob takes it: file:///PATH, s3://NAME?region=..., mem:// (tests only). Credentials come from the
// environment, as the provider's own tools have it. The directory of a file bucket is made if it is missing.
func OpenBucket(ctx context.Context, rawURL string) (*Bucket, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("parse bucket URL: %w", err)
	}
	b := &Bucket{}
	if u.Scheme == "file" {
		if u.Host != "" || u.Path == "" {
			return nil, errors.New("bucket URL: file: must be followed by /// and an absolute path")
		}
		b.dir = filepath.FromSlash(u.Path)
		if err := os.MkdirAll(b.dir, 0o750); err != nil {
			return nil, fmt.Errorf("make bucket directory: %w", err)
		}
		q := u.Query()
		q.Set("no_tmp_dir", "true") // beside its place, so that the rename is atomic
		q.Set("dir_file_mode", "0750")
		q.Set("metadata", "skip") // a recording is one file
		u.RawQuery = q.Encode()
	}
	if b.Bucket, err = blob.OpenBucket(ctx, u.String()); err != nil {
		return nil, fmt.Errorf("open bucket: %w", err)
	}
	return b, nil
}

// flush makes an object survive a power cut. Object stores promise that by themselves; a file has to be asked for it, with its
// directories, before the only other copy is deleted.
func (b *Bucket) flush(key string) error {
	if b.dir == "" {
		return nil
	}
	for path := filepath.Join(b.dir, filepath.FromSlash(key)); ; path = filepath.Dir(path) {
		if err := syncPath(path); err != nil {
			return err
		}
		if path == filepath.Clean(b.dir) || !strings.HasPrefix(path, filepath.Clean(b.dir)) {
			return nil
		}
	}
}

// erase removes an object, which need not be there, and what was on its way to it.
func (b *Bucket) erase(ctx context.Context, key string) error {
	err := b.Delete(ctx, key)
	if err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("delete in the bucket: %w", err)
	}
	there := err == nil
	begun, err := b.begun(key)
	if err != nil {
		return err
	}
	for _, path := range begun { // of a dead process; one that is alive fails to publish it, and does its job again
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("delete in the bucket: %w", err)
		}
	}
	if !there && len(begun) == 0 {
		return nil
	}
	return b.flush(path.Dir(key))
}

// begun gives the files in which a file bucket has begun to write an object: KEY.TIME.tmp, the time in hexadecimal digits. An object store shows no such thing.
func (b *Bucket) begun(key string) ([]string, error) {
	if b.dir == "" {
		return nil, nil
	}
	dir := filepath.Join(b.dir, filepath.FromSlash(path.Dir(key)))
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look beside the object: %w", err)
	}
	var begun []string
	for _, f := range files {
		if of, is := b.Begun(f.Name()); is && of == path.Base(key) {
			begun = append(begun, filepath.Join(dir, f.Name()))
		}
	}
	return begun, nil
}

// Begun tells whether what a bucket lists is no object, but a file in which a file bucket has begun to write one, and of which.
func (b *Bucket) Begun(listed string) (of string, is bool) {
	name, temporary := strings.CutSuffix(listed, ".tmp")
	dot := strings.LastIndexByte(name, '.')
	if b.dir == "" || !temporary || dot < 0 {
		return "", false
	}
	if _, err := strconv.ParseUint(name[dot+1:], 16, 64); err != nil {
		return "", false
	}
	return name[:dot], true
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("flush object: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("flush object: %w", err)
	}
	return nil
}
