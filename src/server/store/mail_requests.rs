//! When mail was asked for, for an address or from a network: of each only a hash is kept, for as long as it is counted.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};

use super::{Queryable, StoreError, Tx, execute, fetch_scalar, postgres::lock, statements};
use crate::server::clock::Timestamp;

const HOUR: Duration = Duration::from_secs(3600);

/// An address or a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(Vec<u8>);

impl Subject {
    pub fn of(kind: &str, name: &str) -> Self {
        Self(digest(&SHA256, format!("{kind} {name}").as_bytes()).as_ref().to_vec())
    }
}

statements! {
    COUNT = "SELECT count(*) FROM mail_requests WHERE subject = $1 AND at > $2 AND at < $3";
    INSERT = "INSERT INTO mail_requests (subject, at) VALUES ($1, $2)";
    DELETE_EXPIRED = "DELETE FROM mail_requests WHERE (subject, at) IN
                      (SELECT subject, at FROM mail_requests WHERE at <= $1 LIMIT $2)";
}

/// How often mail was asked for after a moment. What is said to be an hour away yet was written before the clock was set
/// back, and is not counted.
pub async fn count(
    db: &mut impl Queryable,
    subject: &Subject,
    after: Timestamp,
    now: Timestamp,
) -> Result<i64, StoreError> {
    Ok(fetch_scalar!(db, COUNT, &subject.0, after, now + HOUR)?)
}

/// Holds what is counted for this transaction.
pub async fn lock(tx: &mut Tx, subject: &Subject) -> Result<(), StoreError> {
    tx.lock_row(lock::ADVISORY, &BASE64.encode(&subject.0)).await
}

pub async fn insert(tx: &mut Tx, subject: &Subject, at: Timestamp) -> Result<(), StoreError> {
    execute!(tx, INSERT, &subject.0, at)?;
    Ok(())
}

/// Deletes about `limit` of those that are not counted any more. Returns how many.
pub async fn delete_expired(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_EXPIRED, before, limit)?)
}
