-- Work on the outside. These rows are the truth; what is in Redis is only a reminder to look at them.

-- +goose Up
CREATE TABLE jobs (
    id           TEXT   PRIMARY KEY, -- kind:subject, so that the same work is asked for once
    kind         TEXT   NOT NULL,
    tenant       TEXT   NOT NULL,
    payload      TEXT   NOT NULL,
    state        TEXT   NOT NULL, -- pending, running, done, dead
    attempts     INTEGER NOT NULL, -- begun so far
    strikes      INTEGER NOT NULL, -- attempts that ended with something no waiting mends
    next_at      INTEGER NOT NULL, -- pending: not before; running: the worker is given up then
    sends        INTEGER NOT NULL, -- reminders sent
    sent_at      INTEGER NOT NULL, -- the last one; 0 = one is due
    worker       TEXT   NOT NULL, -- running: the claim
    error        TEXT   NOT NULL,
    created_at   INTEGER NOT NULL,
    finished_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_open ON jobs (next_at) WHERE state IN ('pending', 'running');
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE state IN ('done', 'dead');

-- +goose Down
DROP TABLE jobs;
