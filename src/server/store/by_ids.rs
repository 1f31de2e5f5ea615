//! Rows of many ids in one statement. The ids are one JSON array; how an array becomes rows is where the databases
//! differ ([`super::sqlite`], [`super::postgres`]).

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::{FromRow, Row, postgres::PgRow, sqlite::SqliteRow};

use super::{Connection, Durability, Queryable, Store, StoreError, Tx, sqlite};

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
///
/// PostgreSQL answers with rows. SQLite answers with one JSON array of them: each row that its thread hands on by itself wakes
/// the task that waits, which takes longer than to find the row.
pub trait Found: Clone + Send + Unpin + DeserializeOwned + for<'r> FromRow<'r, PgRow> {
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
    let ids = array(ids);
    let rows = match db.connection() {
        Connection::Sqlite(c) => of_json(&sqlx::query(statement.sqlite).bind(ids).fetch_one(c).await?)?,
        Connection::Postgres(c) => sqlx::query_as(statement.postgres).bind(ids).fetch_all(c).await?,
    };
    Ok(by_id(rows))
}

/// Begins a transaction and reads rows that it holds. SQLite does both at once.
pub(super) async fn begin_with<R: Found>(
    store: &Store,
    durability: Durability,
    statement: Dialects,
    ids: &[&str],
) -> Result<(Tx, HashMap<String, R>), StoreError> {
    if let Store::Sqlite(pools) = store {
        #[cfg(test)]
        super::counted::add_one();
        let (write, row) =
            Box::pin(pools.writer.begin_with(durability, statement.sqlite, array(ids))).await?;
        return Ok((Tx::Sqlite(write), by_id(of_json(&row)?)));
    }
    let mut tx = store.begin_as(durability).await?;
    let rows = rows(&mut tx, statement, ids).await?;
    Ok((tx, rows))
}

fn array(ids: &[&str]) -> String {
    // Strings are always JSON.
    serde_json::to_string(ids).unwrap_or_default()
}

fn of_json<R: Found>(row: &SqliteRow) -> Result<Vec<R>, sqlx::Error> {
    serde_json::from_str(row.try_get(0)?).map_err(|error| sqlx::Error::Decode(error.into()))
}

fn by_id<R: Found>(rows: Vec<R>) -> HashMap<String, R> {
    rows.into_iter().map(|row| (row.id().to_owned(), row)).collect()
}

/// Rows to write, and how.
pub struct Change {
    statement: Dialects,
    /// A JSON array of arrays.
    rows: String,
    /// Nothing: it need not change all that it names.
    all: Option<All>,
}

/// Each of the rows must change: none may have become another since it was read.
struct All {
    table: &'static str,
    ids: Vec<String>,
}

impl All {
    fn conflict(self) -> StoreError {
        StoreError::Conflict { table: self.table, row: self.ids.join(" or ") }
    }
}

impl Change {
    pub(super) fn new(statement: Dialects, rows: &[Value]) -> Self {
        Self { statement, rows: serde_json::to_string(rows).unwrap_or_default(), all: None }
    }

    /// One that fails if it does not change each of the rows, whose first value is its id.
    pub(super) fn of_all(statement: Dialects, table: &'static str, rows: &[Value]) -> Self {
        let id = |row: &Value| row.get(0).and_then(Value::as_str).unwrap_or_default().to_owned();
        let all = All { table, ids: rows.iter().map(id).collect() };
        Self { all: Some(all), ..Self::new(statement, rows) }
    }

    fn is_empty(&self) -> bool {
        self.rows == "[]"
    }

    /// Returns how many rows it has changed.
    pub(super) async fn make(self, tx: &mut Tx) -> Result<u64, StoreError> {
        if self.is_empty() {
            return Ok(0);
        }
        let Self { statement, rows, all } = self;
        let changed = match tx.connection() {
            Connection::Sqlite(c) => {
                sqlx::query(statement.sqlite).bind(rows).execute(c).await?.rows_affected()
            }
            Connection::Postgres(c) => {
                sqlx::query(statement.postgres).bind(rows).execute(c).await?.rows_affected()
            }
        };
        match all {
            Some(all) if !usize::try_from(changed).is_ok_and(|changed| changed == all.ids.len()) => {
                Err(all.conflict())
            }
            _ => Ok(changed),
        }
    }
}

/// What SQLite is told to make all of them, with the values in their order.
pub(super) fn for_sqlite(changes: Vec<Change>) -> (String, Vec<String>) {
    let (mut statements, mut values) = (Vec::new(), Vec::new());
    for Change { statement, rows, all } in changes.into_iter().filter(|change| !change.is_empty()) {
        statements.push(statement.sqlite);
        values.push(rows);
        if let Some(all) = all {
            statements.push(sqlite::OR_FAIL);
            values.extend([all.ids.len().to_string(), all.conflict().to_string()]);
        }
    }
    (statements.join("; "), values)
}

/// Changes the rows that a JSON array of arrays describes. Returns how many.
pub(super) async fn change(tx: &mut Tx, statement: Dialects, rows: &[Value]) -> Result<u64, StoreError> {
    Change::new(statement, rows).make(tx).await
}
