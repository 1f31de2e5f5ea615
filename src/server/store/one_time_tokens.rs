//! Links that work once.

use sqlx::FromRow;

use super::{Queryable, StoreError, Tx, corrupt, execute, fetch_optional, statements};
use crate::{model::id::UserId, server::clock::Timestamp};

/// What a link is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Making the first administrator.
    Setup,
    /// Choosing a password for an account that an administrator has made.
    Invitation,
    /// Choosing a new password for an account whose owner has forgotten the old one.
    PasswordReset,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Invitation => "invitation",
            Self::PasswordReset => "password_reset",
        }
    }
}

/// A link that has not been used.
#[derive(FromRow)]
pub struct OneTimeToken {
    user_id: Option<String>,
    expires_at: Timestamp,
}

impl OneTimeToken {
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// Whom it is for, where it is for somebody.
    pub fn user_id(&self) -> Result<Option<UserId>, StoreError> {
        self.user_id
            .as_deref()
            .map(|id| UserId::parse(id).map_err(corrupt("one_time_tokens", id)))
            .transpose()
    }
}

statements! {
    INSERT = "INSERT INTO one_time_tokens (token_hash, purpose, user_id, expires_at) VALUES ($1, $2, $3, $4)";
    FIND = "SELECT user_id, expires_at FROM one_time_tokens WHERE token_hash = $1 AND purpose = $2";
    DELETE_ALL = "DELETE FROM one_time_tokens WHERE purpose = $1";
    DELETE_EVERY = "DELETE FROM one_time_tokens";
    DELETE_OF_USER = "DELETE FROM one_time_tokens WHERE purpose = $1 AND user_id = $2";
    DELETE_EXPIRED = "DELETE FROM one_time_tokens
                      WHERE token_hash IN (SELECT token_hash FROM one_time_tokens WHERE expires_at <= $1 LIMIT $2)";
}

pub async fn insert(
    tx: &mut Tx,
    purpose: Purpose,
    token_hash: &[u8],
    user_id: Option<&UserId>,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let user_id = user_id.map(UserId::as_str);
    execute!(tx, INSERT, token_hash, purpose.as_str(), user_id, expires_at)?;
    Ok(())
}

pub async fn find(
    db: &mut impl Queryable,
    purpose: Purpose,
    token_hash: &[u8],
) -> Result<Option<OneTimeToken>, StoreError> {
    Ok(fetch_optional!(db, FIND, token_hash, purpose.as_str())?)
}

pub async fn delete_all(tx: &mut Tx, purpose: Purpose) -> Result<(), StoreError> {
    execute!(tx, DELETE_ALL, purpose.as_str())?;
    Ok(())
}

/// Takes back every link, whatever it is good for.
pub async fn delete_every(tx: &mut Tx) -> Result<(), StoreError> {
    execute!(tx, DELETE_EVERY)?;
    Ok(())
}

/// Uses up, or takes back, the links of that purpose that somebody has.
pub async fn delete_of_user(tx: &mut Tx, purpose: Purpose, user_id: &UserId) -> Result<(), StoreError> {
    execute!(tx, DELETE_OF_USER, purpose.as_str(), user_id.as_str())?;
    Ok(())
}

/// Deletes `limit` expired ones at the most. Returns how many.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_EXPIRED, now, limit)?)
}
