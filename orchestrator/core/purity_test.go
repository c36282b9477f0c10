package core

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The rules are pure: the same events give the same shard and the same orders, on every machine and on every replay. What could break that is not to be
// found in their source. The promise stands in doc.go; here it is kept.

// allowedImports are the packages that the rules may use. Another one is a decision, not a convenience: it must do nothing but compute.
var allowedImports = map[string]bool{
	"cmp": true, "crypto/sha256": true, "encoding/binary": true, "encoding/hex": true, "encoding/json": true, "fmt": true,
	"maps": true, "slices": true, "strconv": true, "strings": true, "time": true, "unicode": true, "unicode/utf8": true,
}

// forbiddenNames are what allowed packages have and the rules may not use.
var forbiddenNames = map[string]string{
	"time.Now": "time comes in with each event", "time.Since": "time comes in with each event", "time.Until": "time comes in with each event",
	"time.Sleep": "nothing waits", "time.After": "a timer is a deadline field", "time.AfterFunc": "a timer is a deadline field",
	"time.Tick": "a timer is a deadline field", "time.NewTimer": "a timer is a deadline field", "time.NewTicker": "a timer is a deadline field",
	"time.Local": "the machine's zone must not decide", "time.LoadLocation": "reads files of the machine",
	"fmt.Print": "no output", "fmt.Printf": "no output", "fmt.Println": "no output", "fmt.Scan": "no input", "fmt.Scanln": "no input", "fmt.Scanf": "no input",
	"maps.All": "ranges in random order", "maps.Values": "ranges in random order", "maps.Collect": "is of use only with a random order",
}

// source is the package's own source without tests, parsed and type-checked.
type source struct {
	fset  *token.FileSet
	files []*ast.File
	info  *types.Info
	pkg   *types.Package
}

var loadSource = sync.OnceValues(func() (*source, error) {
	src := &source{fset: token.NewFileSet(), info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}}
	names, err := filepath.Glob("*.go")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(src.fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		src.files = append(src.files, f)
	}
	conf := types.Config{Importer: importer.ForCompiler(src.fset, "source", nil)}
	src.pkg, err = conf.Check("core", src.fset, src.files, src.info)
	return src, err
})

func ownSource(t *testing.T) *source {
	t.Helper()
	src, err := loadSource()
	if err != nil {
		t.Fatalf("load the package's source: %v", err)
	}
	return src
}

// TestPurity reads every line of the rules.
func TestPurity(t *testing.T) {
	t.Parallel()
	src := ownSource(t)
	bad := func(n ast.Node, format string, args ...any) {
		t.Helper()
		t.Errorf("%s: "+format, append([]any{src.fset.Position(n.Pos())}, args...)...)
	}
	for _, file := range src.files {
		for _, imp := range file.Imports {
			if path := strings.Trim(imp.Path.Value, `"`); !allowedImports[path] {
				bad(imp, "imports %s", path)
			}
		}
		for _, decl := range file.Decls {
			src.checkDecl(decl, bad)
		}
	}
}

func (src *source) checkDecl(decl ast.Decl, bad func(ast.Node, string, ...any)) {
	inKeys := false
	switch d := decl.(type) {
	case *ast.FuncDecl:
		inKeys = d.Name.Name == "keys"
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			v, ok := spec.(*ast.ValueSpec)
			if !ok || d.Tok != token.VAR {
				continue
			}
			for _, name := range v.Names {
				if name.Name != "decoders" { // filled once, before anything runs
					bad(name, "package variable %s: all state is in the shard", name.Name)
				}
			}
		}
	}
	ast.Inspect(decl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			bad(n, "go statement: one writer")
		case *ast.SelectStmt, *ast.SendStmt, *ast.ChanType:
			bad(n, "channel: nothing waits")
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				bad(n, "channel: nothing waits")
			}
		case *ast.DeferStmt:
			bad(n, "defer: a step has nothing to clean up, and recovering is the host's business")
		case *ast.RangeStmt:
			if _, isMap := src.info.Types[n.X].Type.Underlying().(*types.Map); isMap {
				bad(n, "range over a map, in random order: use keys")
			}
		case *ast.Ident:
			if b, ok := src.info.Uses[n].(*types.Builtin); ok && (b.Name() == "recover" || b.Name() == "print" || b.Name() == "println") {
				bad(n, "%s is not for the rules", b.Name())
			}
		case *ast.SelectorExpr:
			obj := src.info.Uses[n.Sel]
			if obj == nil || obj.Pkg() == nil || obj.Parent() != obj.Pkg().Scope() {
				return true
			}
			name := obj.Pkg().Path() + "." + obj.Name()
			if why := forbiddenNames[name]; why != "" {
				bad(n, "%s: %s", name, why)
			}
			if name == "maps.Keys" && !inKeys {
				bad(n, "maps.Keys, in random order: use keys")
			}
		}
		return true
	})
}

// TestStateIsPlainData holds that what is remembered, journalled and told is made of types that every machine writes alike: no floating point,
// whose rounding depends on the order of sums, and no functions, channels or interfaces (but for events and actions, which the codec knows).
func TestStateIsPlainData(t *testing.T) {
	t.Parallel()
	src := ownSource(t)
	seen := map[types.Type]bool{}
	for _, name := range []string{"state", "Outcome", "Changes"} {
		src.checkPlain(t, name, src.pkg.Scope().Lookup(name).Type(), seen)
	}
	for _, named := range src.implementing(t, "Event") {
		src.checkPlain(t, named.Obj().Name(), named, seen)
	}
	for _, named := range src.implementing(t, "Action") {
		src.checkPlain(t, named.Obj().Name(), named, seen)
	}
}

func (src *source) checkPlain(t *testing.T, path string, typ types.Type, seen map[types.Type]bool) {
	t.Helper()
	if seen[typ] {
		return
	}
	seen[typ] = true
	if named, ok := typ.(*types.Named); ok && named.Obj().Pkg() != src.pkg {
		if n := named.String(); n != "time.Time" && n != "time.Duration" {
			t.Errorf("%s is a %s of another package", path, n)
		}
		return
	}
	switch u := typ.Underlying().(type) {
	case *types.Basic:
		if u.Info()&(types.IsFloat|types.IsComplex) != 0 {
			t.Errorf("%s is a %s", path, u)
		}
	case *types.Pointer:
		src.checkPlain(t, path, u.Elem(), seen)
	case *types.Slice:
		src.checkPlain(t, path+"[]", u.Elem(), seen)
	case *types.Map:
		src.checkPlain(t, path+"[key]", u.Key(), seen)
		src.checkPlain(t, path+"[]", u.Elem(), seen)
	case *types.Struct:
		for i := range u.NumFields() {
			f := u.Field(i)
			if !f.Exported() {
				continue // part of the index, which is built anew
			}
			if f.Type().String() == "core.Action" {
				continue
			}
			if !f.Embedded() && path != "Outcome" && path != "Changes" && !strings.Contains(u.Tag(i), "json:") {
				t.Errorf("%s.%s has no name in JSON", path, f.Name())
			}
			src.checkPlain(t, path+"."+f.Name(), f.Type(), seen)
		}
	default:
		t.Errorf("%s is a %s", path, u)
	}
}

// implementing lists the types of the package that implement one of its interfaces.
func (src *source) implementing(t *testing.T, name string) []*types.Named {
	t.Helper()
	iface, ok := src.pkg.Scope().Lookup(name).Type().Underlying().(*types.Interface)
	if !ok {
		t.Fatalf("%s is no interface", name)
	}
	var out []*types.Named
	for _, n := range src.pkg.Scope().Names() {
		obj, ok := src.pkg.Scope().Lookup(n).(*types.TypeName)
		if !ok || obj.IsAlias() {
			continue
		}
		named, ok := obj.Type().(*types.Named)
		if !ok || types.IsInterface(named) || named.TypeParams().Len() > 0 {
			continue
		}
		if types.Implements(named, iface) {
			out = append(out, named)
		}
	}
	return out
}
