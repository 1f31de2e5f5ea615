-- Where clients have asked to be answered and may not be, for whoever sets the client up. The last few of each client.
CREATE TABLE oauth_refused_redirects (
    client_id TEXT    NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    uri       TEXT    NOT NULL,                          -- as it was received; empty: none was named
    times     INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    PRIMARY KEY (client_id, uri)
) STRICT;
