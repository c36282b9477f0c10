-- The shards' logs. Times are microseconds since 1970, UTC.

-- +goose Up
CREATE TABLE leases (
    shard TEXT    PRIMARY KEY,
    owner TEXT    NOT NULL,
    epoch INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;

CREATE TABLE journal (
    shard  TEXT    NOT NULL,
    seq    INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    tenant TEXT    NOT NULL,
    call   TEXT    NOT NULL,
    body   TEXT    NOT NULL,
    PRIMARY KEY (shard, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE timeline (
    shard TEXT    NOT NULL,
    seq   INTEGER NOT NULL,
    idx   INTEGER NOT NULL,
    at    INTEGER NOT NULL,
    kind  TEXT    NOT NULL,
    body  TEXT    NOT NULL,
    PRIMARY KEY (shard, seq, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshots (
    shard TEXT    NOT NULL,
    seq   INTEGER NOT NULL,
    at    INTEGER NOT NULL,
    body  BLOB    NOT NULL,
    PRIMARY KEY (shard, seq)
) STRICT;

CREATE TABLE quarantine (
    id     INTEGER PRIMARY KEY,
    shard  TEXT    NOT NULL,
    seq    INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    tenant TEXT    NOT NULL,
    call   TEXT    NOT NULL,
    body   TEXT    NOT NULL,
    reason TEXT    NOT NULL,
    put_at INTEGER NOT NULL
) STRICT;

-- How far each projection has read each shard's timeline.
CREATE TABLE cursors (
    projection TEXT    NOT NULL,
    shard      TEXT    NOT NULL,
    seq        INTEGER NOT NULL,
    PRIMARY KEY (projection, shard)
) STRICT;

-- +goose Down
DROP TABLE cursors;
DROP TABLE quarantine;
DROP TABLE snapshots;
DROP TABLE timeline;
DROP TABLE journal;
DROP TABLE leases;
