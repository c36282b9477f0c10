-- What was measured of queues and agents: bare facts with a duration, one of a timeline entry at most. No threshold and no formula has touched them.

-- +goose Up
CREATE TABLE measures (
    shard  text   NOT NULL,
    seq    bigint NOT NULL,
    idx    int    NOT NULL,
    at     bigint NOT NULL, -- when what was measured ended
    kind   text   NOT NULL,
    tenant text   NOT NULL,
    queue  text   NOT NULL,
    agent  text   NOT NULL,
    state  text   NOT NULL, -- of an agent, that was left
    lasted bigint NOT NULL,
    PRIMARY KEY (shard, seq, idx)
);
CREATE INDEX measures_at ON measures (shard, at);

-- +goose Down
DROP TABLE measures;
