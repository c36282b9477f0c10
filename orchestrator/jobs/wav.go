package jobs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// wavInfo is what the header of a WAV file says, and what the file holds.
type wavInfo struct {
	format     uint16 // 1 = PCM
	channels   uint16
	rate       uint32 // frames per second
	byteRate   uint32
	blockAlign uint16
	dataAt     int64 // offset of the audio
	declared   int64 // bytes of audio by the header
	present    int64 // bytes of audio in the file
	riffSize   uint32
}

var (
	// errNotWAV says that a file is no WAV file that we could play.
	errNotWAV = errors.New("not a WAV file")
	// errUnfinished says that a WAV file's header and size contradict each other: it is still being written, or its writer died.
	errUnfinished = errors.New("the WAV file is not finished")
	// errNoAudio says that there is no audio in a file.
	errNoAudio = errors.New("there is no audio in it")
)

// length is the play time of the audio that is there.
func (w *wavInfo) length() time.Duration {
	return time.Duration(float64(w.present) / float64(w.byteRate) * float64(time.Second)).Truncate(time.Microsecond)
}

// readWAV reads the header of a WAV file of size bytes. With errUnfinished and errNoAudio the info is valid.
func readWAV(r io.ReaderAt, size int64) (wavInfo, error) {
	var w wavInfo
	var head [12]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		if errors.Is(err, io.EOF) {
			return w, fmt.Errorf("%d bytes: %w", size, errNotWAV)
		}
		return w, fmt.Errorf("read header: %w", err)
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return w, fmt.Errorf("it begins with %q: %w", head[:4], errNotWAV)
	}
	w.riffSize = binary.LittleEndian.Uint32(head[4:])
	for at := int64(12); ; {
		var chunk [8]byte
		if _, err := r.ReadAt(chunk[:], at); err != nil {
			return w, fmt.Errorf("no audio chunk: %w", errNotWAV)
		}
		n := int64(binary.LittleEndian.Uint32(chunk[4:]))
		at += 8
		switch string(chunk[:4]) {
		case "fmt ":
			if err := w.readFormat(r, at, n); err != nil {
				return w, err
			}
		case "data":
			w.dataAt, w.declared, w.present = at, n, min(n, size-at)
			return w, w.judge(size)
		}
		at += n + n%2
	}
}

func (w *wavInfo) readFormat(r io.ReaderAt, at, n int64) error {
	var f [16]byte
	if n < 16 {
		return fmt.Errorf("format chunk of %d bytes: %w", n, errNotWAV)
	}
	if _, err := r.ReadAt(f[:], at); err != nil {
		return fmt.Errorf("format chunk is cut short: %w", errNotWAV)
	}
	w.format, w.channels = binary.LittleEndian.Uint16(f[0:]), binary.LittleEndian.Uint16(f[2:])
	w.rate, w.byteRate, w.blockAlign = binary.LittleEndian.Uint32(f[4:]), binary.LittleEndian.Uint32(f[8:]), binary.LittleEndian.Uint16(f[12:])
	if w.channels == 0 || w.channels > 8 || w.rate < 8000 || w.rate > 192000 || w.byteRate == 0 || w.blockAlign == 0 {
		return fmt.Errorf("format %d, %d channels, %d Hz, %d bytes/s: %w", w.format, w.channels, w.rate, w.byteRate, errNotWAV)
	}
	return nil
}

// judge compares header and file.
func (w *wavInfo) judge(size int64) error {
	if w.byteRate == 0 {
		return fmt.Errorf("audio before its format: %w", errNotWAV)
	}
	behind := size - w.dataAt
	switch {
	case w.declared > behind, w.declared == 0 && behind > 0:
		// Switches write the size last: until then it is zero, or says what has been planned.
		w.present = behind
		return fmt.Errorf("header says %d bytes of audio, there are %d: %w", w.declared, behind, errUnfinished)
	case w.present == 0:
		return errNoAudio
	}
	return nil
}

// repairWAV writes the sizes that the file should have into its header.
func repairWAV(f io.WriterAt, w wavInfo) error {
	var n [4]byte
	binary.LittleEndian.PutUint32(n[:], uint32(w.present))
	if _, err := f.WriteAt(n[:], w.dataAt-4); err != nil {
		return fmt.Errorf("repair size of audio: %w", err)
	}
	binary.LittleEndian.PutUint32(n[:], uint32(w.dataAt+w.present-8))
	if _, err := f.WriteAt(n[:], 4); err != nil {
		return fmt.Errorf("repair size of file: %w", err)
	}
	return nil
}
