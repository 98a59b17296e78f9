-- +goose Up
-- When rotation added a key to the keyset of sealed values. The first key is as old as the keyset.
CREATE TABLE value_keys(
  id BIGINT PRIMARY KEY,
  made_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE value_keys;
