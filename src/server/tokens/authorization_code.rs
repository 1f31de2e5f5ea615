//! Authorization codes: `<grant>.<secret>`. The secret has 256 random bits; its hash stands with the grant, which the code is
//! found by.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::one_time;
use crate::{
    model::id::GrantId,
    server::crypto::entropy::{Entropy, NoEntropy},
};

/// Longer than any code of ours; anything longer is not looked at.
const MAX_LENGTH: usize = 128;

/// A code as presented: its parts, not yet checked.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationCode {
    pub grant: GrantId,
    hash: Vec<u8>,
}

impl AuthorizationCode {
    /// Takes a presented string apart. `None`: not one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let (grant, secret) = Some(text).filter(|text| text.len() <= MAX_LENGTH)?.split_once('.')?;
        Some(Self { grant: GrantId::parse(grant).ok()?, hash: one_time::hash(secret) })
    }

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

    /// The code of this grant, as text.
    pub fn of(&self, grant: &GrantId) -> String {
        format!("{grant}.{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRANT: &str = "019a0000-0000-7000-8000-00000000abcd";

    #[test]
    fn a_code_names_its_grant_and_matches_the_hash_of_its_own_secret_alone() {
        let (secret, hash) = Secret::generate(&Entropy::system()).unwrap();
        let (other, _) = Secret::generate(&Entropy::system()).unwrap();
        let grant = GrantId::parse(GRANT).unwrap();
        let code = AuthorizationCode::parse(&secret.of(&grant)).unwrap();
        assert_eq!(code.grant, grant);
        assert!(code.has_hash(&hash));
        assert!(!AuthorizationCode::parse(&other.of(&grant)).unwrap().has_hash(&hash));
    }

    #[test]
    fn what_is_no_code_of_ours_is_not_looked_up() {
        let long = format!("{GRANT}.{}", "x".repeat(MAX_LENGTH));
        for text in ["", ".", "a.b", GRANT, &GRANT.replace('-', "."), &long] {
            assert_eq!(AuthorizationCode::parse(text), None, "{text}");
        }
    }
}
