//! Random keys of the program itself, sealed under the master secret.

use sqlx::{query, query_as, query_scalar};

use super::{Queryable, StoreError, Tx, changed_one, on_db, row, statements};

row! {
    /// A sealed key and its name.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct SealedSecret {
        pub name: String,
        pub sealed: String,
    }
}

statements! {
    ALL = "SELECT name, sealed FROM sealed_secrets ORDER BY name";
    GET = "SELECT sealed FROM sealed_secrets WHERE name = $1";
    INSERT = "INSERT INTO sealed_secrets (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    RESEAL = "UPDATE sealed_secrets SET sealed = $2 WHERE name = $1";
}

pub async fn all(db: &mut impl Queryable) -> Result<Vec<SealedSecret>, StoreError> {
    Ok(on_db!(db, |c| query_as(ALL).fetch_all(c).await)?)
}

pub async fn get(db: &mut impl Queryable, name: &str) -> Result<Option<String>, StoreError> {
    Ok(on_db!(db, |c| query_scalar(GET).bind(name).fetch_optional(c).await)?)
}

/// Stores it unless there is one of that name.
pub async fn insert_if_missing(tx: &mut Tx, name: &str, sealed: &str) -> Result<(), StoreError> {
    on_db!(tx, |c| query(INSERT).bind(name).bind(sealed).execute(c).await.map(drop))?;
    Ok(())
}

pub async fn reseal(tx: &mut Tx, name: &str, sealed: &str) -> Result<(), StoreError> {
    let rows = on_db!(tx, |c| query(RESEAL)
        .bind(name)
        .bind(sealed)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    changed_one(rows, "sealed_secrets", name)
}
