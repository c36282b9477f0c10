package api

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// TestEveryCodeHasAStatus reads the sources, so that a code added to the rules tomorrow is not answered with 500.
func TestEveryCodeHasAStatus(t *testing.T) {
	for file, typ := range map[string]string{"errors.go": "Code", "../orchestrator/core/intent.go": "RefusalCode"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		found := 0
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, is := n.(*ast.ValueSpec)
			if !is {
				return true
			}
			if id, is := spec.Type.(*ast.Ident); !is || id.Name != typ {
				return true
			}
			for _, v := range spec.Values {
				literal, is := v.(*ast.BasicLit)
				require.True(t, is)
				code, err := strconv.Unquote(literal.Value)
				require.NoError(t, err)
				require.Contains(t, statuses, Code(code))
				found++
			}
			return true
		})
		require.Greater(t, found, 5, file)
	}
}

func TestErrorsOfEveryOriginHaveOneForm(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		code   Code
		log    bool
	}{
		{fmt.Errorf("read queue: %w", ErrNotFound), 404, CodeNotFound, false},
		{fmt.Errorf("write queue: %w", ErrVersion), 412, CodeVersion, false},
		{&core.Refusal{Code: core.RefusedHeld, Text: "no"}, 409, Code(core.RefusedHeld), false},
		{&core.Refusal{Code: core.RefusedUnknown, Text: "no"}, 404, CodeNotFound, false},
		{&core.Refusal{Code: core.RefusedInvalid, Text: "no"}, 422, CodeInvalid, false},
		{&http.MaxBytesError{}, 413, CodeTooLarge, false},
		{context.DeadlineExceeded, 504, CodeTimeout, false},
		{errors.New("pq: password=secret"), 500, CodeInternal, true},
		{&Error{Code: "forgotten"}, 500, "forgotten", true},
	} {
		e, log := asError(c.err)
		require.Equal(t, c.status, e.status(), "%v", c.err)
		require.Equal(t, c.code, e.Code)
		require.Equal(t, c.log, log)
		require.NotContains(t, e.Message, "secret")
	}
}
