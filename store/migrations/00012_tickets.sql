-- +goose Up
-- Who holds an office asks about his own data, too: where he belongs may be an RT or an area above it.
DROP INDEX tickets_kelurahan;
ALTER TABLE tickets DROP COLUMN kelurahan;
ALTER TABLE tickets RENAME COLUMN rt TO place;
-- Who is meant by somebody who says that he is not he, '' when everybody asks about himself.
ALTER TABLE tickets ADD COLUMN about TEXT NOT NULL DEFAULT '';
-- What was done with the record when it was answered.
ALTER TABLE tickets ADD COLUMN act TEXT NOT NULL DEFAULT '';
UPDATE tickets SET act = 'answer' WHERE closed_at > 0;
-- Which ticket it is for whose answer a record waits.
ALTER TABLE workers ADD COLUMN paused_by TEXT NOT NULL DEFAULT '';
UPDATE workers SET paused_by = COALESCE((SELECT MIN(t.id) FROM tickets t WHERE t.worker = workers.id AND t.closed_at = 0 AND t.kind IN ('erase', 'withdraw')), '')
	WHERE paused_at > 0;
CREATE INDEX workers_paused ON workers(paused_by) WHERE paused_by <> '';
CREATE INDEX tickets_due ON tickets(due) WHERE closed_at = 0;
CREATE INDEX tickets_worker ON tickets(worker);

-- +goose Down
DROP INDEX tickets_worker;
DROP INDEX tickets_due;
DROP INDEX workers_paused;
ALTER TABLE workers DROP COLUMN paused_by;
ALTER TABLE tickets DROP COLUMN act;
ALTER TABLE tickets DROP COLUMN about;
DELETE FROM tickets WHERE worker = ''; -- about officers: there were none
ALTER TABLE tickets RENAME COLUMN place TO rt;
ALTER TABLE tickets ADD COLUMN kelurahan TEXT NOT NULL DEFAULT '';
UPDATE tickets SET kelurahan = substr(rt, 1, 10);
CREATE INDEX tickets_kelurahan ON tickets(kelurahan, due) WHERE closed_at = 0;
