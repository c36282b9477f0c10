package core

import "testing"

// TestProtectedNumberIsInNoNameC2: with data protection on, what an agent's phone shows holds no number, whichever field the network put it in.
func TestProtectedNumberIsInNoNameC2(t *testing.T) {
	for name, want := range map[string]string{
		"+49 30 12345678": "5678", "493012345678": "5678", "sip:493012345678": "5678", "٤٩٣٠١٢٣٤٥٦٧٨": "٥٦٧٨",
		"Ada Lovelace": "Ada Lovelace", "Room 1024": "Room 1024", "": "",
	} {
		for _, protected := range []bool{true, false} {
			if !protected {
				want = name
			}
			s := New("test", 1)
			s.Step(dayOne, EngineUp{Engine: "pbx"})
			s.Step(dayOne, ConfigChanged{
				Tenants: []Tenant{{ID: "acme", MaskNumbers: protected}}, Agents: []AgentSetup{{ID: "ann", Tenant: "acme", Phone: "201"}},
				Queues:      []Queue{{ID: "sales", Tenant: "acme", Members: []Membership{{Agent: "ann"}}}},
				EntryPoints: []EntryPoint{{ID: "main", Tenant: "acme", Numbers: []string{"100"}, Queue: "sales"}},
			})
			s.Step(dayOne, SetAgentState{Agent: "ann", State: Available})
			out := s.Step(dayOne, LegAppeared{Engine: "pbx", Leg: "c1", From: "+493012345678", Name: name, To: "100"})
			rung := false
			for _, e := range out.Effects {
				if d, ok := e.Do.(Dial); ok {
					rung = true
					if d.FromName != want {
						t.Errorf("protected %t: %q is shown as %q, not %q", protected, name, d.FromName, want)
					}
				}
			}
			if !rung {
				t.Fatal("no phone was rung")
			}
		}
	}
}
