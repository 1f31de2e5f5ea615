//! Scopes: what a client may learn or do (RFC 6749 §3.3).

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

/// Longest list, in bytes.
const MAX_LENGTH: usize = 1000;

/// A set of scopes. Each is a word of printable ASCII.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scopes(BTreeSet<String>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Scopes are words of printable ASCII with single spaces between, {MAX_LENGTH} characters at most.")]
pub struct InvalidScopes;

/// Signs a person in: an ID token is issued.
pub const OPENID: &str = "openid";
pub const PROFILE: &str = "profile";
pub const EMAIL: &str = "email";
pub const GROUPS: &str = "groups";
pub const ROLES: &str = "roles";
/// The grant outlives the session.
pub const OFFLINE_ACCESS: &str = "offline_access";

impl Scopes {
    pub fn parse(text: &str) -> Result<Self, InvalidScopes> {
        let known = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        let words: BTreeSet<_> = text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        if text.len() <= MAX_LENGTH && words.iter().all(|word| word.bytes().all(known)) {
            Ok(Self(words))
        } else {
            Err(InvalidScopes)
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Who somebody is first, then what is known of them, then all others.
    pub fn in_order(&self) -> Vec<&str> {
        let known = [OPENID, PROFILE, EMAIL, GROUPS, ROLES];
        let rank = |scope: &&str| known.iter().position(|name| name == scope).unwrap_or(known.len());
        let mut scopes: Vec<_> = self.iter().collect();
        scopes.sort_by_key(rank);
        scopes
    }

    pub fn contains(&self, scope: &str) -> bool {
        self.0.contains(scope)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn is_subset(&self, others: &Self) -> bool {
        self.0.is_subset(&others.0)
    }

    /// Those of these that are among `others` too.
    #[must_use]
    pub fn intersection(&self, others: &Self) -> Self {
        Self(self.0.intersection(&others.0).cloned().collect())
    }

    /// These and those.
    #[must_use]
    pub fn union(&self, others: &Self) -> Self {
        Self(self.0.union(&others.0).cloned().collect())
    }

    /// All of these but one.
    #[must_use]
    pub fn without(&self, scope: &str) -> Self {
        Self(self.0.iter().filter(|word| *word != scope).cloned().collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().collect();
        f.write_str(&words.join(" "))
    }
}

impl TryFrom<String> for Scopes {
    type Error = InvalidScopes;
    fn try_from(value: String) -> Result<Self, InvalidScopes> {
        Self::parse(&value)
    }
}

impl From<Scopes> for String {
    fn from(value: Scopes) -> Self {
        value.to_string()
    }
}

/// What a scope lets an app do, in words for the person who is asked. `None`: a scope of somebody's own service, whose
/// name is all that is known.
pub fn meaning(scope: &str) -> Option<&'static str> {
    Some(match scope {
        OPENID => "Know who you are when you sign in",
        PROFILE => "See your display name",
        EMAIL => "See your email address",
        GROUPS => "See which groups you are in",
        ROLES => "See your roles in Latchkey",
        OFFLINE_ACCESS => "Keep access while you are away, also after you sign out here",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_words_of_printable_ascii() {
        assert_eq!(Scopes::parse("openid  profile openid").unwrap().to_string(), "openid profile");
        assert!(Scopes::parse("").unwrap().is_empty());
        let mixed = Scopes::parse("a:b email offline_access profile openid").unwrap();
        assert_eq!(mixed.in_order(), ["openid", "profile", "email", "a:b", "offline_access"]);
        for text in ["a\"b", "a\\b", "\u{e4}", "a\tb", "a\nb"] {
            assert_eq!(Scopes::parse(text), Err(InvalidScopes), "{text:?}");
        }
        assert_eq!(Scopes::parse(&"a".repeat(MAX_LENGTH + 1)), Err(InvalidScopes));
    }
}
