// Package models is Tandem's durable storage, on PostgreSQL or SQLite, and the only place with SQL.
//
// It keeps four kinds of data, which live by different rules:
//
//   - The journal (journal.go): the log of events, its timeline, snapshots and leases of each shard, as orchestrator/journal asks
//     for it. It is on the path of every call, so an append is one statement and one round trip, and it is fenced: of two processes that
//     both believe to own a shard, one at most can write.
//   - Configuration (config_*.go): tenants, entry points, queues, agents. Rows with a version each; every change is validated in
//     one place and answered with the [core.ConfigChanged] that tells the rules about it. Phones and trunks (lines*.go) are rows of the same kind of which the rules
//     know nothing: the switches' files are made of them. Their passwords are sealed (key.go).
//   - Projections (projector*.go, records*.go): call records, legs, agent states, measures, recordings, alerts. They are made from the timeline by a [Projector],
//     which writes rows, the jobs that follow from them, and its cursor in one transaction: a crash loses nothing and doubles nothing.
//     The log is pruned without touching them, and they could be without touching the log; nothing deletes them by their age yet.
//   - What people and jobs write: contacts and leads, follow-ups (crm*.go), job rows, users with their teams, sessions and tokens (access*.go), idempotency keys, the audit log.
//
// # Rules that hold for all tables
//
// Time is a whole number of microseconds since 1970 in UTC, in columns named ..._at or until; 0 is "not yet". One representation on both databases
// that sorts and compares as a number: SQLite would otherwise compare offsets as text, and PostgreSQL would cut digits that SQLite
// keeps. Durations are microseconds too. The serializer "micro" converts (micro.go).
//
// Text that comes from callers may hold anything. PostgreSQL accepts neither NUL in text nor \u0000 in jsonb, so columns with
// such text are of type json, not jsonb, and text is cleaned on its way in (clean.go): a caller's name must never be able to stop the log.
//
// Migrations are versioned SQL, one directory for each database, embedded ([DB.Migrate]).
//
// SQLite runs with a write-ahead log, one writing connection (transactions queue in the process instead of failing with SQLITE_BUSY) and several
// reading ones. It is for one process on one machine; several processes need PostgreSQL.
package models
