//! Who a client is that calls the token, introspection or revocation endpoint. The method that was registered decides, and
//! no other is taken; what is not there, or is one method too many, is no proof.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::{HeaderMap, header::AUTHORIZATION};
use base64::{Engine, prelude::BASE64_STANDARD};

use super::{
    client_assertion::{self, ASSERTION_TYPE},
    error::OAuthError,
    parameters::Parameters,
};
use crate::{
    model::{
        oauth::{client_id::ClientId, client_kind::AuthMethod},
        query,
    },
    server::{clock::Timestamp, state::AppState, store::clients::Client, tokens::one_time},
};

/// What a request says of the client that sends it.
#[derive(PartialEq, Eq)]
struct Presented {
    client: ClientId,
    proof: Proof,
}

#[derive(PartialEq, Eq)]
enum Proof {
    /// A secret in the `Authorization` header.
    Basic(String),
    /// A secret in the body.
    Post(String),
    Assertion(String),
    Nothing,
}

/// The client that sends a request, if it can be who it says that it is.
pub async fn authenticate(
    state: &AppState,
    now: Timestamp,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<Arc<Client>, OAuthError> {
    let basic = headers.contains_key(AUTHORIZATION);
    let refused = |error: OAuthError| OAuthError { basic, ..error };
    let presented = Presented::read(headers, parameters).map_err(refused)?;
    let found = state.loader.client(&presented.client).await?;
    let found = found.filter(|found| found.client.is_enabled());
    let found = found.ok_or_else(|| refused(OAuthError::invalid_client()))?;
    let client = &found.client;
    let proved = match (client.auth_method, &presented.proof) {
        // A public client that sends a secret all the same proves nothing with it, and need not.
        (AuthMethod::None, _) => true,
        (AuthMethod::Secret | AuthMethod::SecretBasic, Proof::Basic(secret))
        | (AuthMethod::Secret | AuthMethod::SecretPost, Proof::Post(secret)) => {
            is_one_of(secret, found.secrets(now))
        }
        (AuthMethod::PrivateKeyJwt, Proof::Assertion(assertion)) => {
            client_assertion::verify(state, now, client, assertion).await?
        }
        _ => false,
    };
    if proved { Ok(client.clone()) } else { Err(refused(OAuthError::invalid_client())) }
}

/// The same where a client must prove it: one that can keep no secret is refused.
pub async fn authenticate_confidential(
    state: &AppState,
    now: Timestamp,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<Arc<Client>, OAuthError> {
    let client = authenticate(state, now, headers, parameters).await?;
    if client.auth_method == AuthMethod::None { Err(OAuthError::invalid_client()) } else { Ok(client) }
}

impl Presented {
    fn read(headers: &HeaderMap, parameters: &Parameters) -> Result<Self, OAuthError> {
        let basic = basic_credentials(headers)?;
        let named = parameters.get("client_id").map(ClientId::parse).transpose();
        let named = named.map_err(|_| OAuthError::invalid_client())?;
        let secret = parameters.get("client_secret");
        let assertion = assertion(parameters)?;
        let ways = [basic.is_some(), secret.is_some(), assertion.is_some()];
        if ways.into_iter().filter(|way| *way).count() > 1 {
            return Err(OAuthError::invalid_request("The client is authenticated in two ways."));
        }
        let (client, proof) = match (basic, secret, assertion) {
            (Some((client, secret)), _, _) => (Some(client), Proof::Basic(secret)),
            (_, Some(secret), _) => (None, Proof::Post(secret.to_owned())),
            (_, _, Some(assertion)) => {
                (client_assertion::issuer(assertion), Proof::Assertion(assertion.to_owned()))
            }
            (None, None, None) => (None, Proof::Nothing),
        };
        match (client, named) {
            (Some(client), Some(named)) if client != named => {
                Err(OAuthError::invalid_request("The request names two clients."))
            }
            (client, named) => {
                let client = client.or(named).ok_or_else(OAuthError::invalid_client)?;
                Ok(Self { client, proof })
            }
        }
    }
}

/// The client and its secret in the header: each form-encoded, within Basic (RFC 6749 §2.3.1).
fn basic_credentials(headers: &HeaderMap) -> Result<Option<(ClientId, String)>, OAuthError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(OAuthError::invalid_request("The header Authorization came twice."));
    }
    let credentials = value.to_str().ok().and_then(|value| {
        let (scheme, encoded) = value.split_once(' ')?;
        let decoded = BASE64_STANDARD.decode(encoded.trim()).ok()?;
        let colon = decoded.iter().position(|byte| *byte == b':')?;
        let client = ClientId::parse(&query::decode(&decoded[..colon])?).ok()?;
        let secret = query::decode(&decoded[colon + 1..])?;
        scheme.eq_ignore_ascii_case("basic").then_some((client, secret))
    });
    credentials.map(Some).ok_or_else(OAuthError::invalid_client)
}

fn assertion(parameters: &Parameters) -> Result<Option<&str>, OAuthError> {
    match (parameters.get("client_assertion_type"), parameters.get("client_assertion")) {
        (None, None) => Ok(None),
        (Some(ASSERTION_TYPE), Some(assertion)) => Ok(Some(assertion)),
        _ => Err(OAuthError::invalid_request("The client assertion is incomplete or of an unknown type.")),
    }
}

fn is_one_of<'a>(secret: &str, hashes: impl Iterator<Item = &'a [u8]>) -> bool {
    let hash = one_time::hash(secret);
    // Both are looked at in any case.
    hashes.filter(|known| verify_slices_are_equal(known, &hash).is_ok()).count() > 0
}
