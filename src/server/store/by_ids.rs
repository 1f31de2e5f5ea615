//! Rows of many ids in one statement. The ids are one JSON array; how an array becomes rows is where the databases
//! differ ([`super::sqlite`], [`super::postgres`]).

use std::collections::HashMap;

use serde_json::Value;
use sqlx::{FromRow, postgres::PgRow, sqlite::SqliteRow};

use super::{Connection, Queryable, StoreError, Tx};

/// Bytes as the statements take them out of JSON.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Bytes as the statements put them into JSON. Nothing: it is not hexadecimal.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    text.as_bytes().chunks(2).map(byte).collect()
}

/// A statement as each database has it.
#[derive(Clone, Copy, Debug)]
pub struct Dialects {
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

/// A row that is found by its id.
pub trait Found: Clone + Send + Unpin + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> {
    type Record: TryFrom<Self, Error = StoreError>;
    const READ: Dialects;

    fn id(&self) -> &str;
}

/// The rows of those ids that there are. They are decoded one by one by whoever wants them: one that breaks a rule does
/// not keep the others from being read.
pub async fn read<R: Found>(
    db: &mut impl Queryable,
    ids: &[&str],
) -> Result<HashMap<String, R>, sqlx::Error> {
    rows(db, R::READ, ids).await
}

/// The same, with a statement of its own: one that locks.
pub(super) async fn rows<R: Found>(
    db: &mut impl Queryable,
    statement: Dialects,
    ids: &[&str],
) -> Result<HashMap<String, R>, sqlx::Error> {
    // Strings are always JSON.
    let ids = serde_json::to_string(ids).unwrap_or_default();
    let rows: Vec<R> = match db.connection() {
        Connection::Sqlite(c) => sqlx::query_as(statement.sqlite).bind(ids).fetch_all(c).await?,
        Connection::Postgres(c) => sqlx::query_as(statement.postgres).bind(ids).fetch_all(c).await?,
    };
    Ok(rows.into_iter().map(|row| (row.id().to_owned(), row)).collect())
}

/// Changes the rows that a JSON array of arrays describes. Returns how many.
pub(super) async fn change(tx: &mut Tx, statement: Dialects, rows: &[Value]) -> Result<u64, sqlx::Error> {
    let rows = serde_json::to_string(rows).unwrap_or_default();
    Ok(match tx.connection() {
        Connection::Sqlite(c) => sqlx::query(statement.sqlite).bind(rows).execute(c).await?.rows_affected(),
        Connection::Postgres(c) => {
            sqlx::query(statement.postgres).bind(rows).execute(c).await?.rows_affected()
        }
    })
}
