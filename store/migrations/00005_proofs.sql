-- +goose Up
-- Who tried to prove that he is a worker, and failed.
CREATE TABLE proof_tries(
  op TEXT PRIMARY KEY,
  chat_key TEXT NOT NULL,
  nik_key TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX proof_tries_at ON proof_tries(at);
CREATE INDEX proof_tries_chat ON proof_tries(chat_key, at);
CREATE INDEX proof_tries_nik ON proof_tries(nik_key, at);

-- When the person was last heard in a chat, to the day: a number may get a new owner.
ALTER TABLE chats ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE chats DROP COLUMN seen_at;
DROP TABLE proof_tries;
