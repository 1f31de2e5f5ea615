//! Proof of who a client is by its own signature (RFC 7523 §2.2, `private_key_jwt`). An assertion is for this server alone,
//! for a minute, and for once.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde::Deserialize;

use crate::{
    model::oauth::client_id::ClientId,
    server::{
        clock::{LEEWAY, Timestamp},
        error::Error,
        state::AppState,
        store::{client_assertions, clients::Client},
        tokens::foreign::{self, ForeignToken},
    },
};

pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The algorithms of its signature.
pub const ALGORITHMS: [&str; 4] = foreign::ALGORITHMS;
/// Longest assertion that is looked at, in bytes.
const MAX_LENGTH: usize = 4096;
/// How long it may be good from now on. It is remembered for so long, so that it works once.
const LIFETIME: Duration = Duration::from_secs(60);

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

/// The client that an assertion says it is of. Whether that is so is [`verify`]'s to find out.
pub fn issuer(assertion: &str) -> Option<ClientId> {
    let token = ForeignToken::parse(assertion, MAX_LENGTH)?;
    serde_json::from_slice::<Claims>(&token.claims).ok().map(|claims| claims.iss)
}

/// Whether an assertion proves that its sender is this client. It is used up by that.
pub async fn verify(
    state: &AppState,
    now: Timestamp,
    client: &Client,
    assertion: &str,
) -> Result<bool, Error> {
    let keys = client.jwks.as_deref().map(serde_json::from_str::<JwkSet>);
    let Some(Ok(keys)) = keys else { return Ok(false) };
    let Some(token) = ForeignToken::parse(assertion, MAX_LENGTH) else { return Ok(false) };
    let Ok(claims) = serde_json::from_slice::<Claims>(&token.claims) else { return Ok(false) };
    if !is_for_now(&claims, &client.id, &state.config.tokens.issuer, now) || !is_signed(&token, &keys) {
        return Ok(false);
    }
    let hash = digest(&SHA256, format!("{} {}", client.id, claims.jti).as_bytes());
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
fn is_signed(token: &ForeignToken<'_>, keys: &JwkSet) -> bool {
    let is_named = |key: &&Jwk| token.kid().is_none_or(|kid| key.common.key_id.as_deref() == Some(kid));
    token.is_signed_by(keys.keys.iter().filter(is_named))
}
