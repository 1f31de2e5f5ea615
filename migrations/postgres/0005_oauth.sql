-- Apps that sign people in with Latchkey (OAuth 2.1, OpenID Connect). Of every secret only a SHA-256 hash is here: each
-- has 256 random bits. Lists (scopes, resources) are separated by spaces.
-- What a column means stands in the SQLite folder.

CREATE TABLE oauth_clients (
    id                     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name                   TEXT NOT NULL,
    developer              TEXT NOT NULL,
    kind                   TEXT NOT NULL,
    auth_method            TEXT NOT NULL,
    jwks                   TEXT,
    trusted                BOOLEAN NOT NULL,
    scopes                 TEXT NOT NULL,
    resources              TEXT NOT NULL,
    id_token_alg           TEXT NOT NULL,
    claims_in_id_token     BOOLEAN NOT NULL,
    require_pushed         BOOLEAN NOT NULL,
    access_ttl             BIGINT,
    refresh_idle_ttl       BIGINT,
    refresh_absolute_ttl   BIGINT,
    backchannel_logout_uri TEXT,
    created_at             BIGINT NOT NULL,
    disabled_at            BIGINT
);

CREATE TABLE oauth_client_secrets (
    hash       BYTEA NOT NULL PRIMARY KEY,
    client_id  TEXT COLLATE "C" NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);

CREATE INDEX oauth_client_secrets_by_client ON oauth_client_secrets (client_id, created_at);

CREATE TABLE oauth_client_uris (
    client_id TEXT COLLATE "C" NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    purpose   TEXT COLLATE "C" NOT NULL,
    uri       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (client_id, purpose, uri)
);

-- Groups say who may use which client, and fill the claim "groups".
CREATE TABLE user_groups (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE user_group_members (
    group_id TEXT COLLATE "C" NOT NULL REFERENCES user_groups (id) ON DELETE CASCADE,
    user_id  TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
);

CREATE INDEX user_group_members_by_user ON user_group_members (user_id);

-- A client without a row here is for everybody.
CREATE TABLE oauth_client_groups (
    client_id TEXT COLLATE "C" NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    group_id  TEXT COLLATE "C" NOT NULL REFERENCES user_groups (id) ON DELETE RESTRICT,
    PRIMARY KEY (client_id, group_id)
);

CREATE INDEX oauth_client_groups_by_group ON oauth_client_groups (group_id);

-- Authorization requests under way. The browser carries the handle alone.
CREATE TABLE oauth_requests (
    handle_hash      BYTEA NOT NULL PRIMARY KEY,
    client_id        TEXT COLLATE "C" NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    parameters       TEXT NOT NULL,
    pushed           BOOLEAN NOT NULL,
    browser_hash     BYTEA,
    session_id       TEXT COLLATE "C",
    authenticated_at BIGINT,
    created_at       BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    used_at          BIGINT
);

CREATE INDEX oauth_requests_by_expiry ON oauth_requests (expires_at);
CREATE INDEX oauth_requests_by_client ON oauth_requests (client_id);

CREATE TABLE oauth_consents (
    user_id    TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id  TEXT COLLATE "C" NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    scopes     TEXT NOT NULL,
    resources  TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, client_id)
);

CREATE INDEX oauth_consents_by_client ON oauth_consents (client_id);

-- What a client knows as the session of a person: one for each session and client, and one for each offline grant.
CREATE TABLE oauth_client_sessions (
    id               TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    session_id       TEXT COLLATE "C" REFERENCES sessions (id) ON DELETE CASCADE,
    user_id          TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id        TEXT COLLATE "C" NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    created_at       BIGINT NOT NULL,
    token_expires_at BIGINT NOT NULL,
    revoked_at       BIGINT,
    revoked_reason   TEXT
);

CREATE UNIQUE INDEX oauth_client_sessions_live ON oauth_client_sessions (session_id, client_id)
WHERE revoked_at IS NULL AND session_id IS NOT NULL;
CREATE INDEX oauth_client_sessions_by_session ON oauth_client_sessions (session_id);
CREATE INDEX oauth_client_sessions_by_user ON oauth_client_sessions (user_id, client_id);
CREATE INDEX oauth_client_sessions_by_client ON oauth_client_sessions (client_id);

-- One for each authorization: a family of the client's refresh tokens, of which only the newest generation counts.
CREATE TABLE oauth_grants (
    id                  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    client_session_id   TEXT COLLATE "C" NOT NULL REFERENCES oauth_client_sessions (id) ON DELETE CASCADE,
    sign_in_id          TEXT COLLATE "C" NOT NULL,
    client_id           TEXT COLLATE "C" NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    user_id             TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scopes              TEXT NOT NULL,
    resources           TEXT NOT NULL,
    auth_time           BIGINT NOT NULL,
    salt                BYTEA NOT NULL,
    generation          BIGINT NOT NULL,
    confirmed           BOOLEAN NOT NULL,
    rotated_at          BIGINT NOT NULL,
    created_at          BIGINT NOT NULL,
    last_used_at        BIGINT NOT NULL,
    idle_expires_at     BIGINT NOT NULL,
    absolute_expires_at BIGINT NOT NULL,
    token_expires_at    BIGINT NOT NULL,
    revoked_at          BIGINT,
    revoked_reason      TEXT
);

CREATE INDEX oauth_grants_by_client_session ON oauth_grants (client_session_id);
CREATE INDEX oauth_grants_by_user ON oauth_grants (user_id, client_id);
CREATE INDEX oauth_grants_by_client ON oauth_grants (client_id);
CREATE INDEX oauth_grants_by_end ON oauth_grants (absolute_expires_at);

-- Kept for a while after they expire: a code that is presented again must find its grant.
CREATE TABLE oauth_codes (
    code_hash    BYTEA NOT NULL PRIMARY KEY,
    grant_id     TEXT COLLATE "C" NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    client_id    TEXT COLLATE "C" NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    redirect_uri TEXT NOT NULL,
    challenge    BYTEA NOT NULL,
    nonce        TEXT,
    expires_at   BIGINT NOT NULL,
    redeemed_at  BIGINT
);

CREATE INDEX oauth_codes_by_grant ON oauth_codes (grant_id);
CREATE INDEX oauth_codes_by_client ON oauth_codes (client_id);
CREATE INDEX oauth_codes_by_expiry ON oauth_codes (expires_at);

CREATE TABLE oauth_device_codes (
    device_hash    BYTEA NOT NULL PRIMARY KEY,
    user_code_hash BYTEA NOT NULL UNIQUE,
    client_id      TEXT COLLATE "C" NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    scopes         TEXT NOT NULL,
    resources      TEXT NOT NULL,
    poll_interval  BIGINT NOT NULL,
    last_poll_at   BIGINT,
    state          TEXT NOT NULL,
    session_id     TEXT COLLATE "C",
    grant_id       TEXT COLLATE "C" REFERENCES oauth_grants (id) ON DELETE CASCADE,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL
);

CREATE INDEX oauth_device_codes_by_client ON oauth_device_codes (client_id);
CREATE INDEX oauth_device_codes_by_grant ON oauth_device_codes (grant_id);
CREATE INDEX oauth_device_codes_by_expiry ON oauth_device_codes (expires_at);

-- Clients that have yet to be told that a session has ended. No foreign keys: they are told of deleted accounts too.
CREATE TABLE logout_deliveries (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    client_id       TEXT COLLATE "C" NOT NULL,
    uri             TEXT NOT NULL,
    algorithm       TEXT NOT NULL,
    user_id         TEXT COLLATE "C" NOT NULL,
    sid             TEXT COLLATE "C" NOT NULL,
    created_at      BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    attempts        BIGINT NOT NULL,
    claimed_until   BIGINT NOT NULL,
    done_at         BIGINT,
    given_up_at     BIGINT
);

CREATE INDEX logout_deliveries_due ON logout_deliveries (next_attempt_at) WHERE done_at IS NULL AND given_up_at IS NULL;
CREATE INDEX logout_deliveries_by_client ON logout_deliveries (client_id, created_at);
