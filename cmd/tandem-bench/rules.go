package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"regexp"
	"strconv"
)

// ruleFigures is what the rules' own benchmarks say.
type ruleFigures struct {
	small, large float64 // ns of processor time per step: 100 agents and 100 waiting calls; 10,000 and 100,000
	worst        float64 // of all sizes
	bytesPerCall int     // of a waiting call
}

// rules runs the benchmarks of orchestrator/core and reads what they print. Of repeated measurements the best counts: whatever else runs on the machine can only
// make one slower.
func rules(ctx context.Context) (ruleFigures, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^TestBytesPerWaitingCall$", "-v", "-bench", "^BenchmarkStep$", "-count", "3", "-benchtime", "0.5s",
		"./orchestrator/core")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return ruleFigures{}, fmt.Errorf("run the benchmarks of orchestrator/core: %w\n%s", err, out)
	}
	return readRules(out)
}

var (
	stepLine  = regexp.MustCompile(`^BenchmarkStep/agents=(\d+)/waiting=(\d+)\S*\s.*?([\d.]+) cpu-ns/step`)
	bytesLine = regexp.MustCompile(`(\d+) bytes per waiting call`)
)

func readRules(out []byte) (ruleFigures, error) {
	best := map[string]float64{}
	var f ruleFigures
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if m := stepLine.FindStringSubmatch(lines.Text()); m != nil {
			v, err := strconv.ParseFloat(m[3], 64)
			if err != nil {
				return f, fmt.Errorf("read the benchmarks' output: %w", err)
			}
			size := m[1] + "/" + m[2]
			if have, ok := best[size]; !ok || v < have {
				best[size] = v
			}
		}
		if m := bytesLine.FindStringSubmatch(lines.Text()); m != nil {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				return f, fmt.Errorf("read the benchmarks' output: %w", err)
			}
			f.bytesPerCall = max(f.bytesPerCall, n)
		}
	}
	f.small, f.large = best["100/100"], best["10000/100000"]
	for _, v := range best {
		f.worst = math.Max(f.worst, v)
	}
	if f.small == 0 || f.large == 0 || f.bytesPerCall == 0 {
		return f, errors.New("read the benchmarks' output: figures are missing")
	}
	return f, nil
}

var stormLine = regexp.MustCompile(`(\d+) simulated events per second`)

// errNoStorm says that the program has no simulator, or one that does not tell its speed.
var errNoStorm = errors.New("\"tandem sim\" tells no events per second")

// storm is the simulator's events per second on one core.
func storm(ctx context.Context, binary string) (float64, error) {
	cmd := exec.CommandContext(ctx, binary, "sim", "-seeds", "300")
	cmd.Env = append(cmd.Environ(), "GOMAXPROCS=1")
	out, err := cmd.CombinedOutput()
	if m := stormLine.FindStringSubmatch(string(out)); m != nil && err == nil {
		return strconv.ParseFloat(m[1], 64)
	}
	return 0, errNoStorm
}
