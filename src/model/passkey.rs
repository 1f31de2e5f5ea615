//! Passkeys, as their owner sees them.

use serde::{Deserialize, Serialize};

use super::{
    display_name::DisplayName,
    id::PasskeyId,
    utc_time::UtcTime,
    webauthn::{AcceptedCredentials, UserDetails},
};

/// One of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    pub id: PasskeyId,
    /// As its owner calls it: the rules are those of a person's name.
    pub name: DisplayName,
    /// Whether copies of it are on other devices; else it is lost with its device.
    pub synced: bool,
    pub created_at: UtcTime,
    pub last_used_at: Option<UtcTime>,
}

/// One's own passkeys, and what the browser's password manager is told of them: nothing before the first one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkeys {
    pub items: Vec<Passkey>,
    pub accepted: Option<AcceptedCredentials>,
    pub details: Option<UserDetails>,
}

/// What somebody is asked for a passkey for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasskeyPurpose {
    #[default]
    SignIn,
    SecondStep,
    Reauthentication,
}

impl PasskeyPurpose {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SecondStep => "second_step",
            Self::Reauthentication => "reauthentication",
        }
    }
}
