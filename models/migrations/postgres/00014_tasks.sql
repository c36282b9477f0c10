-- Follow-ups: what an agent has promised at the end of a call (C19).

-- +goose Up
CREATE TABLE tasks (
    id         text   PRIMARY KEY,
    tenant     text   NOT NULL,
    agent      text   NOT NULL, -- whose it is
    call       text   NOT NULL, -- that it follows from; contact and lead are its record's
    title      text   NOT NULL,
    due        text   NOT NULL, -- a day, as 2026-01-31
    created_at bigint NOT NULL,
    done_at    bigint NOT NULL DEFAULT 0 -- 0 = open
);
CREATE INDEX tasks_created ON tasks (created_at, id);
CREATE INDEX tasks_agent ON tasks (agent, created_at, id);
CREATE INDEX tasks_call ON tasks (call);

-- +goose Down
DROP TABLE tasks;
