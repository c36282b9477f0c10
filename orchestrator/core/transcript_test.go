package core

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write what the rules say now into testdata/*.txt, to be read and judged as a diff")

// TestTranscript plays the stories of testdata/*.txt. A story is a text file: a header of # lines that says what it shows and which
// rows of the feature list it proves, then commands and, indented below each, what came of it:
//
//	> ann available
//	    agent.state ann: available (asked)
//
// Commands are the lines that begin with ">", see commands_test.go; a leading +5s lets time pass first. What the rules say is indented: timeline entries first,
// then the orders to the switches behind an arrow. Names are readable: the first call is call1; ann's first leg is ann#1.
//
//	go test -run Transcript -rewrite ./orchestrator/core
//
// writes the indented lines anew. After each command the rig checks everything that it always checks, and in the end replays the story.
func TestTranscript(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("find transcripts: %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := string(body)
			if !strings.HasPrefix(want, "# ") || !strings.Contains(header(want), "Proves: ") {
				t.Errorf("%s begins with no header that says what it proves", file)
			}
			got := playTranscript(t, want)
			if got == want {
				return
			}
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("%s\n(go test -run Transcript -rewrite takes it over)", firstDifferentLine(want, got))
		})
	}
}

// playTranscript plays a story and gives it back with what the rules say now.
func playTranscript(t *testing.T, text string) string {
	t.Helper()
	p := newPlay(t)
	var out strings.Builder
	for n, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "    "):
			continue // what was recorded
		case strings.HasPrefix(line, "> "):
			p.line = n + 1
			p.command = line
			out.WriteString(line + "\n")
			for _, said := range p.do(strings.TrimPrefix(line, "> ")) {
				out.WriteString("    " + said + "\n")
			}
		case line == "" || strings.HasPrefix(line, "#"):
			out.WriteString(line + "\n")
		default:
			t.Fatalf("line %d is no comment, command or output: %s", n+1, line)
		}
	}
	p.replay()
	return out.String()
}

func header(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "#") {
			return strings.Join(lines[:i], "\n")
		}
	}
	return text
}

func firstDifferentLine(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	command := ""
	for i := range max(len(w), len(g)) {
		at := func(lines []string) string {
			if i < len(lines) {
				return lines[i]
			}
			return "(end)"
		}
		if at(w) != at(g) {
			return "after " + command + "\n\twas: " + at(w) + "\n\tnow: " + at(g)
		}
		if strings.HasPrefix(at(w), ">") {
			command = at(w)
		}
	}
	return "no difference"
}
