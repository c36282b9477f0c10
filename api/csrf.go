package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
)

// A browser sends the session's cookie along with requests that another site has made it send. Three walls are in front of that (docs/adr/0008):
//
//   - The cookie is SameSite=Strict: requests from other sites come without it.
//   - A request that changes something on the strength of the cookie must bring X-CSRF-Token. The token is derived from the session's secret, and the page gets it
//     with the answer to signing in and from /api/v1/me: another site can make a browser ask for these, and not read the answers. Nothing is stored for it, and a
//     subdomain that can plant cookies cannot make one.
//   - What a browser says about where a request comes from (Sec-Fetch-Site, Origin) must not contradict. This covers signing in as well, where there is no session yet.
//
// Requests with a bearer token need none of this: no browser adds that header by itself.

const csrfHeader = "X-CSRF-Token"

var crossOrigin = http.NewCrossOriginProtection()

// csrfToken derives the token of a session.
func csrfToken(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("csrf"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// fromHere refuses a request that a browser says was made by another site.
func (r *request) fromHere() error {
	if err := crossOrigin.Check(r.Request); err != nil {
		return &Error{Code: CodeForbidden, Message: "the request comes from another site", Field: "Origin"}
	}
	return nil
}

// meant refuses a request that changes something on the strength of a cookie alone.
func (r *request) meant() error {
	if r.who.Session == "" || r.Request.Method == http.MethodGet || r.Request.Method == http.MethodHead {
		return nil
	}
	if err := r.fromHere(); err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(r.GetHeader(csrfHeader)), []byte(r.who.csrf)) != 1 {
		return &Error{Code: CodeForbidden, Message: "must be the csrf token of the session, as /api/v1/me gives it", Field: csrfHeader}
	}
	return nil
}
