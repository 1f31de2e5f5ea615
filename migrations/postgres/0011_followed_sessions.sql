-- A change of password starts another session in the same browser. Whoever signs out with the cookie of the one before
-- means that one too.
ALTER TABLE sessions ADD COLUMN followed_by TEXT COLLATE "C";
