//! Authenticator apps: one for each account.

use sqlx::FromRow;

use super::{Queryable, StoreError, Tx, execute, expect_one_row, fetch_all, fetch_optional, statements};
use crate::{model::id::UserId, server::clock::Timestamp};

/// What a secret is sealed for: it opens for no other account.
pub fn purpose(user_id: &str) -> String {
    format!("totp {user_id}")
}

/// An authenticator app as stored.
#[derive(Clone, Debug, FromRow)]
pub struct TotpRow {
    pub user_id: String,
    pub sealed_secret: String,
    pub created_at: Timestamp,
    /// Nothing until the first code has come from the app.
    pub confirmed_at: Option<Timestamp>,
}

statements! {
    OF_USER = "SELECT user_id, sealed_secret, created_at, confirmed_at FROM totp WHERE user_id = $1";
    ALL = "SELECT user_id, sealed_secret, created_at, confirmed_at FROM totp ORDER BY user_id";
    /// One that works is not replaced.
    BEGIN = "INSERT INTO totp (user_id, sealed_secret, created_at, last_step) VALUES ($1, $2, $3, 0)
             ON CONFLICT (user_id) DO UPDATE SET sealed_secret = excluded.sealed_secret, created_at = excluded.created_at
             WHERE totp.confirmed_at IS NULL";
    CONFIRM = "UPDATE totp SET confirmed_at = $4, last_step = $3
               WHERE user_id = $1 AND sealed_secret = $2 AND confirmed_at IS NULL";
    USE_STEP = "UPDATE totp SET last_step = $2 WHERE user_id = $1 AND last_step < $2 AND confirmed_at IS NOT NULL";
    DELETE = "DELETE FROM totp WHERE user_id = $1";
    RESEAL = "UPDATE totp SET sealed_secret = $2 WHERE user_id = $1";
}

pub async fn of_user(db: &mut impl Queryable, user: &UserId) -> Result<Option<TotpRow>, StoreError> {
    Ok(fetch_optional!(db, OF_USER, user.as_str())?)
}

pub async fn all(db: &mut impl Queryable) -> Result<Vec<TotpRow>, StoreError> {
    Ok(fetch_all!(db, ALL)?)
}

/// Stores the secret of an app that is to be set up. `false`: the account has one that works.
pub async fn begin(
    tx: &mut Tx,
    user: &UserId,
    sealed_secret: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(execute!(tx, BEGIN, user.as_str(), sealed_secret, now)? == 1)
}

/// Sets up the app with this secret, with the step of the code that has confirmed it: that code was used. `false`: another
/// one was begun meanwhile, or is set up.
pub async fn confirm(
    tx: &mut Tx,
    user: &UserId,
    sealed_secret: &str,
    (step, now): (i64, Timestamp),
) -> Result<bool, StoreError> {
    Ok(execute!(tx, CONFIRM, user.as_str(), sealed_secret, step, now)? == 1)
}

/// Uses the code of a step up. `false`: it was used, or a later one was.
pub async fn use_step(tx: &mut Tx, user: &UserId, step: i64) -> Result<bool, StoreError> {
    Ok(execute!(tx, USE_STEP, user.as_str(), step)? == 1)
}

/// `false`: there was none.
pub async fn delete(tx: &mut Tx, user: &UserId) -> Result<bool, StoreError> {
    Ok(execute!(tx, DELETE, user.as_str())? == 1)
}

pub async fn reseal(tx: &mut Tx, user_id: &str, sealed: &str) -> Result<(), StoreError> {
    let rows = execute!(tx, RESEAL, user_id, sealed)?;
    expect_one_row(rows, "totp", user_id)
}
