//! A provider says that somebody has signed out there.

use serde_json::{Value, json};

use super::provider::*;
use crate::{
    model::oauth::client_kind::ClientKind,
    server::{
        client_info::{ActionContext, ClientInfo},
        oauth::clients::ClientSettings,
        upstream::providers,
    },
    tests::{
        relying_party::{RelyingParty, is_accepted},
        test_app::{Answer, Backend, Browser, TestApp, encode},
    },
};

const ADA: &str = "248289761001";
const PATH: &str = "/auth/upstream/acme/logout";

struct Signed {
    app: TestApp,
    provider: TestProvider,
    client: RelyingParty,
}

impl Signed {
    async fn new(backend: Backend) -> Self {
        let app = TestApp::with(backend, &[]).await;
        let provider = TestProvider::start(&app.clock).await;
        provider.add_to(&app, TestProvider::settings()).await;
        let settings = ClientSettings { trusted: Some(true), ..ClientSettings::default() };
        let client = RelyingParty::register(&app, ClientKind::Web, settings).await;
        Self { app, provider, client }
    }

    /// A browser of somebody whose session at the provider is called so.
    async fn browser(&self, sub: &str, sid: &str) -> Browser {
        let email = format!("{sub}@example.org");
        self.provider.says_of_person(json!({ "sub": sub, "sid": sid, "email": email }));
        let mut browser = self.app.browser();
        self.provider.sign_in(&mut browser).await.assert_status(303);
        browser
    }

    async fn send(&self, token: &str) -> Answer {
        let form = encode(&[("logout_token", token)]);
        self.app.browser().send(Browser::form(PATH, form)).await
    }

    async fn says(&self, claims: Value) -> Answer {
        self.send(&self.provider.logout_token(claims)).await
    }
}

#[tokio::test]
async fn signing_out_there_ends_that_session_here_and_what_apps_have_of_it() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let signed = Signed::new(backend).await;
        let (mut first, mut second) = (signed.browser(ADA, "s1").await, signed.browser(ADA, "s2").await);
        let mut other = signed.browser("bob", "s3").await;
        let tokens = signed.client.sign_in(&signed.app, &mut first).await;
        let access_token = tokens["access_token"].as_str().unwrap();
        assert!(is_accepted(&signed.app, access_token).await);
        let answer = signed.says(json!({ "sid": "s1", "sub": ADA })).await;
        answer.assert_status(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let ended = first.refresh().await;
        ended.assert_error(401, "session_revoked");
        assert_eq!(ended.json()["reason"], "signed_out_upstream");
        assert!(!is_accepted(&signed.app, access_token).await);
        second.refresh().await.assert_status(200);
        // Without a session all of the person's end that came from there, and nobody else's.
        signed.says(json!({ "sub": ADA, "jti": "two" })).await.assert_status(200);
        second.refresh().await.assert_error(401, "session_revoked");
        other.refresh().await.assert_status(200);
        // Who is signed in no more is signed out already.
        signed.says(json!({ "sub": ADA, "jti": "three" })).await.assert_status(200);
        assert!(signed.app.events().await.iter().any(|event| event == "session_ended"));
    }
}

#[tokio::test]
async fn a_session_that_came_in_otherwise_does_not_end() {
    let signed = Signed::new(Backend::Sqlite).await;
    signed.browser(ADA, "s1").await;
    let mut password = signed.app.sign_up("eve@example.org").await;
    signed.says(json!({ "sub": ADA })).await.assert_status(200);
    password.refresh().await.assert_status(200);
    // Named both, the session must be the person's.
    let mut ada = signed.browser(ADA, "s1").await;
    signed.says(json!({ "sub": "bob", "sid": "s1", "jti": "two" })).await.assert_status(200);
    ada.refresh().await.assert_status(200);
}

/// Incident 36: jellyfin-plugin-sso 973 and 1060.
#[tokio::test]
async fn a_logout_token_that_breaks_a_rule_ends_nothing() {
    let signed = Signed::new(Backend::Sqlite).await;
    let mut browser = signed.browser(ADA, "s1").await;
    let now = signed.app.clock.now().seconds();
    for (number, spoilt) in [
        json!({ "iss": "https://evil.example" }),
        json!({ "aud": "somebody-else" }),
        json!({ "events": {} }),
        json!({ "events": { "http://schemas.openid.net/event/backchannel-logout": true } }),
        json!({ "events": null }),
        json!({ "nonce": "one" }),
        json!({ "jti": "" }),
        json!({ "jti": null }),
        json!({ "iat": null }),
        json!({ "iat": now - 601 }),
        json!({ "iat": now + 6 }),
        json!({ "exp": now - 6 }),
        json!({ "sub": null }),
        json!({ "sub": "" }),
    ]
    .into_iter()
    .enumerate()
    {
        let mut claims = json!({ "sub": ADA, "jti": number.to_string() });
        claims.as_object_mut().unwrap().extend(spoilt.as_object().unwrap().clone());
        let answer = signed.says(claims).await;
        answer.assert_status(400);
        assert_eq!(answer.json(), json!({ "error": "invalid_request" }), "it does not say why");
    }
    // An ID token is no logout token, and neither is nonsense.
    let claims =
        json!({ "iss": signed.provider.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "sub": ADA });
    for (typ, key) in [
        ("JWT", signed.provider.key.clone()),
        ("at+jwt", signed.provider.key.clone()),
        ("logout+jwt", new_key()),
    ] {
        let header = json!({ "alg": "ES256", "typ": typ, "kid": "one" });
        let token = Token { header, claims: claims.clone(), signed_with: Some(key) };
        signed.send(&sign(&token)).await.assert_status(400);
    }
    for token in ["", "nonsense", "a.b.c"] {
        signed.send(token).await.assert_status(400);
    }
    browser.refresh().await.assert_status(200);
    signed.says(json!({ "sub": ADA })).await.assert_status(200);
    browser.refresh().await.assert_error(401, "session_revoked");
}

#[tokio::test]
async fn a_logout_token_works_once() {
    let signed = Signed::new(Backend::Sqlite).await;
    let token = signed.provider.logout_token(json!({ "sub": ADA }));
    signed.send(&token).await.assert_status(200);
    let mut browser = signed.browser(ADA, "s1").await;
    signed.send(&token).await.assert_status(400);
    browser.refresh().await.assert_status(200);
}

/// Incident 36: a discovery outage made logout a no-op.
#[tokio::test]
async fn a_logout_token_whose_key_cannot_be_read_is_to_be_sent_again() {
    let signed = Signed::new(Backend::Sqlite).await;
    let browser = signed.browser(ADA, "s1").await;
    let Signed { app, provider, .. } = signed;
    // A node that has just started knows no keys yet.
    let app = app.restart().await;
    let mut browser = app.same(&browser);
    let token = provider.logout_token(json!({ "sub": ADA }));
    let send =
        async || app.browser().send(Browser::form(PATH, encode(&[("logout_token", token.as_str())]))).await;
    let keys = std::mem::replace(&mut provider.says().jwks, json!("nonsense"));
    let answer = send().await;
    answer.assert_status(503);
    assert!(answer.header("retry-after").is_some());
    browser.refresh().await.assert_status(200);
    provider.says().jwks = keys;
    app.advance(crate::server::key_sets::FIRST_PAUSE);
    send().await.assert_status(200);
    browser.refresh().await.assert_error(401, "session_revoked");
}

/// Incident 36, too: what is refused is not sent again, and the session would go on.
#[tokio::test]
async fn a_logout_token_with_a_new_key_is_refused_only_once_the_keys_of_now_are_known() {
    let signed = Signed::new(Backend::Sqlite).await;
    let mut browser = signed.browser(ADA, "s1").await;
    let Signed { app, provider, .. } = &signed;
    provider.says().jwks = json!({ "keys": [jwk(&provider.key, "two")] });
    let token = provider.logout_token_of_key("two", json!({ "sub": ADA }));
    // The keys were asked for a short while ago, for the sign-in.
    let answer = signed.send(&token).await;
    answer.assert_status(503);
    assert_eq!(answer.header("retry-after"), Some("60"));
    browser.refresh().await.assert_status(200);
    app.advance(crate::server::key_sets::PAUSE);
    let made_up = provider.logout_token_of_key("three", json!({ "sub": ADA }));
    signed.send(&made_up).await.assert_status(400);
    signed.send(&token).await.assert_status(200);
    browser.refresh().await.assert_error(401, "session_revoked");
}

#[tokio::test]
async fn a_provider_that_is_switched_off_still_says_who_has_signed_out_there() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let signed = Signed::new(backend).await;
        let mut browser = signed.browser(ADA, "s1").await;
        let client = ClientInfo::command_line();
        let context = ActionContext { now: signed.app.clock.now(), client: &client };
        providers::set_enabled(&signed.app.state, context, None, &slug(), false).await.unwrap();
        signed.says(json!({ "sub": ADA })).await.assert_status(200);
        browser.refresh().await.assert_error(401, "session_revoked");
    }
}

#[tokio::test]
async fn an_unknown_provider_logs_nobody_out() {
    let signed = Signed::new(Backend::Sqlite).await;
    let token = signed.provider.logout_token(json!({ "sub": ADA }));
    for slug in ["other", "No"] {
        let form = Browser::form(
            &format!("/auth/upstream/{slug}/logout"),
            encode(&[("logout_token", token.as_str())]),
        );
        signed.app.browser().send(form).await.assert_status(404);
    }
}
