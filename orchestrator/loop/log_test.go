package loop

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// lines is a log to look into.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) read(t *testing.T) []map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []map[string]any
	for d := json.NewDecoder(&l.buf); d.More(); {
		line := map[string]any{}
		require.NoError(t, d.Decode(&line))
		all = append(all, line)
	}
	return all
}

// One line per event with its ids, and no caller's number or name in any of them, a panic's text included.
func TestLogHasIDsAndNoNumbers(t *testing.T) {
	log := &lines{}
	store, b := &watchedStore{}, newBoard()
	g := &bug{bites: func(ev core.Event) bool { _, ok := ev.(core.Held); return ok }}
	g.left.Store(1)
	cfg := config(store, b)
	cfg.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg.rules = plant(g.before, nil)
	l := open(t, cfg, 1)
	b.says(caller(1), core.LegAnswered{Leg: caller(1).Leg}, core.Held{Leg: caller(1).Leg, On: true})
	b.await(t, "the broken call to be hung up", func(e core.Effect) bool { return doing[core.Hang](e) && e.ID == 0 })
	require.NoError(t, l.Stop())
	events := map[string]map[string]any{}
	for _, line := range log.read(t) {
		text, err := json.Marshal(line)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "1700000001")
		assert.NotContains(t, string(text), "Caller")
		if line["msg"] == "event" {
			events[as[string](line["kind"])] = line
		}
	}
	answered := events["leg.answered"]
	require.NotNil(t, answered)
	assert.Equal(t, "s1", answered["shard"])
	assert.Equal(t, string(caller(1).Leg), answered["leg"])
	assert.NotEmpty(t, answered["call"])
	assert.Equal(t, answered["call"], events["leg.appeared"]["call"])
}
