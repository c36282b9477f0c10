-- Follow-ups: what an agent has promised at the end of a call (C19).

-- +goose Up
CREATE TABLE tasks (
    id         TEXT    PRIMARY KEY,
    tenant     TEXT    NOT NULL,
    agent      TEXT    NOT NULL, -- whose it is
    call       TEXT    NOT NULL, -- that it follows from; contact and lead are its record's
    title      TEXT    NOT NULL,
    due        TEXT    NOT NULL, -- a day, as 2026-01-31
    created_at INTEGER NOT NULL,
    done_at    INTEGER NOT NULL DEFAULT 0 -- 0 = open
) STRICT;
CREATE INDEX tasks_created ON tasks (created_at, id);
CREATE INDEX tasks_agent ON tasks (agent, created_at, id);
CREATE INDEX tasks_call ON tasks (call);

-- +goose Down
DROP TABLE tasks;
