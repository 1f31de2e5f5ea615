//! An account as its owner sees it.

use serde::{Deserialize, Serialize};

use super::{display_name::DisplayName, email::EmailAddress, id::UserId, role::Roles, utc_time::UtcTime};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub id: UserId,
    pub email: EmailAddress,
    pub email_verified: bool,
    pub display_name: DisplayName,
    pub roles: Roles,
    pub created_at: UtcTime,
}

/// An address that an account is to have, once the link is used that was mailed there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingEmail {
    pub email: EmailAddress,
    pub expires_at: UtcTime,
}
