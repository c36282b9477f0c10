-- Work on the outside. These rows are the truth; what is in Redis is only a reminder to look at them.

-- +goose Up
CREATE TABLE jobs (
    id           text   PRIMARY KEY, -- kind:subject, so that the same work is asked for once
    kind         text   NOT NULL,
    tenant       text   NOT NULL,
    payload      json   NOT NULL,
    state        text   NOT NULL, -- pending, running, done, dead
    attempts     int    NOT NULL, -- begun so far
    strikes      int    NOT NULL, -- attempts that ended with something no waiting mends
    next_at      bigint NOT NULL, -- pending: not before; running: the worker is given up then
    sends        int    NOT NULL, -- reminders sent
    sent_at      bigint NOT NULL, -- the last one; 0 = one is due
    worker       text   NOT NULL, -- running: the claim
    error        text   NOT NULL,
    created_at   bigint NOT NULL,
    finished_at  bigint NOT NULL
);
CREATE INDEX jobs_open ON jobs (next_at) WHERE state IN ('pending', 'running');
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE state IN ('done', 'dead');

-- +goose Down
DROP TABLE jobs;
