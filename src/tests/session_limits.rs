//! How many sessions an account has, what ending them costs, and how long what they held is refused.

use std::{slice::from_ref, time::Duration};

use super::{
    cluster::{session_id, sign_in_often},
    relying_party::RelyingParty,
};
use crate::{
    model::{
        id::{ClientSessionId, GrantId, SessionId},
        methods::Methods,
        oauth::{client_kind::ClientKind, resource::Resources, scope::Scopes},
    },
    server::{
        accounts::administer,
        client_info::{ActionContext, ClientInfo},
        oauth::clients::ClientSettings,
        sessions::revoke::revoke_everything,
        store::{
            client_sessions::{self, ClientSession},
            counted,
            grants::{self, GrantRecord},
            logout_deliveries, sessions,
        },
        tasks::housekeeping,
    },
    tests::test_app::{Backend, PASSWORD, TestApp},
};

#[tokio::test]
async fn an_account_has_a_hundred_sessions_and_the_one_unused_for_longest_ends_for_another() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut first = app.sign_up("ada@example.org").await;
        sign_in_often(&app, "ada@example.org", 99).await;
        app.advance(Duration::from_secs(60));
        first.refresh().await.assert_status(200);
        let mut another = app.browser();
        another.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
        let list = another.post("/api/sessions/list", &[]).await.json();
        assert_eq!(list.as_array().unwrap().len(), 100, "{backend:?}");
        first.use_token().await.assert_status(200);
        first.refresh().await.assert_status(200);
        let mut reader = app.state.store.read().await.unwrap();
        let oldest = sessions::by_id(&mut reader, &session_id(0)).await.unwrap().unwrap();
        assert_eq!(oldest.revoked.unwrap().1.as_str(), "too_many", "{backend:?}");
        assert!(app.state.tokens.denylist.has(&session_id(0)), "and its access tokens are refused at once");
        assert!(sessions::by_id(&mut reader, &session_id(1)).await.unwrap().unwrap().revoked.is_none());
        drop(reader);
        assert_eq!(app.events().await.iter().filter(|event| *event == "session_ended").count(), 1);
    }
}

#[tokio::test]
async fn ending_all_sessions_costs_the_same_however_many_there_are() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        app.sign_up("ada@example.org").await;
        sign_in_often(&app, "ada@example.org", 1000).await;
        let ada = app.user("ada@example.org").await.id;
        let client = ClientInfo::command_line();
        let context = ActionContext { now: app.clock.now(), client: &client };
        let before = counted::so_far();
        let ended = administer::revoke_sessions(&app.state, context, None, &ada).await.unwrap();
        assert_eq!(ended, 1001);
        let statements = counted::so_far() - before;
        assert!(statements < 10, "{backend:?}: {statements} statements");
    }
}

fn client_session_id(n: usize) -> ClientSessionId {
    ClientSessionId::parse(session_id(n).as_str()).unwrap()
}

fn grant_id(n: usize) -> GrantId {
    GrantId::parse(session_id(n).as_str()).unwrap()
}

/// Signs an account in `count` times, each time to an app too that wants to be told of the end.
async fn sign_in_to_an_app(app: &TestApp, email: &str, count: usize) {
    let settings = ClientSettings {
        trusted: Some(true),
        backchannel_logout_uri: Some("https://app.example.org/logout".to_owned()),
        ..ClientSettings::default()
    };
    let client = RelyingParty::register(app, ClientKind::Web, settings).await.id;
    sign_in_often(app, email, count).await;
    let (user, now) = (app.user(email).await.id, app.clock.now());
    let later = now + Duration::from_secs(3600);
    let mut tx = app.state.store.begin().await.unwrap();
    for n in 0..count {
        let session = ClientSession {
            id: client_session_id(n),
            session: Some(session_id(n)),
            user: user.clone(),
            client: client.clone(),
            created_at: now,
            revoked: false,
        };
        client_sessions::insert(&mut tx, from_ref(&session)).await.unwrap();
        let grant = GrantRecord {
            id: grant_id(n),
            client_session: session.id.clone(),
            sign_in: session.id,
            client: client.clone(),
            user: user.clone(),
            scopes: Scopes::parse("openid").unwrap(),
            resources: Resources::parse("").unwrap(),
            auth_time: now,
            methods: Methods::PASSWORD,
            acr: None,
            salt: vec![0; 16],
            generation: 0,
            confirmed: true,
            rotated_at: now,
            created_at: now,
            last_used_at: now,
            idle_expires_at: later,
            absolute_expires_at: later,
            revoked: None,
            code: None,
        };
        grants::insert(&mut tx, &[grant]).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// How many statements it takes to end everything, by an administrator or for everybody, for someone with so many sessions
/// in an app.
async fn statements_to_end(backend: Backend, count: usize, everybody: bool) -> u64 {
    let app = TestApp::with(backend, &[]).await;
    app.sign_up("ada@example.org").await;
    sign_in_to_an_app(&app, "ada@example.org", count).await;
    let ada = app.user("ada@example.org").await.id;
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    let before = counted::so_far();
    let ended = if everybody {
        revoke_everything(&app.state, context).await.unwrap()
    } else {
        administer::revoke_sessions(&app.state, context, None, &ada).await.unwrap()
    };
    let statements = counted::so_far() - before;
    assert_eq!(ended, u64::try_from(count).unwrap() + 1);
    assert_eq!(logout_deliveries::all(&app.state.store).await.len(), count, "the app is told of each");
    let mut reader = app.state.store.read().await.unwrap();
    for n in 0..count {
        assert!(app.state.tokens.denylist.has(&SessionId::of_client_session(&client_session_id(n))));
        assert!(grants::by_id(&mut reader, &grant_id(n)).await.unwrap().unwrap().revoked.is_some());
    }
    statements
}

#[tokio::test]
async fn ending_the_sessions_of_apps_costs_the_same_however_many_there_are() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        for everybody in [false, true] {
            let one = statements_to_end(backend, 1, everybody).await;
            let many = statements_to_end(backend, 50, everybody).await;
            assert_eq!(many, one, "{backend:?}, everybody: {everybody}");
        }
    }
}

#[tokio::test]
async fn a_revoked_token_is_not_revived_by_another_access_ttl() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let app = app.restart_with("LATCHKEY_TOKENS_ACCESS_TTL", "1m").await;
    let copy = app.same(&browser);
    // A token that lives longer than the setting allows is refused; the browser refreshes silently.
    copy.use_token().await.assert_error(401, "invalid_token");
    browser = app.same(&browser);
    browser.sign_out().await.assert_status(200);
    // Longer than a token may live now, and not as long as this one was made for.
    app.advance(Duration::from_secs(120));
    housekeeping::delete_expired(&app.state, app.clock.now()).await.unwrap();
    let app = app.restart_with("LATCHKEY_TOKENS_ACCESS_TTL", "15m").await;
    app.same(&copy).use_token().await.assert_error(401, "invalid_token");
}

#[tokio::test]
async fn an_access_token_does_not_outlive_the_idle_expiry_of_its_session() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_SESSIONS_IDLE_TTL", "1m")]).await;
    let mut browser = app.browser();
    let answer = browser.sign_up("ada@example.org").await;
    assert_eq!(answer.json()["expires_in"], 60);
    app.advance(Duration::from_secs(60));
    let ada = app.user("ada@example.org").await.id;
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    administer::disable(&app.state, context, None, &ada).await.unwrap();
    browser.use_token().await.assert_error(401, "invalid_token");
}
