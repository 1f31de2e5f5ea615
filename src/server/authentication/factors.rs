//! What an account can be signed in to with, beside its password; and whether the password alone is enough.

use std::time::Duration;

use super::{
    evidence::Evidence,
    limits::{self, MAX_FAILURES},
};
use crate::{
    model::{id::UserId, level::Level, second_factor::SecondFactor},
    server::{
        clock::Timestamp,
        store::{
            Queryable, StoreError,
            factor_failures::Failures,
            second_factors::{self, SecondFactorRow},
        },
    },
};

/// The second factors of an account.
#[derive(Clone, Copy, Debug)]
pub struct Factors(SecondFactorRow);

impl Factors {
    /// Read in the transaction that decides by it.
    pub async fn of(db: &mut impl Queryable, user: &UserId) -> Result<Self, StoreError> {
        Ok(Self(second_factors::of_user(db, user).await?))
    }

    /// Whether the account needs a second step: the one function that says so. A recovery code without anything else is
    /// there after an administrator has reset the factors.
    /// Whoever adds a passkey has not asked for their password to be worth less, until they do.
    pub fn need_second_step(self) -> bool {
        self.has_second_step() || self.0.recovery_codes > 0
    }

    /// Whether there is what a second step is taken with, and recovery codes stand in for.
    pub fn has_second_step(self) -> bool {
        self.0.totp || self.asks_for_passkey()
    }

    /// Whether the owner has their passkey asked for after the password.
    pub fn asks_for_passkey(self) -> bool {
        self.0.passkeys && self.0.second_step
    }

    pub fn has_passkeys(self) -> bool {
        self.0.passkeys
    }

    /// Whether there is any, needed or not.
    pub fn any(self) -> bool {
        self.need_second_step() || self.has_passkeys()
    }

    /// The highest level that its owner can prove with the password and a code.
    pub fn reach(self) -> Level {
        let has_codes = self.can_use_totp() || self.0.recovery_codes > 0;
        if has_codes { Level::MultiFactor } else { Level::SingleFactor }
    }

    /// Whether this is enough to sign in.
    pub fn are_satisfied_by(self, evidence: Evidence) -> bool {
        !self.need_second_step() || evidence.level() > Level::SingleFactor
    }

    /// What the second step can be done with now.
    pub fn usable(self, now: Timestamp) -> Vec<SecondFactor> {
        let app = self.can_use_totp().then_some(SecondFactor::Totp);
        let takes_codes = self.has_good_recovery_codes() && self.recovery_codes_wait(now).is_none();
        let codes = takes_codes.then_some(SecondFactor::RecoveryCode);
        let passkey = self.0.passkeys.then_some(SecondFactor::Passkey);
        app.into_iter().chain(codes).chain(passkey).collect()
    }

    /// Whether an authenticator app is set up, and its codes are taken.
    pub fn can_use_totp(self) -> bool {
        self.0.totp && self.0.totp_failures < MAX_FAILURES
    }

    fn has_good_recovery_codes(self) -> bool {
        self.0.recovery_codes > 0 && self.0.recovery_failures < MAX_FAILURES
    }

    /// How long no recovery code is looked at, after too many wrong ones.
    pub fn recovery_codes_wait(self, now: Timestamp) -> Option<Duration> {
        let (failures, retry_at) = (self.0.recovery_failures, self.0.recovery_retry_at);
        limits::wait(Failures { failures, retry_at }, now).filter(|_| self.has_good_recovery_codes())
    }

    pub fn recovery_codes(self) -> u64 {
        u64::try_from(self.0.recovery_codes).unwrap_or_default()
    }
}
