-- +goose Up
-- A person talks with an official through the bot, in one of his chats, until one of them ends it or its time is up.
CREATE TABLE talks(
  id TEXT PRIMARY KEY,
  person TEXT NOT NULL REFERENCES people(id),
  place TEXT NOT NULL, -- where he belongs: the official must have the right there
  channel TEXT NOT NULL,
  address TEXT NOT NULL, -- sealed
  official TEXT NOT NULL REFERENCES people(id),
  role TEXT NOT NULL, -- the office in which he talks
  area TEXT NOT NULL,
  opened_at BIGINT NOT NULL,
  until BIGINT NOT NULL,
  joined_at BIGINT NOT NULL DEFAULT 0, -- when the official took it up
  closed_at BIGINT NOT NULL DEFAULT 0,
  ended TEXT NOT NULL DEFAULT ''
);
CREATE INDEX talks_person ON talks(person);
CREATE INDEX talks_official ON talks(official) WHERE closed_at = 0;

CREATE TABLE talk_lines(
  id TEXT PRIMARY KEY,
  talk TEXT NOT NULL REFERENCES talks(id),
  number BIGINT NOT NULL, -- counts in its talk
  said_to TEXT NOT NULL, -- the person who gets it
  said TEXT NOT NULL, -- sealed
  at BIGINT NOT NULL
);
CREATE UNIQUE INDEX talk_lines_number ON talk_lines(talk, number);
CREATE INDEX talk_lines_at ON talk_lines(at);

CREATE INDEX notices_subject ON notices(subject) WHERE state IN ('due', 'sending');

-- +goose Down
DROP INDEX notices_subject;
DROP TABLE talk_lines;
DROP TABLE talks;
