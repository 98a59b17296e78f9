-- +goose Up
ALTER TABLE invites ADD COLUMN id TEXT NOT NULL DEFAULT '';
ALTER TABLE invites ADD COLUMN made_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE invites ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE invites ADD COLUMN undone_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE invites ADD COLUMN office_until BIGINT NOT NULL DEFAULT 0; -- 0: the office has no end
-- An office ends at once, or on a day that is known before.
CREATE INDEX offices_person ON offices(person);
CREATE INDEX offices_all ON offices(place, role);
CREATE UNIQUE INDEX invites_id ON invites(id) WHERE id <> '';
CREATE INDEX invites_made ON invites(made_by, made_at);

-- +goose Down
DROP INDEX invites_made;
DROP INDEX invites_id;
DROP INDEX offices_all;
DROP INDEX offices_person;
ALTER TABLE invites DROP COLUMN office_until;
ALTER TABLE invites DROP COLUMN undone_at;
ALTER TABLE invites DROP COLUMN used_at;
ALTER TABLE invites DROP COLUMN made_at;
ALTER TABLE invites DROP COLUMN id;
