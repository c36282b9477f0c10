-- People who sign in, the teams they and the agents are of, and their sessions.

-- +goose Up
CREATE TABLE teams (
    id         text   PRIMARY KEY,
    tenant     text   NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    version    bigint NOT NULL,
    detail     jsonb  NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE INDEX teams_tenant ON teams (tenant);

CREATE TABLE users (
    id         text   PRIMARY KEY,
    tenant     text   NOT NULL, -- '' = of the whole site
    name       text   NOT NULL UNIQUE, -- to sign in with
    role       text   NOT NULL,
    agent      text   NOT NULL,
    disabled   int NOT NULL, -- 0 or 1
    password   text   NOT NULL, -- argon2id, with its parameters; '' = none: cannot sign in
    version    bigint NOT NULL,
    detail     jsonb  NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE INDEX users_tenant ON users (tenant);
CREATE UNIQUE INDEX users_agent ON users (agent) WHERE agent <> '';

CREATE TABLE user_teams (
    user_id  text   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    team     text   NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    position int NOT NULL,
    PRIMARY KEY (user_id, team)
);
CREATE INDEX user_teams_team ON user_teams (team);

CREATE TABLE sessions (
    id         text   PRIMARY KEY,
    user_id    text   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash       text   NOT NULL UNIQUE, -- SHA-256 of the secret, hex
    address    text   NOT NULL, -- where the sign-in came from
    browser    text   NOT NULL, -- User-Agent, shortened
    created_at bigint NOT NULL,
    used_at    bigint NOT NULL,
    ends_at    bigint NOT NULL, -- at the latest
    ended_at   bigint NOT NULL  -- signed out, or revoked; 0 = neither
);
CREATE INDEX sessions_user ON sessions (user_id, created_at);
CREATE INDEX sessions_ends ON sessions (ends_at);

CREATE INDEX audit_log_tenant ON audit_log (tenant, at, id);

-- +goose Down
DROP INDEX audit_log_tenant;
DROP TABLE sessions;
DROP TABLE user_teams;
DROP TABLE users;
DROP TABLE teams;
