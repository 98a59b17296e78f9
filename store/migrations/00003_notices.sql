-- What the bot does unprompted, who does what alone, and what proves the audit.

-- +goose Up
CREATE TABLE leases(
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  until BIGINT NOT NULL
);

-- +goose Down
DROP TABLE leases;
