//! Random keys of the program itself, sealed under the master secret.

use sqlx::FromRow;

use super::{
    Queryable, StoreError, Tx, execute, expect_one_row, fetch_all, fetch_optional_scalar, statements,
};

/// A sealed key and its name.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SealedSecret {
    pub name: String,
    pub sealed: String,
}

statements! {
    ALL = "SELECT name, sealed FROM sealed_secrets ORDER BY name";
    GET = "SELECT sealed FROM sealed_secrets WHERE name = $1";
    INSERT = "INSERT INTO sealed_secrets (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    PUT = "INSERT INTO sealed_secrets (name, sealed) VALUES ($1, $2)
           ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed";
    DELETE = "DELETE FROM sealed_secrets WHERE name = $1";
    RESEAL = "UPDATE sealed_secrets SET sealed = $2 WHERE name = $1";
}

pub async fn all(db: &mut impl Queryable) -> Result<Vec<SealedSecret>, StoreError> {
    Ok(fetch_all!(db, ALL)?)
}

pub async fn get(db: &mut impl Queryable, name: &str) -> Result<Option<String>, StoreError> {
    Ok(fetch_optional_scalar!(db, GET, name)?)
}

/// Stores it unless there is one of that name.
pub async fn insert_if_missing(tx: &mut Tx, name: &str, sealed: &str) -> Result<(), StoreError> {
    execute!(tx, INSERT, name, sealed)?;
    Ok(())
}

/// Stores it in place of the one of that name.
pub async fn put(tx: &mut Tx, name: &str, sealed: &str) -> Result<(), StoreError> {
    execute!(tx, PUT, name, sealed)?;
    Ok(())
}

/// Deletes the one of that name, if there is one.
pub async fn delete(tx: &mut Tx, name: &str) -> Result<(), StoreError> {
    execute!(tx, DELETE, name)?;
    Ok(())
}

pub async fn reseal(tx: &mut Tx, name: &str, sealed: &str) -> Result<(), StoreError> {
    let rows = execute!(tx, RESEAL, name, sealed)?;
    expect_one_row(rows, "sealed_secrets", name)
}
