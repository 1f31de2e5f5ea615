-- The audit log stays append-only, but for events that are older than it keeps them (LATCHKEY_AUDIT_RETENTION).
CREATE TABLE audit_retention (
    deletable_before BIGINT NOT NULL                  -- events from before this moment may be deleted
);
INSERT INTO audit_retention (deletable_before) VALUES (0);

DROP TRIGGER audit_events_stay_as_written ON audit_events;
CREATE TRIGGER audit_events_stay_as_written BEFORE UPDATE OR TRUNCATE ON audit_events
FOR EACH STATEMENT EXECUTE FUNCTION audit_events_is_append_only();

CREATE FUNCTION audit_events_are_kept() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF OLD.at >= (SELECT deletable_before FROM audit_retention) THEN
        RAISE EXCEPTION 'audit_events is append-only';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER audit_events_are_kept BEFORE DELETE ON audit_events
FOR EACH ROW EXECUTE FUNCTION audit_events_are_kept();

-- Expired rows are found without reading the others.
CREATE INDEX invalidations_by_expiry ON invalidations (expires_at);
CREATE INDEX one_time_tokens_by_expiry ON one_time_tokens (expires_at);
