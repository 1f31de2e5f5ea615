//! How well somebody has proved who they are: the `acr` of tokens (OpenID Connect Core §2, RFC 9470).

use serde::{Deserialize, Serialize};

/// A level of authentication, the lowest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// One factor: a password.
    #[default]
    #[serde(rename = "https://refeds.org/profile/sfa")]
    SingleFactor,
    /// Two factors, of which one can be told to somebody who asks for it on another site.
    #[serde(rename = "https://refeds.org/profile/mfa")]
    MultiFactor,
    /// Two factors, of which one works at this site alone.
    #[serde(rename = "phr")]
    PhishingResistant,
}

impl Level {
    pub const ALL: [Self; 3] = [Self::SingleFactor, Self::MultiFactor, Self::PhishingResistant];

    /// Its name on the wire: of REFEDS' profiles, and of `OpenID`'s Extended Authentication Profile ACR Values.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SingleFactor => "https://refeds.org/profile/sfa",
            Self::MultiFactor => "https://refeds.org/profile/mfa",
            Self::PhishingResistant => "phr",
        }
    }

    /// The level of that name, if it is one of ours.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_ordered_and_parse_from_their_wire_names() {
        assert!(Level::ALL.is_sorted());
        for level in Level::ALL {
            assert_eq!(Level::parse(level.as_str()), Some(level));
            assert_eq!(serde_json::to_value(level).unwrap(), level.as_str());
        }
        assert_eq!(Level::parse("urn:mace:incommon:iap:silver"), None);
    }
}
