//! What an access token says (RFC 9068 §2.2): nothing personal.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, Serialize};

use crate::model::{
    id::{SessionId, UserId},
    level::Level,
    role::Roles,
};

/// The portal itself is the only client.
pub const PORTAL_CLIENT_ID: &str = "latchkey";

/// The claims of an access token. Times are `NumericDate`s: whole seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: UserId,
    pub client_id: String,
    pub iat: i64,
    /// When its owner last proved who they are (RFC 9068 §2.2.1).
    pub auth_time: i64,
    /// With what (RFC 8176).
    #[serde(default)]
    pub amr: Vec<String>,
    /// And how well.
    #[serde(default)]
    pub acr: Level,
    pub exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    pub jti: TokenId,
    pub sid: SessionId,
    pub roles: Roles,
}

/// The `jti`: unique, and telling this program which generation of the session and which epoch of the account the
/// token was minted with. `<random>.<generation>.<epoch>`; opaque to others.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenId {
    pub nonce: [u8; 16],
    /// Of the refresh token that was handed out with it.
    pub generation: u64,
    /// Of the account: changes of roles count it up.
    pub epoch: u64,
}

/// A `jti` that is none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token id")]
pub struct InvalidTokenId;

impl TryFrom<String> for TokenId {
    type Error = InvalidTokenId;
    fn try_from(text: String) -> Result<Self, InvalidTokenId> {
        let parts: Vec<_> = text.split('.').collect();
        let [nonce, generation, epoch] = parts[..] else { return Err(InvalidTokenId) };
        Ok(Self {
            nonce: BASE64.decode(nonce).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(InvalidTokenId)?,
            generation: generation.parse().map_err(|_| InvalidTokenId)?,
            epoch: epoch.parse().map_err(|_| InvalidTokenId)?,
        })
    }
}

impl From<TokenId> for String {
    fn from(id: TokenId) -> Self {
        format!("{}.{}.{}", BASE64.encode(id.nonce), id.generation, id.epoch)
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(*self))
    }
}
