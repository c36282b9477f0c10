package models

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ErrNotEmpty says that a dump cannot be loaded because there is something in the database already.
var ErrNotEmpty = errors.New("there is data in the database")

// Empty says whether nothing is in the database: no table, or no row in any.
func (db *DB) Empty(ctx context.Context) (bool, error) {
	tables, _, err := db.catalogue(ctx, db.rawW)
	if err != nil {
		return false, err
	}
	for _, table := range tables {
		var some bool
		if err := db.rawW.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM `+quotedName(table)+`)`).Scan(&some); err != nil {
			return false, fmt.Errorf("look into the table %s: %w", table, err)
		}
		if some {
			return false, nil
		}
	}
	return true, nil
}

// Load puts a dump into an empty database, of either dialect: all of it or, with an error, nothing. The schema is first made as it was when the dump was
// made, and brought to the newest version afterwards, by the same migrations as any other upgrade. [ErrNotEmpty] says that there is data, [ErrNewerSchema]
// that the dump is of a newer program.
func (db *DB) Load(ctx context.Context, from io.Reader) (stats DumpStats, err error) {
	in := bufio.NewReaderSize(from, 1<<16)
	var head dumpHead
	line, err := in.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &head)
	}
	if err != nil || head.Schema < 1 {
		return stats, fmt.Errorf("read the dump's first line: it is no dump of Tandem's: %w", cmpErr(err, io.ErrUnexpectedEOF))
	}
	_, newest, err := db.Version(ctx)
	if err != nil {
		return stats, err
	}
	if head.Schema > newest {
		return stats, fmt.Errorf("the dump has the schema version %d, this program knows %d: %w", head.Schema, newest, ErrNewerSchema)
	}
	if empty, err := db.Empty(ctx); err != nil || !empty {
		return stats, cmpErr(err, ErrNotEmpty)
	}
	if err := db.migrateTo(ctx, head.Schema); err != nil {
		return stats, err
	}
	stats = DumpStats{Schema: head.Schema, Rows: map[string]int{}}
	if err := db.loadAll(ctx, in, &stats); err != nil {
		return stats, fmt.Errorf("load the dump: %w", err)
	}
	return stats, db.Migrate(ctx)
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// migrateTo brings an empty database to a version of the schema, older or newer.
func (db *DB) migrateTo(ctx context.Context, version int64) error {
	p, err := db.provider()
	if err != nil {
		return err
	}
	have, _, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if have > version {
		_, err = p.DownTo(ctx, version)
	} else {
		_, err = p.UpTo(ctx, version)
	}
	if err != nil {
		return fmt.Errorf("migrate to version %d: %w", version, err)
	}
	return nil
}

// loader puts the lines of a dump into tables.
type loader struct {
	db      *DB
	tx      *sql.Tx
	columns map[string][]tableColumn
	table   string
	seq     int // the place of seq among the columns, for partitioned tables; else -1
	parts   map[uint64]bool
	insert  *sql.Stmt
	stats   *DumpStats
}

func (db *DB) loadAll(ctx context.Context, in *bufio.Reader, stats *DumpStats) (err error) {
	tx, err := db.rawW.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	l := &loader{db: db, tx: tx, parts: map[uint64]bool{}, stats: stats}
	if _, l.columns, err = db.catalogue(ctx, tx); err != nil {
		return err
	}
	for n := 2; ; n++ {
		line, readErr := in.ReadBytes('\n')
		if readErr == io.EOF && len(line) == 0 {
			break
		}
		if readErr != nil {
			return fmt.Errorf("line %d: %w", n, readErr) // a last line that is not whole, too
		}
		if err = l.line(ctx, line); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err = l.end(ctx); err != nil {
		return err
	}
	return tx.Commit()
}

func (l *loader) line(ctx context.Context, line []byte) error {
	if bytes.HasPrefix(line, []byte(`{`)) {
		var head dumpTable
		if err := json.Unmarshal(line, &head); err != nil {
			return err
		}
		if err := l.end(ctx); err != nil {
			return err
		}
		return l.begin(ctx, head)
	}
	if l.insert == nil {
		return errors.New("a row that is in no table")
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil {
		return err
	}
	values := make([]any, len(raw))
	for i := range raw {
		v, err := loadValue(raw[i])
		if err != nil {
			return err
		}
		values[i] = v
	}
	if err := l.partition(ctx, values); err != nil {
		return err
	}
	if _, err := l.insert.ExecContext(ctx, values...); err != nil {
		return fmt.Errorf("table %s: %w", l.table, err)
	}
	l.stats.Rows[l.table]++
	return nil
}

// begin prepares for the rows of a table.
func (l *loader) begin(ctx context.Context, head dumpTable) error {
	known, ok := l.columns[head.Table]
	if !ok {
		return fmt.Errorf("there is no table %q", head.Table)
	}
	l.table, l.seq = head.Table, -1
	l.stats.Rows[head.Table] = 0
	var names, places []string
	overriding := ""
	for i, name := range head.Columns {
		at := slices.IndexFunc(known, func(c tableColumn) bool { return strings.EqualFold(c.name, name) }) // as SQL does
		if at < 0 {
			return fmt.Errorf("table %s: there is no column %q", head.Table, name)
		}
		place := fmt.Sprintf("$%d", i+1)
		if known[at].json {
			place += "::text::json" // of jsonb as well, which it becomes by assignment
		}
		if known[at].identity {
			overriding = " OVERRIDING SYSTEM VALUE"
		}
		if name == "seq" && l.db.dialect == Postgres && (head.Table == "journal" || head.Table == "timeline") {
			l.seq = i
		}
		names, places = append(names, quotedName(known[at].name)), append(places, place)
	}
	var err error
	l.insert, err = l.tx.PrepareContext(ctx, `INSERT INTO `+quotedName(head.Table)+` (`+strings.Join(names, ", ")+`)`+overriding+` VALUES (`+strings.Join(places, ", ")+`)`) //nolint:gosec // names of the catalogue
	return err
}

// end finishes a table: what the database numbers by itself goes on behind the rows that were loaded.
func (l *loader) end(ctx context.Context) error {
	if l.insert == nil {
		return nil
	}
	if err := l.insert.Close(); err != nil {
		return err
	}
	l.insert = nil
	for _, c := range l.columns[l.table] {
		if !c.identity {
			continue
		}
		_, err := l.tx.ExecContext(ctx, `SELECT setval(pg_get_serial_sequence($1, $2), coalesce((SELECT max(`+quotedName(c.name)+`) FROM `+quotedName(l.table)+`), 0) + 1, false)`, l.table, c.name) //nolint:gosec // names of the catalogue
		if err != nil {
			return fmt.Errorf("number the rows of %s on: %w", l.table, err)
		}
	}
	return nil
}

// partition makes the partition that a row of the journal or the timeline needs.
func (l *loader) partition(ctx context.Context, values []any) error {
	if l.seq < 0 {
		return nil
	}
	seq, ok := values[l.seq].(int64)
	if !ok || seq < 0 {
		return fmt.Errorf("table %s: seq: must be a number", l.table)
	}
	n := partitionOf(uint64(seq))
	if l.parts[n] {
		return nil
	}
	l.parts[n] = true
	return makePartition(ctx, l.tx, n)
}

// loadValue is the inverse of [dumpValue].
func loadValue(raw json.RawMessage) (any, error) {
	switch raw[0] {
	case 'n':
		return nil, nil //nolint:nilnil // NULL is a value
	case '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return text, err
	case '{':
		var b dumpBytes
		err := json.Unmarshal(raw, &b)
		return b.Base64, err
	default:
		var n int64
		err := json.Unmarshal(raw, &n)
		return n, err
	}
}
