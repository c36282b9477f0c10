-- People who sign in, the teams they and the agents are of, and their sessions.

-- +goose Up
CREATE TABLE teams (
    id         TEXT   PRIMARY KEY,
    tenant     TEXT   NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    version    INTEGER NOT NULL,
    detail     TEXT   NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX teams_tenant ON teams (tenant);

CREATE TABLE users (
    id         TEXT   PRIMARY KEY,
    tenant     TEXT   NOT NULL, -- '' = of the whole site
    name       TEXT   NOT NULL UNIQUE, -- to sign in with
    role       TEXT   NOT NULL,
    agent      TEXT   NOT NULL,
    disabled   INTEGER NOT NULL, -- 0 or 1
    password   TEXT   NOT NULL, -- argon2id, with its parameters; '' = none: cannot sign in
    version    INTEGER NOT NULL,
    detail     TEXT   NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX users_tenant ON users (tenant);
CREATE UNIQUE INDEX users_agent ON users (agent) WHERE agent <> '';

CREATE TABLE user_teams (
    user_id  TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    team     TEXT   NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    PRIMARY KEY (user_id, team)
) STRICT;
CREATE INDEX user_teams_team ON user_teams (team);

CREATE TABLE sessions (
    id         TEXT   PRIMARY KEY,
    user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash       TEXT   NOT NULL UNIQUE, -- SHA-256 of the secret, hex
    address    TEXT   NOT NULL, -- where the sign-in came from
    browser    TEXT   NOT NULL, -- User-Agent, shortened
    created_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL, -- at the latest
    ended_at   INTEGER NOT NULL  -- signed out, or revoked; 0 = neither
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id, created_at);
CREATE INDEX sessions_ends ON sessions (ends_at);

CREATE INDEX audit_log_tenant ON audit_log (tenant, at, id);

-- +goose Down
DROP INDEX audit_log_tenant;
DROP TABLE sessions;
DROP TABLE user_teams;
DROP TABLE users;
DROP TABLE teams;
