-- OpenID Providers through which people come in.
CREATE TABLE upstream_providers (
    id              TEXT    NOT NULL PRIMARY KEY,
    slug            TEXT    NOT NULL UNIQUE,             -- in addresses
    name            TEXT    NOT NULL,                    -- on the sign-in page
    preset          TEXT    NOT NULL,                    -- whose quirks it has
    issuer          TEXT    NOT NULL UNIQUE,             -- compared byte for byte
    client_id       TEXT    NOT NULL,                    -- its secret is among the sealed ones
    scopes          TEXT    NOT NULL,
    algorithms      TEXT    NOT NULL,                    -- with which it may sign
    sign_up         TEXT    NOT NULL,                    -- who gets an account by signing in
    linking         INTEGER NOT NULL,                    -- whether people may link it to their account
    rules           TEXT    NOT NULL,                    -- from claims to roles and groups, one a line
    admin_by_rule   INTEGER NOT NULL,                    -- whether a rule may give the role "admin"
    private_address INTEGER NOT NULL,                    -- whether it may be inside the network
    metadata        TEXT    NOT NULL,                    -- what it says of itself, checked (JSON)
    discovered_at   INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    disabled_at     INTEGER
) STRICT;

-- Sign-ins under way at a provider. The browser carries the state alone.
CREATE TABLE upstream_logins (
    state_hash          BLOB    NOT NULL PRIMARY KEY,
    provider_id         TEXT    NOT NULL REFERENCES upstream_providers (id) ON DELETE CASCADE,
    nonce               TEXT    NOT NULL,
    sealed_verifier     TEXT    NOT NULL,                -- PKCE, S256
    browser_hash        BLOB    NOT NULL,                -- of the cookie of the browser that began
    purpose             TEXT    NOT NULL,                -- sign_in, invitation, link, step_up
    user_id             TEXT    REFERENCES users (id) ON DELETE CASCADE, -- who links, or signs in once more
    session_id          TEXT,                            -- in which session
    invitation_hash     BLOB,                            -- of the invitation that is accepted by it
    next                TEXT    NOT NULL,                -- where the browser goes then
    authenticated_after INTEGER,                         -- the person must have been asked there since
    created_at          INTEGER NOT NULL,
    expires_at          INTEGER NOT NULL
) STRICT;

CREATE INDEX upstream_logins_by_provider ON upstream_logins (provider_id);
CREATE INDEX upstream_logins_by_user ON upstream_logins (user_id);
CREATE INDEX upstream_logins_by_expiry ON upstream_logins (expires_at);

-- Who somebody is at a provider. An address is no identity: it is kept to be shown.
CREATE TABLE upstream_identities (
    provider_id  TEXT    NOT NULL REFERENCES upstream_providers (id) ON DELETE CASCADE,
    subject      TEXT    NOT NULL,
    user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email        TEXT    NOT NULL,                       -- as the provider said last; empty: it said none
    linked_at    INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    PRIMARY KEY (provider_id, subject)
) STRICT;

CREATE UNIQUE INDEX upstream_identities_by_user ON upstream_identities (user_id, provider_id);

-- Through which provider a session came in, and what it is called there. No foreign key: a session outlives its provider.
ALTER TABLE sessions ADD COLUMN provider_id TEXT;
ALTER TABLE sessions ADD COLUMN upstream_subject TEXT;
ALTER TABLE sessions ADD COLUMN upstream_sid TEXT;

CREATE INDEX sessions_by_provider ON sessions (provider_id, upstream_subject)
WHERE provider_id IS NOT NULL AND revoked_at IS NULL;
