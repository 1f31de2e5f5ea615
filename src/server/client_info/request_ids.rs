//! The ids of requests, by which a line of the log, an audit event and an answer find each other.

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

/// Numbers of requests, hashed with a key that nobody knows: an id does not tell how many came before it. That takes a
/// fraction of what random numbers take.
#[derive(Debug, Default)]
pub struct RequestIds {
    key: RandomState,
    made: AtomicU64,
}

impl RequestIds {
    pub fn next(&self) -> String {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}", self.key.hash_one(number))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_request_has_an_id_of_its_own_of_sixteen_digits() {
        let ids = RequestIds::default();
        let made: HashSet<_> = (0..10_000).map(|_| ids.next()).collect();
        assert_eq!(made.len(), 10_000);
        assert!(made.iter().all(|id| id.len() == 16 && u64::from_str_radix(id, 16).is_ok()));
    }

    #[test]
    fn a_program_that_starts_again_makes_other_ids() {
        assert_ne!(RequestIds::default().next(), RequestIds::default().next());
    }
}
