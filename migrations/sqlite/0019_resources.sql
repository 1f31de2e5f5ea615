-- Services that get their access tokens in a form of their own. One that is not here gets a signed JWT.
CREATE TABLE oauth_resources (
    uri            TEXT    NOT NULL PRIMARY KEY,         -- the audience, compared as it stands
    token_format   TEXT    NOT NULL,                     -- jwt, paseto
    encryption_key TEXT,                                 -- its public JWK: its tokens are encrypted for it
    created_at     INTEGER NOT NULL
) STRICT;

-- The public JWK of a client that wants its ID tokens encrypted; NULL: they are signed only.
ALTER TABLE oauth_clients ADD COLUMN id_token_key TEXT;
