package lines

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// How much guessing an address may do. A phone with a wrong password tries again every half a minute or so, which makes 10 in five minutes: two of them behind one address
// stay below what is taken for guessing.
const (
	mostWrong   = 30
	wrongWithin = 5 * time.Minute
	blockedFor  = 15 * time.Minute
	// What is remembered is bounded, whoever sends what: the longest silent are forgotten, and of those that are blocked the switch is told of the latest.
	mostWatched = 10_000
	mostBlocked = 500
)

// PrivateNetworks are the networks of which nothing is blocked unless somebody says otherwise: who guesses comes from outside, and an office that locks itself out has no
// phones.
func PrivateNetworks() []netip.Prefix {
	var out []netip.Prefix
	for _, text := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "fc00::/7", "fe80::/10", "::1/128"} {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

// Guard counts wrong passwords by the address from which they come, and by the /64 of an IPv6 address, of which one customer has all. Its methods are safe for
// concurrent use.
type Guard struct {
	trusted []netip.Prefix
	blocks  func() // called when an address is blocked
	now     func() time.Time

	mu    sync.Mutex
	watch map[netip.Prefix]*watched
}

// watched is what an address has tried.
type watched struct {
	tries   []time.Time // within wrongWithin, oldest first
	blocked time.Time   // until then
}

// NewGuard makes a guard that never blocks what is trusted. blocks is called whenever there is one more to block; it must not block.
func NewGuard(trusted []netip.Prefix, blocks func()) *Guard {
	return &Guard{trusted: trusted, blocks: blocks, now: time.Now, watch: map[netip.Prefix]*watched{}}
}

// Wrong says that a wrong password has come from an address. What is no address is nobody's.
func (g *Guard) Wrong(address string) {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return
	}
	addr = addr.Unmap().WithZone("")
	if slices.ContainsFunc(g.trusted, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return
	}
	if g.count(household(addr)) {
		g.blocks()
	}
}

// household is what one customer of a network has of addresses.
func household(addr netip.Addr) netip.Prefix {
	if addr.Is6() {
		return netip.PrefixFrom(addr, 64).Masked()
	}
	return netip.PrefixFrom(addr, addr.BitLen())
}

// count reports whether the household is blocked from now on.
func (g *Guard) count(from netip.Prefix) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	w := g.watch[from]
	if w == nil {
		if len(g.watch) >= mostWatched {
			g.forget()
		}
		w = &watched{}
		g.watch[from] = w
	}
	w.tries = slices.DeleteFunc(w.tries, func(at time.Time) bool { return now.Sub(at) > wrongWithin })
	if w.tries = append(w.tries, now); len(w.tries) < mostWrong {
		return false
	}
	w.tries = w.tries[len(w.tries)-mostWrong:]
	fresh := !w.blocked.After(now)
	w.blocked = now.Add(blockedFor) // who goes on stays out
	return fresh
}

// forget makes room: the tenth who have been silent the longest go. The caller holds mu.
func (g *Guard) forget() {
	last := func(p netip.Prefix) time.Time { w := g.watch[p]; return w.tries[len(w.tries)-1] }
	all := slices.SortedFunc(maps.Keys(g.watch), func(a, b netip.Prefix) int { return last(a).Compare(last(b)) })
	for _, from := range all[:len(all)/10] {
		delete(g.watch, from)
	}
}

// Blocked gives the addresses, and of IPv6 the networks, of which a switch is to take nothing now, in order. Of too many they are those that tried last.
func (g *Guard) Blocked() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	var all []netip.Prefix
	for from, w := range g.watch {
		if w.blocked.After(now) {
			all = append(all, from)
		}
	}
	if len(all) > mostBlocked {
		slices.SortFunc(all, func(a, b netip.Prefix) int { return g.watch[b].blocked.Compare(g.watch[a].blocked) })
		all = all[:mostBlocked]
	}
	slices.SortFunc(all, netip.Prefix.Compare)
	var out []string
	for _, from := range all {
		if from.IsSingleIP() {
			out = append(out, from.Addr().String())
		} else {
			out = append(out, from.String())
		}
	}
	return out
}
