//! Somebody who has a passkey says whether the password alone is enough.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    mails::{app_with, send_due},
    passkeys::{EMAIL, add, answer, authenticator, begun, enrolled, passkeys, sign_in},
    smtp::{Offers, Relay},
    test_app::{Answer, Backend, Browser, PASSWORD, TestApp, authenticator::Authenticator},
};

const SET: &str = "/api/account/set_second_step";

async fn set(browser: &mut Browser, required: &str) -> Answer {
    browser.post(SET, &[("required", required)]).await
}

/// Turns it on, and returns the recovery codes.
async fn turn_on(browser: &mut Browser) -> Vec<String> {
    let codes = set(browser, "true").await.assert_status(200).json()["recovery_codes"].clone();
    serde_json::from_value(codes).unwrap()
}

/// Proves again who is signed in, with the passkey.
async fn prove(browser: &mut Browser, authenticator: &Authenticator) {
    let asked = begun(browser, "reauthentication").await;
    let credential = authenticator.get(&asked["options"]);
    let path = "/api/auth/reauthenticate_with_passkey";
    answer(browser, path, &asked, &credential).await.assert_status(200);
}

async fn overview(browser: &mut Browser) -> Value {
    browser.post("/api/account/security", &[]).await.assert_status(200).json()
}

/// What the password alone is answered.
async fn by_password(app: &TestApp) -> Value {
    app.browser().sign_in(EMAIL, PASSWORD).await.assert_status(200).json()
}

#[tokio::test]
async fn whoever_has_their_passkey_asked_for_is_not_signed_in_to_by_the_password_alone() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let (mut owner, authenticator) = enrolled(&app).await;
        assert_eq!(by_password(&app).await["status"], "signed_in", "they have not asked for it");
        let codes = turn_on(&mut owner).await;
        assert_eq!(codes.len(), 10);
        let shown = overview(&mut owner).await;
        assert_eq!((&shown["passkeys"], &shown["second_step"]), (&json!(true), &json!(true)));
        assert!(app.events().await.contains(&"second_step_enabled".to_owned()));

        let mut browser = app.browser();
        let asked = browser.sign_in(EMAIL, PASSWORD).await.assert_status(200).json();
        assert_eq!(asked["status"], "second_factor", "{backend:?}");
        assert_eq!(asked["methods"], json!(["recovery_code", "passkey"]));
        assert!(browser.refresh_token().is_empty());
        let page = browser.get("/login/second-step").await.body;
        assert!(
            page.contains("Use a passkey of your account. Without it, enter one of your recovery codes.")
        );
        let begun = begun(&mut browser, "second_step").await;
        let credential = authenticator.get(&begun["options"]);
        answer(&mut browser, "/api/auth/second_factor", &begun, &credential).await.assert_status(200);

        let mut lost = app.browser();
        lost.sign_in(EMAIL, PASSWORD).await.assert_status(200);
        lost.post("/api/auth/second_factor", &[("code", &codes[0])]).await.assert_status(200);
        sign_in(&mut app.browser(), &authenticator).await.assert_status(200);
    }
}

#[tokio::test]
async fn nobody_has_a_passkey_asked_for_who_has_none() {
    let app = TestApp::start().await;
    let mut ada = app.sign_up(EMAIL).await;
    assert_eq!(set(&mut ada, "true").await.assert_error(422, "invalid_input").fields(), ["required"]);
    app.give_totp(EMAIL).await;
    // With an app the password is not enough anyway.
    set(&mut ada, "true").await.assert_error(403, "reauthentication_required");
    assert_eq!(by_password(&app).await["methods"], json!(["totp"]));
}

#[tokio::test]
async fn turning_it_on_or_off_needs_a_recent_proof_of_the_level_that_the_account_has() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = enrolled(&app).await;
    app.advance(Duration::from_secs(16 * 60));
    owner.refresh().await.assert_status(200);
    set(&mut owner, "true").await.assert_error(403, "reauthentication_required");
    owner.post("/api/auth/reauthenticate", &[("password", PASSWORD)]).await.assert_status(200);
    turn_on(&mut owner).await;
    set(&mut owner, "false").await.assert_error(403, "reauthentication_required");
    prove(&mut owner, &authenticator).await;
    set(&mut owner, "false").await.assert_status(200);
    assert_eq!(by_password(&app).await["status"], "signed_in");
    assert_eq!(overview(&mut owner).await["recovery_codes"], 0, "they stand in for nothing");
}

#[tokio::test]
async fn it_ends_with_the_last_passkey_and_does_not_begin_again_with_another_one() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = enrolled(&app).await;
    turn_on(&mut owner).await;
    prove(&mut owner, &authenticator).await;
    let id = passkeys(&mut owner).await[0]["id"].as_str().unwrap().to_owned();
    owner.post("/api/account/passkey_remove", &[("passkey_id", &id)]).await.assert_status(200);
    assert_eq!(by_password(&app).await["status"], "signed_in");
    assert_eq!(overview(&mut owner).await["recovery_codes"], 0);
    add(&mut owner, &mut self::authenticator()).await.assert_status(200);
    assert_eq!(by_password(&app).await["status"], "signed_in");
}

#[tokio::test]
async fn removing_the_app_leaves_the_passkey_and_the_recovery_codes() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = enrolled(&app).await;
    let codes = turn_on(&mut owner).await;
    app.give_totp(EMAIL).await;
    prove(&mut owner, &authenticator).await;
    owner.post("/api/account/totp_remove", &[]).await.assert_status(200);
    assert_eq!(by_password(&app).await["methods"], json!(["recovery_code", "passkey"]));
    assert_eq!(overview(&mut owner).await["recovery_codes"], codes.len());
    // And the other way around: without the passkey the app is still asked for.
    app.give_totp(EMAIL).await;
    prove(&mut owner, &authenticator).await;
    let id = passkeys(&mut owner).await[0]["id"].as_str().unwrap().to_owned();
    owner.post("/api/account/passkey_remove", &[("passkey_id", &id)]).await.assert_status(200);
    assert_eq!(by_password(&app).await["methods"], json!(["totp", "recovery_code"]));
}

#[tokio::test]
async fn turning_it_on_signs_out_everywhere_else_and_is_told_by_mail() {
    let relay = Relay::start(Offers::default()).await;
    let app = app_with(Backend::Sqlite, &relay).await;
    let (mut owner, authenticator) = enrolled(&app).await;
    let mut elsewhere = app.browser();
    elsewhere.sign_in(EMAIL, PASSWORD).await.assert_status(200);
    turn_on(&mut owner).await;
    elsewhere.refresh().await.assert_error(401, "session_revoked");
    owner.refresh().await.assert_status(200);
    prove(&mut owner, &authenticator).await;
    set(&mut owner, "false").await.assert_status(200);
    send_due(&app).await;
    let subjects: Vec<_> =
        relay.received().iter().map(|mail| mail.header("Subject").unwrap().to_owned()).collect();
    for subject in
        ["Your password alone is no longer enough (Latchkey)", "A passkey is no longer asked for (Latchkey)"]
    {
        assert!(subjects.iter().any(|sent| sent == subject), "{subjects:?}");
    }
}

#[tokio::test]
async fn a_reset_by_an_administrator_ends_it_with_the_passkeys() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    let (mut owner, _) = enrolled(&app).await;
    turn_on(&mut owner).await;
    let id = app.user(EMAIL).await.id.to_string();
    let reset = admin.post("/api/admin/users/reset_factors", &[("user_id", &id)]).await;
    let code = reset.assert_status(200).json()["recovery_code"].as_str().unwrap().to_owned();
    let mut browser = app.browser();
    browser.sign_in(EMAIL, PASSWORD).await.assert_status(200);
    browser.post("/api/auth/second_factor", &[("code", &code)]).await.assert_status(200);
    add(&mut browser, &mut authenticator()).await.assert_status(200);
    assert_eq!(by_password(&app).await["status"], "signed_in");
}
