//! The database: SQLite inside the program, or PostgreSQL.
//!
//! Each SQL statement is a named constant that both databases run (sqlx binds `$1` on both), declared with
//! [`statements!`] so that a test prepares every one of them on both. [`on_db!`] is the only place where the two meet;
//! what really differs lives in [`sqlite`] and [`postgres`].
//!
//! Reads take a [`Reader`] or a [`Tx`], writes a [`Tx`]. A state change and its audit event are one [`Tx`].

#![expect(clippy::disallowed_methods, reason = "this is where SQL lives")]

use sqlx::{PgConnection, SqliteConnection, Transaction, pool::PoolConnection, postgres::PgListener};

use super::config::DatabaseUrl;

pub mod audit;
pub mod changes;
pub mod links;
pub mod notices;
mod postgres;
pub mod sealed_secrets;
pub mod sessions;
pub mod signing_keys;
mod sqlite;
pub mod users;

/// Runs one query on whichever database it is: `on_db!(db, |c| query_as(SQL).bind(id).fetch_one(c).await)`.
macro_rules! on_db {
    ($db:expr, |$connection:ident| $query:expr) => {
        match $crate::server::store::Queryable::connection($db) {
            $crate::server::store::Connection::Sqlite($connection) => $query,
            $crate::server::store::Connection::Postgres($connection) => $query,
        }
    };
}
pub(crate) use on_db;

/// Declares a module's SQL: named constants, and the list of them all for the test that prepares each.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* const $name: &str = $sql;)*
        #[cfg(test)]
        pub const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}
pub(crate) use statements;

/// A row of the database as a struct whose fields bear the columns' names.
macro_rules! row {
    ($(#[$doc:meta])* $vis:vis struct $name:ident { $($(#[$field_doc:meta])* $field_vis:vis $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        $vis struct $name { $($(#[$field_doc])* $field_vis $field: $type,)* }

        impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for $name
        where
            &'static str: sqlx::ColumnIndex<R>,
            $($type: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,)*
        {
            fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
                Ok(Self { $($field: row.try_get(stringify!($field))?,)* })
            }
        }
    };
}
pub(crate) use row;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or refused the statement.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// A row breaks a rule that the program keeps.
    #[error("{table} {row}: {problem}")]
    Corrupt { table: &'static str, row: String, problem: String },
    /// A guarded change met a row that was no longer as it had been read.
    #[error("{table} {row} changed while it was being changed")]
    Conflict { table: &'static str, row: String },
}

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("can't open the database {database}: {error}")]
    Connect { database: String, error: sqlx::Error },
    #[error(
        "the database {database} is of a newer version of Latchkey (it has migration {found}, this program knows {known}); \
         nothing was changed. Run that version, or restore a backup made before the upgrade."
    )]
    Newer { database: String, found: i64, known: i64 },
    #[error("the database {database} is damaged: {finding}")]
    Damaged { database: String, finding: String },
    #[error("can't migrate the database {database}: {error}; what had been applied before is as it was")]
    Migrate { database: String, error: sqlx::migrate::MigrateError },
}

/// A handle to the database; cheap to clone.
#[derive(Clone, Debug)]
pub enum Store {
    Sqlite(sqlite::Pools),
    Postgres(sqlx::PgPool),
}

/// A connection for reading.
pub enum Reader {
    Sqlite(PoolConnection<sqlx::Sqlite>),
    Postgres(PoolConnection<sqlx::Postgres>),
}

/// A transaction that may write. Dropped without [`Tx::commit`] it leaves no trace.
///
/// On SQLite it holds the one write lock from its beginning, on PostgreSQL it locks the rows that it reads to
/// change (`lock` in the functions' names).
pub enum Tx {
    Sqlite(Transaction<'static, sqlx::Sqlite>),
    Postgres(Transaction<'static, sqlx::Postgres>),
}

/// A borrowed connection, for [`on_db!`].
pub enum Connection<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// What a query can run on.
pub trait Queryable: Send {
    fn connection(&mut self) -> Connection<'_>;
}

/// How many statements this thread has run.
#[cfg(test)]
pub mod counted {
    use std::cell::Cell;

    thread_local! {
        static STATEMENTS: Cell<u64> = const { Cell::new(0) };
    }

    pub fn add_one() {
        STATEMENTS.set(STATEMENTS.get() + 1);
    }

    pub fn so_far() -> u64 {
        STATEMENTS.get()
    }
}

impl Queryable for Reader {
    fn connection(&mut self) -> Connection<'_> {
        #[cfg(test)]
        counted::add_one();
        match self {
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            Self::Postgres(connection) => Connection::Postgres(connection),
        }
    }
}

impl Queryable for Tx {
    fn connection(&mut self) -> Connection<'_> {
        #[cfg(test)]
        counted::add_one();
        match self {
            Self::Sqlite(tx) => Connection::Sqlite(tx),
            Self::Postgres(tx) => Connection::Postgres(tx),
        }
    }
}

impl Store {
    /// Opens the database and brings it to this program's version. A database of a newer version is left alone.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, OpenError> {
        match url {
            DatabaseUrl::Sqlite(path) => sqlite::open(path).await.map(Self::Sqlite),
            DatabaseUrl::Postgres(url) => postgres::open(url).await.map(Self::Postgres),
        }
    }

    /// Looks at a database without changing it, and says in a few words how it is.
    pub async fn examine(url: &DatabaseUrl) -> Result<String, OpenError> {
        match url {
            DatabaseUrl::Sqlite(path) => sqlite::examine(path).await,
            DatabaseUrl::Postgres(url) => postgres::examine(url).await,
        }
    }

    /// A connection for reading.
    pub async fn read(&self) -> Result<Reader, StoreError> {
        Ok(match self {
            Self::Sqlite(pools) => Reader::Sqlite(pools.readers.acquire().await?),
            Self::Postgres(pool) => Reader::Postgres(pool.acquire().await?),
        })
    }

    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite(pools) => Tx::Sqlite(pools.writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Whether it answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut reader = self.read().await?;
        on_db!(&mut reader, |c| sqlx::query(PING).execute(c).await.map(drop))?;
        Ok(())
    }

    /// Hears of changes that other nodes commit; nothing on SQLite.
    pub async fn listen(&self) -> Result<Option<PgListener>, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(pool) => Ok(Some(postgres::listen(pool).await?)),
        }
    }

    /// Waits for what is under way, then closes every connection.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(pools) => {
                pools.readers.close().await;
                pools.writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// Wakes the nodes that listen, once this is committed. With SQLite there is one node, and commands beside it; it
    /// looks for changes every second.
    async fn notify(&mut self) -> Result<(), StoreError> {
        if let Self::Postgres(tx) = self {
            sqlx::query(postgres::NOTIFY).execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Holds rows for this transaction that it is about to change. On SQLite the transaction holds the whole
    /// database already.
    async fn lock_row(&mut self, postgres_statement: &'static str, key: &str) -> Result<(), StoreError> {
        if let Self::Postgres(tx) = self {
            sqlx::query(postgres_statement).bind(key).execute(&mut **tx).await?;
        }
        Ok(())
    }
}

statements! {
    PING = "SELECT 1";
}

/// The migration that a database has and this program lacks, or nothing.
fn newer_than_known(applied: Option<i64>, migrator: &sqlx::migrate::Migrator) -> Option<(i64, i64)> {
    let known = migrator.iter().map(|migration| migration.version).max().unwrap_or(0);
    applied.filter(|found| *found > known).map(|found| (found, known))
}

/// One row must have changed: none means that it was no longer there, or not as it was.
fn changed_one(rows: u64, table: &'static str, row: &str) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Conflict { table, row: row.to_owned() }) }
}

fn corrupt<E: std::fmt::Display>(table: &'static str, row: &str) -> impl FnOnce(E) -> StoreError {
    let row = row.to_owned();
    move |problem| StoreError::Corrupt { table, row, problem: problem.to_string() }
}

/// All statements of all modules, for the test that prepares each on both databases.
#[cfg(test)]
pub fn all_statements() -> Vec<(&'static str, &'static str)> {
    let common = [
        STATEMENTS,
        audit::STATEMENTS,
        changes::STATEMENTS,
        links::STATEMENTS,
        notices::STATEMENTS,
        sealed_secrets::STATEMENTS,
        sessions::STATEMENTS,
        signing_keys::STATEMENTS,
        users::STATEMENTS,
    ];
    common.concat()
}
