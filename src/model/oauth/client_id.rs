//! Ids of clients.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a client's id begins with. No account's id does, so a client is never taken for a person (RFC 9700 §4.15).
pub const PREFIX: &str = "lkc_";
/// Characters after the prefix: 16 random bytes.
const LENGTH: usize = 22;

/// The id of a client: `lkc_` and 22 characters of base64url. No secret.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(Box<str>);

/// A string that is no client's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a client id")]
pub struct InvalidClientId;

impl ClientId {
    pub fn parse(input: &str) -> Result<Self, InvalidClientId> {
        let random = input.strip_prefix(PREFIX).ok_or(InvalidClientId)?;
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if random.len() == LENGTH && random.bytes().all(known) {
            Ok(Self(input.into()))
        } else {
            Err(InvalidClientId)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ClientId {
    type Error = InvalidClientId;
    fn try_from(value: String) -> Result<Self, InvalidClientId> {
        Self::parse(&value)
    }
}

impl From<ClientId> for String {
    fn from(value: ClientId) -> Self {
        value.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_has_its_prefix_and_nothing_odd() {
        assert!(ClientId::parse("lkc_AAAAAAAAAAAAAAAAAAAA-_").is_ok());
        for other in [
            "",
            "lkc_",
            "lkc_AAAAAAAAAAAAAAAAAAAA-",
            "lkc_AAAAAAAAAAAAAAAAAAAA-_A",
            "lkc_AAAAAAAAAAAAAAAAAAAA=_",
            "LKC_AAAAAAAAAAAAAAAAAAAA-_",
            "019a0000-0000-7000-8000-00000000abcd",
        ] {
            assert_eq!(ClientId::parse(other), Err(InvalidClientId), "{other:?}");
        }
    }
}
