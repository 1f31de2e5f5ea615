//! The one function that verifies a signature, and the one that verifies an access token of the portal (RFC 8725,
//! RFC 9068 §4).

use std::{borrow::Cow, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, de::IgnoredAny};

use super::claims::{Claims, PORTAL_CLIENT_ID, TokenId};
use crate::{
    model::{
        id::{SessionId, UserId},
        level::Level,
        role::Roles,
    },
    server::{
        clock::{LEEWAY, Timestamp},
        config::TokenConfig,
        crypto::algorithm::Algorithm,
        keys::{
            key_set::{ACCESS_TOKEN_TYPE, KeySet, SigningKey},
            line::KeyLine,
        },
    },
};

/// Longest token that is looked at, in bytes. Ours have about 700.
const MAX_LENGTH: usize = 4096;

/// What a valid access token proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedToken {
    pub user: UserId,
    pub session: SessionId,
    /// Name of the key that has signed it.
    pub kid: String,
    pub id: TokenId,
    pub roles: Roles,
    /// When its owner last proved who they are.
    pub authenticated_at: Timestamp,
    /// And how well.
    pub level: Level,
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
    #[error("the type is another one")]
    Type,
    #[error("the key is unknown or gone")]
    UnknownKey,
    #[error("the key signs tokens for others")]
    Purpose,
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

impl TokenError {
    /// Whether somebody made it: what is expired, revoked or stale was ours once.
    pub fn is_forgery(self) -> bool {
        !matches!(self, Self::Expired | Self::Revoked | Self::Stale | Self::UnknownKey | Self::Purpose)
    }
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

/// A token whose form and signature are good.
pub struct SignedToken {
    /// What has signed it.
    pub key: Arc<SigningKey>,
    /// Its claims, not yet read.
    pub claims: Vec<u8>,
}

/// Verifies a token's form and signature at `now`: of the type `typ`, by a key of such a line.
pub fn verify_signature(
    token: &str,
    typ: &str,
    is_line: impl Fn(KeyLine) -> bool,
    keys: &KeySet,
    now: Timestamp,
) -> Result<SignedToken, TokenError> {
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
    if header.typ.as_deref() != Some(typ) {
        return Err(TokenError::Type);
    }
    let kid = header.kid.ok_or(TokenError::UnknownKey)?;
    let key = keys.verifying(&kid, now).ok_or(TokenError::UnknownKey)?;
    if !is_line(key.line) {
        return Err(TokenError::Purpose);
    }
    if Algorithm::parse(&header.alg) != Some(key.algorithm) {
        return Err(TokenError::Algorithm);
    }
    let verified =
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key.verifying, key.algorithm.jwt());
    if !matches!(verified, Ok(true)) {
        return Err(TokenError::Signature);
    }
    let claims = BASE64.decode(claims).map_err(|_| TokenError::NotCompact)?;
    Ok(SignedToken { key, claims })
}

/// Verifies an access token of the portal at `now`: form, signature and claims. The denylist is asked by the caller,
/// after this.
pub fn verify(
    token: &str,
    keys: &KeySet,
    config: &TokenConfig,
    now: Timestamp,
) -> Result<VerifiedToken, TokenError> {
    let is_portal = |line| line == KeyLine::Portal;
    check(&verify_signature(token, ACCESS_TOKEN_TYPE, is_portal, keys, now)?, config, now)
}

/// Reads the claims of an access token that a key of the portal has signed.
pub fn check(
    SignedToken { key, claims }: &SignedToken,
    config: &TokenConfig,
    now: Timestamp,
) -> Result<VerifiedToken, TokenError> {
    let claims: Claims = serde_json::from_slice(claims).map_err(|_| TokenError::Claims)?;
    if claims.iss != config.issuer {
        return Err(TokenError::Issuer);
    }
    if claims.aud != config.audience {
        return Err(TokenError::Audience);
    }
    if claims.client_id != PORTAL_CLIENT_ID {
        return Err(TokenError::Claims);
    }
    // As long as the settings allow now: one that was made under others is renewed in silence.
    let lifetime = Lifetime { iat: claims.iat, nbf: claims.nbf, exp: claims.exp };
    let expires_at = lifetime.check(config.access_ttl, now)?;
    Ok(VerifiedToken {
        user: claims.sub,
        session: claims.sid,
        kid: key.kid.clone(),
        id: claims.jti,
        roles: claims.roles,
        authenticated_at: Timestamp::from_seconds(claims.auth_time),
        level: claims.acr,
        expires_at,
    })
}

/// When a token is good, in seconds since 1970.
pub struct Lifetime {
    pub iat: i64,
    pub nbf: Option<i64>,
    pub exp: i64,
}

impl Lifetime {
    /// Whether it is good at `now`, and lives no longer than `longest`. Returns when it expires.
    pub fn check(&self, longest: Duration, now: Timestamp) -> Result<Timestamp, TokenError> {
        let expires_at = Timestamp::from_seconds(self.exp);
        if now >= expires_at {
            return Err(TokenError::Expired);
        }
        let begins = self.nbf.map_or(self.iat, |nbf| nbf.max(self.iat));
        let seconds = self.exp.checked_sub(self.iat).and_then(|seconds| u64::try_from(seconds).ok());
        if self.iat < 0
            || Timestamp::from_seconds(begins) > now + LEEWAY
            || seconds.is_none_or(|seconds| u128::from(seconds) > longest.as_millis().div_ceil(1000))
        {
            return Err(TokenError::Lifetime);
        }
        Ok(expires_at)
    }
}
