-- +goose Up
-- Money is whole rupiah, times are UTC microseconds, months are year*12+month-1, dates are ISO text, '' is none.
-- Columns named *_key are keyed hashes; what is sealed says so.

CREATE TABLE keysets(
  name TEXT PRIMARY KEY,
  wrapped TEXT NOT NULL,
  made_at BIGINT NOT NULL
);

CREATE TABLE rts(
  rt TEXT PRIMARY KEY,
  kelurahan TEXT NOT NULL,
  number BIGINT NOT NULL,
  sample BIGINT NOT NULL CHECK(sample IN (0, 1))
);
CREATE INDEX rts_kelurahan ON rts(kelurahan, number);

CREATE TABLE people(
  id TEXT PRIMARY KEY,
  phone_key TEXT NOT NULL,
  personal TEXT NOT NULL, -- sealed
  made_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX people_phone ON people(phone_key) WHERE phone_key <> '';

CREATE TABLE offices(
  id TEXT PRIMARY KEY,
  person TEXT NOT NULL REFERENCES people(id),
  role TEXT NOT NULL,
  place TEXT NOT NULL,
  since BIGINT NOT NULL,
  until BIGINT NOT NULL DEFAULT 0 -- 0: still held
);
CREATE UNIQUE INDEX offices_held ON offices(person, role, place) WHERE until = 0;
CREATE INDEX offices_place ON offices(place, role) WHERE until = 0;

CREATE TABLE chats(
  chat_key TEXT PRIMARY KEY,
  channel TEXT NOT NULL,
  address TEXT NOT NULL, -- sealed
  person TEXT NOT NULL REFERENCES people(id),
  how TEXT NOT NULL,
  linked_at BIGINT NOT NULL
);
CREATE INDEX chats_person ON chats(person);

CREATE TABLE invites(
  code_key TEXT PRIMARY KEY,
  role TEXT NOT NULL,
  place TEXT NOT NULL,
  phone_key TEXT NOT NULL,
  personal TEXT NOT NULL, -- sealed
  made_by TEXT NOT NULL,
  until BIGINT NOT NULL,
  used_by TEXT NOT NULL DEFAULT ''
);

CREATE TABLE invite_tries(
  id TEXT PRIMARY KEY,
  chat_key TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX invite_tries_chat ON invite_tries(chat_key, at);

CREATE TABLE budgets(
  rt TEXT NOT NULL,
  year BIGINT NOT NULL,
  ceiling BIGINT NOT NULL CHECK(ceiling BETWEEN 0 AND 1000000000000),
  spent BIGINT NOT NULL DEFAULT 0 CHECK(spent >= 0),
  committed BIGINT NOT NULL DEFAULT 0 CHECK(committed >= 0),
  spent_outside BIGINT NOT NULL DEFAULT 0 CHECK(spent_outside BETWEEN 0 AND 1000000000000),
  committed_outside BIGINT NOT NULL DEFAULT 0 CHECK(committed_outside BETWEEN 0 AND 1000000000000),
  spent_before BIGINT NOT NULL CHECK(spent_before >= 0),
  received BIGINT NOT NULL CHECK(received >= 0),
  source TEXT NOT NULL,
  as_of TEXT NOT NULL,
  disbursed_on TEXT NOT NULL,
  turn_group TEXT NOT NULL,
  social_plan BIGINT NOT NULL CHECK(social_plan >= 0),
  has_social_plan BIGINT NOT NULL CHECK(has_social_plan IN (0, 1)),
  version BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY(rt, year),
  CHECK(spent + committed <= ceiling),
  CHECK(spent_outside + committed_outside = 0 OR spent + committed = ceiling)
);

CREATE TABLE budget_lines(
  rt TEXT NOT NULL,
  year BIGINT NOT NULL,
  place BIGINT NOT NULL,
  name TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK(amount BETWEEN 0 AND 1000000000000),
  spent BIGINT NOT NULL CHECK(spent >= 0 AND spent <= amount),
  PRIMARY KEY(rt, year, place),
  FOREIGN KEY(rt, year) REFERENCES budgets(rt, year)
);

CREATE TABLE ledger(
  id TEXT PRIMARY KEY,
  rt TEXT NOT NULL,
  year BIGINT NOT NULL,
  kind TEXT NOT NULL,
  ceiling BIGINT NOT NULL,
  spent BIGINT NOT NULL,
  committed BIGINT NOT NULL,
  outside BIGINT NOT NULL,
  worker TEXT NOT NULL,
  op TEXT NOT NULL,
  by_person TEXT NOT NULL,
  at BIGINT NOT NULL,
  reason TEXT NOT NULL,
  reverses TEXT NOT NULL,
  FOREIGN KEY(rt, year) REFERENCES budgets(rt, year)
);
CREATE INDEX ledger_budget ON ledger(rt, year, id);
CREATE INDEX ledger_worker ON ledger(worker) WHERE worker <> '';

CREATE TABLE workers(
  id TEXT PRIMARY KEY,
  rt TEXT NOT NULL,
  nik_key TEXT NOT NULL,
  phone_key TEXT NOT NULL,
  active BIGINT NOT NULL CHECK(active IN (0, 1)), -- the NIK is taken
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  category TEXT NOT NULL,
  elsewhere TEXT NOT NULL,
  first_month BIGINT NOT NULL,
  months BIGINT NOT NULL CHECK(months BETWEEN 0 AND 240),
  paid_until BIGINT NOT NULL,
  registered_at BIGINT NOT NULL,
  registered_by TEXT NOT NULL,
  version BIGINT NOT NULL,
  personal TEXT NOT NULL -- sealed
);
CREATE UNIQUE INDEX workers_nik ON workers(nik_key) WHERE active = 1;
CREATE INDEX workers_rt ON workers(rt, registered_at, id);
CREATE INDEX workers_phone ON workers(phone_key) WHERE phone_key <> '' AND active = 1;

CREATE TABLE worker_changes(
  id TEXT PRIMARY KEY,
  worker TEXT NOT NULL REFERENCES workers(id),
  field TEXT NOT NULL,
  old TEXT NOT NULL, -- sealed
  by_person TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX worker_changes_worker ON worker_changes(worker, id);

CREATE TABLE cover_months(
  worker TEXT NOT NULL REFERENCES workers(id),
  month BIGINT NOT NULL,
  rt TEXT NOT NULL,
  year BIGINT NOT NULL,
  amount BIGINT NOT NULL CHECK(amount >= 0),
  rule TEXT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY(worker, month)
);
CREATE INDEX cover_months_budget ON cover_months(rt, year, state);

CREATE TABLE elsewhere(
  nik_key TEXT NOT NULL,
  payer TEXT NOT NULL,
  until BIGINT NOT NULL, -- 0: no end known
  source TEXT NOT NULL,
  PRIMARY KEY(nik_key, payer)
);

CREATE TABLE alerts(
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  kelurahan TEXT NOT NULL,
  rt TEXT NOT NULL,
  worker TEXT NOT NULL,
  reason TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX alerts_kelurahan ON alerts(kelurahan, id);

CREATE TABLE refusals(
  op TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  rt TEXT NOT NULL,
  person TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX refusals_person ON refusals(person, rt, at);

CREATE TABLE consents(
  id TEXT PRIMARY KEY,
  worker TEXT NOT NULL REFERENCES workers(id),
  version TEXT NOT NULL,
  given_by TEXT NOT NULL, -- sealed
  channel TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX consents_worker ON consents(worker);

CREATE TABLE operations(
  op TEXT PRIMARY KEY,
  by_person TEXT NOT NULL,
  at BIGINT NOT NULL,
  answer TEXT NOT NULL -- sealed
);

CREATE TABLE audit(
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  by_person TEXT NOT NULL,
  what TEXT NOT NULL,
  subject TEXT NOT NULL,
  op TEXT NOT NULL
);
CREATE INDEX audit_subject ON audit(subject, id);

-- +goose Down
DROP TABLE audit;
DROP TABLE operations;
DROP TABLE consents;
DROP TABLE refusals;
DROP TABLE alerts;
DROP TABLE elsewhere;
DROP TABLE cover_months;
DROP TABLE worker_changes;
DROP TABLE workers;
DROP TABLE ledger;
DROP TABLE budget_lines;
DROP TABLE budgets;
DROP TABLE invite_tries;
DROP TABLE invites;
DROP TABLE chats;
DROP TABLE offices;
DROP TABLE people;
DROP TABLE rts;
DROP TABLE keysets;
