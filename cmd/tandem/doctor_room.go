package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// What the doctor looks at on this machine that runs out unnoticed: room on its disks, and the grip on the time.

const (
	// hourOfRecordings is what fifty conversations take in an hour, at 1 MB a minute.
	hourOfRecordings = 3e9
	// scratch is for what does not grow by the minute: the journal of a day, recordings on their way.
	scratch = 500e6
	// fullDisk is when nothing more is to be expected of a disk.
	fullDisk = 100e6
)

// place is a directory in which something is written, and how much room it should have.
type place struct {
	what, dir string // dir "" = there is none
	least     float64
}

// disk is where a directory is. Two with the same device share their room.
type disk struct {
	device     uint64
	free, size float64 // bytes
}

// places are the directories that this process writes to, and those of the switches that it sees.
func (s settings) places() []place {
	out := []place{{"temporary files (TMPDIR)", os.TempDir(), scratch}}
	if path, ok := strings.CutPrefix(s.DB, "sqlite:"); ok {
		path, _, _ = strings.Cut(path, "?")
		out = append(out, place{"TANDEM_DB", filepath.Dir(path), scratch})
	}
	if u, err := url.Parse(s.Bucket); err == nil && u.Scheme == "file" {
		out = append(out, place{"TANDEM_BUCKET", filepath.FromSlash(u.Path), hourOfRecordings})
	}
	for _, sw := range s.Switches {
		out = append(out, sw.places()...)
	}
	return out
}

// checkDisks says for each disk on which something is written how much room there is. Each is named after the first directory on it.
func checkDisks(places []place, look func(dir string) (disk, error)) []finding {
	type group struct {
		disk

		dir   string
		whats []string
		least float64
	}
	var groups []*group
	of := map[uint64]*group{}
	var out []finding
	for _, p := range places {
		if p.dir == "" {
			continue
		}
		d, err := look(p.dir)
		if err != nil {
			out = append(out, found("disk "+p.dir, warning, p.what+": "+err.Error(), "let the user that Tandem runs as look into "+p.dir))
			continue
		}
		if d.size == 0 { // no disk, as /proc
			continue
		}
		g := of[d.device]
		if g == nil {
			g = &group{disk: d, dir: p.dir}
			of[d.device], groups = g, append(groups, g)
		}
		g.whats, g.least = append(g.whats, p.what), max(g.least, p.least)
	}
	for _, g := range groups {
		h, mend := fine, ""
		if g.free < g.least {
			h, mend = warning, "free some space, or move what grows there to a larger disk"
		}
		if g.free < fullDisk {
			h = broken
		}
		out = append(out, found("disk "+g.dir, h, fmt.Sprintf("%.1f of %.1f GB are free for %s", g.free/1e9, g.size/1e9, strings.Join(g.whats, ", ")), mend))
	}
	return out
}

// diskOf looks at the disk that a directory is on, or will be: one that is not there yet is made in the nearest that is.
func diskOf(dir string) (disk, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return disk{}, err
	}
	var at syscall.Stat_t
	err = syscall.Stat(dir, &at)
	for errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		err = syscall.Stat(dir, &at)
	}
	var room syscall.Statfs_t
	if err == nil {
		err = syscall.Statfs(dir, &room)
	}
	if err != nil {
		return disk{}, fmt.Errorf("look at the disk of %s: %w", dir, err)
	}
	block := float64(room.Bsize)
	return disk{device: at.Dev, free: block * float64(room.Bavail), size: block * float64(room.Blocks)}, nil
}

// What adjtimex(2) says of a clock that nobody keeps right.
const (
	timeError      = 5
	unsynchronised = 0x40
)

// checkNTP asks the kernel whether somebody keeps its clock right. A container has that of its host.
func checkNTP(ask func(*syscall.Timex) (int, error)) finding {
	const name = "NTP"
	var t syscall.Timex
	state, err := ask(&t)
	switch {
	case err != nil:
		return found(name, skipped, "the kernel does not say whether its clock is synchronised: "+err.Error())
	case state == timeError || t.Status&unsynchronised != 0:
		return found(name, warning, "the clock of this machine is not synchronised, as far as the kernel knows", "run chrony or systemd-timesyncd on it (of a container: on its host)")
	}
	return found(name, fine, "the clock of this machine is synchronised")
}
