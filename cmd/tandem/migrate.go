package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/tandem-voice/tandem/models"
)

// migrateCommand changes the database's schema, or tells about it.
func migrateCommand(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("migrate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprintln(stderr, "usage: tandem migrate up|down|status\n\n"+
			"up      brings the schema of TANDEM_DB to the version that this program knows\n"+
			"down    takes the newest migration back, WITH the data in its tables\n"+
			"status  shows the versions; the exit status is 1 while up has work to do")
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	verb := flags.Arg(0)
	if flags.NArg() != 1 || verb != "up" && verb != "down" && verb != "status" {
		_, _ = fmt.Fprintln(stderr, "tandem migrate: expected exactly one of up, down and status")
		flags.Usage()
		return errUsage
	}
	s, err := readSettings(os.LookupEnv)
	if err != nil {
		return err
	}
	if path := missingDatabase(s.DB); path != "" && verb != "up" {
		return fmt.Errorf("TANDEM_DB: %s does not exist", path) // opening it would make it
	}
	db, err := models.Open(ctx, s.DB)
	if err != nil {
		return fmt.Errorf("open TANDEM_DB: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	switch verb {
	case "up":
		err = db.Migrate(ctx)
	case "down":
		err = db.MigrateDown(ctx)
	}
	if err != nil {
		return err
	}
	have, want, err := db.Version(ctx)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stdout, "%s: schema version %d, this program knows %d\n", db.Dialect(), have, want)
	if verb == "status" && have != want {
		return fmt.Errorf("the schema is at version %d, not %d", have, want)
	}
	return nil
}
