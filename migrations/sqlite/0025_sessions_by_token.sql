-- Every refresh changes when the newest access token expires, so each wrote to this index as well. It helped one list for
-- administrators, which counts the sessions of each signing key.
DROP INDEX sessions_by_token;
