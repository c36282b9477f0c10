// Package certificate is what a switch shows phones and carriers that speak SIP over TLS: a certificate that the administrator has given, or one that we make ourselves.
package certificate

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The names of the files in a directory, in PEM.
const (
	ChainFile       = "cert.pem" // the switch's certificate, and behind it those between it and the root
	KeyFile         = "key.pem"  // its private key, without a passphrase
	AuthoritiesFile = "ca.pem"   // whom the switch believes when it calls a carrier, beside whom the machine believes; may be missing
)

// Files are a certificate with all that belongs to it, in PEM.
type Files struct {
	Chain, Key, Authorities []byte
}

// Read reads the files of a directory; of the chain's file only the certificates. The error says which one is missing or cannot be read, and what to do.
func Read(dir string) (Files, error) {
	var f Files
	var errs []error
	for _, one := range []struct {
		name  string
		to    *[]byte
		needs bool
	}{{ChainFile, &f.Chain, true}, {KeyFile, &f.Key, true}, {AuthoritiesFile, &f.Authorities, false}} {
		b, err := os.ReadFile(filepath.Join(dir, one.name))
		switch {
		case errors.Is(err, fs.ErrPermission):
			errs = append(errs, fmt.Errorf("%s: cannot be read by user %d: chgrp %d and chmod 640 it: %w", one.name, os.Getuid(), os.Getgid(), err))
		case errors.Is(err, fs.ErrNotExist) && one.needs:
			errs = append(errs, fmt.Errorf("%s: is missing: %w", one.name, err))
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			errs = append(errs, fmt.Errorf("%s: %w", one.name, err))
		}
		*one.to = b
	}
	f.Chain = certificates(f.Chain)
	return f, errors.Join(errs...)
}

// certificates leaves everything else out of a file in PEM: there are authorities whose tools put chain and key into one, and the chain is for everybody to see.
func certificates(text []byte) []byte {
	var out []byte
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return out
		}
		if block.Type == "CERTIFICATE" {
			out = append(out, pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes})...)
		}
	}
}

// Severity is how bad a [Problem] is.
type Severity string

// The severities.
const (
	Unusable Severity = "unusable" // the switch cannot even show it
	Refused  Severity = "refused"  // phones and carriers that look at certificates will not have it
	Soon     Severity = "soon"     // one of the two, before long
)

// Problem is what is wrong with a certificate.
type Problem struct {
	Severity Severity
	Text     string
	Mend     string
}

// soonTime is how long before its end a certificate is complained of.
const soonTime = 21 * 24 * time.Hour

// Check says what is wrong with a certificate at a time. key may be nil where it is not ours to read. names are those by which phones and carriers reach the switch, host
// names or addresses; one that the certificate does not have is a problem.
func Check(chain, key []byte, names []string, now time.Time) []Problem {
	leaf, err := Leaf(chain)
	if err != nil {
		return []Problem{{Unusable, ChainFile + ": " + err.Error(), "put the switch's certificate there, in PEM (-----BEGIN CERTIFICATE-----), and behind it those of the authorities between it and the root"}}
	}
	if key != nil {
		if p := checkKey(chain, key); p != nil {
			return []Problem{*p}
		}
	}
	return CheckLeaf(leaf, names, now)
}

// CheckLeaf is [Check] of a certificate that has been read.
func CheckLeaf(leaf *x509.Certificate, names []string, now time.Time) []Problem {
	var out []Problem
	day := func(t time.Time) string { return t.UTC().Format(time.DateOnly) }
	switch {
	case now.After(leaf.NotAfter):
		out = append(out, Problem{Refused, "the certificate has expired on " + day(leaf.NotAfter), "renew it, and set the switch up again"})
	case now.Before(leaf.NotBefore):
		out = append(out, Problem{Refused, "the certificate is valid only from " + day(leaf.NotBefore), "look at the clock, or get another one"})
	case now.Add(soonTime).After(leaf.NotAfter):
		out = append(out, Problem{Soon, "the certificate expires on " + day(leaf.NotAfter), "renew it, and set the switch up again"})
	}
	for _, name := range names {
		if err := leaf.VerifyHostname(name); err != nil {
			out = append(out, Problem{Refused, fmt.Sprintf("the certificate is not for %s, but for %s", name, strings.Join(Names(leaf), ", ")), "get one for " + name + ", or have phones and carriers use a name that it has"})
		}
	}
	return out
}

func checkKey(chain, key []byte) *Problem {
	block, _ := pem.Decode(key)
	switch {
	case block == nil:
		return &Problem{Unusable, KeyFile + ": holds no private key in PEM", "put the certificate's key there (-----BEGIN PRIVATE KEY-----)"}
	case strings.Contains(block.Type, "ENCRYPTED") || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
		return &Problem{Unusable, KeyFile + ": the key has a passphrase, which nobody could type at a start", "take it away: openssl pkey -in key.pem -out key.pem"}
	}
	if _, err := tls.X509KeyPair(chain, key); err != nil {
		return &Problem{Unusable, KeyFile + " and " + ChainFile + " do not belong together: " + strings.TrimPrefix(err.Error(), "tls: "), "take both from the same place; the switch's own certificate comes first in " + ChainFile}
	}
	return nil
}

// Leaf is the first certificate of a chain.
func Leaf(chain []byte) (*x509.Certificate, error) {
	for rest := chain; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, errors.New("holds no certificate in PEM")
		}
		if block.Type == "CERTIFICATE" {
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("is no certificate: %w", err)
			}
			return c, nil
		}
	}
}

// Names are the names and addresses that a certificate is for.
func Names(c *x509.Certificate) []string {
	out := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		out = append(out, ip.String())
	}
	return out
}

// OwnYears is how long a certificate lives that we make ourselves.
const OwnYears = 5

// Own makes a certificate for names and addresses that nobody but its holder vouches for: what goes over the wire is encrypted, and a phone can be told to believe just this
// one. RSA, because there are desk phones that know nothing else.
func Own(names []string, now time.Time) (Files, error) {
	if len(names) == 0 {
		return Files{}, errors.New("make a certificate: it must be for some name")
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return Files{}, fmt.Errorf("make a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return Files{}, fmt.Errorf("make a serial number: %w", err)
	}
	c := x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: names[0], Organization: []string{"Tandem"}}, // there are switches and phones that look for an address in the name only
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(OwnYears, 0, 0),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true, IsCA: true, // some phones take as trusted only what may sign
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, &c, &c, &key.PublicKey, key)
	if err != nil {
		return Files{}, fmt.Errorf("make a certificate: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Files{}, fmt.Errorf("write a key: %w", err)
	}
	return Files{
		Chain: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:   pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
	}, nil
}

// Trusted are the certificates that a switch starts from when it looks at a carrier's: the administrator's, the machine's, and the chain, from which some switches take what
// they send behind their own.
func (f Files) Trusted() []byte {
	all := [][]byte{bytes.TrimSpace(f.Chain), bytes.TrimSpace(f.Authorities)}
	for _, name := range []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"} {
		if b, err := os.ReadFile(name); err == nil {
			all = append(all, bytes.TrimSpace(b))
			break
		}
	}
	return append(bytes.Join(slices.DeleteFunc(all, func(b []byte) bool { return len(b) == 0 }), []byte("\n")), '\n')
}

// Put writes files that nobody but their owner reads, each in full or not at all.
func Put(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the directory of the certificate: %w", err)
	}
	for name, text := range files {
		to := filepath.Join(dir, name)
		if err := os.WriteFile(to+".new", text, 0o600); err != nil {
			return fmt.Errorf("write a certificate: %w", err)
		}
		if err := os.Rename(to+".new", to); err != nil {
			return fmt.Errorf("write a certificate: %w", err)
		}
	}
	return nil
}
