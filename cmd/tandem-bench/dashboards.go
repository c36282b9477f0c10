package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

// wallFigures is what the API's own benchmark of a wall of dashboards says.
type wallFigures map[string]float64

// dashboards runs it.
func dashboards(ctx context.Context) (wallFigures, error) {
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkDashboards$", "-benchtime", "1x", "./api").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("run the benchmark of api: %w\n%s", err, out)
	}
	return readWall(out)
}

var wallFigure = regexp.MustCompile(`([\d.]+) (cores|cores-alone|p50-ms|p95-ms|slow-p95-ms|MB/s|calls-seen)\s`)

func readWall(out []byte) (wallFigures, error) {
	f := wallFigures{}
	for _, m := range wallFigure.FindAllSubmatch(out, -1) {
		v, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			return nil, fmt.Errorf("read the benchmark's output: %w", err)
		}
		f[string(m[2])] = v
	}
	for _, name := range []string{"cores", "p50-ms", "p95-ms", "slow-p95-ms", "MB/s", "calls-seen"} {
		if _, told := f[name]; !told {
			return nil, fmt.Errorf("read the benchmark's output: %s is missing", name)
		}
	}
	return f, nil
}

// dashboards tells what a wall of them costs, and how late they are.
func (p *part) dashboards(f wallFigures) {
	p.judge("500 dashboards on 200 agents and 50 calls/s: fact on the switch → change at a dashboard, p50 / p95 (ms)", "",
		fmt.Sprintf("%.0f / %.0f", f["p50-ms"], f["p95-ms"]), "≤ 150", f["calls-seen"] > 0 && f["p95-ms"] <= 150)
	p.judge("… p95 while ten of them take nothing of what they are sent (ms)", "", fmt.Sprintf("%.0f", f["slow-p95-ms"]), "≤ 150", f["slow-p95-ms"] <= 150)
	p.judge("… what they cost the server (cores)", "", fmt.Sprintf("%.2f", f["cores"]), "< 1", f["cores"] < 1)
	p.tell("… what they are sent (MB/s)", "", fmt.Sprintf("%.0f", f["MB/s"]))
}
