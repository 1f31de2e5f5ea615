//! Time, which everything else takes as an argument: the one file that reads the clock (`clippy.toml`).

use std::{
    fmt,
    ops::{Add, Sub},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::model::utc_time::UtcTime;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z. One encoding everywhere: it compares alike in Rust, SQLite
/// and PostgreSQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, sqlx::Type, serde::Deserialize)]
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

    /// Reads RFC 3339, in any time zone.
    pub fn parse(text: &str) -> Option<Self> {
        let parsed = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(parsed.unix_timestamp_nanos() / 1_000_000).ok().map(Self)
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

/// How far another node's clock may be ahead of ours.
pub const LEEWAY: Duration = Duration::from_secs(5);

/// Where `now` comes from: the system, or a test's hand; set right by the clock that all nodes share, if there is one.
#[derive(Clone)]
pub struct Clock {
    read: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// In milliseconds, added to what is read.
    correction: Arc<AtomicI64>,
    elapsed: Arc<dyn Fn() -> Duration + Send + Sync>,
}

/// One look at another clock, between two looks at one's own.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    pub before: Timestamp,
    pub theirs: Timestamp,
    pub after: Timestamp,
}

impl Comparison {
    /// A look that took longer says too little.
    const LONGEST: Duration = Duration::from_millis(500);

    /// How far the other clock is ahead, in milliseconds; nothing if that can't be said.
    fn ahead(self) -> Option<i64> {
        let took = self.after - self.before;
        let middle = self.before + took / 2;
        (took <= Self::LONGEST).then(|| self.theirs.0.saturating_sub(middle.0))
    }
}

/// Now, as a line of the log says it: RFC 3339, to the microsecond. A clock that is set before 1970 has no such text.
#[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
pub fn logged() -> impl fmt::Display {
    humantime::format_rfc3339_micros(SystemTime::now().max(UNIX_EPOCH))
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
    pub fn system() -> Self {
        let began = Instant::now();
        let read = || match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
            Err(_) => Timestamp(0),
        };
        Self::new(read, move || began.elapsed())
    }

    fn new(
        read: impl Fn() -> Timestamp + Send + Sync + 'static,
        elapsed: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        Self { read: Arc::new(read), correction: Arc::default(), elapsed: Arc::new(elapsed) }
    }

    /// A clock that shows what these say.
    #[cfg(test)]
    pub fn of(
        read: impl Fn() -> Timestamp + Send + Sync + 'static,
        elapsed: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        Self::new(read, elapsed)
    }

    /// The time of day. Somebody may set it, back too.
    pub fn now(&self) -> Timestamp {
        Timestamp(self.own().0.saturating_add(self.correction.load(Ordering::SeqCst)))
    }

    /// How long the program runs: for measuring, whatever is done to the time of day.
    pub fn elapsed(&self) -> Duration {
        (self.elapsed)()
    }

    /// The time as this machine has it.
    pub fn own(&self) -> Timestamp {
        (self.read)()
    }

    /// Goes by the other clock from now on.
    pub fn follow(&self, comparison: Comparison) {
        if let Some(ahead) = comparison.ahead() {
            self.correction.store(ahead, Ordering::SeqCst);
        }
    }

    /// How far this machine's clock is from the one that it follows.
    pub fn error(&self) -> Duration {
        Duration::from_millis(self.correction.load(Ordering::SeqCst).unsigned_abs())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
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
    fn a_clock_follows_another_unless_looking_at_it_took_too_long() {
        let at = Timestamp::from_millis;
        let clock = Clock::of(move || at(1000), || Duration::ZERO);
        clock.follow(Comparison { before: at(1000), theirs: at(61_100), after: at(1200) });
        assert_eq!(
            (clock.now(), clock.own(), clock.error()),
            (at(61_000), at(1000), Duration::from_secs(60))
        );
        clock.follow(Comparison { before: at(1000), theirs: at(0), after: at(1501) });
        assert_eq!(clock.now(), at(61_000));
        clock.follow(Comparison { before: at(1000), theirs: at(0), after: at(1000) });
        assert_eq!((clock.now(), clock.error()), (at(0), Duration::from_secs(1)));
    }

    #[test]
    fn a_clock_set_back_gives_no_negative_duration() {
        assert_eq!(Timestamp::from_seconds(5) - Timestamp::from_seconds(7), Duration::ZERO);
    }
}
