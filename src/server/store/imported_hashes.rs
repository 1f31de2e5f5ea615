//! Which accounts have a password hash that another program made, and of which kind.

use super::{Queryable, StoreError, Tx, execute, fetch_optional_scalar, statements};
use crate::model::id::UserId;

statements! {
    INSERT = "INSERT INTO imported_hashes (user_id, kind) VALUES ($1, $2)";
    FORGET = "DELETE FROM imported_hashes WHERE user_id = $1";
    /// One step through the index for each kind, however many accounts have it.
    NEXT_KIND = "SELECT kind FROM imported_hashes WHERE kind > $1 ORDER BY kind LIMIT 1";
}

pub async fn insert(tx: &mut Tx, id: &UserId, kind: &str) -> Result<(), StoreError> {
    execute!(tx, INSERT, id.as_str(), kind)?;
    Ok(())
}

/// Forgets the account's, because it has another hash now.
pub async fn forget(tx: &mut Tx, id: &UserId) -> Result<(), StoreError> {
    execute!(tx, FORGET, id.as_str())?;
    Ok(())
}

/// The kinds of all imported hashes that there still are.
pub async fn kinds(db: &mut impl Queryable) -> Result<Vec<String>, StoreError> {
    let mut kinds: Vec<String> = Vec::new();
    loop {
        let last = kinds.last().map_or("", String::as_str);
        let next: Option<String> = fetch_optional_scalar!(db, NEXT_KIND, last)?;
        match next {
            Some(kind) => kinds.push(kind),
            None => return Ok(kinds),
        }
    }
}
