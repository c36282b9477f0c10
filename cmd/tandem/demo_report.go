package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// step is one step of the story with what was observed.
type step struct {
	Name     string  `json:"name"`
	Features string  `json:"features"` // rows of the feature list that it shows
	Seen     string  `json:"seen"`     // on the phones and in the records
	Seconds  float64 `json:"seconds"`
	OK       bool    `json:"ok"`
	Error    string  `json:"error,omitempty"`
}

func (d *demo) report(s step) {
	d.steps = append(d.steps, s)
	mark := "ok    "
	if !s.OK {
		mark = "FAILED"
	}
	d.say("%s %s: %s%s", mark, s.Name, s.Seen, s.Error)
}

// summary writes var/demo/summary.json and prints the table.
func (d *demo) summary(failure error) error {
	all := struct {
		OK      bool      `json:"ok"`
		At      time.Time `json:"at"`
		Seconds float64   `json:"seconds"`
		Engine  string    `json:"engine"`
		Steps   []step    `json:"steps"`
	}{failure == nil, time.Now().UTC(), time.Since(d.began).Seconds(), d.engine, d.steps}
	body, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	path := filepath.Join(demoDir, "summary.json")
	if err := os.WriteFile(path, append(body, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	d.print.Lock()
	defer d.print.Unlock()
	wide := 0
	for _, s := range d.steps {
		wide = max(wide, len(s.Name))
	}
	_, _ = fmt.Fprintf(d.out, "\n%-4s %-*s %-10s %s\n", "", wide, "step", "features", "observed")
	for _, s := range d.steps {
		mark := "ok"
		if !s.OK {
			mark = "FAIL"
		}
		_, _ = fmt.Fprintf(d.out, "%-4s %-*s %-10s %s%s\n", mark, wide, s.Name, s.Features, s.Seen, s.Error)
	}
	_, _ = fmt.Fprintf(d.out, "\n%d steps in %.1f s; %s\n", len(d.steps), all.Seconds, path)
	return nil
}
