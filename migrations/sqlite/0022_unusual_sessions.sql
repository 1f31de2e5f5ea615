-- Whether no sign-in before had come from this device, or from this network. Found out once, when the session starts.
ALTER TABLE sessions ADD COLUMN new_device INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN new_network INTEGER NOT NULL DEFAULT 0;

-- What the owner of an account sees of sign-ins is found without reading the other events.
CREATE INDEX audit_events_of_sign_ins ON audit_events (subject_id, event, id)
WHERE event IN ('signed_in', 'sign_in_failed');
