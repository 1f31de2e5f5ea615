//! How well somebody has proved who they are, as apps and services are told; and apps that ask for more.

use std::time::Duration;

use super::{
    passkeys,
    relying_party::{RelyingParty, answered, claims, path},
    test_app::{Backend, Browser, PASSWORD, TestApp, authenticator::Authenticator},
};
use crate::server::authentication::totp::TotpSecret;

const ADA: &str = "ada@example.org";
const STEP: Duration = Duration::from_secs(30);
const SFA: &str = "https://refeds.org/profile/sfa";
const MFA: &str = "https://refeds.org/profile/mfa";

/// Somebody who is signed in with both factors.
async fn with_app(app: &TestApp) -> (Browser, TotpSecret) {
    app.sign_up(ADA).await;
    let secret = app.give_totp(ADA).await;
    let mut browser = app.browser();
    browser.sign_in(ADA, PASSWORD).await.assert_status(200);
    let code = secret.code_at(app.clock.now());
    browser.post("/api/auth/second_factor", &[("code", &code)]).await.assert_status(200);
    (browser, secret)
}

#[tokio::test]
async fn tokens_say_what_was_proved_and_a_refresh_never_raises_it() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let client = RelyingParty::trusted(&app).await;
        let mut eve = app.sign_up("eve@example.org").await;
        let (mut ada, _) = with_app(&app).await;
        for (browser, acr, amr) in [
            (&mut eve, SFA, serde_json::json!(["pwd"])),
            (&mut ada, MFA, serde_json::json!(["pwd", "otp", "mfa"])),
        ] {
            let tokens = client.sign_in(&app, browser).await;
            let access = tokens["access_token"].as_str().unwrap();
            for token in [access, tokens["id_token"].as_str().unwrap()] {
                let claims = claims(token);
                assert_eq!((&claims["acr"], &claims["amr"]), (&acr.into(), &amr));
                assert!(claims["auth_time"].is_number());
            }
            let said = client.call(&app, "/oauth/introspect", &[("token", access)]).await.json();
            assert_eq!((&said["acr"], said["auth_time"].is_number()), (&acr.into(), true));
        }
        let tokens = client.sign_in(&app, &mut eve).await;
        // She proves more afterwards; what was granted before stays what it was.
        app.give_totp("eve@example.org").await;
        let refreshed = client.refresh(&app, tokens["refresh_token"].as_str().unwrap()).await.json();
        assert_eq!(claims(refreshed["access_token"].as_str().unwrap())["acr"], SFA);
    }
}

#[tokio::test]
async fn an_app_that_asks_for_two_factors_gets_them_by_a_step_up_on_its_own_page() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up(ADA).await;
    let asks = path(&client.request_with(&[("acr_values", MFA)]));
    // Who has no second factor can't be asked for it, and the app is told.
    assert_eq!(answered(&browser.get(&asks).await)["error"], "unmet_authentication_requirements");

    // A session of one factor, from before the app was set up.
    let secret = app.give_totp(ADA).await;
    let silent = path(&client.request_with(&[("acr_values", MFA), ("prompt", "none")]));
    assert_eq!(answered(&browser.get(&silent).await)["error"], "login_required");
    let page = browser.get(&asks).await.assert_status(303).location().to_owned();
    let shown = browser.get(&page).await;
    assert!(shown.body.contains("consent-password") && shown.body.contains("consent-code"));
    let code = secret.code_at(app.clock.now());
    let alone = browser.submit(&page, &page, &[("password", PASSWORD)]).await;
    assert_eq!(alone.header("refresh"), None, "the password alone is not enough");
    let wrong = browser.submit(&page, &page, &[("password", PASSWORD), ("code", "000000")]).await;
    assert!(wrong.body.contains("This code does not work."), "{}", wrong.body);
    let right = browser.submit(&page, &page, &[("password", PASSWORD), ("code", &code)]).await;
    let tokens = client.redeem(&app, &answered(&right)["code"]).await.assert_status(200).json();
    assert_eq!(claims(tokens["id_token"].as_str().unwrap())["acr"], MFA);
    // From now on nothing is asked.
    assert!(answered(&browser.get(&asks).await).contains_key("code"));
}

#[tokio::test]
async fn a_token_names_the_level_that_was_asked_for_if_it_is_met() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let (mut browser, _) = with_app(&app).await;
    for (asked, said) in [
        (SFA, SFA),
        (MFA, MFA),
        ("https://refeds.org/profile/sfa https://refeds.org/profile/mfa", SFA),
        ("other", MFA),
    ] {
        let fields = answered(&browser.get(&path(&client.request_with(&[("acr_values", asked)]))).await);
        let tokens = client.redeem(&app, &fields["code"]).await.json();
        assert_eq!(claims(tokens["id_token"].as_str().unwrap())["acr"], said, "{asked}");
    }
    let unreachable = path(&client.request_with(&[("acr_values", "phr")]));
    let error = &answered(&browser.get(&unreachable).await)["error"];
    assert_eq!(error, "unmet_authentication_requirements");
}

#[tokio::test]
async fn prompt_login_asks_for_the_code_too_where_there_is_a_second_step() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let (mut browser, secret) = with_app(&app).await;
    app.advance(STEP);
    let asks = path(&client.request_with(&[("prompt", "login")]));
    let page = browser.get(&asks).await.assert_status(303).location().to_owned();
    let alone = browser.submit(&page, &page, &[("password", PASSWORD)]).await;
    assert_eq!(alone.header("refresh"), None, "{alone:?}");
    app.advance(Duration::from_secs(1));
    let code = secret.code_at(app.clock.now());
    let both = browser.submit(&page, &page, &[("password", PASSWORD), ("code", &code)]).await;
    let tokens = client.redeem(&app, &answered(&both)["code"]).await.assert_status(200).json();
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(id_token["acr"], MFA);
    assert_eq!(id_token["auth_time"], app.clock.now().seconds());
}

/// Proves with a passkey who it is, for this request of an app.
async fn prove(browser: &mut Browser, passkey: &Authenticator, request: &str) {
    let asked = passkeys::begun(browser, "reauthentication").await;
    let credential = passkey.get(&asked["options"]).to_string();
    let state = asked["state"].as_str().unwrap();
    let fields = [("credential", credential.as_str()), ("state", state), ("request", request)];
    browser.post("/api/auth/reauthenticate_with_passkey", &fields).await.assert_status(200);
}

#[tokio::test]
async fn an_app_that_wants_the_person_asked_again_takes_a_passkey() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let (mut browser, passkey) = passkeys::enrolled(&app).await;
    app.advance(Duration::from_secs(1));
    let asks = path(&client.request_with(&[("prompt", "login")]));
    let page = browser.get(&asks).await.assert_status(303).location().to_owned();
    let shown = browser.get(&page).await.body;
    assert!(shown.contains("consent-password") && shown.contains("Use a passkey"), "{shown}");
    app.advance(Duration::from_secs(1));
    let request = page.split_once("request=").unwrap().1;
    // In another browser it is not under way.
    let mut other = app.browser();
    passkeys::sign_in(&mut other, &passkey).await.assert_status(200);
    prove(&mut other, &passkey, request).await;
    assert!(browser.get(&page).await.body.contains("consent-password"));
    prove(&mut browser, &passkey, request).await;
    let tokens = client.redeem(&app, &answered(&browser.get(&page).await)["code"]).await.json();
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(
        (&id_token["acr"], &id_token["auth_time"]),
        (&"phr".into(), &app.clock.now().seconds().into())
    );
}

#[tokio::test]
async fn who_has_nothing_but_a_passkey_meets_the_level_that_an_app_or_the_policy_asks_for_with_it() {
    for policy in ["optional", "everyone"] {
        let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_SECOND_FACTOR", policy)]).await;
        let client = RelyingParty::trusted(&app).await;
        let (mut browser, passkey) = passkeys::enrolled(&app).await;
        let asks = path(&client.request_with(&[("acr_values", "phr")]));
        let silent = path(&client.request_with(&[("acr_values", "phr"), ("prompt", "none")]));
        assert_eq!(answered(&browser.get(&silent).await)["error"], "login_required");
        let page = browser.get(&asks).await.assert_status(303).location().to_owned();
        let shown = browser.get(&page).await.body;
        assert!(shown.contains("Use a passkey") && !shown.contains("consent-password"), "{shown}");
        let password = browser.submit(&page, &page, &[("password", PASSWORD)]).await;
        assert_eq!(password.header("refresh"), None, "{policy}: the password is not enough");
        prove(&mut browser, &passkey, page.split_once("request=").unwrap().1).await;
        let tokens = client.redeem(&app, &answered(&browser.get(&page).await)["code"]).await.json();
        assert_eq!(claims(tokens["id_token"].as_str().unwrap())["acr"], "phr", "{policy}");
    }
}

#[tokio::test]
async fn where_everyone_needs_a_second_factor_no_app_is_signed_in_to_without_one() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_SECOND_FACTOR", "everyone")]).await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up(ADA).await;
    let page = browser.get(&path(&client.request())).await.assert_status(303).location().to_owned();
    assert!(browser.get(&page).await.body.contains("You need a second factor to sign in to apps here."));
    let decided = browser.submit(&page, &page, &[("decision", "allow")]).await;
    assert_eq!(decided.header("refresh"), None, "{decided:?}");
    let silent = path(&client.request_with(&[("prompt", "none")]));
    assert_eq!(answered(&browser.get(&silent).await)["error"], "interaction_required");

    let mut other = app.browser();
    app.sign_up("eve@example.org").await;
    let secret = app.give_totp("eve@example.org").await;
    other.sign_in("eve@example.org", PASSWORD).await.assert_status(200);
    let code = secret.code_at(app.clock.now());
    other.post("/api/auth/second_factor", &[("code", &code)]).await.assert_status(200);
    assert!(answered(&other.get(&path(&client.request())).await).contains_key("code"));
}
