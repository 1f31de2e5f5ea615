//! What every node must know at once.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::FromRow;

use super::{
    Queryable, StoreError, Tx,
    by_ids::{Dialects, change},
    corrupt, execute, fetch_all,
    postgres::{self, lock},
    sqlite, statements,
};
use crate::{
    model::{
        id::{SessionId, UserId},
        session::SignOutReason,
    },
    server::clock::Timestamp,
};

/// One kind of news for all nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invalidation {
    /// All access tokens of this session are refused.
    SessionRevoked(SessionId),
    /// This account's access tokens of an epoch before `epoch` are stale.
    AccountChanged { user: UserId, epoch: u64 },
    /// A signing key was added, or is gone.
    KeysChanged,
}

/// A stored invalidation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidationRecord {
    pub seq: i64,
    pub invalidation: Invalidation,
    /// When nobody needs to know any more: the last token that it concerns has expired by itself.
    pub expires_at: Timestamp,
}

#[derive(FromRow)]
struct InvalidationRow {
    seq: i64,
    session_id: Option<String>,
    user_id: Option<String>,
    epoch: Option<i64>,
    expires_at: Timestamp,
}

impl TryFrom<InvalidationRow> for InvalidationRecord {
    type Error = StoreError;
    fn try_from(row: InvalidationRow) -> Result<Self, StoreError> {
        let name = row.seq.to_string();
        let invalidation = match (row.session_id, row.user_id, row.epoch) {
            (Some(id), None, None) => {
                Invalidation::SessionRevoked(SessionId::parse(&id).map_err(corrupt("invalidations", &name))?)
            }
            (None, Some(id), Some(epoch)) => Invalidation::AccountChanged {
                user: UserId::parse(&id).map_err(corrupt("invalidations", &name))?,
                epoch: u64::try_from(epoch).map_err(corrupt("invalidations", &name))?,
            },
            (None, None, None) => Invalidation::KeysChanged,
            _ => return Err(corrupt("invalidations", &name)("is of two kinds")),
        };
        Ok(Self { seq: row.seq, invalidation, expires_at: row.expires_at })
    }
}

statements! {
    INSERT_REVOKED_AT = "INSERT INTO invalidations (session_id, expires_at)
                         SELECT id, token_expires_at + $3 FROM sessions
                         WHERE revoked_at = $1 AND revoked_reason = $2 AND token_expires_at + $3 > $1";
    LIVE_SINCE = "SELECT * FROM invalidations WHERE seq > $1 AND expires_at > $2 ORDER BY seq";
    DELETE_EXPIRED = "DELETE FROM invalidations
                      WHERE seq IN (SELECT seq FROM invalidations WHERE expires_at <= $1 LIMIT $2)";
}

const INSERT: Dialects =
    Dialects { sqlite: sqlite::endings::INVALIDATE, postgres: postgres::endings::INVALIDATE };

/// Stores invalidations, each until nobody needs it any more, and, where nodes listen, wakes them when the transaction is
/// committed.
///
/// Numbers are given out in the order of commits: whoever stores one holds a lock until the commit is visible, so
/// nobody reads a number while a smaller one is still to come (`docs/decisions/0011-invalidations-in-commit-order.md`).
/// That lock is the last thing that a transaction waits for: nothing else may be locked after it.
pub async fn insert(tx: &mut Tx, invalidations: &[(Invalidation, Timestamp)]) -> Result<(), StoreError> {
    if invalidations.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = invalidations.iter().map(values).collect();
    tx.lock_row(lock::ADVISORY, "invalidations").await?;
    change(tx, INSERT, &rows).await?;
    tx.notify().await
}

/// The values of [`INSERT`], in its order.
fn values((invalidation, expires_at): &(Invalidation, Timestamp)) -> Value {
    let until = expires_at.millis();
    match invalidation {
        Invalidation::SessionRevoked(id) => json!([id.as_str(), null, null, until]),
        Invalidation::AccountChanged { user, epoch } => json!([null, user.as_str(), epoch, until]),
        Invalidation::KeysChanged => json!([null, null, null, until]),
    }
}

/// Stores an invalidation for each session that was revoked at that very moment and has access tokens that could still
/// be used, until `leeway` after the last of them has expired. See [`insert`].
pub async fn insert_for_revoked_at(
    tx: &mut Tx,
    now: Timestamp,
    reason: SignOutReason,
    leeway: Duration,
) -> Result<(), StoreError> {
    let leeway = i64::try_from(leeway.as_millis()).unwrap_or(i64::MAX);
    tx.lock_row(lock::ADVISORY, "invalidations").await?;
    execute!(tx, INSERT_REVOKED_AT, now, reason.as_str(), leeway)?;
    tx.notify().await
}

/// What came after `seq` and still matters at `now`, in order.
pub async fn live_since(
    db: &mut impl Queryable,
    seq: i64,
    now: Timestamp,
) -> Result<Vec<InvalidationRecord>, StoreError> {
    let rows: Vec<InvalidationRow> = fetch_all!(db, LIVE_SINCE, seq, now)?;
    rows.into_iter().map(InvalidationRecord::try_from).collect()
}

/// Deletes `limit` expired ones at the most. Returns how many.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_EXPIRED, now, limit)?)
}
