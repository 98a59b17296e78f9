-- +goose Up
-- A chat whose link an official ended stays until its owner was told, and nobody's before.
ALTER TABLE chats ADD COLUMN ended_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX chats_ended ON chats(person) WHERE ended_at > 0;
UPDATE chats SET seen_at = linked_at WHERE seen_at = 0;
-- His number alone links no chat to him any more: it was lost, changed, or silent for long. A code does.
ALTER TABLE people ADD COLUMN locked_at BIGINT NOT NULL DEFAULT 0;
-- Since when he wants no notices that are meant kindly only, 0: he does.
ALTER TABLE people ADD COLUMN quiet_at BIGINT NOT NULL DEFAULT 0;
-- Whom an invitation links anew, '' when it gives an office.
ALTER TABLE invites ADD COLUMN person TEXT NOT NULL DEFAULT '';
-- When it was noted that the registration is over, 0 while it is not: five years later its data go.
ALTER TABLE workers ADD COLUMN ended_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX workers_ended ON workers(ended_at) WHERE ended_at > 0 AND erased_at = 0;
CREATE INDEX operations_answered ON operations(at) WHERE answer <> '';
CREATE INDEX audit_by ON audit(by_person, id);

-- +goose Down
DROP INDEX audit_by;
DROP INDEX operations_answered;
DROP INDEX workers_ended;
ALTER TABLE workers DROP COLUMN ended_at;
ALTER TABLE invites DROP COLUMN person;
ALTER TABLE people DROP COLUMN quiet_at;
ALTER TABLE people DROP COLUMN locked_at;
DROP INDEX chats_ended;
ALTER TABLE chats DROP COLUMN ended_at;
