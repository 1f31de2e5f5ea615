//! What the authenticators of passkeys know an account by (WebAuthn §14.6.1): random, and no id of ours.

use super::{Queryable, StoreError, Tx, execute, fetch_optional_scalar, statements};
use crate::model::id::UserId;

statements! {
    OF_USER = "SELECT webauthn_handle FROM users WHERE id = $1 AND webauthn_handle IS NOT NULL";
    SET = "UPDATE users SET webauthn_handle = $2 WHERE id = $1 AND (webauthn_handle IS NULL OR webauthn_handle = $2)";
}

/// Nothing before the first passkey.
pub async fn of_user(db: &mut impl Queryable, user: &UserId) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(fetch_optional_scalar!(db, OF_USER, user.as_str())?)
}

/// Gives an account its handle. `false`: it has another one.
pub async fn set(tx: &mut Tx, user: &UserId, handle: &[u8]) -> Result<bool, StoreError> {
    Ok(execute!(tx, SET, user.as_str(), handle)? == 1)
}
