//! SQLite's one connection that writes, and what is left of a transaction that somebody did not finish.

#![expect(clippy::disallowed_methods, reason = "another program is one that speaks SQL")]

use std::time::Duration;

use futures::FutureExt;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::time::timeout;

use super::test_app::{BEGINNING, Backend, TestDatabase};
use crate::{
    model::id::GrantId,
    server::{
        client_info::{ActionContext, ClientInfo},
        store::{
            Durability, Store, StoreError, Tx,
            audit::{self, Event, EventKind},
            grants, sealed_secrets,
        },
    },
};

async fn open(backend: Backend) -> (TestDatabase, Store) {
    let database = TestDatabase::new(backend).await;
    let store = Store::open(&database.url).await.unwrap();
    (database, store)
}

/// Another program that has the database open, and waits for a lock that is held.
async fn another_program(database: &TestDatabase) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(database.file()).busy_timeout(Duration::from_secs(10));
    options.connect().await.unwrap()
}

/// Begins a transaction, and leaves while SQLite waits for a lock that another program holds.
async fn leave_while_it_begins(store: &Store, database: &TestDatabase, durability: Durability) {
    let mut other = another_program(database).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    // Long enough for the setting to be changed, which comes before the lock.
    let left = timeout(Duration::from_millis(50), store.begin_as(durability)).await;
    assert!(left.is_err(), "it has not begun");
    other.close().await.unwrap();
}

async fn value(store: &Store) -> Option<String> {
    sealed_secrets::get(&mut store.read().await.unwrap(), "a").await.unwrap()
}

#[tokio::test]
async fn what_was_not_committed_keeps_no_other_program_from_writing() {
    let (database, store) = open(Backend::Sqlite).await;
    for durability in [Durability::Full, Durability::Later] {
        let mut tx = store.begin_as(durability).await.unwrap();
        sealed_secrets::insert_if_missing(&mut tx, "a", "never committed").await.unwrap();
        drop(tx);
        let mut other = another_program(&database).await;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        other.close().await.unwrap();
        assert_eq!(value(&store).await, None);
    }
}

#[tokio::test]
async fn a_commit_that_nobody_waits_for_any_more_is_made() {
    let (_database, store) = open(Backend::Sqlite).await;
    let mut tx = store.begin().await.unwrap();
    sealed_secrets::insert_if_missing(&mut tx, "a", "committed").await.unwrap();
    // It has begun, and whoever asked for it leaves.
    assert!(tx.commit().now_or_never().is_none());
    // The next one comes after it.
    store.begin().await.unwrap().commit().await.unwrap();
    assert_eq!(value(&store).await.as_deref(), Some("committed"));
}

#[tokio::test]
async fn a_transaction_whose_beginning_nobody_waits_for_any_more_is_none() {
    let (database, store) = open(Backend::Sqlite).await;
    leave_while_it_begins(&store, &database, Durability::Full).await;
    let mut tx = store.begin().await.unwrap();
    sealed_secrets::insert_if_missing(&mut tx, "a", "committed").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(value(&store).await.as_deref(), Some("committed"));
}

/// Whether commits wait for the disk is a setting of the connection.
#[tokio::test]
async fn the_next_commit_waits_for_the_disk_whatever_became_of_one_that_did_not() {
    let (database, store) = open(Backend::Sqlite).await;
    // Its beginning changes the setting.
    leave_while_it_begins(&store, &database, Durability::Later).await;
    let Tx::Sqlite(mut write) = store.begin().await.unwrap() else { unreachable!("this is about SQLite") };
    let setting: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(write.connection()).await.unwrap();
    assert_eq!(setting, 2, "FULL");
}

#[tokio::test]
async fn nobody_writes_once_it_is_closed() {
    let (_database, store) = open(Backend::Sqlite).await;
    store.close().await;
    assert!(matches!(store.begin().await, Err(StoreError::Database(sqlx::Error::PoolClosed))));
}

/// A change that names a row which is no longer as it was read fails with all that is committed with it.
#[tokio::test]
async fn changes_are_committed_together_or_not_at_all() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (_database, store) = open(backend).await;
        let nobodys = GrantId::parse("019a0000-0000-7000-8000-00000000abcd").unwrap();
        let client = ClientInfo { request_id: "1".to_owned(), ..ClientInfo::command_line() };
        let context = ActionContext { now: BEGINNING, client: &client };
        let event = Event::new(EventKind::SignedIn);
        let recording = || audit::recording(&[(context, &event)]);

        let redeeming = grants::redeeming(&[(&nobodys, BEGINNING)]);
        let tx = store.begin().await.unwrap();
        let error = tx.commit_with(vec![recording(), redeeming]).await.unwrap_err().to_string();
        let conflict = format!("oauth_grants {nobodys} changed while it was being changed");
        assert!(error.contains(&conflict), "{backend:?}: {error}");
        assert_eq!(audit::all_event_names(&store).await, [""; 0], "{backend:?}");

        // The next one is not disturbed. What names no row changes none.
        let tx = store.begin().await.unwrap();
        tx.commit_with(vec![grants::redeeming(&[]), recording()]).await.unwrap();
        assert_eq!(audit::all_event_names(&store).await, ["signed_in"], "{backend:?}");
    }
}
