//! Deleting what has expired, in batches.

#![expect(clippy::disallowed_methods, reason = "rows that have expired are written as they are stored")]

use std::time::Duration;

use sqlx::AssertSqlSafe;

use super::relying_party::RelyingParty;
use crate::{
    server::{
        client_info::{ActionContext, ClientInfo},
        clock::Timestamp,
        store::{
            audit::{self, Event, EventKind},
            on_db,
            one_time_tokens::{self, NewToken, Purpose},
        },
        tasks::housekeeping,
    },
    tests::test_app::{Backend, PASSWORD, TestApp},
};

const DAY: Duration = Duration::from_secs(86_400);

/// Writes that many events at once.
async fn write_events(app: &TestApp, count: usize) {
    let client = ClientInfo { request_id: "test".to_owned(), ..ClientInfo::program() };
    let context = ActionContext { now: app.clock.now(), client: &client };
    let mut tx = app.state.store.begin().await.unwrap();
    for _ in 0..count {
        audit::record(&mut tx, context, &Event::new(EventKind::SignInFailed)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn setup_link(hash: &[u8], expires_at: Timestamp) -> NewToken<'_> {
    NewToken { purpose: Purpose::Setup, hash, user: None, email: None, asker: None, expires_at }
}

async fn delete_expired(app: &TestApp) {
    housekeeping::delete_expired(&app.state, app.clock.now()).await.unwrap();
}

#[tokio::test]
async fn audit_events_are_deleted_after_their_retention_and_not_before() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[("LATCHKEY_AUDIT_RETENTION", "30d")]).await;
        // More than one batch.
        write_events(&app, 350).await;
        app.advance(DAY);
        write_events(&app, 2).await;
        app.advance(29 * DAY);
        delete_expired(&app).await;
        assert_eq!(app.events().await.len(), 352, "the oldest is 30 days old to the millisecond");
        app.advance(Duration::from_millis(1));
        delete_expired(&app).await;
        assert_eq!(app.events().await.len(), 2);
    }
}

#[tokio::test]
async fn audit_events_are_kept_for_ever_if_the_retention_is_off() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_AUDIT_RETENTION", "off")]).await;
    write_events(&app, 1).await;
    app.advance(36_500 * DAY);
    delete_expired(&app).await;
    assert_eq!(app.events().await.len(), 1);
}

#[tokio::test]
async fn expired_one_time_tokens_of_more_than_one_batch_are_all_deleted() {
    let app = TestApp::start().await;
    let mut tx = app.state.store.begin().await.unwrap();
    let (soon, later) = (app.clock.now() + DAY, app.clock.now() + 2 * DAY);
    for n in 0..250_u16 {
        one_time_tokens::insert(&mut tx, setup_link(&n.to_be_bytes(), soon)).await.unwrap();
    }
    one_time_tokens::insert(&mut tx, setup_link(b"later", later)).await.unwrap();
    tx.commit().await.unwrap();
    app.advance(DAY);
    delete_expired(&app).await;
    let mut tx = app.state.store.begin().await.unwrap();
    assert_eq!(one_time_tokens::delete_expired(&mut tx, later, 1000).await.unwrap(), 1);
}

/// A row `{n}` of each table whose rows end, here `{at}` a certain time.
const ROWS: [(&str, &str); 15] = [
    (
        "sessions",
        "(id, user_id, salt, generation, confirmed, rotated_at, created_at, authenticated_at, last_seen_at, idle_expires_at,
          absolute_expires_at, token_kid, token_expires_at, user_agent, ip)
         SELECT '{n}', id, {hash}, 0, FALSE, 0, 0, 0, 0, {at}, {at}, 'kid', 0, '', '' FROM users",
    ),
    ("spent", "(id, expires_at) VALUES ('{n}', {at})"),
    ("invalidations", "(session_id, expires_at) VALUES ('{n}', {at})"),
    ("one_time_tokens", "(token_hash, purpose, expires_at) VALUES ({hash}, 'setup', {at})"),
    ("oauth_client_assertions", "(hash, expires_at) VALUES ({hash}, {at})"),
    ("oauth_client_secrets", "(hash, client_id, created_at, expires_at) SELECT {hash}, id, 0, {at} FROM oauth_clients"),
    (
        "audit_events",
        "(at, event, ip, user_agent, request_id, detail) VALUES ({at}, 'signed_in', '', '', '', '{}')",
    ),
    (
        "oauth_requests",
        "(handle_hash, client_id, parameters, pushed, created_at, expires_at) SELECT {hash}, id, '{}', FALSE, 0, {at} FROM oauth_clients",
    ),
    (
        "oauth_client_sessions",
        "(id, user_id, client_id, created_at, revoked_at)
         SELECT '{n}', users.id, oauth_clients.id, 0, {at} FROM users, oauth_clients",
    ),
    (
        "oauth_grants",
        "(id, client_session_id, sign_in_id, client_id, user_id, scopes, resources, auth_time, methods, salt, generation,
          confirmed, rotated_at, created_at, last_used_at, idle_expires_at, absolute_expires_at)
         SELECT '{n}', id, '', client_id, user_id, '', '', 0, 'password', {hash}, 0, FALSE, 0, 0, 0, {at}, {at} FROM oauth_client_sessions
         WHERE id = 'young'",
    ),
    (
        "oauth_device_codes",
        "(device_hash, user_code_hash, client_id, scopes, resources, poll_interval, state, created_at, expires_at)
         SELECT {hash}, {hash}, id, '', '', 0, 'pending', 0, {at} FROM oauth_clients",
    ),
    (
        "upstream_logins",
        "(state_hash, provider_id, nonce, sealed_verifier, browser_hash, purpose, next, created_at, expires_at)
         SELECT {hash}, id, '', '', {hash}, 'sign_in', '/', 0, {at} FROM upstream_providers",
    ),
    ("mail_requests", "(subject, at) VALUES ({hash}, {at})"),
    (
        "mails",
        "(id, kind, sealed, created_at, next_attempt_at, attempts, claimed_until, expires_at)
         VALUES ('{n}', '', '', 0, 0, 0, 0, {at})",
    ),
    (
        "logout_deliveries",
        "(id, client_id, uri, algorithm, user_id, sid, created_at, next_attempt_at, attempts, claimed_until, done_at)
         VALUES ('{n}', '', '', '', '', '', 0, 0, 0, 0, {at})",
    ),
];

/// Adds one row to each of these tables.
async fn add_rows(app: &TestApp, backend: Backend, name: &str, at: Timestamp) {
    let hash = match backend {
        Backend::Sqlite => format!("CAST('{name}' AS BLOB)"),
        Backend::Postgres => format!("'{name}'::bytea"),
    };
    let mut tx = app.state.store.begin().await.unwrap();
    for (table, row) in ROWS {
        let row = row.replace("{n}", name).replace("{hash}", &hash).replace("{at}", &at.millis().to_string());
        let sql = format!("INSERT INTO {table} {row}");
        let added =
            on_db!(&mut tx, |c| sqlx::query(AssertSqlSafe(sql)).execute(c).await.unwrap().rows_affected());
        assert_eq!(added, 1, "{table}");
    }
    tx.commit().await.unwrap();
}

/// Adds a provider, whose sign-ins under way end.
async fn add_provider(app: &TestApp) {
    const ADD: &str = "INSERT INTO upstream_providers (id, slug, name, preset, issuer, client_id, scopes, algorithms, sign_up,
            linking, rules, admin_by_rule, private_address, metadata, discovered_at, created_at)
        VALUES ('one', 'one', 'One', 'generic', '', '', '', '', 'nobody', FALSE, '', FALSE, FALSE, '{}', 0, 0)";
    let mut tx = app.state.store.begin().await.unwrap();
    on_db!(&mut tx, |c| sqlx::query(ADD).execute(c).await.map(drop)).unwrap();
    tx.commit().await.unwrap();
}

async fn counts(app: &TestApp) -> Vec<(&'static str, i64)> {
    let mut reader = app.state.store.read().await.unwrap();
    let mut counts = Vec::new();
    for (table, _) in ROWS {
        let sql = format!("SELECT count(*) FROM {table}");
        let count: i64 =
            on_db!(&mut reader, |c| sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(c).await.unwrap());
        counts.push((table, count));
    }
    counts
}

#[tokio::test]
async fn what_has_expired_is_deleted_from_every_table_and_nothing_else() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[("LATCHKEY_AUDIT_RETENTION", "90d")]).await;
        app.sign_up("ada@example.org").await;
        RelyingParty::trusted(&app).await;
        add_provider(&app).await;
        let now = app.clock.now();
        add_rows(&app, backend, "young", now + DAY).await;
        let before = counts(&app).await;
        add_rows(&app, backend, "old", now - 100 * DAY).await;
        delete_expired(&app).await;
        assert_eq!(counts(&app).await, before, "{backend:?}");
    }
}

#[tokio::test]
async fn a_grant_goes_with_the_session_it_hangs_on_and_with_its_account() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let client = RelyingParty::trusted(&app).await;
        for email in ["ada@example.org", "grace@example.org"] {
            let mut browser = app.sign_up(email).await;
            client.sign_in(&app, &mut browser).await;
        }
        let grants =
            async || counts(&app).await.into_iter().find(|(table, _)| *table == "oauth_grants").unwrap().1;
        let mut ada = app.browser();
        ada.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
        ada.post("/api/account/delete", &[("password", PASSWORD)]).await.assert_status(200);
        assert_eq!(grants().await, 1, "{backend:?}");
        app.advance(400 * DAY);
        delete_expired(&app).await;
        assert_eq!(grants().await, 0, "{backend:?}");
    }
}

#[tokio::test]
async fn every_table_with_an_expiry_is_among_those_that_are_cleaned() {
    let app = TestApp::start().await;
    let mut reader = app.state.store.read().await.unwrap();
    let tables: Vec<String> = on_db!(&mut reader, |c| sqlx::query_scalar(
        "SELECT t.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c
         WHERE t.schema = 'main' AND c.name IN ('expires_at', 'absolute_expires_at') ORDER BY t.name"
    )
    .fetch_all(c)
    .await
    .unwrap());
    assert!(tables.len() > 5, "{tables:?}");
    for table in tables {
        assert!(ROWS.iter().any(|(cleaned, _)| *cleaned == table), "{table}");
    }
}
