//! Sealing with one key: AES-256-GCM with a random nonce. What is sealed opens under the same purpose only.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use zeroize::Zeroizing;

use super::{entropy::Entropy, error::SealError};

/// A key that seals what nobody else may read or make.
#[derive(Debug)]
pub struct SealingKey(LessSafeKey);

impl SealingKey {
    pub fn new(key: &[u8]) -> Result<Self, SealError> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| SealError::Crypto)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals `plain` as `<nonce>.<ciphertext>`.
    pub fn seal(&self, purpose: &str, plain: &[u8], entropy: &Entropy) -> Result<String, SealError> {
        let nonce: [u8; NONCE_LEN] = entropy.bytes()?;
        let mut data = plain.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_in_place_append_tag(unique, Aad::from(purpose), &mut data)
            .map_err(|_| SealError::Crypto)?;
        Ok(format!("{}.{}", BASE64.encode(nonce), BASE64.encode(data)))
    }

    /// Opens what [`Self::seal`] made.
    pub fn open(&self, purpose: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, data) = sealed.split_once('.').ok_or(SealError::Damaged)?;
        let nonce = BASE64.decode(nonce).map_err(|_| SealError::Damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(&nonce).map_err(|_| SealError::Damaged)?;
        let mut data = Zeroizing::new(BASE64.decode(data).map_err(|_| SealError::Damaged)?);
        let length =
            self.0.open_in_place(nonce, Aad::from(purpose), &mut data).map_err(|_| SealError::Damaged)?.len();
        data.truncate(length);
        Ok(data)
    }
}
