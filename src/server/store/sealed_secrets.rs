//! Random keys of the program itself, sealed under the master secret.

use sqlx::{query, query_scalar};

use super::{Queryable, StoreError, Tx, on_db, statements};

statements! {
    GET = "SELECT sealed FROM sealed_secrets WHERE name = $1";
    INSERT = "INSERT INTO sealed_secrets (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
}

pub async fn get(db: &mut impl Queryable, name: &str) -> Result<Option<String>, StoreError> {
    Ok(on_db!(db, |c| query_scalar(GET).bind(name).fetch_optional(c).await)?)
}

/// Stores it unless there is one of that name.
pub async fn insert_if_missing(tx: &mut Tx, name: &str, sealed: &str) -> Result<(), StoreError> {
    on_db!(tx, |c| query(INSERT).bind(name).bind(sealed).execute(c).await.map(drop))?;
    Ok(())
}
