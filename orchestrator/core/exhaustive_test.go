package core

import (
	"go/ast"
	"go/types"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestEveryEventIsHandled finds all events of the vocabulary by their types, and holds that none is forgotten: the codec reads every one, Step has a case
// for every fact, and CallOf knows the call of every event that names one.
func TestEveryEventIsHandled(t *testing.T) {
	t.Parallel()
	src := ownSource(t)
	var events, facts, intents []string
	for _, n := range src.implementing(t, "Event") {
		events = append(events, n.Obj().Name())
	}
	for _, n := range src.implementing(t, "Fact") {
		facts = append(facts, n.Obj().Name())
	}
	for _, n := range src.implementing(t, "Intent") {
		intents = append(intents, n.Obj().Name())
	}
	if len(facts) < 18 || len(intents) < 12 || len(events) != len(facts)+len(intents)+3 {
		t.Fatalf("%d events, %d facts, %d intents: an event is either a fact, an intent, ConfigChanged, Tick or Founded", len(events), len(facts), len(intents))
	}

	var decoded []string
	for _, kind := range keys(decoders) {
		ev, err := DecodeEvent(kind, []byte("{}"))
		if err != nil {
			t.Errorf("decode an empty %s: %v", kind, err)
			continue
		}
		if ev.Kind() != kind {
			t.Errorf("the codec reads a %s as a %s", kind, ev.Kind())
		}
		decoded = append(decoded, reflect.TypeOf(ev).Name())
	}
	slices.Sort(decoded)
	if !slices.Equal(decoded, events) {
		t.Errorf("the codec reads\n\t%s\nthe events are\n\t%s", decoded, events)
	}

	if got := src.casesOf(t, "fact"); !slices.Equal(got, facts) {
		t.Errorf("Shard.fact has cases for\n\t%s\nthe facts are\n\t%s", got, facts)
	}
	if got, want := src.casesOf(t, "Step"), []string{"ConfigChanged", "Fact", "Founded", "Intent", "Tick"}; !slices.Equal(got, want) {
		t.Errorf("Shard.Step has cases for %s, not %s", got, want)
	}

	var naming []string // those that name a leg, a call, a mix, a recording
	for _, n := range src.implementing(t, "Event") {
		st, ok := n.Underlying().(*types.Struct)
		if !ok {
			continue
		}
		for i := range st.NumFields() {
			switch strings.TrimPrefix(st.Field(i).Type().String(), "core.") {
			case "LegID", "CallID", "MixID", "RecordingID":
				if !slices.Contains(naming, n.Obj().Name()) {
					naming = append(naming, n.Obj().Name())
				}
			}
		}
	}
	if got := src.casesOf(t, "CallOf"); !slices.Equal(got, naming) {
		t.Errorf("Shard.CallOf has cases for\n\t%s\nthe events that name a leg, call, mix or recording are\n\t%s", got, naming)
	}
}

// casesOf lists the types in the first type switch of a function, sorted.
func (src *source) casesOf(t *testing.T, function string) []string {
	t.Helper()
	var out []string
	for _, file := range src.files {
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Name.Name != function || fn.Recv == nil {
				continue
			}
			if types.ExprString(fn.Recv.List[0].Type) != "*Shard" {
				continue
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				sw, ok := n.(*ast.TypeSwitchStmt)
				if !ok || out != nil {
					return true
				}
				for _, stmt := range sw.Body.List {
					if clause, ok := stmt.(*ast.CaseClause); ok {
						for _, typ := range clause.List {
							out = append(out, types.ExprString(typ))
						}
					}
				}
				return false
			})
		}
	}
	if out == nil {
		t.Fatalf("there is no type switch in Shard.%s", function)
	}
	slices.Sort(out)
	return out
}

// TestCodecKeepsEveryField writes every event with every field set, and reads it again.
func TestCodecKeepsEveryField(t *testing.T) {
	t.Parallel()
	for _, kind := range keys(decoders) {
		empty, err := DecodeEvent(kind, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		v := reflect.New(reflect.TypeOf(empty))
		fill(t, v.Elem(), kind)
		ev, ok := v.Elem().Interface().(Event)
		if !ok {
			t.Fatalf("%s is no event", kind)
		}
		if again := journalled(t, ev); !reflect.DeepEqual(ev, again) {
			t.Errorf("%s:\n\twritten %+v\n\tread    %+v", kind, ev, again)
		}
	}
	if _, err := DecodeEvent("no.such", nil); err == nil || !strings.Contains(err.Error(), "no.such") {
		t.Errorf("an unknown kind gives %v", err)
	}
	if _, err := DecodeEvent("leg.ringing", []byte("{")); err == nil || !strings.Contains(err.Error(), "leg.ringing") {
		t.Errorf("a cut body gives %v", err)
	}
	if _, err := Restore([]byte("{")); err == nil {
		t.Error("a cut snapshot is restored")
	}
}

// fill gives every field a value of its own.
func fill(t *testing.T, v reflect.Value, name string) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString(name + "-é\"\n${EXTEN}")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(len(name)))
	case reflect.Uint64:
		v.SetUint(1 << 60)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), name)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), name+".0")
		fill(t, v.Index(1), name+".1")
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, k, name+".key")
		fill(t, e, name+".value")
		v.SetMapIndex(k, e)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(dayOne.Add(time.Microsecond)))
			return
		}
		for i := range v.NumField() {
			fill(t, v.Field(i), name+"."+v.Type().Field(i).Name)
		}
	default:
		t.Fatalf("%s is a %s: teach fill about it", name, v.Type())
	}
}
