-- What was measured of queues and agents: bare facts with a duration, one of a timeline entry at most. No threshold and no formula has touched them.

-- +goose Up
CREATE TABLE measures (
    shard  TEXT    NOT NULL,
    seq    INTEGER NOT NULL,
    idx    INTEGER NOT NULL,
    at     INTEGER NOT NULL, -- when what was measured ended
    kind   TEXT    NOT NULL,
    tenant TEXT    NOT NULL,
    queue  TEXT    NOT NULL,
    agent  TEXT    NOT NULL,
    state  TEXT    NOT NULL, -- of an agent, that was left
    lasted INTEGER NOT NULL,
    PRIMARY KEY (shard, seq, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX measures_at ON measures (shard, at);

-- +goose Down
DROP TABLE measures;
