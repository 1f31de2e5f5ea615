//! What a provider has signed: ID tokens (OpenID Connect Core §3.1.3.7) and logout tokens (Back-Channel Logout §2.6). What is
//! absent is refused; nothing is looked up elsewhere instead.

use std::time::Duration;

use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde::Deserialize;
use serde_json::Value;

use super::foreign::{ForeignToken, is_named};
use crate::server::{
    clock::{LEEWAY, Timestamp},
    store::upstream_providers::Provider,
};

/// Longest token that is looked at, in bytes: one with many groups.
const MAX_LENGTH: usize = 32 * 1024;
/// Longest name of somebody at a provider (OpenID Connect Core §2).
const MAX_SUBJECT: usize = 255;
/// How long ago a token may have been made. An ID token comes at once, a logout token perhaps after some attempts.
const MAX_AGE: Duration = Duration::from_secs(600);
/// How long a logout token is remembered, so that it works once.
pub const LOGOUT_TOKEN_MEMORY: Duration = Duration::from_secs(2 * 600);
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Why a token of a provider is refused. The log says which; whoever sent it does not hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamTokenError {
    #[error("it is no signed token, or asks for extensions")]
    Malformed,
    #[error("it is of another type")]
    Type,
    #[error("the algorithm is not one of this provider")]
    Algorithm,
    #[error("it names no key, and the provider has several or none")]
    NoKey,
    /// Perhaps the provider has it since its keys were read.
    #[error("the key is unknown")]
    UnknownKey,
    #[error("the signature does not match")]
    Signature,
    #[error("a claim that it must have is missing or malformed")]
    Claims,
    #[error("the issuer is another one")]
    Issuer,
    #[error("the audience is another one")]
    Audience,
    #[error("it has expired, or was not made just now")]
    Time,
    #[error("the nonce is another one")]
    Nonce,
    #[error("the person was not asked for a proof as recently as was demanded")]
    TooOld,
    #[error("it tells of no logout")]
    Event,
}

/// Who somebody is, as an ID token says it.
#[derive(Clone, Debug)]
pub struct IdToken {
    pub subject: String,
    /// What the provider calls its own session.
    pub sid: Option<String>,
    /// When the person proved there who they are; nothing: it does not say.
    pub authenticated_at: Option<Timestamp>,
    /// All that it says.
    pub claims: Value,
}

/// Whose sessions a logout token ends: those of one session there, or all of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutToken {
    pub id: String,
    pub subject: Option<String>,
    pub sid: Option<String>,
}

/// What an ID token must say beside what all of them must.
#[derive(Clone, Copy, Debug)]
pub struct Demanded<'a> {
    pub nonce: &'a str,
    pub authenticated_after: Option<Timestamp>,
}

#[derive(Deserialize)]
struct CommonClaims {
    iss: String,
    aud: Audience,
    #[serde(default)]
    azp: Option<String>,
    iat: i64,
    #[serde(default)]
    nbf: Option<i64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    List(Vec<String>),
}

#[derive(Deserialize)]
struct IdClaims {
    sub: String,
    exp: i64,
    nonce: String,
    #[serde(default)]
    sid: Option<String>,
    #[serde(default)]
    auth_time: Option<i64>,
}

#[derive(Deserialize)]
struct LogoutClaims {
    jti: String,
    #[serde(default)]
    exp: Option<i64>,
    events: Value,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    sid: Option<String>,
    #[serde(default)]
    nonce: Option<Value>,
}

/// Verifies an ID token that the token endpoint has answered.
pub fn verify_id_token(
    token: &str,
    provider: &Provider,
    keys: &JwkSet,
    demanded: Demanded<'_>,
    now: Timestamp,
) -> Result<IdToken, UpstreamTokenError> {
    use UpstreamTokenError::{Claims, Nonce, Time, TooOld};
    let claims = verify(token, &[None, Some("JWT")], provider, keys, now)?;
    let id: IdClaims = serde_json::from_value(claims.clone()).map_err(|_| Claims)?;
    if now >= Timestamp::from_seconds(id.exp) + LEEWAY {
        return Err(Time);
    }
    if id.nonce != demanded.nonce {
        return Err(Nonce);
    }
    if !is_subject(&id.sub) {
        return Err(Claims);
    }
    if !id.sid.as_deref().is_none_or(is_subject) {
        return Err(Claims);
    }
    let authenticated_at = id.auth_time.map(Timestamp::from_seconds);
    // A proof that is yet to come would be a recent one for as long as its provider likes.
    if authenticated_at.is_some_and(|at| at > now + LEEWAY) {
        return Err(Time);
    }
    if let Some(after) = demanded.authenticated_after
        && authenticated_at.is_none_or(|at| at + LEEWAY < after)
    {
        return Err(TooOld);
    }
    Ok(IdToken { subject: id.sub, sid: id.sid, authenticated_at, claims })
}

/// Verifies a token with which a provider says that somebody has signed out there.
pub fn verify_logout_token(
    token: &str,
    provider: &Provider,
    keys: &JwkSet,
    now: Timestamp,
) -> Result<LogoutToken, UpstreamTokenError> {
    use UpstreamTokenError::{Claims, Event, Time};
    let claims = verify(token, &[None, Some("JWT"), Some("logout+jwt")], provider, keys, now)?;
    let logout: LogoutClaims = serde_json::from_value(claims).map_err(|_| Claims)?;
    if logout.exp.is_some_and(|exp| now >= Timestamp::from_seconds(exp) + LEEWAY) {
        return Err(Time);
    }
    // With a nonce it could be an ID token (Back-Channel Logout §2.4).
    if logout.nonce.is_some() || !logout.events.get(LOGOUT_EVENT).is_some_and(Value::is_object) {
        return Err(Event);
    }
    let LogoutClaims { jti: id, sub: subject, sid, .. } = logout;
    let names_are_good = [&subject, &sid].into_iter().flatten().all(|name| is_subject(name));
    if id.is_empty() || !names_are_good || (subject.is_none() && sid.is_none()) {
        return Err(Claims);
    }
    Ok(LogoutToken { id, subject, sid })
}

/// Verifies what both kinds have in common: form, type, signature, issuer, audience, and that it was made just now.
fn verify(
    token: &str,
    types: &[Option<&str>],
    provider: &Provider,
    keys: &JwkSet,
    now: Timestamp,
) -> Result<Value, UpstreamTokenError> {
    use UpstreamTokenError::{Algorithm, Audience, Claims, Issuer, Malformed, Signature, Time, Type};
    let token = ForeignToken::parse(token, MAX_LENGTH).ok_or(Malformed)?;
    if !types.contains(&token.typ()) {
        return Err(Type);
    }
    if !provider.algorithms.contains(token.alg()) {
        return Err(Algorithm);
    }
    if !token.is_signed_by([key_of(&token, keys)?]) {
        return Err(Signature);
    }
    let claims: Value = serde_json::from_slice(&token.claims).map_err(|_| Claims)?;
    let common: CommonClaims = serde_json::from_value(claims.clone()).map_err(|_| Claims)?;
    if common.iss != provider.issuer.as_str() {
        return Err(Issuer);
    }
    if !common.is_for(&provider.client_id) {
        return Err(Audience);
    }
    let (made, begins) = (common.iat, common.nbf.map_or(common.iat, |nbf| nbf.max(common.iat)));
    if Timestamp::from_seconds(begins) > now + LEEWAY || Timestamp::from_seconds(made) + MAX_AGE < now {
        return Err(Time);
    }
    Ok(claims)
}

impl CommonClaims {
    /// Whether it is for us: alone, or given to us among several (OpenID Connect Core §3.1.3.7).
    fn is_for(&self, client_id: &str) -> bool {
        let given_to_us = self.azp.as_deref().is_none_or(|azp| azp == client_id);
        let listed = match &self.aud {
            Audience::One(one) => one == client_id,
            Audience::List(list) => {
                list.iter().any(|one| one == client_id) && (list.len() == 1 || self.azp.is_some())
            }
        };
        given_to_us && listed
    }
}

/// The key that a token names; or the only one, if it names none (OpenID Connect Core §10.1).
fn key_of<'k>(token: &ForeignToken<'_>, keys: &'k JwkSet) -> Result<&'k Jwk, UpstreamTokenError> {
    match (token.kid(), keys.keys.as_slice()) {
        (Some(kid), keys) => keys.iter().find(|key| is_named(key, kid)).ok_or(UpstreamTokenError::UnknownKey),
        (None, [only]) => Ok(only),
        (None, _) => Err(UpstreamTokenError::NoKey),
    }
}

/// Whether somebody, or a session of theirs, can be called so.
pub fn is_subject(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_SUBJECT && !text.chars().any(char::is_control)
}
