-- +goose Up
-- A worker who lives in another RT now: the new one asks, the old one or the kelurahan decides.
CREATE TABLE moves(
  id TEXT PRIMARY KEY,
  worker TEXT NOT NULL REFERENCES workers(id),
  from_rt TEXT NOT NULL,
  to_rt TEXT NOT NULL,
  asked_by TEXT NOT NULL,
  at BIGINT NOT NULL,
  state TEXT NOT NULL,
  decided_by TEXT NOT NULL DEFAULT '',
  decided_at BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX moves_open ON moves(worker) WHERE state = 'asked';
CREATE INDEX moves_from ON moves(from_rt) WHERE state = 'asked';

-- +goose Down
DROP TABLE moves;
