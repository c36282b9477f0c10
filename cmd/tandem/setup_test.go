package main

import (
	"bytes"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/tandem-voice/tandem/docker/certificate"
	"github.com/tandem-voice/tandem/docker/freeswitch"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// setUp runs one part of the set-up and returns what it says.
func setUp(t *testing.T, wantCode int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), append([]string{"setup"}, args...), &out, &errs)
	require.Equal(t, wantCode, code, errs.String())
	return out.String() + errs.String()
}

func contents(t *testing.T, parts ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	require.NoError(t, err)
	return strings.TrimSpace(string(b))
}

func permissions(t *testing.T, file string) os.FileMode {
	t.Helper()
	info, err := os.Stat(file)
	require.NoError(t, err)
	return info.Mode().Perm()
}

// The set-up of an installation: each server gets its own secret and sees no other, Tandem gets them all, and the switches are those whose set-up has run. A second start
// changes no secret; a switch that is no longer wanted is forgotten.
func TestSetup(t *testing.T) {
	own, postgres, redis, grafana := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	asteriskDir, freeswitchDir := shortDir(t), shortDir(t)
	secrets := []string{"secrets", "-dir", own, "-postgres", postgres, "-redis", redis, "-grafana", grafana, "-address", "http://192.0.2.9:8080"}
	said := setUp(t, 0, secrets...)
	assert.Contains(t, said, "http://192.0.2.9:8080")
	assert.Contains(t, said, "tandem setup sign-in")
	said += setUp(t, 0, "asterisk", "-dir", asteriskDir, "-secrets", own, "-sip", "172.16.117.2:5060", "-control", "172.16.117.18:8088", "-public", "192.0.2.9", "-peer", "172.16.117.3:5080")
	said += setUp(t, 0, "freeswitch", "-dir", freeswitchDir, "-secrets", own, "-sip", "172.16.117.3:5070", "-control", "172.16.117.19:8021", "-public", "192.0.2.9",
		"-allow", "172.16.117.16/28", "-peer", "172.16.117.2:5060")

	database := contents(t, own, "database-url")
	password := contents(t, postgres, "password")
	assert.Equal(t, "postgres://tandem:"+password+"@postgres:5432/tandem?sslmode=disable", database)
	assert.Contains(t, contents(t, redis, "redis.conf"), "requirepass "+contents(t, redis, "password"))
	for _, secret := range []string{password, contents(t, redis, "password"), contents(t, own, "ari-password"), contents(t, own, "esl-password"), contents(t, own, "peer-secret"), contents(t, grafana, "password")} {
		assert.GreaterOrEqual(t, len(secret), 26, "128 bits")
		assert.NotContains(t, said, secret)
	}
	for _, file := range []string{postgres + "/password", redis + "/password", redis + "/redis.conf", grafana + "/password"} {
		assert.Equal(t, os.FileMode(0o640), permissions(t, file), "%s is read by a server of the same group", file)
	}
	for _, file := range []string{own + "/database-url", own + "/ari-password", asteriskDir + "/etc/site/ari.conf", freeswitchDir + "/.fs_cli_conf"} {
		assert.Equal(t, os.FileMode(0o600), permissions(t, file), file)
	}
	assert.Contains(t, contents(t, asteriskDir, "etc/site/pjsip.conf"), "external_media_address = 192.0.2.9\nlocal_net = 172.16.117.3\n")
	assert.Contains(t, contents(t, asteriskDir, "etc/site/http.conf"), "bindaddr = 172.16.117.18\n")
	assert.Contains(t, contents(t, freeswitchDir, "etc/site/sofia.conf.xml"), `<param name="ext-rtp-ip" value="192.0.2.9"/>`)
	assert.Contains(t, contents(t, freeswitchDir, ".fs_cli_conf"), "password => "+contents(t, own, "esl-password"))

	found, err := readSettings(environ(t, map[string]string{
		"TANDEM_SETTINGS": own + "/settings", "TANDEM_DB": "", "TANDEM_DB_FILE": own + "/database-url", "TANDEM_REDIS_FILE": own + "/redis-url",
	}))
	require.NoError(t, err)
	assert.Equal(t, database, found.DB)
	require.Len(t, found.Switches, 2)
	a, ok := found.Switches[0].(asteriskSettings)
	require.True(t, ok)
	assert.Equal(t, "http://172.16.117.18:8088", a.URL)
	assert.Equal(t, contents(t, own, "ari-password"), a.Password)
	f, ok := found.Switches[1].(freeswitchSettings)
	require.True(t, ok)
	assert.Equal(t, "172.16.117.19:8021", f.Addr)
	assert.Equal(t, contents(t, own, "esl-password"), f.Password)

	setUp(t, 0, secrets...)
	assert.Equal(t, database, contents(t, own, "database-url"))
	assert.Equal(t, password, contents(t, postgres, "password"))
	assert.Equal(t, a.Password, contents(t, own, "ari-password"))
	settings := environ(t, map[string]string{"TANDEM_SETTINGS": own + "/settings"})
	found, err = readSettings(settings)
	require.NoError(t, err)
	assert.Len(t, found.Switches, 2, "they are there still: \"compose start redis\" makes secrets and sets up no switch")

	// A switch is forgotten when somebody says so.
	assert.Contains(t, setUp(t, 0, "forget", "-secrets", own, "-switch", "freeswitch"), "freeswitch is forgotten")
	found, err = readSettings(settings)
	require.NoError(t, err)
	require.Len(t, found.Switches, 1)
	assert.IsType(t, asteriskSettings{}, found.Switches[0])
	assert.Equal(t, []core.EngineID{"freeswitch"}, found.Forgotten)
	assert.Contains(t, setUp(t, 0, "forget", "-secrets", own, "-switch", "freeswitch"), "freeswitch is forgotten")
	assert.Contains(t, setUp(t, 1, "forget", "-secrets", own, "-switch", "asterisk-2"), "there is no switch asterisk-2; set-ups are there of: asterisk, freeswitch")
	_, err = readSettings(environ(t, map[string]string{"TANDEM_SETTINGS": own + "/settings", "TANDEM_FORGOTTEN": "asterisk, a b"}))
	require.ErrorContains(t, err, "TANDEM_FORGOTTEN: must not name asterisk, which is set up")
	require.ErrorContains(t, err, "TANDEM_FORGOTTEN: must be names of switches")
	setUp(t, 0, "forget", "-secrets", own, "-switch", "asterisk")
	found, err = readSettings(settings)
	require.NoError(t, err)
	assert.ElementsMatch(t, []core.EngineID{"asterisk", "freeswitch"}, found.Forgotten)
	assert.Empty(t, found.Switches)
	setUp(t, 0, "asterisk", "-dir", asteriskDir, "-secrets", own, "-sip", "172.16.117.2:5060", "-control", "172.16.117.18:8088")
	found, err = readSettings(settings)
	require.NoError(t, err)
	assert.Equal(t, []core.EngineID{"freeswitch"}, found.Forgotten, "who is set up again is back")
	assert.Contains(t, setUp(t, 1, "forget", "-secrets", postgres, "-switch", "asterisk"), "there is no switch asterisk; no set-up is in "+postgres)
	assert.Contains(t, setUp(t, 2, "forget", "-secrets", own), "-switch must name a switch")
	setUp(t, 2, "forget", "-secrets", own, "-switch", "../ari-password")
}

// A switch beside Tandem, without containers: it is on every address, and the doctor calls it at the one from which its media then comes. At the loopback interface it is for
// this machine, and tells no other address.
func TestSetupBesideTandem(t *testing.T) {
	secrets := t.TempDir()
	setUp(t, 0, "secrets", "-dir", secrets)
	own, alone := machineAddress()
	for kind, x := range map[string]struct{ variable, file string }{
		"asterisk":   {"TANDEM_ARI_SIP", "etc/site/pjsip.conf"},
		"freeswitch": {"TANDEM_ESL_SIP", "etc/site/sofia.conf.xml"},
	} {
		t.Run(kind+" on every address", func(t *testing.T) {
			if alone != nil {
				t.Skipf("SKIPPED, NOT TESTED: %v; give this machine an address and a default route (`ip address add`, `ip route add default`)", alone)
			}
			everywhere := shortDir(t)
			said := setUp(t, 0, kind, "-dir", everywhere, "-secrets", secrets, "-control", "127.0.0.1:8088")
			assert.Contains(t, said, "reach it at "+own+", port 5060")
			assert.Contains(t, contents(t, secrets, "settings", kind+".env"), x.variable+"="+own)
			if kind == "asterisk" {
				assert.Contains(t, contents(t, everywhere, x.file), "external_media_address = "+own+"\nlocal_net = 127.0.0.0/8\nlocal_net = "+own+"\n")
			}
		})
		t.Run(kind+" on loopback", func(t *testing.T) {
			here := shortDir(t)
			said := setUp(t, 0, kind, "-dir", here, "-secrets", secrets, "-control", "127.0.0.1:8088", "-sip", "127.0.0.1:5062")
			assert.Contains(t, said, "reach it at 127.0.0.1, port 5062")
			if alone == nil {
				assert.NotContains(t, contents(t, here, x.file), own)
			}
			assert.Contains(t, contents(t, secrets, "settings", kind+".env"), x.variable+"=127.0.0.1")
		})
	}
	assert.Contains(t, setUp(t, 2, "asterix"), `unknown part "asterix"`)
}

// Each switch has a certificate of its own in a directory that Tandem need not see: made at the first start, kept, and made anew for another name; or the one that is given.
func TestSetupOfCertificates(t *testing.T) {
	own := t.TempDir()
	setUp(t, 0, "secrets", "-dir", own)
	given := filepath.Join(t.TempDir(), "given")
	for kind, port := range map[string]string{"asterisk": "8088", "freeswitch": "8021"} {
		dir, secure := shortDir(t), shortDir(t)
		again := func(code int, more ...string) string {
			return setUp(t, code, append([]string{kind, "-dir", dir, "-secrets", own, "-sip", "127.0.0.1:5060", "-control", "127.0.0.1:" + port, "-public", "192.0.2.9", "-tls-port", "5061", "-tls-dir", secure}, more...)...)
		}
		shown := func() string { return contents(t, dir, "certificate.pem") }
		said := again(0)
		assert.Contains(t, said, "SIP over TLS: 192.0.2.9, port 5061")
		first := shown()
		leaf, err := certificate.Leaf([]byte(first))
		require.NoError(t, err)
		require.NoError(t, leaf.VerifyHostname("192.0.2.9"))
		again(0)
		assert.Equal(t, first, shown(), "it is kept")
		again(0, "-tls-name", "sip.example.net")
		named := shown()
		assert.NotEqual(t, first, named, "the other was for another name")
		files, err := filepath.Glob(secure + "/*.pem")
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, f := range append(files, secure+"/own/key.pem") {
			assert.Equal(t, os.FileMode(0o600), permissions(t, f), f)
			assert.NotContains(t, said, strings.Split(contents(t, f), "\n")[1])
		}
		assert.NotContains(t, shown(), "PRIVATE")
		assert.Contains(t, contents(t, own, "settings", kind+".env"), "_CERTIFICATE="+dir+"/certificate.pem\n")
		assert.Contains(t, contents(t, own, "settings", kind+".env"), "_TLS=sip.example.net:5061")
		assert.Contains(t, contents(t, own, "settings", kind+".env"), "_SIP=127.0.0.1\n", "for the doctor's test call")

		// One that is given: nothing is made in its place.
		assert.Contains(t, again(1, "-certificates", given), "cert.pem: is missing")
		made, err := certificate.Own([]string{"pbx.example.net"}, time.Now())
		require.NoError(t, err)
		require.NoError(t, certificate.Put(given, map[string][]byte{"cert.pem": made.Chain, "key.pem": made.Key}))
		assert.Contains(t, again(0, "-certificates", given, "-tls-name", "sip.example.net"), "WARNING: the certificate is not for sip.example.net, but for pbx.example.net")
		assert.NotContains(t, again(0, "-certificates", given, "-tls-name", "pbx.example.net"), "WARNING")
		other, err := certificate.Own([]string{"pbx.example.net"}, time.Now())
		require.NoError(t, err)
		require.NoError(t, certificate.Put(given, map[string][]byte{"key.pem": other.Key}))
		assert.Contains(t, again(1, "-certificates", given), "do not belong together")
		require.NoError(t, os.RemoveAll(given))
	}
	said := setUp(t, 1, "asterisk", "-dir", shortDir(t), "-secrets", own, "-sip", "127.0.0.1:5060", "-control", "127.0.0.1:8088", "-public", "192.0.2.9", "-tls-port", "70000", "-tls-name", "a b", "-certificates", "here")
	for _, flag := range []string{"-tls-port (TANDEM_SIPS_PORT)", "-tls-dir", "-tls-name (TANDEM_SIP_NAME)", "-certificates (TANDEM_CERTIFICATES)"} {
		assert.Contains(t, said, flag+": ")
	}
}

// What compose hands over is called by the variable in which people have set it.
func TestSetupNamesTheVariable(t *testing.T) {
	own := t.TempDir()
	setUp(t, 0, "secrets", "-dir", own)
	for _, c := range []struct{ kind, flag, value, says string }{
		{"asterisk", "-rtp", "10000", "-rtp (TANDEM_RTP_PORTS): must be two ports"},
		{"asterisk", "-rtp", "20000-10000", "-rtp (TANDEM_RTP_PORTS): must be two ports"},
		{"freeswitch", "-rtp", "10000-99999", "-rtp (TANDEM_FREESWITCH_RTP_PORTS): must be two ports"},
		{"asterisk", "-sip", "172.16.300.2:5060", "-sip (TANDEM_SIP_PORT, TANDEM_NET): "},
		{"freeswitch", "-sip", "172.16.1.2:99999", "-sip (TANDEM_FREESWITCH_SIP_PORT, TANDEM_NET): "},
		{"asterisk", "-tls-port", "5060", "-tls-port (TANDEM_SIPS_PORT): must be another port than that of -sip"},
		{"freeswitch", "-tls-port", "70000", "-tls-port (TANDEM_FREESWITCH_SIPS_PORT): "},
		{"asterisk", "-public", "sip.example.net", "-public (TANDEM_PUBLIC_ADDRESS): must be an IP address"},
		{"asterisk", "-public", "0.0.0.0", "-public (TANDEM_PUBLIC_ADDRESS): must be an address that phones can reach"},
		{"asterisk", "-sip", "127.0.0.1:0", "-sip (TANDEM_SIP_PORT, TANDEM_NET): "},
		{"asterisk", "-rtp", "5000-5199", "-rtp (TANDEM_RTP_PORTS): must not hold the port of -sip"},
		{"asterisk", "-peer", "127.0.0.1:0", "-peer (TANDEM_NET): must be an IP address and a port"},
		{"freeswitch", "-peer-port", "5060", "-sip (TANDEM_FREESWITCH_SIP_PORT, TANDEM_NET): must be of another port than -peer-port, 5060"},
		{"freeswitch", "-peer-port", "10001", "-rtp (TANDEM_FREESWITCH_RTP_PORTS): must not hold the port of -peer-port, 10001"},
	} {
		args := map[string]string{"-sip": "127.0.0.1:5060", "-control": "127.0.0.1:8088", "-peer": "127.0.0.2:5060", "-public": "192.0.2.9", "-tls-dir": shortDir(t), "-dir": shortDir(t), "-secrets": own}
		args[c.flag] = c.value
		line := []string{c.kind}
		for flag, value := range args {
			line = append(line, flag, value)
		}
		assert.Contains(t, setUp(t, 1, line...), c.says)
	}
}

// A key in the file of the chain stays with the switch: what Tandem sees and phones are given has none.
func TestSetupShowsNoKey(t *testing.T) {
	own, given := t.TempDir(), filepath.Join(t.TempDir(), "given")
	setUp(t, 0, "secrets", "-dir", own)
	made, err := certificate.Own([]string{"192.0.2.9"}, time.Now())
	require.NoError(t, err)
	require.NoError(t, certificate.Put(given, map[string][]byte{"cert.pem": slices.Concat(made.Key, made.Chain), "key.pem": made.Key}))
	for kind, port := range map[string]string{"asterisk": "8088", "freeswitch": "8021"} {
		dir := shortDir(t)
		setUp(t, 0, kind, "-dir", dir, "-secrets", own, "-sip", "127.0.0.1:5060", "-control", "127.0.0.1:"+port, "-public", "192.0.2.9", "-tls-port", "5061", "-tls-dir", shortDir(t), "-certificates", given)
		assert.Equal(t, strings.TrimSpace(string(made.Chain)), contents(t, dir, "certificate.pem"), kind)
	}
}

// A certificate that the switch could not show stops the set-up, and nothing of the switch's is new then.
func TestASetupThatStopsLeavesTheSwitchAsItIs(t *testing.T) {
	own, given := t.TempDir(), filepath.Join(t.TempDir(), "given")
	setUp(t, 0, "secrets", "-dir", own)
	for kind, x := range map[string]struct{ port, file string }{"asterisk": {"8088", "etc/site/pjsip.conf"}, "freeswitch": {"8021", "etc/site/sofia.conf.xml"}} {
		dir, secure := shortDir(t), shortDir(t)
		again := func(code int, sip string, more ...string) string {
			return setUp(t, code, append([]string{kind, "-dir", dir, "-secrets", own, "-sip", "127.0.0.1:" + sip, "-control", "127.0.0.1:" + x.port, "-public", "192.0.2.9"}, more...)...)
		}
		again(0, "5060")
		before := contents(t, dir, x.file)
		secured := []string{"-tls-port", "5061", "-tls-dir", secure, "-certificates", given}
		assert.Contains(t, again(1, "5062", secured...), "cert.pem: is missing")
		assert.Equal(t, before, contents(t, dir, x.file), kind)

		made, err := certificate.Own([]string{"192.0.2.9"}, time.Now())
		require.NoError(t, err)
		require.NoError(t, certificate.Put(given, map[string][]byte{"cert.pem": made.Chain, "key.pem": []byte("none")}))
		assert.Contains(t, again(1, "5062", secured...), "holds no private key")
		assert.Equal(t, before, contents(t, dir, x.file), kind)
		left, err := os.ReadDir(secure)
		require.NoError(t, err)
		assert.Empty(t, left, kind)
		require.NoError(t, os.RemoveAll(given))
	}
}

// shortDir is a directory whose path is short enough for an Asterisk's control socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "tandem-setup-") //nolint:usetesting // t.TempDir has the test's name in it
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func TestSetupSaysWhatIsWrong(t *testing.T) {
	own := t.TempDir()
	assert.Contains(t, setUp(t, 2), "tandem setup secrets")
	assert.Contains(t, setUp(t, 2, "nonsense"), "tandem setup secrets")
	said := setUp(t, 1, "asterisk", "-dir", "relative", "-secrets", "relative", "-sip", "here", "-control", "there", "-rtp", "some", "-public", "tandem.example")
	for _, flag := range []string{"-dir", "-secrets", "-sip", "-control", "-rtp", "-public"} {
		assert.Regexp(t, "(?m)(^|: )"+flag+`( \(TANDEM_[A-Z_, ]+\))?: `, said)
	}
	assert.Contains(t, setUp(t, 1, "asterisk", "-dir", shortDir(t), "-secrets", own, "-sip", "127.0.0.1:5060", "-control", "127.0.0.1:8088", "-public", "192.0.2.9"),
		"tandem setup secrets", "what is missing is made by another part")

	_, err := readSettings(environ(t, map[string]string{"TANDEM_SETTINGS": filepath.Join(own, "absent")}))
	assert.ErrorContains(t, err, "TANDEM_SETTINGS: cannot be read")
	require.NoError(t, os.WriteFile(filepath.Join(own, "a.env"), []byte("# TANDEM_LOG=error\nTANDEM_LOG=nonsense\n"), 0o600))
	_, err = readSettings(environ(t, map[string]string{"TANDEM_SETTINGS": own}))
	assert.ErrorContains(t, err, "TANDEM_LOG")
	_, err = readSettings(environ(t, map[string]string{"TANDEM_SETTINGS": own, "TANDEM_LOG": "info"}))
	assert.NoError(t, err, "the environment comes first")
}

// Who asks whether Tandem is healthy is told what is not, by the exit status too.
func TestHealth(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/readyz", r.URL.Path)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"ready":false}`))
	}))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	t.Setenv("TANDEM_LISTEN", "0.0.0.0:"+port)
	var out, errs bytes.Buffer
	assert.Equal(t, 0, run(t.Context(), []string{"health"}, &out, &errs), errs.String())
	status = http.StatusServiceUnavailable
	assert.Equal(t, 1, run(t.Context(), []string{"health"}, &out, &errs))
	assert.Contains(t, out.String(), `{"ready":false}`)
	assert.Contains(t, errs.String(), "503")
	server.Close()
	assert.Equal(t, 1, run(t.Context(), []string{"health"}, &out, &errs))
}

// Where one service of compose.yaml has an address of its own, all of that network have: one that takes what is free would take that of a switch which starts later.
func TestComposeAddressesAreNobodyElses(t *testing.T) {
	var file struct {
		Services map[string]struct {
			Networks yaml.Node `yaml:"networks"`
		} `yaml:"services"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(contents(t, "../../docker/compose.yaml")), &file))
	type seat struct {
		Address string `yaml:"ipv4_address"`
	}
	on := map[string]map[string]string{} // the address of each service, by network
	for service, s := range file.Services {
		at := map[string]seat{}
		if s.Networks.Kind == yaml.SequenceNode {
			var names []string
			require.NoError(t, s.Networks.Decode(&names))
			for _, name := range names {
				at[name] = seat{}
			}
		} else if !s.Networks.IsZero() {
			require.NoError(t, s.Networks.Decode(&at))
		}
		for network, own := range at {
			if on[network] == nil {
				on[network] = map[string]string{}
			}
			on[network][service] = own.Address
		}
	}
	// The engine gives the other networks theirs one after another out of 172.17.0.0 to 172.31.255.255 and 192.168.0.0/16, free or not for us: after some times up and down it would be ours.
	ours, err := netip.ParseAddr(regexp.MustCompile(`TANDEM_NET:-([0-9.]+)`).FindStringSubmatch(contents(t, "../../docker/compose.yaml"))[1] + ".0")
	require.NoError(t, err)
	for _, pool := range []string{"172.17.0.0/16", "172.18.0.0/15", "172.20.0.0/14", "172.24.0.0/13", "192.168.0.0/16"} {
		assert.False(t, netip.MustParsePrefix(pool).Contains(ours), "%s is in the engine's own %s", ours, pool)
	}
	require.True(t, ours.IsPrivate(), "who calls from this machine comes from there, and is not shut out")
	require.NotEmpty(t, on["control"]["asterisk"])
	require.NotEmpty(t, on["voice"]["freeswitch"])
	for network, addresses := range on {
		fixed := slices.DeleteFunc(slices.Collect(maps.Values(addresses)), func(a string) bool { return a == "" })
		if len(fixed) > 0 {
			assert.Len(t, fixed, len(addresses), "%s: everybody on it has an address of their own, or nobody: %v", network, addresses)
		}
		slices.Sort(fixed)
		assert.Len(t, slices.Compact(slices.Clone(fixed)), len(fixed), "%s: no two have the same: %v", network, addresses)
	}
}

// What compose.yaml knows of other files is what is in them: the command line of FreeSWITCH; and every variable is one that env.example explains.
func TestComposeKeepsUp(t *testing.T) {
	compose, example := contents(t, "../../docker/compose.yaml"), contents(t, "../../docker/env.example")+"\n"
	assert.Contains(t, compose, "    command: ["+strings.Join(freeswitch.Site{Base: "/srv/freeswitch"}.Args(), ", ")+", -np, -nocal]\n")
	used := map[string]bool{"COMPOSE_PROFILES": true}
	for _, m := range regexp.MustCompile(`\$\{([A-Z0-9_]+)`).FindAllStringSubmatch(compose, -1) {
		used[m[1]] = true
		assert.Regexp(t, `(?m)^#`+m[1]+`=`, example)
	}
	for _, m := range regexp.MustCompile(`(?m)^#([A-Z0-9_]+)=`).FindAllStringSubmatch(example, -1) {
		assert.Contains(t, used, m[1], "is in env.example, and of no use")
	}
	// Defaults are what the example says.
	for _, m := range regexp.MustCompile(`\$\{([A-Z0-9_]+):-([^}]+)\}`).FindAllStringSubmatch(compose, -1) {
		if !slices.Contains([]string{"TANDEM_BUCKET", "TANDEM_BUCKET_CREDENTIALS", "TANDEM_CERTIFICATES"}, m[1]) { // the examples are another kind of bucket, and directories where there are none by default
			assert.Contains(t, example, "#"+m[1]+"="+m[2]+"\n")
		}
	}
}

// The set-up writes anew at each start what a process may just be reading: it finds the old or the new, whole, and a failure leaves the old.
func TestASecretIsThereAtAnyMoment(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "asterisk.env")
	require.NoError(t, writeSecret(file, "TANDEM_ARI_USER=0"))
	written := make(chan error, 1)
	go func() {
		for n := range 50 {
			if err := writeSecret(file, "TANDEM_ARI_USER="+strconv.Itoa(n)); err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()
	for over := false; !over; {
		select {
		case err := <-written:
			require.NoError(t, err)
			over = true
		default:
		}
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Regexp(t, `^TANDEM_ARI_USER=\d+\n$`, string(b))
	}
	assert.Equal(t, os.FileMode(0o600), permissions(t, file))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1, "nothing half done")

	require.NoError(t, os.MkdirAll(filepath.Join(file+".part", "in the way"), 0o700))
	require.Error(t, writeSecret(file, "TANDEM_ARI_USER=x"))
	require.Equal(t, "TANDEM_ARI_USER=49", contents(t, file))
}

// A recording is whole in a temporary file while it is checked. /tmp is memory, and counts as Tandem's: four long recordings, or one of a night, were more than it may take.
func TestComposeChecksRecordingsOnADisk(t *testing.T) {
	var file struct {
		Services struct {
			Tandem struct {
				Environment map[string]string `yaml:"environment"`
				Volumes     []string          `yaml:"volumes"`
			} `yaml:"tandem"`
		} `yaml:"services"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(contents(t, "../../docker/compose.yaml")), &file))
	assert.Contains(t, file.Services.Tandem.Volumes, "tandem:"+file.Services.Tandem.Environment["TMPDIR"])
}
