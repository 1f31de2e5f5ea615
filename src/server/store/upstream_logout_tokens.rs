//! Logout tokens that providers have sent: each is good once.

use super::{StoreError, Tx, execute, statements};
use crate::server::clock::Timestamp;

statements! {
    INSERT = "INSERT INTO upstream_logout_tokens (hash, expires_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING";
    DELETE_EXPIRED = "DELETE FROM upstream_logout_tokens
                      WHERE hash IN (SELECT hash FROM upstream_logout_tokens WHERE expires_at <= $1 LIMIT $2)";
}

/// Uses a token up. `false`: it was used before.
pub async fn use_up(tx: &mut Tx, hash: &[u8], expires_at: Timestamp) -> Result<bool, StoreError> {
    Ok(execute!(tx, INSERT, hash, expires_at)? == 1)
}

/// Deletes `limit` expired ones at the most. Returns how many.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_EXPIRED, now, limit)?)
}
