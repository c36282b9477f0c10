package api

import "sync"

// rechecks lets the open event streams of this process look again at who reads them, at once: when a session is ended, a user changed, a token revoked, the set-up of what
// somebody sees is another. What another process has changed they notice with their next beat.
type rechecks struct {
	mu      sync.Mutex
	streams map[*recheck]struct{}
}

// recheck is one open stream.
type recheck struct {
	who   Principal
	again chan struct{} // holds one: several reasons are one look
}

// watch begins to hear of changes that concern a principal. unwatch ends it.
func (x *rechecks) watch(who Principal) (again <-chan struct{}, unwatch func()) {
	one := &recheck{who, make(chan struct{}, 1)}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.streams == nil {
		x.streams = map[*recheck]struct{}{}
	}
	x.streams[one] = struct{}{}
	return one.again, func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		delete(x.streams, one)
	}
}

// tell lets the streams of those who are concerned look again. It does not wait for them.
func (x *rechecks) tell(concerned func(Principal) bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for one := range x.streams {
		if !concerned(one.who) {
			continue
		}
		select {
		case one.again <- struct{}{}:
		default: // will look anyway
		}
	}
}

func (x *rechecks) session(id string) { x.tell(func(p Principal) bool { return p.Session == id }) }

func (x *rechecks) user(id string) { x.tell(func(p Principal) bool { return p.User == id }) }

func (x *rechecks) token(id string) { x.tell(func(p Principal) bool { return p.Token == id }) }

// everybody is for changes of which it would take as long to find out whom they concern as to look.
func (x *rechecks) everybody() { x.tell(func(Principal) bool { return true }) }
