//! Requests that a client pushes before it sends the person (RFC 9126).

use std::time::Duration;

use super::relying_party::*;
use crate::{
    model::oauth::client_kind::ClientKind,
    server::oauth::clients::ClientSettings,
    tests::test_app::{Answer, Browser, TestApp, encode},
};

async fn third_party(app: &TestApp) -> RelyingParty {
    RelyingParty::register(app, ClientKind::Web, ClientSettings::default()).await
}

async fn push(app: &TestApp, client: &RelyingParty, request: &Request) -> Answer {
    let fields = request.iter().filter(|(name, _)| **name != "client_id");
    let fields: Vec<_> = fields.map(|(name, value)| (*name, value.as_str())).collect();
    client.call(app, "/oauth/par", &fields).await
}

/// Where the client sends the person.
async fn pushed(app: &TestApp, client: &RelyingParty, request: &Request) -> String {
    let answer = push(app, client, request).await;
    let stored = answer.assert_status(201).json();
    assert_eq!(stored["expires_in"], 60);
    let uri = stored["request_uri"].as_str().unwrap();
    assert!(uri.starts_with("urn:ietf:params:oauth:request_uri:"), "{uri}");
    format!("/oauth/authorize?{}", encode(&[("client_id", client.id.as_str()), ("request_uri", uri)]))
}

#[tokio::test]
async fn a_pushed_request_signs_somebody_in() {
    let app = TestApp::start().await;
    let client = third_party(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let address = pushed(&app, &client, &client.request()).await;
    let page = browser.get(&address).await.assert_status(303).location().to_owned();
    assert!(page.starts_with("/consent?request="), "{page}");
    browser.get(&page).await.assert_status(200);
    let fields = answered(&browser.submit(&page, &page, &[("decision", "allow")]).await);
    assert_eq!(fields["state"], STATE);
    client.redeem(&app, &fields["code"]).await.assert_status(200);
    let document = app.browser().get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["pushed_authorization_request_endpoint"], "http://localhost:3000/oauth/par");
}

#[tokio::test]
async fn a_pushed_request_is_good_once_for_a_minute_and_for_its_client() {
    let app = TestApp::start().await;
    let (client, other) = (third_party(&app).await, third_party(&app).await);
    let mut browser = app.sign_up("ada@example.org").await;
    let address = pushed(&app, &client, &client.request()).await;
    let foreign = address.replace(client.id.as_str(), other.id.as_str());
    assert_eq!(browser.get(&foreign).await.assert_status(400).header("location"), None);
    let unnamed = address.replace("client_id=", "x=");
    browser.get(&unnamed).await.assert_status(400);
    // What else stands in the address counts for nothing.
    let smuggled = format!("{address}&redirect_uri=https://evil.example/&scope=email");
    assert!(browser.get(&smuggled).await.assert_status(303).location().starts_with("/consent"));
    browser.get(&address).await.assert_status(400);
    app.sign_up("bob@example.org").await.get(&address).await.assert_status(400);
    let late = pushed(&app, &client, &client.request()).await;
    app.advance(Duration::from_secs(60));
    browser.get(&late).await.assert_status(400);
}

#[tokio::test]
async fn a_client_that_must_push_is_refused_otherwise() {
    let app = TestApp::start().await;
    let settings =
        ClientSettings { trusted: Some(true), require_pushed: Some(true), ..ClientSettings::default() };
    let client = RelyingParty::register(&app, ClientKind::Web, settings).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let answer = browser.get(&path(&client.request())).await;
    assert_eq!(answered(&answer)["error"], "invalid_request");
    let request = path(&client.request());
    let form = Browser::form("/oauth/authorize", request.split_once('?').unwrap().1.to_owned());
    assert_eq!(answered(&app.browser().send(form).await)["error"], "invalid_request");
    let address = pushed(&app, &client, &client.request()).await;
    let page = browser.get(&address).await.assert_status(303).location().to_owned();
    assert!(answered(&browser.get(&page).await).contains_key("code"));
}

#[tokio::test]
async fn a_pushed_request_can_come_by_a_form_of_another_site() {
    let app = TestApp::start().await;
    let client = third_party(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let address = pushed(&app, &client, &client.request()).await;
    let form = Browser::form("/oauth/authorize", address.split_once('?').unwrap().1.to_owned());
    let begun = app.browser().send(form).await.assert_status(303).location().to_owned();
    assert!(browser.get(&begun).await.assert_status(303).location().starts_with("/consent"));
}

#[tokio::test]
async fn mistakes_in_a_pushed_request_are_told_to_the_client_itself() {
    let app = TestApp::start().await;
    let client = third_party(&app).await;
    for (change, error) in [
        (("redirect_uri", "https://evil.example/"), "invalid_request"),
        (("redirect_uri", ""), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("scope", "admin"), "invalid_scope"),
        (("resource", "https://api.example.org"), "invalid_target"),
        (("request", "eyJhbGciOiJub25lIn0.e30."), "request_not_supported"),
        (("request_uri", "urn:ietf:params:oauth:request_uri:x"), "request_uri_not_supported"),
    ] {
        let answer = push(&app, &client, &client.request_with(&[change])).await;
        answer.assert_refused(400, error);
        assert_eq!((answer.header("location"), answer.header("cache-control")), (None, Some("no-store")));
    }
    let stranger = RelyingParty { id: client.id.clone(), secret: Some("lks_wrong".to_owned()) };
    push(&app, &stranger, &client.request()).await.assert_refused(401, "invalid_client");
    let nobody = RelyingParty { id: client.id.clone(), secret: None };
    push(&app, &nobody, &client.request()).await.assert_refused(401, "invalid_client");
    let settings = ClientSettings {
        resources: Some(vec!["https://api.example.org".to_owned()]),
        ..ClientSettings::default()
    };
    let service = RelyingParty::register(&app, ClientKind::Service, settings).await;
    push(&app, &service, &client.request()).await.assert_refused(400, "unauthorized_client");
}

#[tokio::test]
async fn a_pushed_request_that_wants_no_question_leads_to_no_page() {
    let app = TestApp::start().await;
    let client = third_party(&app).await;
    let silent = client.request_with(&[("prompt", "none")]);
    let address = pushed(&app, &client, &silent).await;
    let mut browser = app.browser();
    assert_eq!(answered(&browser.get(&address).await)["error"], "login_required");
    // It is used up.
    browser.get(&address).await.assert_status(400);
    let mut browser = app.sign_up("ada@example.org").await;
    let address = pushed(&app, &client, &silent).await;
    assert_eq!(answered(&browser.get(&address).await)["error"], "consent_required");
}

#[tokio::test]
async fn clients_without_a_secret_push_only_so_often() {
    let app = TestApp::start().await;
    let client = RelyingParty::public(&app).await;
    for _ in 0..300 {
        push(&app, &client, &client.request()).await.assert_status(201);
    }
    let answer = push(&app, &client, &client.request()).await;
    answer.assert_refused(429, "temporarily_unavailable");
    assert!(answer.header("retry-after").is_some());
}
