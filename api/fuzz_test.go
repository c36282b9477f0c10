package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// bodied lists the operations that take a body, in order of their ids, with a path that exists.
func bodied() (ids, methods, paths []string, schemas []*openapi3.Schema) {
	exists := map[string]string{
		"tenants": "acme", "entry-points": "main", "hours": "office", "queues": "sales", "agents": "anna", "calls": "6f1c0f0e-6a3a-8c55-9d1e-0a1b2c3d4e5f", "tokens": "t-anna",
		"users": "eve", "teams": "north", "tasks": "3b1c0f0e-6a3a-8c55-9d1e-0a1b2c3d4e5f",
	}
	all := operations()
	for _, id := range slices.Sorted(maps.Keys(all)) {
		o := all[id]
		if o.op.RequestBody == nil {
			continue
		}
		kind := strings.Split(strings.TrimPrefix(o.path, "/api/v1/"), "/")[0]
		ids, methods = append(ids, id), append(methods, o.method)
		rt := routeOf(id)
		path := strings.NewReplacer("{id}", exists[kind], "{leg}", "2d1c0f0e-6a3a-8c55-9d1e-0a1b2c3d4e5f", "{name}", "order").Replace(o.path)
		paths = append(paths, path)
		schemas = append(schemas, o.op.RequestBody.Value.Content.Get(rt.media()).Schema.Value)
	}
	return ids, methods, paths, schemas
}

// FuzzBodies sends bodies to every operation that takes one, on a real loop and a real database: whatever comes, the answer is one of the contract's,
// none of them says that it is our fault, and the next request is answered.
func FuzzBodies(f *testing.F) {
	ids, methods, paths, schemas := bodied()
	require.Greater(f, len(ids), 15)
	for i, s := range schemas {
		example, err := json.Marshal(s.Example)
		require.NoError(f, err)
		if text, is := s.Example.(string); is { // a file
			example = []byte(text)
			for _, file := range []string{"id\n", "id,tenant\n\xff,acme\n", "id,name\n\"a\n", "id,numbers,members,skills,ring_time\nx,1|2,anna:x:y,=1,1e999\n", "\ufeffid;name\n", "id,id\n1,2\n"} {
				f.Add(uint8(i), []byte(file), "")
			}
		}
		f.Add(uint8(i), example, "k")
		f.Add(uint8(i), []byte(`{}`), "")
		f.Add(uint8(i), []byte(`null`), "k")
		f.Add(uint8(i), []byte(`{"id":"${EXTEN}","name":"\u202e<b>","agent":"anna","tenant":"acme","numbers":["x"],"members":[{"agent":"anna"},{"agent":"anna"}]}`), "k 2")
		// Each documented field with values of every type, the extremes among them.
		for name := range s.Properties {
			for _, v := range []string{`-1`, `1e18`, `9223372036854775808`, `0.5`, `true`, `[]`, `{}`, `[null]`, `null`, `"\ud83d\ude00"`, `"` + strings.Repeat("9", 5000) + `"`} {
				f.Add(uint8(i), []byte(`{"`+name+`":`+v+`}`), "")
			}
		}
	}
	w := newWorld(f, onSQLite(f))
	f.Fuzz(func(t *testing.T, op uint8, body []byte, key string) {
		w.t = t
		i := int(op) % len(ids)
		rt := routeOf(ids[i])
		h := headers{"Content-Type": rt.media()}
		if key != "" {
			h[keyHeader] = key
		}
		as := "admin"
		if !slices.Contains(rt.roles, Admin) {
			as = "anna"
		}
		a := w.ask(as, methods[i], paths[i], string(body), h)
		require.Less(t, a.status, http.StatusInternalServerError, "%s %q: %s", ids[i], body, a.body)
		if len(a.body) > 0 && a.status >= 400 {
			require.NotEmpty(t, a.problem(t).Message)
		}
	})
}

// FuzzQueries does the same for the parameters of lists.
func FuzzQueries(f *testing.F) {
	var lists []route
	for _, rt := range routes {
		if len(rt.query) > 0 && !rt.stream && rt.method == http.MethodGet {
			lists = append(lists, rt)
		}
	}
	for i := range lists {
		for j := range lists[i].query {
			for _, v := range []string{"", "x", "%00", "%ff", "-1", "2026-01-31T08:00:00Z", "0000-01-01T00:00:00Z", "MTc2", "%2B4930123456", "';--"} {
				f.Add(uint8(i), uint8(j), v)
			}
		}
	}
	w := newWorld(f, onSQLite(f))
	f.Fuzz(func(t *testing.T, list, parameter uint8, value string) {
		w.t = t
		rt := lists[int(list)%len(lists)]
		name := rt.query[int(parameter)%len(rt.query)]
		for _, b := range []byte(value) { // what no HTTP client can put into a request line
			if b <= ' ' || b >= 0x7f || b == '#' || b == '&' {
				t.Skip("not a request line that a client can send")
			}
		}
		if strings.Contains(strings.NewReplacer("%00", "", "%ff", "", "%2B", "").Replace(value), "%") {
			t.Skip("other escapes repeat what plain characters test")
		}
		a := w.ask("admin", rt.method, rt.path+"?"+name+"="+value, "")
		require.Less(t, a.status, http.StatusInternalServerError, "%s: %s", rt.op, a.body)
	})
}
