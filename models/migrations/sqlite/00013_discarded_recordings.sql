-- What was recorded of a call can be discarded by its agent (C17). The row stays, and says who did it.

-- +goose Up
ALTER TABLE recordings ADD COLUMN discarded_at INTEGER NOT NULL DEFAULT 0; -- 0 = to be kept
ALTER TABLE recordings ADD COLUMN discarded_by TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE recordings DROP COLUMN discarded_by;
ALTER TABLE recordings DROP COLUMN discarded_at;
