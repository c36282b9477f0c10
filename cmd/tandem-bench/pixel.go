package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

// pixelFigures is what the API's own benchmark of a page says: how late calls are seen, in ms, infinite for those that never are.
type pixelFigures struct {
	missing              string // why nothing was measured; "" = it was
	p50, p95             float64
	pageP50, pageP95     float64 // until the page has the call, drawn or not
	callsSeen, callsMade float64
}

// pixels runs it.
func pixels(ctx context.Context) (pixelFigures, error) {
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkPixel$", "-benchtime", "1x", "-v", "./api").CombinedOutput()
	if err != nil {
		return pixelFigures{}, fmt.Errorf("run the benchmark of api: %w\n%s", err, out)
	}
	return readPixels(out)
}

var (
	pixelFigure  = regexp.MustCompile(`([\d.]+|\+Inf) (p50-ms|p95-ms|page-p50-ms|page-p95-ms|calls-seen|calls-made)\s`)
	pixelMissing = regexp.MustCompile(`NOT MEASURED: (.*)`)
)

func readPixels(out []byte) (pixelFigures, error) {
	if m := pixelMissing.FindSubmatch(out); m != nil {
		return pixelFigures{missing: string(m[1])}, nil
	}
	var f pixelFigures
	of := map[string]*float64{"p50-ms": &f.p50, "p95-ms": &f.p95, "page-p50-ms": &f.pageP50, "page-p95-ms": &f.pageP95, "calls-seen": &f.callsSeen, "calls-made": &f.callsMade}
	for _, m := range pixelFigure.FindAllSubmatch(out, -1) {
		v, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			return f, fmt.Errorf("read the benchmark's output: %w", err)
		}
		if to := of[string(m[2])]; to != nil {
			*to = v
		}
		delete(of, string(m[2]))
	}
	for name := range of {
		return f, fmt.Errorf("read the benchmark's output: %s is missing", name)
	}
	return f, nil
}

// pixels tells how late what a supervisor sees is.
func (p *part) pixels(f pixelFigures) {
	const what = "a supervisor's page in Chromium, 200 agents and 50 calls/s: fact on the switch → the frame that shows the call, p50 / p95 (ms)"
	if f.missing != "" {
		p.tell(what, "", "not measured: "+f.missing)
		return
	}
	p.judge(what, "", fmt.Sprintf("%.0f / %.0f", f.p50, f.p95), "≤ 150", f.callsMade > 0 && f.p95 <= 150)
	p.tell("… until the page has it, p50 / p95 (ms)", "", fmt.Sprintf("%.0f / %.0f", f.pageP50, f.pageP95))
	p.tell("… calls seen, of those that began meanwhile", "", fmt.Sprintf("%.0f of %.0f", f.callsSeen, f.callsMade))
}
