package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// process is a server that runs as a child of the test binary.
type process struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed when it has ended
	err  error         // how; valid after done
}

// startProcess starts a server that writes to the file log. It gets the signal orphaned should the test binary die.
func startProcess(log string, cred *syscall.Credential, orphaned syscall.Signal, name string, args ...string) (*process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log of %s: %w", name, err)
	}
	defer out.Close()                                               //nolint:errcheck // the child has its own copy
	cmd := exec.CommandContext(context.Background(), name, args...) // it outlives the test that starts it; stop ends it
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", out, out
	// Setpgid: an interrupt typed at the terminal is for the tests, which stop their servers themselves.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred, Pdeathsig: orphaned, Setpgid: true}
	if err := onStarter(cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &process{cmd: cmd, log: log, done: make(chan struct{})}
	go func() { // ends with the child, which stop waits for
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// await waits until ready says nil.
func (p *process) await(ready func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			text, _ := os.ReadFile(p.log) // best effort: it only makes the error clearer
			return fmt.Errorf("%s ended before it was ready: %w: %s", p.cmd.Path, errors.Join(p.err, err), text)
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after a minute: %w", p.cmd.Path, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop sends a signal and waits for the end; after half a minute it kills.
func (p *process) stop(sig syscall.Signal) {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		fmt.Fprintln(os.Stderr, "dbtest: signal", p.cmd.Path, err)
	}
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill() // it may have ended by now
		<-p.done
	}
}
