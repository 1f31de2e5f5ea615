-- A link that signs in works in the browser alone that asked for it, and leads on from there. NULL: any browser may use it.
ALTER TABLE one_time_tokens ADD COLUMN browser_hash BYTEA;
ALTER TABLE one_time_tokens ADD COLUMN next TEXT;

-- Whether the owner has asked for their passkey to be asked for after the password.
ALTER TABLE users ADD COLUMN second_step BOOLEAN NOT NULL DEFAULT FALSE;
