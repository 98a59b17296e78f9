-- Conversations under way: store/session reads and writes these tables, nobody else changes them.
-- A chat is named by the keyed hash of its address; address, session, replies and bodies are sealed.

-- +goose Up
CREATE TABLE session_processes (
  name     TEXT PRIMARY KEY,
  boot     TEXT NOT NULL,   -- of one start; a later start sorts after an earlier one
  until_us BIGINT NOT NULL  -- alive until then, unless it says so again
);

CREATE TABLE session_chats (
  chat       TEXT PRIMARY KEY,
  channel    TEXT NOT NULL,
  address    TEXT NOT NULL,
  session    TEXT NOT NULL DEFAULT '',
  draft      BIGINT NOT NULL DEFAULT 0 CHECK (draft IN (0, 1)),  -- 1: the session holds answers worth keeping longer
  replies    TEXT NOT NULL DEFAULT '',                           -- not delivered yet
  process    TEXT NOT NULL DEFAULT '',                           -- who plays the chat, '' when nobody does
  boot       TEXT NOT NULL DEFAULT '',
  token      TEXT NOT NULL DEFAULT '',
  turn       BIGINT NOT NULL DEFAULT 0,                          -- updates played
  tries      BIGINT NOT NULL DEFAULT 0,                          -- how often the next update was handed out in vain
  waiting    BIGINT NOT NULL DEFAULT 0 CHECK (waiting >= 0),     -- rows of session_inbox in state 'new'
  flooded    BIGINT NOT NULL DEFAULT 0 CHECK (flooded IN (0, 1)),-- 1: the marker of a full inbox is one of them
  seq        BIGINT NOT NULL DEFAULT 0,                          -- the last place given in the inbox
  touched_us BIGINT NOT NULL,                                    -- claimed or freed
  expires_us BIGINT NOT NULL DEFAULT 0                           -- counts while nobody plays and nothing waits
);
CREATE INDEX session_chats_due ON session_chats (touched_us) WHERE token <> '' OR waiting > 0 OR replies <> '';
CREATE INDEX session_chats_idle ON session_chats (expires_us) WHERE token = '' AND waiting = 0 AND replies = '';

CREATE TABLE session_inbox (
  chat  TEXT NOT NULL,
  id    TEXT NOT NULL,
  seq   BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('new', 'seen', 'aside')),
  body  TEXT NOT NULL,   -- '' once it is seen: only the id is remembered
  at_us BIGINT NOT NULL, -- arrived
  PRIMARY KEY (chat, id)
);
CREATE INDEX session_inbox_new ON session_inbox (chat, seq) WHERE state = 'new';
CREATE INDEX session_inbox_old ON session_inbox (state, at_us) WHERE state <> 'new';

-- +goose Down
DROP TABLE session_inbox;
DROP TABLE session_chats;
DROP TABLE session_processes;
