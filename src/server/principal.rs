//! Who is asking, as far as they have proved it.

use std::time::Duration;

use super::{clock::Timestamp, error::Error};
use crate::model::{
    id::{SessionId, UserId},
    level::Level,
    role::{Permission, Roles},
    second_factor::SecondFactorPolicy,
};

/// How long an entered password is good for what needs it ([`Permission::needs_recent_authentication`]).
pub const STEP_UP_MAX_AGE: Duration = Duration::from_secs(15 * 60);

/// Somebody who has proved who they are.
#[derive(Clone, Debug)]
pub struct Principal {
    pub user: UserId,
    pub session: SessionId,
    pub roles: Roles,
    /// How well they have proved who they are.
    pub level: Level,
    pub proof: Proof,
}

/// How they proved it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// An access token in the `Authorization` header; it says when the password was last entered.
    AccessToken { authenticated_at: Timestamp },
    /// The session cookie of a page load: good for reading while that page is rendered, and for nothing else. A
    /// forged cross-site request carries the cookie too.
    PageLoad,
}

impl Principal {
    /// When they last proved who they are; not known of a page load.
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        match self.proof {
            Proof::AccessToken { authenticated_at } => Some(authenticated_at),
            Proof::PageLoad => None,
        }
    }

    /// Whether they may do this now, where this is the policy.
    pub fn check(
        &self,
        permission: Permission,
        now: Timestamp,
        policy: SecondFactorPolicy,
    ) -> Result<(), Error> {
        if !self.roles.allow(permission) {
            return Err(Error::Forbidden);
        }
        if policy.for_session(self.level).restricts(permission) {
            return Err(Error::SecondFactorRequired);
        }
        match self.proof {
            Proof::PageLoad if !permission.only_reads() => Err(Error::Forbidden),
            Proof::AccessToken { authenticated_at }
                if permission.needs_recent_authentication() && now >= authenticated_at + STEP_UP_MAX_AGE =>
            {
                Err(Error::ReauthenticationRequired)
            }
            Proof::PageLoad | Proof::AccessToken { .. } => Ok(()),
        }
    }
}
