-- Accounts whose password hash another program made. It goes when the hash is renewed, at the next sign-in, or the
-- password is another one. While there is a row, refusals take as long as the slowest check of any kind.
CREATE TABLE imported_hashes (
    user_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    kind    TEXT COLLATE "C" NOT NULL
);

CREATE INDEX imported_hashes_by_kind ON imported_hashes (kind);
