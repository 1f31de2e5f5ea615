//! Rows that are looked for by their ids, as one JSON array.
//!
//! Each row that the connection's thread hands on by itself wakes the task that waits for it, so many rows cost many changes of
//! threads. An array is one.

use serde::{Deserialize, Deserializer, de::Error};

use crate::server::store::{by_ids::unhex, groups::usable_by};

/// SQLite's words for a JSON object: of columns of a table, and of other values.
macro_rules! json_object {
    ($table:literal: $first:ident $(, $column:ident)* $(; $($name:ident = $value:expr),+)?) => {
        concat!(
            "json_object('", stringify!($first), "', ", $table, ".", stringify!($first),
            $(", '", stringify!($column), "', ", $table, ".", stringify!($column),)*
            $($(", '", stringify!($name), "', ", $value,)+)?
            ")"
        )
    };
    ($first:ident = $of_first:expr $(, $name:ident = $value:expr)*) => {
        concat!("json_object('", stringify!($first), "', ", $of_first, $(", '", stringify!($name), "', ", $value,)* ")")
    };
}
pub(in crate::server::store) use json_object;

/// A [`SessionRow`] in SQLite's JSON.
macro_rules! session_json {
    () => {
        json_object!(
            "s": id, user_id, generation, confirmed, rotated_at, created_at, authenticated_at, methods,
            authenticated_before, methods_before, replaced_at, last_seen_at, idle_expires_at, absolute_expires_at,
            revoked_at, revoked_reason, followed_by, token_kid, token_expires_at, name, user_agent, ip, new_device,
            new_network;
            salt = "hex(s.salt)"
        )
    };
}

/// A [`UserRow`] or a [`JoinedUser`] in SQLite's JSON.
macro_rules! user_json {
    () => {
        json_object!(
            "u": id, email, display_name, password_hash, editor, admin, token_epoch, credential_epoch, disabled_at,
            email_verified_at, created_at
        )
    };
}

/// A [`SessionOfUserRow`] in SQLite's JSON.
macro_rules! session_of_user_json {
    () => {
        json_object!(session = session_json!(), user = user_json!())
    };
}

/// A [`JoinedConsent`] in SQLite's JSON.
macro_rules! consent_json {
    () => {
        json_object!(
            consented_scopes = "k.scopes",
            consented_resources = "k.resources",
            allowed_at = "k.granted_at"
        )
    };
}

/// A [`ClientRow`] in SQLite's JSON.
macro_rules! client_json {
    () => {
        json_object!(
            "c": id, name, developer, kind, auth_method, jwks, trusted, scopes, resources, id_token_alg, id_token_key,
            claims_in_id_token, require_pushed, access_ttl, refresh_idle_ttl, refresh_absolute_ttl,
            backchannel_logout_uri, created_at, disabled_at
        )
    };
}

/// A [`CodeRow`] in SQLite's JSON.
macro_rules! code_json {
    () => {
        json_object!(
            hash = "hex(g.code_hash)",
            redirect_uri = "g.code_redirect_uri",
            challenge = "hex(g.code_challenge)",
            nonce = "g.code_nonce",
            expires_at = "g.code_expires_at",
            redeemed_at = "g.code_redeemed_at"
        )
    };
}

/// A [`GrantRow`] in SQLite's JSON.
macro_rules! grant_json {
    () => {
        json_object!(
            "g": id, client_session_id, sign_in_id, client_id, user_id, scopes, resources, auth_time, methods, acr,
            generation, confirmed, rotated_at, created_at, last_used_at, idle_expires_at, absolute_expires_at, revoked_at,
            revoked_reason;
            salt = "hex(g.salt)", code = code_json!()
        )
    };
}

/// The statements take the ids as a JSON array. CROSS JOIN: SQLite reads that first then, instead of the table.
pub const SESSIONS: &str = concat!(
    "SELECT json_group_array(",
    session_of_user_json!(),
    ") FROM json_each(?) ids CROSS JOIN sessions s ON s.id = ids.value CROSS JOIN users u ON u.id = s.user_id"
);

pub const USERS: &str = concat!(
    "SELECT json_group_array(",
    user_json!(),
    ") FROM json_each(?) ids CROSS JOIN users u ON u.id = ids.value"
);

// What is JSON within a row is text there, as in a row of PostgreSQL: to concatenate it makes it so.
pub const CLIENTS: &str = concat!(
    "SELECT json_group_array(",
    json_object!(
        client = client_json!(),
        secrets = "'' || (SELECT json_group_array(json_array(hex(hash), expires_at))
                    FROM oauth_client_secrets WHERE client_id = c.id)",
        redirect_uris = "'' || (SELECT json_group_array(uri)
                          FROM oauth_client_uris WHERE client_id = c.id AND purpose = 'redirect')"
    ),
    ") FROM json_each(?) ids CROSS JOIN oauth_clients c ON c.id = ids.value"
);
pub const STANDINGS: &str = concat!(
    "SELECT json_group_array(",
    json_object!(
        grant = grant_json!(),
        user = user_json!(),
        consent = consent_json!(),
        client_session_revoked_at = "c.revoked_at",
        session_id = "c.session_id",
        session_revoked_at = "s.revoked_at",
        session_idle_expires_at = "s.idle_expires_at",
        session_absolute_expires_at = "s.absolute_expires_at",
        may_use = usable_by!("g.client_id", "g.user_id"),
        group_names = "'' || (SELECT json_group_array(name) FROM (
            SELECT o.name FROM user_group_members m JOIN user_groups o ON o.id = m.group_id
            WHERE m.user_id = g.user_id ORDER BY o.name))"
    ),
    ") FROM json_each(?) ids CROSS JOIN oauth_grants g ON g.id = ids.value
    CROSS JOIN oauth_client_sessions c ON c.id = g.client_session_id
    CROSS JOIN users u ON u.id = g.user_id LEFT JOIN sessions s ON s.id = c.session_id
    LEFT JOIN oauth_consents k ON k.user_id = g.user_id AND k.client_id = g.client_id"
);
pub const GROUNDS: &str = concat!(
    "SELECT json_group_array(",
    json_object!(
        pair = "ids.value",
        of = session_of_user_json!(),
        consent = consent_json!(),
        client_is_enabled = "c.disabled_at IS NULL",
        may_use = usable_by!("c.id", "u.id"),
        client_session_id = "l.id"
    ),
    ") FROM json_each(?) ids CROSS JOIN sessions s ON s.id = substr(ids.value, 1, 36)
    CROSS JOIN users u ON u.id = s.user_id CROSS JOIN oauth_clients c ON c.id = substr(ids.value, 38)
    LEFT JOIN oauth_client_sessions l ON l.session_id = s.id AND l.client_id = c.id AND l.revoked_at IS NULL
    LEFT JOIN oauth_consents k ON k.user_id = u.id AND k.client_id = c.id"
);

/// Bytes in JSON that SQLite has made with `hex`. Of NULL that makes an empty text.
pub fn optional_bytes<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = String::deserialize(json)?;
    let bytes = unhex(&text).ok_or_else(|| D::Error::custom("not hexadecimal"))?;
    Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
}

pub fn bytes<'de, D: Deserializer<'de>>(json: D) -> Result<Vec<u8>, D::Error> {
    Ok(optional_bytes(json)?.unwrap_or_default())
}

/// What is true or false in JSON that SQLite has made: it has numbers for it.
pub fn flag<'de, D: Deserializer<'de>>(json: D) -> Result<bool, D::Error> {
    Ok(i64::deserialize(json)? != 0)
}
