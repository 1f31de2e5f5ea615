//! Tokens that only their reader can open: signed first, then encrypted (RFC 7519 §11.2, a nested JWT). Neither the browser
//! nor the app that carries such a token can read what it says.
//!
//! The content is encrypted with A256GCM under a key that is made for this token alone, and which ECDH-ES or RSA-OAEP-256
//! hands to the reader (RFC 7518 §4.3, §4.6).

pub mod encryption_key;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey},
    digest::{self, SHA256},
    rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::server::{crypto::entropy::Entropy, keys::error::KeyError};
use encryption_key::{EncryptionKey, Recipient};

const ENCRYPTION: &str = "A256GCM";
const KEY_LENGTH: usize = 32;

type ContentKey = Zeroizing<[u8; KEY_LENGTH]>;

/// The protected header (RFC 7516 §4.1).
#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    enc: &'static str,
    /// What is inside: another token (RFC 7519 §5.2).
    cty: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epk: Option<EphemeralKey>,
}

/// The sender's half of ECDH-ES.
#[derive(Serialize)]
struct EphemeralKey {
    kty: &'static str,
    crv: &'static str,
    x: String,
    y: String,
}

/// Encrypts a signed token for whoever holds the private half of `key`, in the compact form.
pub fn encrypt(token: &str, key: &EncryptionKey, entropy: &Entropy) -> Result<String, KeyError> {
    let (content_key, encrypted_key, epk) = match &key.recipient {
        Recipient::EcdhEs(point) => {
            let (content_key, epk) = agree_with(point)?;
            (content_key, Vec::new(), Some(epk))
        }
        Recipient::RsaOaep256(key) => {
            let content_key = Zeroizing::new(entropy.bytes::<KEY_LENGTH>()?);
            let encrypted_key = wrap(&*content_key, key)?;
            (content_key, encrypted_key, None)
        }
    };
    let header =
        Header { alg: key.recipient.algorithm(), enc: ENCRYPTION, cty: "JWT", kid: key.kid.as_deref(), epk };
    let header = BASE64.encode(serde_json::to_vec(&header).map_err(|_| KeyError::Crypto)?);
    let nonce = entropy.bytes::<NONCE_LEN>()?;
    let mut content = token.as_bytes().to_vec();
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*content_key)?);
    let tag = cipher.seal_in_place_separate_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(header.as_bytes()),
        &mut content,
    )?;
    let [encrypted_key, nonce, content, tag] =
        [encrypted_key.as_slice(), &nonce, &content, tag.as_ref()].map(|part| BASE64.encode(part));
    Ok(format!("{header}.{encrypted_key}.{nonce}.{content}.{tag}"))
}

/// Makes a key pair for one token, and the content key from it and the reader's point.
fn agree_with(point: &[u8]) -> Result<(ContentKey, EphemeralKey), KeyError> {
    let ephemeral = PrivateKey::generate(&ECDH_P256)?;
    let secret = shared_secret(&ephemeral, point)?;
    let public = ephemeral.compute_public_key()?;
    // Uncompressed: 0x04, then x and y (SEC 1 §2.3.3).
    let (x, y) = public.as_ref().get(1..).and_then(|xy| xy.split_at_checked(32)).ok_or(KeyError::Crypto)?;
    let epk = EphemeralKey { kty: "EC", crv: "P-256", x: BASE64.encode(x), y: BASE64.encode(y) };
    Ok((concat_kdf(&secret, ENCRYPTION, b"", b""), epk))
}

fn shared_secret(private: &PrivateKey, point: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let peer = UnparsedPublicKey::new(&ECDH_P256, point);
    agreement::agree(private, peer, KeyError::Crypto, |secret| Ok(Zeroizing::new(secret.to_vec())))
}

/// The key derivation of ECDH-ES (RFC 7518 §4.6.2): one round of SHA-256, which is enough for `N` bytes up to 32.
fn concat_kdf<const N: usize>(
    secret: &[u8],
    encryption: &str,
    party_u: &[u8],
    party_v: &[u8],
) -> Zeroizing<[u8; N]> {
    let mut hash = digest::Context::new(&SHA256);
    hash.update(&1_u32.to_be_bytes());
    hash.update(secret);
    for part in [encryption.as_bytes(), party_u, party_v] {
        hash.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.update(&u32::try_from(8 * N).unwrap_or(u32::MAX).to_be_bytes());
    let mut key = Zeroizing::new([0; N]);
    for (byte, derived) in key.iter_mut().zip(hash.finish().as_ref()) {
        *byte = *derived;
    }
    key
}

/// Encrypts a content key.
fn wrap(content_key: &[u8], key: &PublicEncryptingKey) -> Result<Vec<u8>, KeyError> {
    let key = OaepPublicEncryptingKey::new(key.clone())?;
    let mut encrypted = vec![0; key.ciphertext_size()];
    let length = key.encrypt(&OAEP_SHA256_MGF1SHA256, content_key, &mut encrypted, None)?.len();
    encrypted.truncate(length);
    Ok(encrypted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(x: &str, y: &str) -> Vec<u8> {
        [vec![4], BASE64.decode(x).unwrap(), BASE64.decode(y).unwrap()].concat()
    }

    #[test]
    fn the_key_agreement_is_the_one_of_rfc_7518_appendix_c() {
        let private = |d: &str| PrivateKey::from_private_key(&ECDH_P256, &BASE64.decode(d).unwrap()).unwrap();
        let (alice, bob) = (
            private("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo"),
            private("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"),
        );
        let of_alice = point(
            "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
            "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
        );
        let of_bob = point(
            "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
            "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
        );
        for (private, public) in [(&alice, &of_bob), (&bob, &of_alice)] {
            let secret = shared_secret(private, public).unwrap();
            let key = concat_kdf::<16>(&secret, "A128GCM", b"Alice", b"Bob");
            assert_eq!(BASE64.encode(*key), "VqqN6vgjbSBcIijNcacQGg");
        }
    }
}
