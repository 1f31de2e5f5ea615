//! Links that work once.

use sqlx::{query, query_as};

use super::{Queryable, StoreError, Tx, corrupt, on_db, row, statements};
use crate::{model::id::UserId, server::clock::Timestamp};

/// What a link is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Making the first administrator.
    Setup,
    /// Choosing a password for an account that an administrator has made.
    Invitation,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Invitation => "invitation",
        }
    }
}

row! {
    /// A link that has not been used.
    pub struct Link {
        user_id: Option<String>,
        expires_at: Timestamp,
    }
}

impl Link {
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// Whom it is for, where it is for somebody.
    pub fn user_id(&self) -> Result<Option<UserId>, StoreError> {
        self.user_id.as_deref().map(|id| UserId::parse(id).map_err(corrupt("one_time_links", id))).transpose()
    }
}

statements! {
    INSERT = "INSERT INTO one_time_links (token_hash, purpose, user_id, expires_at) VALUES ($1, $2, $3, $4)";
    FIND = "SELECT user_id, expires_at FROM one_time_links WHERE token_hash = $1 AND purpose = $2";
    DELETE_ALL = "DELETE FROM one_time_links WHERE purpose = $1";
    DELETE_OF_USER = "DELETE FROM one_time_links WHERE purpose = $1 AND user_id = $2";
    DELETE_EXPIRED = "DELETE FROM one_time_links WHERE expires_at <= $1";
}

pub async fn insert(
    tx: &mut Tx,
    purpose: Purpose,
    token_hash: &[u8],
    user_id: Option<&UserId>,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let user_id = user_id.map(UserId::as_str);
    on_db!(tx, |c| query(INSERT)
        .bind(token_hash)
        .bind(purpose.as_str())
        .bind(user_id)
        .bind(expires_at)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

pub async fn find(
    db: &mut impl Queryable,
    purpose: Purpose,
    token_hash: &[u8],
) -> Result<Option<Link>, StoreError> {
    Ok(on_db!(db, |c| query_as(FIND).bind(token_hash).bind(purpose.as_str()).fetch_optional(c).await)?)
}

pub async fn delete_all(tx: &mut Tx, purpose: Purpose) -> Result<(), StoreError> {
    on_db!(tx, |c| query(DELETE_ALL).bind(purpose.as_str()).execute(c).await.map(drop))?;
    Ok(())
}

/// Uses up, or takes back, the links of that purpose that somebody has.
pub async fn delete_of_user(tx: &mut Tx, purpose: Purpose, user_id: &UserId) -> Result<(), StoreError> {
    on_db!(tx, |c| query(DELETE_OF_USER)
        .bind(purpose.as_str())
        .bind(user_id.as_str())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

pub async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    on_db!(tx, |c| query(DELETE_EXPIRED).bind(now).execute(c).await.map(drop))?;
    Ok(())
}
