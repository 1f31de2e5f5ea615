//! Apps, as the people see them who have allowed them something.

use serde::{Deserialize, Serialize};

use crate::model::utc_time::UtcTime;

/// An app that may do something for whoever asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedApp {
    pub client_id: String,
    pub name: String,
    pub developer: Option<String>,
    /// What it may do, in words.
    pub may: Vec<String>,
    /// Whether an administrator has allowed it for everybody: taking it back ends what it has, and it needs not ask again.
    pub trusted: bool,
    pub since: UtcTime,
    /// Unknown, if it has never got a token.
    pub last_used_at: Option<UtcTime>,
}
