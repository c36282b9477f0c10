package softphone

import (
	"fmt"

	"github.com/icholy/digest"
)

// authorization answers a 401 or 407 with the header that the repeated request needs.
func authorization(challenge *message, method, uri, user, password string) (Header, error) {
	ask, reply := "WWW-Authenticate", "Authorization"
	if challenge.code == 407 {
		ask, reply = "Proxy-Authenticate", "Proxy-Authorization"
	}
	chal, err := digest.ParseChallenge(challenge.header.Get(ask))
	if err != nil {
		return Header{}, fmt.Errorf("parsing %s: %w", ask, err)
	}
	cred, err := digest.Digest(chal, digest.Options{Method: method, URI: uri, Username: user, Password: password})
	if err != nil {
		return Header{}, fmt.Errorf("answering %s: %w", ask, err)
	}
	return Header{Name: reply, Value: cred.String()}, nil
}

func isChallenge(m *message) bool { return m.code == 401 || m.code == 407 }
