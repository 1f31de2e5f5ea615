//! The public keys with which a client's assertions are verified (RFC 7517, `jwks` of RFC 7591).

use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, Jwk, JwkSet},
};
use serde_json::Value;

use crate::server::tokens::foreign::{ALGORITHMS, algorithm, fits, is_named};

/// Longest set that is read, in bytes.
const MAX_LENGTH: usize = 16 * 1024;
/// The members of a JSON Web Key that are secret (RFC 7518 §6).
const SECRET_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A client's public keys. One of them at least can verify a signature.
#[derive(Clone, Debug)]
pub struct ClientKeys {
    set: JwkSet,
    /// The set as it is stored and shown.
    text: String,
}

/// Why a text is no set of a client's public keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotKeys {
    #[error("This is no JSON Web Key Set that can be read: it has the form {{\"keys\": […]}}.")]
    Unreadable,
    #[error("This is longer than 16 KiB.")]
    TooLong,
    #[error("This has a private key. Only the public half of a key belongs here, so make a new pair.")]
    Private,
    #[error(
        "None of these keys can be used: a P-256, an Ed25519 or an RSA key of 2048 bits or more is needed."
    )]
    Useless,
}

impl ClientKeys {
    pub fn parse(text: &str) -> Result<Self, NotKeys> {
        if text.len() > MAX_LENGTH {
            return Err(NotKeys::TooLong);
        }
        let value: Value = serde_json::from_str(text).map_err(|_| NotKeys::Unreadable)?;
        let keys = value.get("keys").and_then(Value::as_array).ok_or(NotKeys::Unreadable)?;
        if keys.iter().any(|key| SECRET_MEMBERS.iter().any(|member| key.get(member).is_some())) {
            return Err(NotKeys::Private);
        }
        let text = value.to_string();
        let set: JwkSet = serde_json::from_value(value).map_err(|_| NotKeys::Unreadable)?;
        if !set.keys.iter().any(is_usable) {
            return Err(NotKeys::Useless);
        }
        Ok(Self { set, text })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The keys that may have signed: the one that is named, or each.
    pub fn named(&self, kid: Option<&str>) -> impl Iterator<Item = &Jwk> {
        named(&self.set, kid)
    }
}

/// The keys of a set that may have signed: the one that is named, or each.
pub fn named<'a>(set: &'a JwkSet, kid: Option<&str>) -> impl Iterator<Item = &'a Jwk> {
    set.keys.iter().filter(move |key| kid.is_none_or(|kid| is_named(key, kid)))
}

fn is_usable(key: &Jwk) -> bool {
    ALGORITHMS.iter().filter_map(|name| algorithm(name)).any(|algorithm| fits(key, algorithm))
        && DecodingKey::from_jwk(key).is_ok()
        && is_long_enough(key)
}

/// Shorter RSA keys verify nothing (RFC 7518 §3.3).
fn is_long_enough(key: &Jwk) -> bool {
    /// 2048 bits in base64url, without padding.
    const LEAST: usize = 342;
    match &key.algorithm {
        AlgorithmParameters::RSA(rsa) => rsa.n.len() >= LEAST,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

    fn p256() -> Value {
        json!({ "kty": "EC", "crv": "P-256", "x": X, "y": Y })
    }

    fn parse(keys: &[Value]) -> Result<ClientKeys, NotKeys> {
        ClientKeys::parse(&json!({ "keys": keys }).to_string())
    }

    #[test]
    fn a_set_with_one_usable_key_is_taken_as_it_stands() {
        let other = json!({ "kty": "EC", "crv": "P-384", "x": X, "y": Y, "use": "enc" });
        let set = json!({ "keys": [other, p256()] });
        let keys = ClientKeys::parse(&format!(" {set:#}\n")).unwrap();
        assert_eq!(serde_json::from_str::<Value>(keys.as_str()).unwrap(), set);
        assert_eq!(keys.named(None).count(), 2);
        assert_eq!(keys.named(Some("other")).count(), 0);
    }

    #[test]
    fn what_can_verify_nothing_is_refused() {
        for text in ["", "keys", "{}", "[]", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, &p256().to_string()] {
            assert_eq!(ClientKeys::parse(text).unwrap_err(), NotKeys::Unreadable, "{text}");
        }
        assert_eq!(parse(&[]).unwrap_err(), NotKeys::Useless);
        let for_another_algorithm = json!({ "kty": "EC", "crv": "P-256", "x": X, "y": Y, "alg": "ES384" });
        assert_eq!(parse(&[for_another_algorithm]).unwrap_err(), NotKeys::Useless);
        let short = json!({ "kty": "RSA", "n": "A".repeat(171), "e": "AQAB" });
        assert_eq!(parse(&[short]).unwrap_err(), NotKeys::Useless);
        assert_eq!(ClientKeys::parse(&" ".repeat(MAX_LENGTH + 1)).unwrap_err(), NotKeys::TooLong);
    }

    #[test]
    fn a_private_key_is_refused_whatever_stands_beside_it() {
        for member in SECRET_MEMBERS {
            let mut key = p256();
            key[member] = json!("c2VjcmV0");
            assert_eq!(parse(&[p256(), key]).unwrap_err(), NotKeys::Private, "{member}");
        }
        let shared = json!({ "kty": "oct", "k": "c2VjcmV0" });
        assert_eq!(parse(&[shared]).unwrap_err(), NotKeys::Private);
    }
}
