package api

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheSecurityDocumentIsTrue: the tests that docs/security.md names are there.
func TestTheSecurityDocumentIsTrue(t *testing.T) {
	text, err := os.ReadFile("../docs/security.md")
	require.NoError(t, err)
	named := regexp.MustCompile(`\b(Test|Fuzz)[A-Z][A-Za-z0-9]+`).FindAllString(string(text), -1)
	require.Greater(t, len(named), 60)
	var all strings.Builder
	for _, tree := range []string{".", "../models", "../cmd/tandem", "../docker", "../orchestrator/lines", "../orchestrator/enginetest/lab", "../web"} {
		require.NoError(t, filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && d.Name() == "node_modules" {
				return filepath.SkipDir
			}
			if !strings.HasSuffix(path, "_test.go") {
				return nil
			}
			source, err := os.ReadFile(path)
			all.Write(source)
			return err
		}))
	}
	for _, name := range named {
		require.Contains(t, all.String(), "func "+name+"(", "docs/security.md names it")
	}
}

// TestEveryAnswerHasItsHeaders asks every operation, allowed and not, and what is none.
func TestEveryAnswerHasItsHeaders(t *testing.T) {
	w := newWorld(t)
	held := func(a answer) {
		t.Helper()
		h := a.header
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
		require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'")
		require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'")
		require.Equal(t, "DENY", h.Get("X-Frame-Options"))
		require.Equal(t, "no-referrer", h.Get("Referrer-Policy"))
		require.Equal(t, "no-store", h.Get("Cache-Control"))
		require.Equal(t, "same-origin", h.Get("Cross-Origin-Resource-Policy"))
		require.Empty(t, h.Get("Access-Control-Allow-Origin"))
		require.Empty(t, h.Get("Server"))
		require.Empty(t, h.Get("X-Powered-By"))
		if len(a.body) > 0 {
			require.Contains(t, h.Get("Content-Type"), "charset=utf-8")
		}
	}
	for id, o := range operations() {
		for _, as := range []string{"", "admin", "anna"} {
			a := w.ask(as, o.method, pathOf(id, o.path, "nothing"), "{}", headers{"Origin": "https://elsewhere.example"})
			held(a)
		}
	}
	held(w.ask("admin", get, "/api/v1/nothing", ""))
	held(w.ask("admin", "PATCH", "/api/v1/queues", ""))
	a := w.ask("", http.MethodOptions, "/api/v1/queues", "", headers{"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "DELETE"})
	held(a)
	require.Equal(t, http.StatusMethodNotAllowed, a.status)
}

// TestWhatSomebodyWasNotLetIsLogged: a refusal is worth a line at a level that operators keep.
func TestWhatSomebodyWasNotLetIsLogged(t *testing.T) {
	w := newWorld(t)
	w.good(401, "", get, "/api/v1/calls", "")
	w.good(403, "anna", get, "/api/v1/users", "")
	w.good(200, "anna", get, "/api/v1/calls", "")
	var refused []string
	for line := range strings.SplitSeq(w.logs.String(), "\n") {
		if strings.Contains(line, "level=INFO") && strings.Contains(line, "msg=request") {
			refused = append(refused, line)
		}
	}
	require.Len(t, refused, 2)
	require.Contains(t, refused[0], "status=401")
	require.Contains(t, refused[1], "who=agent:anna")
}
