//! Tokens of links that work once: 256 random bits, of which only a hash is stored.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};

use crate::server::crypto::entropy::{Entropy, NoEntropy};

/// A token, and what is stored of it.
pub fn generate(entropy: &Entropy) -> Result<(String, Vec<u8>), NoEntropy> {
    let token = BASE64.encode(entropy.bytes::<32>()?);
    let hash = hash(&token);
    Ok((token, hash))
}

/// With so much randomness in it, a token needs no slow hash.
pub fn hash(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}
