//! Assertions that clients have used: each proves once who a client is.

use super::{StoreError, Tx, execute, statements};
use crate::server::clock::Timestamp;

statements! {
    INSERT = "INSERT INTO oauth_client_assertions (hash, expires_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING";
    DELETE_EXPIRED = "DELETE FROM oauth_client_assertions
                      WHERE hash IN (SELECT hash FROM oauth_client_assertions WHERE expires_at <= $1 LIMIT $2)";
}

/// Uses an assertion up. `false`: it was used before.
pub async fn use_up(tx: &mut Tx, hash: &[u8], expires_at: Timestamp) -> Result<bool, StoreError> {
    Ok(execute!(tx, INSERT, hash, expires_at)? == 1)
}

/// Deletes `limit` expired ones at the most. Returns how many.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_EXPIRED, now, limit)?)
}
