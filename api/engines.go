package api

import (
	"maps"
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
	Calls   int           `json:"calls"` // in progress there
	Lines   *linesItem    `json:"lines,omitempty"`
}

// linesItem is how it is with a switch's phones and trunks, where Tandem writes them.
type linesItem struct {
	Standing
	Registered *int         `json:"registered,omitempty"` // phones that can be reached; missing = not known
	Trunks     []trunkAtIts `json:"trunks"`
}

type trunkAtIts struct {
	Trunk string     `json:"trunk"`
	State TrunkState `json:"state"`
}

func (s *Server) linesAt(id core.EngineID) *linesItem {
	standing, ours := s.Lines.Standing(id)
	if !ours {
		return nil
	}
	out := &linesItem{Standing: standing, Trunks: []trunkAtIts{}}
	if standing.Registered != nil {
		n := len(standing.Registered)
		out.Registered = &n
	}
	for _, name := range slices.Sorted(maps.Keys(standing.Trunks)) {
		out.Trunks = append(out.Trunks, trunkAtIts{name, standing.Trunks[name]})
	}
	return out
}

// engineList is the switches, and the trunks that go out from them.
type engineList struct {
	live[engineItem]
	Trunks []trunkItem `json:"trunks"`
}

// trunkItem is a trunk by the name under which the switches know it. How it is doing only they know.
type trunkItem struct {
	Trunk   string          `json:"trunk"`
	Tenants []core.TenantID `json:"tenants"` // whose calls go out by it
}

// listEngines lists the switches that the rules have seen, and those that are set up and have not been connected yet.
func (s *Server) listEngines(r *request) (reply, error) {
	view := s.Live.View()
	out := engineList{live: live[engineItem]{Position: view.Position(), Items: []engineItem{}}, Trunks: []trunkItem{}}
	calls := map[core.EngineID]int{}
	for c := range view.Calls() {
		if c.Phase != core.Ended {
			calls[c.Engine]++
		}
	}
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
	for i := range out.Items {
		out.Items[i].Calls, out.Items[i].Lines = calls[out.Items[i].ID], s.linesAt(out.Items[i].ID)
	}
	tenants, err := s.Tenants.List(r.ctx(), "")
	if err != nil {
		return reply{}, err
	}
	for _, t := range tenants {
		name := t.Value.Dialling.Trunk
		if name == "" {
			continue
		}
		i := slices.IndexFunc(out.Trunks, func(x trunkItem) bool { return x.Trunk == name })
		if i < 0 {
			i = len(out.Trunks)
			out.Trunks = append(out.Trunks, trunkItem{Trunk: name})
		}
		out.Trunks[i].Tenants = append(out.Trunks[i].Tenants, t.Value.ID)
	}
	slices.SortFunc(out.Trunks, func(a, b trunkItem) int { return strings.Compare(a.Trunk, b.Trunk) })
	slices.SortFunc(out.Items, func(a, b engineItem) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return ok(out)
}
