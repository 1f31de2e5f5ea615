-- A link that signs in works in the browser alone that asked for it, and leads on from there. NULL: any browser may use it.
ALTER TABLE one_time_tokens ADD COLUMN browser_hash BLOB;
ALTER TABLE one_time_tokens ADD COLUMN next TEXT;
