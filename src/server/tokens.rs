//! Access tokens (RFC 9068): made with the active signing key, verified by one function, refused early by a denylist.

pub mod algorithm;
pub mod claims;
pub mod denylist;
pub mod keys;
pub mod manage;
pub mod material;
pub mod rotation;
pub mod verify;

use super::{clock::Timestamp, state::State, store::changes::Change};

impl State {
    /// How long tokens that exist now can still be presented, at the most.
    pub fn denied_until(&self, now: Timestamp) -> Timestamp {
        now + self.config.tokens.access_ttl + verify::LEEWAY
    }

    /// Takes a change over on this node. Called after the transaction that stored it was committed and before the
    /// answer is given, so that the very next request sees it.
    pub fn deny(&self, now: Timestamp, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            self.denylist.add(change, self.denied_until(now), now);
        }
    }
}
