-- What an agent has done, the last first (C19).

-- +goose Up
CREATE INDEX tasks_done ON tasks (agent, done_at, id) WHERE done_at <> 0;

-- +goose Down
DROP INDEX tasks_done;
