package lab

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// life is what every switch of the lab has in common, whatever its kind: a directory and ports, desk phones, and a process that is started and ended.
type life struct {
	Dir     string        // the instance's directory, as this process sees it
	Started time.Duration // from exec to ready, of the latest start

	brand  string // for logs and errors
	named  bool   // the directory outlives the instance
	slot   *slot
	phones []Phone
	run    func() (*process, error)
	ready  func(context.Context, *process) error
	tail   func(lines int) string
	log    *slog.Logger // tells its addresses, too

	mu   sync.Mutex
	proc *process // nil while stopped
}

// Phones returns the credentials of the first n desk phones. It panics if there are fewer: that is a mistake in the test.
func (l *life) Phones(n int) []Phone {
	if n > len(l.phones) {
		panic(fmt.Sprintf("lab: %d phones wanted, the options' Phones made %d", n, len(l.phones)))
	}
	return append([]Phone(nil), l.phones[:n]...)
}

// Stop ends the switch, with whatever calls it has, waits for it, and removes the directory unless it has a name: then the switch is given the time to
// end in good order, and to write its database. Stopping twice does nothing.
func (l *life) Stop() error {
	if l.named {
		l.end((*process).terminate)
	} else {
		l.end((*process).kill)
	}
	return l.slot.release()
}

// Kill ends the switch as a power cut would, and waits until it is gone. What it had not yet written to its database is lost, with Asterisk the last second or so of
// registrations. Start it again with Restart.
func (l *life) Kill() { l.end((*process).kill) }

// PID is the id of the process, 0 while there is none.
func (l *life) PID() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.proc.id()
}

// Restart ends the switch as an operator would, unless it has been killed already, and starts it again with the same ports, passwords and
// databases. Registrations are kept, calls are lost.
func (l *life) Restart(ctx context.Context) error {
	l.end((*process).terminate)
	if err := l.start(ctx); err != nil {
		return fmt.Errorf("restart %s in %s: %w", l.brand, l.Dir, err)
	}
	return nil
}

func (l *life) end(how func(*process)) {
	l.mu.Lock()
	p := l.proc
	l.proc = nil
	l.mu.Unlock()
	if p == nil {
		return
	}
	how(p)
	l.log.Info("the switch has ended", "pid", p.pid)
}

// start runs the process and waits until it is ready.
func (l *life) start(ctx context.Context) error {
	begin := time.Now()
	p, err := l.run()
	if err != nil {
		return err
	}
	if err := l.ready(ctx, p); err != nil {
		p.kill()
		return fmt.Errorf("%w\n%s", err, l.tail(40))
	}
	l.mu.Lock()
	l.proc = p
	l.Started = time.Since(begin)
	l.mu.Unlock()
	l.log.Info("the switch is ready", "pid", p.pid, "took", l.Started.Round(time.Millisecond))
	return nil
}

// phonesOf are n desk phones, "1001", "1002" … One password serves all: each knows it anyway, living in the same process.
func phonesOf(n int) []Phone {
	password, phones := secret(), make([]Phone, n)
	for i := range phones {
		phones[i] = Phone{User: fmt.Sprint(1001 + i), Password: password}
	}
	return phones
}

// logOf is the logger of a switch, which names it.
func logOf(l *slog.Logger, brand, dir, sip, control string) *slog.Logger {
	if l == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l.With("switch", brand, "dir", dir, "sip", sip, "control", control)
}
