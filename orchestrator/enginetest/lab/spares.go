package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tandem-voice/tandem/docker/freeswitch"
)

// spares are the certificates that a FreeSWITCH makes for WebRTC where it finds none: two keys of 4096 bits, over which it is busy for two seconds of a start that takes half a
// second without. No test speaks WebRTC, so what one instance has made serves all that come after it, on this machine.
var spares = []string{"dtls-srtp.pem", "wss.pem"}

// lend gives an instance what an earlier one has made.
func (h *freeswitchHost) lend(dir string) error {
	for _, name := range spares {
		text, err := os.ReadFile(filepath.Join(h.base(), name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, freeswitch.CertificatesDir, name), text, 0o600)
		}
		if err != nil {
			return fmt.Errorf("lend the certificates of an earlier FreeSWITCH: %w", err)
		}
	}
	return nil
}

// keep puts by what an instance that is ready has made.
func (h *freeswitchHost) keep(dir string) error {
	for _, name := range spares {
		kept := filepath.Join(h.base(), name)
		if _, err := os.Stat(kept); err == nil {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, freeswitch.CertificatesDir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a build without WebRTC
		}
		if err == nil {
			err = writeWhole(kept, text)
		}
		if err != nil {
			return fmt.Errorf("keep the certificates that FreeSWITCH has made: %w", err)
		}
	}
	return nil
}

// writeWhole writes a file that several processes may write at once, and that is never seen in part.
func writeWhole(file string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), file)
}
