package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

func TestBodiesAreDecodedStrictly(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/queues"
	for _, c := range []struct {
		name, body, field string
		code              Code
		status            int
	}{
		{"unknown field", `{"tenant":"acme","name":"x","nme":1}`, "nme", CodeMalformed, 400},
		{"field twice", `{"tenant":"acme","tenant":"globex"}`, "tenant", CodeMalformed, 400},
		{"field twice by case", `{"tenant":"acme","Tenant":"globex"}`, "Tenant", CodeMalformed, 400},
		{"wrong type", `{"tenant":"acme","members":[{"agent":7}]}`, "members.agent", CodeMalformed, 400},
		{"no number of seconds", `{"tenant":"acme","ring_time":"20s"}`, "ring_time", CodeMalformed, 400},
		{"seconds out of range", `{"tenant":"acme","ring_time":1e300}`, "ring_time", CodeMalformed, 400},
		{"a fraction where there is none", `{"tenant":"acme","max_size":1.5}`, "max_size", CodeMalformed, 400},
		{"NUL", `{"tenant":"acme","name":"a\u0000b"}`, "name", CodeMalformed, 400},
		{"control character", `{"tenant":"acme","members":[{"agent":"\u001b[2J"}]}`, "members[0].agent", CodeMalformed, 400},
		{"half a surrogate pair", `{"tenant":"acme","name":"\ud800"}`, "name", CodeMalformed, 400},
		{"broken UTF-8", "{\"tenant\":\"\xff\"}", "", CodeMalformed, 400},
		{"trailing data", `{"tenant":"acme","name":"x"} {}`, "", CodeMalformed, 400},
		{"an array", `[]`, "", CodeMalformed, 400},
		{"null", `null`, "", CodeMalformed, 400},
		{"no JSON", `tenant=acme`, "", CodeMalformed, 400},
		{"cut short", `{"tenant":"acme"`, "", CodeMalformed, 400},
		{"deep", `{"members":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, "members" + strings.Repeat("[0]", 15), CodeMalformed, 400},
		{"too large", `{"name":"` + strings.Repeat("x", maxBody) + `"}`, "", CodeTooLarge, 413},
		{"a rule", `{"tenant":"acme","name":"x","ring_time":301}`, "ring_time", CodeInvalid, 422},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			w.bad(c.status, c.code, c.field, "admin", post, path, c.body)
		})
	}
	w.t = t
	w.bad(415, CodeUnsupported, "Content-Type", "admin", post, path, `{}`, headers{"Content-Type": "application/x-www-form-urlencoded"})
	w.bad(404, CodeNotFound, "", "admin", get, path+"/%00", "")
	w.bad(404, CodeNotFound, "", "admin", get, "/api/v1/nowhere", "")
	w.bad(405, CodeMethod, "", "admin", del, path, "")
}

func TestSecondsAreExactToTheMicrosecond(t *testing.T) {
	for _, d := range []time.Duration{0, time.Microsecond, 1500 * time.Millisecond, 20 * time.Second, 3*time.Hour + time.Microsecond, -time.Second} {
		b, err := json.Marshal(Seconds(d))
		require.NoError(t, err)
		var back Seconds
		require.NoError(t, json.Unmarshal(b, &back))
		require.Equal(t, d, time.Duration(back), "%s", b)
	}
	b, err := json.Marshal(Seconds(20 * time.Second))
	require.NoError(t, err)
	require.Equal(t, "20", string(b))
}

// fields gives the JSON names of a struct's fields.
func fields(typ reflect.Type) []string {
	var out []string
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		out = append(out, name)
	}
	return out
}

// TestNothingOfCoreIsLostOnTheWire fills core's types with values and compares after the way there and back.
func TestNothingOfCoreIsLostOnTheWire(t *testing.T) {
	for core, wire := range map[reflect.Type]reflect.Type{
		reflect.TypeFor[core.EntryPoint]():  reflect.TypeFor[entryPointWire](),
		reflect.TypeFor[core.Queue]():       reflect.TypeFor[queueWire](),
		reflect.TypeFor[core.WrapUpSetup](): reflect.TypeFor[wrapUpWire](),
		reflect.TypeFor[core.CallRecord]():  reflect.TypeFor[callRecordWire](),
		reflect.TypeFor[core.Entry]():       reflect.TypeFor[entryWire](),
	} {
		require.Equal(t, fields(core), fields(wire), core.Name())
	}
	var q core.Queue
	fill(reflect.ValueOf(&q).Elem())
	require.Equal(t, q, queueToWire(q).core())
	var e core.EntryPoint
	fill(reflect.ValueOf(&e).Elem())
	require.Equal(t, e, entryPointToWire(e).core())

	var entry core.Entry
	fill(reflect.ValueOf(&entry).Elem())
	entry.Record = &core.CallRecord{}
	fill(reflect.ValueOf(entry.Record).Elem())
	b, err := json.Marshal(entryToWire(entry))
	require.NoError(t, err)
	for _, name := range fields(reflect.TypeFor[core.Entry]()) {
		require.Contains(t, string(b), `"`+name+`":`)
	}
	for _, name := range fields(reflect.TypeFor[core.CallRecord]()) {
		require.Contains(t, string(b), `"`+name+`":`)
	}
	require.NotContains(t, string(b), "000000000", "durations are seconds")
}

// fill gives every field a value that is not zero.
func fill(v reflect.Value) {
	switch v.Kind() { //nolint:exhaustive // what core has
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(day))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(int64(7 * time.Second))
	case reflect.Int:
		v.SetInt(7)
	case reflect.Pointer:
		if v.Type().Elem() == reflect.TypeFor[core.Cause]() {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem())
		}
	}
}
