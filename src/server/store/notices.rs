//! Notices.

use sqlx::FromRow;

use super::{Queryable, StoreError, Tx, execute, fetch_all, statements};
use crate::{model::id::NoticeId, server::clock::Timestamp};

/// A notice, with its author's name if the account still is there.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct NoticeRecord {
    pub id: String,
    pub author_id: Option<String>,
    pub author_name: Option<String>,
    pub title: String,
    pub body: String,
    pub published_at: Timestamp,
}

statements! {
    INSERT = "INSERT INTO notices (id, author_id, title, body, published_at) VALUES ($1, $2, $3, $4, $5)";
    DELETE = "DELETE FROM notices WHERE id = $1";
    NEWEST = "SELECT n.id, n.author_id, u.display_name AS author_name, n.title, n.body, n.published_at
              FROM notices n LEFT JOIN users u ON u.id = n.author_id
              WHERE n.id < $1 ORDER BY n.id DESC LIMIT $2";
}

pub async fn insert(tx: &mut Tx, notice: &NoticeRecord) -> Result<(), StoreError> {
    execute!(tx, INSERT, &notice.id, &notice.author_id, &notice.title, &notice.body, notice.published_at)?;
    Ok(())
}

/// `false`: there is none.
pub async fn delete(tx: &mut Tx, id: &NoticeId) -> Result<bool, StoreError> {
    Ok(execute!(tx, DELETE, id.as_str())? == 1)
}

/// Notices older than `before`, the newest first.
pub async fn newest(
    db: &mut impl Queryable,
    before: &str,
    limit: i64,
) -> Result<Vec<NoticeRecord>, StoreError> {
    Ok(fetch_all!(db, NEWEST, before, limit)?)
}
