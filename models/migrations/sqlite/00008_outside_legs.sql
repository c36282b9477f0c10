-- The number of a party outside that was dialled for a call: what tells such a leg from others, where an agent's has the agent.

-- +goose Up
ALTER TABLE call_legs ADD COLUMN number TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE call_legs DROP COLUMN number;
