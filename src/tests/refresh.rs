//! Refresh: never sign an honest person out, always catch a thief (design §4).

use std::{collections::BTreeSet, time::Duration};

use crate::tests::test_app::{Backend, Browser, TestApp};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86400);

/// Waits until the use of an access token has been written down, which happens beside the request.
pub async fn until_confirmed(app: &TestApp, browser: &Browser) {
    use crate::server::{store::sessions, tokens::refresh::token::RefreshToken};
    let token = RefreshToken::parse(&browser.refresh_token()).unwrap();
    for _ in 0..1000 {
        let mut reader = app.state.store.read().await.unwrap();
        let session = sessions::by_id(&mut reader, &token.session).await.unwrap().unwrap();
        if session.confirmed && session.generation == token.generation {
            return;
        }
        drop(reader);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the session was never confirmed");
}

#[tokio::test]
async fn a_recent_refresh_token_is_kept_and_an_older_one_rotates() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let first = browser.refresh_token();
    app.advance(29 * SECOND);
    browser.refresh().await.assert_status(200);
    assert_eq!(browser.refresh_token(), first);
    app.advance(SECOND);
    browser.refresh().await.assert_status(200);
    assert_ne!(browser.refresh_token(), first);
    browser.use_token().await.assert_status(200);
}

#[tokio::test]
async fn fifty_tabs_at_once_get_one_successor() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let browser = app.sign_up("ada@example.org").await;
        app.advance(HOUR);
        let tabs: Vec<_> = (0..50)
            .map(|_| {
                let mut tab = browser.clone();
                tokio::spawn(async move {
                    tab.refresh().await.assert_status(200);
                    tab
                })
            })
            .collect();
        let mut successors = BTreeSet::new();
        for tab in tabs {
            let mut tab = tab.await.unwrap();
            successors.insert(tab.refresh_token());
            tab.use_token().await.assert_status(200);
            tab.refresh().await.assert_status(200);
        }
        assert_eq!(successors.len(), 1, "{backend:?}");
        assert!(!successors.contains(&browser.refresh_token()));
    }
}

#[tokio::test]
async fn a_lost_refresh_response_can_be_retried_at_any_time() {
    for late in [SECOND, 31 * SECOND, DAY] {
        let app = TestApp::start().await;
        let mut browser = app.sign_up("ada@example.org").await;
        app.advance(HOUR);
        let lost = browser.send_and_forget(Browser::form("/api/auth/refresh", "")).await;
        lost.assert_status(200);
        app.advance(late);
        browser.refresh().await.assert_status(200);
        app.advance(HOUR);
        browser.refresh().await.assert_status(200);
        browser.use_token().await.assert_status(200);
    }
}

#[tokio::test]
async fn tabs_that_come_back_after_a_lost_response_sign_nobody_out() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    app.advance(HOUR);
    browser.send_and_forget(Browser::form("/api/auth/refresh", "")).await.assert_status(200);
    app.advance(DAY);
    // Its page is still on its way while the first tab has its answer already, and uses it.
    let mut second_tab = browser.clone();
    browser.refresh().await.assert_status(200);
    browser.use_token().await.assert_status(200);
    until_confirmed(&app, &browser).await;
    second_tab.get("/dashboard").await.assert_status(200);
    app.advance(HOUR);
    browser.refresh().await.assert_status(200);
}

#[tokio::test]
async fn an_old_refresh_token_revokes_the_session_once_the_new_one_was_used() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut owner = app.sign_up("ada@example.org").await;
        let mut thief = owner.thief();
        app.advance(HOUR);
        owner.refresh().await.assert_status(200);
        owner.use_token().await.assert_status(200);
        until_confirmed(&app, &owner).await;
        app.advance(31 * SECOND);

        thief.refresh().await.assert_error(401, "session_reused");
        // The family is dead although the answer was an error: the owner's newest token and access token too.
        let answer = owner.refresh().await;
        answer.assert_error(401, "session_reused");
        assert_eq!(answer.json()["reason"], "reused");
        owner.use_token().await.assert_error(401, "invalid_token");
        assert_eq!(
            app.events().await.iter().filter(|event| *event == "refresh_token_reused").count(),
            1,
            "{backend:?}"
        );

        let app = app.restart().await;
        for browser in [&owner, &thief] {
            let mut again = app.browser();
            again.cookies.clone_from(&browser.cookies);
            again.refresh().await.assert_error(401, "session_reused");
        }
        let mut again = app.browser();
        again.access_token.clone_from(&owner.access_token);
        again.use_token().await.assert_error(401, "invalid_token");
    }
}

#[tokio::test]
async fn a_thief_who_refreshes_first_is_caught_when_the_owner_refreshes() {
    let app = TestApp::start().await;
    let mut owner = app.sign_up("ada@example.org").await;
    let mut thief = owner.thief();
    app.advance(HOUR);
    thief.refresh().await.assert_status(200);
    thief.use_token().await.assert_status(200);
    until_confirmed(&app, &thief).await;
    app.advance(31 * SECOND);
    owner.refresh().await.assert_error(401, "session_reused");
    thief.use_token().await.assert_error(401, "invalid_token");
    thief.refresh().await.assert_error(401, "session_reused");
}

#[tokio::test]
async fn an_older_generation_is_reuse_even_within_the_same_second() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_SESSIONS_ROTATE_AFTER", "0s")]).await;
    let mut owner = app.sign_up("ada@example.org").await;
    let mut thief = owner.thief();
    owner.refresh().await.assert_status(200);
    owner.refresh().await.assert_status(200);
    thief.refresh().await.assert_error(401, "session_reused");
}

#[tokio::test]
async fn reuse_revokes_one_session_and_leaves_the_others() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_SESSIONS_ROTATE_AFTER", "0s")]).await;
    let mut owner = app.sign_up("ada@example.org").await;
    let mut elsewhere = app.browser();
    elsewhere.sign_in("ada@example.org", super::test_app::PASSWORD).await.assert_status(200);
    let mut thief = owner.thief();
    owner.refresh().await.assert_status(200);
    owner.refresh().await.assert_status(200);
    thief.refresh().await.assert_error(401, "session_reused");
    elsewhere.use_token().await.assert_status(200);
    elsewhere.refresh().await.assert_status(200);
}

#[tokio::test]
async fn a_restart_revives_no_rotated_token() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_SESSIONS_ROTATE_AFTER", "0s")]).await;
    let mut owner = app.sign_up("ada@example.org").await;
    let old = owner.cookies.clone();
    owner.refresh().await.assert_status(200);
    owner.refresh().await.assert_status(200);
    let app = app.restart().await;
    let mut thief = app.browser();
    thief.cookies = old;
    thief.refresh().await.assert_error(401, "session_reused");
}

#[tokio::test]
async fn a_foreign_refresh_token_changes_nothing() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let token = browser.refresh_token();
    let future = token.replace(".0.", ".1.");
    for forged in [
        "",
        "lk1",
        "nonsense",
        future.as_str(),
        &token[..token.len() - 1],
        "lk1.019a0000-0000-7000-8000-00000000abcd.0.AAAA",
    ] {
        let mut forger = app.browser();
        forger.cookies.insert("__Host-latchkey".to_owned(), forged.to_owned());
        forger.refresh().await.assert_error(401, "no_session");
    }
    app.browser().refresh().await.assert_error(401, "no_session");
    browser.refresh().await.assert_status(200);
}

#[tokio::test]
async fn a_forged_refresh_token_waits_for_no_lock() {
    let app = TestApp::start().await;
    let mut forger = app.sign_up("ada@example.org").await;
    let token = forger.refresh_token();
    let forged = format!("{}AAAA", &token[..token.len() - 4]);
    forger.cookies.insert("__Host-latchkey".to_owned(), forged.clone());
    // Whoever writes now holds the one lock that there is.
    let _writing = app.state.store.begin().await.unwrap();
    forger.refresh().await.assert_error(401, "no_session");
    forger.cookies.insert("__Host-latchkey".to_owned(), forged);
    forger.sign_out().await.assert_status(200);
    app.browser().refresh().await.assert_error(401, "no_session");
}

#[tokio::test]
async fn refreshing_extends_the_idle_expiry_and_never_the_absolute_expiry() {
    let app = TestApp::start().await;
    let mut unused = app.sign_up("ada@example.org").await;
    app.advance(7 * DAY);
    unused.refresh().await.assert_error(401, "session_expired");

    let mut used = app.sign_up("eve@example.org").await;
    for _ in 0..14 {
        app.advance(2 * DAY);
        used.refresh().await.assert_status(200);
    }
    app.advance(47 * HOUR + 3599 * SECOND);
    let answer = used.refresh().await;
    answer.assert_status(200);
    assert!(answer.header("set-cookie").unwrap().ends_with("Max-Age=1"), "{answer:?}");
    // Nor does the access token outlive the session.
    assert_eq!(answer.json()["expires_in"], 1);
    used.use_token().await.assert_status(200);
    app.advance(SECOND);
    used.use_token().await.assert_error(401, "invalid_token");
    used.refresh().await.assert_error(401, "session_expired");
}

#[tokio::test]
async fn an_unavailable_store_is_a_503_and_keeps_the_cookie() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    app.state.store.close().await;
    let answer = browser.refresh().await;
    answer.assert_error(503, "unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("set-cookie"), None);
    // Verifying an access token needs no store; who it belongs to does.
    browser.use_token().await.assert_error(503, "unavailable");
    let page = browser.get("/dashboard").await;
    page.assert_status(503);
    assert!(page.body.contains("still signed in") && page.body.contains("rel=\"stylesheet\""));
    assert!(page.header("content-security-policy").unwrap().contains("style-src 'self'"));

    let app = app.restart().await;
    let mut again = app.browser();
    again.cookies.clone_from(&browser.cookies);
    again.refresh().await.assert_status(200);
}

#[tokio::test]
async fn a_clock_two_minutes_off_signs_nobody_out() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    app.advance(HOUR);
    browser.refresh().await.assert_status(200);
    app.clock.set(app.clock.now() - Duration::from_secs(120));
    browser.refresh().await.assert_status(200);
    app.advance(Duration::from_secs(240));
    browser.refresh().await.assert_status(200);
    browser.use_token().await.assert_status(200);
}
