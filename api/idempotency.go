package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

const keyHeader = "Idempotency-Key"

// requestKey reads the idempotency key of a request. ok is false where none was sent.
func requestKey(r *request) (key RequestKey, ok bool, err error) {
	value := r.GetHeader(keyHeader)
	if value == "" {
		return RequestKey{}, false, nil
	}
	if len(value) > 128 {
		return RequestKey{}, false, invalid(keyHeader, "must have at most 128 characters")
	}
	for _, b := range []byte(value) {
		if b <= ' ' || b > '~' {
			return RequestKey{}, false, invalid(keyHeader, "must be printable ASCII without spaces")
		}
	}
	sum := sha256.New()
	sum.Write([]byte(r.Request.URL.Path))
	sum.Write([]byte{0})
	if query := r.Request.URL.RawQuery; query != "" { // to try something and to do it are two requests
		sum.Write([]byte(query))
		sum.Write([]byte{0})
	}
	sum.Write(r.body)
	return RequestKey{Token: r.who.key(), Key: value, Route: r.route.op, Hash: hex.EncodeToString(sum.Sum(nil))}, true, nil
}

// commandID derives the id of the intent from the key, so that whatever happens between the journal and the stored answer, the
// same request is the same command. The hash is part of it: the core must never take another request for this one, not even after the stored
// answer's 24 hours are over.
func (k RequestKey) commandID() core.CommandID {
	sum := sha256.Sum256([]byte(k.Token + "\x00" + k.Route + "\x00" + k.Key + "\x00" + k.Hash))
	return core.CommandID("api-" + hex.EncodeToString(sum[:16]))
}

// freshCommandID is the id of an intent that came without a key.
func freshCommandID() core.CommandID {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return core.CommandID("api-" + hex.EncodeToString(b[:]))
}

// once carries a request out at most once per idempotency key and replays the kept answer to repetitions.
func (s *Server) once(r *request) (reply, error) {
	key, ok, err := requestKey(r)
	if err != nil {
		return reply{}, err
	}
	if !ok {
		r.command = freshCommandID()
		return r.route.handle(s, r)
	}
	r.command = key.commandID()
	if !s.underWay.begin(key) {
		return reply{}, ErrInProgress
	}
	defer s.underWay.end(key)
	kept, fresh, err := s.Answers.Claim(r.ctx(), key)
	if err != nil {
		return reply{}, err
	}
	if !fresh {
		r.Header("Idempotency-Replayed", "true")
		return reply{status: kept.Status, body: json.RawMessage(kept.Body)}, nil
	}
	defer s.renewing(r, key)()
	done := false
	defer func() {
		if !done { // a panic: the next try must not wait for the claim to lapse
			s.release(r, key)
		}
	}()

	out, err := r.route.handle(s, r)
	answer, worthKeeping := s.answerOf(r, out, err)
	done = true
	if !worthKeeping {
		s.release(r, key)
		return out, err
	}
	ctx, cancel := bookkeeping(r)
	defer cancel()
	if keep := s.Answers.Keep(ctx, key, answer); keep != nil {
		// The deed is done and the client must hear of it. Another try with the key is still one command, by its id.
		s.Log.Warn("could not keep the answer for an idempotency key", "route", r.route.op, "request", r.requestID, "error", keep)
	}
	return out, err
}

// underWay are the keyed requests that this process is carrying out. A claim in the database can lapse meanwhile, when the database itself is what holds the request up.
type underWay struct {
	mu   sync.Mutex
	keys map[RequestKey]bool
}

// begin reports false if the very same request is being carried out.
func (u *underWay) begin(k RequestKey) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.keys[k] {
		return false
	}
	if u.keys == nil {
		u.keys = map[RequestKey]bool{}
	}
	u.keys[k] = true
	return true
}

func (u *underWay) end(k RequestKey) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.keys, k)
}

// renewing keeps the claim as long as the request runs, so that no other process takes its for dead. What it gives back ends that.
func (s *Server) renewing(r *request, key RequestKey) (end func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.ctx()))
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(models.ClaimLife / 4)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := s.Answers.Renew(ctx, key); err != nil && ctx.Err() == nil {
				s.Log.Warn("could not renew the claim of an idempotency key", "route", r.route.op, "request", r.requestID, "error", err)
			}
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}
}

// answerOf makes the answer to keep. What failed for reasons that pass (busy, our fault) is not kept: trying again is the point of the key.
func (s *Server) answerOf(r *request, out reply, err error) (Answer, bool) {
	status, body := out.status, out.body
	if out.keep != nil {
		body = out.keep
	}
	if err != nil {
		e, _ := asError(err)
		status, body = e.status(), errorBody{e}
		if status >= http.StatusInternalServerError || e.retryAfter() > 0 {
			return Answer{}, false
		}
	}
	b, err := json.Marshal(body)
	if err != nil {
		s.Log.Error("could not encode an answer", "route", r.route.op, "request", r.requestID, "error", err)
		return Answer{}, false
	}
	return Answer{Status: status, Body: b}, true
}

// bookkeeping is the time for keeping an answer or releasing a key. It begins when the deed is done, however long that took, and outlives
// the client: the next try asks for the answer.
func bookkeeping(r *request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(r.ctx()), 5*time.Second)
}

func (s *Server) release(r *request, key RequestKey) {
	ctx, cancel := bookkeeping(r)
	defer cancel()
	if err := s.Answers.Release(ctx, key); err != nil {
		s.Log.Warn("could not release an idempotency key", "route", r.route.op, "request", r.requestID, "error", err)
	}
}
