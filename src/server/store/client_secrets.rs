//! The secrets of clients: a hash of each, for they have 256 random bits.

use sqlx::FromRow;

use super::{Queryable, StoreError, Tx, execute, fetch_all, statements};
use crate::{model::oauth::client_id::ClientId, server::clock::Timestamp};

/// From when until when a secret is good.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SecretPeriod {
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

statements! {
    PERIODS = "SELECT created_at, expires_at FROM oauth_client_secrets
               WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2) ORDER BY created_at DESC LIMIT 2";
    INSERT = "INSERT INTO oauth_client_secrets (hash, client_id, created_at) VALUES ($1, $2, $3)";
    EXPIRE = "UPDATE oauth_client_secrets SET expires_at = $2
              WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2)";
    DELETE_OLDER = "DELETE FROM oauth_client_secrets WHERE client_id = $1 AND (expires_at IS NOT NULL OR $2)";
    DELETE_EXPIRED = "DELETE FROM oauth_client_secrets
                      WHERE hash IN (SELECT hash FROM oauth_client_secrets WHERE expires_at <= $1 LIMIT $2)";
}

/// From when until when those are good that are so at `now`, the newest first.
pub async fn periods(
    db: &mut impl Queryable,
    client: &ClientId,
    now: Timestamp,
) -> Result<Vec<SecretPeriod>, StoreError> {
    Ok(fetch_all!(db, PERIODS, client.as_str(), now)?)
}

pub async fn insert(tx: &mut Tx, client: &ClientId, hash: &[u8], now: Timestamp) -> Result<(), StoreError> {
    execute!(tx, INSERT, hash, client.as_str(), now)?;
    Ok(())
}

/// Lets the secret of now go on until `expires_at`, and forgets those that were replaced before it.
pub async fn expire(tx: &mut Tx, client: &ClientId, expires_at: Timestamp) -> Result<(), StoreError> {
    execute!(tx, DELETE_OLDER, client.as_str(), false)?;
    execute!(tx, EXPIRE, client.as_str(), expires_at)?;
    Ok(())
}

/// Forgets every secret of a client.
pub async fn delete_all(tx: &mut Tx, client: &ClientId) -> Result<(), StoreError> {
    execute!(tx, DELETE_OLDER, client.as_str(), true)?;
    Ok(())
}

/// Deletes `limit` expired ones at the most. Returns how many.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_EXPIRED, now, limit)?)
}
