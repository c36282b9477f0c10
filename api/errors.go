package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Code is the stable word for an error, of the API's own or of core.RefusalCode.
type Code string

// The codes of the API's own. The others are those of core.RefusalCode.
const (
	CodeMalformed      Code = "malformed"                // the body is not JSON of the documented shape
	CodeInvalid        Code = "invalid"                  // a field breaks its rule
	CodeTooLarge       Code = "too_large"                // the body is over 1 MiB
	CodeUnsupported    Code = "unsupported_media"        // the body is not application/json
	CodeUnauthorized   Code = "unauthorized"             // not signed in, and no valid bearer token
	CodeChangePassword Code = "password_change_required" // the password is one that somebody else has chosen
	CodeForbidden      Code = "forbidden"                // the role, agent, teams or tenant do not allow it
	CodeNotFound       Code = "not_found"                // no such route, or nothing with this id
	CodeMethod         Code = "method_not_allowed"       // the path exists, the method does not
	CodeConflict       Code = "conflict"                 // an id is taken, or nobody could sign in any more
	CodeTasksFull      Code = "tasks_full"               // the agent has as many open follow-ups as there may be
	CodeVersion        Code = "version_conflict"         // If-Match names an old version
	CodeKeyReused      Code = "idempotency_key_reuse"    // the key was used with another request
	CodeInProgress     Code = "in_progress"              // a request with this key is being carried out
	CodeRate           Code = "too_many_requests"        // more than the principal's or the address's rate, or too many guesses
	CodeBusy           Code = "busy"                     // the shard has too much to do at the moment
	CodeNotOwner       Code = "not_owner"                // another process owns the shard, or it is just starting or stopping
	CodeDatabase       Code = "database_down"            // the database cannot be asked at the moment
	CodeTooSlow        Code = "too_slow"                 // the reader of a stream fell behind
	CodeTimeout        Code = "timeout"                  // not done in time; whether it happened is not known
	CodeNoAudio        Code = "no_audio"                 // the recording has no file in the archive (yet)
	CodeInternal       Code = "internal"                 // our fault; the log has the request id
)

// Error is an error in the words of the API. Everything that a client sees as an error has this form.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`         // for people
	Field   string `json:"field,omitempty"` // of the request that is at fault: JSON name, parameter or header
	// Lines lists what is wrong with a file of lines.
	Lines []LineProblem `json:"lines,omitempty"`

	after time.Duration // asking again makes sense after it; 0 = as the code says
}

// LineProblem is a rule that a line of a file breaks.
type LineProblem struct {
	Line  int    `json:"line"`            // from 1, the heading included
	Field string `json:"field,omitempty"` // column
	Rule  string `json:"rule"`
}

// Error implements error.
func (e *Error) Error() string {
	if e.Field != "" {
		return string(e.Code) + ": " + e.Field + ": " + e.Message
	}
	return string(e.Code) + ": " + e.Message
}

// Errors that the ports return. They may be wrapped.
var (
	ErrNotFound   = &Error{Code: CodeNotFound, Message: "there is nothing with this id"}
	ErrConflict   = &Error{Code: CodeConflict, Message: "is taken already: ids are unique in the whole installation", Field: "id"}
	ErrTasksFull  = &Error{Code: CodeTasksFull, Message: "no more than " + strconv.Itoa(models.MaxOpenTasks) + " follow-ups may be open: tick off what is done"}
	ErrVersion    = &Error{Code: CodeVersion, Message: "somebody else has changed it since you read it; read it again", Field: "If-Match"}
	ErrKeyReused  = &Error{Code: CodeKeyReused, Message: "this key was used with another request; choose a new one", Field: "Idempotency-Key"}
	ErrInProgress = &Error{Code: CodeInProgress, Message: "a request with this key is being carried out; try again later", Field: "Idempotency-Key"}
	ErrBusy       = &Error{Code: CodeBusy, Message: "too much to do at the moment; try again later"}
	ErrNotOwner   = &Error{Code: CodeNotOwner, Message: "another Tandem process acts for the site at the moment, or this one is just starting or stopping; try again later"}
	ErrDatabase   = &Error{Code: CodeDatabase, Message: "the database does not answer at the moment; try again later"}
	ErrTooSlow    = &Error{Code: CodeTooSlow, Message: "the reader fell behind; reconnect with the last event id"}
)

// statuses is the one place where errors become HTTP statuses. A code that is not in it is a programming error and
// answers 500; errors_test.go looks for codes that were forgotten.
var statuses = map[Code]int{
	CodeMalformed:      http.StatusBadRequest,
	CodeInvalid:        http.StatusUnprocessableEntity,
	CodeTooLarge:       http.StatusRequestEntityTooLarge,
	CodeUnsupported:    http.StatusUnsupportedMediaType,
	CodeUnauthorized:   http.StatusUnauthorized,
	CodeForbidden:      http.StatusForbidden,
	CodeChangePassword: http.StatusForbidden,
	CodeNotFound:       http.StatusNotFound,
	CodeMethod:         http.StatusMethodNotAllowed,
	CodeConflict:       http.StatusConflict,
	CodeTasksFull:      http.StatusConflict,
	CodeVersion:        http.StatusPreconditionFailed,
	CodeKeyReused:      http.StatusUnprocessableEntity,
	CodeInProgress:     http.StatusConflict,
	CodeRate:           http.StatusTooManyRequests,
	CodeBusy:           http.StatusServiceUnavailable,
	CodeNotOwner:       http.StatusServiceUnavailable,
	CodeDatabase:       http.StatusServiceUnavailable,
	CodeTooSlow:        http.StatusServiceUnavailable,
	CodeTimeout:        http.StatusGatewayTimeout,
	CodeNoAudio:        http.StatusNotFound,
	CodeInternal:       http.StatusInternalServerError,

	Code(core.RefusedState):   http.StatusConflict,
	Code(core.RefusedRinging): http.StatusConflict,
	Code(core.RefusedBusy):    http.StatusConflict,
	Code(core.RefusedHeld):    http.StatusConflict,
	Code(core.RefusedOwner):   http.StatusForbidden,
	Code(core.RefusedOff):     http.StatusConflict,
	Code(core.RefusedEngine):  http.StatusServiceUnavailable,
	Code(core.RefusedSpent):   http.StatusConflict,

	Code(core.RefusedTarget):    http.StatusConflict,
	Code(core.RefusedFull):      http.StatusConflict,
	Code(core.RefusedForbidden): http.StatusForbidden,
	Code(core.RefusedKept):      http.StatusForbidden,
	Code(core.RefusedStale):     http.StatusConflict,
	Code(core.RefusedOver):      http.StatusConflict,
	// core.RefusedUnknown and core.RefusedInvalid share their words with CodeNotFound and CodeInvalid.
}

// invalid makes the error for a field that breaks its rule.
func invalid(field, message string) *Error {
	return &Error{Code: CodeInvalid, Message: message, Field: field}
}

// asError puts any error into the words of the API. The second result says that it was not foreseen and belongs into the log; its
// text is then kept from the client, because it may tell of queries, paths or secrets.
func asError(err error) (*Error, bool) {
	var known *Error
	if errors.As(err, &known) {
		_, listed := statuses[known.Code]
		return known, !listed
	}
	var refused *core.Refusal
	if errors.As(err, &refused) {
		return &Error{Code: Code(refused.Code), Message: refused.Text, Field: refused.Field}, false
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &Error{Code: CodeTooLarge, Message: "the body is larger than 1 MiB"}, false
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &Error{Code: CodeTimeout, Message: "not done in time, and it is not known whether it happened: repeat the request with the same Idempotency-Key"}, false
	}
	return &Error{Code: CodeInternal, Message: "something went wrong on our side; find the request id in the log"}, true
}

// status is the HTTP status of an error.
func (e *Error) status() int {
	if s, ok := statuses[e.Code]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// retryAfter is the number of seconds after which asking again makes sense; 0 = it makes none.
func (e *Error) retryAfter() int {
	if e.after > 0 {
		return int((e.after + time.Second - 1) / time.Second)
	}
	switch e.Code {
	case CodeBusy, CodeNotOwner, CodeTooSlow, CodeInProgress, CodeRate, CodeDatabase:
		return 1
	default:
		return 0
	}
}
