-- What an agent has still to do, by the day on which it is due (C19).

-- +goose Up
CREATE INDEX tasks_open ON tasks (agent, due, created_at, id) WHERE done_at = 0;

-- +goose Down
DROP INDEX tasks_open;
