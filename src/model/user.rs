//! Accounts as administrators see them.

use serde::{Deserialize, Serialize};

use super::{
    display_name::DisplayName, email::EmailAddress, id::UserId, role::Roles, session::SessionSummary,
    utc_time::UtcTime,
};

/// One account in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserSummary {
    pub id: UserId,
    pub email: EmailAddress,
    pub display_name: DisplayName,
    pub roles: Roles,
    pub state: UserStatus,
    /// Whether an administrator has vouched that the address is this person's.
    pub email_verified: bool,
    pub created_at: UtcTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    Active,
    /// Made by an administrator; has not chosen a password yet.
    Invited,
    Disabled,
}

impl UserStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Invited => "invited",
            Self::Disabled => "disabled",
        }
    }
}

/// One account and its live sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserDetails {
    #[serde(rename = "person")]
    pub user: UserSummary,
    pub sessions: Vec<SessionSummary>,
}

/// An account and a link on which its owner chooses a password: for an invitation, or because the old one was forgotten.
/// The link is shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordLink {
    #[serde(rename = "person")]
    pub user: UserSummary,
    pub link: String,
    pub expires_at: UtcTime,
}

/// An account whose second factors were removed, and a code that works once in their place. It is shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorsReset {
    #[serde(rename = "person")]
    pub user: UserSummary,
    pub recovery_code: String,
}

/// How many sessions were revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedCount {
    pub revoked: u64,
}
