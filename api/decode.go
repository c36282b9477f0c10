package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits on what a client may send.
const (
	maxBody  = 1 << 20 // bytes of a request's body
	maxDepth = 16      // of nested arrays and objects; the deepest documented body has 4
)

// readBody reads a request's body up to the limit. Bodies must be of the media type that the route takes, which is none that a form of another site can post.
func readBody(w http.ResponseWriter, r *http.Request, media string) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, err
		}
		return nil, &Error{Code: CodeMalformed, Message: "the body could not be read"}
	}
	if len(body) == 0 {
		return nil, nil
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != media {
		return nil, &Error{Code: CodeUnsupported, Message: "must be " + media, Field: "Content-Type"}
	}
	return body, nil
}

// decode reads a JSON object strictly: no unknown field, no field twice, nothing behind the object, no control characters in texts. An
// empty body is an empty object; what must be there is for the caller to check.
func decode(body []byte, into any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if err := inspect(body); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return malformed(err)
	}
	return nil
}

// malformed puts the errors of encoding/json into our words, naming the field.
func malformed(err error) *Error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		if wrongType.Type == reflect.TypeFor[Seconds]() {
			return &Error{Code: CodeMalformed, Field: wrongType.Field, Message: "must be a number of seconds between -1e9 and 1e9"}
		}
		return &Error{Code: CodeMalformed, Field: wrongType.Field, Message: "must not be a " + wrongType.Value}
	}
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	if rest, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		name, quoted := strconv.Unquote(rest)
		if quoted != nil {
			name = rest
		}
		return &Error{Code: CodeMalformed, Field: name, Message: "there is no such field"}
	}
	return &Error{Code: CodeMalformed, Message: "the body is not valid JSON: " + strings.TrimPrefix(err.Error(), "json: ")}
}

// inspect walks through a body before it is decoded and refuses what encoding/json lets pass: a field twice (the last would win, and another reader
// of the same body may think the first does), texts with NUL or other control characters (Postgres cannot keep a NUL, and a log
// or a switch's console could be led astray), broken UTF-8 (it would be replaced silently), and endless nesting.
func inspect(body []byte) error {
	if !utf8.Valid(body) {
		return &Error{Code: CodeMalformed, Message: "the body is not valid UTF-8"}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	first, err := d.Token()
	if err != nil {
		return malformed(err)
	}
	if first != json.Delim('{') {
		return &Error{Code: CodeMalformed, Message: "the body must be a JSON object"}
	}
	if err := inspectObject(d, "", 1); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return &Error{Code: CodeMalformed, Message: "there is something after the JSON object"}
	}
	return nil
}

func inspectObject(d *json.Decoder, path string, depth int) error {
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return malformed(err)
		}
		name, ok := t.(string)
		if !ok {
			return &Error{Code: CodeMalformed, Message: "the body is not valid JSON"}
		}
		field := name
		if path != "" {
			field = path + "." + name
		}
		// encoding/json matches names without regard to case, so "Name" beside "name" is a field twice as well.
		folded := strings.ToLower(name)
		if seen[folded] {
			return &Error{Code: CodeMalformed, Field: field, Message: "must not be given twice"}
		}
		seen[folded] = true
		if !plainText(name) {
			return &Error{Code: CodeMalformed, Field: field, Message: "must not contain control characters"}
		}
		if err := inspectValue(d, field, depth); err != nil {
			return err
		}
	}
	return closing(d)
}

func inspectValue(d *json.Decoder, field string, depth int) error {
	t, err := d.Token()
	if err != nil {
		return malformed(err)
	}
	switch v := t.(type) {
	case string:
		if !plainText(v) {
			return &Error{Code: CodeMalformed, Field: field, Message: "must not contain control characters"}
		}
	case json.Delim:
		if depth >= maxDepth {
			return &Error{Code: CodeMalformed, Field: field, Message: fmt.Sprintf("must not be nested deeper than %d", maxDepth)}
		}
		if v == '{' {
			return inspectObject(d, field, depth+1)
		}
		for i := 0; d.More(); i++ {
			if err := inspectValue(d, field+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
				return err
			}
		}
		return closing(d)
	}
	return nil
}

func closing(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return malformed(err)
	}
	return nil
}

// plainText reports whether a text has no control characters but line breaks and tabs. DEL, the C1 set and U+FFFD (which encoding/json puts
// in place of half a surrogate pair) count as control characters.
func plainText(s string) bool {
	for _, r := range s {
		switch {
		case r == '\n', r == '\r', r == '\t':
		case r < 0x20, r >= 0x7f && r <= 0x9f, r == utf8.RuneError:
			return false
		}
	}
	return true
}
