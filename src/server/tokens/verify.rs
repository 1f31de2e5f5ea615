//! The one function that verifies an access token (RFC 8725, RFC 9068 §4).

use std::{borrow::Cow, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, de::IgnoredAny};

use super::{
    algorithm::Algorithm,
    claims::{CLIENT_ID, Claims, TokenId},
    keys::{KeySet, TYPE},
};
use crate::{
    model::{
        id::{SessionId, UserId},
        role::Roles,
    },
    server::{clock::Timestamp, config::TokenConfig},
};

/// How far another node's clock may be ahead of ours. Expiry has no leeway.
pub const LEEWAY: Duration = Duration::from_secs(5);
/// Longest token that is looked at, in bytes. Ours have about 700.
const MAX_LENGTH: usize = 4096;
/// No token of ours lives longer (the upper limit of `LATCHKEY_TOKENS_ACCESS_TTL`).
const MAX_LIFETIME: i64 = 24 * 3600;

/// What a valid access token proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub user: UserId,
    pub session: SessionId,
    pub id: TokenId,
    pub roles: Roles,
    /// When the password was last entered.
    pub authenticated_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Why a token is refused. The caller only learns that it is; the log says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("longer than any token of ours")]
    TooLong,
    #[error("not three parts of base64url")]
    NotCompact,
    #[error("the header is no JSON object of a token of ours")]
    Header,
    #[error("the header asks for extensions (crit)")]
    Critical,
    #[error("the type is not at+jwt")]
    Type,
    #[error("the key is unknown or gone")]
    UnknownKey,
    #[error("the algorithm is not the key's")]
    Algorithm,
    #[error("the signature does not match")]
    Signature,
    #[error("the claims are not those of an access token")]
    Claims,
    #[error("the issuer is another one")]
    Issuer,
    #[error("the audience is another one")]
    Audience,
    #[error("expired")]
    Expired,
    #[error("from the future, or valid for longer than tokens are")]
    Lifetime,
    #[error("the session has ended")]
    Revoked,
    #[error("the account has changed since")]
    Stale,
}

/// The header of a token of ours. Any other member but `crit` is left unread: a key is only ever looked up by `kid`
/// among our own, never taken from the token (`jwk`, `x5c`) and never fetched (`jku`, `x5u`).
#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow)]
    typ: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kid: Option<Cow<'a, str>>,
    crit: Option<IgnoredAny>,
}

/// Verifies a token's form, signature and claims at `now`. The denylist is asked by the caller, after this.
pub fn verify(
    token: &str,
    keys: &KeySet,
    config: &TokenConfig,
    now: Timestamp,
) -> Result<Verified, TokenError> {
    if token.len() > MAX_LENGTH {
        return Err(TokenError::TooLong);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(TokenError::NotCompact)?;
    let (header, claims) = message.split_once('.').ok_or(TokenError::NotCompact)?;
    let header = BASE64.decode(header).map_err(|_| TokenError::NotCompact)?;
    let header: Header<'_> = serde_json::from_slice(&header).map_err(|_| TokenError::Header)?;
    if header.crit.is_some() {
        return Err(TokenError::Critical);
    }
    if header.typ.as_deref() != Some(TYPE) {
        return Err(TokenError::Type);
    }
    let kid = header.kid.ok_or(TokenError::UnknownKey)?;
    let key = keys.verifying(&kid, now).ok_or(TokenError::UnknownKey)?;
    if Algorithm::parse(&header.alg) != Some(key.algorithm) {
        return Err(TokenError::Algorithm);
    }
    let verified =
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key.verifying, key.algorithm.jwt());
    if !matches!(verified, Ok(true)) {
        return Err(TokenError::Signature);
    }
    let claims = BASE64.decode(claims).map_err(|_| TokenError::NotCompact)?;
    let claims: Claims = serde_json::from_slice(&claims).map_err(|_| TokenError::Claims)?;
    check(claims, config, now)
}

fn check(claims: Claims, config: &TokenConfig, now: Timestamp) -> Result<Verified, TokenError> {
    if claims.iss != config.issuer {
        return Err(TokenError::Issuer);
    }
    if claims.aud != config.audience {
        return Err(TokenError::Audience);
    }
    if claims.client_id != CLIENT_ID {
        return Err(TokenError::Claims);
    }
    let expires_at = Timestamp::from_seconds(claims.exp);
    if now >= expires_at {
        return Err(TokenError::Expired);
    }
    let horizon = now + LEEWAY;
    let begins = claims.nbf.map_or(claims.iat, |nbf| nbf.max(claims.iat));
    let lifetime = claims.exp.checked_sub(claims.iat);
    if claims.iat < 0
        || Timestamp::from_seconds(begins) > horizon
        || lifetime.is_none_or(|lifetime| lifetime > MAX_LIFETIME)
    {
        return Err(TokenError::Lifetime);
    }
    Ok(Verified {
        user: claims.sub,
        session: claims.sid,
        id: claims.jti,
        roles: claims.roles,
        authenticated_at: Timestamp::from_seconds(claims.auth_time),
        expires_at,
    })
}

/// Verified tokens by their exact bytes, so that a token is verified once and not at every request.
#[derive(Debug)]
pub struct VerifiedCache(quick_cache::sync::Cache<Box<str>, Arc<Verified>>);

impl VerifiedCache {
    /// Tokens remembered, of about 1 KiB each.
    const CAPACITY: usize = 10_000;

    pub fn get(&self, token: &str, now: Timestamp) -> Option<Arc<Verified>> {
        self.0.get(token).filter(|verified| now < verified.expires_at)
    }

    /// A key is gone: what it has signed must be looked at again.
    pub fn forget_all(&self) {
        self.0.clear();
    }

    pub fn insert(&self, token: &str, verified: Arc<Verified>) {
        self.0.insert(token.into(), verified);
    }
}

impl Default for VerifiedCache {
    fn default() -> Self {
        Self(quick_cache::sync::Cache::new(Self::CAPACITY))
    }
}
