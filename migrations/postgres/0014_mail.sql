-- Mails on their way to the relay, written in the transaction of what they tell of. A row is deleted when its mail was
-- sent or given up. No foreign key: whose account is deleted is told so.
CREATE TABLE mails (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind            TEXT   NOT NULL,
    user_id         TEXT COLLATE "C",
    sealed          TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    attempts        BIGINT NOT NULL,
    claimed_until   BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);

CREATE INDEX mails_due ON mails (next_attempt_at);
CREATE INDEX mails_by_expiry ON mails (expires_at);

-- The address that a link is about: where it was mailed to, or the one that it gives to the account. NULL: it was handed
-- over in another way.
ALTER TABLE one_time_tokens ADD COLUMN email TEXT COLLATE "C";

-- When mail was asked for: for an address, or from a network. Kept for an hour, to limit it.
CREATE TABLE mail_requests (
    subject BYTEA  NOT NULL,
    at      BIGINT NOT NULL
);

CREATE INDEX mail_requests_by_subject ON mail_requests (subject, at);
CREATE INDEX mail_requests_by_time ON mail_requests (at);
