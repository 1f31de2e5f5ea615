//! The public key of whoever is to read a token, as it was registered (RFC 7517).

use aws_lc_rs::{
    agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey},
    rsa::PublicEncryptingKey,
    signature::RsaPublicKeyComponents,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, de::IgnoredAny};

use super::{KEY_LENGTH, wrap};

/// RSA keys, in bits: from 112 bits of security (NIST SP 800-57), and none that costs a request much time.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// Bytes of a coordinate of P-256.
const COORDINATE: usize = 32;

#[derive(Debug)]
pub struct EncryptionKey {
    /// What the reader calls it. The token's header repeats it.
    pub kid: Option<String>,
    pub recipient: Recipient,
}

#[derive(Debug)]
pub enum Recipient {
    /// An uncompressed point of P-256.
    EcdhEs(Vec<u8>),
    RsaOaep256(PublicEncryptingKey),
}

impl Recipient {
    /// Its name in a header.
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::EcdhEs(_) => "ECDH-ES",
            Self::RsaOaep256(_) => "RSA-OAEP-256",
        }
    }
}

/// Why a text is no key for reading tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEncryptionKey {
    #[error("This is not one JSON Web Key of the type EC (P-256) or RSA.")]
    NotAKey,
    #[error("This is a private key. Register its public half, and change the key: it has been shown.")]
    Private,
    #[error("This key is not for encryption: its \"use\" is another one.")]
    Use,
    #[error("Its \"alg\" must be ECDH-ES for an EC key, and RSA-OAEP-256 for an RSA key.")]
    Algorithm,
    #[error("This is not a point of P-256.")]
    Point,
    #[error("An RSA key has 2048 to 4096 bits.")]
    Size,
    #[error("Nothing can be encrypted with this RSA key.")]
    Useless,
}

#[derive(Deserialize)]
struct PublicKey {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    /// What only a private or a secret key has.
    d: Option<IgnoredAny>,
    k: Option<IgnoredAny>,
}

impl EncryptionKey {
    /// Parses a key that is registered, and tries it.
    pub fn register(jwk: &str) -> Result<Self, InvalidEncryptionKey> {
        let key = Self::parse(jwk)?;
        match &key.recipient {
            Recipient::EcdhEs(point) if !is_on_curve(point) => Err(InvalidEncryptionKey::Point),
            // An even modulus, for one, is only met when it is used.
            Recipient::RsaOaep256(public) if wrap(&[0; KEY_LENGTH], public).is_err() => {
                Err(InvalidEncryptionKey::Useless)
            }
            _ => Ok(key),
        }
    }

    pub fn parse(jwk: &str) -> Result<Self, InvalidEncryptionKey> {
        let key: PublicKey = serde_json::from_str(jwk).map_err(|_| InvalidEncryptionKey::NotAKey)?;
        if key.d.is_some() || key.k.is_some() {
            return Err(InvalidEncryptionKey::Private);
        }
        if key.usage.as_deref().is_some_and(|usage| usage != "enc") {
            return Err(InvalidEncryptionKey::Use);
        }
        let recipient = match (&*key.kty, key.crv.as_deref()) {
            ("EC", Some("P-256")) => ec_key(&key)?,
            ("RSA", None) => rsa_key(&key)?,
            _ => return Err(InvalidEncryptionKey::NotAKey),
        };
        if key.alg.is_some_and(|alg| alg != recipient.algorithm()) {
            return Err(InvalidEncryptionKey::Algorithm);
        }
        Ok(Self { kid: key.kid, recipient })
    }
}

fn decode(part: Option<&String>) -> Result<Vec<u8>, InvalidEncryptionKey> {
    part.and_then(|part| BASE64.decode(part).ok()).ok_or(InvalidEncryptionKey::NotAKey)
}

fn ec_key(key: &PublicKey) -> Result<Recipient, InvalidEncryptionKey> {
    let (x, y) = (decode(key.x.as_ref())?, decode(key.y.as_ref())?);
    if (x.len(), y.len()) != (COORDINATE, COORDINATE) {
        return Err(InvalidEncryptionKey::Point);
    }
    Ok(Recipient::EcdhEs([vec![4], x, y].concat()))
}

fn rsa_key(key: &PublicKey) -> Result<Recipient, InvalidEncryptionKey> {
    let parts = RsaPublicKeyComponents { n: decode(key.n.as_ref())?, e: decode(key.e.as_ref())? };
    let public: PublicEncryptingKey = parts.try_into().map_err(|_| InvalidEncryptionKey::Size)?;
    if !RSA_BITS.contains(&public.key_size_bits()) {
        return Err(InvalidEncryptionKey::Size);
    }
    Ok(Recipient::RsaOaep256(public))
}

/// Whether a key can be agreed on with whoever has this point.
fn is_on_curve(point: &[u8]) -> bool {
    let Ok(private) = PrivateKey::generate(&ECDH_P256) else { return false };
    let peer = UnparsedPublicKey::new(&ECDH_P256, point);
    agreement::agree(&private, peer, (), |_| Ok(())).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn ec() -> Value {
        json!({ "kty": "EC", "crv": "P-256", "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ", "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck" })
    }

    fn with(name: &str, value: impl Into<Value>) -> Value {
        let mut key = ec();
        key[name] = value.into();
        key
    }

    fn rsa(bytes: usize) -> Value {
        json!({ "kty": "RSA", "n": BASE64.encode([vec![0xc5; bytes - 1], vec![0x17]].concat()), "e": "AQAB" })
    }

    #[test]
    fn a_public_key_of_either_kind_is_taken() {
        for (key, algorithm) in [
            (ec(), "ECDH-ES"),
            (with("alg", "ECDH-ES"), "ECDH-ES"),
            (with("use", "enc"), "ECDH-ES"),
            (rsa(256), "RSA-OAEP-256"),
            (rsa(512), "RSA-OAEP-256"),
        ] {
            let parsed = EncryptionKey::register(&key.to_string()).unwrap();
            assert_eq!(parsed.recipient.algorithm(), algorithm, "{key}");
        }
        assert_eq!(
            EncryptionKey::parse(&with("kid", "mine").to_string()).unwrap().kid.as_deref(),
            Some("mine")
        );
    }

    #[test]
    fn a_private_key_a_key_for_signing_and_an_unsafe_one_are_refused() {
        use InvalidEncryptionKey::{Algorithm, NotAKey, Point, Private, Size, Use, Useless};
        let even = json!({ "kty": "RSA", "n": BASE64.encode([0xc4; 256]), "e": "AQAB" });
        for (key, why) in [
            (json!([]), NotAKey),
            (json!({ "keys": [ec()] }), NotAKey),
            (json!({ "kty": "oct", "k": "AAAA" }), Private),
            (json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA" }), NotAKey),
            (with("d", "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"), Private),
            (with("use", "sig"), Use),
            (with("alg", "ES256"), Algorithm),
            (with("alg", "RSA-OAEP-256"), Algorithm),
            (with("alg", "ECDH-ES+A256KW"), Algorithm),
            (with("crv", "P-384"), NotAKey),
            (with("x", "AAAA"), Point),
            (with("x", "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMU"), Point),
            (rsa(128), Size),
            (rsa(1024), Size),
            (even, Useless),
        ] {
            assert_eq!(EncryptionKey::register(&key.to_string()).unwrap_err(), why, "{key}");
        }
    }
}
