-- What the bot does unprompted, who does what alone, and what proves the audit.

-- +goose Up
CREATE TABLE leases(
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  until BIGINT NOT NULL
);

CREATE TABLE notices(
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE, -- what it is for: the same is never written twice
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  person TEXT NOT NULL REFERENCES people(id),
  state TEXT NOT NULL CHECK(state IN ('due', 'sending', 'sent', 'unclear', 'dead', 'expired')),
  due BIGINT NOT NULL,
  until BIGINT NOT NULL, -- the last moment
  made_at BIGINT NOT NULL,
  state_at BIGINT NOT NULL
);
CREATE INDEX notices_open ON notices(state, due) WHERE state IN ('due', 'sending', 'unclear');

ALTER TABLE chats ADD COLUMN gone_at BIGINT NOT NULL DEFAULT 0; -- 0: reachable

ALTER TABLE alerts ADD COLUMN number BIGINT NOT NULL DEFAULT 0; -- counts in its kelurahan; 0: from before there were any
CREATE UNIQUE INDEX alerts_number ON alerts(kelurahan, number) WHERE number > 0;

CREATE TABLE audit_seals(
  last TEXT PRIMARY KEY, -- the id of the last audit row that it is for
  at BIGINT NOT NULL,
  hash TEXT NOT NULL -- sealed
);

-- +goose Down
DROP TABLE audit_seals;
DROP INDEX alerts_number;
ALTER TABLE alerts DROP COLUMN number;
ALTER TABLE chats DROP COLUMN gone_at;
DROP TABLE notices;
DROP TABLE leases;
