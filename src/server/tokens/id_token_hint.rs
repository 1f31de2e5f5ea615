//! An ID token that comes back as a hint (OpenID Connect RP-Initiated Logout §2): it says which client asks, and about
//! whom. It has often expired, and its key may be gone; so it is verified by the public part, which stays.

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{DecodingKey, jwk::Jwk};
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    model::{
        id::{ClientSessionId, UserId},
        oauth::client_id::ClientId,
    },
    server::{
        crypto::algorithm::Algorithm, keys::line::KeyLine, store::signing_keys::SigningKeyRecord,
        tokens::id_token::ID_TOKEN_TYPE,
    },
};

/// Longest hint that is looked at, in bytes: an ID token with many groups.
const MAX_LENGTH: usize = 16 * 1024;

/// What an ID token of ours says, whenever it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdTokenHint {
    pub client: ClientId,
    pub user: UserId,
    pub sid: ClientSessionId,
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow)]
    typ: Cow<'a, str>,
    #[serde(borrow)]
    kid: Cow<'a, str>,
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: ClientId,
    sub: UserId,
    sid: ClientSessionId,
}

/// Verifies a hint. Nothing: it is no ID token of ours, or its key was revoked.
pub fn verify_hint(token: &str, keys: &[SigningKeyRecord], issuer: &str) -> Option<IdTokenHint> {
    if token.len() > MAX_LENGTH {
        return None;
    }
    let (message, signature) = token.rsplit_once('.')?;
    let (header, claims) = message.split_once('.')?;
    let header = BASE64.decode(header).ok()?;
    let header: Header<'_> = serde_json::from_slice(&header).ok()?;
    if header.crit.is_some() || header.typ != ID_TOKEN_TYPE {
        return None;
    }
    let record = keys.iter().find(|key| key.kid == header.kid && !key.revoked)?;
    let Some(KeyLine::Clients(line)) = KeyLine::of(record) else { return None };
    let algorithm = Algorithm::parse(&header.alg).filter(|algorithm| *algorithm == line.into())?;
    let jwk: Jwk = serde_json::from_str(record.public_jwk.as_deref()?).ok()?;
    let verifying = DecodingKey::from_jwk(&jwk).ok()?;
    let verified =
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), &verifying, algorithm.jwt()).ok()?;
    let claims: Claims = serde_json::from_slice(&BASE64.decode(claims).ok()?).ok()?;
    (verified && claims.iss == issuer).then_some(IdTokenHint {
        client: claims.aud,
        user: claims.sub,
        sid: claims.sid,
    })
}
