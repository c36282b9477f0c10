-- The shards' logs. Times are microseconds since 1970, UTC. json and not jsonb: bodies are kept byte for byte, and \u0000 in a
-- caller's name must not make an insert fail.

-- +goose Up
CREATE TABLE leases (
    shard text   PRIMARY KEY,
    owner text   NOT NULL,
    epoch bigint NOT NULL,
    until bigint NOT NULL
);

-- Partitioned by sequence number, because the fence needs (shard, seq) unique and a unique key must hold the partition key.
-- Partitions are made ahead of the log and dropped behind it by the program; see partitions.go.
CREATE TABLE journal (
    shard  text   NOT NULL,
    seq    bigint NOT NULL,
    at     bigint NOT NULL,
    kind   text   NOT NULL,
    tenant text   NOT NULL,
    call   text   NOT NULL,
    body   json   NOT NULL,
    PRIMARY KEY (shard, seq)
) PARTITION BY RANGE (seq);

CREATE TABLE timeline (
    shard text   NOT NULL,
    seq   bigint NOT NULL,
    idx   int    NOT NULL,
    at    bigint NOT NULL,
    kind  text   NOT NULL,
    body  json   NOT NULL,
    PRIMARY KEY (shard, seq, idx)
) PARTITION BY RANGE (seq);

CREATE TABLE snapshots (
    shard text   NOT NULL,
    seq   bigint NOT NULL,
    at    bigint NOT NULL,
    body  bytea  NOT NULL,
    PRIMARY KEY (shard, seq)
);

CREATE TABLE quarantine (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shard  text   NOT NULL,
    seq    bigint NOT NULL,
    at     bigint NOT NULL,
    kind   text   NOT NULL,
    tenant text   NOT NULL,
    call   text   NOT NULL,
    body   json   NOT NULL,
    reason text   NOT NULL,
    put_at bigint NOT NULL
);

-- How far each projection has read each shard's timeline.
CREATE TABLE cursors (
    projection text   NOT NULL,
    shard      text   NOT NULL,
    seq        bigint NOT NULL,
    PRIMARY KEY (projection, shard)
);

-- +goose Down
DROP TABLE cursors;
DROP TABLE quarantine;
DROP TABLE snapshots;
DROP TABLE timeline;
DROP TABLE journal;
DROP TABLE leases;
