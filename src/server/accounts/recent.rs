//! What is sensitive needs a proof from a short while ago: of who somebody is, and, where the account has a second step, by
//! that step. Then the password alone is not enough.

use crate::{
    model::level::Level,
    server::{
        authentication::factors::Factors,
        clock::Timestamp,
        error::Error,
        principal::{Principal, STEP_UP_MAX_AGE},
    },
};

/// Refuses a session that is of a lower level than the account, or that proved it too long ago.
pub fn require(principal: &Principal, factors: Factors, now: Timestamp) -> Result<(), Error> {
    let is_enough = principal.level > Level::SingleFactor && is_recent(principal, now);
    if factors.need_second_step() && !is_enough { Err(Error::ReauthenticationRequired) } else { Ok(()) }
}

/// Refuses a session whose owner proved too long ago who they are, in whatever way.
pub fn require_proof(principal: &Principal, now: Timestamp) -> Result<(), Error> {
    if is_recent(principal, now) { Ok(()) } else { Err(Error::ReauthenticationRequired) }
}

fn is_recent(principal: &Principal, now: Timestamp) -> bool {
    principal.authenticated_at().is_some_and(|at| now < at + STEP_UP_MAX_AGE)
}
