package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// operations lists every operation of the contract.
func operations() map[string]struct {
	path, method string
	op           *openapi3.Operation
} {
	doc, _ := document()
	out := map[string]struct {
		path, method string
		op           *openapi3.Operation
	}{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			out[op.OperationID] = struct {
				path, method string
				op           *openapi3.Operation
			}{path, method, op}
		}
	}
	return out
}

func rolesOf(t *testing.T, op *openapi3.Operation) []Role {
	t.Helper()
	raw, err := json.Marshal(op.Extensions["x-roles"])
	require.NoError(t, err)
	var out []Role
	require.NoError(t, json.Unmarshal(raw, &out))
	require.NotEmpty(t, out, "%s has no x-roles", op.OperationID)
	return out
}

// reachOf is what x-reach says.
func reachOf(t *testing.T, op *openapi3.Operation) string {
	t.Helper()
	if op.Extensions["x-reach"] == nil {
		return ""
	}
	reach, is := op.Extensions["x-reach"].(string)
	require.True(t, is)
	return reach
}

func routeOf(op string) route {
	return routes[slices.IndexFunc(routes, func(rt route) bool { return rt.op == op })]
}

func TestEveryRouteIsDocumentedAndEveryDocumentedOperationIsRouted(t *testing.T) {
	documented := operations()
	for _, rt := range routes {
		d, found := documented[rt.op]
		require.True(t, found, "%s is not in openapi.yaml", rt.op)
		require.Equal(t, rt.path, d.path, rt.op)
		require.Equal(t, rt.method, d.method, rt.op)
		require.ElementsMatch(t, rt.roles, rolesOf(t, d.op), "roles of %s", rt.op)
		require.Equal(t, string(rt.reach), reachOf(t, d.op), "reach of %s", rt.op)
		require.Equal(t, rt.public(), d.op.Security != nil && len(*d.op.Security) == 0, "security of %s", rt.op)
		var query []string
		for _, p := range d.op.Parameters {
			if p.Value.In == openapi3.ParameterInQuery {
				query = append(query, p.Value.Name)
			}
		}
		require.ElementsMatch(t, rt.query, query, "query parameters of %s", rt.op)
		csrf := slices.ContainsFunc(d.op.Parameters, func(p *openapi3.ParameterRef) bool {
			return p.Value.In == openapi3.ParameterInHeader && p.Value.Name == csrfHeader
		})
		require.Equal(t, !rt.public() && rt.method != http.MethodGet, csrf, "%s of %s: what changes something and takes the cookie lists it, and nothing else", csrfHeader, rt.op)
		delete(documented, rt.op)
	}
	require.Empty(t, documented, "documented and not routed")

	// And gin has exactly the table.
	w := newWorld(t)
	require.Len(t, w.srv.engine.Routes(), len(routes))
}

func TestEveryOperationIsDescribedInFull(t *testing.T) {
	doc, _ := document()
	for id, o := range operations() {
		require.NotEmpty(t, o.op.Summary, id)
		require.NotEmpty(t, o.op.Tags, id)
		require.NotNil(t, o.op.Responses.Default(), "%s: errors", id)
		idempotent := slices.ContainsFunc(o.op.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.Name == keyHeader })
		rt := routeOf(id)
		require.Equal(t, rt.keyed(), idempotent, "%s: Idempotency-Key", id)
		if o.op.RequestBody != nil && rt.csv {
			require.NotNil(t, o.op.RequestBody.Value.Content.Get("text/csv").Schema.Value.Example, "%s: example", id)
		} else if o.op.RequestBody != nil {
			require.NotNil(t, o.op.RequestBody.Value.Content.Get("application/json").Schema.Value.Example, "%s: example", id)
		}
	}
	for name, schema := range doc.Components.Schemas {
		if schema.Value.Type.Is("object") {
			require.False(t, *schema.Value.AdditionalProperties.Has, "%s may have undocumented fields", name)
		}
	}
}

func TestTheContractIsServed(t *testing.T) {
	w := newWorld(t)
	a := w.good(http.StatusOK, "", http.MethodGet, "/openapi.yaml", "")
	require.Equal(t, string(Contract), string(a.body))
}

// TestRolesS3 asks every operation with every role, as openapi.yaml says, not as the table in the code says.
func TestRolesS3(t *testing.T) {
	w := newWorld(t)
	for id, o := range operations() {
		roles := rolesOf(t, o.op)
		path := strings.ReplaceAll(o.path, "{id}", "nothing-with-this-id")
		if id == "events" {
			path += "?after=not-a-position" // refused after the role was checked: the test is not about the stream
		}
		t.Run(id, func(t *testing.T) {
			w.t = t
			if slices.Contains(roles, Public) {
				a := w.ask("", o.method, path, "")
				require.NotEqual(t, http.StatusUnauthorized, a.status)
				return
			}
			if routeOf(id).csv {
				path += "?dry_run=true"
			}
			w.bad(http.StatusUnauthorized, CodeUnauthorized, "Authorization", "", o.method, path, "{}")
			w.bad(http.StatusUnauthorized, CodeUnauthorized, "Authorization", "guessed", o.method, path, "{}")
			for _, role := range []Role{Admin, Supervisor, Agent, Auditor} {
				a := w.ask(string(role), o.method, path, "{}")
				if !slices.Contains(roles, role) {
					require.Equal(t, http.StatusForbidden, a.status, "%s must not", role)
					require.Equal(t, errRole.Message, a.problem(t).Message)
					continue
				}
				require.NotEqual(t, http.StatusUnauthorized, a.status, "%s may", role)
				if a.status == http.StatusForbidden { // the role may, this token may not: another agent
					require.NotEqual(t, errRole.Message, a.problem(t).Message, "%s may", role)
				}
				require.Less(t, a.status, 500, "%s", a.body)
			}
		})
	}
}
