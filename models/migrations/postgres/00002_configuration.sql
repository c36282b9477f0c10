-- What is set up. detail holds the settings in the words of orchestrator/core; what must be unique or must exist is a table.

-- +goose Up
CREATE TABLE site (
    id         int    PRIMARY KEY CHECK (id = 1),
    version    bigint NOT NULL,
    detail     jsonb  NOT NULL,
    updated_at bigint NOT NULL
);

CREATE TABLE tenants (
    id         text   PRIMARY KEY,
    version    bigint NOT NULL,
    detail     jsonb  NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);

CREATE TABLE agents (
    id         text   PRIMARY KEY,
    tenant     text   NOT NULL REFERENCES tenants (id),
    engine     text   NOT NULL,
    phone      text   NOT NULL,
    version    bigint NOT NULL,
    detail     jsonb  NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (engine, phone)
);
CREATE INDEX agents_tenant ON agents (tenant);

CREATE TABLE queues (
    id         text   PRIMARY KEY,
    tenant     text   NOT NULL REFERENCES tenants (id),
    version    bigint NOT NULL,
    detail     jsonb  NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE INDEX queues_tenant ON queues (tenant);

CREATE TABLE queue_members (
    queue    text NOT NULL REFERENCES queues (id) ON DELETE CASCADE,
    agent    text NOT NULL REFERENCES agents (id),
    position int  NOT NULL,
    level    int  NOT NULL,
    rank     int  NOT NULL,
    PRIMARY KEY (queue, agent)
);
CREATE INDEX queue_members_agent ON queue_members (agent);

CREATE TABLE entry_points (
    id         text   PRIMARY KEY,
    tenant     text   NOT NULL REFERENCES tenants (id),
    queue      text   REFERENCES queues (id),
    version    bigint NOT NULL,
    detail     jsonb  NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE INDEX entry_points_tenant ON entry_points (tenant);
CREATE INDEX entry_points_queue ON entry_points (queue);

CREATE TABLE entry_point_numbers (
    number      text PRIMARY KEY,
    entry_point text NOT NULL REFERENCES entry_points (id) ON DELETE CASCADE,
    position    int  NOT NULL
);
CREATE INDEX entry_point_numbers_entry_point ON entry_point_numbers (entry_point);

CREATE TABLE entry_point_users (
    entry_point text NOT NULL REFERENCES entry_points (id) ON DELETE CASCADE,
    agent       text NOT NULL REFERENCES agents (id),
    position    int  NOT NULL,
    PRIMARY KEY (entry_point, agent)
);
CREATE INDEX entry_point_users_agent ON entry_point_users (agent);

-- What has been deleted, so that rules that were not running then can be told.
CREATE TABLE config_removed (
    kind       text   NOT NULL,
    id         text   NOT NULL,
    removed_at bigint NOT NULL,
    PRIMARY KEY (kind, id)
);

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
