-- A password that somebody else has chosen is to be changed by its owner, until then at the latest.

-- +goose Up
ALTER TABLE users ADD COLUMN password_until bigint NOT NULL DEFAULT 0; -- 0 = is the owner's own

-- +goose Down
ALTER TABLE users DROP COLUMN password_until;
