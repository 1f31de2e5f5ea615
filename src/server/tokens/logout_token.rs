//! Logout tokens (OpenID Connect Back-Channel Logout §2.4): tell a client that a session of it has ended.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    model::{
        id::{ClientSessionId, UserId},
        oauth::client_id::ClientId,
    },
    server::{
        clock::Timestamp,
        config::TokenConfig,
        crypto::entropy::Entropy,
        keys::{error::KeyError, key_set::SigningKey},
    },
};

/// The media type, so that no client takes one for an ID token.
const LOGOUT_TOKEN_TYPE: &str = "logout+jwt";
const LIFETIME: Duration = Duration::from_secs(120);
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What a logout token is to say.
#[derive(Clone, Copy, Debug)]
pub struct LogoutToken<'a> {
    pub client: &'a ClientId,
    pub user: &'a UserId,
    pub sid: &'a ClientSessionId,
}

/// There is no `nonce`: a token with one could pass for an ID token.
#[derive(Serialize)]
struct LogoutTokenClaims<'a> {
    iss: &'a str,
    sub: &'a UserId,
    aud: &'a ClientId,
    iat: i64,
    exp: i64,
    jti: String,
    sid: &'a ClientSessionId,
    events: Value,
}

/// Signs a logout token. Each is another one: a client may remember the `jti` of those that it has seen.
pub fn sign_logout_token(
    key: &SigningKey,
    config: &TokenConfig,
    now: Timestamp,
    entropy: &Entropy,
    token: LogoutToken<'_>,
) -> Result<String, KeyError> {
    let claims = LogoutTokenClaims {
        iss: &config.issuer,
        sub: token.user,
        aud: token.client,
        iat: now.seconds(),
        exp: (now + LIFETIME).seconds(),
        jti: entropy.uuid(now).map_err(|_| KeyError::Crypto)?,
        sid: token.sid,
        events: json!({ EVENT: {} }),
    };
    key.sign(LOGOUT_TOKEN_TYPE, &claims, entropy)
}
