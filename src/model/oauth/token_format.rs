//! In which form a service gets its access tokens.

use serde::Serialize;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenFormat {
    /// A JSON Web Token (RFC 9068), signed with ES256.
    #[default]
    Jwt,
    /// PASETO `v4.public`, signed with Ed25519.
    Paseto,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("This must be one of: jwt, paseto.")]
pub struct UnknownTokenFormat;

impl TokenFormat {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Paseto => "paseto",
        }
    }

    pub fn parse(name: &str) -> Result<Self, UnknownTokenFormat> {
        [Self::Jwt, Self::Paseto].into_iter().find(|format| format.as_str() == name).ok_or(UnknownTokenFormat)
    }
}

impl TryFrom<String> for TokenFormat {
    type Error = UnknownTokenFormat;
    fn try_from(name: String) -> Result<Self, UnknownTokenFormat> {
        Self::parse(&name)
    }
}
