-- Mails on their way to the relay, written in the transaction of what they tell of. A row is deleted when its mail was
-- sent or given up. No foreign key: whose account is deleted is told so.
CREATE TABLE mails (
    id              TEXT    NOT NULL PRIMARY KEY,
    kind            TEXT    NOT NULL,                    -- what it is about; a stable name, for the audit log
    user_id         TEXT,                                -- whose account it is about
    sealed          TEXT    NOT NULL,                    -- recipient, subject and text: links in it are live
    created_at      INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    attempts        INTEGER NOT NULL,
    claimed_until   INTEGER NOT NULL,                    -- one server at a time sends it
    expires_at      INTEGER NOT NULL                     -- of no use from then on
) STRICT;

CREATE INDEX mails_due ON mails (next_attempt_at);
CREATE INDEX mails_by_expiry ON mails (expires_at);

-- The address that a link is about: where it was mailed to, or the one that it gives to the account. NULL: it was handed
-- over in another way.
ALTER TABLE one_time_tokens ADD COLUMN email TEXT;

-- When mail was asked for: for an address, or from a network. Kept for an hour, to limit it.
CREATE TABLE mail_requests (
    subject BLOB    NOT NULL,                            -- hash of the address or the network
    at      INTEGER NOT NULL
) STRICT;

CREATE INDEX mail_requests_by_subject ON mail_requests (subject, at);
CREATE INDEX mail_requests_by_time ON mail_requests (at);
