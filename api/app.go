package api

import (
	"net/http"
	"strings"
)

// forApp reports whether a request that fits no route is one of a browser for the app. What begins as the API's paths never is: a misspelt one gets an error that a
// program understands, not a page.
func forApp(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	return r.URL.Path != "/api" && !strings.HasPrefix(r.URL.Path, "/api/")
}

// app hands a request to the app. Its files are for everybody, signed in or not; what they show comes from the API. The app sets its own policy and how long a browser may
// keep its files, in place of what answers of the API have.
func (s *Server) app(r *request) {
	if wait := s.addresses.wait(r.ClientIP()); wait > 0 {
		s.fail(r, &Error{Code: CodeRate, Message: "too many requests from this address", after: wait})
		return
	}
	s.touch(r.Writer)
	r.Status(http.StatusOK) // gin has said 404 for a path without a route
	s.App.ServeHTTP(r.Writer, r.Request)
}
