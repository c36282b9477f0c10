-- Contacts are changed and deleted by hand (R1): of two who do so at once, the second is told.

-- +goose Up
ALTER TABLE contacts ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- +goose Down
ALTER TABLE contacts DROP COLUMN version;
