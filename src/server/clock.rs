//! Time and randomness, which everything else takes as arguments: the one file that reads either (`clippy.toml`).

use std::{
    fmt,
    ops::{Add, Sub},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::model::utc_time::UtcTime;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z. One encoding everywhere: it compares alike in Rust, SQLite
/// and PostgreSQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, sqlx::Type)]
#[sqlx(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds, rounded down: the NumericDate of RFC 7519.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// RFC 3339, to the second.
    pub fn to_utc(self) -> UtcTime {
        let text = OffsetDateTime::from_unix_timestamp(self.seconds())
            .ok()
            .and_then(|time| time.format(&Rfc3339).ok());
        UtcTime(text.unwrap_or_else(|| format!("@{}", self.seconds())))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub for Timestamp {
    type Output = Duration;
    /// How long after `earlier` this is; zero if it is not after. A clock that was set back is no negative time.
    fn sub(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Where `now` comes from: the system, or a test's hand.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
    pub fn system() -> Self {
        Self(Arc::new(|| match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
            Err(_) => Timestamp(0),
        }))
    }

    /// A clock that shows what `read` says.
    #[cfg(test)]
    pub fn of(read: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

/// The system's cryptographic random number generator.
#[derive(Clone)]
pub struct Entropy(Arc<SystemRandom>);

/// The system gave no random numbers.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the system's random number generator failed")]
pub struct NoEntropy;

impl Entropy {
    #[expect(clippy::disallowed_methods, reason = "this is the file that owns the generator")]
    pub fn system() -> Self {
        Self(Arc::new(SystemRandom::new()))
    }

    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], NoEntropy> {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes).map_err(|_| NoEntropy)?;
        Ok(bytes)
    }

    /// A new id: UUIDv7 (RFC 9562 §5.7), so that rows in the order of their ids are in the order of their making.
    pub fn uuid(&self, now: Timestamp) -> Result<String, NoEntropy> {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes::<10>()?).into_uuid();
        Ok(id.hyphenated().to_string())
    }

    /// For the functions of aws-lc-rs that draw for themselves.
    pub fn source(&self) -> &SystemRandom {
        &self.0
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339_has_them() {
        assert_eq!(Timestamp::from_millis(1_795_314_416_789).to_utc().0, "2026-11-22T02:26:56Z");
        assert_eq!(Timestamp::from_millis(1_795_314_416_789).to_utc().to_minute(), "2026-11-22 02:26 UTC");
        assert_eq!(Timestamp::from_millis(-1).seconds(), -1);
    }

    #[test]
    fn a_clock_set_back_makes_no_negative_time() {
        assert_eq!(Timestamp::from_seconds(5) - Timestamp::from_seconds(7), Duration::ZERO);
    }

    #[test]
    fn ids_are_made_in_order() {
        let entropy = Entropy::system();
        let ids: Vec<_> =
            (0..5).map(|n| entropy.uuid(Timestamp::from_seconds(1_000_000 + n)).unwrap()).collect();
        assert!(ids.is_sorted(), "{ids:?}");
        assert!(crate::model::id::UserId::parse(&ids[0]).is_ok());
    }
}
