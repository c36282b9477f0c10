package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/glebarez/sqlite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// Dialect names the database behind a [DB].
type Dialect string

// The dialects.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// DB is an open database. All its methods are safe for concurrent use.
type DB struct {
	dialect Dialect
	write   *gorm.DB // transactions and single writes
	read    *gorm.DB // reads that need not see a transaction of ours
	rawW    *sql.DB
	rawR    *sql.DB
}

// How many connections are kept. The hot path needs one; the rest serves readers, the projector and jobs.
const (
	postgresConns = 16
	sqliteReaders = 4
)

// Open opens a database by its URL:
//
//	sqlite:PATH              a file; its directory is made if it is missing
//	postgres://USER@HOST/DB  as libpq takes it; a password may come from PGPASSWORD, PGPASSFILE or the URL
//
// A SQLite URL may end in ?synchronous=full. The default, normal, survives the death of the process; a power cut may cost the last moments,
// but it ends the calls of a one-machine site as well. Open does not migrate: see [DB.Migrate].
func Open(ctx context.Context, rawURL string) (*DB, error) {
	switch {
	case strings.HasPrefix(rawURL, "sqlite:"):
		return openSQLite(ctx, strings.TrimPrefix(rawURL, "sqlite:"))
	case strings.HasPrefix(rawURL, "postgres://"), strings.HasPrefix(rawURL, "postgresql://"):
		return openPostgres(ctx, rawURL)
	default:
		return nil, errors.New("database URL: must begin with sqlite: or postgres://")
	}
}

// Dialect tells which database this is.
func (db *DB) Dialect() Dialect { return db.dialect }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.rawW.PingContext(ctx); err != nil {
		return fmt.Errorf("ping %s: %w", db.dialect, err)
	}
	return nil
}

// Close closes all connections. It waits for queries that are running.
func (db *DB) Close() error {
	err := db.rawW.Close()
	if db.rawR != db.rawW {
		err = errors.Join(err, db.rawR.Close())
	}
	if err != nil {
		return fmt.Errorf("close %s: %w", db.dialect, err)
	}
	return nil
}

func gormConfig() *gorm.Config {
	return &gorm.Config{
		TranslateError:         true, // gorm.ErrDuplicatedKey and friends on both databases
		SkipDefaultTransaction: true, // single statements are atomic anyway
		NowFunc:                now,
		DisableAutomaticPing:   true, // Open asks itself, within its context, and says what came of it once
		Logger:                 newQueryLog(),
	}
}

func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("parse database URL: %w", err) // pgx redacts the password
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 5 * time.Second
	}
	if _, set := cfg.RuntimeParams["application_name"]; !set {
		cfg.RuntimeParams["application_name"] = "tandem"
	}
	raw := stdlib.OpenDB(*cfg)
	raw.SetMaxOpenConns(postgresConns)
	raw.SetMaxIdleConns(postgresConns)
	var g *gorm.DB
	err = raw.PingContext(ctx) // first, since gorm would log the same failure beside returning it
	if err == nil {
		g, err = gorm.Open(postgres.New(postgres.Config{Conn: raw}), gormConfig())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open postgres: %w", err), raw.Close())
	}
	return &DB{dialect: Postgres, write: g, read: g, rawW: raw, rawR: raw}, nil
}

func openSQLite(ctx context.Context, rest string) (*DB, error) {
	path, query, _ := strings.Cut(rest, "?")
	opts, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("parse database URL: %w", err)
	}
	synchronous := "normal"
	for name, values := range opts {
		if name != "synchronous" || (values[0] != "normal" && values[0] != "full") {
			return nil, fmt.Errorf("database URL: option %s=%s is not known; synchronous may be normal or full", name, values[0])
		}
		synchronous = values[0]
	}
	if path == "" || strings.Contains(path, ":memory:") {
		return nil, errors.New("database URL: sqlite: must be followed by the path of a file")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("database URL: sqlite: must be followed by the path of a file; %s is a directory", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("make the database's directory: %w", err)
	}
	if err := ownersOnly(path); err != nil {
		return nil, err
	}
	dsn := func(extra ...string) string {
		q := url.Values{"_pragma": append([]string{
			"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(" + synchronous + ")", "foreign_keys(1)",
		}, extra...), "_txlock": {"immediate"}}
		return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
	}
	write, rawW, err := openSQLitePool(ctx, dsn(), 1)
	if err != nil {
		return nil, err
	}
	read, rawR, err := openSQLitePool(ctx, dsn("query_only(1)"), sqliteReaders)
	if err != nil {
		return nil, errors.Join(err, rawW.Close())
	}
	return &DB{dialect: SQLite, write: write, read: read, rawW: rawW, rawR: rawR}, nil
}

// ownersOnly makes a new database's file readable for its owner only, whatever the umask and the directory are: callers' names and numbers are in
// it. SQLite gives its companions (-wal, -shm) the same mode. A file that is there keeps the mode that somebody may have chosen.
func ownersOnly(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return fmt.Errorf("make the database's file: %w", err)
	}
	return nil
}

func openSQLitePool(ctx context.Context, dsn string, conns int) (*gorm.DB, *sql.DB, error) {
	raw, err := sql.Open(sqlite.DriverName, dsn)
	if err != nil {
		return nil, nil, fmt.Errorf("open sqlite: %w", err)
	}
	raw.SetMaxOpenConns(conns)
	raw.SetMaxIdleConns(conns)
	g, err := gorm.Open(&sqlite.Dialector{Conn: raw}, gormConfig())
	if err == nil {
		err = raw.PingContext(ctx)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open sqlite: %w", err), raw.Close())
	}
	return g, raw, nil
}

// readTransaction runs reads that must see one state of the database.
func (db *DB) readTransaction(ctx context.Context, f func(tx *gorm.DB) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if db.dialect == Postgres {
		opts.Isolation = sql.LevelRepeatableRead
	}
	return db.read.WithContext(ctx).Transaction(f, opts)
}
