//! Where clients have asked to be answered and may not be. Anybody can ask in a client's name, so of each client only so
//! many are kept.

use sqlx::FromRow;

use super::{Queryable, StoreError, Tx, execute, fetch_all, statements};
use crate::{model::oauth::client_id::ClientId, server::clock::Timestamp};

/// How many addresses of a client are kept: those that came last.
const KEPT: i64 = 20;

#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct RefusedRedirectRecord {
    /// As it was received, or its beginning; empty: none was named.
    pub uri: String,
    pub times: i64,
    pub last_at: Timestamp,
}

statements! {
    OF_CLIENT = "SELECT uri, times, last_at FROM oauth_refused_redirects WHERE client_id = $1 ORDER BY last_at DESC, uri";
    COUNT = "INSERT INTO oauth_refused_redirects (client_id, uri, times, last_at) VALUES ($1, $2, 1, $3)
             ON CONFLICT (client_id, uri) DO UPDATE SET times = oauth_refused_redirects.times + 1, last_at = excluded.last_at";
    FORGET_OLDER = "DELETE FROM oauth_refused_redirects WHERE client_id = $1 AND uri NOT IN
                    (SELECT uri FROM oauth_refused_redirects WHERE client_id = $1 ORDER BY last_at DESC, uri LIMIT $2)";
}

/// The newest first.
pub async fn of_client(
    db: &mut impl Queryable,
    client: &ClientId,
) -> Result<Vec<RefusedRedirectRecord>, StoreError> {
    Ok(fetch_all!(db, OF_CLIENT, client.as_str())?)
}

/// Counts one that has just come, and forgets the oldest where there are too many.
pub async fn count(tx: &mut Tx, client: &ClientId, uri: &str, now: Timestamp) -> Result<(), StoreError> {
    execute!(tx, COUNT, client.as_str(), uri, now)?;
    execute!(tx, FORGET_OLDER, client.as_str(), KEPT)?;
    Ok(())
}
