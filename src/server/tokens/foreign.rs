//! Tokens that others have signed: clients, and providers through which people come in. One function verifies their
//! signatures, with keys that were looked up here and are never taken from the token.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde::{Deserialize, de::IgnoredAny};

use crate::model::upstream::algorithms;

/// The algorithms of their signatures. None has a secret that both sides know.
pub const ALGORITHMS: [&str; 4] = algorithms::ALL;

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<IgnoredAny>,
}

/// A token, decoded and not yet believed.
pub struct ForeignToken<'a> {
    message: &'a str,
    signature: &'a str,
    header: Header,
    /// Its claims, not yet read.
    pub claims: Vec<u8>,
}

impl<'a> ForeignToken<'a> {
    /// Reads a token of so many bytes at the most. Nothing: it is none, or asks for extensions (RFC 7515 §4.1.11).
    pub fn parse(token: &'a str, longest: usize) -> Option<Self> {
        if token.len() > longest {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let header: Header = serde_json::from_slice(&BASE64.decode(header).ok()?).ok()?;
        if header.crit.is_some() {
            return None;
        }
        Some(Self { message, signature, header, claims: BASE64.decode(claims).ok()? })
    }

    pub fn alg(&self) -> &str {
        &self.header.alg
    }

    pub fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    pub fn typ(&self) -> Option<&str> {
        self.header.typ.as_deref()
    }

    /// Whether one of these keys has signed it, with an algorithm of that key.
    pub fn is_signed_by<'k>(&self, keys: impl IntoIterator<Item = &'k Jwk>) -> bool {
        let Some(algorithm) = algorithm(self.alg()) else { return false };
        keys.into_iter().filter(|key| fits(key, algorithm)).any(|key| {
            let Ok(verifying) = DecodingKey::from_jwk(key) else { return false };
            let message = self.message.as_bytes();
            matches!(jsonwebtoken::crypto::verify(self.signature, message, &verifying, algorithm), Ok(true))
        })
    }
}

/// The algorithm of that name, if others may sign with it.
pub fn algorithm(name: &str) -> Option<Algorithm> {
    let known = ALGORITHMS.contains(&name);
    name.parse().ok().filter(|_| known)
}

pub fn is_named(key: &Jwk, kid: &str) -> bool {
    key.common.key_id.as_deref() == Some(kid)
}

/// Whether the key is one of that algorithm: what the key says counts, then what it is.
pub fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let of_its_kind = match &key.algorithm {
        AlgorithmParameters::EllipticCurve(ec) => {
            ec.curve == EllipticCurve::P256 && algorithm == Algorithm::ES256
        }
        AlgorithmParameters::RSA(_) => matches!(algorithm, Algorithm::RS256 | Algorithm::PS256),
        AlgorithmParameters::OctetKeyPair(pair) => {
            pair.curve == EllipticCurve::Ed25519 && algorithm == Algorithm::EdDSA
        }
        _ => false,
    };
    let said = match key.common.key_algorithm {
        None => None,
        Some(KeyAlgorithm::ES256) => Some(Algorithm::ES256),
        Some(KeyAlgorithm::EdDSA) => Some(Algorithm::EdDSA),
        Some(KeyAlgorithm::RS256) => Some(Algorithm::RS256),
        Some(KeyAlgorithm::PS256) => Some(Algorithm::PS256),
        Some(_) => return false,
    };
    of_its_kind
        && key.common.public_key_use != Some(PublicKeyUse::Encryption)
        && said.is_none_or(|said| said == algorithm)
}
