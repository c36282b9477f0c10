package adapter

import (
	"context"
	"slices"
	"sync"
)

// Locks is a set of locks by name that can be waited for with a deadline. A name costs nothing while nobody holds it.
type Locks struct {
	mu   sync.Mutex
	held map[string]*lock
}

type lock struct {
	token chan struct{} // holds the token while the lock is free
	users int           // holder and waiters
}

// Lock takes the named locks, each once, in the order of their names, so that two callers never wait for each other.
// unlock gives all back. The error is ctx's; nothing is held then.
func (k *Locks) Lock(ctx context.Context, names ...string) (unlock func(), err error) {
	names = slices.Clone(names)
	slices.Sort(names)
	names = slices.Compact(names)
	for i, name := range names {
		l := k.use(name)
		select {
		case <-l.token:
		case <-ctx.Done():
			k.leave(name)
			k.unlock(names[:i])
			return nil, ctx.Err()
		}
	}
	return func() { k.unlock(names) }, nil
}

func (k *Locks) use(name string) *lock {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.held == nil {
		k.held = map[string]*lock{}
	}
	l := k.held[name]
	if l == nil {
		l = &lock{token: make(chan struct{}, 1)}
		l.token <- struct{}{}
		k.held[name] = l
	}
	l.users++
	return l
}

func (k *Locks) leave(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	l := k.held[name]
	if l.users--; l.users == 0 {
		delete(k.held, name)
	}
}

func (k *Locks) unlock(names []string) {
	for _, name := range names {
		k.mu.Lock()
		l := k.held[name]
		k.mu.Unlock()
		l.token <- struct{}{}
		k.leave(name)
	}
}
