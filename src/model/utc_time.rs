//! A moment as text.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A moment in UTC as RFC 3339 writes it, for example `2026-11-22T02:21:00Z`: what the API answers with and what
/// pages show. The browser needs no calendar for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UtcTime(pub String);

impl UtcTime {
    /// Day and minute, for people: `2026-11-22 02:21 UTC`.
    pub fn to_minute(&self) -> String {
        match (self.0.get(0..10), self.0.get(11..16)) {
            (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
            _ => self.0.clone(),
        }
    }
}

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
