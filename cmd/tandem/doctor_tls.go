package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/tandem-voice/tandem/docker/certificate"
)

// checkTLS looks at the certificate of a switch, in its file and as the switch shows it. Neither is a must: phones and trunks that encrypt nothing need none.
func checkTLS(ctx context.Context, prefix, file, address string) []finding {
	const name = "certificate"
	if file == "" && address == "" {
		return []finding{found("TLS", skipped, "not set up ("+prefix+"_TLS, "+prefix+"_CERTIFICATE)")}
	}
	var names []string
	if host, _, err := net.SplitHostPort(address); err == nil {
		names = append(names, host)
	}
	var out []finding
	var kept *x509.Certificate
	if file != "" {
		chain, err := os.ReadFile(file)
		if err != nil {
			return []finding{found(name, broken, prefix+"_CERTIFICATE: "+err.Error(), "set the switch up again: it leaves its certificate there")}
		}
		out = append(out, certificateFindings(chain, names)...)
		kept, _ = certificate.Leaf(chain) // what is wrong has been found
	}
	if address == "" {
		return out
	}
	shown, err := shownCertificate(ctx, address)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return append(out, found("TLS", broken, "nobody listens at "+address, "look into the switch's log for its TLS transport; publish the port"))
	case err != nil:
		return append(out, found("TLS", warning, "no TLS with "+address+" from here: "+err.Error(), "if phones can reach it, only this machine cannot reach its own public address (no hairpin NAT)"))
	case kept != nil && !bytes.Equal(kept.Raw, shown.Raw):
		return append(out, found("TLS", broken, "the switch still shows another certificate, which expires on "+shown.NotAfter.UTC().Format(time.DateOnly), "restart the switch: it reads its certificate when it starts"))
	case kept == nil && file == "":
		for _, p := range certificate.CheckLeaf(shown, names, time.Now()) {
			out = append(out, problemFinding(p))
		}
	}
	return append(out, found("TLS", fine, "the switch shows its certificate at "+address))
}

// certificateFindings says what is wrong with a certificate, or that nothing is.
func certificateFindings(chain []byte, names []string) []finding {
	var out []finding
	for _, p := range certificate.Check(chain, nil, names, time.Now()) {
		out = append(out, problemFinding(p))
	}
	if leaf, err := certificate.Leaf(chain); err == nil && len(out) == 0 {
		out = append(out, found("certificate", fine, fmt.Sprintf("for %v, until %s", certificate.Names(leaf), leaf.NotAfter.UTC().Format(time.DateOnly))))
	}
	return out
}

func problemFinding(p certificate.Problem) finding {
	h := broken
	if p.Severity == certificate.Soon {
		h = warning
	}
	return found("certificate", h, p.Text, p.Mend)
}

// shownCertificate asks a switch for its certificate. Whether to believe it is not the question here.
func shownCertificate(ctx context.Context, address string) (*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}} //nolint:gosec // it is looked at, and nothing is said to it
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	secure, ok := conn.(*tls.Conn)
	if !ok || len(secure.ConnectionState().PeerCertificates) == 0 {
		return nil, errors.New("it shows no certificate")
	}
	return secure.ConnectionState().PeerCertificates[0], nil
}
