package esl

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

var (
	record  = flag.Bool("record", false, "record the golden streams anew from a real FreeSWITCH, and the facts with them")
	rewrite = flag.Bool("rewrite", false, "write the golden facts anew instead of comparing")
)

const goldenDir = "testdata/streams"

// What was asked for in the recorded scenarios: the legs that we dialled, and with which cause we hung up.
const (
	goldenLeg = core.LegID("11111111-1111-4111-8111-111111111111")
	goldenMix = core.MixID("33333333-3333-4333-8333-333333333333")

	goldenRecording = core.RecordingID("44444444-4444-4444-8444-444444444444")
	goldenCall      = core.CallID("golden")
	goldenPhone     = "1001"
)

// asked says with which cause the recorded session hung up, where it did.
var asked = map[string]core.CauseCode{
	"answered": core.CauseNormal, "prompt": core.CauseNormal, "recording": core.CauseNormal, "conversation": core.CauseNormal, "left-alone": core.CauseNormal,
	"elsewhere": core.CauseAnsweredElsewhere,
}

// TestGoldenStreams feeds byte streams that a real FreeSWITCH once sent to the reader and the translation, and compares the facts: what runs
// where there is no FreeSWITCH.
func TestGoldenStreams(t *testing.T) {
	if *record {
		recordGoldenStreams(t)
	}
	files, err := filepath.Glob(filepath.Join(goldenDir, "*.gz"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".gz")
		t.Run(name, func(t *testing.T) {
			events := eventsOf(t, file)
			got := factsOf(t, name, events)
			golden := strings.TrimSuffix(file, ".gz") + ".facts"
			if *rewrite || *record {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
			// A header says how many events the switch had made before. They come in that order.
			last := 0
			for _, e := range events {
				var n int
				_, err := fmt.Sscan(e.get("Event-Sequence"), &n)
				require.NoError(t, err)
				require.Greater(t, n, last, "%s", e.name())
				last = n
			}
		})
	}
}

// eventsOf reads a recorded stream to its end. Every frame is of a kind that we know.
func eventsOf(t testing.TB, file string) []event {
	t.Helper()
	packed, err := os.ReadFile(file)
	require.NoError(t, err)
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	var events []event
	for r := newFrameReader(unpacked); ; {
		f, err := r.next()
		if errors.Is(err, io.EOF) {
			return events
		}
		require.NoError(t, err)
		switch kind := f.kind(); kind {
		case kindEvent:
			e := parseEvent(f.body)
			require.NotEmpty(t, e.name())
			events = append(events, e)
		case kindAuthRequest, kindReply, kindDisconnect:
		default:
			t.Fatalf("a frame of kind %q", kind)
		}
	}
}

func factsOf(t *testing.T, name string, events []event) string {
	t.Helper()
	e := deafEngine(t)
	var out strings.Builder
	for _, ev := range events {
		for _, f := range told(e, ev, asked[name]) {
			text, err := json.Marshal(f)
			require.NoError(t, err)
			fmt.Fprintf(&out, "%s %s\n", f.Kind(), text)
		}
	}
	return out.String()
}

// deafEngine is in a session without connections: what would be asked of the switch is not.
func deafEngine(t testing.TB) *Engine {
	t.Helper()
	e, err := New(Config{ID: "f1", Addr: "127.0.0.1:1", Password: "x", Logger: quiet()})
	require.NoError(t, err)
	e.pair, e.spawn = &pair{queue: newQueue(1000)}, func(func(context.Context)) {}
	return e
}

// told translates an event, and does what orders would have done around it: dial, hang up, take a call that arrives.
func told(e *Engine, ev event, asked core.CauseCode) []core.Fact {
	id := core.LegID(ev.get("Unique-ID"))
	switch ev.name() {
	case "CHANNEL_ORIGINATE":
		if ev.variable(legVariable) != "" && ev.variable(wantedVariable) == string(id) && idArg(id).err == nil {
			e.expect(goldenCall, core.Dial{Leg: id, To: core.Address{Phone: goldenPhone}})
		}
	case "CHANNEL_BRIDGE":
		a, b := core.LegID(ev.get("Bridge-A-Unique-ID")), core.LegID(ev.get("Bridge-B-Unique-ID"))
		e.meet(goldenMix, a, b)
	case "CHANNEL_HANGUP_COMPLETE":
		e.note(id, func(l *leg) {
			if ev.get("variable_sip_hangup_disposition") != "recv_bye" {
				l.asked = asked
			}
		})
	}
	e.mu.Lock()
	if name, ours := recordingOf(ev.get("Path")); ours && ev.get("Action") == "start-recording" && e.table.recordings[name] == nil {
		e.table.recordings[name] = &recording{mix: goldenMix}
	}
	if l, play := e.table.legs[id], core.PlayID(ev.get(playVariable)); l != nil && ev.name() == "PLAYBACK_START" && play != "" {
		l.prompts = append(l.prompts, prompt{play: play})
	}
	e.mu.Unlock()
	facts := e.translate(ev)
	if ev.name() == "CHANNEL_PARK" && ev.variable(fromVariable) != "" {
		e.mu.Lock()
		defer e.mu.Unlock()
		facts = append(facts, e.appeared(id)...)
	}
	return facts
}

// FuzzTranslate looks for events that crash the adapter, or that break a rule: nothing of an unknown leg, nothing behind a leg's end. Events are parted by
// a NUL.
func FuzzTranslate(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(goldenDir, "*.gz"))
	require.NoError(f, err)
	for _, file := range files {
		var events []string
		for _, e := range eventsOf(f, file) {
			events = append(events, slim(e))
		}
		f.Add(strings.Join(events, "\x00"))
	}
	f.Fuzz(func(t *testing.T, stream string) {
		e := deafEngine(t)
		alive, over := map[core.LegID]bool{}, map[core.LegID]bool{}
		for text := range strings.SplitSeq(stream, "\x00") {
			ev := parseEvent(text)
			facts := told(e, ev, core.CauseNormal)
			if ev.name() == "CHANNEL_ORIGINATE" && e.table.legs[core.LegID(ev.get("Unique-ID"))] != nil {
				alive[core.LegID(ev.get("Unique-ID"))] = true
			}
			for _, fact := range facts {
				var id core.LegID
				switch fact := fact.(type) {
				case core.LegAppeared:
					if alive[fact.Leg] {
						t.Fatalf("%q appeared twice", fact.Leg)
					}
					alive[fact.Leg] = true
					continue
				case core.LegHungUp:
					id = fact.Leg
				case core.LegRinging:
					id = fact.Leg
				case core.LegAnswered:
					id = fact.Leg
				case core.MixJoined:
					id = fact.Leg
				case core.MixLeft:
					id = fact.Leg
				case core.Digit:
					id = fact.Leg
				case core.Held:
					id = fact.Leg
				default:
					continue
				}
				if !alive[id] {
					t.Fatalf("%s of leg %q, which is not there (over: %v)", fact.Kind(), id, over[id])
				}
				if _, ended := fact.(core.LegHungUp); ended {
					delete(alive, id)
					over[id] = true
				}
			}
		}
	})
}

// slim leaves out what the adapter does not look at: a fuzzer finds little in ten kilobytes.
func slim(e event) string {
	var b strings.Builder
	e.each(func(name, value string) bool {
		rest, variable := strings.CutPrefix(name, "variable_")
		for _, kept := range []string{"tandem_", "sip_term", "sip_hangup", "sip_req_user", "proto_"} {
			variable = variable && !strings.HasPrefix(rest, kept)
		}
		for _, dropped := range []string{"FreeSWITCH-", "Event-Date", "Event-Calling", "Core-", "Channel-", "Caller-Channel-", "Caller-Profile-", "Caller-Screen", "Caller-Privacy"} {
			variable = variable || strings.HasPrefix(name, dropped)
		}
		if !variable {
			b.WriteString(name + ": " + value + "\n")
		}
		return true
	})
	return b.String()
}

// studio is where golden streams are recorded: a FreeSWITCH, a desk phone, a caller, and an engine whose connections go through a tap.
type studio struct {
	t      *testing.T
	engine *Engine
	sip    string
	phone  *softphone.Phone
	caller *softphone.Phone
	facts  chan core.Fact
	effect core.EffectID
}

// recordGoldenStreams plays each scenario on a FreeSWITCH of its own session, and keeps what came over the connection for events.
func recordGoldenStreams(t *testing.T) {
	f := lab.FreeSWITCHForTest(t)
	login := f.Phones(1)[0]
	require.NoError(t, os.MkdirAll(goldenDir, 0o750))
	for name, play := range map[string]func(*studio){
		"caller-gives-up": func(s *studio) {
			c := s.calls()
			_, _ = awaitFact[core.LegAppeared](s), c.HangUp(soon(s.t))
			awaitFact[core.LegHungUp](s)
		},
		"odd-caller": func(s *studio) {
			c, err := s.caller.Dial(soon(s.t), "4930200300", softphone.CallOptions{From: "4930", DisplayName: `O'Neil "B" 100% %41 ${x} ä`})
			require.NoError(s.t, err)
			_, _ = awaitFact[core.LegAppeared](s), c.HangUp(soon(s.t))
			awaitFact[core.LegHungUp](s)
		},
		"answered": func(s *studio) {
			s.calls()
			leg := awaitFact[core.LegAppeared](s).Leg
			s.do(core.Answer{Leg: leg})
			awaitFact[core.LegAnswered](s)
			s.do(core.Hang{Leg: leg, Cause: core.CauseNormal})
			awaitFact[core.LegHungUp](s)
		},
		"conversation": func(s *studio) {
			c, leg := s.talks()
			require.NoError(s.t, c.SendDTMF(soon(s.t), "7"))
			awaitFact[core.Digit](s)
			s.do(core.SetMix{Mix: goldenMix, Members: []core.Member{{Leg: leg, Mode: core.Hold}, {Leg: goldenLeg, Mode: core.Talk}}})
			awaitFact[core.MixJoined](s) // the conference that took the bridge's place
			require.NoError(s.t, c.HangUp(soon(s.t)))
			awaitFact[core.LegHungUp](s)
			s.do(core.Hang{Leg: goldenLeg, Cause: core.CauseNormal})
			awaitFact[core.LegHungUp](s)
		},
		"left-alone": func(s *studio) {
			_, leg := s.talks()
			c, err := s.phone.AwaitCall(soon(s.t), 1)
			require.NoError(s.t, err)
			require.NoError(s.t, c.HangUp(soon(s.t)))
			awaitFact[core.LegHungUp](s)
			s.do(core.Hang{Leg: leg, Cause: core.CauseNormal})
			awaitFact[core.LegHungUp](s)
		},
		"hold-key": func(s *studio) {
			s.phone.SetReaction(softphone.Answer)
			s.dial()
			awaitFact[core.LegAnswered](s)
			c, err := s.phone.AwaitCall(soon(s.t), 1)
			require.NoError(s.t, err)
			require.NoError(s.t, c.Hold(soon(s.t)))
			awaitFact[core.Held](s)
			require.NoError(s.t, c.Resume(soon(s.t)))
			awaitFact[core.Held](s)
			require.NoError(s.t, c.HangUp(soon(s.t)))
			awaitFact[core.LegHungUp](s)
		},
		"prompt": func(s *studio) {
			s.calls()
			leg := awaitFact[core.LegAppeared](s).Leg
			s.do(core.Answer{Leg: leg})
			awaitFact[core.LegAnswered](s)
			s.do(core.Play{Leg: leg, Play: "play-1", Media: []string{"tandem/apology"}})
			require.True(s.t, awaitFact[core.Played](s).OK)
			s.do(core.Hang{Leg: leg, Cause: core.CauseNormal})
			awaitFact[core.LegHungUp](s)
		},
		"recording": func(s *studio) {
			s.calls()
			leg := awaitFact[core.LegAppeared](s).Leg
			s.do(core.Answer{Leg: leg})
			awaitFact[core.LegAnswered](s)
			s.do(core.SetMix{Mix: goldenMix, Members: []core.Member{{Leg: leg, Mode: core.Talk}}})
			awaitFact[core.MixJoined](s)
			s.do(core.StartRecording{Recording: goldenRecording, Mix: goldenMix})
			awaitFact[core.RecordingStarted](s)
			s.do(core.StopRecording{Recording: goldenRecording})
			awaitFact[core.RecordingStopped](s)
			s.do(core.Hang{Leg: leg, Cause: core.CauseNormal})
			awaitFact[core.LegHungUp](s)
		},
		"busy":     func(s *studio) { s.fails(softphone.RejectWith(486)) },
		"declined": func(s *studio) { s.fails(softphone.Decline) },
		"elsewhere": func(s *studio) {
			s.phone.SetReaction(softphone.Ring)
			s.dial()
			awaitFact[core.LegRinging](s)
			s.do(core.Hang{Leg: goldenLeg, Cause: core.CauseAnsweredElsewhere})
			awaitFact[core.LegHungUp](s)
		},
	} {
		t.Run("record "+name, func(t *testing.T) {
			tap := newTap(t, f.ESLAddr)
			e, err := New(Config{ID: "f1", Addr: tap.addr(), Password: f.ESLPassword, Logger: quiet()})
			require.NoError(t, err)
			s := &studio{t: t, engine: e, sip: f.SIPAddr, facts: make(chan core.Fact, 1000)}
			s.phone = openPhone(t, softphone.Config{User: login.User, Password: login.Password, Server: f.SIPAddr, Voice: softphone.ToneVoice(softphone.Tone(1))})
			s.caller = openPhone(t, softphone.Config{User: "caller", Server: f.SIPAddr, Voice: softphone.ToneVoice(softphone.Tone(2))})
			require.NoError(t, s.phone.Register(soon(t)))
			ctx, cancel := context.WithCancel(t.Context())
			var crew sync.WaitGroup
			crew.Go(func() { _ = e.Run(ctx, engine.SinkFunc(func(f core.Fact) { s.facts <- f })) })
			awaitFact[core.EngineUp](s)
			play(s)
			cancel()
			crew.Wait()
			f.NoLeftovers(t)
			var packed bytes.Buffer
			w := gzip.NewWriter(&packed)
			_, err = w.Write(tap.stop())
			require.NoError(t, err)
			require.NoError(t, w.Close())
			require.NoError(t, os.WriteFile(filepath.Join(goldenDir, name+".gz"), packed.Bytes(), 0o600))
		})
	}
}

func openPhone(t *testing.T, c softphone.Config) *softphone.Phone {
	t.Helper()
	p, err := softphone.New(c)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

func (s *studio) calls() *softphone.Call {
	s.t.Helper()
	c, err := s.caller.Dial(soon(s.t), "4930200300", softphone.CallOptions{From: "+49170123", DisplayName: "Ada"})
	require.NoError(s.t, err)
	return c
}

// talks bridges a caller with the desk phone.
func (s *studio) talks() (*softphone.Call, core.LegID) {
	s.t.Helper()
	c := s.calls()
	leg := awaitFact[core.LegAppeared](s).Leg
	s.do(core.Answer{Leg: leg})
	awaitFact[core.LegAnswered](s)
	s.phone.SetReaction(softphone.Answer)
	s.dial()
	awaitFact[core.LegAnswered](s)
	s.do(core.SetMix{Mix: goldenMix, Members: []core.Member{{Leg: leg, Mode: core.Talk}, {Leg: goldenLeg, Mode: core.Talk}}})
	awaitFact[core.MixJoined](s)
	awaitFact[core.MixJoined](s)
	return c, leg
}

func (s *studio) do(a core.Action) {
	s.t.Helper()
	s.effect++
	require.NoError(s.t, s.engine.Do(soon(s.t), core.Effect{ID: s.effect, Engine: "f1", Call: goldenCall, Do: a}))
}

func (s *studio) dial() {
	s.t.Helper()
	s.do(core.Dial{Leg: goldenLeg, To: core.Address{Phone: goldenPhone}, FromNumber: "+49170123", FromName: "Ada", Limit: 20 * time.Second})
}

func (s *studio) fails(r softphone.Reaction) {
	s.t.Helper()
	s.phone.SetReaction(r)
	s.dial()
	awaitFact[core.LegHungUp](s)
}

func awaitFact[F core.Fact](s *studio) F {
	s.t.Helper()
	ctx := soon(s.t)
	for {
		select {
		case f := <-s.facts:
			if wanted, ok := f.(F); ok {
				return wanted
			}
		case <-ctx.Done():
			var wanted F
			s.t.Fatalf("no %T", wanted)
			return wanted
		}
	}
}

// tap relays connections to an event socket and keeps what the switch says on the one that asks for events.
type tap struct {
	t        *testing.T
	listener net.Listener
	crew     sync.WaitGroup

	mu    sync.Mutex
	heard []byte
}

func newTap(t *testing.T, target string) *tap {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &tap{t: t, listener: listener}
	p.crew.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				continue
			}
			p.crew.Go(func() { p.relay(client, server) })
		}
	})
	t.Cleanup(func() { p.stop() })
	return p
}

func (p *tap) addr() string { return p.listener.Addr().String() }

func (p *tap) relay(client, server net.Conn) {
	var said, heard bytes.Buffer
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(io.MultiWriter(server, &said), client)
		_ = server.Close()
	})
	both.Go(func() {
		_, _ = io.Copy(io.MultiWriter(&heard, client), server)
		_ = client.Close()
	})
	both.Wait()
	if strings.Contains(said.String(), "event plain") {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.heard = heard.Bytes()
	}
}

// stop waits for the connections, which the engine has closed, and gives what was heard.
func (p *tap) stop() []byte {
	_ = p.listener.Close()
	p.crew.Wait()
	return p.heard
}
