package softphone

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/pion/srtp/v3"
)

// Encryption says what a phone does about SRTP with keys in SDP (RFC 4568).
type Encryption uint8

// What a phone may do about SRTP.
const (
	PlainOnly       Encryption = iota // neither offers it nor takes it
	EncryptIfWanted                   // offers it beside plain RTP, and takes it where it is offered
	EncryptAlways                     // offers nothing else, and takes nothing else
)

const (
	suite     = "AES_CM_128_HMAC_SHA1_80" // every phone has it
	keyLength = 16
	keySalt   = 14
	plainRTP  = "RTP/AVP"
	secureRTP = "RTP/SAVP"
)

// masterKey is what one side encrypts with: key and salt.
type masterKey []byte

func newMasterKey() masterKey {
	k := make(masterKey, keyLength+keySalt)
	_, _ = rand.Read(k) // never fails, says its documentation
	return k
}

func (k masterKey) context() (*srtp.Context, error) {
	c, err := srtp.CreateContext(k[:keyLength], k[keyLength:], srtp.ProtectionProfileAes128CmHmacSha1_80)
	if err != nil {
		return nil, fmt.Errorf("preparing SRTP: %w", err)
	}
	return c, nil
}

// cryptoLine is the attribute that tells our key.
func (k masterKey) cryptoLine(tag string) string {
	return "a=crypto:" + tag + " " + suite + " inline:" + base64.StdEncoding.EncodeToString(k) + "\r\n"
}

// readCrypto reads the value of a crypto attribute, and reports whether it is one that we can do.
func readCrypto(value string) (tag string, key masterKey, ok bool) {
	fields := strings.Fields(value)
	if len(fields) < 3 || fields[1] != suite {
		return "", nil, false
	}
	inline, found := strings.CutPrefix(fields[2], "inline:")
	inline, _, _ = strings.Cut(inline, "|") // what follows is a lifetime
	k, err := base64.StdEncoding.DecodeString(inline)
	return fields[0], k, found && err == nil && len(k) == keyLength+keySalt
}

var errEncryption = errors.New("reading SDP: encryption is not as this phone wants it")

// agree reports whether a description's encryption is one for this phone.
func (e Encryption) agree(s session) error {
	if e == PlainOnly && s.profile == secureRTP || e == EncryptAlways && s.theirKey == nil || s.profile == secureRTP && s.theirKey == nil {
		return errEncryption
	}
	return nil
}

// secrecy are the keys of a call's audio. The zero value leaves it plain.
type secrecy struct {
	ours, theirs masterKey
	out, in      *srtp.Context
}

// agreed takes the far side's key; nil = the audio is plain. A key that is the one it was changes nothing: sequence numbers go on.
func (s *secrecy) agreed(ours, theirs masterKey) error {
	if theirs == nil {
		*s = secrecy{}
		return nil
	}
	var err error
	if s.out == nil || string(s.ours) != string(ours) {
		if s.out, err = ours.context(); err != nil {
			return err
		}
	}
	if s.in == nil || string(s.theirs) != string(theirs) {
		if s.in, err = theirs.context(); err != nil {
			return err
		}
	}
	s.ours, s.theirs = ours, theirs
	return nil
}

// Encrypted tells whether the call's audio is agreed to be SRTP.
func (c *Call) Encrypted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.encrypted
}
