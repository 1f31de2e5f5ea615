//! How often a password may be tried, and that nobody is locked out of an account by somebody else.

use std::time::Duration;

use super::test_app::{Backend, Browser, PASSWORD, TestApp};

async fn guess(app: &TestApp, email: &str, times: usize) {
    for _ in 0..times {
        app.browser().sign_in(email, "a wrong guess").await.assert_error(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn ten_guesses_at_an_account_then_one_a_minute() {
    let app = TestApp::start().await;
    app.sign_up("ada@example.org").await;
    guess(&app, "ada@example.org", 10).await;
    let answer = app.browser().sign_in("ADA@example.org", PASSWORD).await;
    answer.assert_error(429, "too_many_attempts");
    assert_eq!(answer.header("retry-after"), Some("60"));
    assert_eq!(answer.json()["retry_after"], 60);
    // Another account is not affected, and whether there is one makes no difference.
    guess(&app, "nobody@example.org", 10).await;
    app.browser().sign_in("nobody@example.org", PASSWORD).await.assert_error(429, "too_many_attempts");
    app.advance(Duration::from_secs(60));
    app.browser().sign_in("ada@example.org", PASSWORD).await.assert_status(200);
}

#[tokio::test]
async fn a_browser_that_was_signed_in_before_is_not_locked_out_by_strangers() {
    let app = TestApp::start().await;
    let mut known = app.sign_up("ada@example.org").await;
    known.sign_out().await.assert_status(200);
    let mut signed_in = app.browser();
    signed_in.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    guess(&app, "ada@example.org", 9).await;
    app.browser().sign_in("ada@example.org", PASSWORD).await.assert_error(429, "too_many_attempts");
    known.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    signed_in.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
}

#[tokio::test]
async fn a_known_browser_may_not_guess_on_and_its_mark_is_good_for_one_account() {
    let app = TestApp::start().await;
    let mut known = app.sign_up("ada@example.org").await;
    app.sign_up("eve@example.org").await;
    known.sign_out().await.assert_status(200);
    for _ in 0..10 {
        known.sign_in("ada@example.org", "a wrong guess").await.assert_status(401);
    }
    known.sign_in("ada@example.org", PASSWORD).await.assert_error(429, "too_many_attempts");
    // Elsewhere it is a stranger like any other, and a mark that was tampered with is none.
    let mut forged = known.clone();
    let mark = forged.cookies.get_mut("__Host-latchkey-device").unwrap();
    mark.insert(0, 'A');
    guess(&app, "eve@example.org", 10).await;
    for stranger in [&mut known, &mut forged] {
        stranger.sign_in("eve@example.org", PASSWORD).await.assert_error(429, "too_many_attempts");
    }
}

#[tokio::test]
async fn one_network_may_not_try_one_password_on_everybody() {
    let app = TestApp::start().await;
    app.sign_up("ada@example.org").await;
    for n in 0..60 {
        let email = format!("person{n}@example.org");
        app.browser().sign_in(&email, "a wrong guess").await.assert_error(401, "invalid_credentials");
    }
    let answer = app.browser().sign_in("ada@example.org", PASSWORD).await;
    answer.assert_error(429, "too_many_attempts");
    assert_eq!(answer.header("retry-after"), Some("2"));
}

#[tokio::test]
async fn whoever_holds_a_token_may_not_guess_the_password_with_it() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let guesses: [(&str, &[(&str, &str)]); 3] = [
        ("/api/auth/reauthenticate", &[("password", "a wrong guess")]),
        ("/api/account/delete", &[("password", "a wrong guess")]),
        (
            "/api/account/change_password",
            &[("current_password", "a wrong guess"), ("new_password", "a new and longer one")],
        ),
    ];
    for n in 0..10 {
        let (path, fields) = guesses[n % 3];
        browser.post(path, fields).await.assert_error(401, "invalid_credentials");
    }
    for (path, fields) in guesses {
        browser.post(path, fields).await.assert_error(429, "too_many_attempts");
    }
    let mut elsewhere: Browser = app.browser();
    elsewhere.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
}

#[tokio::test]
async fn the_limit_can_be_switched_off() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
    app.sign_up("ada@example.org").await;
    guess(&app, "ada@example.org", 12).await;
    app.browser().sign_in("ada@example.org", PASSWORD).await.assert_status(200);
}
