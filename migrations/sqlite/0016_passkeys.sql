-- Passkeys: public keys that people sign in with (WebAuthn).
CREATE TABLE passkeys (
    id              TEXT    NOT NULL PRIMARY KEY,
    user_id         TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id   BLOB    NOT NULL UNIQUE,          -- the authenticator's id of it
    public_key      BLOB    NOT NULL,                 -- a COSE key, which names its algorithm
    sign_count      INTEGER NOT NULL,                 -- as the authenticator last said; many always say 0
    backup_eligible INTEGER NOT NULL,                 -- whether its maker may copy it to other devices
    backed_up       INTEGER NOT NULL,                 -- whether it has
    transports      TEXT    NOT NULL,                 -- how browsers reach it, with spaces between
    aaguid          BLOB    NOT NULL,                 -- the model of the authenticator, by its own account
    rp_id           TEXT    NOT NULL,                 -- the host that it was made for; it works at no other
    name            TEXT    NOT NULL,                 -- as its owner calls it
    created_at      INTEGER NOT NULL,
    last_used_at    INTEGER
) STRICT;

CREATE INDEX passkeys_by_user ON passkeys (user_id);
