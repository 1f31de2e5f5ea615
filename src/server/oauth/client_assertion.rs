//! Proof of who a client is by its own signature (RFC 7523 §2.2, `private_key_jwt`). An assertion is for this server alone,
//! for a minute, and for once.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize;

use super::client_keys::{ClientKeys, named};
use crate::{
    model::oauth::client_id::ClientId,
    server::{
        clock::{LEEWAY, Timestamp},
        error::Error,
        key_sets::registered,
        state::AppState,
        store::{client_assertions, clients::Client},
        tokens::foreign::ForeignToken,
    },
};

pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
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
    let Some(token) = ForeignToken::parse(assertion, MAX_LENGTH) else { return Ok(false) };
    let Ok(claims) = serde_json::from_slice::<Claims>(&token.claims) else { return Ok(false) };
    if !is_for_now(&claims, &client.id, &state.config.tokens.issuer, now)
        || !is_signed(state, client, &token).await?
    {
        return Ok(false);
    }
    let hash = digest(&SHA256, format!("{} {}", client.id, claims.jti).as_bytes());
    let mut tx = state.store.begin().await?;
    let is_first = client_assertions::use_up(&mut tx, hash.as_ref(), now + LIFETIME + 2 * LEEWAY).await?;
    tx.commit().await?;
    Ok(is_first)
}

/// Whether the client has signed it, with a registered key or with one that is at the registered address. One that is not
/// known there may be new.
async fn is_signed(state: &AppState, client: &Client, token: &ForeignToken<'_>) -> Result<bool, Error> {
    let Some(jwks) = client.jwks.as_deref() else { return Ok(false) };
    let Some(place) = registered(jwks) else {
        let keys = ClientKeys::parse(jwks);
        return Ok(keys.is_ok_and(|keys| token.is_signed_by(keys.named(token.kid()))));
    };
    let mut keys = state.key_sets.get(place).await?;
    if named(&keys.signing, token.kid()).next().is_none() {
        keys = state.key_sets.get_newer(place).await?;
    }
    Ok(token.is_signed_by(named(&keys.signing, token.kid())))
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
