//! Authorization codes: `<grant>.<secret>.<MAC>`. The secret has 256 random bits; its hash stands with the grant, which the code is
//! found by. The MAC says that the program has made the code, without asking the database: whoever sends many that are none must
//! not keep others from writing.

use std::{fmt, sync::Arc};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};

use super::one_time;
use crate::{
    model::id::GrantId,
    server::crypto::{
        entropy::{Entropy, NoEntropy},
        mac::MacKey,
    },
};

/// Longer than any code of ours; anything longer is not looked at.
const MAX_LENGTH: usize = 128;

/// A code that was presented and is ours. Whether it is the one of its grant is not yet checked.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationCode {
    pub grant: GrantId,
    hash: Vec<u8>,
}

impl AuthorizationCode {
    /// Whether it is the one of which this hash is stored. Constant time.
    pub fn has_hash(&self, stored: &[u8]) -> bool {
        verify_slices_are_equal(&self.hash, stored).is_ok()
    }
}

impl fmt::Debug for AuthorizationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthorizationCode({})", self.grant)
    }
}

/// What makes a new code one that can't be guessed.
pub struct Secret(String);

impl Secret {
    /// A secret, and what is stored of it.
    pub fn generate(entropy: &Entropy) -> Result<(Self, Vec<u8>), NoEntropy> {
        let (secret, hash) = one_time::generate(entropy)?;
        Ok((Self(secret), hash))
    }
}

/// Makes codes, and knows them again.
#[derive(Clone, Debug)]
pub struct Codes(Arc<MacKey>);

impl Codes {
    pub fn new(key: &[u8]) -> Self {
        Self(Arc::new(MacKey::new(key)))
    }

    /// The code of a grant with this secret, as text.
    pub fn code(&self, grant: &GrantId, secret: &Secret) -> String {
        let code = format!("{grant}.{}", secret.0);
        let tag = BASE64.encode(self.0.sign(code.as_bytes()));
        format!("{code}.{tag}")
    }

    /// Takes a presented string apart. `None`: not one of ours.
    pub fn parse(&self, text: &str) -> Option<AuthorizationCode> {
        let (signed, tag) = Some(text).filter(|text| text.len() <= MAX_LENGTH)?.rsplit_once('.')?;
        let tag = BASE64.decode(tag).ok().filter(|tag| tag.len() == MacKey::TAG_LENGTH)?;
        if !self.0.verify(signed.as_bytes(), &tag) {
            return None;
        }
        let (grant, secret) = signed.split_once('.')?;
        Some(AuthorizationCode { grant: GrantId::parse(grant).ok()?, hash: one_time::hash(secret) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRANT: &str = "019a0000-0000-7000-8000-00000000abcd";

    fn codes() -> Codes {
        Codes::new(&[7; 32])
    }

    fn grant() -> GrantId {
        GrantId::parse(GRANT).unwrap()
    }

    #[test]
    fn a_code_names_its_grant_and_matches_the_hash_of_its_own_secret_alone() {
        let (secret, hash) = Secret::generate(&Entropy::system()).unwrap();
        let (other, _) = Secret::generate(&Entropy::system()).unwrap();
        let code = codes().parse(&codes().code(&grant(), &secret)).unwrap();
        assert_eq!(code.grant, grant());
        assert!(code.has_hash(&hash));
        assert!(!codes().parse(&codes().code(&grant(), &other)).unwrap().has_hash(&hash));
    }

    #[test]
    fn what_is_no_code_of_ours_is_not_looked_up() {
        let long = format!("{GRANT}.{}", "x".repeat(MAX_LENGTH));
        for text in ["", ".", "..", "a.b", "a.b.c", GRANT, &GRANT.replace('-', "."), &long] {
            assert_eq!(codes().parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_code_that_was_changed_or_made_with_another_key_is_none() {
        let (secret, _) = Secret::generate(&Entropy::system()).unwrap();
        let code = codes().code(&grant(), &secret);
        assert!(codes().parse(&code).is_some());
        assert_eq!(Codes::new(&[8; 32]).parse(&code), None);
        for place in 0..code.len() {
            let mut changed = code.clone().into_bytes();
            changed[place] = if changed[place] == b'1' { b'0' } else { b'1' };
            assert_eq!(codes().parse(&String::from_utf8(changed).unwrap()), None, "{place}");
        }
        for end in 0..code.len() {
            assert_eq!(codes().parse(&code[..end]), None, "{end}");
        }
    }
}
