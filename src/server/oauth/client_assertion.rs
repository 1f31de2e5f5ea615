//! Proof of who a client is by its own signature (RFC 7523 §2.2, `private_key_jwt`). An assertion is for this server alone,
//! for a minute, and for once.

use std::{borrow::Cow, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::DecodingKey;
use serde::{Deserialize, de::IgnoredAny};

use super::client_keys::{ClientKeys, algorithm};
use crate::{
    model::oauth::client_id::ClientId,
    server::{
        clock::{LEEWAY, Timestamp},
        error::Error,
        state::AppState,
        store::{client_assertions, clients::Client},
    },
};

pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Longest assertion that is looked at, in bytes.
const MAX_LENGTH: usize = 4096;
/// How long it may be good from now on. It is remembered for so long, so that it works once.
const LIFETIME: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow)]
    kid: Option<Cow<'a, str>>,
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    iss: ClientId,
    sub: ClientId,
    aud: Audience,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    iat: Option<i64>,
    jti: String,
}

/// One server, and no other: an assertion that others may use too can be passed on by them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    List([String; 1]),
}

/// Parts of an assertion, decoded and not yet believed.
struct Parts<'a> {
    message: &'a str,
    signature: &'a str,
    header: Vec<u8>,
    claims: Claims,
}

impl<'a> Parts<'a> {
    fn of(assertion: &'a str) -> Option<Self> {
        if assertion.len() > MAX_LENGTH {
            return None;
        }
        let (message, signature) = assertion.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let claims = serde_json::from_slice(&BASE64.decode(claims).ok()?).ok()?;
        Some(Self { message, signature, header: BASE64.decode(header).ok()?, claims })
    }
}

/// The client that an assertion says it is of. Whether that is so is [`verify`]'s to find out.
pub fn issuer(assertion: &str) -> Option<ClientId> {
    Parts::of(assertion).map(|parts| parts.claims.iss)
}

/// Whether an assertion proves that its sender is this client. It is used up by that.
pub async fn verify(
    state: &AppState,
    now: Timestamp,
    client: &Client,
    assertion: &str,
) -> Result<bool, Error> {
    let Some(Ok(keys)) = client.jwks.as_deref().map(ClientKeys::parse) else { return Ok(false) };
    let Some(parts) = Parts::of(assertion) else { return Ok(false) };
    if !is_for_now(&parts.claims, &client.id, &state.config.tokens.issuer, now) || !is_signed(&parts, &keys) {
        return Ok(false);
    }
    let hash = digest(&SHA256, format!("{} {}", client.id, parts.claims.jti).as_bytes());
    let mut tx = state.store.begin().await?;
    let is_first = client_assertions::use_up(&mut tx, hash.as_ref(), now + LIFETIME + 2 * LEEWAY).await?;
    tx.commit().await?;
    Ok(is_first)
}

fn is_for_now(claims: &Claims, client: &ClientId, issuer: &str, now: Timestamp) -> bool {
    let audience = match &claims.aud {
        Audience::One(one) | Audience::List([one]) => one,
    };
    let begins = claims.nbf.into_iter().chain(claims.iat).max();
    let expires_at = Timestamp::from_seconds(claims.exp);
    claims.iss == *client
        && claims.sub == *client
        && audience == issuer
        && now < expires_at + LEEWAY
        && expires_at <= now + LIFETIME + LEEWAY
        && begins.is_none_or(|begins| Timestamp::from_seconds(begins) <= now + LEEWAY)
        && !claims.jti.is_empty()
}

/// Whether one of the client's keys has signed it: the one that is named, or any that fits.
fn is_signed(parts: &Parts<'_>, keys: &ClientKeys) -> bool {
    let Ok(header) = serde_json::from_slice::<Header<'_>>(&parts.header) else { return false };
    let Some(algorithm) = algorithm(&header.alg) else { return false };
    let message = parts.message.as_bytes();
    let verifies = |key: DecodingKey| {
        matches!(jsonwebtoken::crypto::verify(parts.signature, message, &key, algorithm), Ok(true))
    };
    header.crit.is_none() && keys.of_signature(header.kid.as_deref(), algorithm).any(verifies)
}
