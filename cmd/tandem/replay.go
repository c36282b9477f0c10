package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/journal"
	"github.com/tandem-voice/tandem/orchestrator/sim"
)

// replayCommand steps a journal through the rules again and prints what they decided. Nothing is carried out and nothing is changed.
func replayCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newFlags("replay", "[flags]", "", stderr)
	from := flags.String("journal", "db", "a file of JSON lines (seq, at, kind, body), - for standard input, or db for the database of TANDEM_DB from its newest snapshot on")
	shard := flags.String("shard", "main", "with -journal db: whose journal")
	seed := flags.Uint64("seed", 0, "the shard's seed, if the journal itself does not contain it")
	if err := parse(flags, args); err != nil {
		return err
	}
	switch *from {
	case "db":
		return replayDatabase(ctx, *shard, *seed, stdout)
	case "-":
		return replayRows(sim.ReadExport(os.Stdin), nil, *seed, stdout)
	}
	file, err := os.Open(*from)
	if err != nil {
		return fmt.Errorf("open the journal: %w", err)
	}
	return errors.Join(replayRows(sim.ReadExport(file), nil, *seed, stdout), file.Close())
}

func replayDatabase(ctx context.Context, shard string, seed uint64, stdout io.Writer) (err error) {
	s, err := readSettings(os.LookupEnv)
	if err != nil {
		return err
	}
	if path := missingDatabase(s.DB); path != "" {
		return fmt.Errorf("open TANDEM_DB: %s does not exist", path) // opening would make it
	}
	db, err := models.Open(ctx, s.DB)
	if err != nil {
		return fmt.Errorf("open TANDEM_DB: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	snapshot, seq, tail, err := db.Journal().Load(ctx, shard)
	if err != nil {
		return fmt.Errorf("load shard %s: %w", shard, err)
	}
	if snapshot != nil {
		_, _ = fmt.Fprintf(stdout, "from the snapshot after row %d\n", seq)
	}
	if err := replayRows(exported(tail), snapshot, seed, stdout); err != nil {
		return fmt.Errorf("replay shard %s: %w", shard, err)
	}
	return nil
}

// exported gives rows of a store the form of exported ones.
func exported(tail iter.Seq2[journal.Row, error]) iter.Seq2[sim.ExportedRow, error] {
	return func(yield func(sim.ExportedRow, error) bool) {
		for row, err := range tail {
			if !yield(sim.ExportedRow{Seq: row.Seq, At: row.At, Kind: row.Kind, Body: row.Body}, err) {
				return
			}
		}
	}
}

func replayRows(rows iter.Seq2[sim.ExportedRow, error], snapshot []byte, seed uint64, stdout io.Writer) error {
	shard, err := sim.Replay(rows, snapshot, seed, stdout)
	if shard != nil {
		_, _ = fmt.Fprintf(stdout, "%d events; ", shard.Steps())
		repairs, odd := shard.Repairs(), shard.Odd()
		for _, why := range slices.Sorted(maps.Keys(repairs)) {
			_, _ = fmt.Fprintf(stdout, "repair %s: %d; ", why, repairs[why])
		}
		for _, why := range slices.Sorted(maps.Keys(odd)) {
			_, _ = fmt.Fprintf(stdout, "odd %s: %d; ", why, odd[why])
		}
		_, _ = fmt.Fprintln(stdout)
		if err == nil && shard.Steps() == 0 {
			return errors.New("there is no event in this journal")
		}
	}
	return err
}
