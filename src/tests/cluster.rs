//! Several nodes on one database: what one of them ends is over on all of them.

#![expect(clippy::disallowed_methods, reason = "the database is asked who waits for whom")]

use std::time::Duration;

use super::refresh::until_confirmed;
use crate::{
    model::{id::SessionId, methods::Methods},
    server::{
        accounts::administer,
        client_info::{ActionContext, ClientInfo},
        clock::{Clock, Comparison},
        keys::line::KeyLine,
        sessions::revoke::revoke_everything,
        store::{
            Store,
            invalidations::{self, Invalidation},
            sessions::{self, SessionRecord},
        },
        tasks::sync,
    },
    tests::test_app::{BEGINNING, Backend, PASSWORD, TestApp},
};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

pub fn session_id(n: usize) -> SessionId {
    SessionId::parse(&format!("019b0000-0000-7000-8000-{n:012x}")).unwrap()
}

/// Gives an account `count` sessions, and returns an access token of each.
pub async fn sign_in_often(app: &TestApp, email: &str, count: usize) -> Vec<String> {
    let user = app.user(email).await;
    let mut tokens = Vec::new();
    let mut tx = app.state.store.begin().await.unwrap();
    for n in 0..count {
        let mut session = SessionRecord {
            id: session_id(n),
            user_id: user.id.clone(),
            salt: vec![0; 16],
            generation: 0,
            confirmed: false,
            rotated_at: BEGINNING,
            created_at: BEGINNING,
            authenticated_at: BEGINNING,
            methods: Methods::PASSWORD,
            authenticated_before: None,
            methods_before: None,
            replaced_at: None,
            last_seen_at: BEGINNING + Duration::from_millis(n.try_into().unwrap()),
            idle_expires_at: BEGINNING + 7 * DAY,
            absolute_expires_at: BEGINNING + 30 * DAY,
            revoked: None,
            followed_by: None,
            token_kid: String::new(),
            token_expires_at: BEGINNING,
            name: None,
            user_agent: String::new(),
            ip: String::new(),
            new_device: false,
            new_network: false,
        };
        let minted = app.state.tokens.mint(app.clock.now(), &app.state.entropy, &session, &user).unwrap();
        session.remember(&minted.kid, minted.expires_at);
        sessions::insert(&mut tx, &session).await.unwrap();
        tokens.push(minted.token);
    }
    tx.commit().await.unwrap();
    tokens
}

async fn stored(app: &TestApp) -> usize {
    let mut reader = app.state.store.read().await.unwrap();
    let stored = invalidations::live_since(&mut reader, 0, app.clock.now()).await.unwrap();
    stored.iter().filter(|record| record.invalidation != Invalidation::KeysChanged).count()
}

const WAITING: &str = "SELECT count(*) FROM pg_locks WHERE NOT granted";

/// Waits until a transaction waits for another one, or `overtaken` says that none had to.
pub async fn until_one_waits(app: &TestApp, overtaken: impl Fn() -> bool) {
    let Store::Postgres(pool) = &app.state.store else { unreachable!("one writer never waits for itself") };
    loop {
        let waiting: i64 = sqlx::query_scalar(WAITING).fetch_one(pool).await.unwrap();
        if waiting > 0 || overtaken() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_invalidation_that_is_overtaken_reaches_the_other_node() {
    let first = TestApp::with(Backend::Postgres, &[]).await;
    let second = first.another_node().await;
    let mut browser = first.sign_up("ada@example.org").await;
    let until = first.clock.now() + DAY;
    let mut late = first.state.store.begin().await.unwrap();
    let revoked: Vec<_> = (0..400).map(|n| (Invalidation::SessionRevoked(session_id(n)), until)).collect();
    invalidations::insert(&mut late, &revoked).await.unwrap();
    let overtaking = tokio::spawn(async move {
        browser.sign_out().await.assert_status(200);
        browser
    });
    until_one_waits(&first, || overtaking.is_finished()).await;
    sync::catch_up(&second.state).await.unwrap();
    late.commit().await.unwrap();
    let browser = overtaking.await.unwrap();
    sync::catch_up(&second.state).await.unwrap();
    for n in 0..400 {
        assert!(second.state.tokens.denylist.has(&session_id(n)), "session {n} is unknown to the other node");
    }
    second.same(&browser).use_token().await.assert_error(401, "invalid_token");
}

#[tokio::test]
async fn disabling_an_account_is_one_invalidation_however_many_sessions_it_has() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let first = TestApp::with(backend, &[]).await;
        let browser = first.sign_up("ada@example.org").await;
        let tokens = sign_in_often(&first, "ada@example.org", 400).await;
        browser.get_with_token("/oauth/userinfo", Some(&tokens[0])).await.assert_status(200);
        let client = ClientInfo::command_line();
        let context = ActionContext { now: first.clock.now(), client: &client };
        let ada = first.user("ada@example.org").await.id;
        administer::disable(&first.state, context, None, &ada).await.unwrap();
        assert_eq!(stored(&first).await, 1, "{backend:?}");
        for token in &tokens {
            assert!(first.state.tokens.verify(token, first.clock.now()).is_err());
        }
        if matches!(backend, Backend::Postgres) {
            let second = first.another_node().await;
            sync::catch_up(&second.state).await.unwrap();
            for token in &tokens {
                assert!(second.state.tokens.verify(token, second.clock.now()).is_err());
            }
        }
    }
}

#[tokio::test]
async fn a_node_whose_clock_is_wrong_goes_by_the_databases() {
    let first = TestApp::with(Backend::Postgres, &[]).await;
    first.advance(DAY);
    let now = first.clock.now();
    for (theirs, ready) in [(now + 60 * SECOND, false), (now - 60 * SECOND, false), (now + 3 * SECOND, true)]
    {
        let second = first.another_node_at(theirs).await;
        let look = second.state.clock.own();
        second.state.clock.follow(Comparison { before: look, theirs: now, after: look });
        let mut browser = first.sign_up(&format!("{}@example.org", theirs.millis())).await;
        first.advance(60 * SECOND);
        second.advance(60 * SECOND);
        let mut tab = second.same(&browser);
        browser.refresh().await.assert_status(200);
        browser.use_token().await.assert_status(200);
        until_confirmed(&first, &browser).await;
        // The second tab is no thief, and what one node has signed the other one takes.
        second.same(&browser).use_token().await.assert_status(200);
        tab.refresh().await.assert_status(200);
        first.same(&tab).use_token().await.assert_status(200);
        second.browser().get("/readyz").await.assert_status(if ready { 200 } else { 503 });
        first.clock.set(now);
    }
}

#[tokio::test]
async fn the_database_has_a_clock_where_nodes_share_one() {
    let app = TestApp::with(Backend::Postgres, &[]).await;
    let now = Clock::system().now();
    let theirs = app.state.store.clock().await.unwrap().unwrap();
    assert!((theirs - now).max(now - theirs) < 10 * SECOND, "{now:?} {theirs:?}");
    assert_eq!(TestApp::start().await.state.store.clock().await.unwrap(), None);
}

#[tokio::test]
async fn everybodys_sessions_and_links_end_at_once() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut admin = app.sign_in_as("root@example.org", "admin").await;
        let mut browser = app.sign_up("ada@example.org").await;
        let fields = [("email", "new@example.org"), ("display_name", "New")];
        let link = admin.post("/api/admin/users/invite", &fields).await.json();
        let path = link["link"].as_str().unwrap().strip_prefix("http://localhost:3000").unwrap().to_owned();
        assert!(app.browser().open_link(&path).await.body.contains("new@example.org"));

        let client = ClientInfo::command_line();
        let context = ActionContext { now: app.clock.now(), client: &client };
        assert_eq!(revoke_everything(&app.state, context).await.unwrap(), 2, "{backend:?}");
        sync::catch_up(&app.state).await.unwrap();
        for browser in [&mut admin, &mut browser] {
            browser.use_token().await.assert_error(401, "invalid_token");
            assert_eq!(browser.refresh().await.json()["reason"], "ended_by_admin");
        }
        assert!(!app.browser().open_link(&path).await.body.contains("new@example.org"));
        browser.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
        browser.use_token().await.assert_status(200);
    }
}

#[tokio::test]
async fn an_invalidation_that_could_not_be_applied_is_read_again() {
    let app = TestApp::start().await;
    let browser = app.sign_up("ada@example.org").await;
    let Store::Sqlite(pools) = &app.state.store else { unreachable!("it is SQLite") };
    let kid = app.state.tokens.keys.active(KeyLine::Portal, app.clock.now()).unwrap().kid.clone();
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    app.state.key_manager().revoke(context, None, &kid).await.unwrap();
    sqlx::query("ALTER TABLE signing_keys RENAME TO away")
        .execute(&mut pools.writer.lock().await.unwrap().connection)
        .await
        .unwrap();
    assert!(sync::catch_up(&app.state).await.is_err());
    sqlx::query("ALTER TABLE away RENAME TO signing_keys")
        .execute(&mut pools.writer.lock().await.unwrap().connection)
        .await
        .unwrap();
    sync::catch_up(&app.state).await.unwrap();
    browser.use_token().await.assert_error(401, "invalid_token");
}
