-- The built-in customer records. Numbers are E.164.

-- +goose Up
CREATE TABLE companies (
    id         text   PRIMARY KEY,
    tenant     text   NOT NULL,
    name       text   NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX companies_tenant ON companies (tenant, id);

CREATE TABLE contacts (
    id         text   PRIMARY KEY,
    tenant     text   NOT NULL,
    name       text   NOT NULL,
    company    text   REFERENCES companies (id),
    owner      text   NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX contacts_tenant ON contacts (tenant, created_at, id);
CREATE INDEX contacts_company ON contacts (company);

CREATE TABLE contact_numbers (
    tenant   text NOT NULL,
    number   text NOT NULL,
    contact  text NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    position int  NOT NULL,
    PRIMARY KEY (tenant, number)
);
CREATE INDEX contact_numbers_contact ON contact_numbers (contact);

CREATE TABLE leads (
    id         text   PRIMARY KEY,
    tenant     text   NOT NULL,
    number     text   NOT NULL,
    name       text   NOT NULL,
    source     text   NOT NULL,
    call       text   NOT NULL,
    status     text   NOT NULL,
    created_at bigint NOT NULL,
    UNIQUE (tenant, number) -- two jobs, or two calls at once, make one lead
);
CREATE INDEX leads_created ON leads (created_at, id);

CREATE TABLE lead_exclusions (
    tenant     text   NOT NULL,
    number     text   NOT NULL,
    reason     text   NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant, number)
);

-- +goose Down
DROP TABLE lead_exclusions;
DROP TABLE leads;
DROP TABLE contact_numbers;
DROP TABLE contacts;
DROP TABLE companies;
