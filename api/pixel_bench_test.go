package api

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/web/e2e"
)

// pixelTime is for how long the calls that begin are watched.
const pixelTime = 20 * time.Second

// BenchmarkPixel measures how long it takes from a call that appears on the switch until a supervisor sees it: what [BenchmarkDashboards] starts, and a Chromium that shows the app to a supervisor
// in place of the wall. When a call counts as seen is told in web/e2e/watch.ts.
//
//	go test ./api -run '^$' -bench Pixel -benchtime 1x -v
//
// p50-ms and p95-ms are from the fact to the frame, of all calls that began while the page was watched: one that was never seen is as late as can be. page-p50-ms and page-p95-ms are from the fact
// until the call is in the page, drawn or not. Where no browser can be started it is skipped, and says "NOT MEASURED" with the reason.
func BenchmarkPixel(b *testing.B) {
	limit, cancel := context.WithTimeout(b.Context(), 3*time.Minute)
	defer cancel()
	scenes, err := e2e.Command(limit, filepath.Join("..", "web"), "--project=bench")
	if errors.Is(err, e2e.ErrMissing) && os.Getenv("TANDEM_REQUIRE_BROWSER") == "" {
		b.Skipf("NOT MEASURED: %v", err)
	}
	require.NoError(b, err)
	c := newBenchCentre(b)
	defer c.stop()
	file := filepath.Join(b.TempDir(), "pixel.json")
	scenes.Env = append(scenes.Env, "TANDEM_URL="+c.url, "TANDEM_SESSION_NAME="+cookieName, "TANDEM_SESSION="+c.secret,
		"TANDEM_PIXEL_SECONDS="+strconv.Itoa(int(pixelTime.Seconds())), "TANDEM_PIXEL_OUT="+file)
	out, err := scenes.CombinedOutput()
	require.NoError(b, err, "%s", out)
	text, err := os.ReadFile(file)
	require.NoError(b, err)
	var p pageSaw
	require.NoError(b, json.Unmarshal(text, &p))
	require.Less(b, math.Abs(p.Skew), 5.0, "the page's clock has moved away from the computer's (ms)")
	l := p.late(c.placed())
	b.ReportMetric(shareOf(l.painted, 0.5), "p50-ms")
	b.ReportMetric(shareOf(l.painted, 0.95), "p95-ms")
	b.ReportMetric(shareOf(l.made, 0.5), "page-p50-ms")
	b.ReportMetric(shareOf(l.made, 0.95), "page-p95-ms")
	b.ReportMetric(float64(l.seen), "calls-seen")
	b.ReportMetric(float64(len(l.painted)), "calls-made")
	b.Logf("at the end %d of %d rows were drawn", p.Rows, p.All)
}

// pageSaw is what web/e2e/watch.ts says. Times are milliseconds since 1970.
type pageSaw struct {
	From, To, Skew float64
	Rows, All      int
	Calls          []struct {
		Customer      string
		Made, Painted float64
	}
}

// lateness is how late calls were, in ms, sorted; those that never came are as late as can be.
type lateness struct {
	painted, made []float64
	seen          int
}

// late tells how late the page was with the calls that began while it was watched.
func (p pageSaw) late(placed []int64) lateness {
	type moment struct{ made, painted float64 }
	seen := map[int64]moment{}
	for _, c := range p.Calls {
		if at, err := strconv.ParseInt(strings.TrimPrefix(c.Customer, "+"), 10, 64); err == nil {
			seen[at] = moment{c.Made, c.Painted}
		}
	}
	var l lateness
	for _, at := range placed {
		began := float64(at) / 1000
		if began < p.From || began > p.To {
			continue
		}
		m, found := seen[at]
		if !found {
			l.painted, l.made = append(l.painted, math.Inf(1)), append(l.made, math.Inf(1))
			continue
		}
		l.seen++
		l.painted, l.made = append(l.painted, m.painted-began), append(l.made, m.made-began)
	}
	slices.Sort(l.painted)
	slices.Sort(l.made)
	return l
}

// shareOf is the value that this share of all is not above; infinite if there is none.
func shareOf(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return math.Inf(1)
	}
	return sorted[int(float64(len(sorted)-1)*share)]
}

func TestACallThatIsNeverSeenIsLate(t *testing.T) {
	t.Parallel()
	var p pageSaw
	require.NoError(t, json.Unmarshal([]byte(`{"from": 1000, "to": 2000, "skew": 0.1, "rows": 3, "all": 9, "calls": [
		{"customer": "+1100000", "made": 1120, "painted": 1140}, {"customer": "+1200000", "made": 1210, "painted": 1230},
		{"customer": "+900000", "made": 1000, "painted": 1001}, {"customer": "withheld", "made": 1000, "painted": 1001}]}`), &p))
	l := p.late([]int64{900_000, 1_100_000, 1_200_000, 1_300_000, 2_100_000})
	assert.Equal(t, lateness{painted: []float64{30, 40, math.Inf(1)}, made: []float64{10, 20, math.Inf(1)}, seen: 2}, l)
	assert.InDelta(t, 40, shareOf(l.painted, 0.5), 0)
	assert.InDelta(t, math.Inf(1), shareOf(l.painted, 1), 0)
	assert.InDelta(t, math.Inf(1), shareOf(nil, 0.5), 0)
}
