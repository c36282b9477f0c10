-- Who may do what, who did what.

-- +goose Up
CREATE TABLE tokens (
    id         text   PRIMARY KEY,
    name       text   NOT NULL,
    hash       text   NOT NULL UNIQUE, -- SHA-256 of the secret, hex
    role       text   NOT NULL,
    tenant     text   NOT NULL,
    agent      text   NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    revoked_at bigint NOT NULL
);

CREATE TABLE idempotency_keys (
    token        text   NOT NULL,
    key          text   NOT NULL,
    route        text   NOT NULL,
    request_hash text   NOT NULL,
    status       int    NOT NULL, -- 0 = not answered yet
    body         bytea,
    created_at   bigint NOT NULL,
    PRIMARY KEY (token, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

CREATE TABLE audit_log (
    id      text   PRIMARY KEY,
    at      bigint NOT NULL,
    tenant  text   NOT NULL,
    actor   text   NOT NULL,
    token   text   NOT NULL,
    action  text   NOT NULL,
    object  text   NOT NULL,
    request text   NOT NULL,
    detail  json   NOT NULL
);
CREATE INDEX audit_log_at ON audit_log (at, id);

-- +goose Down
DROP TABLE audit_log;
DROP TABLE idempotency_keys;
DROP TABLE tokens;
