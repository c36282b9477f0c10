package lines

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// fileMode: the owner is Tandem, the group the switch. What is in the files is as good as the passwords.
const fileMode = 0o640

// unfinished is what the names of files begin with that are being written.
const unfinished = ".tandem-"

// write puts files into a directory in place of those that are something else, and gives the names of those. Each is there in full, old or new, at any moment. The files get
// the directory's group, which is how the switch may read them.
func write(dir string, files map[string][]byte) (written []string, err error) {
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return nil, fmt.Errorf("the directory for phones and trunks is not there: %s", dir)
	}
	group := -1
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		group = int(st.Gid)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		same, err := is(filepath.Join(dir, name), files[name], group)
		if err != nil {
			return written, fmt.Errorf("read what is set up at the switch: %w", err)
		}
		if same {
			continue
		}
		if err := replace(dir, name, files[name], group); err != nil {
			return written, fmt.Errorf("write phones and trunks: %w", err)
		}
		written = append(written, name)
	}
	if len(written) > 0 {
		err = errors.Join(syncDir(dir), tidy(dir))
	}
	return written, err
}

// is reports whether a file has this text, and may be read by those who should, and by nobody else.
func is(name string, text []byte, group int) (bool, error) {
	info, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !info.Mode().IsRegular() || info.Mode().Perm() != fileMode || ok && int(st.Gid) != group || info.Size() != int64(len(text)) {
		return false, nil
	}
	have, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrPermission) {
		return false, nil
	}
	return bytes.Equal(have, text), err
}

func replace(dir, name string, text []byte, group int) error {
	f, err := os.CreateTemp(dir, unfinished+name+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Chown(-1, group)
	}
	if err == nil {
		err = f.Chmod(fileMode)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// syncDir makes the renaming durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// tidy removes what a process has left that was killed while it wrote.
func tidy(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), unfinished) {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return err
}
