-- Accounts whose password hash another program made. It goes when the hash is renewed, at the next sign-in, or the
-- password is another one. While there is a row, refusals take as long as the slowest check of any kind.
CREATE TABLE imported_hashes (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    kind    TEXT NOT NULL                             -- what decides how long a check takes: algorithm and parameters
) STRICT;

CREATE INDEX imported_hashes_by_kind ON imported_hashes (kind);
