package api

import (
	"net/netip"
	"sync"
	"time"
)

// guesses slows down who guesses passwords. Three counts of failures are kept, and each makes the next try wait longer the more there are:
//
//   - of a name from one address: somebody guesses, or has forgotten;
//   - of an address: somebody tries one password with many names;
//   - of a name from addresses that its owner has never signed in from: somebody guesses from many places.
//
// No wait is longer than its limit, a refused try does not prolong it, and the owner at a usual place is not concerned by what strangers do: nobody can be locked out for
// good. The counts are in memory: a restart forgets them, and costs a guesser more than it gives.
type guesses struct {
	now func() time.Time

	mu    sync.Mutex
	keys  map[string]*guessed
	swept time.Time
}

type guessed struct {
	failed int
	last   time.Time // failure
	free   time.Time // no try before it
}

// patience says how many failures are free, and how long one must wait after more: a second, then twice as long each time up to most.
type patience struct {
	free int
	most time.Duration
}

var (
	withNameHere   = patience{5, 15 * time.Minute}
	withAddress    = patience{30, 5 * time.Minute}
	withNameAbroad = patience{20, time.Minute}
)

// guessesKept is how long failures are remembered.
const guessesKept = time.Hour

func newGuesses(now func() time.Time) *guesses {
	return &guesses{now: now, keys: map[string]*guessed{}}
}

// counts are the keys of a try. familiar says that the name's owner has signed in from the address lately.
func counts(name, address string, familiar bool) map[string]patience {
	address = network(address)
	keys := map[string]patience{"here " + address + " " + name: withNameHere, "address " + address: withAddress}
	if !familiar {
		keys["abroad "+name] = withNameAbroad
	}
	return keys
}

// network is what one household has of addresses: of IPv6 a /64.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Unmap().Is4() {
		return address
	}
	p, err := a.Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}

// try reports how long to wait before the next try; 0 = now. A try that is let through counts as a failure until it has [guesses.succeeded]: many at once do not get
// more of them than one after another.
func (g *guesses) try(name, address string, familiar bool) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	g.sweep(now)
	keys := counts(name, address, familiar)
	wait := time.Duration(0)
	for key := range keys {
		if had := g.keys[key]; had != nil {
			wait = max(wait, had.free.Sub(now))
		}
	}
	if wait > 0 {
		return wait
	}
	for key, p := range keys {
		had := g.keys[key]
		if had == nil || now.Sub(had.last) > guessesKept {
			had = &guessed{}
			g.keys[key] = had
		}
		had.failed++
		had.last = now
		if over := had.failed - p.free; over >= 0 {
			had.free = now.Add(min(p.most, time.Second<<min(over, 20)))
		}
	}
	return 0
}

// succeeded takes a try back that was none of a guesser. The address keeps its other failures: a guesser may have an account of their own.
func (g *guesses) succeeded(name, address string, familiar bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key, p := range counts(name, address, familiar) {
		had := g.keys[key]
		if had == nil {
			continue
		}
		if had.failed--; had.failed <= 0 || p == withNameHere {
			delete(g.keys, key)
			continue
		}
		had.free = time.Time{}
	}
}

func (g *guesses) sweep(now time.Time) {
	if now.Sub(g.swept) < time.Minute {
		return
	}
	g.swept = now
	for key, had := range g.keys {
		if now.Sub(had.last) > guessesKept {
			delete(g.keys, key)
		}
	}
}
