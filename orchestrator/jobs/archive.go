package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Switch has the files of recordings.
type Switch interface {
	// FetchRecording opens the file of a recording. [ErrNoRecording] says that the switch answered and has none; any other error is taken as
	// "not now". Reading must fail, and not just end, if the connection breaks.
	FetchRecording(ctx context.Context, id core.RecordingID) (io.ReadCloser, error)
	// DeleteRecording removes the file. One that is not there is no error.
	DeleteRecording(ctx context.Context, id core.RecordingID) error
}

// ErrNoRecording says that a switch has no file of a recording.
var ErrNoRecording = errors.New("the switch has no such recording")

// maxRecording bounds what is read from a switch: more than a day of 8 kHz audio.
const maxRecording = 2 << 30

const mediaType = "audio/wav"

// archive brings a recording from the switch into the bucket. See the package's documentation for why a crash at any point does no harm.
func (r *Runner) archive(ctx context.Context, jobs []models.Job) error {
	job := jobs[0] // they go one by one: fetching is what takes the time
	var p models.ArchivePayload
	if err := json.Unmarshal(job.Payload, &p); err != nil {
		return verdict{fmt.Errorf("decode payload: %w", err)}
	}
	recordings := r.cfg.DB.Recordings()
	rec, err := recordings.Recording(ctx, p.Recording)
	if err != nil {
		return err
	}
	if !rec.DiscardedAt.IsZero() {
		return r.erase(ctx, job, rec)
	}
	sw, err := r.switchOf(rec)
	if err != nil {
		return err
	}
	if rec.State != models.RecordingArchived {
		last := job.Strikes+1 >= r.cfg.Strikes
		a, err := r.store(ctx, sw, rec, last)
		if err != nil {
			return err
		}
		err = recordings.Archived(ctx, rec.ID, a)
		if errors.Is(err, models.ErrDiscarded) { // while it was on its way
			return r.erase(ctx, job, rec)
		}
		if err != nil {
			return err
		}
		r.crash("recorded")
	}
	if rec.SourceGoneAt.IsZero() {
		if err := sw.DeleteRecording(ctx, rec.ID); err != nil {
			return fmt.Errorf("delete at the switch: %w", err)
		}
		r.crash("deleted")
		if err := recordings.SourceGone(ctx, rec.ID); err != nil {
			return err
		}
		r.crash("noted")
	}
	return r.cfg.DB.Jobs().Finish(ctx, job)
}

func (r *Runner) switchOf(rec models.Recording) (Switch, error) {
	if sw, ok := r.cfg.Switches[rec.Engine]; ok {
		return sw, nil
	}
	return nil, fmt.Errorf("recording %s is on the switch %q, which this process is not connected to", rec.ID, rec.Engine)
}

// checking is what the files are called in which recordings are looked at before they go into the bucket.
const checking = "tandem-recording-*.wav"

// sweep removes what killed processes have left while they checked recordings: it is what was said, too. Another process that is at work loses only the name of its
// file, which it needs no more.
func (r *Runner) sweep() error {
	files, err := os.ReadDir(r.cfg.TempDir)
	if err != nil {
		return fmt.Errorf("look for temporary files: %w", err)
	}
	var failed []error
	for _, f := range files {
		if ours, _ := filepath.Match(checking, f.Name()); !ours || !f.Type().IsRegular() {
			continue
		}
		if err := os.Remove(filepath.Join(r.cfg.TempDir, f.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// store fetches, checks and uploads. last says that this is the last chance: then a flawed file is better than none.
func (r *Runner) store(ctx context.Context, sw Switch, rec models.Recording, last bool) (models.Archive, error) {
	f, err := os.CreateTemp(r.cfg.TempDir, checking)
	if err != nil {
		return models.Archive{}, fmt.Errorf("make temporary file: %w", err)
	}
	defer func() {
		if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			r.cfg.Log.Warn("removing a temporary file", "error", err)
		}
	}()
	size, err := r.fetch(ctx, sw, rec, f)
	if err != nil {
		return models.Archive{}, err
	}
	r.crash("fetched")
	length, flaw, err := check(f, size, rec, last)
	if err != nil {
		return models.Archive{}, err
	}
	r.crash("checked")
	a := models.Archive{Object: ObjectKey(rec), MediaType: mediaType, Size: size, Length: length, Flaw: flaw}
	if a.SHA256, err = r.upload(ctx, f, a); err != nil {
		return models.Archive{}, err
	}
	r.crash("uploaded")
	return a, nil
}

// fetch copies a recording from the switch. What the switch has no more may be in the bucket already, with a database that does not know of it: one that was restored is
// older than what is in its backup beside it.
func (r *Runner) fetch(ctx context.Context, sw Switch, rec models.Recording, to io.Writer) (int64, error) {
	body, err := sw.FetchRecording(ctx, rec.ID)
	if errors.Is(err, ErrNoRecording) {
		var none error
		body, none = r.cfg.Bucket.NewReader(ctx, ObjectKey(rec), nil)
		switch {
		case gcerrors.Code(none) == gcerrors.NotFound:
			return 0, verdict{fmt.Errorf("fetch from the switch: %w", err)}
		case none != nil:
			return 0, fmt.Errorf("look into the bucket, since the switch has no file: %w", none)
		}
		err = nil
	}
	if err != nil {
		return 0, fmt.Errorf("fetch from the switch: %w", err)
	}
	n, err := io.Copy(to, io.LimitReader(body, maxRecording+1))
	if err := errors.Join(err, body.Close()); err != nil {
		return 0, fmt.Errorf("fetch from the switch: %w", err)
	}
	if n > maxRecording {
		return 0, verdict{fmt.Errorf("fetch from the switch: the file is larger than %d bytes", maxRecording)}
	}
	return n, nil
}

// check looks whether a file is what should have been recorded. flaw is set for one that is taken because it is the last chance.
func check(f *os.File, size int64, rec models.Recording, last bool) (length time.Duration, flaw string, err error) {
	info, err := readWAV(f, size)
	switch {
	case errors.Is(err, errUnfinished) && last && info.present > 0:
		if err := repairWAV(f, info); err != nil {
			return 0, "", err
		}
		flaw = "the switch did not finish the file: its header was repaired"
	case err != nil:
		return 0, "", verdict{fmt.Errorf("check the file: %w", err)}
	}
	length = info.length()
	if !plausible(length, rec.Length) {
		short := fmt.Sprintf("the file plays %s, the switch had said %s", length.Truncate(time.Millisecond), rec.Length)
		if !last {
			return 0, "", verdict{fmt.Errorf("check the file: %s", short)}
		}
		flaw = strings.TrimPrefix(flaw+"; "+short, "; ")
	}
	return length, flaw, nil
}

// plausible compares the audio's length with what the timeline says (0 = it does not say). A file may be a little shorter: the
// timeline's clock is ours, and switches leave silence out at the edges.
func plausible(length, said time.Duration) bool {
	return said == 0 || length >= said*8/10-2*time.Second
}

// upload puts the file into the bucket, whole or not at all, and gives its SHA-256.
func (r *Runner) upload(ctx context.Context, f *os.File, a models.Archive) (string, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read temporary file: %w", err)
	}
	// A writer that is closed publishes the object; one whose context has ended throws it away.
	writing, abandon := context.WithCancel(ctx)
	defer abandon()
	w, err := r.cfg.Bucket.NewWriter(writing, a.Object, &blob.WriterOptions{ContentType: a.MediaType})
	if err != nil {
		return "", fmt.Errorf("write to the bucket: %w", err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, sum), f)
	if err == nil && n != a.Size {
		err = fmt.Errorf("read %d of %d bytes", n, a.Size)
	}
	if err != nil {
		abandon()
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return "", fmt.Errorf("write to the bucket: %w", err)
	}
	attrs, err := r.cfg.Bucket.Attributes(ctx, a.Object)
	if err != nil {
		return "", fmt.Errorf("look at the object: %w", err)
	}
	if attrs.Size != a.Size {
		return "", fmt.Errorf("the object has %d bytes, the file %d", attrs.Size, a.Size)
	}
	return hex.EncodeToString(sum.Sum(nil)), r.cfg.Bucket.flush(a.Object)
}

// ObjectKey is where a recording is in the bucket: tenant/yyyy/mm/dd/call/recording.wav, by the day (UTC) on which it began.
func ObjectKey(rec models.Recording) string {
	return strings.Join([]string{segment(string(rec.Tenant)), rec.StartedAt.UTC().Format("2006/01/02"), segment(string(rec.Call)), segment(string(rec.ID)) + ".wav"}, "/")
}

// segment makes a path segment of an id. Ids are ours and well-formed; this keeps one that is not from leaving its place.
func segment(id string) string {
	id = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '_'
	}, id)
	if strings.Trim(id, ".") == "" {
		return "_" + id
	}
	return id
}

// loseRecording gives a recording up, which alerts. What the switch may still have of it stays there, for people to look at.
func (r *Runner) loseRecording(ctx context.Context, job models.Job, cause error) error {
	var p models.ArchivePayload
	if err := json.Unmarshal(job.Payload, &p); err == nil {
		if err := r.cfg.DB.Recordings().Lost(ctx, p.Recording, cause.Error()); err != nil && !errors.Is(err, models.ErrNotFound) {
			return err
		}
	}
	return r.cfg.DB.Jobs().GiveUp(ctx, job, cause)
}
