//! What an account's second step protects needs one that was taken a short while ago: the password alone is not enough.

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
    let is_enough = principal.level > Level::SingleFactor
        && principal.authenticated_at().is_some_and(|at| now < at + STEP_UP_MAX_AGE);
    if factors.need_second_step() && !is_enough { Err(Error::ReauthenticationRequired) } else { Ok(()) }
}
