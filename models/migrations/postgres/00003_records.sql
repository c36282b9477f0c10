-- What people look up later, made from the timeline. json and not jsonb where callers' words are in it.

-- +goose Up
CREATE TABLE call_records (
    call        text   PRIMARY KEY,
    tenant      text   NOT NULL,
    entry_point text   NOT NULL,
    queue       text   NOT NULL,
    outcome     text   NOT NULL,
    number      text   NOT NULL, -- the caller's, E.164; '' = none
    arrived_at  bigint NOT NULL,
    ended_at    bigint NOT NULL,
    record      json   NOT NULL,
    -- Written by the lead job, not by the projection:
    party       text   NOT NULL DEFAULT '', -- '', contact, lead, lead_created, withheld, invalid, excluded, off
    contact     text   NOT NULL DEFAULT '',
    lead        text   NOT NULL DEFAULT '',
    erased_at   bigint NOT NULL DEFAULT 0
);
CREATE INDEX call_records_arrived ON call_records (arrived_at, call);
CREATE INDEX call_records_tenant ON call_records (tenant, arrived_at, call);
CREATE INDEX call_records_number ON call_records (tenant, number);

CREATE TABLE call_agents (
    call  text NOT NULL REFERENCES call_records (call) ON DELETE CASCADE,
    agent text NOT NULL,
    PRIMARY KEY (call, agent)
);
CREATE INDEX call_agents_agent ON call_agents (agent, call);

CREATE TABLE call_entries (
    shard text   NOT NULL,
    seq   bigint NOT NULL,
    idx   int    NOT NULL,
    call  text   NOT NULL,
    at    bigint NOT NULL,
    kind  text   NOT NULL,
    body  json   NOT NULL,
    PRIMARY KEY (shard, seq, idx)
);
CREATE INDEX call_entries_call ON call_entries (call, seq, idx);

CREATE TABLE call_legs (
    call        text   NOT NULL,
    leg         text   NOT NULL,
    role        text   NOT NULL,
    agent       text   NOT NULL DEFAULT '',
    started_at  bigint NOT NULL,
    ringing_at  bigint NOT NULL DEFAULT 0,
    answered_at bigint NOT NULL DEFAULT 0,
    ended_at    bigint NOT NULL DEFAULT 0,
    outcome     text   NOT NULL DEFAULT '',
    cause       text   NOT NULL DEFAULT '',
    PRIMARY KEY (call, leg)
);

CREATE TABLE agent_states (
    shard      text   NOT NULL,
    seq        bigint NOT NULL,
    idx        int    NOT NULL,
    tenant     text   NOT NULL,
    agent      text   NOT NULL,
    state      text   NOT NULL,
    reason     text   NOT NULL,
    cause      text   NOT NULL,
    actor      text   NOT NULL,
    call       text   NOT NULL,
    since_at   bigint NOT NULL,
    ended_at   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (shard, seq, idx)
);
CREATE INDEX agent_states_agent ON agent_states (agent, since_at);
CREATE INDEX agent_states_open ON agent_states (agent) WHERE ended_at = 0;

CREATE TABLE recordings (
    id              text   PRIMARY KEY,
    tenant          text   NOT NULL,
    call            text   NOT NULL,
    agent           text   NOT NULL,
    engine          text   NOT NULL,
    state           text   NOT NULL, -- recording, pending, archived, failed, lost, erased
    why             text   NOT NULL, -- how it stopped
    started_at      bigint NOT NULL,
    stopped_at      bigint NOT NULL,
    length          bigint NOT NULL, -- microseconds: as the timeline says, then of the audio
    object          text   NOT NULL DEFAULT '', -- key in the bucket
    media_type      text   NOT NULL DEFAULT '',
    size            bigint NOT NULL DEFAULT 0,
    sha256          text   NOT NULL DEFAULT '',
    error           text   NOT NULL DEFAULT '',
    archived_at     bigint NOT NULL DEFAULT 0,
    source_gone_at  bigint NOT NULL DEFAULT 0  -- deleted at the switch
);
CREATE INDEX recordings_started ON recordings (started_at, id);
CREATE INDEX recordings_call ON recordings (call);

CREATE TABLE alerts (
    id        text   PRIMARY KEY, -- where it comes from, so that it is made once
    at        bigint NOT NULL,
    tenant    text   NOT NULL,
    reason    text   NOT NULL,
    call      text   NOT NULL,
    agent     text   NOT NULL,
    recording text   NOT NULL,
    text      text   NOT NULL
);
CREATE INDEX alerts_at ON alerts (at, id);

-- +goose Down
DROP TABLE alerts;
DROP TABLE recordings;
DROP TABLE agent_states;
DROP TABLE call_legs;
DROP TABLE call_entries;
DROP TABLE call_agents;
DROP TABLE call_records;
