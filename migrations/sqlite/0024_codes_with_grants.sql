-- A code is redeemed once and gives one grant: it stands with it, so each is written once. How long access tokens are good
-- for has a limit, which is known without writing it down for each. A grant goes with its client session, and that with its
-- account and its client.
CREATE TABLE grants (
    id                  TEXT    NOT NULL PRIMARY KEY,    -- in the "jti" of its access tokens
    client_session_id   TEXT    NOT NULL REFERENCES oauth_client_sessions (id) ON DELETE CASCADE, -- ends with it
    sign_in_id          TEXT    NOT NULL,                -- the "sid" of its ID tokens; another one for offline grants
    client_id           TEXT    NOT NULL,
    user_id             TEXT    NOT NULL,
    scopes              TEXT    NOT NULL,
    resources           TEXT    NOT NULL,
    auth_time           INTEGER NOT NULL,                -- when the person had proved who they are
    methods             TEXT    NOT NULL,                -- and with what
    acr                 TEXT,                            -- the level that the client had asked for
    salt                BLOB    NOT NULL,                -- of the key that authenticates its refresh tokens
    generation          INTEGER NOT NULL,
    confirmed           INTEGER NOT NULL,
    rotated_at          INTEGER NOT NULL,
    created_at          INTEGER NOT NULL,
    last_used_at        INTEGER NOT NULL,
    idle_expires_at     INTEGER NOT NULL,
    absolute_expires_at INTEGER NOT NULL,
    revoked_at          INTEGER,
    revoked_reason      TEXT,
    code_hash           BLOB,                            -- of the secret in its code; NULL: a device has none
    code_redirect_uri   TEXT,
    code_challenge      BLOB,                            -- PKCE, S256
    code_nonce          TEXT,
    code_expires_at     INTEGER,
    code_redeemed_at    INTEGER
) STRICT;

-- Codes that were handed out in the minute before are lost: they had another form.
INSERT INTO grants (id, client_session_id, sign_in_id, client_id, user_id, scopes, resources, auth_time, methods, acr, salt,
                    generation, confirmed, rotated_at, created_at, last_used_at, idle_expires_at, absolute_expires_at,
                    revoked_at, revoked_reason)
SELECT id, client_session_id, sign_in_id, client_id, user_id, scopes, resources, auth_time, methods, acr, salt,
       generation, confirmed, rotated_at, created_at, last_used_at, idle_expires_at, absolute_expires_at,
       revoked_at, revoked_reason
FROM oauth_grants;

-- Dropping a table deletes its rows, and with them what refers to them.
CREATE TABLE kept AS SELECT * FROM oauth_device_codes WHERE grant_id IS NOT NULL;
DROP TABLE oauth_codes;
DROP TABLE oauth_grants;
ALTER TABLE grants RENAME TO oauth_grants;
INSERT INTO oauth_device_codes SELECT * FROM kept;
DROP TABLE kept;

CREATE INDEX oauth_grants_by_client_session ON oauth_grants (client_session_id);
-- Offline grants: the others go with the sessions of people.
CREATE INDEX oauth_grants_by_end ON oauth_grants (absolute_expires_at) WHERE client_session_id <> sign_in_id;

ALTER TABLE oauth_client_sessions DROP COLUMN token_expires_at;
