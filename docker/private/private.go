// Package private writes files that only their owner can read: a switch's configuration has passwords in it.
package private

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
)

// Write writes a file, whether there is one or not. One that is there keeps its owner, and no other reader.
func Write(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err == nil {
		if err = f.Chmod(0o600); err == nil {
			_, err = f.Write(b)
		}
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", strconv.Quote(name), err)
	}
	return nil
}

// Copy writes the files of a directory, which has no directories within, to a directory that is there.
func Copy(files fs.FS, from, to string) error {
	entries, err := fs.ReadDir(files, from)
	if err != nil {
		return fmt.Errorf("list %s: %w", from, err)
	}
	for _, e := range entries {
		b, err := fs.ReadFile(files, path.Join(from, e.Name()))
		if err != nil {
			return fmt.Errorf("read %s: %w", e.Name(), err)
		}
		if err := Write(filepath.Join(to, e.Name()), b); err != nil {
			return err
		}
	}
	return nil
}
