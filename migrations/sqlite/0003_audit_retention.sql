-- The audit log stays append-only, but for events that are older than it keeps them (LATCHKEY_AUDIT_RETENTION).
CREATE TABLE audit_retention (
    deletable_before INTEGER NOT NULL                 -- events from before this moment may be deleted
) STRICT;
INSERT INTO audit_retention (deletable_before) VALUES (0);

DROP TRIGGER audit_events_are_kept;
CREATE TRIGGER audit_events_are_kept BEFORE DELETE ON audit_events
WHEN OLD.at >= (SELECT deletable_before FROM audit_retention)
BEGIN SELECT RAISE(ABORT, 'audit_events is append-only'); END;

-- Expired rows are found without reading the others.
CREATE INDEX invalidations_by_expiry ON invalidations (expires_at);
CREATE INDEX one_time_tokens_by_expiry ON one_time_tokens (expires_at);
