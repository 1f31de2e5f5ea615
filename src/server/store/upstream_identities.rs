//! Who people are at providers. Somebody is known by provider and subject, and never by an address.

use std::collections::HashMap;

use sqlx::FromRow;

use super::{Queryable, StoreError, Tx, execute, fetch_all, fetch_optional, fetch_scalar, statements};
use crate::{
    model::id::{ProviderId, UserId},
    server::clock::Timestamp,
};

/// An identity as stored.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Identity {
    #[sqlx(rename = "provider_id", try_from = "String")]
    pub provider: ProviderId,
    pub subject: String,
    #[sqlx(rename = "user_id", try_from = "String")]
    pub user: UserId,
    /// As the provider said last; empty: it said none.
    pub email: String,
    pub linked_at: Timestamp,
    pub last_used_at: Timestamp,
}

statements! {
    FIND = "SELECT * FROM upstream_identities WHERE provider_id = $1 AND subject = $2";
    OF_USER = "SELECT * FROM upstream_identities WHERE user_id = $1 ORDER BY linked_at, provider_id";
    COUNT_USABLE = "SELECT count(*) FROM upstream_identities i JOIN upstream_providers p ON p.id = i.provider_id
                    WHERE i.user_id = $1 AND p.disabled_at IS NULL";
    COUNTS = "SELECT provider_id, count(*) FROM upstream_identities GROUP BY provider_id";
    COUNT = "SELECT count(*) FROM upstream_identities WHERE provider_id = $1";
    INSERT = "INSERT INTO upstream_identities (provider_id, subject, user_id, email, linked_at, last_used_at)
              VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    USED = "UPDATE upstream_identities SET email = $3, last_used_at = $4 WHERE provider_id = $1 AND subject = $2";
    DELETE = "DELETE FROM upstream_identities WHERE user_id = $1 AND provider_id = $2";
}

pub async fn find(
    db: &mut impl Queryable,
    provider: &ProviderId,
    subject: &str,
) -> Result<Option<Identity>, StoreError> {
    Ok(fetch_optional!(db, FIND, provider.as_str(), subject)?)
}

pub async fn of_user(db: &mut impl Queryable, user: &UserId) -> Result<Vec<Identity>, StoreError> {
    Ok(fetch_all!(db, OF_USER, user.as_str())?)
}

/// How many of an account are at providers that are switched on.
pub async fn count_usable(db: &mut impl Queryable, user: &UserId) -> Result<i64, StoreError> {
    Ok(fetch_scalar!(db, COUNT_USABLE, user.as_str())?)
}

/// How many accounts can come in through each provider that somebody has come in through.
pub async fn counts(db: &mut impl Queryable) -> Result<HashMap<String, i64>, StoreError> {
    let rows: Vec<(String, i64)> = fetch_all!(db, COUNTS)?;
    Ok(rows.into_iter().collect())
}

/// How many accounts can come in through this provider.
pub async fn count(db: &mut impl Queryable, provider: &ProviderId) -> Result<i64, StoreError> {
    Ok(fetch_scalar!(db, COUNT, provider.as_str())?)
}

/// `false`: somebody has it already, or this person has another one at this provider.
pub async fn insert(tx: &mut Tx, identity: &Identity) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        INSERT,
        identity.provider.as_str(),
        &identity.subject,
        identity.user.as_str(),
        &identity.email,
        identity.linked_at,
        identity.last_used_at
    )?;
    Ok(rows == 1)
}

/// Remembers that it was used, and the address that came with it.
pub async fn used(tx: &mut Tx, identity: &Identity) -> Result<(), StoreError> {
    let Identity { provider, subject, email, last_used_at, .. } = identity;
    execute!(tx, USED, provider.as_str(), subject, email, *last_used_at)?;
    Ok(())
}

/// `false`: there was none.
pub async fn delete(tx: &mut Tx, user: &UserId, provider: &ProviderId) -> Result<bool, StoreError> {
    Ok(execute!(tx, DELETE, user.as_str(), provider.as_str())? == 1)
}
