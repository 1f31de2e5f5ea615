//! Sessions that came in through a provider: columns of the table of sessions.

use serde::{Deserialize, Serialize};

use super::{Queryable, StoreError, Tx, corrupt, execute, expect_one_row, fetch_all, statements};
use crate::model::id::{ProviderId, SessionId, UserId};

/// What a session is at the provider through which it came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamSession {
    pub provider: ProviderId,
    pub subject: String,
    /// What the provider calls its own session; nothing: it did not say.
    pub sid: Option<String>,
}

statements! {
    SET = "UPDATE sessions SET provider_id = $2, upstream_subject = $3, upstream_sid = $4 WHERE id = $1";
    BY_SUBJECT = "SELECT id, user_id FROM sessions
                  WHERE provider_id = $1 AND upstream_subject = $2 AND revoked_at IS NULL ORDER BY id";
    BY_SID = "SELECT id, user_id FROM sessions
              WHERE provider_id = $1 AND upstream_sid = $2 AND revoked_at IS NULL ORDER BY id";
}

/// Remembers through which provider a session came in.
pub async fn set(tx: &mut Tx, id: &SessionId, upstream: &UpstreamSession) -> Result<(), StoreError> {
    let UpstreamSession { provider, subject, sid } = upstream;
    let rows = execute!(tx, SET, id.as_str(), provider.as_str(), subject, sid.as_deref())?;
    expect_one_row(rows, "sessions", id.as_str())
}

/// The sessions of somebody through this provider, with whose they are.
pub async fn by_subject(
    db: &mut impl Queryable,
    provider: &ProviderId,
    subject: &str,
) -> Result<Vec<(SessionId, UserId)>, StoreError> {
    read(fetch_all!(db, BY_SUBJECT, provider.as_str(), subject)?)
}

/// The sessions that came out of one session at this provider, with whose they are.
pub async fn by_sid(
    db: &mut impl Queryable,
    provider: &ProviderId,
    sid: &str,
) -> Result<Vec<(SessionId, UserId)>, StoreError> {
    read(fetch_all!(db, BY_SID, provider.as_str(), sid)?)
}

fn read(rows: Vec<(String, String)>) -> Result<Vec<(SessionId, UserId)>, StoreError> {
    let parse = |(id, user): (String, String)| {
        let user = UserId::parse(&user).map_err(corrupt("sessions", &id))?;
        Ok((SessionId::parse(&id).map_err(corrupt("sessions", &id))?, user))
    };
    rows.into_iter().map(parse).collect()
}
