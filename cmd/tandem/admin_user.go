package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tandem-voice/tandem/models"
)

// adminName is how the first administrator signs in, and the user's id.
const adminName = "admin"

// adminPasswordFile is where the first start writes the first administrator's password: beside the token.
func (s settings) adminPasswordFile() string {
	return filepath.Join(filepath.Dir(s.AdminToken), "admin-password")
}

// adminUser makes the first administrator, so that somebody can sign in at the desk, and writes the password to a file that only we can read. The password is shown nowhere else; who
// has lost it gives "admin" another one with an administrator's token. Nothing is done where somebody can sign in as an administrator, or "admin" was set up by somebody.
func adminUser(ctx context.Context, db *models.DB, path string) error {
	users := db.Users()
	if has, err := users.HasAdmin(ctx); err != nil || has {
		return err
	}
	had, err := users.User(ctx, adminName)
	if err == nil && had.Setup.HasPassword {
		return nil
	}
	missing := errors.Is(err, models.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	if missing {
		if _, known, err := users.Known(ctx, adminName); err != nil || known {
			return err
		}
	}
	// The file comes first: an administrator whose password is written nowhere would be of no use.
	password := rand.Text()
	if err := writeSecret(path, password); err != nil {
		return fmt.Errorf("write the administrator's password: %w", err)
	}
	if missing {
		_, err = users.Create(ctx, models.User{ID: adminName, Name: adminName, Display: "Administrator", Role: models.RoleAdmin})
		if errors.Is(err, models.ErrExists) { // another process has been faster, and has the password
			return os.Remove(path)
		}
		if err != nil {
			return errors.Join(err, os.Remove(path))
		}
	}
	if err := users.SetPassword(ctx, adminName, password, ""); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// writeSecret puts a secret into a new file that only we can read, in place of the one that may be there: whoever reads finds the old or the new, and whole.
func writeSecret(path, secret string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("make the directory: %w", err)
	}
	part := path + ".part"
	// What a killed process has left goes. It may be somebody else's, or a link to elsewhere: it is not written into.
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("replace the file: %w", err)
	}
	f, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make the file: %w", err)
	}
	_, err = io.WriteString(f, secret+"\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(part))
	}
	return err
}
