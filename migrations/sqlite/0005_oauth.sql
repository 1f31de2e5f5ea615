-- Apps that sign people in with Latchkey (OAuth 2.1, OpenID Connect). Of every secret only a SHA-256 hash is here: each
-- has 256 random bits. Lists (scopes, resources) are separated by spaces.

CREATE TABLE oauth_clients (
    id                     TEXT    NOT NULL PRIMARY KEY, -- lkc_…, random
    name                   TEXT    NOT NULL,
    developer              TEXT    NOT NULL,             -- who made it, as the consent page says; may be empty
    kind                   TEXT    NOT NULL,             -- web, browser, native, service, device
    auth_method            TEXT    NOT NULL,             -- how it proves who it is; client_secret: basic or post
    jwks                   TEXT,                         -- its public keys, for private_key_jwt
    trusted                INTEGER NOT NULL,             -- needs no consent; only administrators set it
    scopes                 TEXT    NOT NULL,             -- what it may ask for
    resources              TEXT    NOT NULL,             -- the audiences that its access tokens may have
    id_token_alg           TEXT    NOT NULL,
    claims_in_id_token     INTEGER NOT NULL,             -- whether the ID token says what userinfo says
    require_pushed         INTEGER NOT NULL,             -- whether it must push its requests (RFC 9126)
    access_ttl             INTEGER,                      -- lifetimes in milliseconds; NULL: as configured
    refresh_idle_ttl       INTEGER,
    refresh_absolute_ttl   INTEGER,
    backchannel_logout_uri TEXT,
    created_at             INTEGER NOT NULL,
    disabled_at            INTEGER
) STRICT;

CREATE TABLE oauth_client_secrets (
    hash       BLOB    NOT NULL PRIMARY KEY,
    client_id  TEXT    NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER                                   -- two are good at once while one replaces the other
) STRICT;

CREATE INDEX oauth_client_secrets_by_client ON oauth_client_secrets (client_id, created_at);

CREATE TABLE oauth_client_uris (
    client_id TEXT NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    purpose   TEXT NOT NULL,                             -- redirect, post_logout
    uri       TEXT NOT NULL,                             -- compared as it stands
    PRIMARY KEY (client_id, purpose, uri)
) STRICT;

-- Groups say who may use which client, and fill the claim "groups".
CREATE TABLE user_groups (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE user_group_members (
    group_id TEXT NOT NULL REFERENCES user_groups (id) ON DELETE CASCADE,
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
) STRICT;

CREATE INDEX user_group_members_by_user ON user_group_members (user_id);

-- A client without a row here is for everybody.
CREATE TABLE oauth_client_groups (
    client_id TEXT NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    group_id  TEXT NOT NULL REFERENCES user_groups (id) ON DELETE RESTRICT,
    PRIMARY KEY (client_id, group_id)
) STRICT;

CREATE INDEX oauth_client_groups_by_group ON oauth_client_groups (group_id);

-- Authorization requests under way. The browser carries the handle alone.
CREATE TABLE oauth_requests (
    handle_hash      BLOB    NOT NULL PRIMARY KEY,
    client_id        TEXT    NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    parameters       TEXT    NOT NULL,                   -- JSON, as validated
    pushed           INTEGER NOT NULL,                   -- whether the client pushed it (RFC 9126)
    browser_hash     BLOB,                               -- of the cookie of the browser that began; NULL: none has yet
    session_id       TEXT,                               -- to which it was shown, and which may decide
    authenticated_at INTEGER,                            -- when the password was entered for it, in that session
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    used_at          INTEGER
) STRICT;

CREATE INDEX oauth_requests_by_expiry ON oauth_requests (expires_at);
CREATE INDEX oauth_requests_by_client ON oauth_requests (client_id);

CREATE TABLE oauth_consents (
    user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id  TEXT    NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    scopes     TEXT    NOT NULL,
    resources  TEXT    NOT NULL,
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, client_id)
) STRICT;

CREATE INDEX oauth_consents_by_client ON oauth_consents (client_id);

-- What a client knows as the session of a person: one for each session and client, and one for each offline grant.
CREATE TABLE oauth_client_sessions (
    id               TEXT    NOT NULL PRIMARY KEY,       -- the claim "sid" of the client's tokens
    session_id       TEXT    REFERENCES sessions (id) ON DELETE CASCADE, -- NULL: offline
    user_id          TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id        TEXT    NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    created_at       INTEGER NOT NULL,
    token_expires_at INTEGER NOT NULL,                   -- when the last of its access tokens expires
    revoked_at       INTEGER,
    revoked_reason   TEXT
) STRICT;

CREATE UNIQUE INDEX oauth_client_sessions_live ON oauth_client_sessions (session_id, client_id)
WHERE revoked_at IS NULL AND session_id IS NOT NULL;
CREATE INDEX oauth_client_sessions_by_session ON oauth_client_sessions (session_id);
CREATE INDEX oauth_client_sessions_by_user ON oauth_client_sessions (user_id, client_id);
CREATE INDEX oauth_client_sessions_by_client ON oauth_client_sessions (client_id);

-- One for each authorization: a family of the client's refresh tokens, of which only the newest generation counts.
CREATE TABLE oauth_grants (
    id                  TEXT    NOT NULL PRIMARY KEY,    -- in the "jti" of its access tokens
    client_session_id   TEXT    NOT NULL REFERENCES oauth_client_sessions (id) ON DELETE CASCADE, -- ends with it
    sign_in_id          TEXT    NOT NULL,                -- the "sid" of its ID tokens; another one for offline grants
    client_id           TEXT    NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    user_id             TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scopes              TEXT    NOT NULL,
    resources           TEXT    NOT NULL,
    auth_time           INTEGER NOT NULL,                -- when the person had entered the password
    salt                BLOB    NOT NULL,                -- of the key that authenticates its refresh tokens
    generation          INTEGER NOT NULL,
    confirmed           INTEGER NOT NULL,
    rotated_at          INTEGER NOT NULL,
    created_at          INTEGER NOT NULL,
    last_used_at        INTEGER NOT NULL,
    idle_expires_at     INTEGER NOT NULL,
    absolute_expires_at INTEGER NOT NULL,
    token_expires_at    INTEGER NOT NULL,                -- when the last of its access tokens expires
    revoked_at          INTEGER,
    revoked_reason      TEXT
) STRICT;

CREATE INDEX oauth_grants_by_client_session ON oauth_grants (client_session_id);
CREATE INDEX oauth_grants_by_user ON oauth_grants (user_id, client_id);
CREATE INDEX oauth_grants_by_client ON oauth_grants (client_id);
CREATE INDEX oauth_grants_by_end ON oauth_grants (absolute_expires_at);

-- Kept for a while after they expire: a code that is presented again must find its grant.
CREATE TABLE oauth_codes (
    code_hash    BLOB    NOT NULL PRIMARY KEY,
    grant_id     TEXT    NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    client_id    TEXT    NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    redirect_uri TEXT    NOT NULL,
    challenge    BLOB    NOT NULL,                       -- PKCE, S256
    nonce        TEXT,
    expires_at   INTEGER NOT NULL,
    redeemed_at  INTEGER
) STRICT;

CREATE INDEX oauth_codes_by_grant ON oauth_codes (grant_id);
CREATE INDEX oauth_codes_by_client ON oauth_codes (client_id);
CREATE INDEX oauth_codes_by_expiry ON oauth_codes (expires_at);

CREATE TABLE oauth_device_codes (
    device_hash    BLOB    NOT NULL PRIMARY KEY,
    user_code_hash BLOB    NOT NULL UNIQUE,
    client_id      TEXT    NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    scopes         TEXT    NOT NULL,
    resources      TEXT    NOT NULL,
    poll_interval  INTEGER NOT NULL,                     -- milliseconds
    last_poll_at   INTEGER,
    state          TEXT    NOT NULL,                     -- pending, allowed, denied, redeemed
    session_id     TEXT,                                 -- in which the code was entered, and which may decide
    grant_id       TEXT    REFERENCES oauth_grants (id) ON DELETE CASCADE,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX oauth_device_codes_by_client ON oauth_device_codes (client_id);
CREATE INDEX oauth_device_codes_by_grant ON oauth_device_codes (grant_id);
CREATE INDEX oauth_device_codes_by_expiry ON oauth_device_codes (expires_at);

-- Clients that have yet to be told that a session has ended. No foreign keys: they are told of deleted accounts too.
CREATE TABLE logout_deliveries (
    id              TEXT    NOT NULL PRIMARY KEY,
    client_id       TEXT    NOT NULL,
    uri             TEXT    NOT NULL,
    algorithm       TEXT    NOT NULL,
    user_id         TEXT    NOT NULL,                    -- the claim "sub"
    sid             TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    attempts        INTEGER NOT NULL,
    claimed_until   INTEGER NOT NULL,                    -- one server at a time delivers it
    done_at         INTEGER,
    given_up_at     INTEGER
) STRICT;

CREATE INDEX logout_deliveries_due ON logout_deliveries (next_attempt_at) WHERE done_at IS NULL AND given_up_at IS NULL;
CREATE INDEX logout_deliveries_by_client ON logout_deliveries (client_id, created_at);
