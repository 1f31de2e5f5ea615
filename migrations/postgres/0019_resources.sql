-- Services that get their access tokens in a form of their own. One that is not here gets a signed JWT.
CREATE TABLE oauth_resources (
    uri            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    token_format   TEXT COLLATE "C" NOT NULL,
    encryption_key TEXT COLLATE "C",
    created_at     BIGINT NOT NULL
);

-- The public JWK of a client that wants its ID tokens encrypted; NULL: they are signed only.
ALTER TABLE oauth_clients ADD COLUMN id_token_key TEXT COLLATE "C";
