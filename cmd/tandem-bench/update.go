package main

import (
	"fmt"
	"slices"
	"strings"
)

// A part of the bench that is measured again by itself takes its place in the document of the last whole run: its rows replace those that were there, and a line says when that was. All
// else stays, "how it is measured" excepted, which is the program's.

// since begins the line about a part that was measured by itself.
const since = "- Measured by itself since: "

// updated puts the rows of this report into a document. It gives the whole report where there is no such document.
func (r *report) updated(document, only string, about machine) string {
	lines := strings.Split(document, "\n")
	if i := slices.Index(lines, strings.TrimSpace(method[:strings.Index(method[1:], "\n")+1])); i >= 0 {
		lines = append(lines[:i:i], strings.Split(strings.TrimPrefix(method, "\n"), "\n")...)
	}
	header := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "## ") })
	if header < 0 {
		return r.markdown(about)
	}
	for _, p := range r.told() {
		at := slices.Index(lines, "## "+p.title)
		if at < 0 || p.empty != "" {
			return r.markdown(about)
		}
		first := at + slices.IndexFunc(lines[at:], func(l string) bool { return strings.HasPrefix(l, "|") }) + 2 // behind the heading and the line under it
		end := first
		for end < len(lines) && strings.HasPrefix(lines[end], "|") {
			end++
		}
		table := lines[first:end:end]
		for _, g := range groups(p.lines()) {
			table = replaced(table, g)
		}
		lines = slices.Concat(lines[:first], table, lines[end:])
	}
	lines = outdated(lines, strings.Split(only, ","))
	about.date = fmt.Sprintf("%s%s, %s, commit %s, load before %s", since, only, about.date, about.commit, about.loadBefore)
	header = slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "## ") })
	return strings.Join(slices.Insert(lines, header-1, about.date), "\n")
}

// outdated takes what has been measured again out of the lines about parts that were measured by themselves before, and those of which nothing is left.
func outdated(lines, again []string) []string {
	var out []string
	for _, l := range lines {
		if said, ok := strings.CutPrefix(l, since); ok {
			names, when, _ := strings.Cut(said, ", ")
			left := slices.DeleteFunc(strings.Split(names, ","), func(name string) bool { return slices.Contains(again, name) })
			if len(left) == 0 {
				continue
			}
			l = since + strings.Join(left, ",") + ", " + when
		}
		out = append(out, l)
	}
	return out
}

// groups cuts rows into those that belong together: a first one, and those behind it that go on from it.
func groups(rows []string) [][]string {
	var out [][]string
	for _, l := range rows {
		if len(out) == 0 || !goesOn(l) {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], l)
	}
	return out
}

func goesOn(row string) bool { return strings.HasPrefix(row, "| …") }

// what is a row's first cell.
func what(row string) string {
	cells := strings.SplitN(row, " | ", 2)
	return cells[0]
}

// replaced puts a group of rows in place of the one that measures the same, or behind all others.
func replaced(table, group []string) []string {
	at := slices.IndexFunc(table, func(l string) bool { return what(l) == what(group[0]) })
	if at < 0 {
		return append(table, group...)
	}
	end := at + 1
	for end < len(table) && goesOn(table[end]) {
		end++
	}
	return slices.Concat(table[:at], group, table[end:])
}
