-- A code is redeemed once and gives one grant: it stands with it, so each is written once. How long access tokens are good
-- for has a limit, which is known without writing it down for each. A grant goes with its client session, and that with its
-- account and its client.
ALTER TABLE oauth_grants
    ADD COLUMN code_hash         BYTEA,                  -- of the secret in its code; NULL: a device has none
    ADD COLUMN code_redirect_uri TEXT,
    ADD COLUMN code_challenge    BYTEA,                  -- PKCE, S256
    ADD COLUMN code_nonce        TEXT,
    ADD COLUMN code_expires_at   BIGINT,
    ADD COLUMN code_redeemed_at  BIGINT,
    DROP COLUMN token_expires_at,
    DROP CONSTRAINT oauth_grants_user_id_fkey,
    DROP CONSTRAINT oauth_grants_client_id_fkey;
-- Codes that were handed out in the minute before are lost: they had another form.
DROP TABLE oauth_codes;
DROP INDEX oauth_grants_by_user;
DROP INDEX oauth_grants_by_client;
-- Offline grants: the others go with the sessions of people.
DROP INDEX oauth_grants_by_end;
CREATE INDEX oauth_grants_by_end ON oauth_grants (absolute_expires_at) WHERE client_session_id <> sign_in_id;

ALTER TABLE oauth_client_sessions DROP COLUMN token_expires_at;
