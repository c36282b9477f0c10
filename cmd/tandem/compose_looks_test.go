package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// What TestComposeInstallation looks at while the installation runs.

// encrypts has a phone register and be called over TLS, which believes the certificate that the first start has made.
func (i *installation) encrypts() {
	t := i.t
	for n, x := range i.switches {
		file := filepath.Join(i.dir, string(x.id)+"-certificate.pem")
		i.docker("cp", i.container(string(x.id))+":/srv/"+string(x.id)+"/certificate.pem", file)
		trust := x509.NewCertPool()
		require.True(t, trust.AppendCertsFromPEM([]byte(contents(t, file))))
		user, agent := strconv.Itoa(3001+n), core.AgentID("secret-"+strconv.Itoa(n))
		i.add("phones", map[string]any{"id": "desk-" + user, "tenant": "acme", "user": user, "name": user, "engine": x.id, "transport": models.TLS, "encryption": models.EncryptRequired})
		password := i.newPassword("desk-" + user)
		d := &seat{agent: agent, at: x, tone: softphone.Tone(5 + n)}
		var err error
		d.phone, err = softphone.New(softphone.Config{
			User: user, Password: password, Server: x.tls, Addr: i.outside + ":0", TLS: &tls.Config{RootCAs: trust, MinVersion: tls.VersionTLS12}, Encryption: softphone.EncryptAlways,
			Voice: softphone.ToneVoice(d.tone), ListenFor: music,
		})
		require.NoError(t, err)
		defer d.phone.Close()
		d.next = d.phone.Events().Cursor()
		i.eventually("the phone to register", func() bool { return d.phone.Register(i.soon()) == nil })
		i.add("agents", map[string]any{"id": agent, "tenant": "acme", "name": user, "phone": user, "engine": x.id})
		i.addQueue("secret-"+string(x.id), number(10+n), 0, map[string]any{"members": []map[string]any{{"agent": agent}}})
		i.set(d, core.Idle)
		c := i.dialIn(x, number(10+n))
		c.is(core.Waiting)
		i.set(d, core.Available)
		k := i.talks(c, d, i.takes(d))
		require.True(t, k.call.Encrypted())
		i.bye(k)
	}
}

// examined has the doctor look at everything from within, test calls included.
func (i *installation) examined() {
	t := i.t
	i.compose("start", "redis") // runs what Redis depends on, and no set-up of a switch: Tandem's settings must stay
	said, err := i.try("compose", "--profile", "both", "exec", "-T", "tandem", "tandem", "doctor", "-json")
	require.NoError(t, err, said)
	var report struct{ Findings []finding }
	require.NoError(t, json.Unmarshal([]byte(said), &report))
	seen := map[string]finding{}
	for _, f := range report.Findings {
		seen[f.Check] = f
		if f.Check == "NTP" || strings.HasPrefix(f.Check, "disk ") {
			continue // what this machine is like
		}
		assert.Contains(t, []health{fine, skipped}, f.Health, "%s: %s", f.Check, f.Text)
	}
	for _, x := range i.switches {
		for _, check := range []string{"test call", "audio", "fallback", "recordings", "TLS"} {
			assert.Equal(t, fine, seen["switch "+string(x.id)+": "+check].Health, "%s: %s", x.id, check)
		}
	}
}

// observed has Prometheus, where its image is there, ask Tandem, watch the alert rules, and answer every query of the dashboards.
func (i *installation) observed() {
	t := i.t
	observability := func(args ...string) string {
		return i.docker(append([]string{"compose", "--profile", "observability"}, args...)...)
	}
	image := strings.TrimSpace(observability("config", "--images", "prometheus"))
	if _, err := i.try("image", "inspect", "--format", "{{.Id}}", image); err != nil {
		t.Logf("the image %s is NOT there: Prometheus is not started", image)
		return
	}
	observability("up", "--detach", "--wait", "--wait-timeout", "60", "--no-build", "prometheus")
	defer observability("rm", "--stop", "--force", "prometheus")
	at := strings.TrimSpace(i.docker("inspect", "--format", `{{(index .NetworkSettings.Networks "`+i.project+`_observe").IPAddress}}`, strings.TrimSpace(observability("ps", "--quiet", "prometheus"))))
	ask := func(path string, into any) {
		t.Helper()
		status, said, err := get(i.soon(), "http://"+at+":9090/api/v1/"+path)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status, "%s: %s", path, said)
		require.NoError(t, json.Unmarshal([]byte(said), into))
	}
	figures := func(query string) int {
		t.Helper()
		var answer struct{ Data struct{ Result []any } }
		ask("query?query="+url.QueryEscape(query), &answer)
		return len(answer.Data.Result)
	}
	i.eventually("Prometheus to have asked Tandem", func() bool { return figures(`up{job="tandem"} == 1`) == 1 })
	i.eventually("every alert rule to be watched", func() bool {
		var answer struct {
			Data struct {
				Groups []struct {
					Rules []struct{ Name, Health, LastError string }
				}
			}
		}
		ask("rules", &answer)
		watched := 0
		for _, g := range answer.Data.Groups {
			for _, r := range g.Rules {
				require.NotEqual(t, "err", r.Health, "%s: %s", r.Name, r.LastError)
				if r.Health == "ok" {
					watched++
				}
			}
		}
		return watched == len(alertRules(t))
	})
	asked := queries(t)
	i.eventually("Prometheus to have asked Tandem twice", func() bool { return figures(`rate(tandem_events_total[5m])`) > 0 })
	var empty []string
	for where, query := range asked {
		if figures(onDashboard(query)) == 0 && !strings.HasPrefix(where, "alert ") {
			empty = append(empty, where)
		}
	}
	slices.Sort(empty)
	t.Logf("%d queries of rules and dashboards are answered; those of dashboards without figures yet: %s", len(asked), strings.Join(empty, ", "))
}

// openPorts are the ports that answer, of all but those to leave out.
func openPorts(leaveOut map[int]bool, answers func(port int) bool) map[int]bool {
	open, ports := map[int]bool{}, make(chan int)
	var mu sync.Mutex
	var asking sync.WaitGroup
	for range 64 {
		asking.Go(func() {
			for port := range ports {
				if answers(port) {
					mu.Lock()
					open[port] = true
					mu.Unlock()
				}
			}
		})
	}
	for port := 1; port < 1<<16; port++ {
		if !leaveOut[port] {
			ports <- port
		}
	}
	close(ports)
	asking.Wait()
	return open
}

func answersTCP(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// openUDP are the UDP ports of an address of this machine behind which there is somebody: of the others the kernel says at once that they are closed. Those of this process
// are not among them.
func openUDP(t *testing.T, address string) map[int]bool {
	t.Helper()
	ours := map[string]bool{}
	sockets, err := filepath.Glob("/proc/self/fd/*")
	require.NoError(t, err)
	for _, fd := range sockets {
		if to, err := os.Readlink(fd); err == nil {
			ours[strings.TrimSuffix(strings.TrimPrefix(to, "socket:["), "]")] = true
		}
	}
	mine := map[int]bool{}
	for _, table := range []string{"/proc/self/net/udp", "/proc/self/net/udp6"} {
		for line := range strings.Lines(contents(t, table)) {
			f := strings.Fields(line)
			if len(f) < 10 || !ours[f[9]] {
				continue
			}
			_, port, _ := strings.Cut(f[1], ":")
			n, err := strconv.ParseInt(port, 16, 32)
			require.NoError(t, err)
			mine[int(n)] = true
		}
	}
	return openPorts(mine, func(port int) bool { return answersUDP(net.JoinHostPort(address, strconv.Itoa(port))) })
}

// answersUDP tells whether there is somebody behind an address: the kernel does not say that nobody is. It says so only so often in a second, and is asked again therefore.
func answersUDP(address string) bool {
	for range 4 {
		if refusesUDP(address) {
			return false
		}
	}
	return true
}

func refusesUDP(address string) bool {
	c, err := net.Dial("udp", address)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	if c.LocalAddr().String() == address { // of all ports the kernel has given us this one: we would answer ourselves
		return refusesUDP(address)
	}
	_ = c.SetDeadline(time.Now().Add(200 * time.Millisecond))
	if _, err = c.Write([]byte("?")); err == nil {
		_, err = c.Read(make([]byte, 1))
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// listening is what is open on an address before the installation is there.
type listening struct{ tcp, udp map[int]bool }

func listeningAt(t *testing.T, address string) listening {
	t.Helper()
	tcp := openPorts(nil, func(port int) bool { return answersTCP(net.JoinHostPort(address, strconv.Itoa(port))) })
	return listening{tcp, openUDP(t, address)}
}

// closed holds that the installation has opened no port to the world but those that docs/admin.md lists, which are those that are published.
func (i *installation) closed(before listening) {
	i.t.Helper()
	now := listeningAt(i.t, i.outside)
	for port := range now.tcp {
		assert.True(i.t, before.tcp[port] || port == composeTLS || port == composeFreeSWITCHTLS, "TCP port %d is open to the world", port)
	}
	documented := map[int]bool{composeSIP: true, composeFreeSWITCHSIP: true}
	for _, r := range []string{composeRTP, composeFreeSWITCHRTP} {
		first, last := portRange(i.t, r)
		for port := first; port <= last; port++ {
			documented[port] = true
		}
	}
	for port := range now.udp {
		assert.True(i.t, before.udp[port] || documented[port], "UDP port %d is open to the world", port)
	}
	assert.True(i.t, now.udp[composeSIP] && now.udp[composeFreeSWITCHSIP], "the scan sees those that are there")
	published := map[string]bool{}
	for _, id := range strings.Fields(i.compose("ps", "--quiet")) {
		var ports map[string][]struct{ HostIP, HostPort string }
		require.NoError(i.t, json.Unmarshal([]byte(i.docker("inspect", "--format", "{{json .HostConfig.PortBindings}}", id)), &ports))
		for inside, bindings := range ports {
			_, kind, _ := strings.Cut(inside, "/")
			for _, b := range bindings {
				published[b.HostIP+" "+kind+" "+b.HostPort] = true
			}
		}
	}
	want := map[string]bool{
		fmt.Sprintf("127.0.0.1 tcp %d", composeHTTP):    true,
		fmt.Sprintf("%s udp %d", i.outside, composeSIP): true, fmt.Sprintf("%s udp %d", i.outside, composeFreeSWITCHSIP): true,
		fmt.Sprintf("%s tcp %d", i.outside, composeTLS): true, fmt.Sprintf("%s tcp %d", i.outside, composeFreeSWITCHTLS): true,
	}
	for _, r := range []string{composeRTP, composeFreeSWITCHRTP} {
		first, last := portRange(i.t, r)
		for port := first; port <= last; port++ {
			want[fmt.Sprintf("%s udp %d", i.outside, port)] = true
		}
	}
	assert.Equal(i.t, want, published)
	for _, network := range []string{"control", "data", "observe"} {
		assert.Equal(i.t, "true", strings.TrimSpace(i.docker("network", "inspect", i.project+"_"+network, "--format", "{{.Internal}}")), "%s leads to nobody", network)
	}
	for _, id := range strings.Fields(i.compose("ps", "--quiet")) {
		how := strings.TrimSpace(i.docker("inspect", "--format", "{{.Name}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.RestartPolicy.Name}}", id))
		assert.Contains(i.t, how, " true [ALL] unless-stopped")
		for line := range strings.Lines(i.docker("top", id, "-eo", "uid,pid,args")) {
			assert.NotRegexp(i.t, `^\s*0\s`, line, "runs as root in %s", how)
		}
	}
}

func portRange(t *testing.T, text string) (first, last int) {
	t.Helper()
	from, to, _ := strings.Cut(text, "-")
	first, err := strconv.Atoi(from)
	require.NoError(t, err)
	last, err = strconv.Atoi(to)
	require.NoError(t, err)
	return first, last
}

// secretive holds that no password of the installation is in a layer of Tandem's image, in what the engine tells of containers, on a command line or in a log.
func (i *installation) secretive() {
	t := i.t
	t.Helper()
	dir := filepath.Join(i.dir, "secrets")
	i.docker("cp", i.container("tandem")+":/run/tandem", dir)
	var secrets []string
	for _, name := range []string{ariSecret, eslSecret, peerSecret} {
		secrets = append(secrets, contents(t, dir, name))
	}
	for _, name := range []string{databaseFile, redisFile} {
		_, rest, _ := strings.Cut(contents(t, dir, name), "://")
		password, _, _ := strings.Cut(rest, "@")
		secrets = append(secrets, password[strings.LastIndex(password, ":")+1:])
	}
	for service, key := range map[string]string{"asterisk": "/srv/asterisk-tls/own/key.pem", "freeswitch": "/srv/freeswitch-tls/own/key.pem"} {
		to := filepath.Join(i.dir, service+".pem")
		i.docker("cp", i.container(service)+":"+key, to)
		secrets = append(secrets, strings.Split(contents(t, to), "\n")[1])
		_, err := i.try("cp", i.container("tandem")+":"+key, to)
		assert.Error(t, err, "Tandem does not see %s", key)
	}
	i.docker("cp", i.container("tandem")+":/var/lib/tandem/admin-password", filepath.Join(i.dir, "password"))
	secrets = append(secrets, contents(t, i.dir, "password"), i.api.Token)
	signIn := i.compose("exec", "-T", "tandem", "tandem", "setup", "sign-in")
	assert.Contains(t, signIn, secrets[len(secrets)-2], "who may, is shown the password")

	shown := map[string]string{"the logs": i.compose("logs", "--no-color")}
	for _, id := range strings.Fields(i.compose("ps", "--all", "--quiet")) {
		shown["the engine's description of "+id] = i.docker("inspect", id)
	}
	for _, id := range strings.Fields(i.compose("ps", "--quiet")) {
		shown["the processes of "+id] = i.docker("top", id, "-eo", "pid,args")
	}
	image := strings.TrimSpace(i.docker("inspect", "--format", "{{.Image}}", i.container("tandem")))
	shown["the history of the image"] = i.docker("history", "--no-trunc", image)
	layers := filepath.Join(i.dir, "image.tar")
	i.docker("save", "--output", layers, image)
	b, err := os.ReadFile(layers)
	require.NoError(t, err)
	for _, secret := range secrets {
		require.GreaterOrEqual(t, len(secret), 20)
		for where, text := range shown {
			assert.NotContains(t, text, secret, "in %s", where)
		}
		assert.False(t, bytes.Contains(b, []byte(secret)), "in the image")
	}
	size, err := strconv.Atoi(strings.TrimSpace(i.docker("image", "inspect", "--format", "{{.Size}}", image)))
	require.NoError(t, err)
	assert.LessOrEqual(t, size, 60_000_000, "bytes of the image")
	t.Logf("the image has %.1f MB", float64(size)/1e6)
}
