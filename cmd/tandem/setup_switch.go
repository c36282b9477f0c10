package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/docker/asterisk"
	"github.com/tandem-voice/tandem/docker/freeswitch"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// What the switches of one installation call each other, which is what Tandem calls them.
const (
	asteriskName   = "asterisk"
	freeswitchName = "freeswitch"
)

// setupAsterisk makes an Asterisk's directory.
func setupAsterisk(args []string, stdout, stderr io.Writer) error {
	var modules, entity string
	p, err := readSwitchPlace("asterisk", "the REST interface", args, stderr, func(flags *flag.FlagSet) {
		flags.StringVar(&modules, "modules", "/usr/lib/asterisk/modules", "directory of Asterisk's modules, as Asterisk sees it")
		flags.StringVar(&entity, "entity", "02:74:61:6e:64:65", "the name that Asterisk gives itself in events: six octets as in a MAC address")
	})
	if err != nil {
		return err
	}
	password, peer, err := p.passwords(ariSecret)
	if err != nil {
		return err
	}
	site := asterisk.Site{
		Base: p.dir, Modules: modules, EntityID: entity,
		SIPAddr: p.sip.Addr().String(), SIPPort: int(p.sip.Port()), PublicAddr: p.public,
		HTTPAddr: p.control.Addr().String(), HTTPPort: int(p.control.Port()),
		RTPFirst: p.first, RTPLast: p.last, ARIUser: "tandem", ARIPassword: password, Qualify: qualifyEvery,
	}
	if p.sip.Addr().IsUnspecified() {
		site.LocalNets = slices.DeleteFunc([]string{"127.0.0.0/8", p.sipAddress()}, func(a string) bool { return a == "" }) // this machine's own phones, as the doctor's
	}
	if p.peer.IsValid() {
		address := p.peer.Addr().String()
		site.LocalNets, site.PeerName = append(site.LocalNets, address), asteriskName
		site.Peers = []asterisk.Peer{{Name: freeswitchName, Contact: "sip:" + p.peer.String(), Match: []string{address}, Secret: peer}}
	}
	if p.secure() {
		site.TLS = &asterisk.TLS{Port: p.tlsPort, Dir: p.tlsDir}
	}
	shown, err := p.write(stdout, site, site.TLS)
	if err != nil {
		return err
	}
	return p.announce(stdout, asteriskName, map[string]string{
		"TANDEM_ARI_CERTIFICATE": shown, "TANDEM_ARI_TLS": p.tlsAddress(), "TANDEM_ARI_SIP": p.sipAddress(),
		"TANDEM_ARI_URL": "http://" + p.control.String(), "TANDEM_ARI_USER": site.ARIUser, "TANDEM_ARI_PASSWORD_FILE": filepath.Join(p.secrets, ariSecret),
		"TANDEM_ARI_SITE": filepath.Join(p.dir, "etc", asterisk.LinesDir), "TANDEM_ARI_LOG": filepath.Join(p.dir, "log", "messages"),
	})
}

// setupFreeSWITCH makes a FreeSWITCH's directory.
func setupFreeSWITCH(args []string, stdout, stderr io.Writer) error {
	var allow string
	var peerPort int
	p, err := readSwitchPlace("freeswitch", "the event socket", args, stderr, func(flags *flag.FlagSet) {
		flags.StringVar(&allow, "allow", "127.0.0.0/8", "addresses and networks, separated by commas, that may use the event socket")
		flags.IntVar(&peerPort, "peer-port", 5080, "port on which calls from the other switch come in")
	})
	if err != nil {
		return err
	}
	if e := (environment{}); p.peer.IsValid() {
		e.check(peerPort != int(p.sip.Port()), inCompose(freeswitchName, "-sip"), fmt.Sprintf("must be of another port than -peer-port, %d", peerPort))
		e.check(!p.media(peerPort), inCompose(freeswitchName, "-rtp"), fmt.Sprintf("must not hold the port of -peer-port, %d", peerPort))
		if err := errors.Join(e.errs...); err != nil {
			return err
		}
	}
	password, peer, err := p.passwords(eslSecret)
	if err != nil {
		return err
	}
	site := freeswitch.Site{
		Base: p.dir, Name: freeswitchName,
		SIPAddr: p.sip.Addr().String(), SIPPort: int(p.sip.Port()), PublicAddr: p.public,
		ESLAddr: p.control.Addr().String(), ESLPort: int(p.control.Port()), ESLPassword: password, ESLAllow: strings.Split(allow, ","),
		RTPFirst: p.first, RTPLast: p.last, Qualify: qualifyEvery,
	}
	if p.peer.IsValid() {
		site.PeerName, site.PeerPort = freeswitchName, peerPort
		site.Peers = []freeswitch.Peer{{Name: asteriskName, Contact: "sip:" + p.peer.String(), Match: []string{p.peer.Addr().String()}, Secret: peer}}
	}
	if p.secure() {
		site.TLS = &freeswitch.TLS{Port: p.tlsPort, Dir: p.tlsDir}
	}
	shown, err := p.write(stdout, site, site.TLS)
	if err != nil {
		return err
	}
	// fs_cli finds the password here when HOME says so: on a command line everybody would see it.
	cli := fmt.Sprintf("[default]\nhost => %s\nport => %d\npassword => %s\ndebug => 0", p.control.Addr(), p.control.Port(), password)
	if err := writeSecret(filepath.Join(p.dir, ".fs_cli_conf"), cli); err != nil {
		return err
	}
	return p.announce(stdout, freeswitchName, map[string]string{
		"TANDEM_ESL_CERTIFICATE": shown, "TANDEM_ESL_TLS": p.tlsAddress(), "TANDEM_ESL_SIP": p.sipAddress(),
		"TANDEM_ESL_ADDR": p.control.String(), "TANDEM_ESL_PASSWORD_FILE": filepath.Join(p.secrets, eslSecret),
		"TANDEM_ESL_SITE": filepath.Join(p.dir, "etc", freeswitch.LinesDir),
	})
}

// qualifyEvery is every how many seconds a registered phone is asked whether it is there. It also keeps the way to it open through whoever translates addresses: the
// shortest memory of such is 30 s.
const qualifyEvery = 25

// switchPlace is what the set-up of a switch is told.
type switchPlace struct {
	dir, secrets string // the switch's directory, at the same path for the switch itself; that of Tandem's secrets
	sip, control netip.AddrPort
	first, last  int
	public       string
	peer         netip.AddrPort // the other switch; zero without one

	tlsPort      int    // of SIP over TLS; 0 = there is none
	tlsDir       string // where the switch finds its certificate, at the same path for the switch itself
	certificates string // where the one is that the administrator has given; "" = one is made
	hostname     string // by which phones and carriers reach the switch; "" = by its address
}

// readSwitchPlace reads the flags that the two kinds have in common, and those that more adds. what is the way in for Tandem, in the words of the switch.
func readSwitchPlace(kind, what string, args []string, stderr io.Writer, more func(*flag.FlagSet)) (switchPlace, error) {
	flags := newFlags("setup "+kind, "-control ADDRESS:PORT [flags]", "", stderr)
	var p switchPlace
	flags.StringVar(&p.dir, "dir", "/srv/"+kind, "the switch's directory, at the same path for the switch itself")
	flags.StringVar(&p.secrets, "secrets", "/run/tandem", "directory of Tandem's own secrets")
	sip := flags.String("sip", "0.0.0.0:5060", "address and port on which the switch binds SIP; it binds media on the same address")
	control := flags.String("control", "", "address and port of "+what+", on a network that only Tandem and the switches share")
	rtp := flags.String("rtp", "10000-10199", "media ports, first and last; a leg takes two")
	flags.StringVar(&p.public, "public", "", "IP address at which phones and carriers reach the switch; default: this machine's outbound address")
	peer := flags.String("peer", "", "address and port of the other switch for calls between the two; default: no other switch")
	securityFlags(flags, &p)
	if more != nil {
		more(flags)
	}
	if err := parse(flags, args); err != nil {
		return p, err
	}
	e := environment{}
	check := func(ok bool, flag, rule string) { e.check(ok, inCompose(kind, flag), rule) }
	check(filepath.IsAbs(p.dir), "-dir", "must be an absolute path")
	check(filepath.IsAbs(p.secrets), "-secrets", "must be an absolute path: Tandem, wherever it is started, is told where the passwords are")
	var err error
	p.sip, err = netip.ParseAddrPort(*sip)
	check(err == nil && p.sip.Port() != 0, "-sip", "must be an IP address and a port, like 172.16.117.2:5060")
	p.control, err = netip.ParseAddrPort(*control)
	check(err == nil && p.control.Port() != 0, "-control", "must be an IP address and a port, like 172.16.117.18:8088")
	first, last, _ := strings.Cut(*rtp, "-")
	var lastErr error
	p.first, err = strconv.Atoi(first)
	p.last, lastErr = strconv.Atoi(last)
	check(err == nil && lastErr == nil && 0 < p.first && p.first < p.last && p.last <= 65535, "-rtp", "must be two ports from 1 to 65535, the lower one first, like 10000-10199")
	check(!p.media(int(p.sip.Port())), "-rtp", "must not hold the port of -sip")
	if *peer != "" {
		p.peer, err = netip.ParseAddrPort(*peer)
		check(err == nil && p.peer.Port() != 0, "-peer", "must be an IP address and a port")
	}
	p.checkSecurity(check)
	switch {
	case p.public != "":
	case p.sip.Addr().IsLoopback():
		p.public = p.sip.Addr().String() // nobody reaches it at another
	default:
		p.public, err = machineAddress()
		check(err == nil, "-public", "must be set, because this machine's address is not to be found out: "+fmt.Sprint(err))
	}
	public := net.ParseIP(p.public)
	check(public != nil, "-public", "must be an IP address, not a name")
	check(public == nil || !public.IsUnspecified() && !public.IsMulticast(), "-public", "must be an address that phones can reach")
	return p, errors.Join(e.errs...)
}

// media tells whether a port is one of media.
func (p *switchPlace) media(port int) bool { return p.first <= port && port <= p.last }

// inCompose is a flag as it is called in messages: docker/compose.yaml gives it what a variable of docker/.env says, and that is what people have set.
func inCompose(kind, flag string) string {
	variable := map[string]string{
		"-sip": "TANDEM_SIP_PORT, TANDEM_NET", "-rtp": "TANDEM_RTP_PORTS", "-tls-port": "TANDEM_SIPS_PORT", "-control": "TANDEM_NET", "-peer": "TANDEM_NET",
		"-public": "TANDEM_PUBLIC_ADDRESS", "-tls-name": "TANDEM_SIP_NAME", "-certificates": "TANDEM_CERTIFICATES",
	}[flag]
	if variable == "" {
		return flag
	}
	if kind == freeswitchName && slices.Contains([]string{"-sip", "-rtp", "-tls-port"}, flag) {
		variable = strings.Replace(variable, "TANDEM_", "TANDEM_FREESWITCH_", 1)
	}
	return flag + " (" + variable + ")"
}

// sipAddress is where whoever shares the switch's network reaches its SIP, as the doctor's phone does; "" = that is not known. A switch on every address of this machine
// is called at the one that it tells phones, so that its media comes from there: phones take none from elsewhere.
func (p *switchPlace) sipAddress() string {
	if !p.sip.Addr().IsUnspecified() {
		return p.sip.Addr().String()
	}
	own, err := machineAddress()
	if err != nil {
		return ""
	}
	return own
}

// machineAddress is the address with which this machine speaks to the world. Nothing is sent: the kernel chooses the address when it is told whom one wants to speak to.
func machineAddress() (string, error) {
	c, err := (&net.Dialer{Timeout: time.Second}).Dial("udp4", "198.51.100.1:9") // RFC 5737: nobody's
	if err != nil {
		return "", fmt.Errorf("find this machine's address: %w", err)
	}
	defer func() { _ = c.Close() }()
	a, ok := c.LocalAddr().(*net.UDPAddr)
	if !ok || a.IP.IsUnspecified() {
		return "", errors.New("find this machine's address: it has none")
	}
	return a.IP.String(), nil
}

// passwords reads what "setup secrets" has made: that of the switch, and the one that the switches have for each other.
func (p *switchPlace) passwords(name string) (own, peer string, err error) {
	read := func(name string) string {
		b, err1 := os.ReadFile(filepath.Join(p.secrets, name))
		if err1 != nil {
			err = fmt.Errorf("read a secret (\"tandem setup secrets\" makes them): %w", err1)
		}
		return strings.TrimSpace(string(b))
	}
	return read(name), read(peerSecret), err
}

// announce leaves Tandem the settings with which it drives the switch; see fromFiles in settings.go.
func (p *switchPlace) announce(stdout io.Writer, name core.EngineID, settings map[string]string) error {
	var lines []string
	for k, v := range settings {
		if v != "" {
			lines = append(lines, k+"="+v)
		}
	}
	slices.Sort(lines)
	if err := writeSecret(filepath.Join(p.secrets, settingsDir, string(name)+settingsFile), strings.Join(lines, "\n")); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout, "%s: phones and carriers reach it at %s, port %d; media on ports %d to %d\n", name, p.public, p.sip.Port(), p.first, p.last)
	return err
}
