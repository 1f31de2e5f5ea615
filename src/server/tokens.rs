//! Access tokens (RFC 9068): made with the active signing key, verified by one function, refused early by a denylist.

pub mod algorithm;
pub mod claims;
pub mod denylist;
pub mod keys;
mod material;
pub mod verify;

use super::{clock::Timestamp, state::State, store::denials::Denied};

impl State {
    /// How long tokens that exist now can still be presented, at the most.
    pub fn denied_until(&self, now: Timestamp) -> Timestamp {
        now + self.config.tokens.access_ttl + verify::LEEWAY
    }

    /// Denies tokens on this node. Called after the transaction that stored the denial was committed and before the
    /// answer is given, so that the very next request sees it.
    pub fn deny(&self, now: Timestamp, denied: impl IntoIterator<Item = Denied>) {
        for denied in denied {
            self.denylist.add(denied, self.denied_until(now), now);
        }
    }
}
