//! How long a refusal takes.
//!
//! While there are imported hashes, checking a password takes as long as the account's hash asks for: 16 ms or a second.
//! That would tell which addresses have an account and which of them were imported. So a refusal takes a whole multiple
//! of a time in which each of the hashes can be checked, and in general once that time.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// What one check may take longer than the one that was measured, when the machine is busy.
const MARGIN: f64 = 1.25;

/// The time of which every refusal takes a multiple; nothing while there is no need.
#[derive(Debug, Default)]
pub struct RefusalTime(AtomicU64);

impl RefusalTime {
    /// Sets it by the slowest check there may be.
    pub fn cover(&self, slowest: Option<Duration>) {
        let micros = slowest.map_or(0, |slowest| slowest.mul_f64(MARGIN).as_micros());
        self.0.store(u64::try_from(micros).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How long a refusal must still wait whose check took so long.
    pub fn rest(&self, spent: Duration) -> Duration {
        let unit = self.0.load(Ordering::Relaxed);
        let spent = u64::try_from(spent.as_micros()).unwrap_or(u64::MAX);
        match spent.checked_rem(unit) {
            None => Duration::ZERO,
            Some(over) => Duration::from_micros(unit - over),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_refusal_takes_the_time_of_the_slowest_check_or_a_multiple_of_it() {
        let time = RefusalTime::default();
        time.cover(Some(ms(400)));
        for (spent, rest) in [(16, 484), (399, 101), (499, 1), (640, 360)] {
            assert_eq!(time.rest(ms(spent)), ms(rest), "{spent}");
        }
    }

    #[test]
    fn a_refusal_takes_no_longer_than_its_check_while_nothing_is_imported() {
        let time = RefusalTime::default();
        assert_eq!(time.rest(ms(16)), Duration::ZERO);
        time.cover(Some(ms(400)));
        time.cover(None);
        assert_eq!(time.rest(ms(16)), Duration::ZERO);
    }
}
