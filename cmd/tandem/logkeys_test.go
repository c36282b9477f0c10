package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// keyForm is that of the keys of structured logs.
var keyForm = regexp.MustCompile(`^[a-z][a-z_]*$`)

// otherNames are keys that mean what another key means already.
var otherNames = map[string]string{
	"err": "error", "call_id": "call", "callid": "call", "cid": "call", "leg_id": "leg", "legid": "leg", "uuid": "leg", "channel_id": "leg", "queue_id": "queue", "agent_id": "agent",
	"switch": "engine", "engine_id": "engine", "job_id": "job", "request_id": "request", "number": "(no numbers above debug)", "from": "(no numbers above debug)", "to": "(no numbers above debug)",
	"phone": "(no numbers above debug)", "caller": "(no numbers above debug)", "name": "(no names above debug)",
}

// TestLogLinesAboutACallHaveItsIDs reads every call of a logger in the program: one key for one thing, and whoever names a leg names its call, so that one search finds all that was said of a call.
func TestLogLinesAboutACallHaveItsIDs(t *testing.T) {
	lines := 0
	root := "../.."
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		require.NoError(t, err)
		if d.IsDir() {
			if slices.Contains([]string{"web", "var", "bin", ".git", ".tools", "docs", "orchestrator/enginetest", "orchestrator/softphone", "orchestrator/sim", "cmd/tandem-bench"}, filepath.ToSlash(rel)) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if about, keys, logs := logCall(call); logs {
					lines++
					checkLogLine(t, set.Position(call.Pos()).String(), about, keys)
				}
			}
			return true
		})
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, lines, 80, "the test looks for logging that is done otherwise by now")
}

// logCall gives the level and the keys of a call of a logger. Keys that logOf adds are among them.
func logCall(call *ast.CallExpr) (level string, keys []string, ok bool) {
	sel, isSel := call.Fun.(*ast.SelectorExpr)
	if !isSel || !slices.Contains([]string{"Debug", "Info", "Warn", "Error"}, sel.Sel.Name) || len(call.Args) == 0 {
		return "", nil, false
	}
	switch receiver := sel.X.(type) {
	case *ast.Ident:
		ok = receiver.Name == "log"
	case *ast.SelectorExpr:
		ok = slices.Contains([]string{"log", "Log", "Logger"}, receiver.Sel.Name)
	case *ast.CallExpr:
		if of, isOf := receiver.Fun.(*ast.SelectorExpr); isOf && of.Sel.Name == "logOf" {
			ok, keys = true, append(keys, "call", "leg")
		}
	}
	for i := 1; ok && i < len(call.Args); i += 2 {
		if lit, isLit := call.Args[i].(*ast.BasicLit); isLit {
			key, _ := strconv.Unquote(lit.Value) // not a string: the form is wrong, too
			keys = append(keys, key)
		}
	}
	return sel.Sel.Name, keys, ok
}

func checkLogLine(t *testing.T, at, level string, keys []string) {
	t.Helper()
	for _, k := range keys {
		if !keyForm.MatchString(k) {
			t.Errorf("%s: the key %q is not of small letters and '_'", at, k)
		}
		if means, other := otherNames[k]; other && (level != "Debug" || !strings.HasPrefix(means, "(")) {
			t.Errorf("%s: the key is %q: use %s", at, k, means)
		}
	}
	for _, part := range []string{"leg", "mix", "play"} {
		if slices.Contains(keys, part) && !slices.Contains(keys, "call") {
			t.Errorf("%s: names a %s, and not its call", at, part)
		}
	}
}
