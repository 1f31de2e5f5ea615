-- Where clients have asked to be answered and may not be, for whoever sets the client up. The last few of each client.
CREATE TABLE oauth_refused_redirects (
    client_id TEXT COLLATE "C" NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    uri       TEXT COLLATE "C" NOT NULL,
    times     BIGINT NOT NULL,
    last_at   BIGINT NOT NULL,
    PRIMARY KEY (client_id, uri)
);
