-- The built-in customer records. Numbers are E.164.

-- +goose Up
CREATE TABLE companies (
    id         TEXT   PRIMARY KEY,
    tenant     TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX companies_tenant ON companies (tenant, id);

CREATE TABLE contacts (
    id         TEXT   PRIMARY KEY,
    tenant     TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    company    TEXT   REFERENCES companies (id),
    owner      TEXT   NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX contacts_tenant ON contacts (tenant, created_at, id);
CREATE INDEX contacts_company ON contacts (company);

CREATE TABLE contact_numbers (
    tenant   TEXT NOT NULL,
    number   TEXT NOT NULL,
    contact  TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    PRIMARY KEY (tenant, number)
) STRICT;
CREATE INDEX contact_numbers_contact ON contact_numbers (contact);

CREATE TABLE leads (
    id         TEXT   PRIMARY KEY,
    tenant     TEXT   NOT NULL,
    number     TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    source     TEXT   NOT NULL,
    call       TEXT   NOT NULL,
    status     TEXT   NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant, number) -- two jobs, or two calls at once, make one lead
) STRICT;
CREATE INDEX leads_created ON leads (created_at, id);

CREATE TABLE lead_exclusions (
    tenant     TEXT   NOT NULL,
    number     TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, number)
) STRICT;

-- +goose Down
DROP TABLE lead_exclusions;
DROP TABLE leads;
DROP TABLE contact_numbers;
DROP TABLE contacts;
DROP TABLE companies;
