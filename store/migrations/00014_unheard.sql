-- +goose Up
-- Who heard of something, and which alerts are new: what nobody heard is told to who comes into the office.
CREATE INDEX notices_about ON notices(subject, kind);
CREATE INDEX alerts_at ON alerts(at);

-- +goose Down
DROP INDEX alerts_at;
DROP INDEX notices_about;
