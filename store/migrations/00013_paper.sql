-- +goose Up
-- The day that stands on the paper which a worker signed, '' where there is none.
ALTER TABLE consents ADD COLUMN signed_on TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE consents DROP COLUMN signed_on;
