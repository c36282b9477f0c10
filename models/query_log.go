package models

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// slowQuery is from when on a query is worth a line in the log.
const slowQuery = time.Second

// queryLog passes on what gorm has to say about queries that failed or were slow. It says nothing about those of which the database refused what
// was asked: the caller is told, in words that name the field. Nor of those that were given up because nobody waits for them any more, as when Tandem is stopped.
type queryLog struct{ logger.Interface }

// gorm's Scan logs by way of a recorder that does not know of ParameterizedQueries: without this the values of its queries would be in the log.
func init() {
	logger.RecorderParamsFilter = func(_ context.Context, sql string, _ ...any) (string, []any) { return sql, nil }
}

func newQueryLog() queryLog {
	return queryLog{logger.NewSlogLogger(slog.Default(), logger.Config{
		LogLevel: logger.Warn, SlowThreshold: slowQuery, IgnoreRecordNotFoundError: true, ParameterizedQueries: true,
	})}
}

// LogMode implements [logger.Interface]. Who asks to see every query sees every query.
func (l queryLog) LogMode(level logger.LogLevel) logger.Interface {
	if level >= logger.Info {
		return l.Interface.LogMode(level)
	}
	return queryLog{l.Interface.LogMode(level)}
}

// Trace implements [logger.Interface]. Most queries end at the first condition; gorm's own Trace would put each one's text together before it looks.
func (l queryLog) Trace(ctx context.Context, begin time.Time, text func() (sql string, rows int64), err error) {
	if refused(err) || err != nil && errors.Is(ctx.Err(), context.Canceled) {
		err = nil
	}
	if err == nil && time.Since(begin) < slowQuery {
		return
	}
	l.Interface.Trace(ctx, begin, text, err)
}

// ParamsFilter implements [gorm.ParamsFilter]: values stay out of the log, they are callers' names and numbers.
func (queryLog) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) {
	return sql, nil
}

// refused reports whether the database refused a write because of what it has already.
func refused(err error) bool {
	return errors.Is(err, gorm.ErrDuplicatedKey) || errors.Is(err, gorm.ErrForeignKeyViolated)
}
