-- Times are milliseconds since 1970-01-01T00:00:00Z. Ids are UUIDs in lower-case text.
-- The PostgreSQL folder holds the same versions; the store's statements run on both.

CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    email         TEXT    NOT NULL UNIQUE,            -- in its canonical form
    display_name  TEXT    NOT NULL,
    name_key      TEXT    NOT NULL,                   -- the display name in lower case, for searching
    password_hash TEXT,                               -- PHC string; NULL until an invitation is accepted
    editor        INTEGER NOT NULL,                   -- roles; everyone is a member
    admin         INTEGER NOT NULL,
    token_epoch   INTEGER NOT NULL,                   -- access tokens of an older epoch are stale
    disabled_at   INTEGER,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX users_by_name ON users (name_key, id);
CREATE INDEX users_enabled_admins ON users (id) WHERE admin AND disabled_at IS NULL;

CREATE TABLE sessions (
    id                  TEXT    NOT NULL PRIMARY KEY, -- also the refresh token's family and the access token's sid
    user_id             TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    salt                BLOB    NOT NULL,             -- of the key that authenticates this family's refresh tokens
    generation          INTEGER NOT NULL,             -- of the newest refresh token
    confirmed           INTEGER NOT NULL,             -- whether somebody has used that generation
    rotated_at          INTEGER NOT NULL,
    created_at          INTEGER NOT NULL,
    authenticated_at    INTEGER NOT NULL,             -- when the password was last entered
    last_seen_at        INTEGER NOT NULL,
    idle_expires_at     INTEGER NOT NULL,
    absolute_expires_at INTEGER NOT NULL,
    revoked_at          INTEGER,
    revoked_reason      TEXT,
    token_kid           TEXT    NOT NULL,             -- key of the newest access token
    token_expires_at    INTEGER NOT NULL,             -- and when that token expires
    name                TEXT,                         -- as its owner calls it
    user_agent          TEXT    NOT NULL,
    ip                  TEXT    NOT NULL
) STRICT;

CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_end ON sessions (absolute_expires_at);
CREATE INDEX sessions_by_token ON sessions (token_kid, token_expires_at);

-- What every node must know at once. Each keeps the live rows in memory and learns of new ones by `seq`. A row is of
-- one kind: a session that has ended, an account that has changed, or (neither) the set of signing keys.
CREATE TABLE changes (
    seq        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    session_id TEXT,                                  -- all access tokens of this session are refused
    user_id    TEXT,                                  -- this account's tokens of an epoch before
    epoch      INTEGER,                               --     this one are stale
    expires_at INTEGER NOT NULL                       -- when nobody needs to know any more
) STRICT;

CREATE TABLE signing_keys (
    kid          TEXT    NOT NULL PRIMARY KEY,        -- RFC 7638 thumbprint
    algorithm    TEXT    NOT NULL,
    public_jwk   TEXT,                                -- NULL for a symmetric key
    sealed       TEXT    NOT NULL,                    -- the private key, sealed; empty once the key is gone
    created_at   INTEGER NOT NULL,
    activates_at INTEGER NOT NULL,                    -- signs from then on
    retires_at   INTEGER,                             -- signs no more
    gone_at      INTEGER,                             -- verifies no more
    revoked      INTEGER NOT NULL                     -- whether it went before its time
) STRICT;

-- Random keys of the program itself, sealed under the master secret.
CREATE TABLE sealed_secrets (
    name   TEXT NOT NULL PRIMARY KEY,
    sealed TEXT NOT NULL
) STRICT;

-- Links that work once. Only a hash of the token is here.
CREATE TABLE one_time_links (
    token_hash BLOB    NOT NULL PRIMARY KEY,
    purpose    TEXT    NOT NULL,
    user_id    TEXT    REFERENCES users (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT;

-- Append-only. No foreign keys: what happened outlives whom it happened to.
CREATE TABLE audit_events (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    event      TEXT    NOT NULL,
    actor_id   TEXT,                                  -- who did it; NULL: nobody who is known, or the command line
    subject_id TEXT,                                  -- whose account it is about
    session_id TEXT,
    ip         TEXT    NOT NULL,
    user_agent TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    detail     TEXT    NOT NULL                       -- JSON
) STRICT;

CREATE INDEX audit_events_by_time ON audit_events (at);
CREATE INDEX audit_events_by_event ON audit_events (event, id);
CREATE INDEX audit_events_by_subject ON audit_events (subject_id, id);
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, id);

CREATE TRIGGER audit_events_are_kept BEFORE DELETE ON audit_events
BEGIN SELECT RAISE(ABORT, 'audit_events is append-only'); END;
CREATE TRIGGER audit_events_stay_as_written BEFORE UPDATE ON audit_events
BEGIN SELECT RAISE(ABORT, 'audit_events is append-only'); END;

-- A small board. A notice that was retracted is gone; the audit log knows that it was there.
CREATE TABLE notices (
    id           TEXT NOT NULL PRIMARY KEY,            -- UUIDv7: in the order of publication
    author_id    TEXT REFERENCES users (id) ON DELETE SET NULL,
    title        TEXT NOT NULL,
    body         TEXT NOT NULL,
    published_at INTEGER NOT NULL
) STRICT;
