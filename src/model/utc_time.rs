//! A moment as text.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A moment in UTC as RFC 3339 writes it, for example `2026-11-22T02:21:00Z`: what the API answers with and what
/// pages show. The browser needs no calendar for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UtcTime(pub String);

impl UtcTime {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Day and minute, for people: `2026-11-22 02:21 UTC`.
    pub fn to_minute(&self) -> String {
        match (self.0.get(0..10), self.0.get(11..16)) {
            (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
            _ => self.0.clone(),
        }
    }
}

/// How far a moment is away, in words: "3 minutes ago", "in 2 days". Nothing if it is further than a week: then the day
/// says more.
pub fn distance(millis: f64) -> Option<String> {
    const MINUTE: f64 = 60_000.0;
    const HOUR: f64 = 60.0 * MINUTE;
    const DAY: f64 = 24.0 * HOUR;
    let (away, ahead) = (millis.abs(), millis > 0.0);
    let (unit, name) = match away {
        _ if away < MINUTE => {
            return Some(if ahead { "in less than a minute" } else { "just now" }.to_owned());
        }
        _ if away < HOUR => (MINUTE, "minute"),
        _ if away < DAY => (HOUR, "hour"),
        _ if away < 8.0 * DAY => (DAY, "day"),
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, reason = "a week has few minutes")]
    let count = (away / unit) as i32;
    let plural = if count == 1 { "" } else { "s" };
    Some(if ahead { format!("in {count} {name}{plural}") } else { format!("{count} {name}{plural} ago") })
}

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_told_by_how_far_away_it_is() {
        const MINUTE: f64 = 60_000.0;
        for (minutes, words) in [
            (0.0, Some("just now")),
            (-0.99, Some("just now")),
            (0.5, Some("in less than a minute")),
            (-1.0, Some("1 minute ago")),
            (-59.9, Some("59 minutes ago")),
            (-60.0, Some("1 hour ago")),
            (-47.0 * 60.0, Some("1 day ago")),
            (-48.0 * 60.0, Some("2 days ago")),
            (7.0 * 24.0 * 60.0, Some("in 7 days")),
            (8.0 * 24.0 * 60.0, None),
            (-8.0 * 24.0 * 60.0, None),
        ] {
            assert_eq!(distance(minutes * MINUTE).as_deref(), words, "{minutes}");
        }
    }
}
