-- Of a session whose newest generation was made by entering the password again: how to take that back from whoever
-- presents the generation before.
ALTER TABLE sessions ADD COLUMN authenticated_before BIGINT;   -- when the password was entered before that
ALTER TABLE sessions ADD COLUMN replaced_at BIGINT;            -- when the generation before was made

-- The live sessions of an account are found without reading those that have ended.
CREATE INDEX sessions_live_by_user ON sessions (user_id, created_at) WHERE revoked_at IS NULL;

-- One row that is written to learn whether the database takes writes.
CREATE TABLE write_probe (
    at BIGINT NOT NULL
);
INSERT INTO write_probe (at) VALUES (0);
