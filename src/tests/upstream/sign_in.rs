//! From the sign-in page to a provider and back.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::StatusCode;
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64},
};
use serde_json::json;

use super::provider::*;
use crate::{
    model::oauth::client_kind::ClientKind,
    server::{
        authentication::totp::TotpSecret,
        client_info::{ActionContext, ClientInfo},
        oauth::clients::ClientSettings,
        tasks::housekeeping,
        upstream::{ProviderSettings, providers},
    },
    tests::{
        relying_party::{RelyingParty, answered, claims, path},
        second_factors::enrol,
        test_app::{Backend, Browser, TestApp, encode},
    },
};

const ADA: &str = "248289761001";

async fn start(backend: Backend) -> (TestApp, TestProvider) {
    let app = TestApp::with(backend, &[]).await;
    let provider = TestProvider::start(&app.clock).await;
    provider.says_of_person(
        json!({ "sub": ADA, "email": "ada@example.org", "email_verified": true, "name": "Ada" }),
    );
    provider.add_to(&app, TestProvider::settings()).await;
    (app, provider)
}

#[tokio::test]
async fn somebody_signs_in_with_the_button_on_the_sign_in_page() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, provider) = start(backend).await;
        let mut browser = app.browser();
        let page = browser.get("/login?next=/account").await;
        assert!(page.body.contains("action=\"/auth/upstream/acme\""), "{}", page.body);
        assert!(page.body.contains("Sign in with Acme &lt;Works&gt;"), "{}", page.body);
        let answer = provider.go_and_sign_in(&mut browser, &[("next", "/account")]).await;
        let back = come_back(&mut browser, &answer).await;
        back.assert_status(303);
        assert_eq!(back.location(), "/account");
        assert!(browser.get("/account").await.body.contains("ada@example.org"));
        browser.refresh().await.assert_status(200);
        let user = app.user("ada@example.org").await;
        assert_eq!((user.display_name.as_str(), user.password_hash), ("Ada", None));
        assert!(user.email_verified_at.is_some());
        // The same person again, whatever the provider says of their address now.
        provider.says_of_person(json!({ "sub": ADA, "email": "countess@example.org" }));
        provider.sign_in(&mut app.browser()).await.assert_status(303);
        assert_eq!(app.user("ada@example.org").await.id, user.id);
        let events = ["account_created", "provider_linked", "signed_in", "signed_in"];
        let all = app.events().await;
        assert!(events.iter().all(|event| all.iter().any(|other| other == event)), "{all:?}");
    }
}

#[tokio::test]
async fn a_page_that_says_why_a_provider_signs_nobody_in_leads_to_where_they_wanted_to_go() {
    let (app, provider) = start(Backend::Sqlite).await;
    let (login, wanted) = ("href=\"/login?next=/account\"", [("next", "/account")]);
    let mut browser = app.browser();
    let mut declined = provider.go_and_sign_in(&mut browser, &wanted).await;
    declined.remove("code");
    declined.insert("error", "access_denied".to_owned());
    let page = come_back(&mut browser, &declined).await;
    assert!(page.assert_status(400).body.contains(login), "{}", page.body);

    let answer = provider.go_and_sign_in(&mut browser, &wanted).await;
    provider.says().token_answer = Some((StatusCode::SERVICE_UNAVAILABLE, json!({})));
    let page = come_back(&mut browser, &answer).await;
    assert!(page.assert_status(503).body.contains(login), "{}", page.body);
    // What was used up says nothing of where it led.
    let page = come_back(&mut browser, &answer).await;
    assert!(page.assert_status(400).body.contains("href=\"/login\""), "{}", page.body);
}

#[tokio::test]
async fn what_is_asked_of_the_provider_is_bound_by_state_nonce_and_pkce() {
    let (app, provider) = start(Backend::Sqlite).await;
    let mut browser = app.browser();
    let asked = begin(&mut browser, &[]).await;
    let expected = [
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", "http://localhost:3000/auth/upstream/acme/callback"),
        ("scope", "openid profile email"),
        ("code_challenge_method", "S256"),
        ("realm", "a"),
    ];
    for (name, value) in expected {
        assert_eq!(asked[name], value);
    }
    assert!(!asked.contains_key("prompt") && !asked.contains_key("max_age"));
    come_back(&mut browser, &provider.returns(&asked)).await.assert_status(303);
    let says = provider.says();
    assert_eq!(says.form["redirect_uri"], asked["redirect_uri"]);
    assert_eq!(says.form["code"], "a-code");
    let challenge = BASE64.encode(digest(&SHA256, says.form["code_verifier"].as_bytes()));
    assert_eq!(challenge, asked["code_challenge"]);
    // Encoded as in a form, then as Basic (RFC 6749 §2.3.1).
    let basic = BASE64_STANDARD.encode(format!("{CLIENT_ID}:a-secret/of%2Blatchkey%3A"));
    assert_eq!(says.authorization, format!("Basic {basic}"));
    assert!(!says.form.contains_key("client_secret"));
}

#[tokio::test]
async fn a_provider_that_takes_the_secret_in_the_form_gets_it_there() {
    let app = TestApp::start().await;
    let provider = TestProvider::start(&app.clock).await;
    provider.says().metadata["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    provider.says_of_person(json!({ "sub": ADA, "email": "ada@example.org" }));
    provider.add_to(&app, TestProvider::settings()).await;
    provider.sign_in(&mut app.browser()).await.assert_status(303);
    let says = provider.says();
    assert_eq!((says.form["client_id"].as_str(), says.form["client_secret"].as_str()), (CLIENT_ID, SECRET));
    assert_eq!(says.authorization, "");
}

/// Incident 27: Zitadel CVE-2025-46815.
#[tokio::test]
async fn what_a_provider_has_answered_counts_once() {
    let (app, provider) = start(Backend::Sqlite).await;
    let mut browser = app.browser();
    let answer = provider.go_and_sign_in(&mut browser, &[]).await;
    come_back(&mut browser, &answer).await.assert_status(303);
    let mut again = browser.clone();
    again.cookies.remove("__Host-latchkey");
    let refused = come_back(&mut again, &answer).await;
    refused.assert_status(400);
    assert!(refused.header("set-cookie").is_none());
    // At once, too: one wins.
    let mut browser = app.browser();
    let answer = provider.go_and_sign_in(&mut browser, &[]).await;
    let (mut one, mut other) = (browser.clone(), browser);
    let both = tokio::join!(come_back(&mut one, &answer), come_back(&mut other, &answer));
    let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 400]);
}

/// Incidents 27 and 30: neither begun elsewhere (login CSRF), nor kept for later.
#[tokio::test]
async fn an_answer_counts_in_the_browser_that_began_and_for_ten_minutes() {
    let (app, provider) = start(Backend::Sqlite).await;
    let mut attacker = app.browser();
    let answer = provider.go_and_sign_in(&mut attacker, &[]).await;
    let mut victim = app.browser();
    come_back(&mut victim, &answer).await.assert_status(400);
    begin(&mut victim, &[]).await;
    come_back(&mut victim, &answer).await.assert_status(400);
    assert!(!victim.cookies.contains_key("__Host-latchkey"));
    app.advance(Duration::from_secs(600));
    come_back(&mut attacker, &answer).await.assert_status(400);
    housekeeping::delete_expired(&app.state, app.clock.now()).await.unwrap();
}

#[tokio::test]
async fn two_tabs_that_go_to_the_provider_at_once_both_come_back() {
    let (app, provider) = start(Backend::Sqlite).await;
    let mut browser = app.browser();
    let (first, second) =
        (begin(&mut browser, &[]).await, begin(&mut browser, &[("next", "/account")]).await);
    for (asked, next) in [(second, "/account"), (first, "/dashboard")] {
        let answer = provider.returns(&asked);
        assert_eq!(come_back(&mut browser, &answer).await.assert_status(303).location(), next);
        browser.refresh().await.assert_status(200);
    }
}

/// Incident 28: CVE-2026-73419, onyx 12797, supabase/auth 2474.
#[tokio::test]
async fn a_state_is_good_for_the_provider_for_which_it_was_made() {
    let (app, provider) = start(Backend::Sqlite).await;
    let other = TestProvider::start(&app.clock).await;
    other.add_as(&app, "other", TestProvider::settings()).await;
    let mut browser = app.browser();
    let mut answer = provider.go_and_sign_in(&mut browser, &[]).await;
    answer.insert("iss", other.issuer.clone());
    let refused = come_back_to(&mut browser, "other", &answer).await;
    refused.assert_status(400);
    assert!(!other.says().calls.contains_key("token"), "no code is handed to another provider");
    for nowhere in ["nowhere", "No%20Where", "..%2F.."] {
        come_back_to(&mut browser, nowhere, &answer).await.assert_status(404);
    }
}

/// Incident 25: Zitadel CVE-2025-64717.
#[tokio::test]
async fn a_provider_that_was_switched_off_meanwhile_signs_nobody_in() {
    let (app, provider) = start(Backend::Sqlite).await;
    let mut browser = app.browser();
    let answer = provider.go_and_sign_in(&mut browser, &[]).await;
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    providers::set_enabled(&app.state, context, None, &slug(), false).await.unwrap();
    come_back(&mut browser, &answer).await.assert_status(404);
    assert!(!app.browser().get("/login").await.body.contains("Acme"));
    browser.submit("/login", "/auth/upstream/acme", &[]).await.assert_status(404);
    // The policy of sign-up is asked when they come back, too.
    providers::set_enabled(&app.state, context, None, &slug(), true).await.unwrap();
    let answer = provider.go_and_sign_in(&mut browser, &[]).await;
    let closed = ProviderSettings { sign_up: Some("closed".to_owned()), ..ProviderSettings::default() };
    providers::update(&app.state, context, None, &slug(), &closed).await.unwrap();
    come_back(&mut browser, &answer).await.assert_status(403);
}

/// Incident 30: Keycloak CVE-2026-7507.
#[tokio::test]
async fn each_sign_in_is_a_new_session_and_ends_the_one_before_in_this_browser() {
    let (app, provider) = start(Backend::Sqlite).await;
    let mut browser = app.sign_up("eve@example.org").await;
    let before = browser.refresh_token();
    provider.sign_in(&mut browser).await.assert_status(303);
    let after = browser.refresh_token();
    assert_ne!(before.split('.').nth(1), after.split('.').nth(1));
    let mut stale = app.browser();
    stale.cookies.insert("__Host-latchkey".to_owned(), before);
    stale.refresh().await.assert_error(401, "session_revoked");
}

#[tokio::test]
async fn a_form_of_another_site_begins_nothing() {
    let (app, _provider) = start(Backend::Sqlite).await;
    let mut request = Browser::form("/auth/upstream/acme", "");
    request.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    app.browser().send(request).await.assert_status(403);
}

#[tokio::test]
async fn the_request_of_an_app_survives_the_way_to_the_provider_and_back() {
    let (app, provider) = start(Backend::Sqlite).await;
    let settings = ClientSettings { trusted: Some(true), ..ClientSettings::default() };
    let client = RelyingParty::register(&app, ClientKind::Web, settings).await;
    let mut browser = app.browser();
    let asked = browser.get(&path(&client.request())).await;
    let sign_in = browser.get(asked.location()).await.location().to_owned();
    let next = crate::model::query::parameter(sign_in.split_once('?').unwrap().1, "next").unwrap();
    let answer = provider.go_and_sign_in(&mut browser, &[("next", &next)]).await;
    let back = come_back(&mut browser, &answer).await;
    assert_eq!(back.location(), next);
    let code = answered(&browser.get(&next).await)["code"].clone();
    client.redeem(&app, &code).await.assert_status(200);
}

#[tokio::test]
async fn an_app_that_wants_the_person_asked_again_has_the_provider_ask() {
    let (app, provider) = start(Backend::Sqlite).await;
    let settings = ClientSettings { trusted: Some(true), ..ClientSettings::default() };
    let client = RelyingParty::register(&app, ClientKind::Web, settings).await;
    for (demand, asked_for) in [(("prompt", "login"), "0"), (("max_age", "60"), "60")] {
        let mut browser = app.browser();
        let asked = browser.get(&path(&client.request_with(&[demand]))).await;
        let next = asked.location().to_owned();
        let now = app.clock.now().seconds();
        // An answer that does not say when, or that says too long ago, is not enough.
        for auth_time in [None, Some(now - 100)] {
            let person = json!({ "sub": ADA, "email": "ada@example.org", "auth_time": auth_time });
            provider.says_of_person(person);
            let sent = begin(&mut browser, &[("next", &next)]).await;
            assert_eq!(sent["max_age"], asked_for);
            assert_eq!(sent.contains_key("prompt"), demand.0 == "prompt");
            come_back(&mut browser, &provider.returns(&sent)).await.assert_status(502);
        }
        let person = json!({ "sub": ADA, "email": "ada@example.org", "auth_time": now });
        provider.says_of_person(person);
        let sent = begin(&mut browser, &[("next", &next)]).await;
        let back = come_back(&mut browser, &provider.returns(&sent)).await;
        assert!(answered(&browser.get(back.location()).await).contains_key("code"), "{demand:?}");
    }
}

/// Somebody who signs in through the provider, and has an authenticator app here.
async fn with_authenticator(app: &TestApp, provider: &TestProvider) -> TotpSecret {
    let mut browser = app.browser();
    provider.sign_in(&mut browser).await.assert_status(303);
    browser.refresh().await.assert_status(200);
    enrol(app, &mut browser).await.0
}

#[tokio::test]
async fn a_second_factor_is_asked_after_a_provider_too_and_signing_out_there_still_ends_the_session() {
    let (app, provider) = start(Backend::Sqlite).await;
    let secret = with_authenticator(&app, &provider).await;
    let mut browser = app.browser();
    let answer = provider.go_and_sign_in(&mut browser, &[("next", "/account")]).await;
    let back = come_back(&mut browser, &answer).await;
    back.assert_status(200);
    assert_eq!(back.header("refresh"), Some("0; url=/login/second-step?next=/account"));
    assert!(!browser.cookies.contains_key("__Host-latchkey"), "nobody is signed in yet");
    app.advance(Duration::from_secs(30));
    let code = secret.code_at(app.clock.now());
    browser.post("/api/auth/second_factor", &[("code", &code)]).await.assert_status(200);
    assert!(browser.get("/account").await.body.contains("ada@example.org"));
    let token = provider.logout_token(json!({ "sub": ADA }));
    let form = encode(&[("logout_token", &token)]);
    app.browser().send(Browser::form("/auth/upstream/acme/logout", form)).await.assert_status(200);
    browser.refresh().await.assert_error(401, "session_revoked");
}

#[tokio::test]
async fn two_factors_at_the_provider_count_only_if_a_rule_says_so() {
    let (app, provider) = start(Backend::Sqlite).await;
    with_authenticator(&app, &provider).await;
    let said = json!({ "sub": ADA, "email": "ada@example.org", "amr": ["pwd", "mfa"] });
    provider.says_of_person(said);
    provider.sign_in(&mut app.browser()).await.assert_status(200);
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    let believed =
        ProviderSettings { rules: Some("amr=mfa:two_factors".to_owned()), ..ProviderSettings::default() };
    providers::update(&app.state, context, None, &slug(), &believed).await.unwrap();
    let mut browser = app.browser();
    provider.sign_in(&mut browser).await.assert_status(303);
    browser.refresh().await.assert_status(200);
    let token = claims(browser.access_token.as_deref().unwrap());
    assert_eq!((&token["acr"], &token["amr"]), (&json!("https://refeds.org/profile/mfa"), &json!(["mfa"])));
    // Without that word the second step is asked again.
    provider.says_of_person(json!({ "sub": ADA, "email": "ada@example.org", "amr": ["pwd"] }));
    provider.sign_in(&mut app.browser()).await.assert_status(200);
}

#[tokio::test]
async fn whoever_has_no_password_proves_again_at_the_provider_who_they_are() {
    let (app, provider) = start(Backend::Sqlite).await;
    let mut browser = app.browser();
    provider.sign_in(&mut browser).await.assert_status(303);
    app.advance(Duration::from_secs(16 * 60));
    browser.refresh().await.assert_status(200);
    let others = async |browser: &mut Browser| browser.post("/api/sessions/revoke_others", &[]).await;
    others(&mut browser).await.assert_error(403, "reauthentication_required");
    let again = [("again", "true"), ("next", "/account/security")];
    let asked = begin(&mut browser, &again).await;
    assert_eq!((asked["prompt"].as_str(), asked["max_age"].as_str()), ("login", "0"));
    // Neither a proof from before, nor somebody else's.
    let now = app.clock.now().seconds();
    provider.says_of_person(json!({ "sub": ADA, "auth_time": now - 60 }));
    come_back(&mut browser, &provider.returns(&asked)).await.assert_status(502);
    provider.says_of_person(json!({ "sub": "another", "email": "eve@example.net", "auth_time": now }));
    let asked = begin(&mut browser, &again).await;
    come_back(&mut browser, &provider.returns(&asked)).await.assert_status(403);
    others(&mut browser).await.assert_error(403, "reauthentication_required");
    provider.says_of_person(json!({ "sub": ADA, "auth_time": now }));
    let asked = begin(&mut browser, &again).await;
    let back = come_back(&mut browser, &provider.returns(&asked)).await;
    assert_eq!(back.assert_status(303).location(), "/account/security");
    browser.refresh().await.assert_status(200);
    others(&mut browser).await.assert_status(200);
}

#[tokio::test]
async fn whoever_has_no_password_deletes_the_account_after_proving_again_who_they_are() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, provider) = start(backend).await;
        let mut browser = app.browser();
        provider.sign_in(&mut browser).await.assert_status(303);
        app.advance(Duration::from_secs(16 * 60));
        browser.refresh().await.assert_status(200);
        let page = browser.get("/account").await;
        assert!(!page.body.contains("current-password"), "there is none to ask for");
        browser.post("/api/account/delete", &[]).await.assert_error(403, "reauthentication_required");
        let guess = [("password", "a guess of somebody")];
        browser.post("/api/account/delete", &guess).await.assert_error(401, "invalid_credentials");
        provider.says_of_person(json!({ "sub": ADA, "auth_time": app.clock.now().seconds() }));
        let asked = begin(&mut browser, &[("again", "true"), ("next", "/account")]).await;
        assert_eq!(come_back(&mut browser, &provider.returns(&asked)).await.location(), "/account");
        browser.refresh().await.assert_status(200);
        browser.post("/api/account/delete", &[]).await.assert_status(200);
        browser.refresh().await.assert_error(401, "no_session");
    }
}

#[tokio::test]
async fn what_somebody_can_prove_with_is_what_their_account_has() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, provider) = start(backend).await;
        let mut browser = app.browser();
        provider.sign_in(&mut browser).await.assert_status(303);
        browser.refresh().await.assert_status(200);
        let proofs = async |browser: &mut Browser| browser.post("/api/account/proofs", &[]).await.json();
        let through_provider = json!({
            "email": "ada@example.org", "password": false, "code": false, "passkey": false,
            "providers": [{ "slug": SLUG, "name": NAME, "initial": "A" }],
        });
        assert_eq!(proofs(&mut browser).await, through_provider);
        // With a second step the word of the provider is not enough.
        enrol(&app, &mut browser).await;
        let with_second_step = proofs(&mut browser).await;
        assert_eq!((&with_second_step["code"], &with_second_step["providers"]), (&json!(true), &json!([])));

        let mut alan = app.sign_in_as("alan@example.org", "member").await;
        let with_password = json!({
            "email": "alan@example.org", "password": true, "code": false, "passkey": false, "providers": [],
        });
        assert_eq!(proofs(&mut alan).await, with_password);
    }
}
