//! Message authentication: HMAC with SHA-256 (RFC 2104), compared in constant time.

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};

/// A key that signs what this program hands out and wants back unchanged.
#[derive(Debug)]
pub struct MacKey(hmac::Key);

impl MacKey {
    /// Length of a whole tag, in bytes.
    pub const TAG_LENGTH: usize = 32;

    pub fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    pub fn sign(&self, message: &[u8]) -> [u8; Self::TAG_LENGTH] {
        let mut tag = [0; Self::TAG_LENGTH];
        tag.copy_from_slice(hmac::sign(&self.0, message).as_ref());
        tag
    }

    /// Whether `tag` is the beginning of the message's tag. How long it must be is for the caller to insist on.
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        let expected = self.sign(message);
        !tag.is_empty()
            && expected
                .get(..tag.len())
                .is_some_and(|expected| verify_slices_are_equal(expected, tag).is_ok())
    }
}
