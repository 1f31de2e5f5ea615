//! Public keys of passkeys, in the form of COSE (RFC 9052 §7, RFC 9053).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    VerificationAlgorithm,
};

use super::{Refused, cbor::Map};

/// A public key that signatures can be verified with.
pub struct PublicKey(Key);

enum Key {
    Parsed(ParsedPublicKey),
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
}

/// What a key signs with, as COSE numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum Algorithm {
    Es256 = -7,
    EdDsa = -8,
    /// What Windows Hello makes in TPMs.
    Rs256 = -257,
}

impl Algorithm {
    /// What is offered, the best first. A key of any other is refused.
    pub const OFFERED: [Self; 3] = [Self::EdDsa, Self::Es256, Self::Rs256];

    fn of(number: i64) -> Result<Self, Refused> {
        Self::OFFERED.into_iter().find(|offered| *offered as i64 == number).ok_or(Refused::Algorithm)
    }
}

/// Labels of a COSE key: its type, its algorithm, and what depends on the type.
const TYPE: i64 = 1;
const ALGORITHM: i64 = 3;
const CURVE: i64 = -1;
const X: i64 = -2;
const Y: i64 = -3;
const MODULUS: i64 = -1;
const EXPONENT: i64 = -2;

impl PublicKey {
    /// Reads a key: one of an algorithm that was offered, with what belongs to it and nothing else (§5.8.5).
    pub fn from_cose(cose: &[u8]) -> Result<Self, Refused> {
        let map = Map::of(cose)?;
        let algorithm = Algorithm::of(map.integer(ALGORITHM).ok_or(Refused::PublicKey)?)?;
        let of_shape = |kind, entries| map.integer(TYPE) == Some(kind) && map.len() == entries;
        let key = match algorithm {
            Algorithm::Es256 if of_shape(2, 5) && map.integer(CURVE) == Some(1) => p256(&map),
            Algorithm::EdDsa if of_shape(1, 4) && map.integer(CURVE) == Some(6) => {
                map.bytes(X).and_then(|x| parsed(&ED25519, x))
            }
            Algorithm::Rs256 if of_shape(3, 4) => rsa(&map),
            _ => None,
        };
        key.map(Self).ok_or(Refused::PublicKey)
    }

    /// Verifies a signature (§7.2 step 21).
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refused> {
        let verified = match &self.0 {
            Key::Parsed(key) => key.verify_sig(message, signature),
            Key::Rsa { modulus: n, exponent: e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        };
        verified.map_err(|_| Refused::Signature)
    }
}

fn p256(map: &Map) -> Option<Key> {
    let (x, y) = (map.bytes(X)?, map.bytes(Y)?);
    let is_point = x.len() == 32 && y.len() == 32;
    is_point.then(|| parsed(&ECDSA_P256_SHA256_ASN1, &[&[4], x, y].concat()))?
}

fn parsed(algorithm: &'static dyn VerificationAlgorithm, bytes: &[u8]) -> Option<Key> {
    ParsedPublicKey::new(algorithm, bytes).ok().map(Key::Parsed)
}

/// Between 2048 and 8192 bits: others can't be verified.
fn rsa(map: &Map) -> Option<Key> {
    let (modulus, exponent) = (map.bytes(MODULUS)?.to_vec(), map.bytes(EXPONENT)?.to_vec());
    ((256..=1024).contains(&modulus.len())).then_some(Key::Rsa { modulus, exponent })
}
