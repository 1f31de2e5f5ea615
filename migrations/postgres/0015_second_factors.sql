-- What a column means stands in the SQLite folder.
ALTER TABLE users ADD COLUMN credential_epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN webauthn_handle BYTEA;
CREATE UNIQUE INDEX users_by_webauthn_handle ON users (webauthn_handle);

ALTER TABLE sessions ADD COLUMN methods TEXT NOT NULL DEFAULT 'password';
ALTER TABLE sessions ADD COLUMN methods_before TEXT;
ALTER TABLE oauth_grants ADD COLUMN methods TEXT NOT NULL DEFAULT 'password';
ALTER TABLE oauth_grants ADD COLUMN acr TEXT;
ALTER TABLE oauth_requests ADD COLUMN methods TEXT;

CREATE TABLE totp (
    user_id       TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed_secret TEXT    NOT NULL,
    created_at    BIGINT  NOT NULL,
    confirmed_at  BIGINT,
    last_step     BIGINT  NOT NULL
);

CREATE TABLE recovery_codes (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, hash)
);

CREATE TABLE factor_failures (
    user_id  TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    factor   TEXT COLLATE "C" NOT NULL,
    failures BIGINT  NOT NULL,
    retry_at BIGINT  NOT NULL,
    PRIMARY KEY (user_id, factor)
);

CREATE TABLE spent (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX spent_by_end ON spent (expires_at);
