-- What is said in a consult is a recording of its own, beside that of the conversation with the customer.

-- +goose Up
ALTER TABLE recordings ADD COLUMN about text NOT NULL DEFAULT ''; -- '' = the conversation with the customer, or consult

-- +goose Down
ALTER TABLE recordings DROP COLUMN about;
