package models

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Key seals what has to be read again and must not lie open in a database or its backups: with what a phone or a trunk shows a switch somebody can call at the
// tenant's cost. Sealing is AES-256-GCM with a random nonce; what is sealed belongs to one row and opens for no other.
type Key struct{ aead cipher.AEAD }

const (
	keyBytes     = 32
	sealedPrefix = "v1."
)

// ErrSealed says that a password was sealed with another key.
var ErrSealed = errors.New("sealed with another key: restore the file of TANDEM_SECRET_KEY_FILE, or set the password anew")

// OpenKey reads the key from a file of 64 hexadecimal digits. Where there is none it makes one, which only we can read.
func OpenKey(path string) (*Key, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	raw, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(raw) != keyBytes {
		return nil, fmt.Errorf("read the key: %s must hold %d hexadecimal digits", path, 2*keyBytes)
	}
	return newKey(raw)
}

func newKey(raw []byte) (*Key, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, fmt.Errorf("use the key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("use the key: %w", err)
	}
	return &Key{aead}, nil
}

// makeKey writes a new key. Of two that start at once, the one that comes second takes what the first has made.
func makeKey(path string) ([]byte, error) {
	raw := make([]byte, keyBytes)
	if _, err := rand.Read(raw); err != nil {
		return nil, err
	}
	text := []byte(hex.EncodeToString(raw) + "\n")
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // with mode 0600
	if err != nil {
		return nil, err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Link(f.Name(), path) // never in place of a key that is there
	}
	err = errors.Join(ignoring(err, fs.ErrExist), os.Remove(f.Name()))
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// ignoring gives nil for an error that is no failure.
func ignoring(err, harmless error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
}

// seal closes a text. about is what it is of, as "phones/anna".
func (k *Key) seal(about, text string) (string, error) {
	if k == nil {
		return "", errors.New("seal a password: there is no key")
	}
	nonce := make([]byte, k.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return "", fmt.Errorf("seal a password: %w", err)
	}
	return sealedPrefix + base64.RawStdEncoding.EncodeToString(k.aead.Seal(nonce, nonce, []byte(text), []byte(about))), nil
}

// open gives what was sealed, or [ErrSealed].
func (k *Key) open(about, sealed string) (string, error) {
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimPrefix(sealed, sealedPrefix))
	if k == nil || err != nil || len(raw) < k.aead.NonceSize() || !strings.HasPrefix(sealed, sealedPrefix) {
		return "", ErrSealed
	}
	n := k.aead.NonceSize()
	text, err := k.aead.Open(nil, raw[:n], raw[n:], []byte(about))
	if err != nil {
		return "", ErrSealed
	}
	return string(text), nil
}
