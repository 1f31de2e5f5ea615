//! Signing in in two steps: whoever has a second factor gets no session without it, whichever way they come in.

use std::time::Duration;

use super::{
    html::open,
    test_app::{Answer, Backend, Browser, PASSWORD, TestApp},
};

const ADA: &str = "ada@example.org";
const STEP: Duration = Duration::from_secs(30);

/// A browser in which the password was right.
async fn first_step(app: &TestApp) -> Browser {
    let mut browser = app.browser();
    let answer = browser.sign_in(ADA, PASSWORD).await;
    assert_asks_for_second_step(&browser, &answer);
    browser
}

async fn second_step(browser: &mut Browser, code: &str) -> Answer {
    browser.post("/api/auth/second_factor", &[("code", code)]).await
}

#[track_caller]
fn assert_asks_for_second_step(browser: &Browser, answer: &Answer) {
    answer.assert_status(200);
    let json = answer.json();
    assert_eq!((json["status"].as_str(), json["expires_in"].as_u64()), (Some("second_factor"), Some(600)));
    assert!(json.get("access_token").is_none(), "{json}");
    assert!(browser.refresh_token().is_empty(), "no session has started");
}

#[tokio::test]
async fn the_password_alone_starts_no_session_where_there_is_an_authenticator_app() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        app.sign_up(ADA).await;
        let secret = app.give_totp(ADA).await;
        let mut browser = app.browser();
        let answer = browser.sign_in(ADA, PASSWORD).await;
        assert_asks_for_second_step(&browser, &answer);
        assert_eq!(answer.json()["methods"], serde_json::json!(["totp"]));
        let cookie = answer.header("set-cookie").unwrap();
        for part in
            ["__Host-latchkey-attempt=", "HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age=600"]
        {
            assert!(cookie.contains(part), "{part} is not in {cookie}");
        }

        let answer = second_step(&mut browser, &secret.code_at(app.clock.now())).await;
        answer.assert_status(200);
        assert_eq!(answer.json()["status"], "signed_in");
        browser.use_token().await.assert_status(200);
        assert!(!browser.cookies.contains_key("__Host-latchkey-attempt"), "it is of no more use");
        let events = app.events().await;
        assert_eq!(events[events.len() - 2..], ["second_step_requested", "signed_in"]);
    }
}

/// Row 8: half signed in, one could set up a new factor.
#[tokio::test]
async fn whoever_is_half_signed_in_can_call_nothing_but_the_second_step() {
    let app = TestApp::start().await;
    app.sign_up(ADA).await;
    app.give_totp(ADA).await;
    let mut browser = first_step(&app).await;
    let second_step = "/api/auth/second_factor";
    for endpoint in crate::server::http::endpoints::ENDPOINTS.iter() {
        if endpoint.path.starts_with("/api/auth/") {
            continue;
        }
        assert_ne!(endpoint.path, second_step);
        let fields: Vec<_> = endpoint.fields.iter().map(|name| (*name, "1")).collect();
        browser.post(endpoint.path, &fields).await.assert_error(401, "missing_token");
    }
    browser
        .post("/api/auth/reauthenticate", &[("password", PASSWORD)])
        .await
        .assert_error(401, "missing_token");
}

/// Row 9: a cookie of the sign-in page that anybody could make.
#[tokio::test]
async fn the_cookie_of_the_second_step_can_not_be_made_changed_or_read() {
    let app = TestApp::start().await;
    app.sign_up(ADA).await;
    let secret = app.give_totp(ADA).await;
    let browser = first_step(&app).await;
    let good = browser.cookies["__Host-latchkey-attempt"].clone();
    assert!(!good.contains(app.user(ADA).await.id.as_str()), "it is sealed");
    let code = secret.code_at(app.clock.now());
    let flipped = |place: usize| {
        let mut bytes = good.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let elsewhere = app.state.vault.seal("sign-in attempt", b"{}", &app.state.entropy).unwrap();
    let mut forged = vec![String::new(), "a.b".to_owned(), elsewhere, flipped(3), flipped(good.len() - 10)];
    forged.push(good[..good.len() - 4].to_owned());
    for value in forged {
        let mut browser = app.browser();
        browser.cookies.insert("__Host-latchkey-attempt".to_owned(), value);
        second_step(&mut browser, &code).await.assert_error(403, "sign_in_expired");
    }
    app.browser()
        .post("/api/auth/second_factor", &[("code", &code)])
        .await
        .assert_error(403, "sign_in_expired");
}

#[tokio::test]
async fn a_first_step_counts_for_ten_minutes_once_and_until_the_account_changes() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        app.sign_up(ADA).await;
        let secret = app.give_totp(ADA).await;
        let code = |app: &TestApp| secret.code_at(app.clock.now());

        let mut late = first_step(&app).await;
        app.advance(Duration::from_millis(599_999));
        let mut in_time = app.same(&late);
        second_step(&mut in_time, &code(&app)).await.assert_status(200);
        app.advance(Duration::from_millis(1));
        second_step(&mut late, &code(&app)).await.assert_error(403, "sign_in_expired");

        // On another node, too: what is used up is in the database.
        let mut browser = first_step(&app).await;
        let mut copy = app.same(&browser);
        app.advance(STEP);
        second_step(&mut browser, &code(&app)).await.assert_status(200);
        app.advance(STEP);
        second_step(&mut copy, &code(&app)).await.assert_error(403, "sign_in_expired");

        let mut before = first_step(&app).await;
        app.give_recovery_codes(ADA, 1).await;
        app.advance(STEP);
        second_step(&mut before, &code(&app)).await.assert_error(403, "sign_in_expired");
    }
}

/// Row 18: a factor of an account that was stopped still signed in.
#[tokio::test]
async fn an_account_that_is_disabled_between_the_steps_is_not_signed_in_to() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    app.sign_up(ADA).await;
    let secret = app.give_totp(ADA).await;
    let mut browser = first_step(&app).await;
    let id = app.user(ADA).await.id.to_string();
    admin.post("/api/admin/users/disable", &[("user_id", &id)]).await.assert_status(200);
    second_step(&mut browser, &secret.code_at(app.clock.now())).await.assert_error(403, "sign_in_expired");
}

/// Row 6: a code worked twice.
#[tokio::test]
async fn of_fifty_who_use_one_code_at_once_one_gets_a_session() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
        app.sign_up(ADA).await;
        let code = app.give_totp(ADA).await.code_at(app.clock.now());
        let mut browsers = Vec::new();
        for _ in 0..50 {
            browsers.push(first_step(&app).await);
        }
        let answers = browsers.iter_mut().map(|browser| second_step(browser, &code));
        let answers = futures::future::join_all(answers).await;
        let signed_in = answers.iter().filter(|answer| answer.status.as_u16() == 200).count();
        assert_eq!(signed_in, 1, "{backend:?}");
    }
}

/// Row 6, and asking again who somebody is.
#[tokio::test]
async fn a_code_that_signed_in_proves_nothing_again_and_of_many_proofs_with_one_code_one_counts() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
        app.sign_up(ADA).await;
        let secret = app.give_totp(ADA).await;
        let (mut browser, code) = (first_step(&app).await, secret.code_at(app.clock.now()));
        second_step(&mut browser, &code).await.assert_status(200);
        let prove = async |browser: &Browser, code: &str| {
            let fields = [("password", PASSWORD), ("code", code)];
            browser.clone().post("/api/auth/reauthenticate", &fields).await.status.as_u16()
        };
        assert_eq!(prove(&browser, &code).await, 401, "{backend:?}");
        app.advance(STEP);
        let code = secret.code_at(app.clock.now());
        let proofs = (0..10).map(|_| prove(&browser, &code));
        let statuses = futures::future::join_all(proofs).await;
        let proved = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!(proved, 1, "{backend:?}: {statuses:?}");
    }
}

#[tokio::test]
async fn a_code_of_the_step_before_or_after_works_and_an_older_one_than_the_last_does_not() {
    let app = TestApp::start().await;
    app.sign_up(ADA).await;
    let secret = app.give_totp(ADA).await;
    let now = app.clock.now();
    let (before, current, after) =
        (secret.code_at(now - STEP), secret.code_at(now), secret.code_at(now + STEP));
    second_step(&mut first_step(&app).await, &before).await.assert_status(200);
    second_step(&mut first_step(&app).await, &before).await.assert_error(401, "invalid_credentials");
    second_step(&mut first_step(&app).await, &after).await.assert_status(200);
    second_step(&mut first_step(&app).await, &current).await.assert_error(401, "invalid_credentials");
    let far = secret.code_at(now + 2 * STEP);
    second_step(&mut first_step(&app).await, &far).await.assert_error(401, "invalid_credentials");
}

/// Row 11: recovery codes that were not used up, or worked twice at once.
#[tokio::test]
async fn a_recovery_code_works_once_also_for_many_at_once_and_however_it_is_typed() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
        app.sign_up(ADA).await;
        app.give_totp(ADA).await;
        let codes = app.give_recovery_codes(ADA, 3).await;
        let mut browsers = Vec::new();
        for _ in 0..8 {
            browsers.push(first_step(&app).await);
        }
        let answers = browsers.iter_mut().map(|browser| second_step(browser, &codes[0]));
        let answers = futures::future::join_all(answers).await;
        assert_eq!(answers.iter().filter(|answer| answer.status.as_u16() == 200).count(), 1, "{backend:?}");

        let typed = codes[1].to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        second_step(&mut first_step(&app).await, &typed).await.assert_status(200);
        second_step(&mut first_step(&app).await, &codes[1]).await.assert_error(401, "invalid_credentials");
        second_step(&mut first_step(&app).await, &codes[2]).await.assert_status(200);
        let events = app.events().await;
        assert_eq!(events.iter().filter(|event| *event == "recovery_code_used").count(), 3);
    }
}

/// Row 17: whoever is signed in used a factor of somebody else.
#[tokio::test]
async fn a_code_of_another_account_does_not_work() {
    let app = TestApp::start().await;
    app.sign_up(ADA).await;
    app.sign_up("eve@example.org").await;
    app.give_totp(ADA).await;
    let eves = app.give_totp("eve@example.org").await.code_at(app.clock.now());
    let eves_recovery = app.give_recovery_codes("eve@example.org", 1).await.remove(0);
    let mut browser = first_step(&app).await;
    for code in [eves, eves_recovery.clone()] {
        second_step(&mut browser, &code).await.assert_error(401, "invalid_credentials");
    }
    let mut eve = app.browser();
    eve.sign_in("eve@example.org", PASSWORD).await.assert_status(200);
    second_step(&mut eve, &eves_recovery).await.assert_status(200);
}

/// Row 5: attempts that were counted anew after the password was entered again.
#[tokio::test]
async fn entering_the_password_again_does_not_begin_anew_to_count_wrong_codes() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
        app.sign_up(ADA).await;
        let secret = app.give_totp(ADA).await;
        let recovery = app.give_recovery_codes(ADA, 1).await.remove(0);
        for _ in 0..10 {
            second_step(&mut first_step(&app).await, "000000").await.assert_error(401, "invalid_credentials");
        }
        let mut browser = first_step(&app).await;
        let refused = second_step(&mut browser, &secret.code_at(app.clock.now())).await;
        refused.assert_error(429, "too_many_attempts");
        assert_eq!(refused.header("retry-after"), Some("60"));
        // What comes too early is not looked at, and not counted.
        app.advance(Duration::from_secs(60));
        second_step(&mut browser, "000000").await.assert_error(401, "invalid_credentials");
        let refused = second_step(&mut browser, "000000").await;
        assert_eq!(refused.header("retry-after"), Some("120"), "the wait doubles");
        // The other factor has a counter of its own.
        second_step(&mut browser, &recovery).await.assert_status(200);
        // A sign-in with the factor itself ends the row.
        app.advance(Duration::from_secs(120));
        second_step(&mut first_step(&app).await, &secret.code_at(app.clock.now())).await.assert_status(200);
        second_step(&mut first_step(&app).await, "000000").await.assert_error(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_keeps_nobody_out_of_the_second_step() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
    app.sign_up(ADA).await;
    app.give_totp(ADA).await;
    let codes = app.give_recovery_codes(ADA, 1).await;
    let real = app.clock.now();
    app.clock.set(real + Duration::from_secs(86_400));
    let mut browser = first_step(&app).await;
    for _ in 0..10 {
        second_step(&mut browser, "0000-0000-0000-0000").await.assert_error(401, "invalid_credentials");
    }
    second_step(&mut browser, &codes[0]).await.assert_error(429, "too_many_attempts");
    app.clock.set(real);
    let mut browser = first_step(&app).await;
    second_step(&mut browser, &codes[0]).await.assert_status(200);
}

#[tokio::test]
async fn after_a_hundred_wrong_codes_the_app_is_switched_off_and_recovery_codes_go_on() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
    app.sign_up(ADA).await;
    let secret = app.give_totp(ADA).await;
    let recovery = app.give_recovery_codes(ADA, 1).await.remove(0);
    for _ in 0..100 {
        second_step(&mut first_step(&app).await, "000000").await.assert_error(401, "invalid_credentials");
        app.advance(Duration::from_secs(3600));
    }
    let mut browser = app.browser();
    let answer = browser.sign_in(ADA, PASSWORD).await;
    assert_eq!(answer.json()["methods"], serde_json::json!(["recovery_code"]));
    let refused = second_step(&mut browser, &secret.code_at(app.clock.now())).await;
    refused.assert_error(422, "invalid_input");
    assert!(refused.body.contains("switched off"), "{}", refused.body);
    second_step(&mut browser, &recovery).await.assert_status(200);
}

#[tokio::test]
async fn recovery_codes_are_not_offered_while_none_is_looked_at_and_the_page_says_for_how_long() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
    app.sign_up(ADA).await;
    app.give_totp(ADA).await;
    let code = app.give_recovery_codes(ADA, 1).await.remove(0);
    let mut browser = first_step(&app).await;
    let says = "Too many wrong recovery codes were entered.";
    for _ in 0..10 {
        assert!(!browser.get("/login/second-step").await.body.contains(says));
        let refused = second_step(&mut browser, "0000-0000-0000-0000").await;
        refused.assert_error(401, "invalid_credentials");
    }
    let page = open(&mut browser, "/login/second-step").await.main().text();
    assert!(page.contains(says) && page.contains("The next one can be entered in a minute."), "{page}");
    assert!(page.contains("Enter the 6 digits") && !page.contains("one of your recovery codes"), "{page}");
    let answer = app.browser().sign_in(ADA, PASSWORD).await;
    assert_eq!(answer.json()["methods"], serde_json::json!(["totp"]));

    app.advance(Duration::from_secs(60));
    assert!(browser.get("/login/second-step").await.body.contains("one of your recovery codes"));
    second_step(&mut browser, &code).await.assert_status(200);
}

#[tokio::test]
async fn the_second_step_works_without_javascript() {
    let app = TestApp::start().await;
    app.sign_up(ADA).await;
    let secret = app.give_totp(ADA).await;
    app.give_recovery_codes(ADA, 1).await;
    let mut browser = app.browser();
    let fields = [("email", ADA), ("password", PASSWORD), ("next", "/account/sessions")];
    let answer = browser.submit("/login?next=/account/sessions", "/api/auth/login", &fields).await;
    answer.assert_status(303);
    let page = "/login/second-step?next=/account/sessions";
    assert_eq!((answer.location(), answer.body.as_str()), (page, ""));

    let shown = open(&mut browser, page).await;
    assert_eq!(shown.heading(), "Confirm that it is you");
    assert!(shown.main().text().contains("one of your recovery codes"));
    assert_eq!(shown.field("code").get("autocomplete").map(String::as_str), Some("one-time-code"));
    let fields = [("code", "000000"), ("next", "/account/sessions")];
    let answer = browser.submit(page, "/api/auth/second_factor", &fields).await;
    assert_eq!(answer.location(), page);
    let shown = open(&mut browser, page).await;
    assert!(
        shown.main().alerts().concat().contains("Code: This code does not work."),
        "{:?}",
        shown.main().alerts()
    );
    assert_eq!(shown.title(), "Error: Confirm that it is you · Latchkey");

    let code = secret.code_at(app.clock.now());
    let fields = [("code", code.as_str()), ("next", "/account/sessions")];
    let answer = browser.submit(page, "/api/auth/second_factor", &fields).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/account/sessions"));
    assert_eq!(open(&mut browser, "/account/sessions").await.heading(), "Your sessions");
    assert!(open(&mut browser, page).await.main().text().contains("was finished or has expired"));
}
