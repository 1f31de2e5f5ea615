//! Refresh tokens: `lk1.<session>.<generation>.<mac>`.
//!
//! The MAC's key is derived from a random key of the program, sealed under the master secret, and the session's own
//! salt. So a leaked database forges nothing, the same successor can be handed out again without storing it, and a
//! new master secret signs nobody out (`docs/decisions/0002-refresh-token-keys.md`).

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use zeroize::Zeroizing;

use crate::{
    model::id::SessionId,
    server::crypto::{error::SealError, hkdf, mac::MacKey},
};

const VERSION: &str = "lk1";
/// Longer than any token of ours; anything longer is not looked at.
const MAX_LENGTH: usize = 160;

/// A refresh token as presented: its parts, not yet checked.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    pub session: SessionId,
    pub generation: u64,
    mac: Vec<u8>,
}

impl RefreshToken {
    /// Takes a presented string apart. `None`: not one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let (session, generation, mac) = parts(VERSION, text)?;
        Some(Self { session: SessionId::parse(session).ok()?, generation, mac })
    }
}

/// The id, the generation and the MAC of a token of this version.
pub(super) fn parts<'a>(version: &str, text: &'a str) -> Option<(&'a str, u64, Vec<u8>)> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let parts: Vec<_> = text.split('.').collect();
    let [found, id, generation, mac] = parts[..] else { return None };
    let number = generation.parse::<u64>().ok().filter(|number| number.to_string() == generation)?;
    (found == version).then_some((id, number, BASE64.decode(mac).ok()?))
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefreshToken({} {})", self.session, self.generation)
    }
}

/// The key from which each session's key is derived.
#[derive(Clone)]
pub struct RefreshKeys {
    root: Zeroizing<[u8; 32]>,
}

impl RefreshKeys {
    pub const KEY_LENGTH: usize = 32;
    pub const SALT_LENGTH: usize = 16;

    pub fn new(root: [u8; Self::KEY_LENGTH]) -> Self {
        Self { root: Zeroizing::new(root) }
    }

    /// The token of one generation, as text.
    pub fn token(
        &self,
        session: &SessionId,
        generation: u64,
        salt: &[u8],
    ) -> Result<Zeroizing<String>, SealError> {
        let tag = self.session_key(salt)?.sign(message(session, generation).as_bytes());
        Ok(Zeroizing::new(format!("{VERSION}.{session}.{generation}.{}", BASE64.encode(tag))))
    }

    /// Whether the program made this token. Constant time.
    pub fn is_authentic(&self, token: &RefreshToken, salt: &[u8]) -> Result<bool, SealError> {
        let message = message(&token.session, token.generation);
        Ok(token.mac.len() == MacKey::TAG_LENGTH
            && self.session_key(salt)?.verify(message.as_bytes(), &token.mac))
    }

    fn session_key(&self, salt: &[u8]) -> Result<MacKey, SealError> {
        self.family_key(salt, "latchkey refresh token")
    }

    /// The key of one family of tokens. Another purpose has other keys, so tokens of two purposes can't be swapped.
    pub(super) fn family_key(&self, salt: &[u8], purpose: &str) -> Result<MacKey, SealError> {
        let key = hkdf::derive::<32>(&*self.root, salt, purpose)?;
        Ok(MacKey::new(&*key))
    }

    /// Another key of the program, for another purpose.
    pub fn derive(&self, purpose: &str) -> Result<Zeroizing<[u8; 32]>, SealError> {
        hkdf::derive(&*self.root, &[], purpose)
    }
}

impl fmt::Debug for RefreshKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshKeys")
    }
}

fn message(session: &SessionId, generation: u64) -> String {
    format!("{VERSION}.{session}.{generation}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: &[u8] = &[7; 16];

    fn session() -> SessionId {
        SessionId::parse("019a0000-0000-7000-8000-00000000abcd").unwrap()
    }

    fn is_authentic(keys: &RefreshKeys, text: &str, salt: &[u8]) -> bool {
        RefreshToken::parse(text).is_some_and(|token| keys.is_authentic(&token, salt).unwrap())
    }

    #[test]
    fn one_generation_has_one_token() {
        let keys = RefreshKeys::new([1; 32]);
        let token = keys.token(&session(), 5, SALT).unwrap();
        assert_eq!(*token, *keys.token(&session(), 5, SALT).unwrap());
        assert!(is_authentic(&keys, &token, SALT));
        let parsed = RefreshToken::parse(&token).unwrap();
        assert_eq!((parsed.session, parsed.generation), (session(), 5));
    }

    #[test]
    fn a_token_of_another_key_salt_generation_or_session_is_not_ours() {
        let keys = RefreshKeys::new([1; 32]);
        let token = keys.token(&session(), 5, SALT).unwrap();
        assert!(!is_authentic(&RefreshKeys::new([2; 32]), &token, SALT));
        assert!(!is_authentic(&keys, &token, &[8; 16]));
        assert!(!is_authentic(&keys, &token.replace(".5.", ".6."), SALT));
        assert!(!is_authentic(&keys, &token.replace("abcd", "abce"), SALT));
    }

    #[test]
    fn no_proper_prefix_and_no_flipped_bit_is_a_token() {
        let keys = RefreshKeys::new([1; 32]);
        let token = keys.token(&session(), 5, SALT).unwrap();
        for length in 0..token.len() {
            assert!(!is_authentic(&keys, &token[..length], SALT), "prefix of {length}");
        }
        for at in 0..token.len() * 8 {
            let mut bytes = token.as_bytes().to_vec();
            bytes[at / 8] ^= 1 << (at % 8);
            let Ok(flipped) = String::from_utf8(bytes) else { continue };
            assert!(!is_authentic(&keys, &flipped, SALT), "bit {at}");
        }
    }

    #[test]
    fn odd_spellings_of_a_generation_are_refused() {
        let keys = RefreshKeys::new([1; 32]);
        let token = keys.token(&session(), 5, SALT).unwrap();
        for spelling in [".05.", ".+5.", ".5 .", ".-5.", ".99999999999999999999."] {
            assert_eq!(RefreshToken::parse(&token.replace(".5.", spelling)), None, "{spelling}");
        }
    }
}
