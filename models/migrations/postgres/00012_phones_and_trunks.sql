-- Desk phones and carriers, which are written into the switches' configuration. secret is sealed with the installation's key: see models/key.go.

-- +goose Up
CREATE TABLE phones (
    id          text   PRIMARY KEY,
    tenant      text   NOT NULL REFERENCES tenants (id),
    engine      text   NOT NULL, -- '' = every switch
    username    text   NOT NULL, -- in small letters: switches compare names without case
    secret      text   NOT NULL, -- of the password MD5(user:realm:password); '' = none: cannot register
    password_at bigint NOT NULL, -- when it was set; 0 = never
    version     bigint NOT NULL,
    detail      jsonb  NOT NULL,
    created_at  bigint NOT NULL,
    updated_at  bigint NOT NULL,
    UNIQUE (engine, username)
);
CREATE INDEX phones_tenant ON phones (tenant);

CREATE TABLE trunks (
    id          text   PRIMARY KEY, -- the name under which switches know it
    engine      text   NOT NULL, -- '' = every switch
    secret      text   NOT NULL, -- the password that is sent; '' = none
    password_at bigint NOT NULL,
    version     bigint NOT NULL,
    detail      jsonb  NOT NULL,
    created_at  bigint NOT NULL,
    updated_at  bigint NOT NULL
);

-- +goose Down
DROP TABLE trunks;
DROP TABLE phones;
