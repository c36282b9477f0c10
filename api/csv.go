package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// A kind of set-up as a file for spreadsheets: one line for each, a column for each field. What is exported can be imported again.
//
// An import is all or nothing. A line with an id that is there changes it, in the columns that the file has; a line with another id makes one. What is not in the file stays
// as it is. If anything is wrong, nothing is changed and the answer lists line, column and rule of everything that is.
//
// Lists in a cell are separated by "|"; in a word "|" and "\" have a "\" in front. A spreadsheet takes a cell that begins with one of = + - @ for a formula, and would run what
// somebody has put into a name; such cells are exported with an apostrophe in front, which the import takes off again.

// file is one kind of set-up as a file.
type file[T any] struct {
	resource[T, T] // without its forms on the wire
	columns        []column[T]
	// read gives what has an id; [models.ErrNotFound] if nothing has.
	read func(ctx context.Context, db *models.DB, id string) (T, error)
	// write makes it, or puts it in place of what is there.
	write func(ctx context.Context, db *models.DB, value T, there bool) (core.ConfigChanged, error)
}

// column is one field of T. set gives the rule that the text breaks, as an error.
type column[T any] struct {
	name string
	get  func(T) string
	set  func(*T, string) error
}

const (
	mostLines     = 1000 // of an import: it is one transaction, and the journal waits for it
	listSeparator = "|"
	formulaSigns  = "=+-@\t\r"
)

// imported answers an import.
type imported struct {
	Created   int  `json:"created"`
	Changed   int  `json:"changed"`
	Unchanged int  `json:"unchanged"`
	DryRun    bool `json:"dry_run"` // only tried
}

func (f file[T]) export(s *Server, r *request) (reply, error) {
	tenant, err := r.tenant()
	if err != nil {
		return reply{}, err
	}
	rows, err := f.repo(s).List(r.ctx(), tenant)
	if err != nil {
		return reply{}, err
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	cells := make([]string, len(f.columns))
	for i, c := range f.columns {
		cells[i] = c.name
	}
	write := func() {
		if e := w.Write(cells); e != nil {
			err = fmt.Errorf("write a line: %w", e)
		}
	}
	write()
	for _, row := range rows {
		if !f.sees(r.sees, row.Value) {
			continue
		}
		for i, c := range f.columns {
			cells[i] = c.get(row.Value)
			if cells[i] != "" && strings.ContainsRune(formulaSigns+"'", rune(cells[i][0])) {
				cells[i] = "'" + cells[i]
			}
		}
		write()
	}
	if w.Flush(); err != nil || w.Error() != nil {
		return reply{}, errors.Join(err, w.Error())
	}
	s.touch(r.Writer)
	r.Header("Content-Disposition", `attachment; filename="`+f.kind+`s.csv"`)
	r.Data(http.StatusOK, "text/csv; charset=utf-8", out.Bytes())
	return reply{sent: true}, nil
}

// line is one line of an import.
type line struct {
	number int // from 1, the heading included
	id     string
	cells  map[string]string // by column
}

func (f file[T]) take(s *Server, r *request) (reply, error) {
	dry, err := r.flag("dry_run")
	if err != nil {
		return reply{}, err
	}
	lines, problems, err := f.parse(r.body)
	if err != nil {
		return reply{}, err
	}
	if err := f.acting(s); err != nil {
		return reply{}, err
	}
	result := imported{DryRun: dry}
	var ids []string
	changes := make([]models.Change, len(lines))
	for i, l := range lines {
		changes[i] = func(ctx context.Context, db *models.DB) (core.ConfigChanged, error) {
			ids = append(ids, l.id)
			return f.one(ctx, s, db, r.who, l, &result)
		}
	}
	s.setup.Lock()
	defer s.setup.Unlock()
	change, err := s.Together.All(r.ctx(), changes, result.DryRun || len(problems) > 0)
	var failed models.Failures
	if err != nil && !errors.As(err, &failed) {
		return reply{}, err
	}
	for _, x := range failed {
		found, err := lineProblems(lines[x.Index].number, x.Err)
		if err != nil {
			return reply{}, err
		}
		problems = append(problems, found...)
	}
	if len(problems) > 0 {
		slices.SortStableFunc(problems, func(a, b LineProblem) int { return cmp.Compare(a.Line, b.Line) })
		return reply{}, &Error{
			Code: CodeInvalid, Message: fmt.Sprintf("line %d: %s; nothing was changed", problems[0].Line, problems[0].Rule), Field: problems[0].Field, Lines: problems,
		}
	}
	if !result.DryRun && result.Created+result.Changed > 0 {
		detail := map[string]any{"created": result.Created, "changed": result.Changed, "ids": ids}
		if err := f.changed(s, r, "", r.who.Tenant, detail, change); err != nil {
			return reply{}, err
		}
	}
	return ok(result)
}

// one makes the change that a line asks for, and counts it.
func (f file[T]) one(ctx context.Context, s *Server, db *models.DB, who Principal, l line, result *imported) (core.ConfigChanged, error) {
	before, err := f.read(ctx, db, l.id)
	there := err == nil
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return core.ConfigChanged{}, err
	}
	if there && !who.tenantAllowed(f.tenant(before)) {
		return core.ConfigChanged{}, models.Invalid{{Field: "id", Rule: "is taken already"}}
	}
	value := before
	var broken models.Invalid
	if _, said := l.cells["tenant"]; !said && !there {
		l.cells["tenant"] = string(who.Tenant)
	}
	for _, c := range f.columns {
		text, said := l.cells[c.name]
		if !said || there && text == strings.TrimSpace(c.get(before)) { // what a cell cannot say, as the blanks around a name, stays
			continue
		}
		if err := c.set(&value, text); err != nil {
			broken = append(broken, models.Violation{Field: c.name, Rule: err.Error()})
		}
	}
	if len(broken) > 0 {
		return core.ConfigChanged{}, broken
	}
	if !who.tenantAllowed(f.tenant(value)) {
		return core.ConfigChanged{}, models.Invalid{{Field: "tenant", Rule: "you belong to another tenant"}}
	}
	if f.checked != nil {
		var e *Error
		if err := f.checked(s, value); errors.As(err, &e) {
			return core.ConfigChanged{}, models.Invalid{{Field: e.Field, Rule: e.Message}}
		}
	}
	if there && f.spared != nil {
		if e := f.spared(who, before, &value); e != nil {
			return core.ConfigChanged{}, models.Invalid{{Rule: e.Message}}
		}
	}
	switch {
	case there && reflect.DeepEqual(before, value):
		result.Unchanged++
		return core.ConfigChanged{}, nil
	case there:
		result.Changed++
	default:
		result.Created++
	}
	return f.write(ctx, db, value, there)
}

// lineProblems says what is wrong with a line. An error that is not about the line is returned.
func lineProblems(number int, err error) ([]LineProblem, error) {
	var broken models.Invalid
	switch {
	case errors.As(err, &broken):
		var out []LineProblem
		for _, b := range broken {
			out = append(out, LineProblem{Line: number, Field: b.Field, Rule: b.Rule})
		}
		return out, nil
	case errors.Is(err, models.ErrExists):
		return []LineProblem{{Line: number, Field: "id", Rule: "is taken already"}}, nil
	default:
		return nil, fmt.Errorf("line %d: %w", number, err)
	}
}

// parse reads the lines of a file, and says which are none. The error is about the file as a whole.
func (f file[T]) parse(body []byte) ([]line, []LineProblem, error) {
	body = bytes.TrimPrefix(body, []byte("\uFEFF")) // as spreadsheets write it
	if !utf8.Valid(body) {
		return nil, nil, &Error{Code: CodeMalformed, Message: "the file is not UTF-8: save it from the spreadsheet as \"CSV UTF-8\""}
	}
	in := csv.NewReader(bytes.NewReader(body))
	in.FieldsPerRecord = -1
	heading, _, _ := bytes.Cut(body, []byte("\n"))
	if !bytes.Contains(heading, []byte(",")) && bytes.Contains(heading, []byte(";")) {
		in.Comma = ';' // where the comma is in the numbers
	}
	names, err := f.heading(in)
	if err != nil {
		return nil, nil, err
	}
	var lines []line
	var problems []LineProblem
	seen := map[string]int{} // the line of each id
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return lines, problems, nil
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			return lines, append(problems, LineProblem{Line: broken.Line, Rule: "the quoting is wrong: " + broken.Err.Error()}), nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read a line: %w", err)
		}
		if len(lines)+len(problems) >= mostLines {
			return nil, nil, &Error{Code: CodeTooLarge, Message: fmt.Sprintf("the file has more than %d lines: send it in parts", mostLines)}
		}
		number, _ := in.FieldPos(0)
		if len(cells) != len(names) {
			problems = append(problems, LineProblem{Line: number, Rule: fmt.Sprintf("must have %d cells like the first line, but has %d", len(names), len(cells))})
			continue
		}
		l, wrong := lineOf(number, names, cells)
		problems = append(problems, wrong...)
		if first := seen[l.id]; first != 0 {
			problems = append(problems, LineProblem{Line: number, Field: "id", Rule: fmt.Sprintf("is in line %d already", first)})
			continue
		}
		seen[l.id] = number
		lines = append(lines, l)
	}
}

// heading reads the first line, which names the columns: those of the file, in any order, each once, the id among them.
func (f file[T]) heading(in *csv.Reader) ([]string, error) {
	names, err := in.Read()
	if err != nil {
		return nil, &Error{Code: CodeMalformed, Message: "the first line must name the columns"}
	}
	wrong := func(message, name, rule string) error {
		return &Error{Code: CodeInvalid, Message: "line 1: " + message, Field: name, Lines: []LineProblem{{1, name, rule}}}
	}
	for i, name := range names {
		names[i] = strings.ToLower(strings.TrimSpace(name))
		switch {
		case !slices.ContainsFunc(f.columns, func(c column[T]) bool { return c.name == names[i] }):
			return nil, wrong("there is no such column", printable(names[i]), "there is no such column")
		case slices.Index(names, names[i]) != i:
			return nil, wrong("the column is listed twice", names[i], "is there twice")
		}
	}
	if !slices.Contains(names, "id") {
		return nil, wrong("there must be a column id", "id", "must be there")
	}
	return names, nil
}

// lineOf gives the cells their names, and says which of them no cell may hold. The quote that keeps a spreadsheet from computing a cell is taken off.
func lineOf(number int, names, cells []string) (line, []LineProblem) {
	var problems []LineProblem
	l := line{number: number, cells: make(map[string]string, len(cells))}
	for i, cell := range cells {
		if !plainText(cell) {
			problems = append(problems, LineProblem{Line: number, Field: names[i], Rule: "must not contain control characters"})
		}
		if len(cell) > 1 && cell[0] == '\'' && strings.ContainsRune(formulaSigns+"'", rune(cell[1])) {
			cell = cell[1:]
		}
		l.cells[names[i]] = strings.TrimSpace(cell)
	}
	l.id = l.cells["id"]
	return l, problems
}

// printable is the beginning of a text that somebody has sent, fit to be sent back.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return -1
	}, text)
	if r := []rune(text); len(r) > 64 {
		text = string(r[:64])
	}
	return text
}
