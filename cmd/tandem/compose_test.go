package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// The test of docker/compose.yaml needs an engine with Compose, and the images that the file names; it fetches none.
const (
	composeRequired = "TANDEM_REQUIRE_COMPOSE" // not empty: what is missing fails the test instead of skipping it
	composeImage    = "TANDEM_COMPOSE_IMAGE"   // an image of Tandem that is there, where none is to be built
)

// installation is docker/compose.yaml, up.
type installation struct {
	*stack
	env     []string
	project string
	outside string // an address of this machine that belongs to none of the installation's networks
}

// Ports of the test's installation on this machine: below those that the kernel gives away, and others than a real one's.
const (
	composeSIP, composeFreeSWITCHSIP = 25060, 25070
	composeTLS, composeFreeSWITCHTLS = 25061, 25071
	composeRTP, composeFreeSWITCHRTP = "26000-26031", "26040-26071"
	composeHTTP                      = 28080
	composeNet                       = "172.16.119"
)

func newInstallation(t *testing.T) *installation {
	t.Helper()
	missing := func(what string, err error) {
		text := fmt.Sprintf("docker/compose.yaml is NOT TESTED: %s: %v", what, err)
		if os.Getenv(composeRequired) != "" {
			t.Fatal(text)
		}
		t.Skip("SKIPPED, NOT PASSED: " + text + "; it needs a running Docker engine with Compose 2.20 or later, whose images it can pull: https://docs.docker.com/engine/install/debian/")
	}
	i := &installation{stack: &stack{t: t, dir: t.TempDir()}, project: fmt.Sprintf("tandem-test-%d", os.Getpid())}
	if _, err := i.try("version"); err != nil {
		missing("no Docker engine with compose answers; docs.docker.com/engine/install has both, Debian has docker.io", err)
	}
	bridge, err := i.try("network", "inspect", "bridge", "--format", `{{index .Options "com.docker.network.bridge.name"}}`)
	if err == nil {
		i.outside, err = addressOf(strings.TrimSpace(bridge))
	}
	if err != nil {
		missing("the engine has no bridge of its own on this machine, from which callers could come", err)
	}
	image := os.Getenv(composeImage)
	i.env = []string{
		"TANDEM_PROJECT=" + i.project, "TANDEM_NET=" + composeNet, "TANDEM_PUBLIC_ADDRESS=" + i.outside, "TANDEM_BIND=" + i.outside,
		fmt.Sprintf("TANDEM_SIP_PORT=%d", composeSIP), fmt.Sprintf("TANDEM_FREESWITCH_SIP_PORT=%d", composeFreeSWITCHSIP),
		fmt.Sprintf("TANDEM_SIPS_PORT=%d", composeTLS), fmt.Sprintf("TANDEM_FREESWITCH_SIPS_PORT=%d", composeFreeSWITCHTLS),
		"TANDEM_RTP_PORTS=" + composeRTP, "TANDEM_FREESWITCH_RTP_PORTS=" + composeFreeSWITCHRTP,
		fmt.Sprintf("TANDEM_HTTP=127.0.0.1:%d", composeHTTP), "TANDEM_LOG=debug", "TANDEM_SWITCH_FILES=4096",
	}
	if image != "" {
		i.env = append(i.env, "TANDEM_IMAGE="+image)
	} else {
		i.env = append(i.env, "TANDEM_IMAGE=tandem-test:local")
	}
	images, err := i.try("compose", "--profile", "both", "config", "--images")
	if err != nil {
		missing("there is no Compose that understands it", err)
	}
	wanted := strings.Fields(images)
	if image == "" {
		wanted = slices.DeleteFunc(wanted, func(name string) bool { return name == "tandem-test:local" })
		for line := range strings.Lines(contents(t, "../../docker/tandem.Dockerfile")) {
			if name, ok := strings.CutPrefix(line, "FROM "); ok && !strings.HasPrefix(name, "scratch") {
				wanted = append(wanted, strings.Fields(name)[0])
			}
		}
	}
	for _, name := range wanted {
		if _, err := i.try("image", "inspect", "--format", "{{.Id}}", name); err != nil {
			missing("the engine has no image "+name, err)
		}
	}
	t.Cleanup(i.removed)
	if image == "" {
		i.compose("build", "tandem")
	}
	return i
}

// addressOf is the IPv4 address of a network interface.
func addressOf(name string) (string, error) {
	of, err := net.InterfaceByName(name)
	if err != nil {
		return "", fmt.Errorf("interface %q: %w", name, err)
	}
	addresses, err := of.Addrs()
	if err != nil {
		return "", fmt.Errorf("interface %q: %w", name, err)
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil {
			return n.IP.String(), nil
		}
	}
	return "", fmt.Errorf("interface %q has no IPv4 address", name)
}

// try runs the engine's client.
func (i *installation) try(args ...string) (string, error) {
	if args[0] == "compose" {
		args = append([]string{"compose", "-f", "../../docker/compose.yaml"}, args[1:]...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Env = append(os.Environ(), i.env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("docker %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(errs.String()))
	}
	return out.String(), nil
}

func (i *installation) docker(args ...string) string {
	i.t.Helper()
	out, err := i.try(args...)
	require.NoError(i.t, err)
	return out
}

func (i *installation) compose(args ...string) string {
	i.t.Helper()
	return i.docker(append([]string{"compose", "--profile", "both"}, args...)...)
}

// removed takes everything away that the test has made, and looks whether it is gone.
func (i *installation) removed() {
	if i.t.Failed() {
		out, _ := i.try("compose", "--profile", "both", "logs", "--no-color", "--tail", "60")
		i.t.Logf("the services' logs:\n%s", out)
	}
	i.docker("compose", "--profile", "both", "--profile", "observability", "down", "--volumes", "--timeout", "5")
	if os.Getenv(composeImage) == "" {
		_, _ = i.try("image", "rm", "tandem-test:local") // there is none where the build has failed
	}
	for _, kind := range []string{"container", "volume", "network"} {
		args := []string{kind, "ls", "--quiet", "--filter", "label=com.docker.compose.project=" + i.project}
		if kind == "container" {
			args = append(args, "--all")
		}
		assert.Empty(i.t, strings.TrimSpace(i.docker(args...)), "%ss that are left", kind)
	}
}

// container is the id of a service's container.
func (i *installation) container(service string) string {
	i.t.Helper()
	return strings.TrimSpace(i.compose("ps", "--all", "--quiet", service))
}

// kill ends a service as a crash of its machine would; it stays away until it is started.
func (i *installation) kill(service string) {
	i.t.Helper()
	i.docker("kill", i.container(service))
}

// start brings it back and waits until it can do its work.
func (i *installation) start(service string) {
	i.t.Helper()
	id := i.container(service)
	i.docker("start", id)
	i.eventually(service+" to be healthy", func() bool {
		return strings.TrimSpace(i.docker("inspect", "--format", "{{.State.Health.Status}}", id)) == "healthy"
	})
}

// open signs in at the API.
func (i *installation) open() {
	i.t.Helper()
	token := filepath.Join(i.dir, "token")
	i.docker("cp", i.container("tandem")+":/var/lib/tandem/admin-token", token)
	i.api = client.New(fmt.Sprintf("http://127.0.0.1:%d", composeHTTP), contents(i.t, token))
	i.board = client.Open(i.api, nil)
	i.t.Cleanup(func() { i.board.Close(); i.api.HTTP.CloseIdleConnections() })
	i.switches = []*exchange{
		{id: "asterisk", sip: net.JoinHostPort(i.outside, strconv.Itoa(composeSIP)), tls: net.JoinHostPort(i.outside, strconv.Itoa(composeTLS))},
		{id: "freeswitch", sip: net.JoinHostPort(i.outside, strconv.Itoa(composeFreeSWITCHSIP)), tls: net.JoinHostPort(i.outside, strconv.Itoa(composeFreeSWITCHTLS))},
	}
	i.linked(time.Time{})
}

// furnished sets up a tenant, a carrier, and at each switch one agent with a desk phone, a queue of their own and a number: as an administrator would, through the API alone.
func (i *installation) furnished() {
	t := i.t
	t.Helper()
	i.post("/api/v1/tenants", map[string]any{"id": "acme", "name": "Acme"})
	// The engine translates the addresses of its bridge's neighbours, of which we are one, to that of the network's router: callers and phones are behind a NAT.
	from := []string{i.outside, composeNet + ".1"}
	i.post("/api/v1/trunks", map[string]any{"id": "carrier", "name": "The carrier", "host": i.outside, "port": 9, "from": from})
	for n, x := range i.switches {
		user := strconv.Itoa(2001 + n)
		password := i.addPhone("desk-"+user, user)
		d := &seat{agent: core.AgentID("agent-" + user), at: x, tone: softphone.Tone(n)}
		var err error
		d.phone, err = softphone.New(softphone.Config{User: user, Password: password, Server: x.sip, Addr: i.outside + ":0", Voice: softphone.ToneVoice(d.tone), ListenFor: music})
		require.NoError(t, err)
		d.next = d.phone.Events().Cursor()
		x.trunk, err = softphone.New(softphone.Config{User: "carrier", Server: x.sip, Addr: i.outside + ":0", ListenFor: music})
		require.NoError(t, err)
		i.desks = append(i.desks, d)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		var leaving sync.WaitGroup
		for n, x := range i.switches {
			leaving.Go(func() { i.desks[n].phone.Shutdown(ctx) })
			leaving.Go(func() { x.trunk.Shutdown(ctx) })
		}
		leaving.Wait()
	})
	for n, x := range i.switches {
		i.linesAre(x, len(i.switches))
		d := i.desks[n]
		require.NoError(t, d.phone.Register(i.soon()))
		i.add("agents", map[string]any{"id": d.agent, "tenant": "acme", "name": "Agent " + d.phone.User(), "phone": d.phone.User(), "engine": x.id})
		i.addQueue(string(x.id), number(n), 0, map[string]any{"members": []map[string]any{{"agent": d.agent}}})
		i.set(d, core.Idle)
	}
}

// number leads to the agent whose phone is at the n-th switch.
func number(n int) string { return fmt.Sprintf("+49302%02d", n) }

// connectsAt makes a customer call in at a switch, and the agent take the call whose phone is at another, or the same.
func (i *installation) connectsAt(from, to int) *talk {
	i.t.Helper()
	c := i.dialIn(i.switches[from], number(to))
	c.is(core.Waiting)
	d := i.desks[to]
	i.set(d, core.Available)
	return i.talks(c, d, i.takes(d))
}

// bye ends a conversation, and has the agent back at the desk.
func (i *installation) bye(k *talk) {
	i.t.Helper()
	k.caller.hangUp()
	i.is(k.desk, core.Available)
	i.set(k.desk, core.Idle)
}

// TestComposeInstallation brings docker/compose.yaml up with both switches, calls from outside of its networks, and kills one service after the other in the middle of
// conversations. docs/admin.md says what it has seen.
func TestComposeInstallation(t *testing.T) {
	i := newInstallation(t)
	open := listeningAt(t, i.outside)
	begun := time.Now()
	i.compose("up", "--detach", "--wait", "--wait-timeout", "120", "--no-build")
	up := time.Since(begun)
	i.open()
	i.furnished()
	k := i.connectsAt(0, 0)
	t.Logf("everything was healthy after %.1f s, the first call was answered after %.1f s", up.Seconds(), time.Since(begun).Seconds())
	assert.Less(t, time.Since(begun), 90*time.Second)
	k.unbroken()
	i.bye(k)
	i.bye(i.connectsAt(1, 1))
	i.bye(i.connectsAt(1, 0)) // from one switch to the other

	i.part("SIPp calls from outside", func() {
		for n, x := range i.switches {
			i.sippCalls(i.outside, x, number(n), i.desks[n])
		}
	})
	i.part("a phone that must encrypt", i.encrypts)
	i.part("the doctor finds nothing", i.examined)
	i.part("Prometheus has figures for the dashboards", i.observed)
	i.part("nothing but what is documented is open", func() { i.closed(open) })
	i.part("no secret shows", i.secretive)
	for _, o := range i.outages(begun) {
		if i.part(o.name, o.play); t.Failed() {
			return // what comes next would find it half done
		}
	}
}

// outage is one thing that fails, and what is seen of it.
type outage struct {
	name string
	play func()
}

func (i *installation) outages(begun time.Time) []outage {
	out := []outage{
		{"Tandem is killed", i.tandemKilled},
		{"Redis is killed", i.redisKilled},
		{"Postgres is killed", i.postgresKilled},
	}
	for n, x := range i.switches {
		out = append(out, outage{string(x.id) + " is killed", func() { i.switchKilled(n, x) }})
	}
	return append(out, outage{"everything is taken down and comes back", func() { i.comesBack(begun) }})
}

// tandemKilled: conversations go on, who calls gets the dialplan's fallback, and after the start everything is as it was.
func (i *installation) tandemKilled() {
	t := i.t
	k, other := i.connectsAt(0, 0), i.connectsAt(1, 1)
	killed := time.Now()
	i.kill("tandem")
	for n, x := range i.switches {
		late := i.dialIn(x, number(n))
		end, err := late.AwaitEnd(i.soon())
		require.NoError(t, err)
		require.Equal(t, softphone.Refused, end.Kind)
		require.Equal(t, 503, end.Code, "who calls now is served by %s's dialplan", x.id)
	}
	i.start("tandem")
	i.linked(killed)
	t.Logf("Tandem was back at both switches %.1f s after it was killed", time.Since(killed).Seconds())
	for _, k := range []*talk{k, other} {
		v := k.caller.is(core.Talking)
		require.Equal(t, k.id, v.ID, "the same call as before")
		k.unbroken()
		i.bye(k)
	}
	i.bye(i.connectsAt(0, 0))
}

// redisKilled: nobody on the phone notices.
func (i *installation) redisKilled() {
	k := i.connectsAt(0, 0)
	i.kill("redis")
	i.bye(i.connectsAt(1, 1))
	i.start("redis")
	k.unbroken()
	i.bye(k)
}

// postgresKilled: nothing is decided that could not be made durable. Conversations go on, who calls waits or gets the fallback, and when it is back everything goes on.
func (i *installation) postgresKilled() {
	t := i.t
	k := i.connectsAt(0, 0)
	i.kill("postgres")
	var late []*caller
	for n, x := range i.switches {
		late = append(late, i.dialIn(x, number(n)))
	}
	require.NoError(t, k.call.Hears(i.soon(), k.caller.tone), "the conversation goes on")
	i.start("postgres")
	i.eventually("Tandem to be ready again", func() bool {
		status, _, err := get(i.soon(), fmt.Sprintf("http://127.0.0.1:%d/readyz", composeHTTP))
		return err == nil && status == http.StatusOK
	})
	k.unbroken()
	for n, c := range late {
		select {
		case <-c.Done():
			end, _ := c.Ending()
			require.Equal(t, 503, end.Code)
			t.Logf("who called at %s meanwhile was given the fallback", i.switches[n].id)
		default:
			c.is(core.Waiting)
			t.Logf("who called at %s meanwhile waits in the queue", i.switches[n].id)
			c.hangUp()
		}
	}
	i.bye(k)
	i.bye(i.connectsAt(1, 1))
}

// switchKilled: its calls are lost, and are closed as lost; the other's go on. Phones that have registered are called again, with the same passwords.
func (i *installation) switchKilled(n int, x *exchange) {
	t := i.t
	gone, kept := i.connectsAt(n, n), i.connectsAt(1-n, 1-n)
	killed := time.Now()
	i.kill(string(x.id))
	_, err := i.board.Await(i.soon(), "Tandem to notice", func(st client.State) bool { return !st.Engines[x.id].Up })
	require.NoError(t, err)
	i.start(string(x.id))
	_, err = i.board.Await(i.soon(), "Tandem to be back", func(st client.State) bool { e := st.Engines[x.id]; return e.Up && e.Since.After(killed) })
	require.NoError(t, err)
	_, err = i.board.Await(i.soon(), "the lost call to be closed", func(st client.State) bool { _, there := st.Calls[gone.id]; return !there })
	require.NoError(t, err)
	t.Logf("Tandem was back at %s %.1f s after it was killed", x.id, time.Since(killed).Seconds())
	kept.unbroken()
	i.bye(kept)
	// Who hears nothing hangs up. Until then a phone goes on sending to the port where its call was, which the switch may give to the next.
	gone.caller.hangUp()
	require.NoError(t, gone.call.HangUp(i.soon()))
	require.NoError(t, gone.desk.phone.Register(i.soon()))
	gone.desk.next.SkipToEnd()
	i.set(gone.desk, core.Idle)
	i.bye(i.connectsAt(n, n))
}

// comesBack: what is set up, and what has been made at the first start, is in the volumes.
func (i *installation) comesBack(begun time.Time) {
	i.compose("down", "--timeout", "20")
	i.compose("up", "--detach", "--wait", "--wait-timeout", "120", "--no-build")
	i.linked(begun)
	for n := range i.switches {
		d := i.desks[n]
		require.NoError(i.t, d.phone.Register(i.soon()), "with the password of before")
		d.next.SkipToEnd()
		i.bye(i.connectsAt(n, n))
	}
}
