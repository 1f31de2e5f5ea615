//! Starting and ending sessions.

use std::time::Duration;

use crate::tests::test_app::{Backend, PASSWORD, TestApp};

#[tokio::test]
async fn signing_out_ends_the_session_and_its_access_tokens_at_once() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let copy = browser.clone();
    let answer = browser.sign_out().await;
    answer.assert_status(200);
    let cleared = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .any(|cookie| cookie.to_str().unwrap().starts_with("__Host-latchkey=; "));
    assert!(cleared, "{answer:?}");
    copy.use_token().await.assert_error(401, "invalid_token");
    let answer = copy.clone().refresh().await;
    answer.assert_error(401, "session_revoked");
    assert_eq!(answer.json()["reason"], "signed_out");
    assert_eq!(app.events().await, ["account_created", "signed_in", "signed_out"]);
}

#[tokio::test]
async fn signing_out_takes_a_token_of_any_generation() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_SESSIONS_ROTATE_AFTER", "0s")]).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let mut old = browser.clone();
    for _ in 0..3 {
        browser.refresh().await.assert_status(200);
    }
    old.sign_out().await.assert_status(200);
    let answer = browser.refresh().await;
    answer.assert_error(401, "session_revoked");
    assert_eq!(answer.json()["reason"], "signed_out");
}

/// Signing out waits for no other request. One that was sent before a change of password was answered carries the cookie
/// of the session before.
#[tokio::test]
async fn signing_out_ends_the_session_too_that_a_change_of_password_has_started_meanwhile() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut browser = app.sign_up("ada@example.org").await;
        let mut leaving = browser.clone();
        for (current, new) in
            [(PASSWORD, "another horse battery staple"), ("another horse battery staple", PASSWORD)]
        {
            let fields = [("current_password", current), ("new_password", new)];
            browser.post("/api/account/change_password", &fields).await.assert_status(200);
        }
        let mut elsewhere = app.browser();
        elsewhere.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
        leaving.sign_out().await.assert_status(200);
        let answer = browser.refresh().await;
        answer.assert_error(401, "session_revoked");
        assert_eq!(answer.json()["reason"], "signed_out");
        elsewhere.refresh().await.assert_status(200);
    }
}

#[tokio::test]
async fn signing_out_while_the_password_is_changed_leaves_no_session_behind() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let fields = [("current_password", PASSWORD), ("new_password", "another horse battery staple")];
        for turn in 0..5 {
            let mut browser = app.sign_up(&format!("ada{turn}@example.org")).await;
            let mut leaving = browser.clone();
            let changing = browser.post("/api/account/change_password", &fields);
            let (changed, _) = tokio::join!(changing, leaving.sign_out());
            if changed.status != 200 {
                changed.assert_status(401);
            }
            browser.refresh().await.assert_status(401);
        }
    }
}

#[tokio::test]
async fn signing_out_always_clears_the_cookie() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.cookies.insert("__Host-latchkey".to_owned(), "nonsense".to_owned());
    browser.sign_out().await.assert_status(200);
    assert_eq!(browser.refresh_token(), "");

    let mut browser = app.sign_up("ada@example.org").await;
    app.state.store.close().await;
    browser.sign_out().await.assert_status(200);
    assert_eq!(browser.refresh_token(), "");
}

#[tokio::test]
async fn signing_in_always_starts_a_new_session_and_ends_the_one_before() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let before = browser.clone();
    browser.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    assert_ne!(browser.refresh_token(), before.refresh_token());
    before.use_token().await.assert_error(401, "invalid_token");
    let answer = before.clone().refresh().await;
    answer.assert_error(401, "session_revoked");
    assert_eq!(answer.json()["reason"], "replaced");
    browser.use_token().await.assert_status(200);
}

#[tokio::test]
async fn the_denylist_survives_a_restart() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let copy = browser.clone();
    browser.sign_out().await.assert_status(200);
    let app = app.restart().await;
    let mut again = app.browser();
    again.access_token.clone_from(&copy.access_token);
    again.use_token().await.assert_error(401, "invalid_token");
}

#[tokio::test]
async fn sessions_survive_a_restart() {
    let app = TestApp::start().await;
    let browser = app.sign_up("ada@example.org").await;
    let app = app.restart().await;
    let mut again = app.browser();
    again.cookies.clone_from(&browser.cookies);
    again.access_token.clone_from(&browser.access_token);
    again.use_token().await.assert_status(200);
    app.advance(Duration::from_secs(3600));
    again.refresh().await.assert_status(200);
    again.use_token().await.assert_status(200);
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_hosts() {
    let app = TestApp::start().await;
    let answer = app.browser().sign_up("ada@example.org").await;
    let cookie = answer.header("set-cookie").unwrap();
    let (value, attributes) = cookie.split_once("; ").unwrap();
    assert!(value.starts_with("__Host-latchkey=lk1."), "{cookie}");
    let mut attributes: Vec<_> = attributes.split("; ").collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=Lax", "Secure"]);
}

#[tokio::test]
async fn housekeeping_deletes_what_has_expired_and_nothing_else() {
    let app = TestApp::start().await;
    let mut old = app.sign_up("ada@example.org").await;
    app.advance(Duration::from_secs(86400 * 38));
    let mut young = app.sign_up("eve@example.org").await;
    crate::server::tasks::housekeeping::delete_expired(&app.state, app.clock.now()).await.unwrap();
    old.refresh().await.assert_error(401, "no_session");
    young.refresh().await.assert_status(200);
}
