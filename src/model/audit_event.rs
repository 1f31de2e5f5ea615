//! An event of the audit log, as it is shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::utc_time::UtcTime;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    pub id: i64,
    pub at: UtcTime,
    /// What happened; a stable name.
    pub event: String,
    /// Who did it. Nobody: somebody who is not signed in, the program itself, or a command.
    pub actor: Option<Involved>,
    /// Whose account it is about.
    pub subject: Option<Involved>,
    pub session_id: Option<String>,
    pub ip: String,
    pub device: String,
    pub request_id: String,
    pub detail: BTreeMap<String, String>,
}

/// An account in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Involved {
    pub id: String,
    /// Its address; nothing once it is deleted.
    pub email: Option<String>,
}

impl AuditEvent {
    /// The event's name as words: `sign_in_failed` is "Sign in failed".
    pub fn title(&self) -> String {
        let words = self.event.replace('_', " ");
        let mut letters = words.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    }
}
