//! What every node must know at once.

use sqlx::{query, query_as};

use super::{Queryable, StoreError, Tx, corrupt, on_db, row, statements};
use crate::{
    model::id::{SessionId, UserId},
    server::clock::Timestamp,
};

/// One kind of news for all nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// All access tokens of this session are refused.
    SessionEnded(SessionId),
    /// This account's access tokens of an epoch before `epoch` are stale.
    AccountChanged { user: UserId, epoch: u64 },
    /// A signing key was added, or is gone.
    KeysChanged,
}

/// A stored change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRecord {
    pub seq: i64,
    pub change: Change,
    /// When nobody needs to know any more: the last token that it concerns has expired by itself.
    pub expires_at: Timestamp,
}

row! {
    struct ChangeRow {
        seq: i64,
        session_id: Option<String>,
        user_id: Option<String>,
        epoch: Option<i64>,
        expires_at: Timestamp,
    }
}

impl TryFrom<ChangeRow> for ChangeRecord {
    type Error = StoreError;
    fn try_from(row: ChangeRow) -> Result<Self, StoreError> {
        let name = row.seq.to_string();
        let change = match (row.session_id, row.user_id, row.epoch) {
            (Some(id), None, None) => {
                Change::SessionEnded(SessionId::parse(&id).map_err(corrupt("changes", &name))?)
            }
            (None, Some(id), Some(epoch)) => Change::AccountChanged {
                user: UserId::parse(&id).map_err(corrupt("changes", &name))?,
                epoch: u64::try_from(epoch).map_err(corrupt("changes", &name))?,
            },
            (None, None, None) => Change::KeysChanged,
            _ => return Err(corrupt("changes", &name)("is of two kinds")),
        };
        Ok(Self { seq: row.seq, change, expires_at: row.expires_at })
    }
}

statements! {
    INSERT = "INSERT INTO changes (session_id, user_id, epoch, expires_at) VALUES ($1, $2, $3, $4)";
    LIVE_SINCE = "SELECT * FROM changes WHERE seq > $1 AND expires_at > $2 ORDER BY seq";
    DELETE_EXPIRED = "DELETE FROM changes WHERE expires_at <= $1";
}

/// Stores a change and, where nodes listen, wakes them when the transaction is committed.
pub async fn insert(tx: &mut Tx, change: &Change, expires_at: Timestamp) -> Result<(), StoreError> {
    let (session, user, epoch) = match change {
        Change::SessionEnded(id) => (Some(id.as_str()), None, None),
        Change::AccountChanged { user, epoch } => (
            None,
            Some(user.as_str()),
            Some(i64::try_from(*epoch).map_err(corrupt("changes", user.as_str()))?),
        ),
        Change::KeysChanged => (None, None, None),
    };
    on_db!(tx, |c| query(INSERT)
        .bind(session)
        .bind(user)
        .bind(epoch)
        .bind(expires_at)
        .execute(c)
        .await
        .map(drop))?;
    tx.notify().await
}

/// What came after `seq` and still matters at `now`, in order.
pub async fn live_since(
    db: &mut impl Queryable,
    seq: i64,
    now: Timestamp,
) -> Result<Vec<ChangeRecord>, StoreError> {
    let rows: Vec<ChangeRow> = on_db!(db, |c| query_as(LIVE_SINCE).bind(seq).bind(now).fetch_all(c).await)?;
    rows.into_iter().map(ChangeRecord::try_from).collect()
}

pub async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    on_db!(tx, |c| query(DELETE_EXPIRED).bind(now).execute(c).await.map(drop))?;
    Ok(())
}
