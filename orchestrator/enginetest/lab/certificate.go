package lab

import (
	"crypto/x509"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"github.com/tandem-voice/tandem/docker/certificate"
)

// ownCertificate is made once a process: to make one takes a good part of a second. FreeSWITCH looks for the address of a carrier that it calls in the common name, which is
// the first, and only where there is no host name.
var ownCertificate = sync.OnceValues(func() (certificate.Files, error) {
	return certificate.Own([]string{"127.0.0.5", "127.0.0.1"}, time.Now())
})

// Certificate is what the lab's switches show over TLS, and whom they believe: PEM of the certificate and of its key.
func Certificate() (certificate.Files, error) { return ownCertificate() }

// Trust is what a phone believes that is to speak TLS with a switch of the lab.
func Trust() (*x509.CertPool, error) {
	f, err := ownCertificate()
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(f.Chain) {
		return nil, errors.New("the lab's certificate cannot be read")
	}
	return pool, nil
}

// writeCertificate writes the certificate into an instance's directory.
func writeCertificate(tls interface {
	Write(dir string, f certificate.Files) error
}, dir string,
) error {
	f, err := ownCertificate()
	if err != nil {
		return err
	}
	return tls.Write(filepath.Join(dir, "tls"), f)
}
