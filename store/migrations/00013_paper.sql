-- +goose Up
-- The day that stands on the paper which a worker signed, '' where there is none.
ALTER TABLE consents ADD COLUMN signed_on TEXT NOT NULL DEFAULT '';
-- The earlier registrations of somebody.
CREATE INDEX workers_of_nik ON workers(nik_key) WHERE nik_key <> '';

-- +goose Down
DROP INDEX workers_of_nik;
ALTER TABLE consents DROP COLUMN signed_on;
