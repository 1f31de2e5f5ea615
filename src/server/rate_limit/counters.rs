//! Counters that refill with time.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How often something may happen: so many times at once, then once in a while.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    pub burst: u32,
    pub every: Duration,
}

/// One counter for each key (the generic cell rate algorithm: of each, only the moment is kept at which it is full
/// again).
///
/// Memory is bounded, and no attempt pays for all the others: when [`GENERATION`] keys were used, those that were not
/// used since the last time are forgotten at once. To make it forget a counter that is not full, somebody must use that
/// many others before it fills up by itself.
#[derive(Debug)]
pub struct Counters {
    rate: Rate,
    hasher: RandomState,
    generations: Mutex<Generations>,
}

/// Keys that are used before older ones are forgotten.
const GENERATION: usize = 1 << 17;

/// Key, hashed, and when its counter is full again. A keyed hash of 64 bits: two keys are not made to collide from
/// outside.
type Generation = HashMap<u64, Duration>;

#[derive(Debug, Default)]
struct Generations {
    young: Generation,
    old: Generation,
}

impl Generations {
    fn full_at(&mut self, key: u64) -> Duration {
        let old = &mut self.old;
        self.young.get(&key).copied().or_else(|| old.remove(&key)).unwrap_or_default()
    }

    fn set(&mut self, key: u64, full_at: Duration) {
        if self.young.len() >= GENERATION && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, full_at);
    }
}

impl Counters {
    pub fn new(rate: Rate) -> Self {
        Self { rate, hasher: RandomState::new(), generations: Mutex::default() }
    }

    /// Counts one, or says how long to wait. `elapsed` is a time that is never set back.
    pub fn count(&self, key: impl Hash, elapsed: Duration) -> Result<(), Duration> {
        let Rate { burst, every } = self.rate;
        let key = self.hasher.hash_one(key);
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = generations.full_at(key).max(elapsed);
        let wait = full_at.saturating_sub(elapsed + every * burst.saturating_sub(1));
        let allowed = wait.is_zero();
        generations.set(key, if allowed { full_at + every } else { full_at });
        if allowed { Ok(()) } else { Err(wait) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn counters() -> Counters {
        Counters::new(Rate { burst: 3, every: 10 * SECOND })
    }

    #[test]
    fn a_counter_allows_a_burst_and_then_one_at_a_time() {
        let counters = counters();
        for _ in 0..3 {
            assert_eq!(counters.count("a", SECOND), Ok(()));
        }
        assert_eq!(counters.count("a", 5 * SECOND), Err(6 * SECOND));
        assert_eq!(counters.count("b", 5 * SECOND), Ok(()));
        assert_eq!(counters.count("a", 11 * SECOND), Ok(()));
        assert_eq!(counters.count("a", 11 * SECOND), Err(10 * SECOND));
        for _ in 0..3 {
            assert_eq!(counters.count("a", 1000 * SECOND), Ok(()));
        }
        assert!(counters.count("a", 1000 * SECOND).is_err());
    }

    #[test]
    fn counters_are_bounded_and_one_that_is_in_use_is_not_forgotten() {
        let counters = counters();
        for n in 0..4 * GENERATION {
            let _ = counters.count(n, SECOND);
            if n % 1000 < 4 {
                // Used up after the first three, it stays so however many others there are.
                let allowed = counters.count("in use", SECOND).is_ok();
                assert_eq!(allowed, n < 3, "{n}");
            }
        }
        let generations = counters.generations.lock().unwrap();
        assert!(generations.young.len() <= GENERATION && generations.old.len() <= GENERATION);
    }
}
