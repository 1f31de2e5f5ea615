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

/// What a browser is known by: the cookie that it has sent, or a new one. One that is not as long as ours was not made here.
pub fn known_or_new(entropy: &Entropy, cookie: Option<&str>) -> Result<String, NoEntropy> {
    let (fresh, _) = generate(entropy)?;
    Ok(cookie.filter(|known| known.len() == fresh.len()).map_or(fresh, str::to_owned))
}

/// With so much randomness in it, a token needs no slow hash.
pub fn hash(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}
