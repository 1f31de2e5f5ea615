//! The test plans of the OpenID Foundation's conformance suite, case by case: "Basic OP", "Config OP", "RP-Initiated Logout
//! OP" and "Back-Channel Logout OP". Each test says which module of the suite it stands for. What else clients meet is in
//! the files `oauth_*`.
//!
//! <https://openid.net/certification/conformance-testing-for-openid-connect/>

use std::{collections::BTreeMap, time::Duration};

use axum::http::header;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{DecodingKey, jwk::JwkSet};
use serde_json::{Value, json};

use super::{
    oauth_logout::{GOODBYE, Leaving, assert_stays},
    relying_party::*,
};
use crate::{
    model::oauth::client_kind::ClientKind,
    server::{oauth::clients::ClientSettings, store::logout_deliveries},
    tests::test_app::{Browser, PASSWORD, TestApp, encode},
};

const SECOND: Duration = Duration::from_secs(1);

/// Somebody who is signed in, and an app that needs no consent.
struct Person {
    app: TestApp,
    client: RelyingParty,
    browser: Browser,
}

impl Person {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let client = RelyingParty::trusted(&app).await;
        let browser = app.sign_up("ada@example.org").await;
        Self { app, client, browser }
    }

    /// What the app is answered with, if it asks with these parameters changed.
    async fn answer(&mut self, changes: &[(&'static str, &str)]) -> BTreeMap<String, String> {
        let request = self.client.request_with(changes);
        answered(&self.browser.get(&path(&request)).await)
    }

    /// The tokens for a request with these parameters changed.
    async fn tokens(&mut self, changes: &[(&'static str, &str)]) -> Value {
        let code = self.answer(changes).await["code"].clone();
        self.client.redeem(&self.app, &code).await.assert_status(200).json()
    }

    async fn id_token(&mut self, changes: &[(&'static str, &str)]) -> Value {
        claims(self.tokens(changes).await["id_token"].as_str().unwrap())
    }

    /// The page that asks for the password again answers the app.
    async fn enter_password(&mut self, changes: &[(&'static str, &str)]) -> Value {
        let page = self.browser.get(&path(&self.client.request_with(changes))).await;
        let page = page.assert_status(303).location().to_owned();
        assert!(self.browser.get(&page).await.body.contains("consent-password"), "the password is asked for");
        self.app.advance(SECOND);
        let answer = self.browser.submit(&page, &page, &[("password", PASSWORD)]).await;
        let tokens =
            self.client.redeem(&self.app, &answered(&answer)["code"]).await.assert_status(200).json();
        claims(tokens["id_token"].as_str().unwrap())
    }

    /// Userinfo for an access token in the header.
    async fn userinfo(&self, tokens: &Value) -> Value {
        let token = tokens["access_token"].as_str();
        self.app.browser().get_with_token("/oauth/userinfo", token).await.assert_status(200).json()
    }
}

// Basic OP

/// oidcc-server
#[tokio::test]
async fn a_code_flow_gives_an_id_token_and_an_access_token() {
    let mut person = Person::new().await;
    let tokens = person.tokens(&[]).await;
    assert_eq!((&tokens["token_type"], &tokens["scope"]), (&json!("Bearer"), &json!("openid profile")));
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    let ada = person.app.user("ada@example.org").await;
    assert_eq!((&id_token["sub"], &id_token["aud"]), (&json!(ada.id), &json!(person.client.id.as_str())));
    assert_eq!((&id_token["iss"], &id_token["nonce"]), (&json!("http://localhost:3000"), &json!(NONCE)));
    assert_eq!(person.userinfo(&tokens).await["sub"], json!(ada.id));
}

/// oidcc-codereuse
#[tokio::test]
async fn a_code_that_is_used_again_is_refused() {
    let mut person = Person::new().await;
    let code = person.answer(&[]).await["code"].clone();
    person.client.redeem(&person.app, &code).await.assert_status(200);
    person.client.redeem(&person.app, &code).await.assert_refused(400, "invalid_grant");
}

/// oidcc-codereuse-30seconds
#[tokio::test]
async fn a_code_that_is_used_again_after_30_seconds_takes_back_what_it_gave() {
    let mut person = Person::new().await;
    let code = person.answer(&[]).await["code"].clone();
    let tokens = person.client.redeem(&person.app, &code).await.assert_status(200).json();
    person.app.advance(30 * SECOND);
    person.client.redeem(&person.app, &code).await.assert_refused(400, "invalid_grant");
    assert!(!is_accepted(&person.app, tokens["access_token"].as_str().unwrap()).await);
}

/// oidcc-ensure-post-request-succeeds
#[tokio::test]
async fn a_request_that_is_posted_is_answered() {
    let mut person = Person::new().await;
    let request = path(&person.client.request());
    let mut form = Browser::form("/oauth/authorize", request.split_once('?').unwrap().1.to_owned());
    form.headers_mut().insert(header::ORIGIN, "https://app.example.org".parse().unwrap());
    form.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    let begun = person.app.browser().send(form).await.assert_status(303).location().to_owned();
    let page = person.browser.get(&begun).await.assert_status(303).location().to_owned();
    assert!(answered(&person.browser.get(&page).await).contains_key("code"));
}

/// oidcc-ensure-registered-redirect-uri
#[tokio::test]
async fn an_address_that_is_not_registered_is_not_redirected_to() {
    let mut person = Person::new().await;
    let request = person.client.request_with(&[("redirect_uri", "https://app.example.org/callback/other")]);
    let answer = person.browser.get(&path(&request)).await;
    assert_eq!(answer.assert_status(400).header("location"), None);
    assert!(answer.body.contains("an address that is not registered"), "{}", answer.body);
}

/// oidcc-ensure-request-with-unknown-parameter-succeeds
#[tokio::test]
async fn a_parameter_that_is_unknown_is_ignored() {
    let id_token = Person::new().await.id_token(&[("extra", "foobar")]).await;
    assert_eq!(id_token["nonce"], NONCE);
}

/// oidcc-ensure-request-with-acr-values-succeeds
#[tokio::test]
async fn wanted_context_classes_are_no_error() {
    let id_token = Person::new().await.id_token(&[("acr_values", "1 2")]).await;
    assert_eq!(id_token["nonce"], NONCE);
}

/// oidcc-claims-locales
#[tokio::test]
async fn wanted_languages_of_claims_are_no_error() {
    let id_token = Person::new().await.id_token(&[("claims_locales", "se")]).await;
    assert_eq!(id_token["nonce"], NONCE);
}

/// oidcc-ui-locales
#[tokio::test]
async fn wanted_languages_of_pages_are_no_error() {
    let id_token = Person::new().await.id_token(&[("ui_locales", "se")]).await;
    assert_eq!(id_token["nonce"], NONCE);
}

/// oidcc-display-page
#[tokio::test]
async fn a_wanted_page_is_no_error() {
    let id_token = Person::new().await.id_token(&[("display", "page")]).await;
    assert_eq!(id_token["nonce"], NONCE);
}

/// oidcc-display-popup
#[tokio::test]
async fn a_wanted_popup_is_no_error() {
    let id_token = Person::new().await.id_token(&[("display", "popup")]).await;
    assert_eq!(id_token["nonce"], NONCE);
}

/// oidcc-login-hint
#[tokio::test]
async fn a_hint_at_the_account_is_no_error() {
    let id_token = Person::new().await.id_token(&[("login_hint", "bob@example.org")]).await;
    assert_eq!(id_token["nonce"], NONCE);
}

/// oidcc-ensure-other-scope-order-succeeds
#[tokio::test]
async fn scopes_come_in_any_order() {
    let id_token = Person::new().await.id_token(&[("scope", "profile openid")]).await;
    assert_eq!(id_token["nonce"], NONCE);
}

/// oidcc-ensure-request-without-nonce-succeeds-for-code-flow
#[tokio::test]
async fn a_code_flow_needs_no_nonce() {
    let id_token = Person::new().await.id_token(&[("nonce", "")]).await;
    assert_eq!(id_token.get("nonce"), None);
}

/// oidcc-ensure-request-with-valid-pkce-succeeds
#[tokio::test]
async fn a_code_is_redeemed_with_its_verifier_and_with_no_other() {
    let mut person = Person::new().await;
    let code = person.answer(&[]).await["code"].clone();
    let fields = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
    let wrong = VERIFIER.replace('a', "b");
    for verifier in [wrong.as_str(), VERIFIER] {
        let mut fields = fields.to_vec();
        fields.push(("code_verifier", verifier));
        let answer = person.client.token(&person.app, &fields).await;
        assert_eq!(answer.status == 200, verifier == VERIFIER, "{answer:?}");
    }
}

/// oidcc-id-token-hint
#[tokio::test]
async fn an_id_token_says_who_is_meant_and_nobody_else_will_do() {
    let mut person = Person::new().await;
    let hint = person.tokens(&[]).await["id_token"].as_str().unwrap().to_owned();
    let silent = [("id_token_hint", hint.as_str()), ("prompt", "none")];
    assert!(person.answer(&silent).await.contains_key("code"));
    // However long ago it expired.
    person.app.advance(86_400 * SECOND);
    assert!(person.answer(&silent).await.contains_key("code"));
    person.browser.sign_up("bob@example.org").await.assert_status(200);
    for changes in [&silent[..], &silent[..1]] {
        assert_eq!(person.answer(changes).await["error"], "login_required");
    }
    // Whoever signs in for it must be the one as well.
    person.browser = person.app.browser();
    let asked = person.browser.get(&path(&person.client.request_with(&silent[..1]))).await;
    let page = asked.assert_status(303).location().to_owned();
    person.browser.sign_in("bob@example.org", PASSWORD).await.assert_status(200);
    assert_eq!(answered(&person.browser.get(&page).await)["error"], "login_required");
    // An ID token of another client, and what is none, say nothing.
    let other = RelyingParty::trusted(&person.app).await;
    let foreign =
        other.sign_in(&person.app, &mut person.browser).await["id_token"].as_str().unwrap().to_owned();
    for hint in [foreign.as_str(), "no token"] {
        assert_eq!(person.answer(&[("id_token_hint", hint)]).await["error"], "invalid_request");
    }
}

/// oidcc-max-age-1
#[tokio::test]
async fn a_password_that_was_entered_too_long_ago_is_asked_for_again() {
    let mut person = Person::new().await;
    let first = person.id_token(&[]).await;
    person.app.advance(2 * SECOND);
    let second = person.enter_password(&[("max_age", "1")]).await;
    assert!(second["auth_time"].as_u64() > first["auth_time"].as_u64(), "{second}");
    assert_eq!(second["sub"], first["sub"]);
}

/// oidcc-max-age-10000
#[tokio::test]
async fn a_password_that_was_entered_recently_enough_is_not_asked_for() {
    let mut person = Person::new().await;
    let first = person.id_token(&[]).await;
    person.app.advance(SECOND);
    let second = person.id_token(&[("max_age", "10000")]).await;
    assert_eq!((&second["auth_time"], &second["sub"]), (&first["auth_time"], &first["sub"]));
}

/// oidcc-prompt-login
#[tokio::test]
async fn a_password_is_asked_for_again_if_the_app_wants_it() {
    let mut person = Person::new().await;
    let first = person.id_token(&[]).await;
    person.app.advance(SECOND);
    let second = person.enter_password(&[("prompt", "login")]).await;
    assert!(second["auth_time"].as_u64() > first["auth_time"].as_u64(), "{second}");
    assert_eq!(second["sub"], first["sub"]);
}

/// oidcc-prompt-none-not-logged-in
#[tokio::test]
async fn nobody_who_is_signed_out_is_asked_if_the_app_wants_no_question() {
    let mut person = Person::new().await;
    person.browser = person.app.browser();
    assert_eq!(person.answer(&[("prompt", "none")]).await["error"], "login_required");
}

/// oidcc-prompt-none-logged-in
#[tokio::test]
async fn somebody_who_is_signed_in_is_answered_without_a_question() {
    let mut person = Person::new().await;
    let first = person.id_token(&[]).await;
    person.app.advance(SECOND);
    let second = person.id_token(&[("prompt", "none")]).await;
    assert_eq!((&second["auth_time"], &second["sub"]), (&first["auth_time"], &first["sub"]));
}

/// oidcc-refresh-token
#[tokio::test]
async fn a_refresh_gives_tokens_about_the_same_sign_in() {
    let mut person = Person::new().await;
    let tokens = person.tokens(&[]).await;
    person.app.advance(60 * SECOND);
    let refreshed = person.client.refresh(&person.app, tokens["refresh_token"].as_str().unwrap()).await;
    let refreshed = refreshed.assert_status(200).json();
    let [before, after] = [&tokens, &refreshed].map(|tokens| claims(tokens["id_token"].as_str().unwrap()));
    for name in ["iss", "sub", "aud", "auth_time"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    assert!(after["iat"].as_u64() > before["iat"].as_u64());
    person.userinfo(&refreshed).await;
    let other = RelyingParty::trusted(&person.app).await;
    let token = refreshed["refresh_token"].as_str().unwrap();
    other.refresh(&person.app, token).await.assert_refused(400, "invalid_grant");
}

/// oidcc-response-type-missing
#[tokio::test]
async fn a_request_without_a_response_type_is_told_so() {
    let answer = Person::new().await.answer(&[("response_type", "")]).await;
    assert_eq!((answer["error"].as_str(), answer["state"].as_str()), ("invalid_request", STATE));
}

/// oidcc-scope-profile
#[tokio::test]
async fn the_scope_profile_gives_the_name() {
    let mut person = Person::new().await;
    let tokens = person.tokens(&[("scope", "openid profile")]).await;
    let ada = person.app.user("ada@example.org").await;
    let expected = json!({ "sub": ada.id, "name": "Somebody" });
    assert_eq!(person.userinfo(&tokens).await, expected);
}

/// oidcc-scope-email
#[tokio::test]
async fn the_scope_email_gives_the_address_and_whether_it_is_verified() {
    let mut person = Person::new().await;
    let tokens = person.tokens(&[("scope", "openid email")]).await;
    let ada = person.app.user("ada@example.org").await;
    let expected = json!({ "sub": ada.id, "email": "ada@example.org", "email_verified": false });
    assert_eq!(person.userinfo(&tokens).await, expected);
}

/// oidcc-scope-address
#[tokio::test]
async fn the_scope_address_gives_nothing_because_none_is_kept() {
    let mut person = Person::new().await;
    let tokens = person.tokens(&[("scope", "openid address")]).await;
    let ada = person.app.user("ada@example.org").await;
    let expected = json!({ "sub": ada.id });
    assert_eq!(person.userinfo(&tokens).await, expected);
}

/// oidcc-scope-phone
#[tokio::test]
async fn the_scope_phone_gives_nothing_because_none_is_kept() {
    let mut person = Person::new().await;
    let tokens = person.tokens(&[("scope", "openid phone")]).await;
    let ada = person.app.user("ada@example.org").await;
    let expected = json!({ "sub": ada.id });
    assert_eq!(person.userinfo(&tokens).await, expected);
}

/// oidcc-scope-all
#[tokio::test]
async fn all_scopes_together_give_what_each_gives() {
    let mut person = Person::new().await;
    let tokens = person.tokens(&[("scope", "openid profile email address phone")]).await;
    let ada = person.app.user("ada@example.org").await;
    let expected = json!({
        "sub": ada.id, "name": "Somebody", "email": "ada@example.org", "email_verified": false
    });
    assert_eq!(person.userinfo(&tokens).await, expected);
}

/// oidcc-claims-essential
#[tokio::test]
async fn a_wanted_claim_is_no_error_and_the_metadata_says_that_it_is_not_heeded() {
    let mut person = Person::new().await;
    let wanted = r#"{"userinfo":{"name":{"essential":true}}}"#;
    person.tokens(&[("claims", wanted)]).await;
    let metadata = person.browser.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["claims_parameter_supported"], false);
}

/// oidcc-server-client-secret-post
#[tokio::test]
async fn a_secret_comes_in_the_form_or_in_the_header_as_is_registered() {
    let mut person = Person::new().await;
    person.tokens(&[]).await;
    let settings = ClientSettings {
        trusted: Some(true),
        auth_method: Some("client_secret_basic".to_owned()),
        ..ClientSettings::default()
    };
    let basic = RelyingParty::register(&person.app, ClientKind::Web, settings).await;
    let code = basic.code(&mut person.browser).await;
    basic.redeem(&person.app, &code).await.assert_refused(401, "invalid_client");
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", CALLBACK),
    ];
    let mut request = Browser::form("/oauth/token", encode(&fields));
    let credentials = format!("{}:{}", basic.id, basic.secret.as_deref().unwrap());
    let credentials = format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(credentials));
    request.headers_mut().insert(header::AUTHORIZATION, credentials.parse().unwrap());
    person.app.browser().send(request).await.assert_status(200);
}

/// oidcc-userinfo-get
#[tokio::test]
async fn userinfo_is_read_with_the_token_in_the_header() {
    let mut person = Person::new().await;
    let tokens = person.tokens(&[]).await;
    assert_eq!(person.userinfo(&tokens).await["name"], "Somebody");
}

/// oidcc-userinfo-post-header
#[tokio::test]
async fn userinfo_is_posted_to_with_the_token_in_the_header() {
    let mut person = Person::new().await;
    let tokens = person.tokens(&[]).await;
    let mut request = Browser::form("/oauth/userinfo", "");
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    request.headers_mut().insert(header::AUTHORIZATION, bearer.parse().unwrap());
    assert_eq!(person.app.browser().send(request).await.assert_status(200).json()["name"], "Somebody");
}

/// oidcc-userinfo-post-body
#[tokio::test]
async fn userinfo_is_posted_to_with_the_token_in_the_form() {
    let mut person = Person::new().await;
    let tokens = person.tokens(&[]).await;
    let fields = encode(&[("access_token", tokens["access_token"].as_str().unwrap())]);
    let answer = person.app.browser().send(Browser::form("/oauth/userinfo", fields)).await;
    assert_eq!(answer.assert_status(200).json()["name"], "Somebody");
}

/// oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported
#[tokio::test]
async fn a_request_object_is_refused_as_unsupported() {
    let mut person = Person::new().await;
    let object = format!("{}.{}.", BASE64.encode(r#"{"alg":"none"}"#), BASE64.encode("{}"));
    assert_eq!(person.answer(&[("request", &object)]).await["error"], "request_not_supported");
    let metadata = person.browser.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["request_parameter_supported"], false);
}

/// oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported
#[tokio::test]
async fn a_request_by_reference_is_refused_as_unsupported() {
    let mut person = Person::new().await;
    let answer = person.answer(&[("request_uri", "https://app.example.org/request")]).await;
    assert_eq!(answer["error"], "request_uri_not_supported");
    let metadata = person.browser.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["request_uri_parameter_supported"], false);
}

/// oidcc-idtoken-signature
#[tokio::test]
async fn an_id_token_is_signed_with_rs256_by_a_key_of_the_key_set() {
    let mut person = Person::new().await;
    let token = person.tokens(&[]).await["id_token"].as_str().unwrap().to_owned();
    let header = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!((header.alg, header.typ.as_deref()), (jsonwebtoken::Algorithm::RS256, Some("JWT")));
    let metadata = person.browser.get("/.well-known/openid-configuration").await.json();
    let keys = metadata["jwks_uri"].as_str().unwrap().strip_prefix("http://localhost:3000").unwrap();
    let keys: JwkSet = serde_json::from_str(&person.browser.get(keys).await.body).unwrap();
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let verify = |message: &str| {
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, jsonwebtoken::Algorithm::RS256)
    };
    assert!(verify(message).unwrap());
    assert!(!verify(&message.replace('.', "x")).unwrap());
}

// Config OP

/// oidcc-discovery-endpoint-verification
#[tokio::test]
async fn the_metadata_says_where_everything_is_and_what_is_supported() {
    let mut person = Person::new().await;
    let metadata = person.browser.get("/.well-known/openid-configuration").await.assert_status(200).json();
    assert_eq!(metadata["issuer"], "http://localhost:3000");
    for name in
        ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint"]
    {
        let path = metadata[name].as_str().and_then(|address| address.strip_prefix("http://localhost:3000"));
        assert_ne!(person.app.browser().get(path.unwrap()).await.status, 404, "{name}");
    }
    for (name, value) in [
        ("response_types_supported", "code"),
        ("subject_types_supported", "public"),
        ("id_token_signing_alg_values_supported", "RS256"),
        ("scopes_supported", "openid"),
        ("claims_supported", "sub"),
        ("grant_types_supported", "authorization_code"),
        ("token_endpoint_auth_methods_supported", "client_secret_basic"),
        ("code_challenge_methods_supported", "S256"),
    ] {
        assert!(metadata[name].as_array().unwrap().contains(&json!(value)), "{name}: {metadata}");
    }
}

// RP-Initiated Logout OP

/// oidcc-rp-initiated-logout
#[tokio::test]
async fn a_logout_with_hint_address_and_state_ends_the_session_and_leads_back() {
    let mut leaving = Leaving::new().await;
    let hint = leaving.id_token.clone();
    let answer = leaving
        .send(&[("id_token_hint", &hint), ("post_logout_redirect_uri", GOODBYE), ("state", STATE)])
        .await;
    answer.assert_status(303);
    assert!(answer.location().starts_with(&format!("{GOODBYE}?state=")), "{answer:?}");
    assert_eq!(answered(&answer)["state"], STATE);
    assert!(!leaving.is_signed_in().await);
    assert_eq!(leaving.browser.refresh_token(), "");
}

/// oidcc-rp-initiated-logout-bad-id-token-hint
#[tokio::test]
async fn a_logout_with_a_bad_hint_asks_and_leads_nowhere() {
    let mut leaving = Leaving::new().await;
    leaving
        .stays(&[("id_token_hint", "no token"), ("post_logout_redirect_uri", GOODBYE), ("state", "a")])
        .await;
}

/// oidcc-rp-initiated-logout-modified-id-token-hint
#[tokio::test]
async fn a_logout_with_a_modified_hint_asks_and_leads_nowhere() {
    let mut leaving = Leaving::new().await;
    let (message, signature) = leaving.id_token.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let payload = String::from_utf8(BASE64.decode(payload).unwrap()).unwrap();
    let payload = BASE64.encode(payload.replace("pwd", "otp"));
    let hint = format!("{header}.{payload}.{signature}");
    leaving.stays(&[("id_token_hint", &hint), ("post_logout_redirect_uri", GOODBYE), ("state", "a")]).await;
}

/// oidcc-rp-initiated-logout-no-id-token-hint
#[tokio::test]
async fn a_logout_without_a_hint_asks_and_leads_back_only_if_the_app_is_named() {
    let mut leaving = Leaving::new().await;
    leaving.stays(&[("post_logout_redirect_uri", GOODBYE), ("state", "a")]).await;
    let mut leaving = Leaving::new().await;
    let client = leaving.client.id.to_string();
    let fields = [("client_id", client.as_str()), ("post_logout_redirect_uri", GOODBYE), ("state", STATE)];
    let answer = leaving.asked(&fields).await;
    assert_eq!(answered(&answer)["state"], STATE);
    assert!(answer.header("refresh").unwrap().starts_with(&format!("0; url={GOODBYE}?")), "{answer:?}");
}

/// oidcc-rp-initiated-logout-bad-post-logout-redirect-uri
#[tokio::test]
async fn a_logout_with_an_address_that_is_not_registered_leads_nowhere() {
    for address in ["https://evil.example/", CALLBACK, "https://app.example.org/goodbye/", "/\\evil.example"]
    {
        let mut leaving = Leaving::new().await;
        let hint = leaving.id_token.clone();
        assert_stays(&leaving.send(&[("id_token_hint", &hint), ("post_logout_redirect_uri", address)]).await);
    }
}

/// oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri
#[tokio::test]
async fn a_logout_with_a_query_added_to_the_address_leads_nowhere() {
    let mut leaving = Leaving::new().await;
    let (hint, address) = (leaving.id_token.clone(), format!("{GOODBYE}?a=b"));
    assert_stays(&leaving.send(&[("id_token_hint", &hint), ("post_logout_redirect_uri", &address)]).await);
}

/// oidcc-rp-initiated-logout-no-post-logout-redirect-uri
#[tokio::test]
async fn a_logout_with_a_hint_alone_signs_out_and_stays_here() {
    let mut leaving = Leaving::new().await;
    let hint = leaving.id_token.clone();
    assert_stays(&leaving.send(&[("id_token_hint", &hint), ("state", "a")]).await);
    assert!(!leaving.is_signed_in().await);
}

/// oidcc-rp-initiated-logout-no-params
#[tokio::test]
async fn a_logout_without_parameters_asks_and_stays_here() {
    Leaving::new().await.stays(&[]).await;
}

/// oidcc-rp-initiated-logout-no-state
#[tokio::test]
async fn a_logout_without_state_leads_to_the_address_as_it_is_registered() {
    let mut leaving = Leaving::new().await;
    let hint = leaving.id_token.clone();
    let answer = leaving.send(&[("id_token_hint", &hint), ("post_logout_redirect_uri", GOODBYE)]).await;
    assert_eq!(answer.assert_status(303).location(), GOODBYE);
}

/// oidcc-rp-initiated-logout-only-state
#[tokio::test]
async fn a_logout_with_state_alone_asks_and_stays_here() {
    Leaving::new().await.stays(&[("state", STATE)]).await;
}

// Back-Channel Logout OP

/// oidcc-backchannel-logout-discovery-endpoint-verification
#[tokio::test]
async fn the_metadata_says_that_apps_are_told_of_a_logout() {
    let app = TestApp::start().await;
    let metadata = app.browser().get("/.well-known/openid-configuration").await.json();
    for name in ["backchannel_logout_supported", "backchannel_logout_session_supported"] {
        assert_eq!(metadata[name], true, "{name}");
    }
}

/// oidcc-backchannel-rp-initiated-logout; what it is told, and how often: `oauth_logout`
#[tokio::test]
async fn an_app_that_signs_somebody_out_is_told_like_all_others() {
    let app = TestApp::start().await;
    let settings = ClientSettings {
        trusted: Some(true),
        post_logout_uris: Some(vec![GOODBYE.to_owned()]),
        backchannel_logout_uri: Some("https://app.example.org/logout".to_owned()),
        ..ClientSettings::default()
    };
    let client = RelyingParty::register(&app, ClientKind::Web, settings).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let tokens = client.sign_in(&app, &mut browser).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let fields = encode(&[("id_token_hint", hint), ("post_logout_redirect_uri", GOODBYE)]);
    browser.get(&format!("/oauth/logout?{fields}")).await.assert_status(303);
    let sid = claims(hint)["sid"].as_str().unwrap().to_owned();
    assert_eq!(logout_deliveries::all(&app.state.store).await, [(client.id.to_string(), sid)]);
}
