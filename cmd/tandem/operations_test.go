package main

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// spanCollector takes traces as a collector of OpenTelemetry does.
type spanCollector struct {
	*httptest.Server
	mu    sync.Mutex
	spans map[string]map[string]time.Duration // by trace, by name: how long; the longest of a name
	all   bytes.Buffer                        // what was sent, for a search for what must not be in it
}

func newSpanCollector(t *testing.T) *spanCollector {
	t.Helper()
	c := &spanCollector{spans: map[string]map[string]time.Duration{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent collector.ExportTraceServiceRequest
		if err != nil || proto.Unmarshal(body, &sent) != nil {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all.Write(body)
		for _, rs := range sent.GetResourceSpans() {
			for _, ss := range rs.GetScopeSpans() {
				for _, s := range ss.GetSpans() {
					id := string(s.GetTraceId())
					if c.spans[id] == nil {
						c.spans[id] = map[string]time.Duration{}
					}
					took := time.Duration(s.GetEndTimeUnixNano() - s.GetStartTimeUnixNano())
					c.spans[id][s.GetName()] = max(c.spans[id][s.GetName()], took)
				}
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// TestOperationsS5 plays one recorded call with a wrap-up, and then looks at it as an operator does: by its metrics and its trace; and after a restore of the backup.
func TestOperationsS5(t *testing.T) {
	onEach(t, func(t *testing.T, on brand) {
		spans := newSpanCollector(t)
		metricsAt := freeAddress(t)
		s := newStack(t, variant{name: "watched", env: func(*testing.T) map[string]string {
			return map[string]string{"TANDEM_METRICS_LISTEN": metricsAt, "OTEL_EXPORTER_OTLP_ENDPOINT": spans.URL, "OTEL_BSP_SCHEDULE_DELAY": "100"}
		}}, 2, on)
		s.addQueue("taped", tapedNumber, 0, map[string]any{"record": true, "ring_time": 120, "wrap_up": map[string]any{"time": 1}})

		given := s.dial(tapedNumber) // who gives up
		given.is(core.Waiting)
		given.hangUp()
		_, err := s.board.Await(s.soon(), "nobody to be waiting", func(st client.State) bool { // or the agent would be offered the call that is just ending
			for _, c := range st.Calls {
				if c.Phase == core.Waiting {
					return false
				}
			}
			return true
		})
		require.NoError(t, err)
		k := s.connects(tapedNumber, s.desks[0])
		s.eventually("the recording", func() bool { return len(s.spooled()) > 0 })
		mark := len(s.board.State().Entries)
		k.caller.hangUp()
		_, err = s.board.AwaitEntry(s.soon(), mark, "the wrap-up", func(e client.Entry) bool { return e.Kind == core.EntryWrapUpStarted })
		require.NoError(t, err)
		s.is(k.desk, core.Available)
		archived := func() bool {
			var page struct{ Items []struct{ State string } }
			require.NoError(t, s.api.Get(s.soon(), "/api/v1/recordings?call="+string(k.id), &page))
			return len(page.Items) == 1 && page.Items[0].State == "archived"
		}
		s.eventually("the archived recording", archived)
		s.emptied()

		s.eventually("the metrics", func() bool {
			status, text, err := get(s.soon(), "http://"+metricsAt+"/metrics")
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, status)
			problems, err := promlint.New(strings.NewReader(text)).Lint()
			require.NoError(t, err)
			require.Empty(t, problems)
			require.NotContains(t, text, k.caller.number)
			for _, want := range []string{
				`tandem_calls_arrived_total{shard="main"} 2`, `tandem_calls_ended_total{outcome="answered",shard="main"} 1`, `tandem_calls_ended_total{outcome="abandoned",shard="main"} 1`,
				`tandem_wait_seconds_count{result="answered",shard="main"} 1`, `tandem_wait_seconds_count{result="abandoned",shard="main"} 1`,
				`tandem_offers_ended_total{outcome="answered",shard="main"} 1`, `tandem_talk_seconds_count{shard="main"} 1`, `tandem_wrap_up_seconds_count{shard="main"} 1`,
				`tandem_recordings_total{result="complete",shard="main"} 1`, `tandem_agents{shard="main",state="available"} 1`, `tandem_queue_waiting{queue="taped",shard="main",tenant="acme"} 0`,
				`tandem_jobs_total{kind="archive",result="done"} 1`, `tandem_projection_backlog_entries{shard="main"} 0`, `tandem_shard_owned{shard="main"} 1`,
			} {
				if !strings.Contains(text, want+"\n") {
					return false
				}
			}
			return true
		})
		s.eventually("the trace", func() bool {
			spans.mu.Lock()
			defer spans.mu.Unlock()
			for _, trace := range spans.spans {
				whole := true
				for _, name := range []string{
					"call", "decide leg.appeared", "call.arrived", "wait", "offer", "order dial", "order set_mix", "order start_recording", "decide leg.answered", "talk", "recording", "wrap-up", "job archive",
				} {
					_, there := trace[name]
					whole = whole && there
				}
				if whole {
					require.GreaterOrEqual(t, trace["call"], trace["talk"])
					require.GreaterOrEqual(t, trace["wrap-up"], time.Second)
					return true
				}
			}
			return false
		})
		spans.mu.Lock()
		for _, personal := range append([]string{strings.TrimPrefix(k.caller.number, "+"), strings.TrimPrefix(tapedNumber, "+")}, string(k.desk.agent)) {
			require.NotContains(t, spans.all.String(), personal)
		}
		spans.mu.Unlock()

		// The backup is made beside the working Tandem, and restored when it is gone.
		before := s.records()
		require.Len(t, before, 2)
		file := filepath.Join(s.dir, "backup.tar")
		s.tandem("backup", "-to", file)
		streamed := exec.CommandContext(s.soon(), s.proc.bin, "backup", "-to", "-") // as out of a container
		streamed.Env = s.proc.env
		whole, err := streamed.Output()
		require.NoError(t, err)
		m, err := readArchive(bytes.NewReader(whole), nil)
		require.NoError(t, err)
		require.Equal(t, 2, m.Rows["call_records"])
		s.proc.terminate()
		s.others = append(s.others, s.proc)
		maps.Copy(s.env, map[string]string{
			"TANDEM_DB": "sqlite:" + filepath.Join(s.dir, "restored", "tandem.db"), "TANDEM_BUCKET": "file://" + filepath.Join(s.dir, "restored", "recordings"),
		})
		s.proc = s.newProcess(s.proc.bin, "restored")
		s.tandem("restore", "-from", file)
		s.proc.start()
		s.awaitReady()
		require.Equal(t, before, s.records())
		require.True(t, archived())
		var page struct{ Items []struct{ ID string } }
		require.NoError(t, s.api.Get(s.soon(), "/api/v1/recordings?call="+string(k.id), &page))
		audio, err := s.api.Raw(s.soon(), "/api/v1/recordings/"+page.Items[0].ID+"/audio")
		require.NoError(t, err)
		samples, err := softphone.ReadWAV(audio)
		require.NoError(t, err)
		require.NoError(t, audio.Close())
		require.NotEmpty(t, samples)
		s.mended(map[string]float64{})

		again := s.dial(tapedNumber) // it serves, with who was available before
		s.talks(again, k.desk, s.takes(k.desk))
		again.hangUp()
		s.emptied()
	})
}

// tandem runs a command with the settings of the installation.
func (s *stack) tandem(args ...string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.soon(), s.proc.bin, args...)
	cmd.Env = s.proc.env
	out, err := cmd.CombinedOutput()
	require.NoError(s.t, err, "tandem %v: %s", args, out)
	return string(out)
}
