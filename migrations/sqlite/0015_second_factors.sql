-- Counted up by every change of password, address or second factor: who is half signed in then begins again.
ALTER TABLE users ADD COLUMN credential_epoch INTEGER NOT NULL DEFAULT 0;
-- Random: what the authenticators of passkeys know an account by. NULL until there is the first.
ALTER TABLE users ADD COLUMN webauthn_handle BLOB;
CREATE UNIQUE INDEX users_by_webauthn_handle ON users (webauthn_handle);

-- What was proved when the session was authenticated last, and before (as of `authenticated_before`).
ALTER TABLE sessions ADD COLUMN methods TEXT NOT NULL DEFAULT 'password';
ALTER TABLE sessions ADD COLUMN methods_before TEXT;
-- What had been proved when the person authorized the client, and the level that the client asked for and got.
ALTER TABLE oauth_grants ADD COLUMN methods TEXT NOT NULL DEFAULT 'password';
ALTER TABLE oauth_grants ADD COLUMN acr TEXT;
-- What was proved for this very request.
ALTER TABLE oauth_requests ADD COLUMN methods TEXT;

-- Authenticator apps (RFC 6238).
CREATE TABLE totp (
    user_id       TEXT    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed_secret TEXT    NOT NULL,                   -- sealed under the master secret
    created_at    INTEGER NOT NULL,
    confirmed_at  INTEGER,                            -- NULL until the first code has come from the app
    last_step     INTEGER NOT NULL                    -- of the last code that was used: each works once
) STRICT;

-- Recovery codes that were not used. All of an account have one salt, so a try costs one hash.
CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash    TEXT NOT NULL,                            -- PHC string
    PRIMARY KEY (user_id, hash)
) STRICT;

-- Wrong codes in a row, for each account and factor.
CREATE TABLE factor_failures (
    user_id  TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    factor   TEXT    NOT NULL,
    failures INTEGER NOT NULL,
    retry_at INTEGER NOT NULL,                        -- no code is looked at before
    PRIMARY KEY (user_id, factor)
) STRICT;

-- What works once and is stored nowhere else: its id, until it has expired by itself.
CREATE TABLE spent (
    id         TEXT    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX spent_by_end ON spent (expires_at);
