package main

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"
	"time"
)

// A backup is one tar file: the database as gzipped lines (models/dump.go), the objects of the bucket, the settings that are no secrets, the files that were
// asked for, and, last, a list of all that with checksums. Whatever is cut off or changed is noticed before anything is restored.

const (
	databaseEntry = "database.jsonl.gz"
	settingsEntry = "settings.env"
	manifestEntry = "manifest.json"
	objectPrefix  = "objects/"
	filePrefix    = "files/"
)

// archiveForm is the form of backups that this program writes, and the newest that it reads.
const archiveForm = 1

// manifest lists what is in a backup.
type manifest struct {
	Form    int            `json:"form"`
	Version string         `json:"version"` // of the program
	MadeAt  time.Time      `json:"made_at"`
	Schema  int64          `json:"schema"`
	Rows    map[string]int `json:"rows"`    // by table
	Objects bool           `json:"objects"` // those of the bucket are in it
	Entries []archived     `json:"entries"` // all others, in order

	leftOut []string // paths in included directories that are no plain files
}

// archived is one entry of a backup.
type archived struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// archiveWriter writes a backup.
type archiveWriter struct {
	tar  *tar.Writer
	list []archived
	at   time.Time

	itself  os.FileInfo // the file that is being written; nil = it is none
	leftOut []string    // paths in included directories that are no plain files
}

// add writes an entry of a size that is known.
func (w *archiveWriter) add(name string, size int64, from io.Reader) error {
	err := w.tar.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: w.at, Format: tar.FormatPAX})
	sum := sha256.New()
	if err == nil {
		var n int64
		if n, err = io.Copy(io.MultiWriter(w.tar, sum), from); err == nil && n != size {
			err = fmt.Errorf("has %d bytes, not %d: it was changed meanwhile", n, size)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if name != manifestEntry {
		w.list = append(w.list, archived{name, size, hex.EncodeToString(sum.Sum(nil))})
	}
	return nil
}

func (w *archiveWriter) addText(name, text string) error {
	return w.add(name, int64(len(text)), strings.NewReader(text))
}

// finish writes the list, and the end.
func (w *archiveWriter) finish(m manifest) error {
	m.Entries = w.list
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return fmt.Errorf("write the list: %w", err)
	}
	return errors.Join(w.addText(manifestEntry, string(text)+"\n"), w.tar.Close())
}

// hashed reads through and sums up.
type hashed struct {
	io.Reader
	sum hash.Hash
}

func (h hashed) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	_, _ = h.sum.Write(p[:n]) // never fails
	return n, err
}

// readArchive goes over the entries of a backup in order. each must read what it wants of an entry; the rest is read and summed up all the same. The list is returned once
// everything has been found to be as it says.
func readArchive(from io.Reader, each func(name string, body io.Reader) error) (m manifest, err error) {
	in := tar.NewReader(from)
	var seen []archived
	for {
		h, err := in.Next()
		if err == io.EOF {
			return m, errors.New("is cut off: it does not end with its list")
		}
		if err != nil {
			return m, fmt.Errorf("is no backup, or damaged: %w", err)
		}
		if h.Name == manifestEntry {
			break
		}
		if h.Typeflag != tar.TypeReg {
			return m, fmt.Errorf("%s: is no plain file", h.Name)
		}
		sum := sha256.New()
		body := hashed{in, sum}
		if each != nil {
			if err := each(h.Name, body); err != nil {
				return m, err
			}
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return m, fmt.Errorf("%s: is damaged: %w", h.Name, err)
		}
		seen = append(seen, archived{h.Name, h.Size, hex.EncodeToString(sum.Sum(nil))})
	}
	if err := json.NewDecoder(io.LimitReader(in, 1<<30)).Decode(&m); err != nil {
		return m, fmt.Errorf("%s: %w", manifestEntry, err)
	}
	if m.Form > archiveForm {
		return m, fmt.Errorf("is of form %d, this program knows %d: use the program that made it, %s, or a newer one", m.Form, archiveForm, m.Version)
	}
	if len(seen) != len(m.Entries) {
		return m, fmt.Errorf("has %d entries, not the %d of its list", len(seen), len(m.Entries))
	}
	for i, e := range seen {
		if e != m.Entries[i] {
			return m, fmt.Errorf("%s: is not as the list says (its SHA-256 is %s, listed is %s with %s)", e.Name, e.SHA256, m.Entries[i].Name, m.Entries[i].SHA256)
		}
	}
	return m, nil
}
