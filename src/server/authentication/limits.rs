//! How often a second factor may be tried. Counted in the database, for each account and factor: entering the password
//! again does not begin anew, and neither does another node.

use std::time::Duration;

use crate::{
    model::{id::UserId, second_factor::SecondFactor},
    server::{
        clock::Timestamp,
        error::Error,
        store::{
            StoreError, Tx,
            factor_failures::{self, Failures},
        },
    },
};

/// Wrong codes in a row that cost nothing.
pub const FREE_FAILURES: i64 = 10;
/// Wrong codes in a row after which a factor is switched off (NIST SP 800-63B-4 §3.2.2).
pub const MAX_FAILURES: i64 = 100;
/// The wait after [`FREE_FAILURES`]; it doubles with each wrong code.
const FIRST_WAIT: Duration = Duration::from_secs(60);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Refuses a try that comes too early, or one of a factor that is switched off. Nothing is looked at then, and nothing
/// counted.
pub async fn check(tx: &mut Tx, user: &UserId, factor: SecondFactor, now: Timestamp) -> Result<(), Error> {
    let failures = factor_failures::of(tx, user, factor).await?;
    if failures.failures >= MAX_FAILURES {
        return Err(Error::invalid("code", switched_off(factor)));
    }
    match wait(failures, now) {
        Some(wait) => Err(Error::TooManyAttempts { seconds: wait.as_secs().max(1) }),
        None => Ok(()),
    }
}

/// How long no code is looked at. What is longer than any wait was written before the clock was set back.
pub fn wait(Failures { failures, retry_at }: Failures, now: Timestamp) -> Option<Duration> {
    let left = (now < retry_at).then(|| retry_at - now)?;
    (left <= wait_after(failures)).then_some(left)
}

/// Counts a wrong code. Returns how many it were in a row.
pub async fn count(
    tx: &mut Tx,
    user: &UserId,
    factor: SecondFactor,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let failures = factor_failures::of(tx, user, factor).await?.failures + 1;
    let retry_at = now + wait_after(failures);
    factor_failures::set(tx, user, factor, Failures { failures, retry_at }).await?;
    Ok(failures)
}

fn wait_after(failures: i64) -> Duration {
    match u32::try_from(failures - FREE_FAILURES) {
        Ok(doublings) => FIRST_WAIT.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_WAIT),
        Err(_) => Duration::ZERO,
    }
}

const fn switched_off(factor: SecondFactor) -> &'static str {
    match factor {
        SecondFactor::Totp => {
            "After 100 wrong codes the authenticator app is switched off. Use a recovery code, or ask an administrator."
        }
        SecondFactor::RecoveryCode | SecondFactor::Passkey => {
            "After 100 wrong codes the recovery codes are switched off. Use your authenticator app, or ask an administrator."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_wrong_codes_cost_nothing_and_then_the_wait_doubles_up_to_an_hour() {
        let minutes = |failures| wait_after(failures).as_secs() / 60;
        assert_eq!([1, 9, 10, 11, 12, 15, 16, 99].map(minutes), [0, 0, 1, 2, 4, 32, 60, 60]);
    }
}
