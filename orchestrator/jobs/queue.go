package jobs

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/tandem-voice/tandem/models"
)

// queue carries reminders to workers. It may lose, double and delay them.
type queue interface {
	// send passes reminders of jobs of one kind on, to be looked at together, or fails at once.
	send(ctx context.Context, together []models.Reminder) error
	// run delivers what was sent to look, several at a time, until ctx ends and all looking has.
	run(ctx context.Context, look func(ctx context.Context, t task)) error
	// ping reports whether it can carry anything at the moment.
	ping(ctx context.Context) error
	// close gives all resources back. It comes after run has ended.
	close() error
}

// asynqQueue is the queue on asynq and Redis.
type asynqQueue struct {
	redis    redis.UniversalClient
	client   *asynq.Client
	embedded *miniredis.Miniredis // nil for a real Redis
	workers  int
	log      *slog.Logger
}

// newQueue connects to the Redis of the URL; "" starts one in this process.
func newQueue(url string, workers int, log *slog.Logger) (*asynqQueue, error) {
	q := &asynqQueue{workers: workers, log: log}
	var opt *redis.Options
	if url == "" {
		var secret [24]byte
		if _, err := rand.Read(secret[:]); err != nil {
			return nil, fmt.Errorf("make a password: %w", err)
		}
		q.embedded = miniredis.NewMiniRedis()
		q.embedded.RequireAuth(hex.EncodeToString(secret[:])) // other users of the machine can reach loopback
		if err := q.embedded.Start(); err != nil {
			return nil, fmt.Errorf("start the embedded redis: %w", err)
		}
		opt = &redis.Options{Addr: q.embedded.Addr(), Password: hex.EncodeToString(secret[:])}
	} else {
		var err error
		if opt, err = redis.ParseURL(url); err != nil {
			return nil, errors.New("redis URL: must be redis://[user:password@]host:port/db, or rediss:// with TLS") // the cause may hold the password
		}
	}
	opt.DialTimeout, opt.ReadTimeout, opt.WriteTimeout = 3*time.Second, 5*time.Second, 5*time.Second
	q.redis = redis.NewClient(opt)
	q.client = asynq.NewClientFromRedisClient(q.redis)
	return q, nil
}

// silence keeps go-redis from writing to the standard error by itself, in a form of its own: whatever it has to say comes back as an error, too.
type silence struct{}

// Printf does nothing.
func (silence) Printf(context.Context, string, ...any) {}

func init() { redis.SetLogger(silence{}) }

const (
	reminderType = "job"
	// reminderLife is what asynq allows for a task; a job has its own, shorter limit.
	reminderLife = 2 * time.Hour
)

// task is what is sent: look at these jobs of one kind.
type task struct {
	Kind string   `json:"kind"`
	Jobs []string `json:"jobs"` // ids
}

func (q *asynqQueue) send(ctx context.Context, together []models.Reminder) error {
	first := together[0]
	t := task{Kind: first.Kind, Jobs: make([]string, len(together))}
	for i, r := range together {
		t.Jobs[i] = r.ID
	}
	payload, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("encode reminder of job %s: %w", first.ID, err)
	}
	// The task's id is new with each reminder: asynq keeps the id of an archived task taken for good.
	id := fmt.Sprintf("%s#%d", first.ID, first.Nth)
	_, err = q.client.EnqueueContext(ctx, asynq.NewTask(reminderType, payload), asynq.TaskID(id), asynq.MaxRetry(0), asynq.Timeout(reminderLife))
	if err != nil && !errors.Is(err, asynq.ErrTaskIDConflict) { // a conflict: this very reminder is there already
		return fmt.Errorf("send reminder of job %s: %w", first.ID, err)
	}
	return nil
}

func (q *asynqQueue) run(ctx context.Context, look func(ctx context.Context, t task)) error {
	server := asynq.NewServerFromRedisClient(q.redis, asynq.Config{
		Concurrency: q.workers,
		// Work ends with ctx: asynq by itself would let it go on until the shutdown timeout, and then abandon it.
		BaseContext:       func() context.Context { return ctx },
		ShutdownTimeout:   time.Minute,
		TaskCheckInterval: 250 * time.Millisecond,
		Logger:            asynqLog{log: q.log},
		LogLevel:          asynq.WarnLevel,
	})
	handler := asynq.HandlerFunc(func(ctx context.Context, sent *asynq.Task) error {
		var t task
		if err := json.Unmarshal(sent.Payload(), &t); err != nil {
			q.log.Warn("a reminder of another version of this program is ignored: it will be sent again", "error", err)
			return nil
		}
		look(ctx, t)
		return nil // whatever came of it is in the rows
	})
	if err := server.Start(handler); err != nil {
		return fmt.Errorf("start asynq: %w", err)
	}
	<-ctx.Done()
	server.Shutdown()
	return nil
}

func (q *asynqQueue) close() error {
	err := q.redis.Close()
	if q.embedded != nil {
		q.embedded.Close()
	}
	if err != nil {
		return fmt.Errorf("close redis: %w", err)
	}
	return nil
}

// ping reports whether Redis answers.
func (q *asynqQueue) ping(ctx context.Context) error {
	if err := q.redis.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("ping redis: %w", err)
	}
	return nil
}

// asynqLog passes asynq's own words on. None of them is an error of ours: a Redis that is away is reported by the relay.
type asynqLog struct{ log *slog.Logger }

func (l asynqLog) say(level slog.Level, args []any) {
	l.log.Log(context.Background(), level, "asynq", "text", strings.TrimSpace(fmt.Sprintln(args...)))
}

func (l asynqLog) Debug(args ...any) { l.say(slog.LevelDebug, args) }
func (l asynqLog) Info(args ...any)  { l.say(slog.LevelDebug, args) }
func (l asynqLog) Warn(args ...any)  { l.say(slog.LevelInfo, args) }
func (l asynqLog) Error(args ...any) { l.say(slog.LevelWarn, args) }
func (l asynqLog) Fatal(args ...any) { l.say(slog.LevelError, args) }
