//! What clients know as the sessions of people: one for each session and client, and one for each offline grant.

use serde_json::json;
use sqlx::FromRow;

use super::{
    Queryable, StoreError, Tx,
    by_ids::{Change, Dialects},
    corrupt, execute, fetch_all, fetch_optional, postgres, sqlite, statements,
};
use crate::{
    model::{
        id::{ClientSessionId, SessionId, UserId},
        oauth::{client_id::ClientId, revocation::RevocationReason},
    },
    server::clock::Timestamp,
};

/// A client session as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSession {
    pub id: ClientSessionId,
    /// The session that it ends with. Nothing: it is offline.
    pub session: Option<SessionId>,
    pub user: UserId,
    pub client: ClientId,
    pub created_at: Timestamp,
    pub revoked: bool,
}

#[derive(FromRow)]
struct ClientSessionRow {
    id: String,
    session_id: Option<String>,
    user_id: String,
    client_id: String,
    created_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

const TABLE: &str = "oauth_client_sessions";

impl TryFrom<ClientSessionRow> for ClientSession {
    type Error = StoreError;
    fn try_from(row: ClientSessionRow) -> Result<Self, StoreError> {
        let session = row.session_id.as_deref().map(SessionId::parse).transpose();
        Ok(Self {
            session: session.map_err(corrupt(TABLE, &row.id))?,
            user: UserId::parse(&row.user_id).map_err(corrupt(TABLE, &row.id))?,
            client: ClientId::parse(&row.client_id).map_err(corrupt(TABLE, &row.id))?,
            created_at: row.created_at,
            revoked: row.revoked_at.is_some(),
            id: ClientSessionId::parse(&row.id).map_err(corrupt(TABLE, &row.id))?,
        })
    }
}

/// All columns that are read.
macro_rules! columns {
    () => {
        "id, session_id, user_id, client_id, created_at, revoked_at"
    };
}

/// Ends those that are live and that a condition names.
macro_rules! revoke {
    ($condition:literal) => {
        concat!(
            "UPDATE oauth_client_sessions SET revoked_at = $2, revoked_reason = $3
             WHERE revoked_at IS NULL AND ",
            $condition,
            " RETURNING ",
            columns!()
        )
    };
}

statements! {
    BY_ID = concat!("SELECT ", columns!(), " FROM oauth_client_sessions WHERE id = $1");
    LIVE = concat!("SELECT ", columns!(), " FROM oauth_client_sessions
                    WHERE session_id = $1 AND client_id = $2 AND revoked_at IS NULL");
    REVOKE = revoke!("id = $1");
    REVOKE_ENDED_OF_USER = revoke!(
        "user_id = $1 AND session_id IN (SELECT id FROM sessions WHERE user_id = $1 AND revoked_at IS NOT NULL)"
    );
    REVOKE_OF_USER = revoke!("user_id = $1");
    REVOKE_OF_USER_AND_CLIENT = revoke!("user_id = $1 AND client_id = $4");
    /// The condition is one that takes a value, as those of the others do.
    REVOKE_EVERY = revoke!("id > $1");
    REVOKE_OF_CLIENT = revoke!("client_id = $1");
    /// Offline ones whose grants are all deleted too.
    DELETE_ENDED = "DELETE FROM oauth_client_sessions WHERE id IN (SELECT c.id FROM oauth_client_sessions c
                    WHERE c.revoked_at < $1 OR (c.session_id IS NULL AND c.created_at < $1
                        AND NOT EXISTS (SELECT 1 FROM oauth_grants g WHERE g.client_session_id = c.id))
                    LIMIT $2)";
    REVOKE_EXPIRED = revoke!(
        "id IN (SELECT c.id FROM oauth_client_sessions c JOIN sessions s ON s.id = c.session_id
                WHERE c.revoked_at IS NULL
                  AND (s.idle_expires_at <= $2 OR s.absolute_expires_at <= $2 OR s.revoked_at IS NOT NULL)
                ORDER BY c.id LIMIT $1)"
    );
}

pub async fn by_id(
    db: &mut impl Queryable,
    id: &ClientSessionId,
) -> Result<Option<ClientSession>, StoreError> {
    let row: Option<ClientSessionRow> = fetch_optional!(db, BY_ID, id.as_str())?;
    row.map(ClientSession::try_from).transpose()
}

/// The live one of a session and a client.
pub async fn live(
    db: &mut impl Queryable,
    session: &SessionId,
    client: &ClientId,
) -> Result<Option<ClientSession>, StoreError> {
    let row: Option<ClientSessionRow> = fetch_optional!(db, LIVE, session.as_str(), client.as_str())?;
    row.map(ClientSession::try_from).transpose()
}

const INSERT: Dialects = Dialects {
    sqlite: sqlite::grants::INSERT_CLIENT_SESSIONS,
    postgres: postgres::grants::INSERT_CLIENT_SESSIONS,
};

pub async fn insert(tx: &mut Tx, sessions: &[ClientSession]) -> Result<(), StoreError> {
    insertion(sessions).make(tx).await?;
    Ok(())
}

/// The same, to be committed with other changes.
pub fn insertion(sessions: &[ClientSession]) -> Change {
    let row = |session: &ClientSession| {
        json!([
            session.id.as_str(),
            session.session.as_ref().map(SessionId::as_str),
            session.user.as_str(),
            session.client.as_str(),
            session.created_at.millis(),
        ])
    };
    Change::new(INSERT, &sessions.iter().map(row).collect::<Vec<_>>())
}

/// Deletes `limit` at the most that ended before `before`. Returns how many.
pub async fn delete_ended(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_ENDED, before, limit)?)
}

/// Which client sessions end.
#[derive(Clone, Copy, Debug)]
pub enum Ending<'a> {
    One(&'a ClientSessionId),
    /// Those of an account whose session was revoked.
    WithSessionsOf(&'a UserId),
    /// All of an account, offline ones too.
    AllOf(&'a UserId),
    /// All of an account with one client.
    Between(&'a UserId, &'a ClientId),
    Client(&'a ClientId),
    Everybody,
    /// Those whose session has expired, so many at the most.
    Expired(i64),
}

/// Ends client sessions, and returns those that were live.
pub async fn revoke(
    tx: &mut Tx,
    which: Ending<'_>,
    now: Timestamp,
    reason: RevocationReason,
) -> Result<Vec<ClientSession>, StoreError> {
    let reason = reason.as_str();
    let rows: Vec<ClientSessionRow> = match which {
        Ending::One(id) => fetch_all!(tx, REVOKE, id.as_str(), now, reason)?,
        Ending::WithSessionsOf(user) => fetch_all!(tx, REVOKE_ENDED_OF_USER, user.as_str(), now, reason)?,
        Ending::AllOf(user) => fetch_all!(tx, REVOKE_OF_USER, user.as_str(), now, reason)?,
        Ending::Between(user, client) => {
            fetch_all!(tx, REVOKE_OF_USER_AND_CLIENT, user.as_str(), now, reason, client.as_str())?
        }
        Ending::Everybody => fetch_all!(tx, REVOKE_EVERY, "", now, reason)?,
        Ending::Client(client) => fetch_all!(tx, REVOKE_OF_CLIENT, client.as_str(), now, reason)?,
        Ending::Expired(limit) => fetch_all!(tx, REVOKE_EXPIRED, limit, now, reason)?,
    };
    rows.into_iter().map(ClientSession::try_from).collect()
}
