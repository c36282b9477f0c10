package api

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheAppNeverAnswersForTheAPI gives a browser the app where no route is, and a program an error it understands where it has misspelt one.
func TestTheAppNeverAnswersForTheAPI(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.App = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Security-Policy", "of the app")
			_, _ = io.WriteString(w, "the app")
		})
	})
	for _, path := range []string{"/", "/desk", "/apiary", "/assets/main.js"} {
		rec := httptest.NewRecorder()
		w.srv.Handler().ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		require.Equal(t, http.StatusOK, rec.Code, path)
		require.Equal(t, "the app", rec.Body.String(), path)
		require.Equal(t, "of the app", rec.Header().Get("Content-Security-Policy"), path)
		require.Equal(t, "nosniff", rec.Header().Get("X-Content-Type-Options"), path)
	}
	for _, path := range []string{"/api", "/api/", "/api/v1/nothing", "/api/v2/calls"} {
		w.bad(http.StatusNotFound, CodeNotFound, "", "", get, path, "")
	}
	w.bad(http.StatusNotFound, CodeNotFound, "", "", http.MethodPost, "/desk", "{}")
}
