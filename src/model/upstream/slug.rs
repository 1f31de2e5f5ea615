//! The word that stands for a provider in addresses.

use std::fmt;

use serde::{Deserialize, Serialize};

const MAX_LENGTH: usize = 32;

/// A word of lower-case letters, digits and hyphens. It is in the address that the provider returns to, so it never
/// changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProviderSlug(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "This is a word of lower-case letters, digits and hyphens, {MAX_LENGTH} at most, that begins with a letter."
)]
pub struct InvalidSlug;

impl ProviderSlug {
    pub fn parse(text: &str) -> Result<Self, InvalidSlug> {
        let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
        let known = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if begins && text.len() <= MAX_LENGTH && text.bytes().all(known) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidSlug)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderSlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ProviderSlug {
    type Error = InvalidSlug;
    fn try_from(value: String) -> Result<Self, InvalidSlug> {
        Self::parse(&value)
    }
}

impl From<ProviderSlug> for String {
    fn from(value: ProviderSlug) -> Self {
        value.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_one_segment_of_an_address() {
        for slug in ["a", "google", "our-keycloak-2"] {
            assert_eq!(ProviderSlug::parse(slug).map(String::from), Ok(slug.to_owned()));
        }
        for other in ["", "2fa", "-a", "a/b", "a b", "A", "\u{e4}", "a.b", "..", &"a".repeat(33)] {
            assert_eq!(ProviderSlug::parse(other), Err(InvalidSlug), "{other:?}");
        }
    }
}
