package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

func (s *Server) listRecordings(r *request) (reply, error) {
	var f RecordingFilter
	var err error
	if f.Paging, err = r.paging(); err != nil {
		return reply{}, err
	}
	if f.Tenant, err = r.tenant(); err != nil {
		return reply{}, err
	}
	call, err := r.text("call", 128)
	if err != nil {
		return reply{}, err
	}
	f.Call = core.CallID(call)
	page, err := filled(f.Paging, r.sees.recording, func(p Paging) (Page[Recording], error) {
		f.Paging = p
		return s.History.Recordings(r.ctx(), f)
	})
	if err != nil {
		return reply{}, err
	}
	return ok(paged[Recording]{Items: orEmpty(page.Items), Next: page.Next})
}

// recording reads the recording that the path names. What the principal may not see does not exist.
func (s *Server) recording(r *request) (Recording, error) {
	id, err := r.id()
	if err != nil {
		return Recording{}, err
	}
	rec, err := s.History.Recording(r.ctx(), core.RecordingID(id))
	if err != nil {
		return Recording{}, err
	}
	if !r.sees.recording(rec) {
		return Recording{}, ErrNotFound
	}
	return rec, nil
}

func (s *Server) getRecording(r *request) (reply, error) {
	rec, err := s.recording(r)
	if err != nil {
		return reply{}, err
	}
	return ok(rec)
}

// getRecordingAudio serves the file, with ranges, so that a player can seek. Every access is audited first: who cannot
// be written down does not get to listen.
func (s *Server) getRecordingAudio(r *request) (reply, error) {
	rec, err := s.recording(r)
	if err != nil {
		return reply{}, err
	}
	if !rec.DiscardedAt.IsZero() {
		return reply{}, &Error{Code: CodeNoAudio, Message: "the recording was discarded by the call's agent"}
	}
	if rec.Key == "" {
		return reply{}, &Error{Code: CodeNoAudio, Message: "the recording is not in the archive: its state is " + rec.State}
	}
	detail := map[string]string{"range": r.GetHeader("Range")}
	if err := s.mustAudit(r, "recording/"+string(rec.ID), rec.Tenant, detail); err != nil {
		return reply{}, err
	}
	file, changed, err := s.Audio.Open(r.ctx(), rec.Key)
	if errors.Is(err, ErrNotFound) {
		return reply{}, &Error{Code: CodeNoAudio, Message: "the recording's file is missing in the archive"}
	}
	if err != nil {
		return reply{}, err
	}
	defer func() {
		if err := file.Close(); err != nil {
			s.Log.Warn("could not close a recording", "recording", rec.ID, "request", r.requestID, "error", err)
		}
	}()
	kind := rec.Type
	if kind == "" {
		kind = "audio/wav"
	}
	h := r.Writer.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+string(rec.ID)+fileExtension(kind)+`"`)
	if rec.SHA256 != "" {
		h.Set("ETag", `"`+rec.SHA256+`"`)
	}
	http.ServeContent(patient{r.Writer, s}, r.Request, "", changed, file)
	return reply{sent: true}, nil
}

func fileExtension(kind string) string {
	switch kind {
	case "audio/flac":
		return ".flac"
	case "audio/mpeg":
		return ".mp3"
	case "audio/ogg":
		return ".ogg"
	default:
		return ".wav"
	}
}

// patient renews the write deadline for every piece: a long recording may take its time, a client that takes nothing may not.
type patient struct {
	http.ResponseWriter
	s *Server
}

func (p patient) Write(b []byte) (int, error) {
	p.s.touch(p.ResponseWriter)
	return p.ResponseWriter.Write(b)
}

// Bucket is an [Audio] on a bucket of gocloud.dev.
type Bucket struct{ *blob.Bucket }

// Open implements [Audio].
func (b Bucket) Open(ctx context.Context, key string) (io.ReadSeekCloser, time.Time, error) {
	r, err := b.NewReader(ctx, key, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, time.Time{}, ErrNotFound
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	return r, r.ModTime(), nil
}
