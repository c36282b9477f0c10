// Package asterisk is the one copy of the Asterisk configuration that Tandem drives: the demo, the tests and a container run from it.
//
// etc/ holds ordinary Asterisk files, the same on every machine, to be read and changed by people who know Asterisk. What differs
// from one instance to the next (addresses, ports, passwords, phones, trunks) is in small files under etc/site/ that the
// ordinary ones include; those are made from the templates in site/ by [Site.Write].
//
// Beside configuration, an instance needs sounds: the apology for callers who find Tandem away is in sounds/, the hold music is
// generated (see music.go), so that a test can tell it from every voice.
package asterisk

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed etc site lines sounds
var files embed.FS

// Prompts returns the recorded sentences by name, without "tandem/": G.711 µ-law, 8000 samples a second. The other switch plays the same.
func Prompts() map[string][]byte {
	out := map[string][]byte{}
	names, _ := fs.Glob(files, "sounds/*.ulaw") // an error means a bad pattern
	for _, name := range names {
		out[strings.TrimSuffix(path.Base(name), ".ulaw")], _ = files.ReadFile(name) // it has just been listed
	}
	return out
}
