//! Refresh tokens of clients: `lkr1.<grant>.<generation>.<mac>`. They are made as those of browsers are, with keys of
//! another purpose: neither is ever taken for the other.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use zeroize::Zeroizing;

use super::token::{RefreshKeys, parts};
use crate::{
    model::id::GrantId,
    server::crypto::{error::SealError, mac::MacKey},
};

const VERSION: &str = "lkr1";
const PURPOSE: &str = "latchkey client refresh token";

/// A client's refresh token as presented: its parts, not yet checked.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientRefreshToken {
    pub grant: GrantId,
    pub generation: u64,
    mac: Vec<u8>,
}

impl ClientRefreshToken {
    /// Takes a presented string apart. `None`: not one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let (grant, generation, mac) = parts(VERSION, text)?;
        Some(Self { grant: GrantId::parse(grant).ok()?, generation, mac })
    }
}

impl fmt::Debug for ClientRefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientRefreshToken({} {})", self.grant, self.generation)
    }
}

impl RefreshKeys {
    /// The token of one generation of a grant, as text.
    pub fn client_token(
        &self,
        grant: &GrantId,
        generation: u64,
        salt: &[u8],
    ) -> Result<Zeroizing<String>, SealError> {
        let tag = self.family_key(salt, PURPOSE)?.sign(message(grant, generation).as_bytes());
        Ok(Zeroizing::new(format!("{VERSION}.{grant}.{generation}.{}", BASE64.encode(tag))))
    }

    /// Whether the program made this token. Constant time.
    pub fn is_authentic_for_client(
        &self,
        token: &ClientRefreshToken,
        salt: &[u8],
    ) -> Result<bool, SealError> {
        let message = message(&token.grant, token.generation);
        Ok(token.mac.len() == MacKey::TAG_LENGTH
            && self.family_key(salt, PURPOSE)?.verify(message.as_bytes(), &token.mac))
    }
}

fn message(grant: &GrantId, generation: u64) -> String {
    format!("{VERSION}.{grant}.{generation}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::id::SessionId, server::tokens::refresh::token::RefreshToken};

    const SALT: &[u8] = &[7; 16];
    const ID: &str = "019a0000-0000-7000-8000-00000000abcd";

    #[test]
    fn a_browsers_token_and_a_clients_are_never_swapped() {
        let keys = RefreshKeys::new([1; 32]);
        let (grant, session) = (GrantId::parse(ID).unwrap(), SessionId::parse(ID).unwrap());
        let client = keys.client_token(&grant, 5, SALT).unwrap();
        let browser = keys.token(&session, 5, SALT).unwrap();
        let parsed = ClientRefreshToken::parse(&client).unwrap();
        assert!(keys.is_authentic_for_client(&parsed, SALT).unwrap());
        assert_eq!((ClientRefreshToken::parse(&browser), RefreshToken::parse(&client)), (None, None));
        // With the other's name on it, it has the wrong key.
        let renamed = ClientRefreshToken::parse(&browser.replace("lk1.", "lkr1.")).unwrap();
        assert!(!keys.is_authentic_for_client(&renamed, SALT).unwrap());
        let renamed = RefreshToken::parse(&client.replace("lkr1.", "lk1.")).unwrap();
        assert!(!keys.is_authentic(&renamed, SALT).unwrap());
    }
}
