-- Most events are of somebody's own doing, and found by whom they are about. Whom else they are by is one more place to
-- write to at each of them.
DROP INDEX audit_events_by_actor;
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, id) WHERE subject_id IS DISTINCT FROM actor_id;

-- A code goes with its grant, and that with its client. It is found by its hash and by nothing else.
DROP INDEX oauth_codes_by_client;
ALTER TABLE oauth_codes DROP CONSTRAINT oauth_codes_client_id_fkey;
