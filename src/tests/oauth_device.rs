//! Devices that somebody connects by a code (RFC 8628).

use std::time::Duration;

use axum::http::header;
use futures::future::join_all;
use serde_json::{Value, json};

use super::{
    html::{Html, open},
    relying_party::*,
};
use crate::{
    model::oauth::client_kind::ClientKind,
    server::{
        client_info::{ActionContext, ClientInfo},
        oauth::clients::{self, ClientSettings},
    },
    tests::test_app::{Answer, Backend, Browser, PASSWORD, TestApp},
};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const SECOND: Duration = Duration::from_secs(1);

async fn device(app: &TestApp) -> RelyingParty {
    RelyingParty::register(app, ClientKind::Device, ClientSettings::default()).await
}

fn text(json: &Value, name: &str) -> String {
    json[name].as_str().unwrap_or_else(|| panic!("no {name}: {json}")).to_owned()
}

async fn begin(app: &TestApp, client: &RelyingParty) -> Value {
    let answer = client.call(app, "/oauth/device_authorization", &[("scope", "openid profile")]).await;
    answer.assert_status(200).json()
}

async fn poll(app: &TestApp, client: &RelyingParty, begun: &Value) -> Answer {
    let code = text(begun, "device_code");
    client.token(app, &[("grant_type", GRANT_TYPE), ("device_code", &code)]).await
}

async fn enter(browser: &mut Browser, user_code: &str) -> Answer {
    browser.submit("/device", "/device", &[("user_code", user_code)]).await
}

async fn decide(browser: &mut Browser, user_code: &str, decision: &str) -> Answer {
    browser.submit("/device", "/device", &[("user_code", user_code), ("decision", decision)]).await
}

async fn allow(browser: &mut Browser, begun: &Value) {
    let code = text(begun, "user_code");
    assert!(enter(browser, &code).await.assert_status(200).body.contains("Allow"));
    assert!(decide(browser, &code, "allow").await.assert_status(200).body.contains("is connected"));
}

/// Codes that no device shows.
fn wrong_codes() -> impl Iterator<Item = String> {
    "BCDFGHJKLMNPQRSTVWXZ".chars().map(|letter| format!("BCDF-GHJ{letter}"))
}

#[tokio::test]
async fn a_device_is_connected_by_its_code_without_javascript() {
    let app = TestApp::start().await;
    let client = device(&app).await;
    app.sign_up("ada@example.org").await;
    let begun = begin(&app, &client).await;
    let code = text(&begun, "user_code");
    assert_eq!((begun["expires_in"].clone(), begun["interval"].clone()), (json!(600), json!(5)));
    assert_eq!(begun["verification_uri"], "http://localhost:3000/device");
    assert_eq!(begun["verification_uri_complete"], format!("http://localhost:3000/device?user_code={code}"));
    assert_eq!((code.len(), code.as_bytes()[4]), (9, b'-'), "{code}");
    poll(&app, &client, &begun).await.assert_refused(400, "authorization_pending");

    // First whoever it is signs in, then they enter the code, and then they are asked.
    let mut browser = app.browser();
    let login =
        browser.get(&format!("/device?user_code={code}")).await.assert_status(303).location().to_owned();
    assert!(login.starts_with("/login?next=/device"), "{login}");
    browser.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    let page = browser.get(&format!("/device?user_code={code}")).await;
    assert!(page.assert_status(200).body.contains(&code), "it is filled in");
    assert!(!page.body.contains("value=\"allow\""), "{}", page.body);
    let asked = enter(&mut browser, &code.to_lowercase().replace('-', " ")).await;
    for text in ["Notes", "ada@example.org", "See your display name", &code, "Allow", "Cancel"] {
        assert!(asked.assert_status(200).body.contains(text), "{text}");
    }
    app.advance(5 * SECOND);
    poll(&app, &client, &begun).await.assert_refused(400, "authorization_pending");
    let done = decide(&mut browser, &code, "allow").await;
    assert!(done.assert_status(200).body.contains("is connected"), "{}", done.body);

    let tokens = poll(&app, &client, &begun).await.assert_status(200).json();
    assert_eq!(tokens["scope"], "openid profile");
    assert_eq!(claims(&text(&tokens, "id_token"))["aud"], client.id.as_str());
    assert!(is_accepted(&app, &text(&tokens, "access_token")).await);
    let again = client.refresh(&app, &text(&tokens, "refresh_token")).await.assert_status(200).json();
    // Once.
    poll(&app, &client, &begun).await.assert_refused(400, "invalid_grant");
    // It ends with the session in which it was allowed.
    browser.sign_out().await.assert_status(200);
    client.refresh(&app, &text(&again, "refresh_token")).await.assert_refused(400, "invalid_grant");
}

#[tokio::test]
async fn whoever_is_asked_in_the_name_of_somebody_else_connects_the_device_as_themselves() {
    let app = TestApp::start().await;
    let client = device(&app).await;
    app.sign_up("bob@example.org").await;
    let mut browser = app.sign_up("ada@example.org").await;
    let begun = begin(&app, &client).await;
    let code = text(&begun, "user_code");
    enter(&mut browser, &code).await.assert_status(200);
    let login = decide(&mut browser, &code, "another_account").await;
    let login = login.assert_status(303).location().to_owned();
    let next = open(&mut browser, &login).await.value("next");
    assert_eq!(next, format!("/device?user_code={code}"));
    browser.sign_in("bob@example.org", PASSWORD).await.assert_status(200);
    assert_eq!(open(&mut browser, &next).await.value("user_code"), code);
    // It was entered by a session that has ended, and by no other.
    assert!(enter(&mut browser, &code).await.body.contains("You are signed in as"));
    assert!(decide(&mut browser, &code, "allow").await.body.contains("is connected"));
    let tokens = poll(&app, &client, &begun).await.assert_status(200).json();
    let bob = app.user("bob@example.org").await.id.to_string();
    assert_eq!(claims(&text(&tokens, "id_token"))["sub"], bob);
}

#[tokio::test]
async fn a_device_that_was_refused_or_forgotten_hears_of_it() {
    let app = TestApp::start().await;
    let client = device(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let begun = begin(&app, &client).await;
    let code = text(&begun, "user_code");
    enter(&mut browser, &code).await.assert_status(200);
    assert!(decide(&mut browser, &code, "cancel").await.body.contains("was not connected"));
    poll(&app, &client, &begun).await.assert_refused(400, "access_denied");
    // It is over.
    assert!(decide(&mut browser, &code, "allow").await.body.contains("No device waits for this code"));
    poll(&app, &client, &begun).await.assert_refused(400, "access_denied");
    assert!(app.events().await.contains(&"consent_denied".to_owned()));

    let begun = begin(&app, &client).await;
    let code = text(&begun, "user_code");
    enter(&mut browser, &code).await.assert_status(200);
    app.advance(600 * SECOND);
    poll(&app, &client, &begun).await.assert_refused(400, "expired_token");
    assert!(decide(&mut browser, &code, "allow").await.body.contains("No device waits for this code"));
    assert!(enter(&mut browser, &code).await.body.contains("No device waits for this code"));
}

#[tokio::test]
async fn a_device_that_asks_too_often_waits_five_seconds_longer() {
    let app = TestApp::start().await;
    let client = device(&app).await;
    let begun = begin(&app, &client).await;
    poll(&app, &client, &begun).await.assert_refused(400, "authorization_pending");
    app.advance(4 * SECOND);
    poll(&app, &client, &begun).await.assert_refused(400, "slow_down");
    app.advance(9 * SECOND);
    poll(&app, &client, &begun).await.assert_refused(400, "slow_down");
    app.advance(15 * SECOND);
    poll(&app, &client, &begun).await.assert_refused(400, "authorization_pending");
}

#[tokio::test]
async fn a_code_that_somebody_has_entered_is_nobody_elses_to_decide() {
    let app = TestApp::start().await;
    let client = device(&app).await;
    let (mut ada, mut bob) = (app.sign_up("ada@example.org").await, app.sign_up("bob@example.org").await);
    let begun = begin(&app, &client).await;
    let code = text(&begun, "user_code");
    // Not entered by anybody yet.
    assert!(decide(&mut bob, &code, "allow").await.body.contains("No device waits for this code"));
    enter(&mut ada, &code).await.assert_status(200);
    let mut elsewhere = app.browser();
    elsewhere.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    for other in [&mut bob, &mut elsewhere] {
        assert!(enter(other, &code).await.body.contains("No device waits for this code"));
        for decision in ["allow", "cancel"] {
            let answer = decide(other, &code, decision).await;
            assert!(answer.body.contains("No device waits for this code"), "{}", answer.body);
        }
    }
    app.advance(5 * SECOND);
    poll(&app, &client, &begun).await.assert_refused(400, "authorization_pending");
    allow(&mut ada, &begun).await;
    let tokens = poll(&app, &client, &begun).await.assert_status(200).json();
    let subject = claims(&text(&tokens, "id_token"))["sub"].clone();
    assert_eq!(subject, json!(app.user("ada@example.org").await.id));
}

#[tokio::test]
async fn guessing_codes_is_limited_for_each_account_and_each_network() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    for wrong in wrong_codes().take(10) {
        assert!(enter(&mut browser, &wrong).await.assert_status(200).body.contains("No device waits"));
    }
    let refused = enter(&mut browser, "BCDF-GHJK").await;
    assert!(refused.assert_status(429).header("retry-after").is_some());
    let page = Html::parse(&refused.body);
    assert_eq!(page.heading(), "Connect a device");
    assert_eq!(page.title(), "Error: Connect a device · Latchkey");
    let [alert] = page.main().alerts().try_into().unwrap();
    assert!(alert.starts_with("Too many attempts.") && alert.contains("You can try again in"), "{alert}");
    assert_eq!(page.value("user_code"), "BCDF-GHJK", "it is kept");
    // From another address too, and not for another account there.
    let mut elsewhere = browser.clone().at([198, 51, 100, 1]);
    enter(&mut elsewhere, "BCDF-GHJK").await.assert_status(429);
    let mut bob = app.sign_up("bob@example.org").await;
    enter(&mut bob, "BCDF-GHJK").await.assert_status(200);
    // One network has so many attempts, whoever makes them.
    let mut refused = 0;
    for n in 0..8 {
        let mut other = app.browser().at([198, 51, 100, 2]);
        other.sign_up(&format!("somebody{n}@example.org")).await.assert_status(200);
        let mut other = other.at([203, 0, 113, 99]);
        for wrong in wrong_codes().take(9) {
            refused += u32::from(enter(&mut other, &wrong).await.status == 429);
        }
    }
    assert_eq!(refused, 8 * 9 - 60);
}

#[tokio::test]
async fn a_page_of_another_site_cannot_connect_a_device() {
    let app = TestApp::start().await;
    let client = device(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let begun = begin(&app, &client).await;
    let code = text(&begun, "user_code");
    enter(&mut browser, &code).await.assert_status(200);
    let mut forged = Browser::form("/device", format!("user_code={code}&decision=allow"));
    forged.headers_mut().insert(header::ORIGIN, "https://evil.example".parse().unwrap());
    browser.send(forged).await.assert_status(403);
    poll(&app, &client, &begun).await.assert_refused(400, "authorization_pending");
}

#[tokio::test]
async fn a_device_code_is_for_clients_of_its_kind_and_for_the_one_that_got_it() {
    let app = TestApp::start().await;
    let (client, other) = (device(&app).await, device(&app).await);
    let web = RelyingParty::trusted(&app).await;
    web.call(&app, "/oauth/device_authorization", &[]).await.assert_refused(400, "unauthorized_client");
    let begun = begin(&app, &client).await;
    poll(&app, &web, &begun).await.assert_refused(400, "unauthorized_client");
    let mut browser = app.sign_up("ada@example.org").await;
    allow(&mut browser, &begun).await;
    poll(&app, &other, &begun).await.assert_refused(400, "invalid_grant");
    let unknown = [("grant_type", GRANT_TYPE), ("device_code", "x")];
    client.token(&app, &unknown).await.assert_refused(400, "invalid_grant");
    client.token(&app, &unknown[..1]).await.assert_refused(400, "invalid_request");
    let wrong = client.call(&app, "/oauth/device_authorization", &[("scope", "admin")]).await;
    wrong.assert_refused(400, "invalid_scope");
    poll(&app, &client, &begun).await.assert_status(200);
    let document = app.browser().get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["device_authorization_endpoint"], "http://localhost:3000/oauth/device_authorization");
    assert!(document["grant_types_supported"].as_array().unwrap().contains(&json!(GRANT_TYPE)));
}

#[tokio::test]
async fn of_fifty_questions_of_a_device_one_gets_tokens_on_sqlite() {
    fifty_polls(Backend::Sqlite).await;
}

#[tokio::test]
async fn of_fifty_questions_of_a_device_one_gets_tokens_on_postgres() {
    fifty_polls(Backend::Postgres).await;
}

async fn fifty_polls(backend: Backend) {
    let app = TestApp::with(backend, &[]).await;
    let client = device(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let begun = begin(&app, &client).await;
    allow(&mut browser, &begun).await;
    let answers = join_all((0..50).map(|_| poll(&app, &client, &begun))).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(won.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.assert_refused(400, "invalid_grant");
    }
    assert!(is_accepted(&app, &text(&won[0].json(), "access_token")).await);
}

#[tokio::test]
async fn a_device_code_is_not_used_up_while_there_is_no_key_to_encrypt_its_tokens_with() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let with_key =
        |key: &str| ClientSettings { id_token_key: Some(key.to_owned()), ..ClientSettings::default() };
    // Nobody listens at the port of nothing.
    let keyed = with_key("http://127.0.0.1:1/keys");
    let client = RelyingParty::register(&app, ClientKind::Device, keyed).await;
    let begun = begin(&app, &client).await;
    allow(&mut browser, &begun).await;
    poll(&app, &client, &begun).await.assert_refused(503, "temporarily_unavailable");
    let by = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &by };
    clients::update(&app.state, context, None, &client.id, &with_key("")).await.unwrap();
    poll(&app, &client, &begun).await.assert_status(200);
}
