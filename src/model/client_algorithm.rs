//! What tokens for clients are signed with.

use serde::{Deserialize, Serialize};

/// A signature algorithm of tokens for clients. None of them has a secret that a client would have to share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ClientAlgorithm {
    /// What nearly every app verifies, and some verify nothing else.
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "ES256")]
    Es256,
}

impl ClientAlgorithm {
    pub const ALL: [Self; 2] = [Self::Rs256, Self::Es256];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }

    /// The algorithm of exactly that name.
    pub fn parse(name: &str) -> Result<Self, UnknownClientAlgorithm> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name).ok_or(UnknownClientAlgorithm)
    }
}

/// A name that is no algorithm of tokens for clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("This is not an algorithm that apps can be given: use RS256 or ES256.")]
pub struct UnknownClientAlgorithm;
