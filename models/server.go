package models

import (
	"context"
	"fmt"
	"time"
)

// Server tells which version the database is of, and what time it has. SQLite has the time of this machine.
func (db *DB) Server(ctx context.Context) (version string, clock time.Time, err error) {
	if db.dialect == SQLite {
		err = db.rawR.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&version)
		clock = time.Now()
	} else {
		err = db.rawR.QueryRowContext(ctx, `SELECT current_setting('server_version'), clock_timestamp()`).Scan(&version, &clock)
	}
	if err != nil {
		return "", time.Time{}, fmt.Errorf("ask the database for its version: %w", err)
	}
	return version, clock, nil
}
