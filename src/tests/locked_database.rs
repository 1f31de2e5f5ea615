//! A database that somebody else has locked: a backup, a migration by hand, a report. Nobody is signed out, and nobody has
//! to restart the program.

#![expect(clippy::disallowed_methods, reason = "the database is locked by SQL")]

use std::{str::FromStr, time::Duration};

use futures::future::join_all;
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection, postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};

use crate::{
    server::{config::DatabaseUrl, store::Store},
    tests::{
        relying_party::RelyingParty,
        test_app::{Backend, Browser, PASSWORD, TestApp, TestClock, TestDatabase},
    },
};

const PEOPLE: usize = 20;
const SETTINGS: [(&str, &str); 1] = [("LATCHKEY_RATE_LIMIT", "off")];

/// A program that waits for a lock for a moment only, as it waits for seconds otherwise.
async fn start(backend: Backend) -> TestApp {
    let mut database = TestDatabase::new(backend).await;
    if let DatabaseUrl::Postgres(url) = &mut database.url {
        url.push_str("&options=-c%20lock_timeout%3D50ms");
    }
    let settings = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let app = TestApp::on(database, settings, TestClock::new()).await;
    if let Store::Sqlite(pools) = &app.state.store {
        sqlx::query("PRAGMA busy_timeout = 50")
            .execute(&mut pools.writer.lock().await.unwrap().connection)
            .await
            .unwrap();
    }
    app
}

/// What another process holds. Closing its connection gives it up.
enum Lock {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Lock {
    /// Locks everything that is written to.
    async fn take(app: &TestApp) -> Self {
        match &app.database.url {
            DatabaseUrl::Sqlite(path) => {
                let options = SqliteConnectOptions::new().filename(path);
                let mut other = SqliteConnection::connect_with(&options).await.unwrap();
                other.execute("BEGIN IMMEDIATE").await.unwrap();
                Self::Sqlite(other)
            }
            DatabaseUrl::Postgres(url) => {
                let options = PgConnectOptions::from_str(url).unwrap();
                let mut other = PgConnection::connect_with(&options).await.unwrap();
                let tables =
                    "users, sessions, audit_events, one_time_tokens, notices, write_probe, oauth_grants";
                let lock = format!("BEGIN; LOCK TABLE {tables} IN EXCLUSIVE MODE");
                sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut other).await.unwrap();
                Self::Postgres(other)
            }
        }
    }

    async fn release(self) {
        match self {
            Self::Sqlite(other) => other.close().await.unwrap(),
            Self::Postgres(other) => other.close().await.unwrap(),
        }
    }
}

async fn refuse_every_write(browser: &mut Browser, email: &str) {
    let cookies = browser.cookies.clone();
    browser.refresh().await.assert_error(503, "unavailable");
    let name = [("display_name", "Another name")];
    browser.post("/api/account/update_profile", &name).await.assert_error(503, "unavailable");
    browser.sign_in(email, PASSWORD).await.assert_error(503, "unavailable");
    assert_eq!(browser.cookies, cookies);
    // Reading goes on.
    browser.use_token().await.assert_status(200);
    browser.get("/account").await.assert_status(200);
}

#[tokio::test]
async fn a_locked_database_signs_nobody_out_and_needs_no_restart() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = start(backend).await;
        let mut people = Vec::new();
        for n in 0..PEOPLE {
            let email = format!("person{n}@example.org");
            people.push((app.sign_up(&email).await, email));
        }
        app.advance(Duration::from_secs(600));

        let lock = Lock::take(&app).await;
        // More at once than there are connections to PostgreSQL.
        join_all(people.iter_mut().map(|(browser, email)| refuse_every_write(browser, email))).await;
        app.browser().get("/readyz").await.assert_status(503);
        lock.release().await;

        app.advance(Duration::from_secs(1));
        app.browser().get("/readyz").await.assert_status(200);
        for (browser, email) in &mut people {
            browser.refresh().await.assert_status(200);
            browser.use_token().await.assert_status(200);
            browser.sign_out().await.assert_status(200);
            browser.sign_in(email, PASSWORD).await.assert_status(200);
        }
    }
}

#[tokio::test]
async fn a_client_whose_last_refresh_was_a_moment_ago_refreshes_while_the_database_is_locked() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = start(backend).await;
        let client = RelyingParty::trusted(&app).await;
        let mut ada = app.sign_up("ada@example.org").await;
        let tokens = client.sign_in(&app, &mut ada).await;
        let token = tokens["refresh_token"].as_str().unwrap();
        client.refresh(&app, token).await.assert_status(200);

        let lock = Lock::take(&app).await;
        client.refresh(&app, token).await.assert_status(200);
        app.advance(Duration::from_secs(60));
        client.refresh(&app, token).await.assert_refused(503, "temporarily_unavailable");
        lock.release().await;
        client.refresh(&app, token).await.assert_status(200);
    }
}

#[tokio::test]
async fn requests_that_were_given_up_while_the_database_was_locked_hold_no_connection() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = start(backend).await;
        let mut ada = app.sign_up("ada@example.org").await;
        let lock = Lock::take(&app).await;
        let given_up = (0..PEOPLE).map(|n| {
            let mut browser = app.browser();
            let email = format!("person{n}@example.org");
            async move {
                // It is dropped at the moment in which it waits for the lock, or before, or after.
                let moment = Duration::from_millis(u64::try_from(n).unwrap() * 10);
                let _ = tokio::time::timeout(moment, browser.sign_up(&email)).await;
            }
        });
        join_all(given_up).await;
        lock.release().await;
        app.sign_up("eve@example.org").await;
        app.advance(Duration::from_secs(600));
        ada.refresh().await.assert_status(200);
    }
}

#[tokio::test]
async fn postgresql_gives_up_locks_and_lost_nodes_unless_its_url_says_otherwise() {
    let shown = async |app: &TestApp, limit: &str| {
        let Store::Postgres(pool) = &app.state.store else { unreachable!("this is about PostgreSQL") };
        let shown = sqlx::query_scalar(AssertSqlSafe(format!("SHOW {limit}"))).fetch_one(pool).await;
        let shown: String = shown.unwrap();
        shown
    };
    let app = TestApp::with(Backend::Postgres, &[]).await;
    assert_eq!(shown(&app, "lock_timeout").await, "5s");
    assert_eq!(shown(&app, "idle_in_transaction_session_timeout").await, "30s");
    let impatient = start(Backend::Postgres).await;
    assert_eq!(shown(&impatient, "lock_timeout").await, "50ms");
}
