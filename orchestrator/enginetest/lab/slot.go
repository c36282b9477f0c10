package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Slots divide the ports 10000–29999: 20 of them, a thousand ports each, which is media for 495 legs.
const (
	slots        = 20
	portsFrom    = 10000
	portsPerSlot = 1000
)

var nameRule = regexp.MustCompile(`^[a-z0-9-]{1,20}$`)

// slot is the right to a directory, held by an open, locked file, and to a range of ports, held by a port of the range itself: directories
// differ between a chroot, a container and the machine itself, ports do not. The kernel gives both back when the owner dies.
type slot struct {
	number    int
	firstPort int
	dir       string
	keep      bool         // the directory outlives the slot
	locks     []*os.File   // open while held
	guard     net.Listener // nil once released
}

// tenant is what a slot must know of the kind of switch that is to live in it.
type tenant interface {
	// base is the directory in which instances' directories are made, as this process sees it.
	base() string
	// running finds the processes of the instance in a directory, whoever started them.
	running(dir string) ([]int, error)
	// clear ends what a dead owner left running under an instance's name that is no process of this machine.
	clear(name string) error
}

// peerPort is where a FreeSWITCH listens for other switches.
func (s *slot) peerPort() int { return s.firstPort + 3 }

// tlsPort is where SIP over TLS is.
func (s *slot) tlsPort() int { return s.firstPort + 4 }

// takeSlot finds a free slot and clears what a dead owner left in it.
func takeSlot(h tenant, name string) (*slot, error) {
	base := h.base()
	if err := os.MkdirAll(base, 0o755); err != nil { //nolint:gosec // the switch, as its own user, passes through
		return nil, fmt.Errorf("make directory for instances: %w", err)
	}
	if err := ours(base); err != nil {
		return nil, err
	}
	s := &slot{keep: name != ""}
	if name != "" {
		f, err := lock(filepath.Join(base, "name-"+name+".lock"))
		if err != nil {
			return nil, fmt.Errorf("a switch named %q is running, or its lock cannot be taken: %w", name, err)
		}
		s.locks = append(s.locks, f)
		s.dir = filepath.Join(base, name)
		if err := clearProcess(h, s.dir); err != nil {
			return nil, errors.Join(err, s.release())
		}
	}
	for n := range slots {
		f, err := lock(filepath.Join(base, fmt.Sprintf("slot-%02d.lock", n)))
		if errors.Is(err, syscall.EWOULDBLOCK) {
			continue
		}
		if err != nil {
			return nil, errors.Join(err, s.release())
		}
		// The directory of a nameless instance of the same slot: its owner is dead, or we had not got the lock.
		left := filepath.Join(base, fmt.Sprintf("slot-%02d", n))
		if err := errors.Join(clearProcess(h, left), os.RemoveAll(left)); err != nil {
			return nil, errors.Join(fmt.Errorf("clear %s of a dead owner: %w", left, err), f.Close(), s.release())
		}
		first := portsFrom + n*portsPerSlot
		guard, ok := claim(first)
		if !ok {
			_ = f.Close() // somebody else's ports: leave the slot alone
			continue
		}
		s.locks, s.guard = append(s.locks, f), guard
		s.number, s.firstPort = n, first
		if s.dir == "" {
			s.dir = left
		}
		return s, nil
	}
	return nil, errors.Join(fmt.Errorf("all %d slots are in use: too many switches at once", slots), s.release())
}

// ours refuses a directory that somebody else made first, or a link to one: in a place open to everybody that is easy, and
// whoever owns it could change what Asterisk runs.
func ours(base string) error {
	info, err := os.Lstat(base)
	if err != nil {
		return fmt.Errorf("look at directory for instances: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("directory for instances: %s is no directory of our own: remove it", base)
	}
	return nil
}

// release gives the slot back and removes its directory. It may be called twice.
func (s *slot) release() error {
	var errs []error
	if len(s.locks) > 0 && !s.keep && s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	for _, f := range s.locks {
		errs = append(errs, f.Close())
	}
	s.locks = nil
	if s.guard != nil {
		errs = append(errs, s.guard.Close())
		s.guard = nil
	}
	return errors.Join(errs...)
}

// lock takes an exclusive flock, or fails with EWOULDBLOCK. It lasts until the file is closed or the process dies; children do
// not inherit it, since Go opens files close-on-exec.
func lock(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", name, err), f.Close())
	}
	return f, nil
}

// claim takes a range of ports for as long as the listener is open, if SIP (UDP) and HTTP (TCP) can be bound; media ports need no
// look, Asterisk takes the next one when one is in use. Ports belong to the machine, lock files only to one user and one kind of
// host: a chroot's and a container's slot of one number would get in each other's way as soon as one of them restarts its
// Asterisk. So the range is held by a port of its own, on which nobody is ever answered, and which the kernel gives back like a lock.
func claim(first int) (net.Listener, bool) {
	at := func(port int) *net.TCPAddr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port} }
	guard, err := net.ListenTCP("tcp4", at(first+2))
	if err != nil {
		return nil, false
	}
	http, err := net.ListenTCP("tcp4", at(first+1))
	if err != nil {
		_ = guard.Close()
		return nil, false
	}
	_ = http.Close()
	sip, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: first})
	if err != nil {
		_ = guard.Close()
		return nil, false
	}
	_ = sip.Close()
	return guard, true
}

// clearProcess ends the switch of a dead owner, if one still runs in dir.
func clearProcess(h tenant, dir string) error {
	if err := h.clear(filepath.Base(dir)); err != nil {
		return err
	}
	pids, err := h.running(dir)
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("end the switch %d of a dead owner: %w", pid, err)
		}
		if err := awaitGone(pid); err != nil {
			return err
		}
	}
	return nil
}

// running finds the Asterisk of an instance, whose directory is given as Asterisk sees it.
func running(inside string) ([]int, error) {
	return processes("asterisk", inside+"/etc/asterisk.conf")
}

// processes finds a program that was started with an argument which nobody else's has. A process is never known by its id alone:
// ids are used again.
func processes(program, mark string) ([]int, error) {
	procs, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var pids []int
	for _, p := range procs {
		b, err := os.ReadFile(p)
		if err != nil {
			continue // gone meanwhile
		}
		args := strings.Split(string(b), "\x00")
		if len(args) < 2 || filepath.Base(args[0]) != program || !contains(args, mark) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(p)))
		if err != nil {
			continue
		}
		pids = append(pids, pid)
	}
	return pids, nil
}

func contains(args []string, want string) bool {
	for _, a := range args {
		if a == want {
			return true
		}
	}
	return false
}

// awaitGone waits until a killed process that is not our child has left its ports.
func awaitGone(pid int) error {
	for range 500 {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) || err == nil && len(b) == 0 {
			return nil // an empty command line is a zombie's
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("the switch %d of a dead owner does not end", pid)
}
