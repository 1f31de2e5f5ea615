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
