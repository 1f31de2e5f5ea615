-- What a key signs: "portal", access tokens of Latchkey itself, or "clients", tokens for apps. No key does both.
ALTER TABLE signing_keys ADD COLUMN purpose TEXT NOT NULL DEFAULT 'portal';

-- Since when somebody has vouched that the address is the account's owner's; NULL: nobody has.
ALTER TABLE users ADD COLUMN email_verified_at INTEGER;

-- Assertions with which clients have proved who they are (RFC 7523): each is good once.
CREATE TABLE oauth_client_assertions (
    hash       BLOB    NOT NULL PRIMARY KEY,             -- of the client and the assertion's id
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX oauth_client_assertions_by_expiry ON oauth_client_assertions (expires_at);
