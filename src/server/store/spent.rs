//! What works once and is stored nowhere else: its id, from its use until it would have expired.

use super::{StoreError, Tx, execute, statements};
use crate::server::clock::Timestamp;

statements! {
    INSERT = "INSERT INTO spent (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
    DELETE_EXPIRED = "DELETE FROM spent WHERE id IN (SELECT id FROM spent WHERE expires_at <= $1 LIMIT $2)";
}

/// Uses it up, which one request alone can do. `false`: it was used before.
pub async fn use_up(tx: &mut Tx, id: &str, expires_at: Timestamp) -> Result<bool, StoreError> {
    Ok(execute!(tx, INSERT, id, expires_at)? == 1)
}

/// Deletes `limit` expired ones at the most. Returns how many.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_EXPIRED, now, limit)?)
}
