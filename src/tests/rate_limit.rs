//! How often a password may be tried, and that nobody is locked out of an account by somebody else.

use std::time::Duration;

use crate::tests::test_app::{BEGINNING, Backend, Browser, PASSWORD, TestApp};

async fn guess(app: &TestApp, email: &str, times: usize) {
    for _ in 0..times {
        app.browser().sign_in(email, "a wrong guess").await.assert_error(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn password_guesses_are_limited_per_account() {
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
async fn a_device_cookie_has_its_own_limit_and_is_valid_for_one_account() {
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
async fn a_dead_refresh_token_gives_no_fresh_guesses() {
    let app = TestApp::start().await;
    let mut known = app.sign_up("ada@example.org").await;
    let mut dead = known.thief();
    known.sign_out().await.assert_status(200);
    for _ in 0..3 {
        dead.sign_out().await.assert_status(200);
        assert!(!dead.cookies.contains_key("__Host-latchkey-device"), "{:?}", dead.cookies);
        dead.cookies.clone_from(&known.thief().cookies);
        dead.cookies.remove("__Host-latchkey-device");
    }
    // Signing in and out again gives no other one either.
    let device = known.cookies["__Host-latchkey-device"].clone();
    known.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    known.sign_out().await.assert_status(200);
    assert_eq!(known.cookies["__Host-latchkey-device"], device);
}

#[tokio::test]
async fn a_new_password_ends_every_device_cookie() {
    let app = TestApp::start().await;
    let mut known = app.sign_up("ada@example.org").await;
    let mut held = app.browser();
    held.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    let mut owner = app.browser();
    owner.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    known.sign_out().await.assert_status(200);
    let fields = [("current_password", PASSWORD), ("new_password", "another horse, another battery")];
    owner.post("/api/account/change_password", &fields).await.assert_status(200);
    guess(&app, "ada@example.org", 8).await;
    for browser in [&mut known, &mut held] {
        browser.sign_in("ada@example.org", PASSWORD).await;
        browser.sign_in("ada@example.org", PASSWORD).await.assert_error(429, "too_many_attempts");
    }
}

#[tokio::test]
async fn password_spraying_from_one_network_is_limited() {
    let app = TestApp::start().await;
    app.browser().at([203, 0, 113, 8]).sign_up("ada@example.org").await.assert_status(200);
    for n in 0..60 {
        let email = format!("person{n}@example.org");
        app.browser().sign_in(&email, "a wrong guess").await.assert_error(401, "invalid_credentials");
    }
    let answer = app.browser().sign_in("ada@example.org", PASSWORD).await;
    answer.assert_error(429, "too_many_attempts");
    assert_eq!(answer.header("retry-after"), Some("2"));
}

#[tokio::test]
async fn an_access_token_gives_no_unlimited_password_guesses() {
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

#[tokio::test]
async fn every_way_in_counts_against_its_network() {
    let app = TestApp::start().await;
    let mut known = app.sign_up("ada@example.org").await;
    let mut signed_in = app.sign_up("grace@example.org").await;
    let mut half_signed_in = app.browser();
    app.sign_up("heidi@example.org").await;
    app.give_totp("heidi@example.org").await;
    half_signed_in.sign_in("heidi@example.org", PASSWORD).await.assert_status(200);
    known.sign_out().await.assert_status(200);
    for n in 0..56 {
        let email = format!("person{n}@example.org");
        app.browser().sign_in(&email, "a wrong guess").await.assert_error(401, "invalid_credentials");
    }
    let sign_up: &[(&str, &str)] =
        &[("email", "new@example.org"), ("display_name", "New"), ("password", PASSWORD)];
    let link: &[(&str, &str)] = &[("token", "a guess"), ("password", PASSWORD)];
    let named_link = &[link, &[("display_name", "New")]].concat();
    let setup = &[link, &sign_up[..2]].concat();
    let ways_in: [(&str, &[(&str, &str)]); 4] = [
        ("/api/auth/register", sign_up),
        ("/api/auth/setup", setup),
        ("/api/auth/accept_invitation", named_link),
        ("/api/auth/reset", link),
    ];
    for (path, fields) in ways_in {
        app.browser().post(path, fields).await.assert_error(429, "too_many_attempts");
    }
    let code = [("code", "000000")];
    half_signed_in.post("/api/auth/second_factor", &code).await.assert_error(429, "too_many_attempts");
    known.sign_in("ada@example.org", PASSWORD).await.assert_error(429, "too_many_attempts");
    let password: &[(&str, &str)] = &[("password", PASSWORD)];
    let changed: &[(&str, &str)] =
        &[("current_password", PASSWORD), ("new_password", "a new and longer one")];
    for (path, fields) in [
        ("/api/auth/reauthenticate", password),
        ("/api/account/delete", password),
        ("/api/account/change_password", changed),
    ] {
        signed_in.post(path, fields).await.assert_error(429, "too_many_attempts");
    }
    // Each used up what is given back every two seconds, and nobody else is concerned.
    app.browser().at([203, 0, 113, 8]).post("/api/auth/register", sign_up).await.assert_status(200);
    app.advance(Duration::from_secs(2));
    known.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
}

#[tokio::test]
async fn two_hundred_and_fifty_connections_of_one_address_do_not_turn_an_honest_sign_in_into_a_503() {
    let settings = [("LATCHKEY_RATE_LIMIT", "off"), ("LATCHKEY_PASSWORDS_CONCURRENCY", "1")];
    let app = TestApp::with(Backend::Sqlite, &settings).await;
    app.sign_up("ada@example.org").await;
    let mut crowd: Vec<_> = (0..250).map(|_| app.browser()).collect();
    let emails: Vec<_> = (0..250).map(|n| format!("crowd{n}@example.org")).collect();
    let flood = crowd.iter_mut().zip(&emails).map(async |(browser, email)| match email.len() % 2 {
        0 => browser.sign_up(email).await,
        _ => browser.sign_in(email, "a wrong guess").await,
    });
    let mut honest = app.browser().at([203, 0, 113, 8]);
    let (flood, honest) =
        futures::join!(futures::future::join_all(flood), honest.sign_in("ada@example.org", PASSWORD));
    assert!(flood.iter().any(|answer| answer.status == 503), "the flood did not fill its part of the queue");
    honest.assert_status(200);
}

#[tokio::test]
async fn setting_the_clock_back_does_not_freeze_the_limits() {
    let app = TestApp::start().await;
    app.sign_up("ada@example.org").await;
    app.advance(Duration::from_secs(86_400));
    guess(&app, "ada@example.org", 10).await;
    app.clock.set(BEGINNING);
    app.browser().sign_in("ada@example.org", PASSWORD).await.assert_error(429, "too_many_attempts");
    app.advance(Duration::from_secs(60));
    app.browser().sign_in("ada@example.org", PASSWORD).await.assert_status(200);
}

#[tokio::test]
async fn a_member_cannot_fill_the_disk_with_refusals_and_changes_of_name() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
    let mut browser = app.sign_up("ada@example.org").await;
    for _ in 0..60 {
        browser.post("/api/admin/keys/list", &[]).await.assert_error(403, "forbidden");
        browser.get("/admin/users").await.assert_status(403);
    }
    let session = browser.post("/api/sessions/list", &[]).await.json()[0]["id"].as_str().unwrap().to_owned();
    for n in 0..50 {
        let name = format!("Ada {n}");
        browser.post("/api/account/update_profile", &[("display_name", &name)]).await.assert_status(200);
        let fields: &[(&str, &str)] = &[("session_id", &session), ("name", &name)];
        browser.post("/api/sessions/rename", fields).await.assert_status(200);
    }
    let renamed = browser.post("/api/account/update_profile", &[("display_name", "Ada")]).await;
    renamed.assert_error(429, "too_many_attempts");
    assert_eq!(renamed.header("retry-after"), Some("10"));
    let fields: &[(&str, &str)] = &[("session_id", &session), ("name", "Laptop")];
    browser.post("/api/sessions/rename", fields).await.assert_error(429, "too_many_attempts");
    let events = app.events().await;
    assert_eq!(events.iter().filter(|event| *event == "access_denied").count(), 100);
    app.advance(Duration::from_secs(60));
    browser.post("/api/admin/keys/list", &[]).await.assert_error(403, "forbidden");
    assert_eq!(app.events().await.iter().filter(|event| *event == "access_denied").count(), 101);
}
