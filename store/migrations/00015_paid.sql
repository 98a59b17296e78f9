-- +goose Up
-- When it was last noted until when a worker is paid, 0 for before this was noted: the heads of RTs tell who has no chat.
ALTER TABLE workers ADD COLUMN paid_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX workers_paid_at ON workers(paid_at, rt, paid_until) WHERE paid_at > 0;
-- What the heads of RTs have heard, and what was decided, of late: asked every minute.
CREATE INDEX notices_heads ON notices(made_at) WHERE kind IN ('covered_head', 'move', 'moved', 'proof', 'ticket');
CREATE INDEX moves_decided ON moves(decided_at) WHERE decided_at > 0;
-- Only a correction of the birth date has found anybody too old: that is an alert of its own kind.
UPDATE alerts SET kind = 'age' WHERE kind = 'held' AND reason = 'too_old';

-- +goose Down
UPDATE alerts SET kind = 'held' WHERE kind = 'age';
DROP INDEX moves_decided;
DROP INDEX notices_heads;
DROP INDEX workers_paid_at;
ALTER TABLE workers DROP COLUMN paid_at;
