//! What an authenticator is asked to sign, and what for. Nothing of it is stored: the browser carries it, sealed, and it is
//! good once.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, Serialize};

use crate::{
    model::id::SessionId,
    server::{
        clock::Timestamp,
        error::{Error, passkey::PasskeyError},
        state::AppState,
        store::{StoreError, Tx, spent},
        webauthn::{Expected, UserVerification},
    },
};

/// How long somebody may take (WebAuthn §15.1).
pub const LIFETIME: Duration = Duration::from_secs(300);
const SEALED: &str = "passkey ceremony";

/// A challenge that was drawn for one purpose.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ceremony {
    purpose: Purpose,
    /// 256 random bits as base64url.
    challenge: String,
    /// For the registration of an account's first passkey: what authenticators will know the account by, as base64url.
    user_handle: Option<String>,
    /// In milliseconds since 1970.
    expires_at: i64,
}

/// What a passkey is asked for. An answer to one is no answer to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    SignIn,
    /// By whoever has taken the first step of this sign-in.
    SecondStep(String),
    /// By whoever is signed in with this session.
    Reauthentication(SessionId),
    /// A new passkey, of whoever is signed in with this session.
    Registration(SessionId),
}

impl Purpose {
    /// Where a passkey stands alone it must have verified its owner; after a password it may do without.
    pub fn verification(&self) -> UserVerification {
        match self {
            Self::SecondStep(_) => UserVerification::Preferred,
            Self::SignIn | Self::Reauthentication(_) | Self::Registration(_) => UserVerification::Required,
        }
    }
}

impl Ceremony {
    pub fn begin(state: &AppState, now: Timestamp, purpose: Purpose) -> Result<Self, Error> {
        let challenge = BASE64.encode(state.entropy.bytes::<32>()?);
        Ok(Self { purpose, challenge, user_handle: None, expires_at: (now + LIFETIME).millis() })
    }

    /// For an account that authenticators will know by `user_handle`.
    #[must_use]
    pub fn of_user(self, user_handle: &[u8]) -> Self {
        Self { user_handle: Some(BASE64.encode(user_handle)), ..self }
    }

    /// What the browser carries.
    pub fn seal(&self, state: &AppState) -> Result<String, Error> {
        let plain = serde_json::to_vec(self).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(state.ceremonies.seal(SEALED, &plain, &state.entropy)?)
    }

    /// Reads what the browser has sent, if it was sealed here for this purpose and is not over.
    pub fn open(state: &AppState, now: Timestamp, sealed: &str, purpose: &Purpose) -> Result<Self, Error> {
        let opened = state.ceremonies.open(SEALED, sealed).ok();
        let ceremony = opened.and_then(|plain| serde_json::from_slice::<Self>(&plain).ok());
        let is_live = |ceremony: &Self| {
            ceremony.purpose == *purpose && now < Timestamp::from_millis(ceremony.expires_at)
        };
        Ok(ceremony.filter(is_live).ok_or(PasskeyError::CeremonyClosed)?)
    }

    pub fn challenge(&self) -> &str {
        &self.challenge
    }

    pub fn user_handle(&self) -> Option<Vec<u8>> {
        self.user_handle.as_ref().and_then(|handle| BASE64.decode(handle).ok())
    }

    pub fn verification(&self) -> UserVerification {
        self.purpose.verification()
    }

    /// What the answer must be like.
    pub fn expected<'a>(&'a self, state: &'a AppState) -> Expected<'a> {
        Expected {
            relying_party: &state.relying_party,
            challenge: &self.challenge,
            verification: self.verification(),
        }
    }

    /// Uses it up, on every node. `false`: it was used before.
    pub async fn use_up(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        spent::use_up(tx, &self.challenge, Timestamp::from_millis(self.expires_at)).await
    }
}
