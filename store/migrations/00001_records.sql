-- +goose Up
CREATE TABLE keysets(
  name TEXT PRIMARY KEY,
  wrapped TEXT NOT NULL,
  made_at BIGINT NOT NULL
);
CREATE TABLE audit(
  id TEXT PRIMARY KEY
);
CREATE TABLE ledger(
  id TEXT PRIMARY KEY
);

-- +goose Down
DROP TABLE keysets;
