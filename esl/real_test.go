package esl

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/docker/freeswitch"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// realConfig leads to a real FreeSWITCH.
func realConfig(f *lab.FreeSWITCH) pairConfig {
	return pairConfig{
		link:   linkConfig{addr: f.ESLAddr, password: f.ESLPassword, apiTimeout: 30 * time.Second}, // an "originate" waits for the answer
		events: []string{"CHANNEL_CREATE", "CHANNEL_HANGUP_COMPLETE", "BACKGROUND_JOB"},
		log:    quiet(),
	}
}

func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// awaitEvent takes events until one is as wanted.
func awaitEvent(t *testing.T, p *pair, want func(event) bool) event {
	t.Helper()
	ctx := soon(t)
	for {
		batch, err := p.take(ctx, nil)
		require.NoError(t, err)
		for _, it := range batch {
			if want(it.event) {
				return it.event
			}
		}
	}
}

func TestRealConnection(t *testing.T) {
	t.Parallel()
	f := lab.FreeSWITCHForTest(t)
	c := realConfig(f)
	wrong := c
	wrong.link.password = "wrong"
	_, err := connect(soon(t), wrong)
	require.ErrorIs(t, err, errPassword)

	p, err := connect(soon(t), c)
	require.NoError(t, err)
	defer p.close()

	text, err := p.commands.api(soon(t), "echo", literal("as it is"))
	require.NoError(t, err)
	assert.Equal(t, "as it is", text)
	text, err = p.commands.api(soon(t), "echo")
	require.NoError(t, err, "an empty answer is one")
	assert.Empty(t, text)
	var refused *switchError
	_, err = p.commands.api(soon(t), "uuid_kill", idArg("11111111-1111-4111-8111-111111111111"))
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "No such channel!", refused.Text)
	_, err = p.commands.api(soon(t), "no_such_command")
	require.ErrorAs(t, err, &refused)
	assert.Contains(t, refused.Text, "not found")
	_, err = p.commands.send(soon(t), pingCommand())
	require.ErrorAs(t, err, &refused, "a ping is a command that does not exist")

	require.NoError(t, p.commands.background(soon(t), "tandem-test-1", "echo", literal("later")))
	job := awaitEvent(t, p, func(e event) bool { return e.name() == "BACKGROUND_JOB" })
	assert.Equal(t, "tandem-test-1", job.get("Job-UUID"))
	assert.Equal(t, "later", job.body)

	var crew sync.WaitGroup
	for i := range 20 {
		crew.Go(func() {
			for k := range 50 {
				want := fmt.Sprintf("%d-%d", i, k)
				got, err := p.commands.api(t.Context(), "echo", wordArg(want))
				if !assert.NoError(t, err) || !assert.Equal(t, want, got) {
					return
				}
				p.events.nudge()
			}
		})
	}
	crew.Wait()
	require.NoError(t, p.events.err())
}

// TestRealRestart: a FreeSWITCH that goes away ends the pair; one that comes back gets a new one.
func TestRealRestart(t *testing.T) {
	t.Parallel()
	f := lab.FreeSWITCHForTest(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // FreeSWITCH starts three times
	defer cancel()
	c := realConfig(f)
	c.reconnectMax = time.Second
	var generations []uint64
	keepConnected(ctx, c, func(ctx context.Context, p *pair) error {
		generations = append(generations, p.generation)
		_, err := p.commands.api(ctx, "status")
		require.NoError(t, err)
		switch p.generation {
		case 1:
			f.Kill()
			require.NoError(t, f.Restart(ctx))
		case 2:
			require.NoError(t, f.Restart(ctx)) // in good order
		default:
			cancel()
			return nil
		}
		for {
			if _, err := p.take(ctx, nil); err != nil {
				return err
			}
		}
	})
	assert.Equal(t, []uint64{1, 2, 3}, generations)
}

// TestRealHostileText: nothing that a caller can put into his name or number is carried out by the switch, on its way to a phone or later. What
// is not left out arrives as it was.
func TestRealHostileText(t *testing.T) {
	t.Parallel()
	f := lab.FreeSWITCHForTest(t)
	login := f.Phones(1)[0]
	phone, err := softphone.New(softphone.Config{User: login.User, Password: login.Password, Server: f.SIPAddr, Reaction: softphone.Ring, SignallingOnly: true})
	require.NoError(t, err)
	t.Cleanup(phone.Close)
	require.NoError(t, phone.Register(soon(t)))
	p, err := connect(soon(t), realConfig(f))
	require.NoError(t, err)
	t.Cleanup(p.close)
	api := func(c command) string {
		t.Helper()
		r, err := p.commands.send(soon(t), c)
		require.NoError(t, err)
		return strings.TrimSpace(r.text)
	}
	canary := filepath.Join(t.TempDir(), "canary")
	texts := append([]string{
		"${system(touch " + canary + ")}", "$${system(touch " + canary + ")}", `\${system(touch ` + canary + ")}", "${bg_system(touch " + canary + ")}",
		"origination_nested_vars=true ${system(touch " + canary + ")}", "x,origination_nested_vars=true,y=${system(touch " + canary + ")}",
		"'}user/1001 &system(touch " + canary + ")", "x' y='${system(touch " + canary + ")}", "a\n\napi system touch " + canary,
	}, hostile...)
	for i, s := range texts {
		leg := fmt.Sprintf("11111111-1111-4111-8111-%012d", i)
		require.NoError(t, p.commands.background(soon(t), jobID(fmt.Sprintf("tandem-test-%d", i)), "originate",
			joined(settings(append(callerID(s, s),
				set("origination_uuid", idArg(leg)), setText("tandem_text", s), set("tandem_last", countArg(i)),
			)...), literal("user/"), wordArg(login.User), literal("@"), wordArg(freeswitch.Domain)), literal("&park()")))
		call, err := phone.AwaitCall(soon(t), i+1)
		require.NoError(t, err, "%q", s)
		if want := harmless(s); want != "" {
			assert.Equal(t, want, call.Invite.DisplayName, "on the phone, of %q", s)
		}
		if want := address(s); want != "" {
			assert.Equal(t, want, call.Invite.From, "on the phone, of %q", s)
		}
		for _, h := range call.Invite.Header {
			assert.NotContains(t, h.Name, "Injected")
		}
		get := func(name string) string {
			return strings.ReplaceAll(api(apiCommand("uuid_getvar", idArg(leg), wordArg(name))), undefined, "")
		}
		assert.Equal(t, harmless(s), get("tandem_text"), "as a variable, of %q", s)
		assert.Equal(t, fmt.Sprint(i), get("tandem_last"), "the settings behind it, of %q", s)

		api(setVariable(idArg(leg), setText("tandem_later", s)))
		assert.Equal(t, harmless(s), get("tandem_later"), "as a variable set later, of %q", s)
		api(apiCommand("uuid_kill", idArg(leg)))
		_, err = call.AwaitEnd(soon(t))
		require.NoError(t, err)
	}
	_, err = os.Stat(canary)
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.NoError(t, p.commands.err(), "no text has made the event socket go away")
	f.NoLeftovers(t)
}

// TestRealRandomText: whatever characters texts are made of, in whatever order, each variable in front of a dial string has the value that it
// was given, and none runs into the next.
func TestRealRandomText(t *testing.T) {
	t.Parallel()
	f := lab.FreeSWITCHForTest(t)
	login := f.Phones(1)[0]
	phone, err := softphone.New(softphone.Config{User: login.User, Password: login.Password, Server: f.SIPAddr, Reaction: softphone.Ring, SignallingOnly: true})
	require.NoError(t, err)
	t.Cleanup(phone.Close)
	require.NoError(t, phone.Register(soon(t)))
	p, err := connect(soon(t), realConfig(f))
	require.NoError(t, err)
	t.Cleanup(p.close)
	alphabet := []rune("''\\\\,,==^^ ||;:_&()[]{}<>@/!#%$\"`~+-*?.aZ9ä中\x1f\t\n\u200b")
	r := rand.New(rand.NewPCG(3, 4))
	const legs, perLeg = 4, 60
	for i := range legs {
		leg := idArg(fmt.Sprintf("22222222-2222-4222-8222-%012d", i))
		texts := make([]string, perLeg)
		list := []setting{set("origination_uuid", leg)}
		for k := range texts {
			runes := make([]rune, 1+r.IntN(20))
			for n := range runes {
				runes[n] = alphabet[r.IntN(len(alphabet))]
			}
			texts[k] = string(runes)
			list = append(list, setText(fmt.Sprintf("tandem_r%d", k), texts[k]))
		}
		require.NoError(t, p.commands.background(soon(t), jobID(fmt.Sprintf("tandem-random-%d", i)), "originate",
			joined(settings(list...), literal("user/"), wordArg(login.User), literal("@"), wordArg(freeswitch.Domain)), literal("&park()")))
		call, err := phone.AwaitCall(soon(t), i+1)
		require.NoError(t, err, "of %q", texts)
		for k, s := range texts {
			got, err := p.commands.api(soon(t), "uuid_getvar", leg, wordArg(fmt.Sprintf("tandem_r%d", k)))
			require.NoError(t, err)
			assert.Equal(t, harmless(s), strings.ReplaceAll(got, undefined, ""), "of %q", s)
		}
		_, err = p.commands.api(soon(t), "uuid_kill", leg)
		require.NoError(t, err)
		_, err = call.AwaitEnd(soon(t))
		require.NoError(t, err)
	}
	f.NoLeftovers(t)
}

// TestRealExpansion: what the switch does with text that has not been made harmless, in the places where it goes. It is why it is.
func TestRealExpansion(t *testing.T) {
	t.Parallel()
	f := lab.FreeSWITCHForTest(t)
	login := f.Phones(1)[0]
	phone, err := softphone.New(softphone.Config{User: login.User, Password: login.Password, Server: f.SIPAddr, Reaction: softphone.Answer})
	require.NoError(t, err)
	t.Cleanup(phone.Close)
	require.NoError(t, phone.Register(soon(t)))
	p, err := connect(soon(t), realConfig(f))
	require.NoError(t, err)
	t.Cleanup(p.close)

	const probe = "${global_getvar(tandem_probe)}" // runs a harmless command if it is expanded
	leg := idArg("11111111-1111-4111-8111-111111111111")
	api := func(c command) string {
		t.Helper()
		r, err := p.commands.send(soon(t), c)
		require.NoError(t, err)
		return strings.TrimSpace(r.text)
	}
	get := func(name string) string { return api(apiCommand("uuid_getvar", leg, wordArg(name))) }
	api(apiCommand("global_setvar", literal("tandem_probe=expanded")))
	api(unchecked("originate {origination_uuid=" + leg.text + ",tandem_originate=" + probe + "}user/" + login.User + "@" + freeswitch.Domain + " &park()"))
	assert.Equal(t, undefined, get("tandem_originate"), "a setting with an expansion is dropped")

	api(unchecked("uuid_setvar " + leg.text + " tandem_stored " + probe))
	assert.Equal(t, probe, get("tandem_stored"), "uuid_setvar stores it as it is")

	for app, want := range map[string]string{
		"tandem_direct=" + probe:                 "expanded",
		"tandem_indirect=${tandem_stored}":       "expanded", // and whoever uses the variable runs it
		"tandem_harmless=" + harmless(probe):     harmless(probe),
		"tandem_escaped=\\${tandem_stored}":      "expanded", // a backslash is no protection
		"tandem_dollar=$tandem_stored $(x) `id`": "$tandem_stored $(x) `id`",
	} {
		name, _, _ := strings.Cut(app, "=")
		api(executeCommand(leg, "set", literalOf(app)))
		var got string
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			if got = get(name); got != undefined {
				break
			}
		}
		assert.Equal(t, want, got, app)
	}
	api(apiCommand("uuid_kill", leg))
	f.NoLeftovers(t)
}

// TestRealUnload: a command that names the event socket's module beside "unload" takes everybody's connection away, whatever it was meant to be.
// If a new version no longer does, one of the spells can go.
func TestRealUnload(t *testing.T) {
	t.Parallel()
	f := lab.FreeSWITCHForTest(t)
	p, err := connect(soon(t), realConfig(f))
	require.NoError(t, err)
	t.Cleanup(p.close)
	_, err = p.commands.api(soon(t), "echo", literal("please do not unload mod_event_socket"))
	require.ErrorContains(t, err, "must not name", "we do not send it")
	// Around our own check: this is the switch's behaviour.
	_, err = p.commands.conn.Write([]byte("api echo please do not unload mod_event_socket\n\n"))
	require.NoError(t, err)
	for {
		if _, err := p.take(soon(t), nil); err != nil {
			require.NotErrorIs(t, err, context.DeadlineExceeded)
			break
		}
	}
}

// BenchmarkRealEvent is how long an event is on its way, with the switch's listener left asleep (0) and woken at intervals.
func BenchmarkRealEvent(b *testing.B) {
	f := lab.FreeSWITCHForTest(b)
	for _, nudge := range []time.Duration{0, time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond} {
		b.Run("nudge="+nudge.String(), func(b *testing.B) {
			c := realConfig(f)
			c.nudgeInterval = nudge
			p, err := connect(b.Context(), c)
			require.NoError(b, err)
			defer p.close()
			var batch []item
			for n := 0; b.Loop(); n++ {
				job := fmt.Sprintf("tandem-bench-%d", n)
				require.NoError(b, p.commands.background(b.Context(), jobID(job), "echo", literal("x")))
				for came := false; !came; {
					if batch, err = p.take(b.Context(), batch); err != nil {
						b.Fatal(err)
					}
					for _, it := range batch {
						came = came || it.event.get("Job-UUID") == job
					}
				}
				b.StopTimer()
				time.Sleep(time.Duration(n%20) * time.Millisecond) // not in step with the listener
				b.StartTimer()
			}
		})
	}
}

// unchecked is a command that no constructor of ours would make.
func unchecked(text string) command {
	return command{verb: "unchecked", lib: raw("api " + text), answer: kindAnswer}
}

type raw string

// BuildMessage implements the library's Command.
func (r raw) BuildMessage() string { return string(r) }
