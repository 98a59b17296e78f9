-- +goose Up
-- Where the chain of seals ends: one row, made with the keys of a new database.
CREATE TABLE audit_head(
  name TEXT PRIMARY KEY, -- 'audit'
  end_of TEXT NOT NULL -- sealed
);

-- +goose Down
DROP TABLE audit_head;
