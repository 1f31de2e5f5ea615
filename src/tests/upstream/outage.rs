//! A provider that does not answer, or whom nobody believes: nothing is used up in vain, and the page leads to where the
//! person wanted to go.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use super::provider::*;
use crate::{
    model::{display_name::DisplayName, email::EmailAddress, role::Roles},
    server::{
        accounts::invite,
        client_info::{ActionContext, ClientInfo},
        key_sets::FIRST_PAUSE,
        upstream::ProviderSettings,
    },
    tests::test_app::{Answer, Backend, Browser, TestApp},
};

const ADA: &str = "248289761001";

async fn start(backend: Backend) -> (TestApp, TestProvider) {
    let app = TestApp::with(backend, &[]).await;
    let provider = TestProvider::start(&app.clock).await;
    provider.says_of_person(json!({ "sub": ADA, "email": "ada@example.org" }));
    provider.add_to(&app, TestProvider::settings()).await;
    (app, provider)
}

/// Presses the button on a page.
async fn press(browser: &mut Browser, fields: &[(&str, &str)]) -> Answer {
    browser.submit("/login", &format!("/auth/upstream/{SLUG}"), fields).await
}

/// Checks that a page says that the provider is no way in, and leads on.
#[track_caller]
fn assert_leads_to(answer: &Answer, status: u16, path: &str) {
    answer.assert_status(status);
    assert!(answer.body.contains("sign in with Acme &lt;Works&gt; right now"), "{}", answer.body);
    assert!(answer.body.contains(&format!("<a href=\"{path}\">")), "{path}: {}", answer.body);
}

fn can_be_loaded_again(answer: &Answer) -> bool {
    answer.body.contains("<a class=\"button\" href=\"\">Try again</a>")
}

#[tokio::test]
async fn nobody_is_sent_to_a_provider_whose_keys_cannot_be_read() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, provider) = start(backend).await;
        let keys = std::mem::replace(&mut provider.says().jwks, json!("nonsense"));
        let mut browser = app.browser();
        for _ in 0..2 {
            let refused = press(&mut browser, &[("next", "/account")]).await;
            assert_leads_to(&refused, 503, "/login?next=/account");
            assert!(!can_be_loaded_again(&refused), "a form was sent");
            assert_eq!(refused.header("retry-after"), Some("10"));
        }
        assert_eq!(provider.says().calls["jwks"], 1, "strangers do not make it be asked again and again");
        let mut ada = app.sign_up("ada@example.org").await;
        let link = ada.post("/api/account/link_provider", &[("provider", SLUG)]).await;
        link.assert_error(503, "unavailable");
        provider.says().jwks = keys;
        app.advance(FIRST_PAUSE);
        asked(&press(&mut browser, &[]).await);
        assert_eq!(provider.says().calls["jwks"], 2);
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_verified_yet_is_not_used_up() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, provider) = start(backend).await;
        let mut browser = app.browser();
        let answer = provider.go_and_sign_in(&mut browser, &[("next", "/account")]).await;
        // Another node takes it, or this one after a restart: it has no keys yet, and gets none.
        let app = app.restart().await;
        let mut browser = app.same(&browser);
        let keys = std::mem::replace(&mut provider.says().jwks, json!("nonsense"));
        let before = provider.says().calls["jwks"];
        for _ in 0..2 {
            let waits = come_back(&mut browser, &answer).await;
            assert_leads_to(&waits, 503, "/login?next=/account");
            assert!(can_be_loaded_again(&waits), "{}", waits.body);
        }
        assert_eq!(provider.says().calls["jwks"], before + 1);
        assert!(!provider.says().calls.contains_key("token"), "the code is not redeemed");
        // Somebody who has begun nothing makes nobody ask.
        app.advance(FIRST_PAUSE);
        come_back(&mut app.browser(), &answer).await.assert_status(400);
        assert_eq!(provider.says().calls["jwks"], before + 1);
        provider.says().jwks = keys;
        assert_eq!(come_back(&mut browser, &answer).await.assert_status(303).location(), "/account");
        assert_eq!(provider.says().calls["token"], 1);
    }
}

#[tokio::test]
async fn a_page_that_ends_a_sign_in_leads_to_where_the_person_wanted_to_go() {
    let (app, provider) = start(Backend::Sqlite).await;
    let next = [("next", "/account/sessions")];
    let again = "/login?next=/account/sessions";
    // The provider is down, does not keep to the standard, or says no.
    for (status, shown) in [(503, 503), (400, 502)] {
        provider.says().token_answer = Some((StatusCode::from_u16(status).unwrap(), json!({})));
        let mut browser = app.browser();
        let answer = provider.go_and_sign_in(&mut browser, &next).await;
        let page = come_back(&mut browser, &answer).await;
        assert_leads_to(&page, shown, again);
        assert!(!can_be_loaded_again(&page), "it was used up");
    }
    provider.says().token_answer = None;
    let mut browser = app.browser();
    let late = provider.go_and_sign_in(&mut browser, &next).await;
    app.advance(Duration::from_secs(600));
    assert_leads_to(&come_back(&mut browser, &late).await, 400, again);
    let mut refused = provider.go_and_sign_in(&mut browser, &next).await;
    refused.insert("error", "access_denied".to_owned());
    assert_leads_to(&come_back(&mut browser, &refused).await, 400, again);
    // What was used up says no more where it was to lead.
    assert_leads_to(&come_back(&mut browser, &refused).await, 400, "/login");
}

#[tokio::test]
async fn whoever_was_proving_or_linking_something_is_led_back_to_that() {
    let (app, provider) = start(Backend::Sqlite).await;
    let mut browser = app.browser();
    provider.sign_in(&mut browser).await.assert_status(303);
    browser.refresh().await.assert_status(200);
    provider.says().token_answer = Some((StatusCode::SERVICE_UNAVAILABLE, json!({})));
    let again = [("again", "true"), ("next", "/account/sessions")];
    let answer = provider.returns(&begin(&mut browser, &again).await);
    assert_leads_to(&come_back(&mut browser, &answer).await, 503, "/account/sessions");

    let mut bob = app.sign_up("bob@example.org").await;
    let begun = bob.post("/api/account/link_provider", &[("provider", SLUG)]).await.json();
    let address = url::Url::parse(begun["address"].as_str().unwrap()).unwrap();
    let answer = provider.returns(&address.query_pairs().into_owned().collect());
    assert_leads_to(&come_back(&mut bob, &answer).await, 503, "/account/security");
}

#[tokio::test]
async fn whoever_was_accepting_an_invitation_is_led_back_to_it() {
    let app = TestApp::start().await;
    let provider = TestProvider::start(&app.clock).await;
    let settings = ProviderSettings { sign_up: Some("invited".to_owned()), ..TestProvider::settings() };
    provider.add_to(&app, settings).await;
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    let (email, name) = (EmailAddress::parse("ada@example.org").unwrap(), DisplayName::parse("Ada").unwrap());
    let invited = invite::invite(&app.state, context, None, email, name, Roles::default()).await.unwrap();
    let mut browser = app.browser();
    browser.get(&invited.path).await.assert_status(303);
    let mut answer = provider.go_and_sign_in(&mut browser, &[("invitation", "opened")]).await;
    answer.insert("error", "access_denied".to_owned());
    assert_leads_to(&come_back(&mut browser, &answer).await, 400, "/invitation");
    assert!(browser.get("/invitation").await.body.contains("name=\"invitation\""), "it still works");
}
