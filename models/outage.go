package models

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	sqlite "github.com/glebarez/go-sqlite"
	"github.com/jackc/pgx/v5/pgconn"
	sqlite3 "modernc.org/sqlite/lib"
)

// Outage reports whether an error says that the database cannot be asked at the moment: it is starting, stopping, not to be reached, has no connection left, or
// its disk is full. What was asked may work later without anybody changing it.
func Outage(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		// Classes: connection exception, insufficient resources, operator intervention, system error. 57014 is a query that was cancelled, by us.
		class := pg.Code[:min(2, len(pg.Code))]
		return class == "08" || class == "53" || class == "58" || class == "57" && pg.Code != "57014" || pg.Code == "25006" // a standby
	}
	if errors.Is(err, context.Canceled) { // whoever asked has broken it off, perhaps while a connection was being made
		return false
	}
	var connect *pgconn.ConnectError
	var network *net.OpError
	if errors.As(err, &connect) || errors.As(err, &network) {
		return true
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
			return true
		}
		return false
	}
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	// database/sql has no word for it that could be compared.
	return err != nil && strings.Contains(err.Error(), "sql: database is closed")
}
