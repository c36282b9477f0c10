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
	"strings"
	"unicode/utf8"
)

// A dump is the whole of a database as lines of JSON, the same for SQLite and PostgreSQL, so that a site can be moved from one to the other:
//
//	{"schema": 11, "dialect": "sqlite"}
//	{"table": "tenants", "columns": ["id", "version", …]}
//	["acme", 1, …]
//	…
//
// Tables come in the order in which they were made: what refers to another table comes behind it. Bytes, and text that is not valid UTF-8, are {"base64": "…"}. It is a
// dump of our own and not pg_dump's because a program of a matching version need not be there, and because it is tested on both databases.

// dumpHead is the first line.
type dumpHead struct {
	Schema  int64   `json:"schema"`
	Dialect Dialect `json:"dialect"`
}

// dumpTable begins a table.
type dumpTable struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
}

// dumpBytes is a value that JSON has no form for.
type dumpBytes struct {
	Base64 []byte `json:"base64"`
}

// DumpStats says what is in a dump.
type DumpStats struct {
	Schema int64          `json:"schema"`
	Rows   map[string]int `json:"rows"` // by table
}

// tableColumn is a column of a table, as the catalogue has it.
type tableColumn struct {
	name     string
	json     bool // of PostgreSQL, which wants to be told
	identity bool // numbered by the database
}

// catalogue lists the tables of a database but goose's own, in the order in which they were made, each with its columns.
func (db *DB) catalogue(ctx context.Context, q queryer) (tables []string, columns map[string][]tableColumn, err error) {
	query := `SELECT m.name, c.name, '', '' FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'goose_db_version' ORDER BY m.rowid, c.cid`
	if db.dialect == Postgres {
		query = `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attidentity::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
			WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'goose_db_version'
			AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.oid, a.attnum`
	}
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return nil, nil, fmt.Errorf("list tables: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns = map[string][]tableColumn{}
	for rows.Next() {
		var table, kind, identity string
		var c tableColumn
		if err := rows.Scan(&table, &c.name, &kind, &identity); err != nil {
			return nil, nil, fmt.Errorf("list tables: %w", err)
		}
		c.json, c.identity = strings.HasPrefix(kind, "json"), identity != ""
		if columns[table] == nil {
			tables = append(tables, table)
		}
		columns[table] = append(columns[table], c)
	}
	return tables, columns, rows.Err()
}

// queryer is a connection or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Dump writes everything that is in the database, as it is at one moment. Nobody waits for it but vacuuming.
func (db *DB) Dump(ctx context.Context, to io.Writer) (stats DumpStats, err error) {
	have, _, err := db.Version(ctx)
	if err != nil {
		return stats, err
	}
	opts := &sql.TxOptions{ReadOnly: true}
	if db.dialect == Postgres {
		opts.Isolation = sql.LevelRepeatableRead
	}
	tx, err := db.rawR.BeginTx(ctx, opts)
	if err != nil {
		return stats, fmt.Errorf("begin the dump: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it has written nothing
	out := bufio.NewWriterSize(to, 1<<16)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	if err := lines.Encode(dumpHead{have, db.dialect}); err != nil {
		return stats, fmt.Errorf("write the dump: %w", err)
	}
	stats = DumpStats{Schema: have, Rows: map[string]int{}}
	tables, columns, err := db.catalogue(ctx, tx)
	if err != nil {
		return stats, err
	}
	for _, table := range tables {
		if stats.Rows[table], err = dumpRows(ctx, tx, lines, table, columns[table]); err != nil {
			return stats, fmt.Errorf("dump the table %s: %w", table, err)
		}
	}
	if err := out.Flush(); err != nil {
		return stats, fmt.Errorf("write the dump: %w", err)
	}
	return stats, nil
}

func dumpRows(ctx context.Context, tx queryer, lines *json.Encoder, table string, columns []tableColumn) (n int, err error) {
	head := dumpTable{Table: table}
	var wanted []string
	for _, c := range columns {
		head.Columns = append(head.Columns, strings.ToLower(c.name))
		name := quotedName(c.name)
		if c.json {
			name += "::text"
		}
		wanted = append(wanted, name)
	}
	if err := lines.Encode(head); err != nil {
		return 0, err
	}
	rows, err := tx.QueryContext(ctx, `SELECT `+strings.Join(wanted, ", ")+` FROM `+quotedName(table))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for ; rows.Next(); n++ {
		if err := rows.Scan(into...); err != nil {
			return n, err
		}
		for i, v := range values {
			if values[i], err = dumpValue(v); err != nil {
				return n, fmt.Errorf("%s: %w", columns[i].name, err)
			}
		}
		if err := lines.Encode(values); err != nil {
			return n, err
		}
	}
	return n, rows.Err()
}

// dumpValue gives a value a form in JSON that [loadValue] gives back as it was.
func dumpValue(v any) (any, error) {
	switch v := v.(type) {
	case nil, int64:
		return v, nil
	case []byte:
		return dumpBytes{bytes.Clone(v)}, nil
	case string:
		if !utf8.ValidString(v) {
			return dumpBytes{[]byte(v)}, nil // JSON would replace what is not valid
		}
		return v, nil
	default:
		return nil, fmt.Errorf("a %T has no form in a dump", v)
	}
}

func quotedName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
