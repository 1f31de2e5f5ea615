//! What somebody has just proved.

use crate::{
    model::{
        level::Level,
        methods::{Method, Methods},
    },
    server::{clock::Timestamp, store::sessions::SessionRecord},
};

/// That somebody is who they say, with when and how they proved it. Only the functions of this folder that verify make
/// one.
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    methods: Methods,
    verified_at: Timestamp,
}

impl Evidence {
    pub(super) fn of(method: Method, now: Timestamp) -> Self {
        Self::restored(method.into(), now)
    }

    /// What was verified in a request before.
    pub(super) fn restored(methods: Methods, verified_at: Timestamp) -> Self {
        Self { methods, verified_at }
    }

    /// Both. They count from the earlier one on.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            methods: self.methods.union(other.methods),
            verified_at: self.verified_at.min(other.verified_at),
        }
    }

    /// What a session stands on.
    pub fn of_session(session: &SessionRecord) -> Self {
        Self::restored(session.methods, session.authenticated_at)
    }

    pub fn methods(self) -> Methods {
        self.methods
    }

    pub fn verified_at(self) -> Timestamp {
        self.verified_at
    }

    pub fn level(self) -> Level {
        self.methods.level()
    }
}
