-- Desk phones and carriers, which are written into the switches' configuration. secret is sealed with the installation's key: see models/key.go.

-- +goose Up
CREATE TABLE phones (
    id          TEXT    PRIMARY KEY,
    tenant      TEXT    NOT NULL REFERENCES tenants (id),
    engine      TEXT    NOT NULL, -- '' = every switch
    username    TEXT    NOT NULL, -- in small letters: switches compare names without case
    secret      TEXT    NOT NULL, -- of the password MD5(user:realm:password); '' = none: cannot register
    password_at INTEGER NOT NULL, -- when it was set; 0 = never
    version     INTEGER NOT NULL,
    detail      TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    UNIQUE (engine, username)
) STRICT;
CREATE INDEX phones_tenant ON phones (tenant);

CREATE TABLE trunks (
    id          TEXT    PRIMARY KEY, -- the name under which switches know it
    engine      TEXT    NOT NULL, -- '' = every switch
    secret      TEXT    NOT NULL, -- the password that is sent; '' = none
    password_at INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    detail      TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE trunks;
DROP TABLE phones;
