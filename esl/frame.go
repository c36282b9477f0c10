package esl

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits of one frame. The largest that FreeSWITCH makes are the answers to "show channels as json", about 1 kB a channel.
const (
	maxHead = 1 << 20
	maxBody = 16 << 20
)

// errFrame says that the stream is not what the event socket speaks. Nothing that comes after can be trusted.
var errFrame = errors.New("esl: not a frame of the event socket")

// What a frame is, by its Content-Type.
const (
	kindAuthRequest = "auth/request"
	kindReply       = "command/reply"
	kindAnswer      = "api/response"
	kindEvent       = "text/event-plain"
	kindDisconnect  = "text/disconnect-notice"
	kindRejection   = "text/rude-rejection"
)

// frame is one message of the switch: a block of headers, an empty line, and as many bytes as Content-Length says.
type frame struct {
	head headers // not percent-encoded, unlike an event's
	body string
}

// kind is the Content-Type. Kinds that we do not know are for the reader to skip.
func (f frame) kind() string {
	kind, _ := f.head.raw("Content-Type")
	return strings.TrimSpace(kind)
}

// frameReader cuts a stream into frames.
type frameReader struct {
	in   *bufio.Reader
	head []byte
}

func newFrameReader(r io.Reader) *frameReader {
	return &frameReader{in: bufio.NewReaderSize(r, 64<<10)}
}

// next reads one frame. The error is errFrame or the stream's; either way no more frames follow. io.EOF is returned only between two frames.
func (r *frameReader) next() (frame, error) {
	if err := r.readHead(); err != nil {
		return frame{}, err
	}
	f := frame{head: headers(r.head)}
	text, ok := f.head.raw("Content-Length")
	if !ok {
		return f, nil
	}
	length, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || length < 0 || length > maxBody {
		return frame{}, fmt.Errorf("%w: Content-Length must be 0 to %d", errFrame, maxBody)
	}
	if f.body, err = r.readBody(length); err != nil {
		return frame{}, fmt.Errorf("esl: read the body of a frame: %w", noEOF(err))
	}
	return f, nil
}

// readHead fills head with the lines up to the next empty one. Empty lines in front are skipped.
func (r *frameReader) readHead() error {
	r.head = r.head[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		r.head = append(r.head, part...)
		if len(r.head) > maxHead {
			return fmt.Errorf("%w: more than %d bytes of headers", errFrame, maxHead)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			if len(r.head) > 0 {
				err = noEOF(err)
			}
			return err
		}
		if n := len(r.head); endsInEmptyLine(r.head) {
			if blank(r.head) {
				r.head = r.head[:0]
				continue
			}
			r.head = r.head[:n-1]
			return nil
		}
	}
}

// endsInEmptyLine reports whether the last complete line is empty, but for a carriage return.
func endsInEmptyLine(b []byte) bool {
	n := len(b) - 1 // b ends with "\n"
	if n > 0 && b[n-1] == '\r' {
		n--
	}
	return n == 0 || b[n-1] == '\n'
}

func blank(b []byte) bool {
	return strings.Trim(string(b), "\r\n") == ""
}

func (r *frameReader) readBody(length int) (string, error) {
	if length <= r.in.Size() {
		part, err := r.in.Peek(length)
		if err != nil {
			return "", err
		}
		text := string(part)
		_, err = r.in.Discard(length)
		return text, err
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r.in, body); err != nil {
		return "", err
	}
	return string(body), nil
}

// noEOF says that the stream ended where it should not have.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
