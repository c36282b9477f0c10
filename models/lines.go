package models

import (
	"context"
	"crypto/md5" //nolint:gosec // SIP's digest is made of it (RFC 2617), and phones know no other
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Lines keeps desk phones and trunks, which are written into the switches' configuration (docs/adr/0011). Ids, versions and errors are as for [Config]; the rules know
// nothing of them.
//
// Of a phone's password only what a switch needs to check it is kept, and that sealed: it can be set, and never be read. A trunk's is sealed as well; it is read where it
// is written for the switch that has to send it, and nowhere else.
type Lines struct {
	db  *DB
	key *Key
}

// Lines gives access to phones and trunks. Without a key no password can be set.
func (db *DB) Lines(key *Key) *Lines { return &Lines{db: db, key: key} }

// PhoneRealm is the realm of every phone's password: part of what is kept of it, so that it must never change.
const PhoneRealm = "tandem"

// Codec is a way to send speech, by the name in SDP in small letters.
type Codec string

// Codecs are those that every switch has as we set it up, in the order in which they are offered by default.
func Codecs() []Codec { return []Codec{"pcmu", "pcma"} }

// Transport says how SIP goes between a switch and a phone or a carrier.
type Transport string

// The transports. A phone has AnyTransport by default, a trunk UDP.
const (
	AnyTransport Transport = "any" // as the phone has registered
	UDP          Transport = "udp"
	TLS          Transport = "tls" // and nothing else
)

// Encryption says what is done about SRTP, with keys that SIP carries (SDES).
type Encryption string

// The ways. EncryptOff is the default: who may encrypt costs Asterisk its quickest bridge, even in a call that is not encrypted.
const (
	EncryptOff      Encryption = "off"
	EncryptOptional Encryption = "optional" // taken where the far side offers it
	EncryptRequired Encryption = "required" // a call without is refused; needs TLS
)

// Phone is a desk phone that registers at a switch.
type Phone struct {
	ID     string        `json:"id"`
	Tenant core.TenantID `json:"tenant"`
	// User is its name in SIP, by which an agent's set-up names it. It stays: the password is kept in a form that has it within.
	User string `json:"user"`
	Name string `json:"name"` // for people: whose it is, where it stands
	// Engine is the switch at which it registers; "" = any.
	Engine core.EngineID `json:"engine,omitempty"`
	Codecs []Codec       `json:"codecs,omitempty"` // in the order in which they are offered; none = all
	// Transport is AnyTransport or TLS, Encryption what is done about SRTP; "" = their defaults.
	Transport  Transport  `json:"transport,omitempty"`
	Encryption Encryption `json:"encryption,omitempty"`

	HasPassword bool      `json:"-"` // read only: it can register
	PasswordAt  time.Time `json:"-"` // read only: when the password was set
}

// Trunk is a carrier, or another telephone system.
type Trunk struct {
	ID     string        `json:"id"` // by which switches know it, and tenants name it for their calls (dialling.trunk)
	Name   string        `json:"name"`
	Engine core.EngineID `json:"engine,omitempty"` // the switch that has it; "" = every one
	Host   string        `json:"host"`             // name or address to which calls go
	Port   int           `json:"port,omitempty"`   // 0 = 5060, with TLS 5061
	// From are the addresses and networks from which its calls come; none = it calls nobody, unless Host is an address.
	From     []string `json:"from,omitempty"`
	User     string   `json:"user,omitempty"`     // with which the switch shows who it is; "" = known by its address
	Register bool     `json:"register,omitempty"` // tell the carrier where calls for User go
	Codecs   []Codec  `json:"codecs,omitempty"`
	// Transport is UDP or TLS, Encryption what is done about SRTP; "" = their defaults.
	Transport  Transport  `json:"transport,omitempty"`
	Encryption Encryption `json:"encryption,omitempty"`

	HasPassword bool      `json:"-"`
	PasswordAt  time.Time `json:"-"`
}

// KeyedPhone is a phone with what a switch checks its password by: MD5 of user, [PhoneRealm] and password, in hexadecimal.
type KeyedPhone struct {
	Phone
	HA1 string
}

// KeyedTrunk is a trunk with its password.
type KeyedTrunk struct {
	Trunk
	Password string
}

const (
	kindPhone = "phones"
	kindTrunk = "trunks"
)

// Whatever reaches a switch's configuration has a form in which there is nothing to escape, in either switch's files.
var (
	phoneUserForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$`)
	trunkIDForm   = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)
	trunkUserForm = regexp.MustCompile(`^[A-Za-z0-9+][A-Za-z0-9_.+-]{0,63}$`)
	hostForm      = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$`)
	longDigits    = regexp.MustCompile(`^[0-9]{7,}$`)
	trunkPassForm = regexp.MustCompile(`^[A-Za-z0-9!#%()*+,./:=?@^_~|-]{1,80}$`)
	preprocessor  = regexp.MustCompile(`(?i)x-pre-process`) // FreeSWITCH takes a line with its name for an order
)

// reservedNames are those of sections in Asterisk's configuration that are no phone or trunk.
var reservedNames = []string{"system", "global", "udp", "leg", "phone", "phone-auth", "phone-aor", "phone-in-the-clear", "trunk", "peer", "anonymous", "tandem", "tandem-blocked", "acl"}

func (v *violations) lineName(field, name string) {
	low := strings.ToLower(name)
	v.check(!slices.Contains(reservedNames, low) && !strings.HasSuffix(low, "-out") && !preprocessor.MatchString(name), field, "is reserved by the switches: choose another")
}

func (v *violations) codecs(codecs []Codec) {
	for i, c := range codecs {
		at := fmt.Sprintf("codecs[%d]", i)
		v.check(slices.Contains(Codecs(), c), at, "must be one of %v", Codecs())
		v.check(slices.Index(codecs, c) == i, at, "is listed twice")
	}
}

func (v *violations) encryption(t Transport, usual Transport, e Encryption) {
	v.check(t == "" || t == usual || t == TLS, "transport", "must be %s or %s", usual, TLS)
	v.check(e == "" || e == EncryptOff || e == EncryptOptional || e == EncryptRequired, "encryption", "must be %s, %s or %s", EncryptOff, EncryptOptional, EncryptRequired)
	v.check(e != EncryptRequired || t == TLS, "encryption", "must not be required unless the transport is tls: over any other the keys are sent in the clear")
}

func (v *violations) engine(id core.EngineID) {
	v.check(id == "" || phoneForm.MatchString(string(id)), "engine", "must be the name of a switch, or empty")
}

// ValidPhone checks a phone by itself. The error is an [Invalid].
func ValidPhone(p Phone) error {
	var v violations
	v.id("id", p.ID)
	v.id("tenant", string(p.Tenant))
	v.check(phoneUserForm.MatchString(p.User), "user", "must have 1 to 40 letters, digits, '_', '-', and begin with a letter or digit")
	v.check(!longDigits.MatchString(p.User), "user", "must have at most 6 digits if it has nothing else: a caller with a longer number like it would be asked for the phone's password")
	v.lineName("user", p.User)
	v.name(p.Name)
	v.engine(p.Engine)
	v.codecs(p.Codecs)
	v.encryption(p.Transport, AnyTransport, p.Encryption)
	return v.err()
}

const maxFrom = 100

// ValidTrunk checks a trunk by itself. The error is an [Invalid].
func ValidTrunk(t Trunk) error {
	var v violations
	v.check(trunkIDForm.MatchString(t.ID), "id", "must have 1 to 40 of a-z, 0-9, '_', '-', and begin with a letter or digit")
	v.lineName("id", t.ID)
	v.name(t.Name)
	v.engine(t.Engine)
	v.check(plainAddress(t.Host) || len(t.Host) <= 253 && hostForm.MatchString(t.Host), "host", "must be a host name or an IP address")
	v.check(!preprocessor.MatchString(t.Host), "host", "is reserved by the switches")
	v.between("port", t.Port, 0, 65535)
	v.check(len(t.From) <= maxFrom, "from", "must have at most %d addresses", maxFrom)
	for i, from := range t.From {
		v.check(plainNetwork(from), fmt.Sprintf("from[%d]", i), "must be an IP address, or a network like 192.0.2.0/24, no larger than a /8 (IPv6: /32)")
	}
	v.check(t.User == "" || trunkUserForm.MatchString(t.User) && !preprocessor.MatchString(t.User), "user", "must have 1 to 64 letters, digits, '_', '.', '+', '-', and begin with a letter, digit or '+'")
	v.check(!t.Register || t.User != "", "user", "is required to register")
	v.codecs(t.Codecs)
	v.encryption(t.Transport, UDP, t.Encryption)
	return v.err()
}

func plainAddress(text string) bool {
	a, err := netip.ParseAddr(text)
	return err == nil && a.Zone() == ""
}

// plainNetwork keeps a slip of the pen, as 0.0.0.0/0, from making everybody a carrier.
func plainNetwork(text string) bool {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return plainAddress(text)
	}
	if p.Overlaps(ipv4InIPv6) { // IPv4 in its other spelling
		return p.Bits() >= ipv4InIPv6.Bits()+8
	}
	return p.Addr().Is4() && p.Bits() >= 8 || p.Addr().Is6() && p.Bits() >= 32
}

// ipv4InIPv6 is where IPv6 has the addresses of IPv4 (RFC 4291, 2.5.5.2).
var ipv4InIPv6 = netip.MustParsePrefix("::ffff:0:0/96")

// Phone passwords are listened to and guessed at elsewhere than passwords for signing in: over SIP without TLS whoever hears a registration can try at leisure, thousands of
// millions a second. So the best thing is one that we make up.
const (
	guessBits    = 50 // of zxcvbn's estimate, for a password that somebody has chosen
	madeLength   = 20
	madeAlphabet = "abcdefghijkmnpqrstuvwxyz23456789" // what nobody takes for something else; 32, so that a letter is 5 bits
)

var phonePass = regexp.MustCompile(`^[!-~]{12,64}$`)

// makePassword makes a password of 100 random bits that can be typed on a phone.
func makePassword() (string, error) {
	b := make([]byte, madeLength)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("make a password: %w", err)
	}
	for i := range b {
		b[i] = madeAlphabet[b[i]&31]
	}
	return string(b), nil
}

func (v *violations) phonePassword(password string, p Phone) {
	if !phonePass.MatchString(password) {
		v.add("password", "must have 12 to 64 ASCII letters, digits and signs, without spaces; leave it out to have one made")
		return
	}
	v.check(!strings.Contains(strings.ToLower(password), strings.ToLower(p.User)), "password", "must not contain the phone's name")
	weak := guessedFirst(password, []string{p.User, p.Name, string(p.Tenant)}) || entropy(password, []string{p.User, p.Name, string(p.Tenant)}) < guessBits
	v.check(!weak, "password", "is too easily guessed: leave it out to have one made")
}

// ha1 is what a switch checks a password by.
func ha1(user, password string) string {
	sum := md5.Sum([]byte(user + ":" + PhoneRealm + ":" + password)) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

// SetPhonePassword gives a phone a password; "" = one is made. It returns the password that was made, which is kept nowhere. Whoever has registered stays so until the
// registration is to be renewed.
func (l *Lines) SetPhonePassword(ctx context.Context, id, password string) (string, error) {
	p, err := l.Phone(ctx, id)
	if err != nil {
		return "", err
	}
	made := ""
	if password == "" {
		if made, err = makePassword(); err != nil {
			return "", err
		}
		password = made
	} else {
		var v violations
		if v.phonePassword(password, p.Setup); v.err() != nil {
			return "", v.err()
		}
	}
	return made, l.setSecret(ctx, kindPhone, id, ha1(p.Setup.User, password))
}

// SetTrunkPassword gives a trunk the password that its carrier has given out.
func (l *Lines) SetTrunkPassword(ctx context.Context, id, password string) error {
	t, err := l.Trunk(ctx, id)
	if err != nil {
		return err
	}
	var v violations
	v.check(t.Setup.User != "", "password", "needs a user: set the trunk's user first")
	v.check(trunkPassForm.MatchString(password) && !preprocessor.MatchString(password), "password", "must have 1 to 80 letters, digits and !#%%()*+,./:=?@^_~|-")
	if err := v.err(); err != nil {
		return err
	}
	return l.setSecret(ctx, kindTrunk, id, password)
}

func (l *Lines) setSecret(ctx context.Context, kind, id, secret string) error {
	sealed, err := l.key.seal(kind+"/"+id, secret)
	if err != nil {
		return err
	}
	return l.db.Config().change(ctx, fmt.Sprintf("set the password of %s %s", kind, id), func(tx *gorm.DB) error {
		res := tx.Exec(`UPDATE `+kind+` SET secret = ?, password_at = ? WHERE id = ?`, sealed, micros(now()), id)
		if res.Error == nil && res.RowsAffected == 0 {
			return ErrNotFound
		}
		return res.Error
	})
}

// Sealed lists those phones and trunks, as "phone desk-1", whose passwords the key does not open.
func (l *Lines) Sealed(ctx context.Context) (sealed []string, err error) {
	err = l.db.readTransaction(ctx, func(tx *gorm.DB) error {
		ps, err := readPhones(tx, "", "")
		if err != nil {
			return err
		}
		ts, err := readTrunks(tx, "")
		for _, p := range ps {
			if _, closed := l.key.open(kindPhone+"/"+p.Setup.ID, p.secret); p.Setup.HasPassword && closed != nil {
				sealed = append(sealed, "phone "+p.Setup.ID)
			}
		}
		for _, t := range ts {
			if _, closed := l.key.open(kindTrunk+"/"+t.Setup.ID, t.secret); t.Setup.HasPassword && closed != nil {
				sealed = append(sealed, "trunk "+t.Setup.ID)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look at what is sealed: %w", err)
	}
	return sealed, nil
}

// Of gives all phones and trunks of a switch that can be used, with their secrets, in order of ids: a phone without a password is not among them. It fails with
// [ErrSealed] where one cannot be opened: half of a configuration would take phones away.
func (l *Lines) Of(ctx context.Context, engine core.EngineID) (phones []KeyedPhone, trunks []KeyedTrunk, err error) {
	err = l.db.readTransaction(ctx, func(tx *gorm.DB) error {
		ps, err := readPhones(tx, "", "")
		if err != nil {
			return err
		}
		ts, err := readTrunks(tx, "")
		if err != nil {
			return err
		}
		for _, p := range ps {
			if !p.Setup.HasPassword || p.Setup.Engine != "" && p.Setup.Engine != engine {
				continue
			}
			secret, err := l.key.open(kindPhone+"/"+p.Setup.ID, p.secret)
			if err != nil {
				return fmt.Errorf("phone %s: %w", p.Setup.ID, err)
			}
			phones = append(phones, KeyedPhone{p.Setup, secret})
		}
		for _, t := range ts {
			if t.Setup.Engine != "" && t.Setup.Engine != engine {
				continue
			}
			secret := ""
			if t.Setup.HasPassword && t.Setup.User != "" {
				if secret, err = l.key.open(kindTrunk+"/"+t.Setup.ID, t.secret); err != nil {
					return fmt.Errorf("trunk %s: %w", t.Setup.ID, err)
				}
			}
			trunks = append(trunks, KeyedTrunk{t.Setup, secret})
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read the lines of %s: %w", engine, err)
	}
	return phones, trunks, nil
}
