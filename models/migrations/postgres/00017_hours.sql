-- Opening hours of entry points (N4).

-- +goose Up
CREATE TABLE hours (
    id         text   PRIMARY KEY,
    tenant     text   NOT NULL REFERENCES tenants (id),
    version    bigint NOT NULL,
    detail     jsonb  NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE INDEX hours_tenant ON hours (tenant);

ALTER TABLE entry_points ADD COLUMN hours text; -- NULL = always open
CREATE INDEX entry_points_hours ON entry_points (hours);

-- +goose Down
DROP INDEX entry_points_hours;
ALTER TABLE entry_points DROP COLUMN hours;
DROP TABLE hours;
