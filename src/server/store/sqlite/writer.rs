//! The one connection that writes, and its transactions.
//!
//! SQLite has one writer at a time. Queueing for one connection in the program is fair and cheap; several that fight for
//! the file's lock are neither.
//!
//! Transactions begin and end with statements of our own, and no pool looks at the connection between two of them. Each
//! question to the connection's thread wakes that thread and then whoever asked, which often takes longer than the
//! statement (`docs/decisions/0040-the-writer-is-asked-less-often.md`).

use std::sync::Arc;

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, query,
    query::Query,
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use tokio::{
    sync::{Mutex, Notify, OwnedMappedMutexGuard, OwnedMutexGuard},
    time::timeout,
};

use super::wal;
use crate::server::store::{Durability, PATIENCE, account_version::AccountVersion};

/// How a transaction begins that may write, after one of the same durability or of another: it is a setting of the connection.
const fn begin(durability: Durability, before: Durability) -> &'static str {
    match (before, durability) {
        (Durability::Later, Durability::Full) => "PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
        (Durability::Full, Durability::Later) => "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
        _ => "BEGIN IMMEDIATE",
    }
}

/// Gives the connection to one after the other.
#[derive(Clone, Debug)]
pub struct Writer {
    options: Arc<SqliteConnectOptions>,
    accounts: AccountVersion,
    slot: Arc<Mutex<Slot>>,
    committed: Arc<Notify>,
}

#[derive(Debug)]
pub enum Slot {
    /// The next one who writes connects.
    Empty,
    Connected(Connected),
    Closed,
}

impl Slot {
    fn connected(&mut self) -> Option<&mut Connected> {
        if let Self::Connected(connected) = self { Some(connected) } else { None }
    }
}

#[derive(Debug)]
pub struct Connected {
    pub connection: SqliteConnection,
    /// What it was told last, if that is certain, or else the one that is told again before a commit must wait.
    durability: Durability,
    in_transaction: bool,
    has_failed: bool,
}

/// The connection, while nobody else has it.
type Held = OwnedMappedMutexGuard<Slot, Connected>;

impl Writer {
    /// It connects when there is something to write.
    pub fn new(options: SqliteConnectOptions, accounts: AccountVersion) -> Self {
        Self {
            options: Arc::new(options),
            accounts,
            slot: Arc::new(Mutex::new(Slot::Empty)),
            committed: Arc::default(),
        }
    }

    /// Waits until nobody else has the connection. One that has failed is replaced.
    pub async fn lock(&self) -> Result<Held, sqlx::Error> {
        let lock = timeout(PATIENCE, self.slot.clone().lock_owned());
        let mut slot = lock.await.map_err(|_| sqlx::Error::PoolTimedOut)?;
        if let Some(connected) = slot.connected() {
            connected.roll_back().await;
            if connected.has_failed {
                close(&mut slot, Slot::Empty).await;
            }
        }
        if let Slot::Empty = *slot {
            *slot = Slot::Connected(self.connect().await?);
        }
        OwnedMutexGuard::try_map(slot, Slot::connected).map_err(|_| sqlx::Error::PoolClosed)
    }

    async fn connect(&self) -> Result<Connected, sqlx::Error> {
        let mut connection = self.options.connect().await?;
        let accounts = self.accounts.clone();
        connection.lock_handle().await?.set_update_hook(move |change| accounts.note(&change));
        copy_doubtful_log(&mut connection).await;
        Ok(Connected { connection, durability: Durability::Full, in_transaction: false, has_failed: false })
    }

    /// Begins a transaction that may write. If that fails, it is tried once more on a new connection.
    pub async fn begin(&self, durability: Durability) -> Result<Write, sqlx::Error> {
        Ok(self.begin_and_ask(durability, None).await?.0)
    }

    /// The same, and asks at once for the one row of a statement, which has one parameter.
    pub async fn begin_with(
        &self,
        durability: Durability,
        statement: &'static str,
        parameter: String,
    ) -> Result<(Write, SqliteRow), sqlx::Error> {
        let (write, row) = self.begin_and_ask(durability, Some((statement, parameter))).await?;
        Ok((write, row.ok_or(sqlx::Error::RowNotFound)?))
    }

    async fn begin_and_ask(
        &self,
        durability: Durability,
        question: Option<(&'static str, String)>,
    ) -> Result<(Write, Option<SqliteRow>), sqlx::Error> {
        match self.try_begin(durability, question.clone()).await {
            Err(error) if is_suspicious(&error) => {
                tracing::warn!(%error, "the writer connection failed; it is replaced");
                self.try_begin(durability, question).await
            }
            outcome => outcome,
        }
    }

    async fn try_begin(
        &self,
        durability: Durability,
        question: Option<(&'static str, String)>,
    ) -> Result<(Write, Option<SqliteRow>), sqlx::Error> {
        let mut write = Write { held: self.lock().await?, writer: self.clone() };
        let connected = &mut *write.held;
        let begin = begin(durability, connected.durability);
        // This may be dropped while the connection's thread is about to begin, or has told the connection not to wait.
        connected.in_transaction = true;
        connected.durability = Durability::Later;
        let begun = match question {
            None => query(begin).fetch_optional(&mut connected.connection).await,
            Some((statement, parameter)) => {
                let statement = AssertSqlSafe(format!("{begin}; {statement}"));
                query(statement).bind(parameter).fetch_optional(&mut connected.connection).await
            }
        };
        match begun {
            Ok(row) => {
                connected.durability = durability;
                Ok((write, row))
            }
            Err(error) => {
                connected.has_failed = is_suspicious(&error);
                connected.in_transaction = connected.has_failed;
                Err(error)
            }
        }
    }

    /// Until somebody has committed since it was waited for the last time.
    pub async fn commit_by_somebody(&self) {
        self.committed.notified().await;
    }

    /// Waits for who is writing. Whoever comes after that is refused.
    pub async fn close(&self) {
        close(&mut *self.slot.lock().await, Slot::Closed).await;
    }
}

async fn close(slot: &mut Slot, after: Slot) {
    if let Some(connected) = slot.connected() {
        connected.roll_back().await;
    }
    if let Slot::Connected(connected) = std::mem::replace(slot, after)
        && let Err(error) = connected.connection.close().await
    {
        // Whatever it could not do, SQLite does when the file is opened again.
        tracing::warn!(%error, "the connection that writes to the database did not close in order");
    }
}

impl Connected {
    /// Undoes what somebody has begun and not committed.
    async fn roll_back(&mut self) {
        if self.in_transaction {
            // SQLite rolls back by itself when a disk is full or fails. Then this is an error, and the connection is replaced.
            self.has_failed |= query("ROLLBACK").execute(&mut self.connection).await.is_err();
            self.in_transaction = false;
        }
    }
}

/// A transaction.
pub struct Write {
    held: Held,
    writer: Writer,
}

impl Write {
    pub fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.held.connection
    }

    /// Makes changes and commits them. In a task of its own: a request may be dropped, and SQLite commits all the same.
    pub async fn commit_with(self, changes: String, values: Vec<String>) -> Result<(), sqlx::Error> {
        tokio::spawn(self.commit_here(changes, values)).await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }

    async fn commit_here(mut self, changes: String, values: Vec<String>) -> Result<(), sqlx::Error> {
        let statements = if changes.is_empty() { "COMMIT".to_owned() } else { changes + "; COMMIT" };
        let statements = values.into_iter().fold(query(AssertSqlSafe(statements)), Query::bind);
        let connected = &mut *self.held;
        let outcome = statements.execute(&mut connected.connection).await;
        connected.in_transaction = outcome.is_err();
        connected.has_failed = outcome.is_err();
        let Writer { accounts, committed, .. } = &self.writer;
        if accounts.take_touched() {
            accounts.advance()?;
        }
        committed.notify_one();
        outcome.map(drop)
    }
}

impl Drop for Write {
    /// What was not committed is undone at once: it keeps other processes from writing.
    fn drop(&mut self) {
        if self.held.in_transaction {
            let writer = self.writer.clone();
            tokio::spawn(async move { writer.lock().await.map(drop) });
        }
    }
}

/// Whether a new connection may help: not where the file is locked by another process, or the program is stopping.
fn is_suspicious(error: &sqlx::Error) -> bool {
    const BUSY: i32 = 5;
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => false,
        sqlx::Error::Database(error) => {
            // The low byte is the error, the rest says more of it.
            error.code().and_then(|code| code.parse::<i32>().ok()).is_none_or(|code| code & 0xff != BUSY)
        }
        _ => true,
    }
}

/// A disk that failed once while it was waited for may lack commits that did not wait, and the system does not write them
/// again. So each connection that writes begins by copying the log, which is read from memory: one that replaces a connection
/// that failed, and the first of a program that was started anew.
async fn copy_doubtful_log(connection: &mut SqliteConnection) {
    if let Err(error) = wal::copy(connection).await {
        tracing::warn!(%error, "the log of the database could not be copied by the connection that begins to write");
    }
}
