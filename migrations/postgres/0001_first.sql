-- Times are milliseconds since 1970-01-01T00:00:00Z. Ids are UUIDs in lower-case text.
-- Text is compared byte by byte (COLLATE "C"), as SQLite does. What a column means stands in the SQLite folder.

CREATE TABLE users (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    email         TEXT COLLATE "C" NOT NULL UNIQUE,
    display_name  TEXT COLLATE "C" NOT NULL,
    name_key      TEXT COLLATE "C" NOT NULL,
    password_hash TEXT,
    editor        BOOLEAN NOT NULL,
    admin         BOOLEAN NOT NULL,
    token_epoch   BIGINT  NOT NULL,
    disabled_at   BIGINT,
    created_at    BIGINT  NOT NULL
);

CREATE INDEX users_by_name ON users (name_key, id);
CREATE INDEX users_enabled_admins ON users (id) WHERE admin AND disabled_at IS NULL;

CREATE TABLE sessions (
    id                  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id             TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    salt                BYTEA   NOT NULL,
    generation          BIGINT  NOT NULL,
    confirmed           BOOLEAN NOT NULL,
    rotated_at          BIGINT  NOT NULL,
    created_at          BIGINT  NOT NULL,
    authenticated_at    BIGINT  NOT NULL,
    last_seen_at        BIGINT  NOT NULL,
    idle_expires_at     BIGINT  NOT NULL,
    absolute_expires_at BIGINT  NOT NULL,
    revoked_at          BIGINT,
    revoked_reason      TEXT,
    token_kid           TEXT COLLATE "C" NOT NULL,
    token_expires_at    BIGINT  NOT NULL,
    name                TEXT,
    user_agent          TEXT    NOT NULL,
    ip                  TEXT    NOT NULL
);

CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_end ON sessions (absolute_expires_at);
CREATE INDEX sessions_by_token ON sessions (token_kid, token_expires_at);

CREATE TABLE changes (
    seq        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id TEXT COLLATE "C",
    user_id    TEXT COLLATE "C",
    epoch      BIGINT,
    expires_at BIGINT NOT NULL
);

CREATE TABLE signing_keys (
    kid          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    algorithm    TEXT   NOT NULL,
    public_jwk   TEXT,
    sealed       TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    activates_at BIGINT NOT NULL,
    retires_at   BIGINT,
    gone_at      BIGINT,
    revoked      BOOLEAN NOT NULL
);

CREATE TABLE sealed_secrets (
    name   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    sealed TEXT NOT NULL
);

CREATE TABLE one_time_links (
    token_hash BYTEA  NOT NULL PRIMARY KEY,
    purpose    TEXT   NOT NULL,
    user_id    TEXT COLLATE "C" REFERENCES users (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);

CREATE TABLE audit_events (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         BIGINT NOT NULL,
    event      TEXT COLLATE "C" NOT NULL,
    actor_id   TEXT COLLATE "C",
    subject_id TEXT COLLATE "C",
    session_id TEXT COLLATE "C",
    ip         TEXT   NOT NULL,
    user_agent TEXT   NOT NULL,
    request_id TEXT   NOT NULL,
    detail     TEXT   NOT NULL
);

CREATE INDEX audit_events_by_time ON audit_events (at);
CREATE INDEX audit_events_by_event ON audit_events (event, id);
CREATE INDEX audit_events_by_subject ON audit_events (subject_id, id);
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, id);

CREATE FUNCTION audit_events_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'audit_events is append-only'; END $$;
CREATE TRIGGER audit_events_stay_as_written BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
FOR EACH STATEMENT EXECUTE FUNCTION audit_events_is_append_only();

-- A small board. A notice that was retracted is gone; the audit log knows that it was there.
CREATE TABLE notices (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    author_id    TEXT COLLATE "C" REFERENCES users (id) ON DELETE SET NULL,
    title        TEXT NOT NULL,
    body         TEXT NOT NULL,
    published_at BIGINT NOT NULL
);
