package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const setupHelp = `
It prepares an installation before its services start. docker/compose.yaml calls it; without containers, call it yourself:

  tandem setup secrets [flags]     generates the passwords of the database, of Redis and of the switches that do not exist yet, as files
  tandem setup asterisk [flags]    writes the directory of an Asterisk, and the settings with which Tandem drives it
  tandem setup freeswitch [flags]  the same for a FreeSWITCH
  tandem setup forget [flags]      removes a switch: from its next start Tandem no longer drives it, and closes the calls that were on it
  tandem setup sign-in             shows the name and the password for the first sign-in

Called again, secrets keeps existing ones, and asterisk and freeswitch rewrite their directories.
`

// setupCommand prepares the directories that the services of a container installation share. Each part is a service of its own, so that a profile of compose chooses
// the switches, and nobody has to tell Tandem which ones there are.
func setupCommand(_ context.Context, args []string, stdout, stderr io.Writer) error {
	parts := map[string]func(args []string, stdout, stderr io.Writer) error{
		"secrets": setupSecrets, "asterisk": setupAsterisk, "freeswitch": setupFreeSWITCH, "forget": forgetSwitch, "sign-in": showSignIn,
	}
	if len(args) == 0 || parts[args[0]] == nil {
		help := len(args) > 0 && slices.Contains([]string{"-h", "-help", "--help", "help"}, args[0])
		if len(args) > 0 && !help {
			_, _ = fmt.Fprintf(stderr, "tandem setup: unknown part %q\n", args[0])
		}
		_, _ = fmt.Fprint(stderr, "usage: tandem setup PART [flags]\n"+setupHelp)
		if help {
			return nil
		}
		return errUsage
	}
	return parts[args[0]](args[1:], stdout, stderr)
}

// Names of the files that the parts of the set-up leave each other, in the directory of secrets.
const (
	ariSecret     = "ari-password"
	eslSecret     = "esl-password"
	peerSecret    = "peer-secret"
	databaseFile  = "database-url"
	redisFile     = "redis-url"
	settingsDir   = "settings"
	settingsFile  = ".env" // the end of the name of each file in it
	postgresFile  = "password"
	redisPassword = "password"
	grafanaFile   = "password"
	redisConfFile = "redis.conf"
)

// setupSecrets makes the secrets. A directory each is for the database's server and for Redis: neither gets to see what the others know.
func setupSecrets(args []string, stdout, stderr io.Writer) error {
	flags := newFlags("setup secrets", "[flags]", "", stderr)
	dir := flags.String("dir", "/run/tandem", "directory of Tandem's own secrets")
	postgres := flags.String("postgres", "", "directory for the password of a Postgres server on the host postgres; default: none")
	redis := flags.String("redis", "", "directory for the configuration of a Redis on the host redis; default: none")
	grafana := flags.String("grafana", "", "directory for the password of Grafana's admin; default: none")
	address := flags.String("address", "http://127.0.0.1:8080", "address of the app, shown with the first sign-in")
	if err := parse(flags, args); err != nil {
		return err
	}
	made := 0
	for _, name := range []string{ariSecret, eslSecret, peerSecret} {
		_, fresh, err := keptSecret(filepath.Join(*dir, name))
		if err != nil {
			return err
		}
		made += fresh
	}
	if *postgres != "" {
		password, fresh, err := keptSecret(filepath.Join(*postgres, postgresFile))
		if err != nil {
			return err
		}
		made += fresh
		if err := shareWithGroup(filepath.Join(*postgres, postgresFile)); err != nil {
			return err
		}
		u := url.URL{Scheme: "postgres", User: url.UserPassword("tandem", password), Host: "postgres:5432", Path: "/tandem", RawQuery: "sslmode=disable"}
		if err := writeSecret(filepath.Join(*dir, databaseFile), u.String()); err != nil {
			return err
		}
	}
	if *redis != "" {
		password, fresh, err := keptSecret(filepath.Join(*redis, redisPassword))
		if err != nil {
			return err
		}
		made += fresh
		// The jobs' queue: nothing may be thrown away, and what was written a second ago is there after a power cut. The database is the truth all the same.
		conf := "bind 0.0.0.0\nprotected-mode no\ndir /data\nappendonly yes\nmaxmemory-policy noeviction\nrequirepass " + password
		if err := writeSecret(filepath.Join(*redis, redisConfFile), conf); err != nil {
			return err
		}
		for _, name := range []string{redisPassword, redisConfFile} {
			if err := shareWithGroup(filepath.Join(*redis, name)); err != nil {
				return err
			}
		}
		u := url.URL{Scheme: "redis", User: url.UserPassword("", password), Host: "redis:6379", Path: "/0"}
		if err := writeSecret(filepath.Join(*dir, redisFile), u.String()); err != nil {
			return err
		}
	}
	if *grafana != "" {
		_, fresh, err := keptSecret(filepath.Join(*grafana, grafanaFile))
		if err != nil {
			return err
		}
		made += fresh
		if err := shareWithGroup(filepath.Join(*grafana, grafanaFile)); err != nil {
			return err
		}
	}
	// Which switches there are stays as it is: this runs before whatever service somebody starts by itself, and the set-ups of the switches do not.
	settings := filepath.Join(*dir, settingsDir)
	if err := os.MkdirAll(settings, 0o750); err != nil {
		return fmt.Errorf("make the directory of settings: %w", err)
	}
	if made > 0 {
		_, _ = fmt.Fprintf(stdout, "%d secrets were made; they are shown nowhere\n", made)
	}
	_, err := fmt.Fprintf(stdout, "When Tandem is up, sign in at %s as %s. \"tandem setup sign-in\" shows the password; with compose: docker compose exec tandem tandem setup sign-in\n", *address, adminName)
	return err
}

// forgetSwitch takes back what the set-up of a switch has told Tandem, and says that it will not be back. Secrets and the switch's directory stay; who sets it up again takes that back.
func forgetSwitch(args []string, stdout, stderr io.Writer) error {
	flags := newFlags("setup forget", "-switch NAME [flags]", "", stderr)
	name := flags.String("switch", "", "the switch by its name in Tandem: "+asteriskName+" or "+freeswitchName)
	secrets := flags.String("secrets", "/run/tandem", "directory of Tandem's own secrets")
	if err := parse(flags, args); err != nil {
		return err
	}
	if !nameForm.MatchString(*name) {
		_, _ = fmt.Fprintln(stderr, "tandem setup forget: -switch must name a switch")
		return errUsage
	}
	file := filepath.Join(*secrets, settingsDir, *name+settingsFile)
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		var known []string
		files, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*"+settingsFile)) // fails for a bad pattern only
		for _, f := range files {
			known = append(known, strings.TrimSuffix(filepath.Base(f), settingsFile))
		}
		if len(known) == 0 {
			return fmt.Errorf("there is no switch %s; no set-up is in %s", *name, *secrets)
		}
		return fmt.Errorf("there is no switch %s; set-ups are there of: %s", *name, strings.Join(known, ", "))
	}
	if err := writeSecret(file, forgottenVariable+"="+*name); err != nil {
		return fmt.Errorf("forget the switch %s: %w", *name, err)
	}
	_, err := fmt.Fprintf(stdout, "%s is forgotten: from its next start on, Tandem drives it no longer, and closes the calls that stood there. Recordings that are still on it are not archived any more\n", *name)
	return err
}

// keptSecret returns the secret that a file holds, and makes one where there is none: fresh is then 1.
func keptSecret(path string) (secret string, fresh int, err error) {
	b, err := os.ReadFile(path)
	switch secret = strings.TrimSpace(string(b)); {
	case err == nil && secret != "":
		return secret, 0, nil
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return "", 0, fmt.Errorf("read a secret: %w", err)
	}
	secret = rand.Text()
	return secret, 1, writeSecret(path, secret)
}

// shareWithGroup lets the group read a secret's file: the server that needs it is another user of that group.
func shareWithGroup(path string) error {
	if err := os.Chmod(path, 0o640); err != nil { //nolint:gosec // that is what it is for
		return fmt.Errorf("share with the group: %w", err)
	}
	return nil
}

// showSignIn is for people at a terminal: it is the only place that shows the password.
func showSignIn(args []string, stdout, stderr io.Writer) error {
	if err := parse(newFlags("setup sign-in", "", "", stderr), args); err != nil {
		return err
	}
	s, err := readSettings(os.LookupEnv)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(s.adminPasswordFile())
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is not there: no first start has written it here; of an installation that was restored the users have the passwords of before", s.adminPasswordFile())
	}
	if err != nil {
		return fmt.Errorf("read the password that the first start of \"tandem serve\" with these settings wrote: %w", err)
	}
	_, err = fmt.Fprintf(stdout, "name      %s\npassword  %s\n\nGive yourself another one after signing in: this is the first one, and it stays in %s.\n",
		adminName, strings.TrimSpace(string(b)), s.adminPasswordFile())
	return err
}
