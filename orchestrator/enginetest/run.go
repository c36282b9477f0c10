package enginetest

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// scenario is one thing that an engine must do.
type scenario struct {
	name     string
	clauses  string // of the contract in the package doc of orchestrator/engine, and what of them is proved
	features string // ids of features that stand on it; "" = all
	run      func(*stage)
}

// Run proves the contract of an engine. start makes a world for one scenario, with nothing on its switch; what it starts it ends by t.Cleanup. A
// goroutine that outlives the scenario fails it, so a switch shared by the scenarios must have been started before Run.
func Run(t *testing.T, start func(t *testing.T) World) {
	t.Helper()
	var all []scenario
	for _, part := range [][]scenario{arriving(), dialling(), mixing(), conferring(), pressing(), playing(), recordings(), cutOff(), bounds()} {
		all = append(all, part...)
	}
	seen := map[string]bool{}
	for _, sc := range all {
		if seen[sc.name] || sc.clauses == "" {
			t.Fatalf("scenario %q must have a name of its own and say what it proves", sc.name)
		}
		seen[sc.name] = true
	}
	for _, sc := range all {
		t.Run(strings.ReplaceAll(sc.name, " ", "_"), func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			t.Cleanup(func() { // registered first, so it comes last
				// A switch that a scenario has restarted is a child process of this one, and somebody waits for it.
				err := goleak.Find(before, goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"))
				for by := time.Now().Add(Patience); err != nil && time.Now().Before(by); { // it has half a second of patience itself
					err = goleak.Find(before, goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"))
				}
				if err != nil {
					t.Errorf("goroutines are left: %v", err)
				}
			})
			if testing.Verbose() {
				t.Logf("proves %s %s", sc.clauses, sc.features)
			}
			s := newStage(t, start(t))
			sc.run(s)
			s.finish()
		})
	}
}
