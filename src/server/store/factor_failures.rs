//! Wrong codes in a row, for each account and factor.

use sqlx::FromRow;

use super::{Queryable, StoreError, Tx, execute, fetch_optional, statements};
use crate::{
    model::{id::UserId, second_factor::SecondFactor},
    server::clock::Timestamp,
};

/// How often it was wrong, and when the next code is looked at.
#[derive(Clone, Copy, Debug, Default, FromRow)]
pub struct Failures {
    pub failures: i64,
    pub retry_at: Timestamp,
}

statements! {
    OF = "SELECT failures, retry_at FROM factor_failures WHERE user_id = $1 AND factor = $2";
    SET = "INSERT INTO factor_failures (user_id, factor, failures, retry_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT (user_id, factor) DO UPDATE SET failures = excluded.failures, retry_at = excluded.retry_at";
    CLEAR = "DELETE FROM factor_failures WHERE user_id = $1 AND factor = $2";
}

pub async fn of(
    db: &mut impl Queryable,
    user: &UserId,
    factor: SecondFactor,
) -> Result<Failures, StoreError> {
    let found: Option<Failures> = fetch_optional!(db, OF, user.as_str(), factor.as_str())?;
    Ok(found.unwrap_or_default())
}

pub async fn set(
    tx: &mut Tx,
    user: &UserId,
    factor: SecondFactor,
    failures: Failures,
) -> Result<(), StoreError> {
    execute!(tx, SET, user.as_str(), factor.as_str(), failures.failures, failures.retry_at)?;
    Ok(())
}

pub async fn clear(tx: &mut Tx, user: &UserId, factor: SecondFactor) -> Result<(), StoreError> {
    execute!(tx, CLEAR, user.as_str(), factor.as_str())?;
    Ok(())
}
