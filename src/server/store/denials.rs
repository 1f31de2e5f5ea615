//! Access tokens that are refused before they expire.

use sqlx::{query, query_as};

use super::{Queryable, StoreError, Tx, corrupt, on_db, row, statements};
use crate::{
    model::id::{SessionId, UserId},
    server::clock::Timestamp,
};

/// Which tokens are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// All of this session.
    Session(SessionId),
    /// This account's of an epoch before `epoch`.
    Stale { user: UserId, epoch: u64 },
}

/// A stored denial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub seq: i64,
    pub denied: Denied,
    /// When the last such token has expired by itself.
    pub expires_at: Timestamp,
}

row! {
    struct DenialRow {
        seq: i64,
        session_id: Option<String>,
        user_id: Option<String>,
        epoch: Option<i64>,
        expires_at: Timestamp,
    }
}

impl TryFrom<DenialRow> for Denial {
    type Error = StoreError;
    fn try_from(row: DenialRow) -> Result<Self, StoreError> {
        let name = row.seq.to_string();
        let denied = match (row.session_id, row.user_id, row.epoch) {
            (Some(id), None, None) => {
                Denied::Session(SessionId::parse(&id).map_err(corrupt("denials", &name))?)
            }
            (None, Some(id), Some(epoch)) => Denied::Stale {
                user: UserId::parse(&id).map_err(corrupt("denials", &name))?,
                epoch: u64::try_from(epoch).map_err(corrupt("denials", &name))?,
            },
            _ => return Err(corrupt("denials", &name)("is neither of a session nor of an account")),
        };
        Ok(Self { seq: row.seq, denied, expires_at: row.expires_at })
    }
}

statements! {
    INSERT = "INSERT INTO denials (session_id, user_id, epoch, expires_at) VALUES ($1, $2, $3, $4)";
    LIVE_SINCE = "SELECT * FROM denials WHERE seq > $1 AND expires_at > $2 ORDER BY seq";
    DELETE_EXPIRED = "DELETE FROM denials WHERE expires_at <= $1";
}

pub async fn insert(tx: &mut Tx, denied: &Denied, expires_at: Timestamp) -> Result<(), StoreError> {
    let (session, user, epoch) = match denied {
        Denied::Session(id) => (Some(id.as_str()), None, None),
        Denied::Stale { user, epoch } => (
            None,
            Some(user.as_str()),
            Some(i64::try_from(*epoch).map_err(corrupt("denials", user.as_str()))?),
        ),
    };
    on_db!(tx, |c| query(INSERT)
        .bind(session)
        .bind(user)
        .bind(epoch)
        .bind(expires_at)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// What came after `seq` and still matters at `now`, in order.
pub async fn live_since(
    db: &mut impl Queryable,
    seq: i64,
    now: Timestamp,
) -> Result<Vec<Denial>, StoreError> {
    let rows: Vec<DenialRow> = on_db!(db, |c| query_as(LIVE_SINCE).bind(seq).bind(now).fetch_all(c).await)?;
    rows.into_iter().map(Denial::try_from).collect()
}

pub async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    on_db!(tx, |c| query(DELETE_EXPIRED).bind(now).execute(c).await.map(drop))?;
    Ok(())
}
