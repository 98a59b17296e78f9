-- +goose Up
-- What a person asks about his own data, with the time until which it must be answered.
CREATE TABLE tickets(
  id TEXT PRIMARY KEY,
  number BIGINT NOT NULL,
  kind TEXT NOT NULL,
  worker TEXT NOT NULL,
  person TEXT NOT NULL,
  kelurahan TEXT NOT NULL,
  rt TEXT NOT NULL,
  note TEXT NOT NULL,   -- sealed
  answer TEXT NOT NULL, -- sealed
  at BIGINT NOT NULL,
  due BIGINT NOT NULL,
  closed_at BIGINT NOT NULL DEFAULT 0,
  closed_by TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX tickets_number ON tickets(number);
CREATE UNIQUE INDEX tickets_open ON tickets(worker, person, kind) WHERE closed_at = 0;
CREATE INDEX tickets_kelurahan ON tickets(kelurahan, due) WHERE closed_at = 0;

-- Who asked to be erased, or withdrew his consent: nothing more is done with the record until officials have decided.
ALTER TABLE workers ADD COLUMN paused_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE workers ADD COLUMN erased_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE people ADD COLUMN erased_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX people_erased ON people(erased_at) WHERE erased_at > 0;

-- +goose Down
DROP INDEX people_erased;
ALTER TABLE people DROP COLUMN erased_at;
ALTER TABLE workers DROP COLUMN erased_at;
ALTER TABLE workers DROP COLUMN paused_at;
DROP TABLE tickets;
