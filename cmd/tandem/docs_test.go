package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheMapsAreTrue: the files that the tables of docs/architecture.md and docs/features.md name are there, and what stands behind a file is in it.
func TestTheMapsAreTrue(t *testing.T) {
	span := regexp.MustCompile("`([^`]+)`")
	link := regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
	word := regexp.MustCompile(`^\w+$`)
	for doc, least := range map[string]int{"docs/architecture.md": 40, "docs/features.md": 100} {
		text, err := os.ReadFile("../../" + doc)
		require.NoError(t, err)
		for _, to := range link.FindAllStringSubmatch(string(text), -1) {
			_, err := os.Stat(filepath.Join("../../docs", to[1]))
			require.NoError(t, err, doc)
		}
		looked := 0
		for line := range strings.Lines(string(text)) {
			cells := strings.Split(line, "|")
			if !strings.HasPrefix(line, "|") || len(cells) < 4 || strings.Contains(line, "`orchestrator/core` | the rules |") {
				continue
			}
			var file, source string // what was named last
			var played string       // a test, whose file is named behind it
			for _, s := range span.FindAllStringSubmatch(cells[len(cells)-2], -1) {
				switch named := s[1]; {
				case strings.HasPrefix(named, "Test"):
					played = named
				case strings.ContainsAny(named, "/.*"):
					looked++
					beside := file
					if filepath.Ext(file) != "" {
						beside = filepath.Dir(file)
					}
					if file, source = sourcesOf(t, beside, named); file == "" {
						file = filepath.Join(beside, "there is none")
						assert.Fail(t, "there is no such file", "%s names %s", doc, named)
					}
					assert.Contains(t, source, played, "%s: %s is not in %s", doc, played, file)
					played = ""
				case file != "" && word.MatchString(named):
					looked++
					assert.True(t, regexp.MustCompile(`\b`+named+`\b`).MatchString(source), "%s: %s is not in %s", doc, named, file)
				}
			}
		}
		assert.GreaterOrEqual(t, looked, least, doc)
	}
}

// sourcesOf finds a file, all that fit a pattern, or a directory, as a document names it: by the path in the repository, within orchestrator, or beside the one that was named
// before. It returns the path in the repository, and the text; "" = there is none.
func sourcesOf(t *testing.T, beside, named string) (file, text string) {
	t.Helper()
	for _, in := range []string{".", "orchestrator", beside} {
		file := filepath.Join(in, named)
		found, err := filepath.Glob(filepath.Join("../..", file))
		require.NoError(t, err)
		var all strings.Builder
		for _, root := range found {
			require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				part, err := os.ReadFile(path)
				all.Write(part)
				return err
			}))
		}
		if all.Len() > 0 {
			return file, all.String()
		}
	}
	return "", ""
}

// TestBackupsAreForTheirOwnerOnlyAsDocumented: what a shell puts into a file anybody can read, unless it is told otherwise.
func TestBackupsAreForTheirOwnerOnlyAsDocumented(t *testing.T) {
	found := 0
	for _, doc := range []string{"README.md", "docs/admin.md", "docs/backup.md"} {
		text, err := os.ReadFile("../../" + doc)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, "backup -to - >") {
				found++
				assert.Contains(t, line, "(umask 077;", doc)
			}
		}
	}
	assert.NotZero(t, found)
}

// TestTheCommandsAreListed: who reads how the program is made finds all that it can do.
func TestTheCommandsAreListed(t *testing.T) {
	text, err := os.ReadFile("../../docs/architecture.md")
	require.NoError(t, err)
	listed := regexp.MustCompile("`cmd/tandem` \\| wiring: the server, and the commands around it \\((.*)\\)").FindSubmatch(text)
	require.NotNil(t, listed)
	said := strings.Split(string(listed[1]), ", ")
	for _, c := range commands {
		if c.name != "serve" {
			assert.Contains(t, said, c.name)
		}
	}
}

// TestSizesAreNotBelowTheBenchmarks: by the figures of docs/admin.md people buy machines. They are above what docs/benchmarks.md shows, which differs from run to run, and not so far above that they are another program's.
func TestSizesAreNotBelowTheBenchmarks(t *testing.T) {
	numbers := func(text string) (out []float64) {
		for _, n := range regexp.MustCompile(`\d+(\.\d+)?`).FindAllString(text, -1) {
			f, err := strconv.ParseFloat(n, 64)
			require.NoError(t, err)
			out = append(out, f)
		}
		return out
	}
	rows := func(text, begins string) [][]string {
		var out [][]string
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "| "+begins) {
				out = append(out, strings.Split(line, "|"))
			}
		}
		require.NotEmpty(t, out, begins)
		return out
	}
	admin, err := os.ReadFile("../../docs/admin.md")
	require.NoError(t, err)
	measured, err := os.ReadFile("../../docs/benchmarks.md")
	require.NoError(t, err)
	sections := strings.Split(string(measured), "\n## ")
	for n, section := range []string{sections[1], sections[2]} {
		_, loaded, ok := strings.Cut(section, " calls/s for ")
		require.True(t, ok)
		said := func(begins string) []float64 { return numbers(rows(string(admin), begins)[0][2+n]) }
		found := func(begins string) []float64 { return numbers(rows(loaded, begins)[0][3]) }
		holds := func(begins string, measured ...float64) {
			for i, ms := range measured {
				assert.GreaterOrEqual(t, said(begins)[i], ms, "%s: more was measured", begins)
				assert.Less(t, said(begins)[i], 3*ms, "%s: far less was measured", begins)
			}
		}
		holds("processor time of the switch per call", found("… processor time per call")...)
		holds("… of Tandem", found("… Tandem (ms)")[0])
		stores := found("… PostgreSQL, Redis (ms)")
		holds("… of Postgres and Redis", stores[0]+stores[1])
		holds("caller's INVITE → agent's INVITE", found("… caller's INVITE → agent's INVITE")...)
	}
}
