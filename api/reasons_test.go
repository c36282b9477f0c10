package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryReasonOfACallIsInTheContract reads in the source of the rules which words they give as the reason of an entry: what is passed on as one, assigned to one, or one of
// the outcomes. The app has a text for each word of the contract, so that nobody reads a bare one.
func TestEveryReasonOfACallIsInTheContract(t *testing.T) {
	doc, _ := document()
	var listed []string
	for _, v := range doc.Components.Schemas["EntryReason"].Value.Enum {
		word, isText := v.(string)
		require.True(t, isText)
		listed = append(listed, word)
	}
	require.True(t, slices.IsSorted(listed), "in alphabetical order")
	given := reasonsInRules(t)
	require.Contains(t, given, "alone", "the source is read")
	for _, word := range slices.Sorted(maps.Keys(given)) {
		require.Contains(t, listed, word, "given at %s", given[word])
	}
	for _, word := range listed {
		require.Contains(t, given, word, "no rule gives it")
	}
}

// reasonsInRules lists the words with a place where each is given.
func reasonsInRules(t *testing.T) map[string]token.Position {
	t.Helper()
	files, err := filepath.Glob("../orchestrator/core/*.go")
	require.NoError(t, err)
	fset := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		parsed = append(parsed, f)
	}
	asReason := map[string]int{} // function → which of its parameters is a reason
	for _, f := range parsed {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && !aside[fn.Name.Name] {
				if i := reasonParameter(fn); i >= 0 {
					asReason[fn.Name.Name] = i
				}
			}
		}
	}
	found := map[string]token.Position{}
	take := func(e ast.Expr) {
		ast.Inspect(e, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if word, err := strconv.Unquote(lit.Value); err == nil && isWord.MatchString(word) {
					found[word] = fset.Position(lit.Pos())
				}
			}
			return true
		})
	}
	for _, f := range parsed {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if aside[n.Name.Name] {
					return false
				}
				if n.Name.Name == "kind" && n.Recv != nil && len(n.Type.Params.List) == 0 { // of a target
					for _, r := range returned(n) {
						take(r)
					}
				}
			case *ast.CallExpr:
				if sel, ok := n.Fun.(*ast.SelectorExpr); ok {
					if i, ok := asReason[sel.Sel.Name]; ok && i < len(n.Args) {
						take(n.Args[i])
					}
				}
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if name, ok := left.(*ast.Ident); ok && slices.Contains([]string{"why", "how", "reason", "to"}, name.Name) && len(n.Rhs) == len(n.Lhs) {
						take(n.Rhs[i])
					}
				}
			case *ast.CompositeLit:
				if typ, ok := n.Type.(*ast.Ident); ok && typ.Name == "Entry" {
					for _, e := range n.Elts {
						kv, isField := e.(*ast.KeyValueExpr)
						if !isField {
							continue
						}
						if name, isName := kv.Key.(*ast.Ident); isName && name.Name == "Reason" {
							take(kv.Value)
						}
					}
				}
			case *ast.ValueSpec:
				for i, name := range n.Names {
					if isOutcome.MatchString(name.Name) && i < len(n.Values) {
						take(n.Values[i])
					}
				}
			}
			return true
		})
	}
	return found
}

// aside tell entries of other kinds: how the switches and the shard itself fare.
var aside = map[string]bool{"alert": true, "repair": true, "odd": true, "engineUp": true, "refuseIdleReason": true}

var (
	isWord    = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	isOutcome = regexp.MustCompile(`^(Offer(Answered|NoAnswer|Declined|Busy|Unreachable|Abandoned|LostRace|Withdrawn|Failed)|Call(Answered|Abandoned|Unanswered|Refused|Lost)|OwnedBy.*)$`)
)

// reasonParameter is the place of a function's parameter that is a reason, or -1.
func reasonParameter(fn *ast.FuncDecl) int {
	i := 0
	for _, p := range fn.Type.Params.List {
		typ, isString := p.Type.(*ast.Ident)
		for _, name := range p.Names {
			if isString && typ.Name == "string" && slices.Contains([]string{"why", "how", "reason"}, name.Name) {
				return i
			}
			i++
		}
	}
	return -1
}

func returned(fn *ast.FuncDecl) []ast.Expr {
	var out []ast.Expr
	ast.Inspect(fn, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok {
			out = append(out, r.Results...)
		}
		return true
	})
	return out
}
