-- What is set up. detail holds the settings in the words of orchestrator/core; what must be unique or must exist is a table.

-- +goose Up
CREATE TABLE site (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    version    INTEGER NOT NULL,
    detail     TEXT  NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE tenants (
    id         TEXT   PRIMARY KEY,
    version    INTEGER NOT NULL,
    detail     TEXT  NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE agents (
    id         TEXT   PRIMARY KEY,
    tenant     TEXT   NOT NULL REFERENCES tenants (id),
    engine     TEXT   NOT NULL,
    phone      TEXT   NOT NULL,
    version    INTEGER NOT NULL,
    detail     TEXT  NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (engine, phone)
) STRICT;
CREATE INDEX agents_tenant ON agents (tenant);

CREATE TABLE queues (
    id         TEXT   PRIMARY KEY,
    tenant     TEXT   NOT NULL REFERENCES tenants (id),
    version    INTEGER NOT NULL,
    detail     TEXT  NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX queues_tenant ON queues (tenant);

CREATE TABLE queue_members (
    queue    TEXT NOT NULL REFERENCES queues (id) ON DELETE CASCADE,
    agent    TEXT NOT NULL REFERENCES agents (id),
    position INTEGER NOT NULL,
    level    INTEGER NOT NULL,
    rank     INTEGER NOT NULL,
    PRIMARY KEY (queue, agent)
) STRICT;
CREATE INDEX queue_members_agent ON queue_members (agent);

CREATE TABLE entry_points (
    id         TEXT   PRIMARY KEY,
    tenant     TEXT   NOT NULL REFERENCES tenants (id),
    queue      TEXT   REFERENCES queues (id),
    version    INTEGER NOT NULL,
    detail     TEXT  NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX entry_points_tenant ON entry_points (tenant);
CREATE INDEX entry_points_queue ON entry_points (queue);

CREATE TABLE entry_point_numbers (
    number      TEXT PRIMARY KEY,
    entry_point TEXT NOT NULL REFERENCES entry_points (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL
) STRICT;
CREATE INDEX entry_point_numbers_entry_point ON entry_point_numbers (entry_point);

CREATE TABLE entry_point_users (
    entry_point TEXT NOT NULL REFERENCES entry_points (id) ON DELETE CASCADE,
    agent       TEXT NOT NULL REFERENCES agents (id),
    position    INTEGER NOT NULL,
    PRIMARY KEY (entry_point, agent)
) STRICT;
CREATE INDEX entry_point_users_agent ON entry_point_users (agent);

-- What has been deleted, so that rules that were not running then can be told.
CREATE TABLE config_removed (
    kind       TEXT   NOT NULL,
    id         TEXT   NOT NULL,
    removed_at INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;

-- +goose Down
DROP TABLE config_removed;
DROP TABLE entry_point_users;
DROP TABLE entry_point_numbers;
DROP TABLE entry_points;
DROP TABLE queue_members;
DROP TABLE queues;
DROP TABLE agents;
DROP TABLE tenants;
DROP TABLE site;
