package models

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"
)

// ErrCursor says that a page's cursor is none that this package has made.
var ErrCursor = errors.New("not a cursor")

// Paging asks for one page of a list. Lists are in order of time, newest first, unless they say otherwise.
type Paging struct {
	Cursor string // Next of the page before; "" = the first page
	Limit  int    // rows on the page, 1 to 1000; 0 = 100
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T
	Next  string // cursor of the next page, "" on the last
}

// place is where a row stands in its list: by time, then by id. Paging by place and not by offset stays right while rows are added.
type place struct {
	at int64
	id string
}

func (p place) cursor() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", p.at, p.id))
}

func parseCursor(cursor string) (place, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return place{}, ErrCursor
	}
	at, id, ok := strings.Cut(string(raw), " ")
	us, err := strconv.ParseInt(at, 10, 64)
	if err != nil || !ok || id != clean(id) {
		return place{}, ErrCursor
	}
	return place{at: us, id: id}, nil
}

// readPage reads one page of a query, whose rows T are ordered by the columns at and id, newest first.
func readPage[T any](q *gorm.DB, p Paging, at, id string, of func(T) place) (Page[T], error) {
	if p.Cursor != "" {
		from, err := parseCursor(p.Cursor)
		if err != nil {
			return Page[T]{}, err
		}
		q = q.Where(fmt.Sprintf("(%s, %s) < (?, ?)", at, id), from.at, from.id)
	}
	return takePage(q.Order(at+" DESC, "+id+" DESC"), p, of)
}

// takePage reads one page of a query that is in order and begins where the page does.
func takePage[T any](q *gorm.DB, p Paging, of func(T) place) (Page[T], error) {
	limit := p.Limit
	if limit <= 0 {
		limit = 100
	}
	limit = min(limit, 1000)
	var rows []T
	if err := q.Limit(limit + 1).Find(&rows).Error; err != nil {
		return Page[T]{}, err
	}
	page := Page[T]{Items: rows}
	if len(rows) > limit {
		page.Items = rows[:limit]
		page.Next = of(rows[limit-1]).cursor()
	}
	return page, nil
}

// mapPage gives the same page with its items in another form.
func mapPage[T, U any](p Page[T], f func(T) U) Page[U] {
	out := Page[U]{Next: p.Next, Items: make([]U, len(p.Items))}
	for i, item := range p.Items {
		out.Items[i] = f(item)
	}
	return out
}
