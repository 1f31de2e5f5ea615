-- Most events are of somebody's own doing, and found by whom they are about. Whom else they are by is one more place to
-- write to at each of them.
DROP INDEX audit_events_by_actor;
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, id) WHERE subject_id IS DISTINCT FROM actor_id;

-- A code goes with its grant, and that with its client. It is found by its hash and by nothing else.
CREATE TABLE codes (
    code_hash    BLOB    NOT NULL PRIMARY KEY,
    grant_id     TEXT    NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    client_id    TEXT    NOT NULL,
    redirect_uri TEXT    NOT NULL,
    challenge    BLOB    NOT NULL,                       -- PKCE, S256
    nonce        TEXT,
    expires_at   INTEGER NOT NULL,
    redeemed_at  INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO codes SELECT code_hash, grant_id, client_id, redirect_uri, challenge, nonce, expires_at, redeemed_at FROM oauth_codes;
DROP TABLE oauth_codes;
ALTER TABLE codes RENAME TO oauth_codes;
CREATE INDEX oauth_codes_by_grant ON oauth_codes (grant_id);
CREATE INDEX oauth_codes_by_expiry ON oauth_codes (expires_at);
