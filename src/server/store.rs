//! The database: SQLite inside the program, or PostgreSQL.
//!
//! Each SQL statement is a named constant that both databases run (sqlx binds `$1` on both), declared with
//! [`statements!`] so that a test prepares every one of them on both. [`on_db!`] is the only place where the two meet;
//! what really differs lives in [`sqlite`] and [`postgres`].
//!
//! Reads take a [`Reader`] or a [`Tx`], writes a [`Tx`]. A state change and its audit event are one [`Tx`].

#![expect(clippy::disallowed_methods, reason = "this is where SQL lives")]

use std::time::Duration;

use sqlx::{PgConnection, SqliteConnection, Transaction, pool::PoolConnection, postgres::PgListener};

use self::by_ids::Change;
use super::{clock::Timestamp, config::DatabaseUrl};

mod account_version;
pub mod allowed_apps;
pub mod audit;
pub mod authorization_requests;
pub mod by_ids;
pub mod client_assertions;
pub mod client_secrets;
pub mod client_sessions;
pub mod client_uris;
pub mod client_users;
pub mod clients;
pub mod consents;
pub mod device_codes;
pub mod factor_failures;
pub mod grants;
pub mod grounds;
pub mod groups;
pub mod held_reader;
pub mod imported_hashes;
pub mod invalidations;
pub mod loader;
pub mod logout_deliveries;
pub mod mail_requests;
pub mod mails;
pub mod many_sessions;
pub mod notices;
pub mod one_time_tokens;
pub mod overviews;
pub mod passkeys;
mod postgres;
pub mod queue;
pub mod recovery_codes;
pub mod refused_redirects;
pub mod registered_clients;
pub mod resources;
pub mod sealed_secrets;
pub mod second_factors;
pub mod sessions;
pub mod signing_keys;
pub mod spent;
pub mod sqlite;
pub mod standings;
pub mod totp;
pub mod upstream_identities;
pub mod upstream_logins;
pub mod upstream_providers;
pub mod upstream_sessions;
pub mod user_handles;
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

/// Runs a statement with its values, in the order of `$1`, `$2`…, and returns how many rows it changed.
macro_rules! execute {
    ($db:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::server::store::on_db!($db, |c| {
            sqlx::query($sql)$(.bind($value))*.execute(c).await.map(|done| done.rows_affected())
        })
    };
}
pub(crate) use execute;

/// Declares a macro that reads rows or values: `fetch_all!(db, SQL, value…)`.
macro_rules! fetch {
    ($($(#[$doc:meta])* $name:ident = $query:ident $fetch:ident;)*) => { $(fetch!(@one ($) $(#[$doc])* $name $query $fetch);)* };
    (@one ($d:tt) $(#[$doc:meta])* $name:ident $query:ident $fetch:ident) => {
        $(#[$doc])*
        macro_rules! $name {
            ($d db:expr, $d sql:expr $d (, $d value:expr)* $d (,)?) => {
                $d crate::server::store::on_db!($d db, |c| sqlx::$query($d sql)$d (.bind($d value))*.$fetch(c).await)
            };
        }
        pub(crate) use $name;
    };
}
fetch! {
    /// All rows.
    fetch_all = query_as fetch_all;
    /// One row, if there is one.
    fetch_optional = query_as fetch_optional;
    /// The value of the one row.
    fetch_scalar = query_scalar fetch_one;
    /// The value of one row, if there is one.
    fetch_optional_scalar = query_scalar fetch_optional;
}

/// Declares a module's SQL: named constants, and the list of them all for the test that prepares each.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* const $name: &str = $sql;)*
        #[cfg(test)]
        pub const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}
pub(crate) use statements;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or refused the statement.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// A row breaks a rule that the program keeps.
    #[error("{table} {row}: {problem}")]
    Corrupt { table: &'static str, row: String, problem: String },
    /// A statement that several requests shared has failed, and with it each of them.
    #[error("{0}")]
    Group(std::sync::Arc<StoreError>),
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
    #[error("the database can't be read: {0}")]
    Read(#[from] StoreError),
    #[error("can't migrate the database {database}: {error}; what had been applied before is as it was")]
    Migrate { database: String, error: sqlx::migrate::MigrateError },
}

/// How long a task that many rely on waits for the database.
const PATIENCE: Duration = Duration::from_secs(10);

/// Gives up on a database that is silent: a failover or a firewall can end a connection without a word. It fails those who
/// ask now, instead of everyone after them too.
pub fn within_patience<T, E: From<StoreError>>(
    work: impl Future<Output = Result<T, E>>,
) -> impl Future<Output = Result<T, E>> {
    // Boxed: it may be large, and is moved.
    let work = tokio::time::timeout(PATIENCE, Box::pin(work));
    async { work.await.unwrap_or_else(|_| Err(StoreError::Database(sqlx::Error::PoolTimedOut).into())) }
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
    Sqlite(sqlite::writer::Write),
    Postgres(Transaction<'static, sqlx::Postgres>),
}

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The disk: what was committed survives a power cut.
    Full,
    /// Nothing. A power cut soon after it may undo it, and with it whatever was built on it: the next commit that waits
    /// takes all earlier ones to the disk. So it is for what may be lost as long as nothing was made of it
    /// ([decision 39](../../docs/decisions/0039-codes-reach-the-disk-when-redeemed.md)).
    Later,
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
            Self::Sqlite(write) => Connection::Sqlite(write.connection()),
            Self::Postgres(tx) => Connection::Postgres(tx),
        }
    }
}

/// How a database is that was looked at.
#[derive(Debug, PartialEq, Eq)]
pub struct Examined {
    /// In a few words.
    pub finding: String,
    /// Passkeys that were made for another host.
    pub passkeys_elsewhere: i64,
}

impl Store {
    /// Opens the database and brings it to this program's version. A database of a newer version is left alone.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, OpenError> {
        match url {
            DatabaseUrl::Sqlite(path) => sqlite::open(path).await.map(Self::Sqlite),
            DatabaseUrl::Postgres(url) => postgres::open(url).await.map(Self::Postgres),
        }
    }

    /// Looks at a database without changing it. `rp_id` is the host that passkeys are made for now.
    pub async fn examine(url: &DatabaseUrl, rp_id: &str) -> Result<Examined, OpenError> {
        match url {
            DatabaseUrl::Sqlite(path) => sqlite::examine(path, rp_id).await,
            DatabaseUrl::Postgres(url) => postgres::examine(url, rp_id).await,
        }
    }

    /// A connection for reading. Boxed, as [`Store::begin`] is: what a pool waits with takes four kilobytes, and every
    /// request that may ask for a connection would carry them along.
    pub async fn read(&self) -> Result<Reader, StoreError> {
        Ok(match self {
            Self::Sqlite(pools) => Reader::Sqlite(Box::pin(pools.readers.acquire()).await?),
            Self::Postgres(pool) => Reader::Postgres(Box::pin(pool.acquire()).await?),
        })
    }

    /// Returns once the store is being closed: whoever holds a connection gives it back then.
    pub async fn closed(&self) {
        match self {
            Self::Sqlite(pools) => pools.readers.close_event().await,
            Self::Postgres(pool) => pool.close_event().await,
        }
    }

    /// Changes with every change of an account, and can be had without asking the database; nothing where it can't.
    pub fn account_version(&self) -> Option<u64> {
        match self {
            Self::Sqlite(pools) => pools.accounts.current(),
            Self::Postgres(_) => None,
        }
    }

    pub async fn begin(&self) -> Result<Tx, StoreError> {
        self.begin_as(Durability::Full).await
    }

    /// The same, with another durability.
    pub async fn begin_as(&self, durability: Durability) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite(pools) => Tx::Sqlite(Box::pin(pools.writer.begin(durability)).await?),
            Self::Postgres(pool) => Tx::Postgres(match durability {
                Durability::Full => Box::pin(pool.begin()).await?,
                Durability::Later => {
                    Box::pin(pool.begin_with(postgres::BEGIN_WITH_ASYNCHRONOUS_COMMIT)).await?
                }
            }),
        })
    }

    /// Whether it takes writes. Only a commit finds out: SQLite keeps what is rolled back in memory, and a replica of
    /// PostgreSQL that has not become the primary answers every question.
    pub async fn probe(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let rows = execute!(&mut tx, PROBE, now)?;
        expect_one_row(rows, "write_probe", "")?;
        tx.commit().await
    }

    /// The time that all nodes share; nothing on SQLite, where there is one node.
    pub async fn clock(&self) -> Result<Option<Timestamp>, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(pool) => Ok(Some(sqlx::query_scalar(postgres::CLOCK).fetch_one(pool).await?)),
        }
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
            Self::Sqlite(pools) => pools.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    pub async fn commit(self) -> Result<(), StoreError> {
        self.commit_with(Vec::new()).await
    }

    /// Makes changes and commits them. SQLite does it at once.
    pub async fn commit_with(mut self, changes: Vec<Change>) -> Result<(), StoreError> {
        if let Self::Sqlite(write) = self {
            let (changes, values) = by_ids::for_sqlite(changes);
            return Ok(write.commit_with(changes, values).await?);
        }
        for change in changes {
            change.make(&mut self).await?;
        }
        if let Self::Postgres(tx) = self {
            tx.commit().await?;
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
    /// A value that is there already would not be written.
    PROBE = "UPDATE write_probe SET at = $1";
}

/// The migration that a database has and this program lacks, or nothing.
fn newer_than_known(applied: Option<i64>, migrator: &sqlx::migrate::Migrator) -> Option<(i64, i64)> {
    let known = migrator.iter().map(|migration| migration.version).max().unwrap_or(0);
    applied.filter(|found| *found > known).map(|found| (found, known))
}

/// One row must have changed: none means that it was no longer there, or not as it was.
fn expect_one_row(rows: u64, table: &'static str, row: &str) -> Result<(), StoreError> {
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
        allowed_apps::STATEMENTS,
        audit::STATEMENTS,
        authorization_requests::STATEMENTS,
        client_assertions::STATEMENTS,
        client_secrets::STATEMENTS,
        client_sessions::STATEMENTS,
        client_uris::STATEMENTS,
        client_users::STATEMENTS,
        clients::STATEMENTS,
        consents::STATEMENTS,
        device_codes::STATEMENTS,
        factor_failures::STATEMENTS,
        grants::STATEMENTS,
        groups::STATEMENTS,
        imported_hashes::STATEMENTS,
        invalidations::STATEMENTS,
        logout_deliveries::STATEMENTS,
        mail_requests::STATEMENTS,
        mails::STATEMENTS,
        notices::STATEMENTS,
        one_time_tokens::STATEMENTS,
        passkeys::STATEMENTS,
        user_handles::STATEMENTS,
        recovery_codes::STATEMENTS,
        refused_redirects::STATEMENTS,
        resources::STATEMENTS,
        sealed_secrets::STATEMENTS,
        second_factors::STATEMENTS,
        sessions::STATEMENTS,
        signing_keys::STATEMENTS,
        spent::STATEMENTS,
        totp::STATEMENTS,
        upstream_identities::STATEMENTS,
        upstream_logins::STATEMENTS,
        upstream_providers::STATEMENTS,
        upstream_sessions::STATEMENTS,
        users::STATEMENTS,
    ];
    common.concat()
}
