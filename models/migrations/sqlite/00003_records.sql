-- What people look up later, made from the timeline.

-- +goose Up
CREATE TABLE call_records (
    call        TEXT   PRIMARY KEY,
    tenant      TEXT   NOT NULL,
    entry_point TEXT   NOT NULL,
    queue       TEXT   NOT NULL,
    outcome     TEXT   NOT NULL,
    number      TEXT   NOT NULL, -- the caller's, E.164; '' = none
    arrived_at  INTEGER NOT NULL,
    ended_at    INTEGER NOT NULL,
    record      TEXT   NOT NULL,
    -- Written by the lead job, not by the projection:
    party       TEXT   NOT NULL DEFAULT '', -- '', contact, lead, lead_created, withheld, invalid, excluded, off
    contact     TEXT   NOT NULL DEFAULT '',
    lead        TEXT   NOT NULL DEFAULT '',
    erased_at   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX call_records_arrived ON call_records (arrived_at, call);
CREATE INDEX call_records_tenant ON call_records (tenant, arrived_at, call);
CREATE INDEX call_records_number ON call_records (tenant, number);

CREATE TABLE call_agents (
    call  TEXT NOT NULL REFERENCES call_records (call) ON DELETE CASCADE,
    agent TEXT NOT NULL,
    PRIMARY KEY (call, agent)
) STRICT;
CREATE INDEX call_agents_agent ON call_agents (agent, call);

CREATE TABLE call_entries (
    shard TEXT   NOT NULL,
    seq   INTEGER NOT NULL,
    idx   INTEGER NOT NULL,
    call  TEXT   NOT NULL,
    at    INTEGER NOT NULL,
    kind  TEXT   NOT NULL,
    body  TEXT   NOT NULL,
    PRIMARY KEY (shard, seq, idx)
) STRICT;
CREATE INDEX call_entries_call ON call_entries (call, seq, idx);

CREATE TABLE call_legs (
    call        TEXT   NOT NULL,
    leg         TEXT   NOT NULL,
    role        TEXT   NOT NULL,
    agent       TEXT   NOT NULL DEFAULT '',
    started_at  INTEGER NOT NULL,
    ringing_at  INTEGER NOT NULL DEFAULT 0,
    answered_at INTEGER NOT NULL DEFAULT 0,
    ended_at    INTEGER NOT NULL DEFAULT 0,
    outcome     TEXT   NOT NULL DEFAULT '',
    cause       TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (call, leg)
) STRICT;

CREATE TABLE agent_states (
    shard      TEXT   NOT NULL,
    seq        INTEGER NOT NULL,
    idx        INTEGER NOT NULL,
    tenant     TEXT   NOT NULL,
    agent      TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    cause      TEXT   NOT NULL,
    actor      TEXT   NOT NULL,
    call       TEXT   NOT NULL,
    since_at   INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (shard, seq, idx)
) STRICT;
CREATE INDEX agent_states_agent ON agent_states (agent, since_at);
CREATE INDEX agent_states_open ON agent_states (agent) WHERE ended_at = 0;

CREATE TABLE recordings (
    id              TEXT   PRIMARY KEY,
    tenant          TEXT   NOT NULL,
    call            TEXT   NOT NULL,
    agent           TEXT   NOT NULL,
    engine          TEXT   NOT NULL,
    state           TEXT   NOT NULL, -- recording, pending, archived, failed, lost, erased
    why             TEXT   NOT NULL, -- how it stopped
    started_at      INTEGER NOT NULL,
    stopped_at      INTEGER NOT NULL,
    length          INTEGER NOT NULL, -- microseconds: as the timeline says, then of the audio
    object          TEXT   NOT NULL DEFAULT '', -- key in the bucket
    media_type      TEXT   NOT NULL DEFAULT '',
    size            INTEGER NOT NULL DEFAULT 0,
    sha256          TEXT   NOT NULL DEFAULT '',
    error           TEXT   NOT NULL DEFAULT '',
    archived_at     INTEGER NOT NULL DEFAULT 0,
    source_gone_at  INTEGER NOT NULL DEFAULT 0  -- deleted at the switch
) STRICT;
CREATE INDEX recordings_started ON recordings (started_at, id);
CREATE INDEX recordings_call ON recordings (call);

CREATE TABLE alerts (
    id        TEXT   PRIMARY KEY, -- where it comes from, so that it is made once
    at        INTEGER NOT NULL,
    tenant    TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    call      TEXT   NOT NULL,
    agent     TEXT   NOT NULL,
    recording TEXT   NOT NULL,
    TEXT      TEXT   NOT NULL
) STRICT;
CREATE INDEX alerts_at ON alerts (at, id);

-- +goose Down
DROP TABLE alerts;
DROP TABLE recordings;
DROP TABLE agent_states;
DROP TABLE call_legs;
DROP TABLE call_entries;
DROP TABLE call_agents;
DROP TABLE call_records;
