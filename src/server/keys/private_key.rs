//! Private keys: made, stored as bytes, parsed once and kept parsed.

use aws_lc_rs::{
    encoding::AsDer,
    hmac,
    rand::SecureRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{
    DecodingKey,
    jwk::{
        AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters,
        EllipticCurveKeyType, Jwk, KeyAlgorithm, OctetKeyPairParameters, OctetKeyPairType, PublicKeyUse,
        RSAKeyParameters, RSAKeyType, ThumbprintHash,
    },
};
use zeroize::Zeroizing;

use super::error::KeyError;
use crate::server::crypto::{algorithm::Algorithm, entropy::Entropy};

/// HMAC keys are as long as the hash (RFC 7518 §3.2).
const HMAC_KEY_LENGTH: usize = 32;

/// A private key, parsed: signing with one that is parsed at every call costs up to twice the signature itself.
pub enum PrivateKey {
    Es256(EcdsaKeyPair),
    EdDsa(Box<Ed25519KeyPair>),
    Rs256(Box<RsaKeyPair>),
    Hs256(Box<HmacKey>),
}

/// A symmetric key, ready to sign, and its bytes, which verifying needs.
pub struct HmacKey {
    key: hmac::Key,
    bytes: Zeroizing<[u8; HMAC_KEY_LENGTH]>,
}

impl PrivateKey {
    /// Makes a key and returns it with the bytes that [`PrivateKey::parse`] takes. RSA takes a second: off the async
    /// threads.
    pub fn generate(algorithm: Algorithm, entropy: &Entropy) -> Result<(Self, Zeroizing<Vec<u8>>), KeyError> {
        let bytes = match algorithm {
            Algorithm::Es256 => {
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?.to_pkcs8v1()?.as_ref().to_vec()
            }
            Algorithm::EdDsa => Ed25519KeyPair::generate()?.to_pkcs8v1()?.as_ref().to_vec(),
            Algorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa3072)?.as_der()?.as_ref().to_vec(),
            Algorithm::Hs256 => entropy.bytes::<HMAC_KEY_LENGTH>().map_err(|_| KeyError::Crypto)?.to_vec(),
        };
        let bytes = Zeroizing::new(bytes);
        Ok((Self::parse(algorithm, &bytes)?, bytes))
    }

    /// Parses PKCS #8, or for HMAC the raw key.
    pub fn parse(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        Ok(match algorithm {
            Algorithm::Es256 => {
                Self::Es256(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes)?)
            }
            Algorithm::EdDsa => Self::EdDsa(Box::new(Ed25519KeyPair::from_pkcs8(bytes)?)),
            Algorithm::Rs256 => Self::Rs256(Box::new(RsaKeyPair::from_pkcs8(bytes)?)),
            Algorithm::Hs256 => {
                let bytes: [u8; HMAC_KEY_LENGTH] = bytes.try_into().map_err(|_| KeyError::Rejected)?;
                let bytes = Zeroizing::new(bytes);
                Self::Hs256(Box::new(HmacKey { key: hmac::Key::new(hmac::HMAC_SHA256, &*bytes), bytes }))
            }
        })
    }

    /// The public half as a JWK; nothing for a symmetric key, which must not be published.
    pub fn public_jwk(&self) -> Option<Jwk> {
        let (algorithm, parameters) = match self {
            Self::Es256(pair) => {
                // Uncompressed point: 0x04, then x and y of 32 bytes each (SEC 1 §2.3.3).
                let point = pair.public_key().as_ref();
                let (x, y) = (point.get(1..33)?, point.get(33..65)?);
                let parameters = EllipticCurveKeyParameters {
                    key_type: EllipticCurveKeyType::EC,
                    curve: EllipticCurve::P256,
                    x: BASE64.encode(x),
                    y: BASE64.encode(y),
                };
                (KeyAlgorithm::ES256, AlgorithmParameters::EllipticCurve(parameters))
            }
            Self::EdDsa(pair) => {
                let parameters = OctetKeyPairParameters {
                    key_type: OctetKeyPairType::OctetKeyPair,
                    curve: EllipticCurve::Ed25519,
                    x: BASE64.encode(pair.public_key().as_ref()),
                };
                (KeyAlgorithm::EdDSA, AlgorithmParameters::OctetKeyPair(parameters))
            }
            Self::Rs256(pair) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                let parameters = RSAKeyParameters {
                    key_type: RSAKeyType::RSA,
                    n: BASE64.encode(public.n),
                    e: BASE64.encode(public.e),
                };
                (KeyAlgorithm::RS256, AlgorithmParameters::RSA(parameters))
            }
            Self::Hs256(_) => return None,
        };
        let common = CommonParameters {
            public_key_use: Some(PublicKeyUse::Signature),
            key_algorithm: Some(algorithm),
            ..CommonParameters::default()
        };
        Some(Jwk { common, algorithm: parameters })
    }

    /// The public half of an Ed25519 key.
    pub fn ed25519_public(&self) -> Option<[u8; 32]> {
        match self {
            Self::EdDsa(pair) => pair.public_key().as_ref().try_into().ok(),
            _ => None,
        }
    }

    /// The key's name: its RFC 7638 thumbprint. A symmetric key has a random one, for a thumbprint would be a hash of
    /// the secret itself (§7 there).
    pub fn kid(&self, entropy: &Entropy) -> Result<String, KeyError> {
        match self.public_jwk() {
            Some(jwk) => jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| KeyError::Crypto),
            None => Ok(BASE64.encode(entropy.bytes::<32>().map_err(|_| KeyError::Crypto)?)),
        }
    }

    /// What verifies this key's signatures.
    pub fn decoding_key(&self) -> Result<DecodingKey, KeyError> {
        match self {
            Self::Hs256(key) => Ok(DecodingKey::from_secret(&*key.bytes)),
            _ => self.public_jwk().and_then(|jwk| DecodingKey::from_jwk(&jwk).ok()).ok_or(KeyError::Crypto),
        }
    }

    pub fn sign(&self, message: &[u8], random: &dyn SecureRandom) -> Result<Vec<u8>, KeyError> {
        Ok(match self {
            Self::Es256(pair) => pair.sign(random, message)?.as_ref().to_vec(),
            Self::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, random, message, &mut signature)?;
                signature
            }
            Self::Hs256(key) => hmac::sign(&key.key, message).as_ref().to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_after_it_was_stored() {
        let entropy = Entropy::system();
        for (name, algorithm) in Algorithm::NAMES {
            let (made, bytes) = PrivateKey::generate(algorithm, &entropy).unwrap();
            let parsed = PrivateKey::parse(algorithm, &bytes).unwrap();
            assert_eq!(made.public_jwk(), parsed.public_jwk(), "{name}");
            let signature = BASE64.encode(parsed.sign(b"message", entropy.source()).unwrap());
            let verified = jsonwebtoken::crypto::verify(
                &signature,
                b"message",
                &made.decoding_key().unwrap(),
                algorithm.jwt(),
            );
            assert!(verified.unwrap(), "{name}");
            let forged = jsonwebtoken::crypto::verify(
                &signature,
                b"massage",
                &made.decoding_key().unwrap(),
                algorithm.jwt(),
            );
            assert!(!forged.unwrap(), "{name}");
        }
    }

    #[test]
    fn the_thumbprint_is_the_one_of_rfc_8037() {
        let jwk: Jwk = serde_json::from_str(
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        )
        .unwrap();
        assert_eq!(
            jwk.thumbprint(ThumbprintHash::SHA256).unwrap(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }
}
