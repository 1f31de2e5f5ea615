//! What an account is signed in to with, as its owner sees it.

use serde::{Deserialize, Serialize};

use super::{audit_event::AuditEvent, utc_time::UtcTime};

/// One's own ways to sign in, and the last time that each sign-in happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityOverview {
    /// The authenticator app; nothing if none is set up.
    pub totp: Option<AuthenticatorApp>,
    /// Whether there is a passkey.
    pub passkeys: bool,
    /// Whether it is asked for after the password.
    pub second_step: bool,
    /// Recovery codes that were not used.
    pub recovery_codes: u64,
    /// The newest sign-ins.
    pub sign_ins: Vec<AuditEvent>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticatorApp {
    pub added_at: UtcTime,
    /// Whether its codes are taken: not after too many wrong ones.
    pub usable: bool,
}

/// How well an account is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// By its password alone.
    PasswordOnly,
    /// By a second factor, and whoever loses it is locked out.
    NoWayBack,
    Good,
}

impl SecurityOverview {
    /// Recovery codes below which it is time for new ones.
    const FEW: u64 = 3;

    pub fn protection(&self) -> Protection {
        match (self.has_second_step(), self.recovery_codes) {
            (false, _) => Protection::PasswordOnly,
            (true, ..Self::FEW) => Protection::NoWayBack,
            (true, _) => Protection::Good,
        }
    }

    /// Whether there is what a second step is taken with, and recovery codes stand in for.
    pub fn has_second_step(&self) -> bool {
        self.totp.is_some() || self.second_step
    }
}
