//! Recovery codes that were not used. Only a hash of each is here; all of an account have one salt.

use super::{Queryable, StoreError, Tx, execute, fetch_optional_scalar, statements};
use crate::model::id::UserId;

statements! {
    ANY_OF_USER = "SELECT hash FROM recovery_codes WHERE user_id = $1 LIMIT 1";
    INSERT = "INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)";
    USE_UP = "DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2";
    DELETE_OF_USER = "DELETE FROM recovery_codes WHERE user_id = $1";
}

/// One of the hashes, for its salt; nothing if the account has no codes.
pub async fn any_of_user(db: &mut impl Queryable, user: &UserId) -> Result<Option<String>, StoreError> {
    Ok(fetch_optional_scalar!(db, ANY_OF_USER, user.as_str())?)
}

pub async fn insert(tx: &mut Tx, user: &UserId, hash: &str) -> Result<(), StoreError> {
    execute!(tx, INSERT, user.as_str(), hash)?;
    Ok(())
}

/// Uses a code up, which one request alone can do. `false`: there is none of this hash.
pub async fn use_up(tx: &mut Tx, user: &UserId, hash: &str) -> Result<bool, StoreError> {
    Ok(execute!(tx, USE_UP, user.as_str(), hash)? == 1)
}

pub async fn delete_of_user(tx: &mut Tx, user: &UserId) -> Result<(), StoreError> {
    execute!(tx, DELETE_OF_USER, user.as_str())?;
    Ok(())
}
