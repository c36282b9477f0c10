package models

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/ccojocar/zxcvbn-go"
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Passwords are kept as argon2id hashes in the usual text form, "$argon2id$v=19$m=47104,t=1,p=1$SALT$HASH": a hash says how it was made, so that the cost
// can be raised later; a password whose hash was cheaper is hashed again when its owner signs in next. docs/adr/0008 says why these parameters.

// passwordCost says how much work it is to make a hash.
type passwordCost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// costNow is the cost of new hashes.
var costNow = passwordCost{memory: 46 << 10, passes: 1, threads: 1}

const (
	passwordSalt = 16 // bytes
	passwordHash = 32 // bytes
)

// hashing lets one password at a time be hashed: a hash takes 46 MiB and a core for some ten milliseconds, and the calls of the same machine come first.
var hashing sync.Mutex

func (c passwordCost) key(password string, salt []byte, length uint32) []byte {
	hashing.Lock()
	defer hashing.Unlock()
	return argon2.IDKey([]byte(oneForm(password)), salt, c.passes, c.memory, c.threads, length)
}

// oneForm gives a password in the form in which it is hashed: keyboards write the same letters differently.
func oneForm(password string) string { return norm.NFC.String(password) }

// hashPassword makes the hash of a password, with a salt of its own.
func hashPassword(password string) (string, error) {
	salt := make([]byte, passwordSalt)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("make a salt: %w", err)
	}
	c := costNow
	key := c.key(password, salt, passwordHash)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.passes, c.threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

// checkPassword reports whether a hash is that of the password. stale says that the hash was made at another cost than new ones are. What is no hash
// fits no password.
func checkPassword(hash, password string) (fits, stale bool) {
	c, salt, key, ok := parseHash(hash)
	if !ok {
		return false, false
	}
	got := c.key(password, salt, uint32(len(key)))
	return subtle.ConstantTimeCompare(got, key) == 1, c != costNow || len(key) != passwordHash
}

func parseHash(hash string) (c passwordCost, salt, key []byte, ok bool) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, false
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.threads); n != 3 || err != nil {
		return c, nil, nil, false
	}
	salt, errSalt := base64.RawStdEncoding.DecodeString(parts[4])
	key, errKey := base64.RawStdEncoding.DecodeString(parts[5])
	// The bounds keep a hash that somebody has put into the database from taking the machine's memory.
	sane := c.memory <= 1<<20 && c.passes >= 1 && c.passes <= 16 && c.threads >= 1 && len(key) >= 16 && len(key) <= 64
	return c, salt, key, errSalt == nil && errKey == nil && sane
}

// nobodysHash is checked where a name is not known, so that an answer takes as long as if it were.
var nobodysHash = sync.OnceValue(func() string {
	hash, err := hashPassword(rand.Text())
	if err != nil { // no random bytes: nobody signs in either
		return ""
	}
	return hash
})

// Passwords have 12 to 128 characters (OWASP ASVS 2.1.1, 2.1.2). More rules would make people choose worse ones (NIST SP 800-63B).
const (
	shortestPassword = 12
	longestPassword  = 128
)

// ourWords is what guessers of a contact centre's passwords try besides what everybody chooses.
var ourWords = []string{"tandem", "asterisk", "freeswitch", "callcenter", "contactcenter", "callcentre", "helpdesk", "telephone", "agent", "supervisor", "admin"}

// guessable is the score, of zxcvbn's from 0 to 4, below which a password is one of the first that would be guessed. 2 begins at about a hundred million guesses: years for
// somebody who tries them here, where tries are slowed down, and weeks of a core for somebody who has the hashes.
const guessable = 2

// longNumber is from when on a number may be a password.
const longNumber = 16

// lookedAt bounds what is looked at for patterns, which takes the square of the length: what is long enough without the rest is long enough with it.
const lookedAt = 64

// validPassword checks a password against the rules. names are what it must not be, or be made of: the user's.
func (v *violations) validPassword(field, password string, names ...string) {
	n := utf8.RuneCountInString(oneForm(password))
	if !utf8.ValidString(password) || n < shortestPassword || n > longestPassword {
		v.add(field, "must have %d to %d characters", shortestPassword, longestPassword)
		return
	}
	for _, name := range names {
		if name != "" && strings.EqualFold(strings.TrimSpace(password), name) {
			v.add(field, "must not be the name")
			return
		}
	}
	if guessedFirst(password, names) {
		v.add(field, "is too easily guessed: it is common, or made of known words and names")
	}
}

// guessedFirst reports whether a password is easily made of what guessers try: common passwords and words in whatever spelling, names, dates, rows of keys, repetitions.
func guessedFirst(password string, names []string) bool {
	lower := []rune(strings.ToLower(oneForm(password)))
	if once := period(lower); once < shortestPassword && once < len(lower) {
		return true // a few letters over and over
	}
	if len(lower) < longNumber && !slices.ContainsFunc(lower, unicode.IsLetter) {
		return true // a date, or a telephone number
	}
	return zxcvbn.PasswordStrength(string(lower[:min(len(lower), lookedAt)]), guessersWords(names)).Score < guessable
}

// entropy estimates in bits how many guesses a password takes, by somebody who knows the names.
func entropy(password string, names []string) float64 {
	return zxcvbn.PasswordStrength(password[:min(len(password), lookedAt)], guessersWords(names)).Entropy
}

// guessersWords are the words that somebody tries who knows where a password is for, and of whom.
func guessersWords(names []string) []string {
	known := slices.Clone(ourWords)
	for _, name := range names {
		known = append(known, strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })...)
	}
	return known
}

// period is the length of the shortest beginning whose repetition a text is; its own length if it is none.
func period(text []rune) int {
	for n := 1; n <= len(text)/2; n++ {
		if slices.Equal(text[n:], text[:len(text)-n]) {
			return n
		}
	}
	return len(text)
}
