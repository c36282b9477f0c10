-- Who may do what, who did what.

-- +goose Up
CREATE TABLE tokens (
    id         TEXT   PRIMARY KEY,
    name       TEXT   NOT NULL,
    hash       TEXT   NOT NULL UNIQUE, -- SHA-256 of the secret, hex
    role       TEXT   NOT NULL,
    tenant     TEXT   NOT NULL,
    agent      TEXT   NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER NOT NULL
) STRICT;

CREATE TABLE idempotency_keys (
    token        TEXT   NOT NULL,
    key          TEXT   NOT NULL,
    route        TEXT   NOT NULL,
    request_hash TEXT   NOT NULL,
    status       INTEGER NOT NULL, -- 0 = not answered yet
    body         BLOB,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (token, key)
) STRICT;
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

CREATE TABLE audit_log (
    id      TEXT   PRIMARY KEY,
    at      INTEGER NOT NULL,
    tenant  TEXT   NOT NULL,
    actor   TEXT   NOT NULL,
    token   TEXT   NOT NULL,
    action  TEXT   NOT NULL,
    object  TEXT   NOT NULL,
    request TEXT   NOT NULL,
    detail  TEXT   NOT NULL
) STRICT;
CREATE INDEX audit_log_at ON audit_log (at, id);

-- +goose Down
DROP TABLE audit_log;
DROP TABLE idempotency_keys;
DROP TABLE tokens;
