package models

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// rowset is many rows on their way into one statement. It stands in the statement as a table named r, so that INSERT ... SELECT, UPDATE ... FROM and joins
// treat any number of rows in one round trip. Postgres gets an array for each column, SQLite one JSON text: either way the statement's text does not
// depend on the number of rows, and is prepared once.
//
// It is for what happens with every call. For the rest there is gorm.
type rowset struct {
	columns []column
	n       int
	texts   [][]string // by column; nil where it holds numbers
	numbers [][]int64  // by column; nil where it holds text
}

// column is a column of a rowset.
type column struct {
	name string
	kind string // text, bigint; json is text that Postgres has to be told about
}

func (c column) number() bool { return c.kind == "bigint" }

// rowOf reads the columns of a row from "name kind" pairs.
func rowOf(specs ...string) []column {
	out := make([]column, len(specs))
	for i, s := range specs {
		out[i].name, out[i].kind, _ = strings.Cut(s, " ")
	}
	return out
}

func newRowset(columns []column) *rowset {
	return &rowset{columns: columns, texts: make([][]string, len(columns)), numbers: make([][]int64, len(columns))}
}

// column1 is a rowset of one column of text: a list of ids.
func column1(name string, values []string) *rowset {
	return &rowset{columns: []column{{name: name, kind: "text"}}, n: len(values), texts: [][]string{values}, numbers: [][]int64{nil}}
}

// add adds a row: a string or an int64 for each column.
func (r *rowset) add(values ...any) {
	if len(values) != len(r.columns) {
		panic(fmt.Sprintf("a row of %d values for %d columns", len(values), len(r.columns)))
	}
	for i, v := range values {
		switch v := v.(type) {
		case string:
			r.texts[i] = append(r.texts[i], v)
		case int64:
			r.numbers[i] = append(r.numbers[i], v)
		default:
			panic(fmt.Sprintf("column %s cannot hold a %T", r.columns[i].name, v))
		}
	}
	r.n++
}

// from is the rowset as a table expression named r, whose parameters begin with $first.
func (r *rowset) from(d Dialect, first int) string {
	var b strings.Builder
	if d == SQLite {
		b.WriteString("(SELECT ")
		for i, c := range r.columns {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString("value ->> " + strconv.Itoa(i) + " AS " + c.name)
		}
		b.WriteString(" FROM json_each($" + strconv.Itoa(first) + ")) AS r")
		return b.String()
	}
	b.WriteString("unnest(")
	for i, c := range r.columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(first+i))
		if c.number() {
			b.WriteString("::bigint[]")
		} else {
			b.WriteString("::text[]")
		}
	}
	b.WriteString(") AS r (" + r.names() + ")")
	return b.String()
}

func (r *rowset) names() string {
	names := make([]string, len(r.columns))
	for i, c := range r.columns {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

// args are the parameters that go with from.
func (r *rowset) args(d Dialect) ([]any, error) {
	args := make([]any, len(r.columns))
	for i, c := range r.columns {
		if c.number() {
			args[i] = r.numbers[i]
		} else {
			args[i] = r.texts[i]
		}
	}
	if d != SQLite {
		return args, nil
	}
	rows := make([][]any, r.n)
	cells := make([]any, r.n*len(r.columns))
	for i := range rows {
		rows[i] = cells[i*len(r.columns) : (i+1)*len(r.columns)]
		for j, c := range r.columns {
			if c.number() {
				rows[i][j] = r.numbers[j][i]
			} else {
				rows[i][j] = r.texts[j][i]
			}
		}
	}
	body, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("encode rows: %w", err)
	}
	return []any{string(body)}, nil
}

// session is a connection or a transaction that takes rowsets.
type session struct {
	sqlConn
	dialect Dialect
}

// sqlConn is what *sql.DB and *sql.Tx have in common.
type sqlConn interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// insertion puts rows into a table, in their order.
type insertion struct {
	table    string
	rows     *rowset
	conflict string // what is to be done about rows that are there: "DO NOTHING", "(id) DO UPDATE SET ..."
}

// insert carries out insertions into different tables: on Postgres in one statement, and so in one round trip.
func (s session) insert(ctx context.Context, all ...insertion) error {
	all = slices.DeleteFunc(all, func(i insertion) bool { return i.rows.n == 0 })
	if s.dialect == SQLite {
		for _, i := range all {
			if err := s.insertTogether(ctx, i); err != nil {
				return err
			}
		}
		return nil
	}
	return s.insertTogether(ctx, all...)
}

// insertTogether makes WITH into_a AS (INSERT INTO a ...), into_b AS (INSERT INTO b ...) INSERT INTO c ...
func (s session) insertTogether(ctx context.Context, all ...insertion) error {
	if len(all) == 0 {
		return nil
	}
	var tables, before []string
	var last string
	var args []any
	for _, i := range all {
		values, err := i.rows.args(s.dialect)
		if err != nil {
			return err
		}
		if last != "" {
			before = append(before, "into_"+tables[len(tables)-1]+" AS ("+last+")")
		}
		last = i.statement(s.dialect, len(args)+1)
		tables, args = append(tables, i.table), append(args, values...)
	}
	if len(before) > 0 {
		last = "WITH " + strings.Join(before, ", ") + " " + last
	}
	if _, err := s.ExecContext(ctx, last, args...); err != nil {
		return fmt.Errorf("write %s: %w", strings.Join(tables, ", "), err)
	}
	return nil
}

func (i insertion) statement(d Dialect, first int) string {
	// "WHERE true": without it SQLite takes ON for a join's.
	return `INSERT INTO ` + i.table + ` (` + i.rows.names() + `) SELECT ` + i.rows.selection(d) + ` FROM ` + i.rows.from(d, first) +
		` WHERE true ON CONFLICT ` + i.conflict
}

func (r *rowset) selection(d Dialect) string {
	names := make([]string, len(r.columns))
	for i, c := range r.columns {
		names[i] = "r." + c.name
		if c.kind == "json" && d == Postgres {
			names[i] += "::json"
		}
	}
	return strings.Join(names, ", ")
}

// exec runs a statement in which {rows} stands for the rowset; its parameters follow args. It tells how many rows were affected.
func (s session) exec(ctx context.Context, r *rowset, statement string, args ...any) (int64, error) {
	rows, err := r.args(s.dialect)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(ctx, strings.Replace(statement, "{rows}", r.from(s.dialect, len(args)+1), 1), append(args, rows...)...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// query runs a query in which {rows} stands for the rowset, and calls scan for each row of the result.
func (s session) query(ctx context.Context, r *rowset, statement string, args []any, scan func(rows *sql.Rows) error) (err error) {
	values, err := r.args(s.dialect)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(ctx, strings.Replace(statement, "{rows}", r.from(s.dialect, len(args)+1), 1), append(args, values...)...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// direct is a session for single statements.
func (db *DB) direct() session { return session{sqlConn: db.rawW, dialect: db.dialect} }

// transaction runs f in a transaction: all of what it writes becomes durable, or, if it fails, nothing.
func (db *DB) transaction(ctx context.Context, f func(tx session) error) (err error) {
	tx, err := db.rawW.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { // also for a panic
		if rb := tx.Rollback(); rb != nil && !errors.Is(rb, sql.ErrTxDone) {
			err = errors.Join(err, rb)
		}
	}()
	if err := f(session{sqlConn: tx, dialect: db.dialect}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
