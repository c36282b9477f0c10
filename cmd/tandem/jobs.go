package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tandem-voice/tandem/models"
)

const jobsHelp = `
It reads the settings that "tandem serve" reads, and lists the jobs that were given up: recordings that could not be archived or
erased, leads that could not be made. When the cause is fixed, -retry has the running "tandem serve" try them again, within seconds.
`

// jobsCommand lists the jobs that were given up, and has them tried again.
func jobsCommand(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := newFlags("jobs", "[-retry ID|all]", jobsHelp, stderr)
	retry := flags.String("retry", "", "the job to try again; all = all of them")
	if err := parse(flags, args); err != nil {
		return err
	}
	s, err := readSettings(os.LookupEnv)
	if err != nil {
		return err
	}
	if path := missingDatabase(s.DB); path != "" {
		return fmt.Errorf("TANDEM_DB: %s does not exist", path) // opening it would make it
	}
	db, err := models.Open(ctx, s.DB)
	if err != nil {
		return fmt.Errorf("open TANDEM_DB: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if *retry != "" {
		return retryJobs(ctx, db.Jobs(), *retry, stdout)
	}
	dead, err := db.Jobs().Dead(ctx)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	for _, job := range dead {
		_, _ = fmt.Fprintf(t, "%s\tgiven up %s after %d attempts\t%s\n", job.ID, job.FinishedAt.UTC().Format(time.RFC3339), job.Attempts, oneLine(job.Error))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%d jobs were given up\n", len(dead))
	return err
}

// retryJobs has one job tried again, or all that were given up.
func retryJobs(ctx context.Context, jobs *models.Jobs, which string, stdout io.Writer) error {
	ids := []string{which}
	if which == "all" {
		dead, err := jobs.Dead(ctx)
		if err != nil {
			return err
		}
		ids = nil
		for _, job := range dead {
			ids = append(ids, job.ID)
		}
	}
	for _, id := range ids {
		err := jobs.Revive(ctx, id)
		if errors.Is(err, models.ErrNotFound) {
			if which == "all" {
				continue // somebody else has been quicker
			}
			return fmt.Errorf("-retry: no job %s was given up", id)
		}
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(stdout, "%s is tried again\n", id); err != nil {
			return err
		}
	}
	return nil
}

// oneLine puts a text of several lines into one.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
