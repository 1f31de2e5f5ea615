//! Accounts as administrators see them.

use serde::{Deserialize, Serialize};

use super::{
    display_name::DisplayName, email::EmailAddress, id::UserId, role::Roles, session::SessionItem,
    utc_time::UtcTime,
};

/// One account in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: UserId,
    pub email: EmailAddress,
    pub display_name: DisplayName,
    pub roles: Roles,
    pub state: PersonState,
    pub created_at: UtcTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonState {
    Active,
    /// Made by an administrator; has not chosen a password yet.
    Invited,
    Disabled,
}

impl PersonState {
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
pub struct PersonDetails {
    pub person: Person,
    pub sessions: Vec<SessionItem>,
}

/// A new account, and the link with which its owner chooses a password. The link is shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    pub person: Person,
    pub link: String,
    pub expires_at: UtcTime,
}

/// How many sessions were ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    pub revoked: u64,
}
