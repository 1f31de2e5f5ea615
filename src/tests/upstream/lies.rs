//! A provider that lies, or does not keep to the standard: nobody is signed in, nobody gets an account, and the page names
//! the provider and nothing of what was wrong (the "Basic RP" list of the conformance suite).

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::provider::*;
use crate::{
    server::{
        crypto::{algorithm::Algorithm, entropy::Entropy},
        keys::private_key::PrivateKey,
        store::users,
    },
    tests::test_app::{Answer, Log, TestApp},
};

/// What no page shows.
const INTERNALS: [&str; 9] =
    ["nonce", "signature", "audience", "issuer", "algorithm", "kid", "claim", "token", "http://127"];

struct Lied {
    app: TestApp,
    provider: TestProvider,
}

impl Lied {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let provider = TestProvider::start(&app.clock).await;
        provider.says_of_person(json!({ "sub": "248289761001", "email": "ada@example.org" }));
        provider.add_to(&app, TestProvider::settings()).await;
        Self { app, provider }
    }

    /// Checks that nobody is signed in and that there is no account.
    async fn assert_nobody(&self, name: &str, answer: &Answer, status: u16) {
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        assert!(answer.body.contains("Acme &lt;Works&gt;"), "{name}: {}", answer.body);
        assert!(!INTERNALS.iter().any(|word| answer.body.contains(word)), "{name}: {}", answer.body);
        assert!(answer.header("set-cookie").is_none(), "{name}");
        let mut reader = self.app.state.store.read().await.unwrap();
        assert!(!users::any(&mut reader).await.unwrap(), "{name} made an account");
    }

    /// Signs in with an ID token that is spoilt so.
    async fn sign_in_with(&self, spoil: impl Fn(&mut Token) + Send + 'static) -> Answer {
        self.provider.spoil(spoil);
        self.provider.sign_in(&mut self.app.browser()).await
    }
}

fn without(name: &'static str) -> impl Fn(&mut Token) + Send {
    move |token| {
        token.claims.as_object_mut().unwrap().remove(name).unwrap();
    }
}

fn claim(name: &'static str, value: Value) -> impl Fn(&mut Token) + Send {
    move |token| token.claims[name] = value.clone()
}

fn header(name: &'static str, value: Value) -> impl Fn(&mut Token) + Send {
    move |token| token.header[name] = value.clone()
}

fn shifted(name: &'static str, seconds: i64) -> impl Fn(&mut Token) + Send {
    move |token| token.claims[name] = (token.claims[name].as_i64().unwrap() + seconds).into()
}

type Lie = (&'static str, Box<dyn Fn(&mut Token) + Send>);

fn lies() -> Vec<Lie> {
    let other_key = new_key();
    let secret: Arc<PrivateKey> =
        Arc::new(PrivateKey::generate(Algorithm::Hs256, &Entropy::system()).unwrap().0);
    vec![
        ("another audience", Box::new(claim("aud", json!("somebody-else")))),
        ("an empty audience", Box::new(claim("aud", json!([])))),
        ("several audiences without azp", Box::new(claim("aud", json!([CLIENT_ID, "somebody-else"])))),
        ("another azp", Box::new(claim("azp", json!("somebody-else")))),
        ("another issuer", Box::new(claim("iss", json!("https://evil.example")))),
        (
            "the issuer with a slash",
            Box::new(|token: &mut Token| {
                token.claims["iss"] = format!("{}/", token.claims["iss"].as_str().unwrap()).into();
            }),
        ),
        ("another nonce", Box::new(claim("nonce", json!("another")))),
        ("no nonce", Box::new(without("nonce"))),
        ("no issuer", Box::new(without("iss"))),
        ("no audience", Box::new(without("aud"))),
        ("no iat", Box::new(without("iat"))),
        ("no exp", Box::new(without("exp"))),
        ("no subject", Box::new(without("sub"))),
        ("an empty subject", Box::new(claim("sub", json!("")))),
        ("a subject that is no text", Box::new(claim("sub", json!(7)))),
        ("a subject that is too long", Box::new(claim("sub", json!("a".repeat(256))))),
        ("one that has expired", Box::new(shifted("exp", -306))),
        ("one from the future", Box::new(shifted("iat", 6))),
        ("an old one", Box::new(shifted("iat", -601))),
        ("one that is not good yet", Box::new(claim("nbf", json!(9_999_999_999_i64)))),
        (
            "alg none",
            Box::new(|token: &mut Token| {
                token.header["alg"] = "none".into();
                token.signed_with = None;
            }),
        ),
        ("no signature", Box::new(|token: &mut Token| token.signed_with = None)),
        (
            "HS256",
            Box::new(move |token: &mut Token| {
                token.header["alg"] = "HS256".into();
                token.signed_with = Some(secret.clone());
            }),
        ),
        ("an algorithm that is not the provider's", Box::new(header("alg", json!("RS256")))),
        ("another key", Box::new(move |token: &mut Token| token.signed_with = Some(other_key.clone()))),
        ("a key that is unknown", Box::new(header("kid", json!("two")))),
        ("a proof in the future", Box::new(claim("auth_time", json!(9_999_999_999_i64)))),
        ("a session whose name is none", Box::new(claim("sid", json!("a\u{0}b")))),
        ("a session whose name is too long", Box::new(claim("sid", json!("a".repeat(256))))),
        ("an extension", Box::new(header("crit", json!(["b64"])))),
        ("an access token", Box::new(header("typ", json!("at+jwt")))),
        ("a logout token", Box::new(header("typ", json!("logout+jwt")))),
    ]
}

#[tokio::test]
async fn an_id_token_that_breaks_a_rule_signs_nobody_in_and_no_page_says_which() {
    let log = Log::capture();
    let lied = Lied::new().await;
    for (name, spoil) in lies() {
        let answer = lied.sign_in_with(spoil).await;
        lied.assert_nobody(name, &answer, 502).await;
    }
    assert!(log.text().contains("the nonce is another one"), "the log says which");
    // All of it was the token's fault.
    lied.sign_in_with(|_| {}).await.assert_status(303);
}

#[tokio::test]
async fn a_key_without_a_name_counts_if_it_is_the_only_one() {
    let lied = Lied::new().await;
    let nameless = |token: &mut Token| {
        token.header.as_object_mut().unwrap().remove("kid");
    };
    lied.sign_in_with(nameless).await.assert_status(303);

    let lied = Lied::new().await;
    lied.provider.says().jwks = json!({ "keys": [jwk(&lied.provider.key, "one"), jwk(&new_key(), "two")] });
    let answer = lied.sign_in_with(nameless).await;
    lied.assert_nobody("no name and several keys", &answer, 502).await;
}

#[tokio::test]
async fn a_key_that_is_for_encryption_or_symmetric_signs_nothing() {
    let lied = Lied::new().await;
    let mut encrypts = jwk(&lied.provider.key, "one");
    encrypts["use"] = "enc".into();
    let symmetric = json!({ "kty": "oct", "kid": "two", "k": "c2VjcmV0" });
    let unknown = json!({ "kty": "PQC", "kid": "three" });
    lied.provider.says().jwks = json!({ "keys": [encrypts, symmetric, unknown] });
    let answer = lied.sign_in_with(|_| {}).await;
    lied.assert_nobody("a key for encryption", &answer, 502).await;
}

/// Incident 29: librefang 3364 and 4041, wavelens/gradient 38.
#[tokio::test]
async fn userinfo_never_stands_in_for_an_id_token() {
    let lied = Lied::new().await;
    let answer = json!({ "access_token": "an-access-token", "token_type": "Bearer" });
    lied.provider.says().token_answer = Some((StatusCode::OK, answer));
    lied.provider.says().userinfo = json!({ "sub": "248289761001", "email": "ada@example.org" });
    let answer = lied.provider.sign_in(&mut lied.app.browser()).await;
    lied.assert_nobody("no ID token", &answer, 502).await;
    assert!(!lied.provider.says().calls.contains_key("userinfo"));
}

#[tokio::test]
async fn userinfo_about_somebody_else_signs_nobody_in() {
    let lied = Lied::new().await;
    lied.provider.says_of_person(json!({ "sub": "248289761001" }));
    for userinfo in
        [json!({ "sub": "another", "email": "ada@example.org" }), json!({ "email": "ada@example.org" })]
    {
        lied.provider.says().userinfo = userinfo;
        let answer = lied.provider.sign_in(&mut lied.app.browser()).await;
        lied.assert_nobody("another subject", &answer, 502).await;
    }
}

#[tokio::test]
async fn an_answer_names_its_issuer_if_the_provider_has_said_so() {
    let lied = Lied::new().await;
    for issuer in [None, Some("https://evil.example".to_owned())] {
        let mut browser = lied.app.browser();
        let mut answer = lied.provider.go_and_sign_in(&mut browser, &[]).await;
        match issuer {
            Some(issuer) => answer.insert("iss", issuer),
            None => answer.remove("iss"),
        };
        let answer = come_back(&mut browser, &answer).await;
        lied.assert_nobody("the issuer of the answer", &answer, 502).await;
        assert!(!lied.provider.says().calls.contains_key("token"), "the code is not handed over");
    }
}

#[tokio::test]
async fn a_provider_that_is_down_keeps_nobody_from_signing_in_with_a_password() {
    let lied = Lied::new().await;
    for (status, shown) in [(500, 503), (503, 503), (400, 502), (401, 502), (302, 502)] {
        let status = StatusCode::from_u16(status).unwrap();
        lied.provider.says().token_answer = Some((status, json!({ "error": "invalid_grant" })));
        let answer = lied.provider.sign_in(&mut lied.app.browser()).await;
        lied.assert_nobody("a status", &answer, shown).await;
        assert_eq!(answer.header("retry-after").is_some(), shown == 503);
    }
    let Lied { app, provider } = lied;
    let mut browser = app.browser();
    let answer = provider.go_and_sign_in(&mut browser, &[]).await;
    drop(provider);
    let answer = come_back(&mut browser, &answer).await;
    answer.assert_status(503);
    assert!(answer.body.contains("does not answer"), "{}", answer.body);
    app.sign_up("ada@example.org").await;
    assert!(app.browser().get("/login").await.body.contains("Sign in with Acme"));
}

#[tokio::test]
async fn a_person_who_is_not_signed_in_there_is_not_signed_in_here() {
    let lied = Lied::new().await;
    let mut browser = lied.app.browser();
    let mut answer = lied.provider.go_and_sign_in(&mut browser, &[]).await;
    answer.insert("error", "access_denied".to_owned());
    answer.insert("error_description", "<script>alert(1)</script>".to_owned());
    let answer = come_back(&mut browser, &answer).await;
    lied.assert_nobody("an error", &answer, 400).await;
    assert!(!answer.body.contains("alert"));
}

#[tokio::test]
async fn keys_are_asked_for_once_and_for_an_unknown_one_once_a_minute() {
    let lied = Lied::new().await;
    let unknown = || header("kid", json!("two"));
    let calls = || lied.provider.says().calls["jwks"];
    lied.sign_in_with(|_| {}).await.assert_status(303);
    lied.sign_in_with(|_| {}).await.assert_status(303);
    assert_eq!(calls(), 1);
    lied.app.advance(Duration::from_secs(60));
    for _ in 0..3 {
        lied.sign_in_with(unknown()).await.assert_status(502);
    }
    assert_eq!(calls(), 2, "anybody can make up the name of a key");
    // The provider has a new key: it is found as soon as it may be asked for.
    lied.provider.says().jwks = json!({ "keys": [jwk(&lied.provider.key, "two")] });
    lied.sign_in_with(unknown()).await.assert_status(502);
    lied.app.advance(Duration::from_secs(60));
    lied.sign_in_with(unknown()).await.assert_status(303);
    assert_eq!(calls(), 3);
}

#[tokio::test]
async fn keys_are_read_anew_after_an_hour_and_kept_if_the_provider_does_not_answer() {
    let lied = Lied::new().await;
    lied.sign_in_with(|_| {}).await.assert_status(303);
    lied.provider.says().jwks = json!("nonsense");
    lied.app.advance(Duration::from_secs(3600));
    lied.sign_in_with(|_| {}).await.assert_status(303);
    assert_eq!(lied.provider.says().calls["jwks"], 2);
    // Taken back by the provider, a key is believed no longer.
    lied.provider.says().jwks = json!({ "keys": [] });
    lied.app.advance(Duration::from_secs(3600));
    lied.sign_in_with(|_| {}).await.assert_status(502);
}
