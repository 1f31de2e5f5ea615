//! Groups of accounts, as administrators see them.

use serde::{Deserialize, Serialize};

use super::{
    id::{GroupId, UserId},
    utc_time::UtcTime,
};

/// One group in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSummary {
    pub id: GroupId,
    pub name: String,
    /// How many accounts are in it.
    pub members: u64,
    pub created_at: UtcTime,
}

/// A group, and the clients that are for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupDetails {
    pub group: GroupSummary,
    pub clients: Vec<GroupClient>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupClient {
    pub client_id: String,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMember {
    pub user_id: UserId,
    pub email: String,
    pub display_name: String,
}
