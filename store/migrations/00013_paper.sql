-- +goose Up
-- The day that stands on the paper which a worker signed, '' where there is none.
ALTER TABLE consents ADD COLUMN signed_on TEXT NOT NULL DEFAULT '';
-- The earlier registrations of somebody.
CREATE INDEX workers_of_nik ON workers(nik_key) WHERE nik_key <> '';
-- Who holds an office at a place, and whose months end in an RT: asked every minute.
CREATE INDEX offices_role ON offices(role, place);
CREATE INDEX workers_paid ON workers(rt, paid_until) WHERE active = 1;

-- +goose Down
DROP INDEX workers_paid;
DROP INDEX offices_role;
DROP INDEX workers_of_nik;
ALTER TABLE consents DROP COLUMN signed_on;
