//! How many sessions an account has, what ending them costs, and how long what they held is refused.

use std::time::Duration;

use super::cluster::{session_id, sign_in_often};
use crate::{
    server::{
        accounts::administer,
        client_info::{ActionContext, ClientInfo},
        store::{counted, sessions},
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
