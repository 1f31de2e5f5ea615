//! The people who have allowed a client something, or who are signed in to it.

use sqlx::FromRow;

use super::{Queryable, StoreError, fetch_all, statements};
use crate::{
    model::{id::UserId, oauth::client_id::ClientId},
    server::clock::Timestamp,
};

/// Somebody, with what a client has of them.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct ClientUserRecord {
    #[sqlx(try_from = "String")]
    pub user_id: UserId,
    pub email: String,
    /// What was allowed. Nothing: a trusted client has not asked.
    pub scopes: Option<String>,
    pub since: Timestamp,
    pub last_used_at: Option<Timestamp>,
    /// Live ones.
    pub sessions: i64,
}

statements! {
    PAGE = "SELECT u.id AS user_id, u.email, a.scopes, COALESCE(a.granted_at, s.since) AS since,
                (SELECT MAX(g.last_used_at) FROM oauth_client_sessions c JOIN oauth_grants g ON g.client_session_id = c.id
                 WHERE c.user_id = u.id AND c.client_id = $1) AS last_used_at,
                COALESCE(s.sessions, 0) AS sessions
            FROM users u
            LEFT JOIN oauth_consents a ON a.client_id = $1 AND a.user_id = u.id
            LEFT JOIN (SELECT user_id, MIN(created_at) AS since, COUNT(*) AS sessions FROM oauth_client_sessions
                       WHERE client_id = $1 AND revoked_at IS NULL GROUP BY user_id) s ON s.user_id = u.id
            WHERE (a.granted_at IS NOT NULL OR s.since IS NOT NULL) AND u.email > $2
            ORDER BY u.email LIMIT $3";
}

/// Those after this address, by address.
pub async fn page(
    db: &mut impl Queryable,
    client: &ClientId,
    after: &str,
    limit: i64,
) -> Result<Vec<ClientUserRecord>, StoreError> {
    Ok(fetch_all!(db, PAGE, client.as_str(), after, limit)?)
}
