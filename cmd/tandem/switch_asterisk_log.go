package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// Asterisk's log grows for ever: Asterisk puts it away when it is told to, and never throws anything away.
const (
	logMost     = 20 << 20 // bytes, above which it is put away
	logsKept    = 4        // of those that were put away: messages.1 is the last
	logLookedAt = time.Minute
)

// keepLog puts Asterisk's log away whenever it is full, until ctx ends. Of several processes one does it: who may.
func (a asteriskDriver) keepLog(ctx context.Context, may func() bool, log *slog.Logger) {
	if a.log == "" {
		return
	}
	tick := time.NewTicker(logLookedAt)
	defer tick.Stop()
	for {
		if may() {
			if err := a.putLogAway(ctx, logMost); err != nil && ctx.Err() == nil {
				log.Warn("the switch's log cannot be put away, and grows", "engine", string(a.ID()), "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// putLogAway renames a log that has more than most bytes, and has Asterisk begin another. Asterisk writes to the renamed one until it does: nothing is lost.
func (a asteriskDriver) putLogAway(ctx context.Context, most int64) error {
	info, err := os.Stat(a.log)
	name := func(n int) string { return fmt.Sprintf("%s.%d", a.log, n) }
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(name(1)); errors.Is(err, fs.ErrNotExist) {
			return nil // Asterisk has not begun one yet
		}
		return a.ReopenLog(ctx, filepath.Base(a.log)) // renamed, and Asterisk has not been told
	}
	if err != nil || info.Size() <= most {
		return err
	}
	for n := logsKept - 1; n >= 1; n-- {
		if err := os.Rename(name(n), name(n+1)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(a.log, name(1)); err != nil {
		return err
	}
	return a.ReopenLog(ctx, filepath.Base(a.log))
}
