package core_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tandem-voice/tandem/"

// only says which packages of ours a package, or a tree of them ("ari/..."), may import. Everything else of ours is forbidden, for the reason given.
var only = []struct {
	of  string
	may []string
	why string
}{
	{"orchestrator/core", nil, "the rules are pure: nothing beneath them, so that everything can stand on them"},
	{"orchestrator/engine", []string{"orchestrator/core"}, "the port between the rules and a switch speaks the words of the rules alone"},
	{"orchestrator/journal", []string{"orchestrator/core"}, "the port between the loop and a database knows events, and neither of its two sides"},
	{"orchestrator/loop", []string{"orchestrator/core", "orchestrator/engine", "orchestrator/journal"}, "the loop drives ports: which switch and which database is wired in cmd"},
	{"orchestrator/traces", []string{"orchestrator/core", "orchestrator/journal"}, "traces show what was decided; they decide nothing and ask nobody"},
	{"orchestrator/sim", []string{"orchestrator/core", "orchestrator/engine", "orchestrator/journal"}, "a simulated world that knew a real adapter or database would be neither fast nor reproducible"},
	{"orchestrator/engine/adapter", []string{"orchestrator/core", "orchestrator/engine"}, "what adapters have in common is what is no switch's own"},
	{"ari/...", []string{"ari/...", "orchestrator/core", "orchestrator/engine/..."}, "an adapter turns the words of one switch into those of the rules; it knows no other adapter, no database and no API"},
	{"esl/...", []string{"esl/...", "orchestrator/core", "orchestrator/engine/..."}, "an adapter turns the words of one switch into those of the rules; it knows no other adapter, no database and no API"},
	{"orchestrator/figures", []string{"orchestrator/core"}, "figures are computed from what was measured, wherever that is kept"},
	{"models/...", []string{"models/...", "orchestrator/core", "orchestrator/figures", "orchestrator/journal"}, "storage keeps what it is given: it decides nothing and talks to no switch"},
	{"orchestrator/jobs", []string{"orchestrator/core", "models"}, "a job works from its row: it is never on a live call's path, and reaches a switch through a port that cmd hands it"},
	{"orchestrator/lines", []string{"orchestrator/core"}, "phones and trunks are files, and an order to read them: what is in them, and which switch it is, cmd hands it"},
	{"api", []string{"api/...", "orchestrator/core", "orchestrator/figures", "orchestrator/loop", "models"}, "the API asks the loop and reads the views and the tables; a switch it never touches"},
	{"api/client", []string{"orchestrator/core"}, "a client of the API must not bring the server with it"},
	{"orchestrator/enginetest", []string{"orchestrator/core", "orchestrator/engine"}, "the contract holds for every adapter, so it knows none"},
	{"orchestrator/enginetest/phones", []string{"orchestrator/core", "orchestrator/engine", "orchestrator/enginetest", "orchestrator/softphone"}, "the contract with real phones holds for every adapter, so it knows none"},
	{"orchestrator/enginetest/lab", []string{"docker/..."}, "the lab starts a switch with the files that everybody uses; who drives it is its tests' affair"},
	{"docker/...", []string{"docker/..."}, "a switch's files are filled with what they are given: they know no rules, no database and no API"},
	{"web", nil, "the app is files: it speaks to the API over HTTP, as every other client"},
	{"web/e2e", []string{"web"}, "scenes are played at a server that somebody else has started"},
	{"orchestrator/softphone", nil, "a phone that shared code with what it tests would share its mistakes"},
}

// testSupport is for tests; the command has some of it too, for demo, sim and bench.
var testSupport = []string{"orchestrator/enginetest/...", "orchestrator/journal/journaltest", "models/dbtest", "orchestrator/softphone", "orchestrator/sim", "web/e2e"}

// owners says who may import a library. Others have a reason to go through its owner.
var owners = []struct {
	library string
	may     []string
	why     string
}{
	{"gorm.io/", []string{"models/..."}, "SQL and its dialects stay in one place"},
	{"github.com/glebarez/", []string{"models/..."}, "SQL and its dialects stay in one place"},
	{"github.com/jackc/pgx", []string{"models/...", "cmd/tandem-bench"}, "SQL and its dialects stay in one place; the bench only asks its Postgres whether it is up"},
	{"modernc.org/sqlite", []string{"models/..."}, "SQL and its dialects stay in one place"},
	{"database/sql", []string{"models/...", "cmd/..."}, "SQL and its dialects stay in one place"},
	{"github.com/pressly/goose", []string{"models/...", "cmd/..."}, "migrations belong to the tables"},
	{"github.com/CyCoreSystems/ari", []string{"ari/..."}, "the words of Asterisk stay in its adapter"},
	{"github.com/coder/websocket", []string{"ari/..."}, "one websocket, with its limits, to one switch"},
	{"github.com/percipia/eslgo", []string{"esl/..."}, "the words of FreeSWITCH stay in its adapter"},
	{"github.com/gin-gonic/", []string{"api/...", "cmd/..."}, "HTTP is a way in, not a part of what is decided"},
	{"github.com/hibiken/asynq", []string{"orchestrator/jobs", "cmd/..."}, "what asynq brings late must never be on a live call's path"},
	{"github.com/redis/", []string{"orchestrator/jobs", "cmd/...", "models/dbtest"}, "Redis carries jobs and nothing else: the database is the truth"},
	{"github.com/alicebob/miniredis", []string{"orchestrator/jobs", "cmd/..."}, "Redis carries jobs and nothing else: the database is the truth"},
	{"github.com/emiago/", []string{"orchestrator/softphone"}, "SIP is spoken by the soft phones alone: the switch does the rest"},
	{"go.opentelemetry.io/", []string{"orchestrator/traces"}, "how traces are written stays in one place; off, it costs nothing"},
	{"github.com/spf13/", nil, "one binary, the flag package, no framework for commands"},
}

// listed is what `go list` tells about a package.
type listed struct {
	ImportPath string
	Imports    []string
}

// TestDependencyDirection holds the packages to the direction in which they may know each other (docs/architecture.md): cmd wires, all else knows the rules' words and
// ports. Tests may import what they like.
func TestDependencyDirection(t *testing.T) {
	t.Parallel()
	for _, p := range listPackages(t) {
		for _, imp := range p.Imports {
			if why := forbidden(strings.TrimPrefix(p.ImportPath, module), imp); why != "" {
				t.Errorf("%s must not import %s: %s", p.ImportPath, imp, why)
			}
		}
	}
}

// TestForbiddenEdges tries the table itself: what it would catch, and what it must let through.
func TestForbiddenEdges(t *testing.T) {
	t.Parallel()
	for _, edge := range []struct {
		from, to string
		ok       bool
	}{
		{"orchestrator/core", "strings", true},
		{"orchestrator/core", "github.com/google/uuid", false},
		{"orchestrator/core", module + "orchestrator/engine", false},
		{"ari", module + "orchestrator/core", true},
		{"ari", module + "ari/wire", true},
		{"ari", module + "esl", false},
		{"esl/frame", module + "models", false},
		{"ari", module + "api", false},
		{"ari", "github.com/CyCoreSystems/ari/v6", true},
		{"orchestrator/loop", "github.com/CyCoreSystems/ari/v6", false},
		{"orchestrator/loop", module + "ari", false},
		{"orchestrator/loop", module + "models", false},
		{"models", "gorm.io/gorm", true},
		{"api", "gorm.io/gorm", false},
		{"api", module + "ari", false},
		{"api", module + "models", true},
		{"api", module + "cmd/tandem", false},
		{"orchestrator/jobs", "github.com/hibiken/asynq", true},
		{"orchestrator/loop", "github.com/hibiken/asynq", false},
		{"models", module + "models/dbtest", false},
		{"docker/freeswitch", module + "docker/asterisk", true},
		{"docker/asterisk", module + "orchestrator/core", false},
		{"orchestrator/enginetest/lab", module + "docker/certificate", true},
		{"orchestrator/enginetest/lab", module + "ari", false},
		{"cmd/tandem", module + "orchestrator/sim", true},
		{"cmd/tandem", module + "ari", true},
	} {
		if why := forbidden(edge.from, edge.to); (why == "") != edge.ok {
			t.Errorf("%s importing %s: %q", edge.from, edge.to, why)
		}
	}
}

// forbidden says why a package must not import another; "" if it may.
func forbidden(from, imp string) string {
	to, ours := strings.CutPrefix(imp, module)
	standard := !strings.Contains(strings.Split(imp, "/")[0], ".")
	if from == "orchestrator/core" && !standard && !ours {
		return "the rules use the standard library only"
	}
	for _, r := range only {
		if ours && within(from, r.of) && !withinAny(to, r.may) {
			return r.why
		}
	}
	for _, o := range owners {
		if strings.HasPrefix(imp, o.library) && !withinAny(from, o.may) {
			return o.why
		}
	}
	if ours && withinAny(to, testSupport) && !withinAny(from, testSupport) && !within(from, "cmd/...") {
		return "it is made for tests"
	}
	if ours && within(to, "cmd/...") && !within(from, "cmd/...") {
		return "cmd wires, and nobody wires cmd"
	}
	return ""
}

// TestTopLevelFolders: a new top-level folder needs a reason in docs/adr.
func TestTopLevelFolders(t *testing.T) {
	t.Parallel()
	known := []string{"cmd", "orchestrator", "ari", "esl", "api", "models", "docker", "web"}
	for _, p := range listPackages(t) {
		top, _, _ := strings.Cut(strings.TrimPrefix(p.ImportPath, module), "/")
		if !slices.Contains(known, top) {
			t.Errorf("%s stands in a new top-level folder: give the reason in docs/adr, then name it here", p.ImportPath)
		}
	}
}

// TestNamesOfPackages: a package is called by what it is about.
func TestNamesOfPackages(t *testing.T) {
	t.Parallel()
	for _, p := range listPackages(t) {
		for _, part := range strings.Split(p.ImportPath, "/") {
			if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "manager", "service", "services", "misc"}, part) {
				t.Errorf("%s: %q says nothing about what it is", p.ImportPath, part)
			}
		}
	}
}

// within reports whether a path is the pattern's, or in the pattern's tree.
func within(path, pattern string) bool {
	if tree, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == tree || strings.HasPrefix(path, tree+"/")
	}
	return path == pattern
}

func withinAny(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return within(path, p) })
}

func listPackages(t *testing.T) []listed {
	t.Helper()
	// -e: a package that somebody is in the middle of changing is listed all the same.
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v: %s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("read what go list says: %v", err)
		}
		all = append(all, p)
	}
	if len(all) < 5 {
		t.Fatalf("go list finds %d packages", len(all))
	}
	return all
}
