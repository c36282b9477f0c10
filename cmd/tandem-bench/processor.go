package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the kernel's unit of processor time in /proc: USER_HZ, which is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// processor is the processor time of a process, of all its threads.
func processor(pid int) (time.Duration, error) {
	fields, err := stat(pid)
	if err != nil {
		return 0, err
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("read the processor time of process %d: %q", pid, fields)
	}
	return time.Duration(user+system) * tick, nil
}

// stat gives the fields of /proc/<pid>/stat from the third on: the second, the name, may hold anything.
func stat(pid int) ([]string, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil, fmt.Errorf("read the processor time of a process: %w", err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 20 {
		return nil, fmt.Errorf("read the processor time of process %d: %q", pid, text)
	}
	return fields, nil
}

// family is the processor time of a process and of its children that live: PostgreSQL has one for each connection.
func family(pid int) (time.Duration, error) {
	sum, err := processor(pid)
	if err != nil {
		return 0, err
	}
	for _, child := range processes() {
		fields, err := stat(child)
		if err != nil || fields[1] != strconv.Itoa(pid) {
			continue // it has ended meanwhile, or is another's
		}
		if t, err := processor(child); err == nil {
			sum += t
		}
	}
	return sum, nil
}

func processes() []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// residentKB is a process's memory in the machine.
func residentKB(pid int) (int64, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, fmt.Errorf("read the memory of a process: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		}
	}
	return 0, fmt.Errorf("read the memory of process %d: no VmRSS", pid)
}
