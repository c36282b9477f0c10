package lines

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// lookEvery is how often a log is looked at for what is new. A switch tells the log what it tells nobody else.
const lookEvery = time.Second

// longestLine bounds what is kept of a line that does not end.
const longestLine = 16 << 10

// FollowLog calls f with each line that is written to a file from now on, until ctx ends. A file that is not there yet, is put away and begun anew, or is cut short is
// followed from its beginning.
func FollowLog(ctx context.Context, path string, f func(line string)) {
	l := logFollower{path: path, f: f, atEnd: true}
	defer l.close()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		l.look()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

type logFollower struct {
	path  string
	f     func(string)
	file  *os.File
	in    *bufio.Reader
	at    int64 // read so far
	part  string
	atEnd bool // the first file is followed from its end
}

func (l *logFollower) close() {
	if l.file != nil {
		_ = l.file.Close()
	}
	l.file, l.part, l.at = nil, "", 0
}

// look reads what is new. Errors are another try with the next look.
func (l *logFollower) look() {
	if l.file != nil && l.replaced() {
		l.read() // what was written before it was put away
		l.close()
	}
	if l.file == nil && !l.open() {
		l.atEnd = false // whatever comes is new
		return
	}
	l.read()
}

func (l *logFollower) replaced() bool {
	now, err := os.Stat(l.path)
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	ours, err := l.file.Stat()
	return err != nil || !os.SameFile(now, ours) || now.Size() < l.at
}

func (l *logFollower) open() bool {
	f, err := os.OpenFile(l.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	l.file = f
	if l.atEnd {
		if l.at, err = f.Seek(0, io.SeekEnd); err != nil {
			l.at = 0
		}
		l.atEnd = false
	}
	l.in = bufio.NewReader(f)
	return true
}

func (l *logFollower) read() {
	for {
		text, err := l.in.ReadString('\n')
		l.at += int64(len(text))
		if l.part += text; err != nil {
			if len(l.part) > longestLine {
				l.part = l.part[:longestLine]
			}
			return // the rest of the line has not been written yet
		}
		l.f(strings.TrimRight(l.part, "\r\n"))
		l.part = ""
	}
}
