//! Access tokens for clients as PASETO: the same claims as in a JWT, for services that are set so.
//!
//! Latchkey takes them back where it is asked about them, at introspection and revocation, and nowhere else.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    client_access::{ClientAccess, ClientClaims, Reach, VerifiedClientToken},
    paseto::{Parts, message, write},
    verify::{MAX_LENGTH, TokenError},
};
use crate::server::{
    clock::Timestamp,
    config::TokenConfig,
    crypto::entropy::Entropy,
    keys::{
        error::KeyError,
        key_set::{KeySet, SigningKey},
    },
};

/// The claims that PASETO writes as times of RFC 3339, where a JWT has seconds.
const TIMES: [&str; 3] = ["iat", "nbf", "exp"];

/// The footer: which key has signed.
#[derive(Serialize, Deserialize)]
struct Footer {
    kid: String,
}

/// Signs an access token for the one service that it is for.
pub fn sign_client_paseto(
    key: &SigningKey,
    config: &TokenConfig,
    now: Timestamp,
    entropy: &Entropy,
    access: &ClientAccess<'_>,
) -> Result<String, KeyError> {
    let claims = ClientClaims::of(config, now, entropy, access, Reach::ServicesAlone)?;
    let payload = with_written_times(&claims).ok_or(KeyError::Crypto)?;
    let kid = key.paserk().ok_or(KeyError::Crypto)?.kid.clone();
    let footer = serde_json::to_vec(&Footer { kid }).map_err(|_| KeyError::Crypto)?;
    let signature = key.sign_message(&message(&payload, &footer, b""), entropy)?;
    Ok(write(&payload, &signature, &footer))
}

/// Verifies such a token at `now`: form, signature and claims. The denylist is asked by the caller.
pub fn verify_client_paseto(
    token: &str,
    keys: &KeySet,
    config: &TokenConfig,
    now: Timestamp,
) -> Result<VerifiedClientToken, TokenError> {
    if token.len() > MAX_LENGTH {
        return Err(TokenError::TooLong);
    }
    let parts = Parts::of(token)?;
    let Footer { kid } = serde_json::from_slice(&parts.footer).map_err(|_| TokenError::Header)?;
    let key = keys.verifying_paseto(&kid, now).ok_or(TokenError::UnknownKey)?;
    let public = key.ed25519_public().ok_or(TokenError::UnknownKey)?;
    let payload = parts.verify(&public, b"")?;
    with_read_times(&payload).ok_or(TokenError::Claims)?.check(&key.kid, config, now)
}

fn with_written_times(claims: &ClientClaims) -> Option<Vec<u8>> {
    let Value::Object(mut claims) = serde_json::to_value(claims).ok()? else { return None };
    convert_times(&mut claims, |time| Some(Timestamp::from_seconds(time.as_i64()?).to_utc().0.into()))?;
    serde_json::to_vec(&claims).ok()
}

fn with_read_times(payload: &[u8]) -> Option<ClientClaims> {
    let mut claims = serde_json::from_slice(payload).ok()?;
    convert_times(&mut claims, |time| Some(Timestamp::parse(time.as_str()?)?.seconds().into()))?;
    serde_json::from_value(Value::Object(claims)).ok()
}

/// Writes the times that there are in another way; nothing if one is none.
fn convert_times(claims: &mut Map<String, Value>, convert: impl Fn(&Value) -> Option<Value>) -> Option<()> {
    for name in TIMES {
        if let Some(time) = claims.get_mut(name) {
            *time = convert(time)?;
        }
    }
    Some(())
}
