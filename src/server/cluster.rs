//! How far this node has read what other nodes have changed.

use std::sync::atomic::{AtomicI64, Ordering};

/// How far this node has read. Invalidations are numbered in the order of their commits, so none appears behind one that
/// was seen.
#[derive(Debug, Default)]
pub struct Progress(AtomicI64);

impl Progress {
    /// The sequence number after which to read.
    pub fn read_after(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Everything up to `seq` was applied.
    pub fn applied(&self, seq: i64) {
        self.0.fetch_max(seq, Ordering::SeqCst);
    }

    /// Everything is read again. The database may be another one: a replica that has become the primary without what
    /// was committed last gives numbers out a second time.
    pub fn forget(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}
