package api

import (
	"slices"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Switch is what this process, and not the rules, knows of a switch that it drives.
type Switch struct {
	ID   core.EngineID
	Kind string // asterisk, freeswitch ...
	// Version is asked at every look, because a switch tells it when it is connected; "" = not known yet.
	Version func() string
}

// engineItem is a switch in the list.
type engineItem struct {
	ID      core.EngineID `json:"id"`
	Up      bool          `json:"up"`
	Since   time.Time     `json:"since,omitzero"`
	Kind    string        `json:"kind,omitempty"`
	Version string        `json:"version,omitempty"`
}

// listEngines lists the switches that the rules have seen, and those that are set up and have not been connected yet.
func (s *Server) listEngines(r *request) (reply, error) {
	view := s.Live.View()
	out := live[engineItem]{Position: view.Position(), Items: []engineItem{}}
	for e := range view.Engines() {
		out.Items = append(out.Items, engineItem{ID: e.ID, Up: e.Up, Since: e.Since})
	}
	for _, sw := range s.Switches {
		i := slices.IndexFunc(out.Items, func(item engineItem) bool { return item.ID == sw.ID })
		if i < 0 {
			i = len(out.Items)
			out.Items = append(out.Items, engineItem{ID: sw.ID})
		}
		out.Items[i].Kind, out.Items[i].Version = sw.Kind, sw.Version()
	}
	slices.SortFunc(out.Items, func(a, b engineItem) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return ok(out)
}
