// Package jobs does the work on the outside that follows from calls: it archives recordings (C15), erases those that must not be kept (C17), and makes leads of unknown
// callers (R2).
//
// # Rows are the truth
//
// Every job is a row in the database first, written in the same transaction as the record it follows from (models.Projector). What
// goes through asynq and Redis is a reminder: "look at these jobs". A reminder that is lost, doubled, late, or all of Redis gone, costs time and
// nothing else:
//
//	rows due ──relay──▶ reminder in Redis ──asynq──▶ Claim (one UPDATE: who may work) ──▶ do ──▶ Finish, or Fail with a time to try again
//
// Attempts, back-off and giving up are the row's. asynq retries nothing (MaxRetry 0), because its own book-keeping has traps that lose or
// block work: a crashed worker's task counts as a retry and may be archived, and an archived task's id can never be enqueued again. So
// each reminder has a task id of its own, the first job's id with a running number, and one that has led to nothing within a minute is
// sent again. After a start everything unfinished is reminded of again.
//
// Calls end all the time, and a lead's own work is small beside the way to it: a task, a claim, a transaction. So leads that are due within the same half second are
// reminded of, claimed and made together. A job that fails takes its company's attempt along, and nothing else: what has failed before goes alone.
//
// asynq is not on the path of a live call: it picks up a task within 0.2 to 1.3 seconds, which is fine for an archive and not for a ring time.
//
// The embedded default needs no Redis: one runs in the process (miniredis), on a loopback port behind a random password.
//
// # Recordings
//
// A recording is fetched from the switch, checked, put into the bucket under tenant/yyyy/mm/dd/call/recording.wav, and noted in its row
// with size, length and SHA-256. Only after that is durable is it deleted at the switch. Each step may be repeated, so a crash
// between any two of them is repaired by doing the job again: the object's key is a function of the recording, so there is one object.
//
// A recording that its agent has discarded is erased instead: in the bucket, whether or not it had come so far, and at the switch. Its row says so from the moment at which the
// agent asked, and is looked at before a file is fetched and again, in the same statement, when it is noted as archived. So of an archive job and a discard job that
// meet, whichever comes last leaves nothing. A process that is killed may leave copies: the one that a file bucket had begun is erased with the object, the one that was being
// checked is removed when the next process starts.
//
// Recordings stay what the switch wrote: WAV with 16-bit PCM. It is lossless, every browser and tool plays it, and a byte range is a time
// range, which seeking in a long call needs. Compressing would save about half (FLAC of telephone speech) for an encoder in the path of
// evidence and an object whose hash is not the switch's file's. Buckets that should be small can compress or age objects out themselves.
package jobs
