//! A signing key as administrators see it.

use serde::{Deserialize, Serialize};

use super::utc_time::UtcTime;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// Its name in tokens and in the key set.
    pub kid: String,
    pub algorithm: String,
    /// What it signs: `portal`, access tokens of Latchkey itself, or `clients`, tokens for apps.
    pub purpose: String,
    /// `next`, `active`, `retired` or `gone`.
    pub state: String,
    /// Since when it is in that state.
    pub since: UtcTime,
    /// Until when, where that is settled.
    pub until: Option<UtcTime>,
    /// Whether it was ended before its time.
    pub revoked: bool,
    /// Active sessions that hold an access token of it.
    pub sessions: u64,
}
