-- The app lists a tenant's leads (R2), newest first, and looks again every now and then.

-- +goose Up
CREATE INDEX leads_tenant ON leads (tenant, created_at, id);

-- +goose Down
DROP INDEX leads_tenant;
