-- Opening hours of entry points (N4).

-- +goose Up
CREATE TABLE hours (
    id         TEXT   PRIMARY KEY,
    tenant     TEXT   NOT NULL REFERENCES tenants (id),
    version    INTEGER NOT NULL,
    detail     TEXT  NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX hours_tenant ON hours (tenant);

ALTER TABLE entry_points ADD COLUMN hours TEXT; -- NULL = always open
CREATE INDEX entry_points_hours ON entry_points (hours);

-- +goose Down
DROP INDEX entry_points_hours;
ALTER TABLE entry_points DROP COLUMN hours;
DROP TABLE hours;
