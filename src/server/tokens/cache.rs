//! Tokens that were verified before.

use std::sync::Arc;

use super::{client_access::VerifiedClientToken, verify::VerifiedToken};
use crate::server::clock::Timestamp;

/// A token that was verified.
pub trait Verified {
    /// Name of the key that has signed it.
    fn kid(&self) -> &str;
    fn expires_at(&self) -> Timestamp;
}

impl Verified for VerifiedToken {
    fn kid(&self) -> &str {
        &self.kid
    }

    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl Verified for VerifiedClientToken {
    fn kid(&self) -> &str {
        &self.kid
    }

    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

/// Verified tokens by their exact bytes, so that a token is verified once and not at every request.
#[derive(Debug)]
pub struct VerifiedCache<T>(quick_cache::sync::Cache<Box<str>, Arc<T>>);

/// Tokens remembered, of about 1 KiB each.
const CAPACITY: usize = 10_000;

impl<T: Verified> VerifiedCache<T> {
    pub fn get(&self, token: &str, now: Timestamp) -> Option<Arc<T>> {
        self.0.get(token).filter(|verified| now < verified.expires_at())
    }

    pub fn insert(&self, token: &str, verified: T) -> Arc<T> {
        let verified = Arc::new(verified);
        self.0.insert(token.into(), verified.clone());
        verified
    }
}

impl<T> Default for VerifiedCache<T> {
    fn default() -> Self {
        Self(quick_cache::sync::Cache::new(CAPACITY))
    }
}
