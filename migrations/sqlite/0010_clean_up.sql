-- The clean-up finds what has ended without reading the rest: it holds the one writer meanwhile.
CREATE INDEX oauth_client_sessions_by_end ON oauth_client_sessions (revoked_at) WHERE revoked_at IS NOT NULL;
-- Those of a session, and, of those that have none, the ones that are old.
DROP INDEX oauth_client_sessions_by_session;
CREATE INDEX oauth_client_sessions_by_session ON oauth_client_sessions (session_id, created_at);
CREATE INDEX logout_deliveries_done ON logout_deliveries (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX logout_deliveries_given_up ON logout_deliveries (given_up_at) WHERE given_up_at IS NOT NULL;

-- What is due is looked for app by app: one that does not answer keeps no other from hearing.
CREATE INDEX logout_deliveries_open ON logout_deliveries (client_id, next_attempt_at)
WHERE done_at IS NULL AND given_up_at IS NULL;
DROP INDEX logout_deliveries_due;
