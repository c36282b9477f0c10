package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/tandem-voice/tandem/docker/certificate"
)

// hostForm is a host name as a certificate has it.
var hostForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$`)

func securityFlags(flags *flag.FlagSet, p *switchPlace) {
	flags.IntVar(&p.tlsPort, "tls-port", 0, "port of SIP over TLS, at the address of -sip; default: no TLS")
	flags.StringVar(&p.tlsDir, "tls-dir", "", "directory for the switch's certificate and key, which only the switch needs to see, at the same path for the switch itself")
	flags.StringVar(&p.certificates, "certificates", "", "directory with "+certificate.ChainFile+" and "+certificate.KeyFile+", and optionally "+certificate.AuthoritiesFile+"; default: one is made")
	flags.StringVar(&p.hostname, "tls-name", "", "host name at which phones and carriers reach the switch; default: they use its address")
}

func (p *switchPlace) secure() bool { return p.tlsPort != 0 }

// name is by which phones and carriers reach the switch.
func (p *switchPlace) name() string { return cmp.Or(p.hostname, p.public) }

// tlsAddress is where they reach it over TLS; "" = nowhere.
func (p *switchPlace) tlsAddress() string {
	if !p.secure() {
		return ""
	}
	return net.JoinHostPort(p.name(), strconv.Itoa(p.tlsPort))
}

func (p *switchPlace) checkSecurity(check func(ok bool, field, rule string)) {
	check(p.tlsPort >= 0 && p.tlsPort <= 65535, "-tls-port", "must be a port, or 0 for none")
	check(!p.secure() || p.tlsPort != int(p.sip.Port()), "-tls-port", "must be another port than that of -sip")
	check(!p.secure() || filepath.IsAbs(p.tlsDir), "-tls-dir", "must be an absolute path if -tls-port is given")
	check(p.certificates == "" || filepath.IsAbs(p.certificates), "-certificates", "must be an absolute path")
	check(p.hostname == "" || len(p.hostname) <= 253 && hostForm.MatchString(p.hostname), "-tls-name", "must be a host name")
}

// certified is a switch that shows a certificate.
type certified interface {
	Write(dir string, f certificate.Files) error
}

// write writes the switch's directory and gives the switch its certificate, and returns where Tandem finds the part of it that everybody may see; "" without TLS. A certificate that the switch
// could not show stops the set-up before anything is written, so that the switch starts again with what it has; of one that phones will not have it is only said so, because phones that do not look,
// and those without TLS, have to work.
func (p *switchPlace) write(stdout io.Writer, site interface{ Write(dir string) error }, to certified) (shown string, err error) {
	if !p.secure() {
		return "", site.Write(p.dir)
	}
	name, now := p.name(), time.Now()
	f, made, err := p.certificateFiles(name, now)
	if err != nil {
		return "", err
	}
	problems := certificate.Check(f.Chain, f.Key, []string{name}, now)
	for _, problem := range problems {
		if problem.Severity == certificate.Unusable {
			return "", fmt.Errorf("the certificate in %s: %s: %s", p.certificates, problem.Text, problem.Mend)
		}
	}
	if err := site.Write(p.dir); err != nil {
		return "", err
	}
	if err := to.Write(p.tlsDir, f); err != nil {
		return "", err
	}
	shown = filepath.Join(p.dir, "certificate.pem")
	if err := writeSecret(shown, string(f.Chain)); err != nil {
		return "", err
	}
	leaf, err := certificate.Leaf(f.Chain)
	if err != nil {
		return "", err
	}
	whose := "as given"
	if made {
		whose = "made here, so that phones have to be told to believe it"
	}
	_, err = fmt.Fprintf(stdout, "SIP over TLS: %s, port %d; the certificate (%s) is for %v, until %s\n", name, p.tlsPort, whose, certificate.Names(leaf), leaf.NotAfter.UTC().Format(time.DateOnly))
	for _, problem := range problems {
		_, err1 := fmt.Fprintf(stdout, "WARNING: %s: %s\n", problem.Text, problem.Mend)
		err = errors.Join(err, err1)
	}
	return shown, err
}

// certificateFiles reads the certificate that is given. Without one, one of ours is made, and made anew before it ends or when the switch is reached by another name.
func (p *switchPlace) certificateFiles(name string, now time.Time) (f certificate.Files, own bool, err error) {
	if p.certificates != "" {
		if f, err = certificate.Read(p.certificates); err != nil {
			err = fmt.Errorf("the certificate in %s (TANDEM_CERTIFICATES): %w", p.certificates, err)
		}
		return f, false, err
	}
	dir := filepath.Join(p.tlsDir, "own")
	f, err = certificate.Read(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f, true, fmt.Errorf("the certificate in %s: %w", dir, err)
	}
	if err == nil && len(certificate.Check(f.Chain, f.Key, []string{name}, now)) == 0 {
		return f, true, nil
	}
	if f, err = certificate.Own([]string{name}, now); err != nil {
		return f, true, err
	}
	return f, true, certificate.Put(dir, map[string][]byte{certificate.ChainFile: f.Chain, certificate.KeyFile: f.Key})
}
