package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Numbers that serve another entry point already are refused, unless the request says that they are to be taken from there (N2). An entry point that loses its last number to another loses
// its users too and is switched off: nobody can reach it, and it is not to look as if somebody could.

func (s *Server) createEntryPoint(r *request) (reply, error) {
	return s.putEntryPoint(r, resource[core.EntryPoint, entryPointWire].create)
}

func (s *Server) replaceEntryPoint(r *request) (reply, error) {
	return s.putEntryPoint(r, resource[core.EntryPoint, entryPointWire].replace)
}

func (s *Server) putEntryPoint(r *request, put func(resource[core.EntryPoint, entryPointWire], *Server, *request) (reply, error)) (reply, error) {
	take, err := r.flag("take_numbers")
	if err != nil {
		return reply{}, err
	}
	if !take {
		return put(entryPoints, s, r)
	}
	taking := &takingNumbers{Repository: s.EntryPoints, together: s.Together}
	res := entryPoints
	res.repo = func(*Server) Repository[core.EntryPoint] { return taking }
	out, err := put(res, s, r)
	if err == nil {
		for _, e := range taking.lost {
			s.audit(r, entryPoints.kind+"/"+string(e.ID), e.Tenant, e)
		}
	}
	return out, err
}

// takingNumbers keeps entry points, and takes the numbers of one that is put there from those that have them.
type takingNumbers struct {
	Repository[core.EntryPoint]
	together Together
	lost     []core.EntryPoint // those that numbers were taken from, as they are then
}

// Create implements [Repository].
func (t *takingNumbers) Create(ctx context.Context, e core.EntryPoint) (Versioned[core.EntryPoint], core.ConfigChanged, error) {
	return t.put(ctx, e, func(ctx context.Context, db *models.DB) (models.Versioned[core.EntryPoint], core.ConfigChanged, error) {
		return db.Config().CreateEntryPoint(ctx, e)
	})
}

// Replace implements [Repository].
func (t *takingNumbers) Replace(ctx context.Context, e core.EntryPoint, version int64) (Versioned[core.EntryPoint], core.ConfigChanged, error) {
	return t.put(ctx, e, func(ctx context.Context, db *models.DB) (models.Versioned[core.EntryPoint], core.ConfigChanged, error) {
		return db.Config().UpdateEntryPoint(ctx, e, version)
	})
}

type writeEntryPoint func(context.Context, *models.DB) (models.Versioned[core.EntryPoint], core.ConfigChanged, error)

func (t *takingNumbers) put(ctx context.Context, e core.EntryPoint, write writeEntryPoint) (Versioned[core.EntryPoint], core.ConfigChanged, error) {
	all, err := t.List(ctx, e.Tenant)
	if err != nil {
		return Versioned[core.EntryPoint]{}, core.ConfigChanged{}, err
	}
	var changes []models.Change
	for _, other := range all {
		rest, taken := withoutNumbers(other.Value, e.Numbers)
		if other.Value.ID == e.ID || !taken {
			continue
		}
		t.lost = append(t.lost, rest)
		changes = append(changes, func(ctx context.Context, db *models.DB) (core.ConfigChanged, error) {
			_, change, err := db.Config().UpdateEntryPoint(ctx, rest, other.Version)
			return change, err
		})
	}
	var row models.Versioned[core.EntryPoint]
	changes = append(changes, func(ctx context.Context, db *models.DB) (change core.ConfigChanged, err error) {
		row, change, err = write(ctx, db)
		return change, err
	})
	change, err := t.together.All(ctx, changes, false)
	var failed models.Failures
	if errors.As(err, &failed) {
		err = fromModels(failed[0].Err)
	}
	return Versioned[core.EntryPoint]{row.Setup, row.Version}, change, err
}

// withoutNumbers is an entry point without some numbers; false if it has none of them.
func withoutNumbers(e core.EntryPoint, numbers []string) (core.EntryPoint, bool) {
	bare := func(n string) string { return strings.TrimPrefix(n, "+") }
	rest := slices.DeleteFunc(slices.Clone(e.Numbers), func(own string) bool {
		return slices.ContainsFunc(numbers, func(n string) bool { return bare(n) == bare(own) })
	})
	if len(rest) == len(e.Numbers) {
		return e, false
	}
	e.Numbers = rest
	if len(rest) == 0 {
		e.Users, e.Off = nil, true
	}
	return e, true
}

// mostAdded bounds how many numbers one request adds.
const mostAdded = 1000

// addNumbers gives an entry point further numbers: single ones, and ranges (N1).
func (s *Server) addNumbers(r *request) (reply, error) {
	take, err := r.flag("take_numbers")
	if err != nil {
		return reply{}, err
	}
	version, err := ifMatch(r)
	if err != nil {
		return reply{}, err
	}
	var body struct {
		Numbers []string `json:"numbers"`
	}
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	if len(body.Numbers) == 0 {
		return reply{}, invalid("numbers", "must not be empty")
	}
	var add []string
	for i, text := range body.Numbers {
		field := "numbers[" + strconv.Itoa(i) + "]"
		some, rule := numbersOf(text)
		if rule != "" {
			return reply{}, invalid(field, rule)
		}
		if add = append(add, some...); len(add) > mostAdded {
			return reply{}, invalid(field, "must not bring the request to more than 1000 numbers")
		}
	}
	if err := s.acting(); err != nil {
		return reply{}, err
	}
	s.setup.Lock()
	defer s.setup.Unlock()
	row, err := entryPoints.find(s, r)
	if err != nil {
		return reply{}, err
	}
	if version == 0 {
		version = row.Version
	}
	e := row.Value
	e.Numbers = slices.Clone(e.Numbers)
	for _, n := range add {
		if _, has := withoutNumbers(e, []string{n}); !has { // adding twice is harmless
			e.Numbers = append(e.Numbers, n)
		}
	}
	taking := &takingNumbers{Repository: s.EntryPoints, together: s.Together}
	repo := s.EntryPoints
	if take {
		repo = taking
	}
	next, change, err := repo.Replace(r.ctx(), e, version)
	if err != nil {
		return reply{}, err
	}
	for _, lost := range taking.lost {
		s.audit(r, entryPoints.kind+"/"+string(lost.ID), lost.Tenant, lost)
	}
	if err := s.changed(r, entryPoints.kind+"/"+string(e.ID), e.Tenant, next.Value, change); err != nil {
		return reply{}, err
	}
	r.Header("ETag", etag(next.Version))
	return reply{status: http.StatusOK, body: entryPoints.item(r.sees, s.Live.View(), next)}, nil
}

// rangeSign stands between the first and the last number of a range.
const rangeSign = ".."

// numbersOf reads a number, or a range of them like +4930123400..+4930123499, of which the ends have the same length. rule says what is wrong with it.
func numbersOf(text string) (numbers []string, rule string) {
	first, last, isRange := strings.Cut(strings.TrimSpace(text), rangeSign)
	if !isRange {
		return []string{first}, models.NumberRule(first) // where it is kept it has another place in the list
	}
	plus := strings.HasPrefix(first, "+")
	a, b := strings.TrimPrefix(first, "+"), strings.TrimPrefix(last, "+")
	from, errA := strconv.ParseUint(a, 10, 64)
	to, errB := strconv.ParseUint(b, 10, 64)
	switch {
	case errA != nil || errB != nil || plus != strings.HasPrefix(last, "+") || len(a) != len(b) || len(a) > 18:
		return nil, "must be a number, or a range like +4930123400..+4930123499 with ends of the same length"
	case to < from || to-from >= mostAdded:
		return nil, "must be a range of 1 to 1000 numbers, the lower one first"
	}
	for n := from; n <= to; n++ {
		digits := strconv.FormatUint(n, 10)
		number := strings.Repeat("0", len(a)-len(digits)) + digits
		if plus {
			number = "+" + number
		}
		numbers = append(numbers, number)
	}
	return numbers, ""
}
