package sim

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// ErrInvariants says that a replayed log leads to a state that the rules' own invariants forbid.
var ErrInvariants = errors.New("invariants do not hold")

// Replay steps a log through the rules and writes the timeline: every event with the entries and effects that it leads to. After each event all invariants are
// looked at; those that do not hold are written, too, and in the end ErrInvariants is returned. snapshot is where to begin, nil = an empty shard made from the seed.
// The shard as it is in the end is returned.
func Replay(rows iter.Seq2[ExportedRow, error], snapshot []byte, seed uint64, out io.Writer) (*core.Shard, error) {
	shard := core.New(shardName, seed)
	if snapshot != nil {
		var err error
		if shard, err = core.Restore(snapshot); err != nil {
			return nil, fmt.Errorf("restore the snapshot: %w", err)
		}
	}
	var broken int
	for row, err := range rows {
		if err != nil {
			return shard, fmt.Errorf("read the log: %w", err)
		}
		ev, err := core.DecodeEvent(row.Kind, row.Body)
		if err != nil {
			return shard, fmt.Errorf("read row %d: %w", row.Seq, err)
		}
		lines := OutcomeLines(shard.Step(row.At, ev))
		shard.TakeChanges()
		bad := shard.Check()
		var b strings.Builder
		fmt.Fprintf(&b, "%s  #%-6d %s\n", row.At.Format("2006-01-02 15:04:05.000"), row.Seq, describe(ev))
		for _, line := range lines {
			b.WriteString("                                   " + line + "\n")
		}
		for _, line := range bad {
			broken++
			b.WriteString("BROKEN                             " + line + "\n")
		}
		if _, err := io.WriteString(out, b.String()); err != nil {
			return shard, fmt.Errorf("write the timeline: %w", err)
		}
	}
	if broken > 0 {
		return shard, fmt.Errorf("%d times: %w", broken, ErrInvariants)
	}
	return shard, nil
}

// ReadExport reads rows from JSON lines.
func ReadExport(in io.Reader) iter.Seq2[ExportedRow, error] {
	return func(yield func(ExportedRow, error) bool) {
		dec := json.NewDecoder(bufio.NewReader(in))
		for {
			var row ExportedRow
			err := dec.Decode(&row)
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil && (row.Kind == "" || row.At.Equal(time.Time{})) {
				err = fmt.Errorf("row %d has no kind or no time", row.Seq)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}
