package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed" // the page in place of an app that was not built
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// policy is what the app may do in the browser: use what this server sends, and nothing else. There is no 'unsafe-inline', for scripts or for styles: React sets single
// properties of elements, which is not inline style in the sense of the policy.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; " +
	"manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// unbuilt is what stands for an app that the binary does not have.
//
//go:embed unbuilt.html
var unbuilt []byte

// Handler serves the app from its files.
//
//   - Files under assets have a hash of their content in their names: a browser keeps them for a year.
//   - Everything else is asked for again each time, so that an updated server is an updated app; an ETag saves the transfer.
//   - A path that is no file is a view of the app: it gets index.html. Paths that look like files (with a dot in the last part) are told to be missing, so that a page
//     of an older version finds out that its pieces are gone instead of being given HTML for a script.
//
// The files are read when they are asked for; the compressed copy beside a file is sent to whoever takes it. Of what is under assets there
// are only the compressed copies: the third would make the binary larger by a megabyte, and nobody's browser wants it.
func Handler(files fs.FS) http.Handler { return handler{files} }

type handler struct{ files fs.FS }

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if name == "" {
		name = "index.html"
	}
	if strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz") { // only ever sent as an encoding of the file that they belong to
		missing(w)
		return
	}
	body, encoding, err := h.read(name, r.Header.Get("Accept-Encoding"))
	if err != nil && !strings.Contains(path.Base(name), ".") {
		name = "index.html"
		body, encoding, err = h.read(name, r.Header.Get("Accept-Encoding"))
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && name == "index.html":
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write(unbuilt) // the client has gone: there is nobody to tell
		return
	case err != nil:
		missing(w)
		return
	}
	if strings.HasPrefix(name, "assets/") {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		header.Set("Cache-Control", "no-cache")
		sum := sha256.Sum256(body)
		header.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	}
	header.Set("Vary", "Accept-Encoding")
	if encoding != "" {
		header.Set("Content-Encoding", encoding)
	}
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		header.Set("Content-Type", kind)
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
}

// encodings are the compressed copies that the build writes, the smallest first.
var encodings = []struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

// read gives a file's content, compressed if there is such a copy that the client takes.
func (h handler) read(name, accepted string) (body []byte, encoding string, err error) {
	for _, e := range encodings {
		if !accepts(accepted, e.name) {
			continue
		}
		if body, err := fs.ReadFile(h.files, name+e.suffix); err == nil {
			return body, e.name, nil
		}
	}
	body, err = fs.ReadFile(h.files, name)
	if errors.Is(err, fs.ErrNotExist) {
		body, err = h.unzip(name)
	}
	if err != nil {
		return nil, "", fmt.Errorf("read the app: %w", err)
	}
	return body, "", nil
}

// unzip gives the content of a file that is there only compressed, as the build leaves what a browser asks for, for the rare client that takes no compression.
func (h handler) unzip(name string) ([]byte, error) {
	zipped, err := h.files.Open(name + ".gz")
	if err != nil {
		return nil, err
	}
	defer func() { _ = zipped.Close() }()
	z, err := gzip.NewReader(zipped)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// accepts reports whether an Accept-Encoding header has an encoding that is not refused by a weight of zero.
func accepts(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			_, q, _ := strings.Cut(weight, "=")
			zero, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
			return err != nil || zero > 0
		}
	}
	return false
}

func missing(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte("not found\n")) // the client has gone: there is nobody to tell
}
