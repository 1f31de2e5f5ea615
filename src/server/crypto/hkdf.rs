//! Keys derived from other keys (HKDF with SHA-256, RFC 5869).

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::Zeroizing;

use super::error::SealError;

/// How many bytes to derive.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// A key of `N` bytes for one purpose: another salt or another purpose gives an unrelated key.
pub fn derive<const N: usize>(
    secret: &[u8],
    salt: &[u8],
    purpose: &str,
) -> Result<Zeroizing<[u8; N]>, SealError> {
    let mut key = Zeroizing::new([0; N]);
    Salt::new(HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[purpose.as_bytes()], Length(N))
        .and_then(|okm| okm.fill(&mut *key))
        .map_err(|_| SealError::Crypto)?;
    Ok(key)
}
