//! Lifetimes that a client has of its own, within what keys and denylists are kept for.

use std::time::Duration;

use crate::server::{
    config::{LONGEST_CLIENT_TOKEN, SHORTEST_ACCESS, value::in_words},
    error::Error,
};

const DAY: Duration = Duration::from_secs(86_400);

/// One of the lifetimes that can be set.
pub(super) struct Lifetime {
    field: &'static str,
    least: Duration,
    most: Duration,
}

pub(super) const ACCESS: Lifetime =
    Lifetime { field: "access_ttl", least: SHORTEST_ACCESS, most: LONGEST_CLIENT_TOKEN };
/// Of a grant that is not used.
pub(super) const REFRESH_IDLE: Lifetime =
    Lifetime { field: "refresh_idle_ttl", least: Duration::from_secs(60), most: DAY.saturating_mul(400) };
/// Of a grant, however often it is used.
pub(super) const REFRESH_ABSOLUTE: Lifetime = Lifetime { field: "refresh_absolute_ttl", ..REFRESH_IDLE };

impl Lifetime {
    /// Reads it in whole seconds, like `5m` or `30d`. Empty: the client has none of its own.
    pub(super) fn parse(&self, text: &str) -> Result<Option<Duration>, Error> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let parsed = humantime::parse_duration(text.trim()).ok();
        let whole = parsed.map(|duration| Duration::from_secs(duration.as_secs()));
        let allowed = whole.filter(|duration| (self.least..=self.most).contains(duration));
        let problem = || {
            let (least, most) = (in_words(self.least), in_words(self.most));
            let text = format!("This must be a time like 90s, 5m, 12h or 30d, from {least} to {most}.");
            Error::invalid(self.field, text)
        };
        allowed.map(Some).ok_or_else(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_a_time_within_its_limits_or_none() {
        assert_eq!(ACCESS.parse(" ").unwrap(), None);
        assert_eq!(ACCESS.parse("60s").unwrap(), Some(Duration::from_secs(60)));
        assert_eq!(ACCESS.parse(" 1h ").unwrap(), Some(LONGEST_CLIENT_TOKEN));
        assert_eq!(ACCESS.parse("90s 700ms").unwrap(), Some(Duration::from_secs(90)));
        assert_eq!(REFRESH_ABSOLUTE.parse("400d").unwrap(), Some(400 * DAY));
        for bad in ["4s", "1h 1s", "0s", "5", "soon", "-5m"] {
            let Error::Invalid(fields) = ACCESS.parse(bad).unwrap_err() else { panic!("{bad}") };
            assert!(fields["access_ttl"].ends_with("from 5s to 1h."), "{fields:?}");
        }
        assert!(REFRESH_IDLE.parse("59s").is_err() && REFRESH_IDLE.parse("401d").is_err());
    }
}
