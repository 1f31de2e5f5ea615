-- What a column means stands in the SQLite folder.
CREATE TABLE upstream_providers (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    slug            TEXT COLLATE "C" NOT NULL UNIQUE,
    name            TEXT COLLATE "C" NOT NULL,
    preset          TEXT COLLATE "C" NOT NULL,
    issuer          TEXT COLLATE "C" NOT NULL UNIQUE,
    client_id       TEXT COLLATE "C" NOT NULL,
    scopes          TEXT COLLATE "C" NOT NULL,
    algorithms      TEXT COLLATE "C" NOT NULL,
    sign_up         TEXT COLLATE "C" NOT NULL,
    linking         BOOLEAN NOT NULL,
    rules           TEXT COLLATE "C" NOT NULL,
    admin_by_rule   BOOLEAN NOT NULL,
    private_address BOOLEAN NOT NULL,
    metadata        TEXT COLLATE "C" NOT NULL,
    discovered_at   BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    disabled_at     BIGINT
);

CREATE TABLE upstream_logins (
    state_hash          BYTEA NOT NULL PRIMARY KEY,
    provider_id         TEXT COLLATE "C" NOT NULL REFERENCES upstream_providers (id) ON DELETE CASCADE,
    nonce               TEXT COLLATE "C" NOT NULL,
    sealed_verifier     TEXT COLLATE "C" NOT NULL,
    browser_hash        BYTEA NOT NULL,
    purpose             TEXT COLLATE "C" NOT NULL,
    user_id             TEXT COLLATE "C" REFERENCES users (id) ON DELETE CASCADE,
    session_id          TEXT COLLATE "C",
    invitation_hash     BYTEA,
    next                TEXT COLLATE "C" NOT NULL,
    authenticated_after BIGINT,
    created_at          BIGINT NOT NULL,
    expires_at          BIGINT NOT NULL
);

CREATE INDEX upstream_logins_by_provider ON upstream_logins (provider_id);
CREATE INDEX upstream_logins_by_user ON upstream_logins (user_id);
CREATE INDEX upstream_logins_by_expiry ON upstream_logins (expires_at);

CREATE TABLE upstream_identities (
    provider_id  TEXT COLLATE "C" NOT NULL REFERENCES upstream_providers (id) ON DELETE CASCADE,
    subject      TEXT COLLATE "C" NOT NULL,
    user_id      TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email        TEXT COLLATE "C" NOT NULL,
    linked_at    BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    PRIMARY KEY (provider_id, subject)
);

CREATE UNIQUE INDEX upstream_identities_by_user ON upstream_identities (user_id, provider_id);

ALTER TABLE sessions ADD COLUMN provider_id TEXT COLLATE "C";
ALTER TABLE sessions ADD COLUMN upstream_subject TEXT COLLATE "C";
ALTER TABLE sessions ADD COLUMN upstream_sid TEXT COLLATE "C";

CREATE INDEX sessions_by_provider ON sessions (provider_id, upstream_subject)
WHERE provider_id IS NOT NULL AND revoked_at IS NULL;
