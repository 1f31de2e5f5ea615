//! Mails on their way to the relay: written in the transaction of what they tell of.

use std::time::Duration;

use sqlx::FromRow;

use super::{Queryable, StoreError, Tx, corrupt, execute, fetch_all, fetch_scalar, statements};
use crate::{model::id::UserId, server::clock::Timestamp};

/// A mail that is stored now.
#[derive(Debug)]
pub struct NewMail<'a> {
    pub id: &'a str,
    /// What it is about; a stable name.
    pub kind: &'a str,
    /// Whose account it is about.
    pub user: Option<&'a UserId>,
    /// Recipient, subject and text.
    pub sealed: &'a str,
    pub expires_at: Timestamp,
}

/// A mail that one server is sending.
#[derive(Debug)]
pub struct ClaimedMail {
    pub id: String,
    pub kind: String,
    pub user: Option<UserId>,
    pub sealed: String,
    pub created_at: Timestamp,
    /// How often it was tried before.
    pub attempts: i64,
    pub expires_at: Timestamp,
    claimed_until: Timestamp,
}

#[derive(FromRow)]
struct MailRow {
    id: String,
    kind: String,
    user_id: Option<String>,
    sealed: String,
    created_at: Timestamp,
    attempts: i64,
    expires_at: Timestamp,
    claimed_until: Timestamp,
}

impl TryFrom<MailRow> for ClaimedMail {
    type Error = StoreError;
    fn try_from(row: MailRow) -> Result<Self, StoreError> {
        let user = row.user_id.as_deref().map(|id| UserId::parse(id).map_err(corrupt("mails", &row.id)));
        Ok(Self {
            user: user.transpose()?,
            id: row.id,
            kind: row.kind,
            sealed: row.sealed,
            created_at: row.created_at,
            attempts: row.attempts,
            expires_at: row.expires_at,
            claimed_until: row.claimed_until,
        })
    }
}

/// Those whose time has come, and that nobody sends now.
macro_rules! due {
    () => {
        "next_attempt_at <= $1 AND claimed_until <= $1"
    };
}

statements! {
    INSERT = "INSERT INTO mails (id, kind, user_id, sealed, created_at, next_attempt_at, attempts, claimed_until, expires_at)
              VALUES ($1, $2, $3, $4, $5, $5, 0, 0, $6)";
    ANY_DUE = concat!("SELECT EXISTS (SELECT 1 FROM mails WHERE ", due!(), ")");
    /// The condition stands twice: whoever waited for a row that another server has claimed meanwhile asks again.
    CLAIM = concat!("UPDATE mails SET claimed_until = $2 WHERE ", due!(), " AND id IN
                     (SELECT id FROM mails WHERE ", due!(), " ORDER BY next_attempt_at, id LIMIT $3)
                     RETURNING id, kind, user_id, sealed, created_at, attempts, expires_at, claimed_until");
    /// Not if another server has claimed it because this one took too long.
    DELETE = "DELETE FROM mails WHERE id = $1 AND claimed_until = $2";
    RETRY = "UPDATE mails SET next_attempt_at = $3, attempts = attempts + 1, claimed_until = 0
             WHERE id = $1 AND claimed_until = $2";
    SEALED = "SELECT id, sealed FROM mails ORDER BY id";
    RESEAL = "UPDATE mails SET sealed = $2 WHERE id = $1";
    DELETE_EXPIRED = "DELETE FROM mails WHERE id IN (SELECT id FROM mails WHERE expires_at <= $1 LIMIT $2)";
}

pub async fn insert(tx: &mut Tx, mail: &NewMail<'_>, now: Timestamp) -> Result<(), StoreError> {
    let user = mail.user.map(UserId::as_str);
    execute!(tx, INSERT, mail.id, mail.kind, user, mail.sealed, now, mail.expires_at)?;
    Ok(())
}

/// Whether there is something to send. It only reads: it is asked every second.
pub async fn any_due(db: &mut impl Queryable, now: Timestamp) -> Result<bool, StoreError> {
    Ok(fetch_scalar!(db, ANY_DUE, now)?)
}

/// Takes up to `limit` of those that are due. Until `time` has passed no other server takes them.
pub async fn claim(
    tx: &mut Tx,
    now: Timestamp,
    time: Duration,
    limit: i64,
) -> Result<Vec<ClaimedMail>, StoreError> {
    let rows: Vec<MailRow> = fetch_all!(tx, CLAIM, now, now + time, limit)?;
    rows.into_iter().map(ClaimedMail::try_from).collect()
}

/// Deletes a mail that was sent or given up, if it is still this server's.
pub async fn delete(tx: &mut Tx, mail: &ClaimedMail) -> Result<bool, StoreError> {
    Ok(execute!(tx, DELETE, &mail.id, mail.claimed_until)? == 1)
}

/// Has a mail tried again at that time, if it is still this server's.
pub async fn retry(tx: &mut Tx, mail: &ClaimedMail, at: Timestamp) -> Result<(), StoreError> {
    execute!(tx, RETRY, &mail.id, mail.claimed_until, at)?;
    Ok(())
}

/// The id and the sealed part of each.
pub async fn sealed(db: &mut impl Queryable) -> Result<Vec<(String, String)>, StoreError> {
    Ok(fetch_all!(db, SEALED)?)
}

/// Stores it sealed anew. It may have been sent meanwhile.
pub async fn reseal(tx: &mut Tx, id: &str, sealed: &str) -> Result<(), StoreError> {
    execute!(tx, RESEAL, id, sealed)?;
    Ok(())
}

/// Deletes `limit` at the most that are of no use any more. Returns how many.
pub async fn delete_expired(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_EXPIRED, before, limit)?)
}
