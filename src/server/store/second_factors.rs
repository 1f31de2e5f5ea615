//! The second factors of an account, at a glance.

use sqlx::FromRow;

use super::{Queryable, StoreError, on_db, statements};
use crate::{model::id::UserId, server::clock::Timestamp};

/// What an account has.
#[derive(Clone, Copy, Debug, FromRow)]
pub struct SecondFactorRow {
    /// Whether an authenticator app is set up.
    pub totp: bool,
    /// Wrong codes of it in a row.
    pub totp_failures: i64,
    /// Recovery codes that were not used.
    pub recovery_codes: i64,
    /// Wrong ones in a row, and when the next one is looked at.
    pub recovery_failures: i64,
    pub recovery_retry_at: Timestamp,
    /// Whether there is a passkey.
    pub passkeys: bool,
    /// Whether its owner wants it asked for after the password.
    pub second_step: bool,
}

statements! {
    OF_USER = "SELECT EXISTS (SELECT 1 FROM totp WHERE user_id = $1 AND confirmed_at IS NOT NULL) AS totp,
                   COALESCE((SELECT failures FROM factor_failures WHERE user_id = $1 AND factor = 'totp'), 0) AS totp_failures,
                   (SELECT count(*) FROM recovery_codes WHERE user_id = $1) AS recovery_codes,
                   COALESCE((SELECT failures FROM factor_failures WHERE user_id = $1 AND factor = 'recovery_code'), 0)
                       AS recovery_failures,
                   COALESCE((SELECT retry_at FROM factor_failures WHERE user_id = $1 AND factor = 'recovery_code'), 0)
                       AS recovery_retry_at,
                   EXISTS (SELECT 1 FROM passkeys WHERE user_id = $1) AS passkeys,
                   EXISTS (SELECT 1 FROM users WHERE id = $1 AND second_step) AS second_step";
}

pub async fn of_user(db: &mut impl Queryable, user: &UserId) -> Result<SecondFactorRow, StoreError> {
    Ok(on_db!(db, |c| sqlx::query_as(OF_USER).bind(user.as_str()).fetch_one(c).await)?)
}
