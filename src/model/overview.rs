//! What somebody sees first after signing in.

use serde::{Deserialize, Serialize};

use super::utc_time::UtcTime;

/// One's own account at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// The newest sign-in that did not start this session; nothing if this session is the first.
    pub last_sign_in: Option<SignIn>,
    /// Attempts with a wrong password since then.
    pub failed_sign_ins: usize,
    /// Open sessions, this one among them.
    pub sessions: usize,
    /// Other sessions that were started lately on a device that was never used before.
    pub unusual_sessions: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    pub at: UtcTime,
    pub device: String,
    pub ip: String,
}

/// What happened to all accounts on the last days, the oldest first. The last is today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    pub days: Vec<DailyCounts>,
}

/// What happened on one day in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyCounts {
    /// When it began.
    pub day: UtcTime,
    pub new_accounts: u64,
    pub failed_sign_ins: u64,
    /// Sessions that were revoked because a refresh token was used twice.
    pub reuse: u64,
}
