//! The store's contract, on both databases.

#![expect(clippy::disallowed_methods, reason = "this is the store's own test")]

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Executor, SqlSafeStr};

use crate::{
    model::{
        display_name::DisplayName,
        email::EmailAddress,
        id::{SessionId, UserId},
        methods::Methods,
        role::Roles,
        session::SignOutReason,
    },
    server::{
        client_info::{ActionContext, ClientInfo},
        clock::Timestamp,
        config::DatabaseUrl,
        store::{
            Durability, OpenError, Queryable, Store, StoreError, Tx, all_statements,
            audit::{self, Event, EventKind},
            invalidations::{self, Invalidation},
            many_sessions, on_db,
            one_time_tokens::{self, NewToken, Purpose},
            sealed_secrets,
            sessions::{self, SessionRecord},
            users::{self, User},
        },
    },
    tests::test_app::{BEGINNING, Backend, TestDatabase},
};

/// Runs a test on SQLite and on PostgreSQL, each with a database of its own.
macro_rules! on_both {
    ($($name:ident: $test:expr;)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::run(super::Backend::Sqlite, $test).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::run(super::Backend::Postgres, $test).await;
            })*
        }
    };
}

on_both! {
    every_statement_is_understood: super::statements_are_understood;
    an_account_is_read_as_it_was_written: super::account_round_trip;
    an_address_is_taken_once: super::address_is_unique;
    a_session_is_read_as_it_was_written: super::session_round_trip;
    a_rotation_from_another_generation_conflicts: super::rotation_is_guarded;
    a_refresh_changes_no_index: super::refresh_changes_no_index;
    a_session_ends_once_and_the_first_reason_stands: super::revocation_is_final;
    a_dropped_transaction_leaves_no_trace: super::drop_rolls_back;
    a_commit_waits_for_the_disk_unless_its_transaction_says_otherwise: super::commits_wait;
    deleting_an_account_takes_its_sessions: super::delete_cascades;
    changes_are_found_by_order_and_until_they_expire: super::changes_in_order;
    links_and_secrets_are_kept: super::links_and_secrets;
    the_audit_log_is_append_only: super::audit_is_append_only;
    a_database_of_a_newer_version_is_refused_and_not_touched: super::newer_is_refused;
}

async fn run<F: Future<Output = ()>>(backend: Backend, test: impl FnOnce(TestDatabase, Store) -> F) {
    let database = TestDatabase::new(backend).await;
    let store = Store::open(&database.url).await.unwrap();
    test(database, store).await;
}

fn user(n: u32) -> User {
    User {
        id: UserId::parse(&format!("019a0000-0000-7000-8000-{n:012x}")).unwrap(),
        email: EmailAddress::parse(&format!("user{n}@example.org")).unwrap(),
        display_name: DisplayName::parse("Zoë 李").unwrap(),
        password_hash: Some("$argon2id$…".to_owned()),
        roles: Roles::parse("editor").unwrap(),
        token_epoch: 3,
        credential_epoch: 0,
        disabled_at: None,
        email_verified_at: None,
        created_at: BEGINNING,
    }
}

fn session(n: u32, of: &User) -> SessionRecord {
    SessionRecord {
        id: SessionId::parse(&format!("019b0000-0000-7000-8000-{n:012x}")).unwrap(),
        user_id: of.id.clone(),
        salt: (0..16).collect(),
        generation: 0,
        confirmed: false,
        rotated_at: BEGINNING,
        created_at: BEGINNING,
        authenticated_at: BEGINNING,
        methods: Methods::PASSWORD,
        authenticated_before: None,
        methods_before: None,
        replaced_at: None,
        last_seen_at: BEGINNING,
        idle_expires_at: Timestamp::from_seconds(2_000_000_000),
        absolute_expires_at: Timestamp::from_seconds(3_000_000_000),
        revoked: None,
        followed_by: None,
        token_kid: "kid".to_owned(),
        token_expires_at: BEGINNING,
        name: None,
        user_agent: "Firefox ''; DROP TABLE users; --".to_owned(),
        ip: "2001:db8::1".to_owned(),
        new_device: false,
        new_network: false,
    }
}

async fn insert(store: &Store, user: &User, sessions: &[SessionRecord]) {
    let mut tx = store.begin().await.unwrap();
    assert!(users::insert(&mut tx, user).await.unwrap());
    for session in sessions {
        sessions::insert(&mut tx, session).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn statements_are_understood(_: TestDatabase, store: Store) {
    assert!(all_statements().len() > 20);
    for (name, sql) in all_statements() {
        let mut reader = store.read().await.unwrap();
        let prepared = match reader.connection() {
            crate::server::store::Connection::Sqlite(connection) => {
                connection.prepare(sql.into_sql_str()).await.map(drop)
            }
            crate::server::store::Connection::Postgres(connection) => {
                connection.prepare(sql.into_sql_str()).await.map(drop)
            }
        };
        prepared.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

async fn account_round_trip(_: TestDatabase, store: Store) {
    let written = user(1);
    insert(&store, &written, &[]).await;
    let mut reader = store.read().await.unwrap();
    let read = users::by_email(&mut reader, &written.email).await.unwrap().unwrap();
    assert_eq!(format!("{read:?}"), format!("{written:?}"));
    assert!(users::by_id(&mut reader, &user(2).id).await.unwrap().is_none());
    assert!(users::any(&mut reader).await.unwrap());
}

async fn address_is_unique(_: TestDatabase, store: Store) {
    insert(&store, &user(1), &[]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(!users::insert(&mut tx, &User { email: user(1).email, ..user(2) }).await.unwrap());
}

async fn session_round_trip(_: TestDatabase, store: Store) {
    let (user, written) = (user(1), session(1, &user(1)));
    insert(&store, &user, std::slice::from_ref(&written)).await;
    let mut reader = store.read().await.unwrap();
    assert_eq!(sessions::by_id(&mut reader, &written.id).await.unwrap(), Some(written));
}

async fn rotation_is_guarded(_: TestDatabase, store: Store) {
    let (user, session) = (user(1), session(1, &user(1)));
    insert(&store, &user, std::slice::from_ref(&session)).await;
    let next = SessionRecord { generation: 1, ..session };
    let mut tx = store.begin().await.unwrap();
    many_sessions::advance(&mut tx, &[(0, &next)]).await.unwrap();
    assert!(matches!(
        many_sessions::advance(&mut tx, &[(0, &next)]).await,
        Err(StoreError::Conflict { table: "sessions", .. })
    ));
    sessions::confirm(&mut tx, &next.id, 0).await.unwrap();
    assert!(!sessions::by_id(&mut tx, &next.id).await.unwrap().unwrap().confirmed);
    sessions::confirm(&mut tx, &next.id, 1).await.unwrap();
    assert!(sessions::by_id(&mut tx, &next.id).await.unwrap().unwrap().confirmed);
}

/// Every index is one more place to write to, and on PostgreSQL a change of one keeps a row from being replaced in its page.
async fn refresh_changes_no_index(_: TestDatabase, store: Store) {
    let (user, session) = (user(1), session(1, &user(1)));
    insert(&store, &user, std::slice::from_ref(&session)).await;
    let later = BEGINNING + Duration::from_hours(1);
    let mut next = SessionRecord { generation: 1, rotated_at: later, idle_expires_at: later, ..session };
    next.seen(ActionContext { now: later, client: &ClientInfo::command_line() });
    next.remember("another key", later);
    let mut tx = store.begin().await.unwrap();
    let before = indexed_values(&mut tx, "sessions").await;
    many_sessions::advance(&mut tx, &[(0, &next)]).await.unwrap();
    assert_eq!(indexed_values(&mut tx, "sessions").await, before);
}

/// The columns of a table that indexes are made of, with their values in its one row.
async fn indexed_values(tx: &mut Tx, table: &str) -> Vec<(String, Option<String>)> {
    let columns: &str = match tx {
        Tx::Sqlite(_) => {
            "SELECT DISTINCT c.name FROM pragma_index_list($1) i JOIN pragma_index_info(i.name) c ORDER BY c.name"
        }
        Tx::Postgres(_) => {
            "SELECT DISTINCT a.attname::text FROM pg_index i
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
             WHERE i.indrelid = $1::regclass ORDER BY 1"
        }
    };
    let columns: Vec<String> =
        on_db!(tx, |c| sqlx::query_scalar(columns).bind(table).fetch_all(c).await.unwrap());
    assert!(columns.len() > 2, "{columns:?}");
    let mut values = Vec::new();
    for column in columns {
        let value = AssertSqlSafe(format!("SELECT CAST({column} AS TEXT) FROM {table}"));
        let value = on_db!(tx, |c| sqlx::query_scalar(value).fetch_one(c).await.unwrap());
        values.push((column, value));
    }
    values
}

async fn revocation_is_final(_: TestDatabase, store: Store) {
    let (user, session) = (user(1), session(1, &user(1)));
    insert(&store, &user, std::slice::from_ref(&session)).await;
    let mut tx = store.begin().await.unwrap();
    assert!(sessions::revoke(&mut tx, &session.id, BEGINNING, SignOutReason::Reused).await.unwrap());
    assert!(!sessions::revoke(&mut tx, &session.id, BEGINNING, SignOutReason::SignedOut).await.unwrap());
    assert_eq!(
        sessions::by_id(&mut tx, &session.id).await.unwrap().unwrap().revoked,
        Some((BEGINNING, SignOutReason::Reused))
    );
    assert!(matches!(
        many_sessions::advance(&mut tx, &[(0, &session)]).await,
        Err(StoreError::Conflict { .. })
    ));
}

async fn drop_rolls_back(_: TestDatabase, store: Store) {
    let mut tx = store.begin().await.unwrap();
    users::insert(&mut tx, &user(1)).await.unwrap();
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    assert!(!users::any(&mut tx).await.unwrap());
    // And the writer is free again.
    users::insert(&mut tx, &user(1)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn delete_cascades(_: TestDatabase, store: Store) {
    let (user, session) = (user(1), session(1, &user(1)));
    insert(&store, &user, std::slice::from_ref(&session)).await;
    let mut tx = store.begin().await.unwrap();
    users::delete(&mut tx, &user.id).await.unwrap();
    tx.commit().await.unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(sessions::by_id(&mut reader, &session.id).await.unwrap(), None);
}

async fn changes_in_order(_: TestDatabase, store: Store) {
    let (first, second) = (
        Invalidation::SessionRevoked(session(1, &user(1)).id),
        Invalidation::AccountChanged { user: user(1).id, epoch: 4 },
    );
    let mut tx = store.begin().await.unwrap();
    let both =
        [(first.clone(), Timestamp::from_seconds(100)), (second.clone(), Timestamp::from_seconds(200))];
    invalidations::insert(&mut tx, &both).await.unwrap();
    tx.commit().await.unwrap();
    let mut reader = store.read().await.unwrap();
    let all = invalidations::live_since(&mut reader, 0, Timestamp::from_seconds(99)).await.unwrap();
    assert_eq!(all.iter().map(|record| &record.invalidation).collect::<Vec<_>>(), [&first, &second]);
    let later =
        invalidations::live_since(&mut reader, all[0].seq, Timestamp::from_seconds(99)).await.unwrap();
    assert_eq!(later, all[1..]);
    assert_eq!(
        invalidations::live_since(&mut reader, 0, Timestamp::from_seconds(100)).await.unwrap(),
        all[1..]
    );
    drop(reader);
    let mut tx = store.begin().await.unwrap();
    invalidations::delete_expired(&mut tx, Timestamp::from_seconds(100), 10).await.unwrap();
    assert_eq!(invalidations::live_since(&mut tx, 0, Timestamp::from_seconds(0)).await.unwrap(), all[1..]);
}

async fn links_and_secrets(_: TestDatabase, store: Store) {
    let mut tx = store.begin().await.unwrap();
    let (purpose, expires_at) = (Purpose::Setup, Timestamp::from_seconds(100));
    let link = NewToken { purpose, hash: &[1, 2, 3], user: None, email: None, asker: None, expires_at };
    one_time_tokens::insert(&mut tx, link).await.unwrap();
    let link = one_time_tokens::find(&mut tx, Purpose::Setup, &[1, 2, 3]).await.unwrap().unwrap();
    assert!(link.is_live(Timestamp::from_seconds(99)) && !link.is_live(Timestamp::from_seconds(100)));
    assert!(one_time_tokens::find(&mut tx, Purpose::Setup, &[1, 2]).await.unwrap().is_none());
    one_time_tokens::delete_expired(&mut tx, Timestamp::from_seconds(100), 10).await.unwrap();
    assert!(one_time_tokens::find(&mut tx, Purpose::Setup, &[1, 2, 3]).await.unwrap().is_none());

    sealed_secrets::insert_if_missing(&mut tx, "a", "first").await.unwrap();
    sealed_secrets::insert_if_missing(&mut tx, "a", "second").await.unwrap();
    assert_eq!(sealed_secrets::get(&mut tx, "a").await.unwrap().as_deref(), Some("first"));
    assert_eq!(sealed_secrets::get(&mut tx, "b").await.unwrap(), None);
}

async fn audit_is_append_only(_: TestDatabase, store: Store) {
    let client = ClientInfo {
        ip: "203.0.113.7".to_owned(),
        user_agent: "test".to_owned(),
        request_id: "1".to_owned(),
    };
    let mut tx = store.begin().await.unwrap();
    audit::record(
        &mut tx,
        ActionContext { now: BEGINNING, client: &client },
        &Event::new(EventKind::SignedIn).by(&user(1).id),
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    for statement in ["DELETE FROM audit_events", "UPDATE audit_events SET event = 'x'"] {
        let mut tx = store.begin().await.unwrap();
        let outcome = match tx.connection() {
            crate::server::store::Connection::Sqlite(connection) => {
                connection.execute(statement).await.map(drop)
            }
            crate::server::store::Connection::Postgres(connection) => {
                connection.execute(statement).await.map(drop)
            }
        };
        assert!(outcome.unwrap_err().to_string().contains("append-only"), "{statement}");
    }
}

async fn newer_is_refused(database: TestDatabase, store: Store) {
    store.close().await;
    let statement = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'from the future', TRUE, 'x', 0)";
    match &database.url {
        DatabaseUrl::Sqlite(_) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database.file());
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            connection.execute(statement).await.unwrap();
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
            connection.close().await.unwrap();
        }
        DatabaseUrl::Postgres(url) => {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            connection.execute(statement).await.unwrap();
        }
    }
    let before = std::fs::read(database.file()).ok();
    let refused = Store::open(&database.url).await.unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 9999, .. }), "{refused}");
    assert!(refused.to_string().contains("newer version"), "{refused}");
    assert_eq!(std::fs::read(database.file()).ok(), before);
}

#[tokio::test]
async fn the_detail_of_an_event_is_limited() {
    let database = TestDatabase::new(Backend::Sqlite).await;
    let store = Store::open(&database.url).await.unwrap();
    let client = ClientInfo::program();
    let context = ActionContext { now: BEGINNING, client: &client };
    let event = Event::new(EventKind::SignedIn).with(serde_json::json!({ "much": "x".repeat(60_000) }));
    let mut tx = store.begin().await.unwrap();
    audit::record(&mut tx, context, &event).await.unwrap();
    let stored = audit::newest(&mut tx, &audit::EventFilter::default(), i64::MAX, 1).await.unwrap();
    assert_eq!(stored[0].detail, r#"{"left_out_bytes":60011}"#);
}

#[tokio::test]
async fn both_folders_hold_the_same_migrations() {
    let names = |folder: &str| {
        let mut names: Vec<_> = std::fs::read_dir(format!("migrations/{folder}"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

async fn commits_wait(_: TestDatabase, store: Store) {
    let waits = async |mut tx: Tx| {
        let setting: String = match &mut tx {
            Tx::Sqlite(write) => {
                let setting = "SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous";
                sqlx::query_scalar(setting).fetch_one(write.connection()).await.unwrap()
            }
            Tx::Postgres(tx) => {
                sqlx::query_scalar("SHOW synchronous_commit").fetch_one(&mut **tx).await.unwrap()
            }
        };
        tx.commit().await.unwrap();
        match setting.as_str() {
            // FULL, and NORMAL.
            "2" | "on" => true,
            "1" | "off" => false,
            other => panic!("{other}"),
        }
    };
    assert!(waits(store.begin().await.unwrap()).await);
    assert!(!waits(store.begin_as(Durability::Later).await.unwrap()).await);
    assert!(waits(store.begin().await.unwrap()).await, "the next one too");
    drop(store.begin_as(Durability::Later).await.unwrap());
    assert!(waits(store.begin().await.unwrap()).await, "after one that was dropped");
}

#[tokio::test]
async fn sqlite_commits_are_durable() {
    let database = TestDatabase::new(Backend::Sqlite).await;
    let Store::Sqlite(pools) = Store::open(&database.url).await.unwrap() else { unreachable!() };
    let mut held = pools.writer.lock().await.unwrap();
    let mut reader = pools.readers.acquire().await.unwrap();
    for connection in [&mut held.connection, &mut *reader] {
        let mut pragma = async |name: &'static str| {
            sqlx::query_scalar::<_, String>(name).fetch_one(&mut *connection).await.unwrap()
        };
        assert_eq!(pragma("SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous").await, "2", "FULL");
        assert_eq!(pragma("SELECT journal_mode FROM pragma_journal_mode").await, "wal");
        assert_eq!(pragma("SELECT CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys").await, "1");
    }
    assert!(sqlx::query("DELETE FROM users").execute(&pools.readers).await.is_err(), "readers cannot write");
}

#[tokio::test]
async fn sqlite_is_built_with_the_options_of_cargos_settings() {
    let database = TestDatabase::new(Backend::Sqlite).await;
    let Store::Sqlite(pools) = Store::open(&database.url).await.unwrap() else { unreachable!() };
    let options: Vec<String> = sqlx::query_scalar("PRAGMA compile_options")
        .fetch_all(&mut pools.writer.lock().await.unwrap().connection)
        .await
        .unwrap();
    let has = |option: &str| options.iter().any(|found| found == option);
    for chosen in ["DEFAULT_MEMSTATUS=0", "STMTJRNL_SPILL=4194304", "DEFAULT_LOOKASIDE=1200,10"] {
        assert!(has(chosen), "{chosen}: {options:?}");
    }
    for left_out in ["FTS3", "FTS3_PARENTHESIS", "FTS5", "RTREE", "DBSTAT_VTAB", "MEMORY_MANAGEMENT"] {
        assert!(!has(&format!("ENABLE_{left_out}")), "{left_out}");
    }
}

#[tokio::test]
async fn an_invalid_database_url_is_refused() {
    let database = TestDatabase::new(Backend::Sqlite).await;
    std::fs::write(
        database.file(),
        "this is a letter and no database, and it is long enough to be told from one".repeat(100),
    )
    .unwrap();
    let refused = Store::open(&database.url).await.unwrap_err().to_string();
    assert!(refused.contains("latchkey.db"), "{refused}");
}

#[tokio::test]
async fn the_database_and_its_folder_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let store = Store::open(&DatabaseUrl::Sqlite(data.join("latchkey.db"))).await.unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for file in ["latchkey.db", "latchkey.db-wal", "latchkey.db-shm"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    store.close().await;
}
