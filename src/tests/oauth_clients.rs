//! Clients as tests use them, and how a client proves who it is.

use std::time::Duration;

use axum::http::header;
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64},
};
use serde_json::{Value, json};

use crate::{
    model::{
        client_algorithm::ClientAlgorithm,
        display_name::DisplayName,
        oauth::{
            client_id::ClientId,
            client_kind::{AuthMethod, ClientKind},
            resource::Resources,
            scope::Scopes,
        },
    },
    server::{
        client_info::{ActionContext, ClientInfo},
        crypto::{algorithm::Algorithm, entropy::Entropy},
        keys::private_key::PrivateKey,
        oauth::{self, clients::ClientSettings},
        store::{
            client_secrets,
            clients::{self, Client},
        },
        tokens::one_time,
    },
    tests::test_app::{Answer, Backend, Browser, TestApp, encode},
};

/// A client that was registered, and its secret.
pub struct Registered {
    pub client: Client,
    pub secret: String,
}

impl Registered {
    pub fn id(&self) -> &str {
        self.client.id.as_str()
    }

    /// Asks about a token, with its secret in the body.
    pub async fn introspect(&self, app: &TestApp, token: &str) -> Answer {
        let fields = [("client_id", self.id()), ("client_secret", &self.secret), ("token", token)];
        app.browser().send(Browser::form("/oauth/introspect", encode(&fields))).await
    }
}

/// Registers a service with a secret, or what `change` makes of it.
pub async fn add_client(app: &TestApp, change: impl FnOnce(&mut Client)) -> Registered {
    let entropy = Entropy::system();
    let random = BASE64.encode(entropy.bytes::<16>().unwrap());
    let mut client = Client {
        id: ClientId::parse(&format!("lkc_{random}")).unwrap(),
        name: DisplayName::parse("A client").unwrap(),
        developer: None,
        kind: ClientKind::Service,
        auth_method: AuthMethod::Secret,
        jwks: None,
        trusted: false,
        scopes: Scopes::parse("openid profile email").unwrap(),
        resources: Resources::default(),
        id_token_alg: ClientAlgorithm::Rs256,
        id_token_key: None,
        claims_in_id_token: true,
        require_pushed: false,
        access_ttl: None,
        refresh_idle_ttl: None,
        refresh_absolute_ttl: None,
        backchannel_logout_uri: None,
        created_at: app.clock.now(),
        disabled_at: None,
    };
    change(&mut client);
    let secret = format!("lks_{}", one_time::generate(&entropy).unwrap().0);
    let mut tx = app.state.store.begin().await.unwrap();
    clients::insert(&mut tx, &client).await.unwrap();
    client_secrets::insert(&mut tx, &client.id, &one_time::hash(&secret), app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    Registered { client, secret }
}

/// Calls the introspection endpoint in some way.
async fn call(app: &TestApp, authorization: Option<&str>, fields: &[(&str, &str)]) -> Answer {
    let fields = [fields, &[("token", "x")]].concat();
    let mut request = Browser::form("/oauth/introspect", encode(&fields));
    if let Some(authorization) = authorization {
        request.headers_mut().insert(header::AUTHORIZATION, authorization.parse().unwrap());
    }
    app.browser().send(request).await
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")))
}

#[track_caller]
pub fn assert_refused(answer: &Answer, status: u16, error: &str) {
    answer.assert_status(status);
    assert_eq!(answer.json()["error"], error, "{answer:?}");
}

#[tokio::test]
async fn a_client_proves_who_it_is_by_the_method_that_was_registered() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        for (method, by_header, by_body) in [
            (AuthMethod::Secret, true, true),
            (AuthMethod::SecretBasic, true, false),
            (AuthMethod::SecretPost, false, true),
            (AuthMethod::PrivateKeyJwt, false, false),
            // A public client is whoever says so; this endpoint wants proof.
            (AuthMethod::None, false, false),
        ] {
            let client = add_client(&app, |client| client.auth_method = method).await;
            let (id, secret) = (client.id(), client.secret.as_str());
            let in_header = call(&app, Some(&basic(id, secret)), &[]).await;
            let in_body = call(&app, None, &[("client_id", id), ("client_secret", secret)]).await;
            for (answer, allowed) in [(&in_header, by_header), (&in_body, by_body)] {
                if allowed {
                    assert_eq!(answer.assert_status(200).json(), json!({ "active": false }), "{method}");
                } else {
                    assert_refused(answer, 401, "invalid_client");
                }
            }
            // Nothing sent is nothing proved.
            assert_refused(&call(&app, None, &[("client_id", id)]).await, 401, "invalid_client");
        }
    }
}

#[tokio::test]
async fn a_wrong_secret_an_unknown_client_and_a_disabled_one_are_refused_in_the_same_words() {
    let app = TestApp::start().await;
    let client = add_client(&app, |_| {}).await;
    let other = add_client(&app, |_| {}).await;
    let disabled = add_client(&app, |client| client.disabled_at = Some(client.created_at)).await;
    let mut tx = app.state.store.begin().await.unwrap();
    clients::update(&mut tx, &disabled.client).await.unwrap();
    tx.commit().await.unwrap();
    let mut bodies = Vec::new();
    for (id, secret) in [
        (client.id(), other.secret.as_str()),
        (client.id(), ""),
        (client.id(), "lks_"),
        (client.id(), &client.secret[..client.secret.len() - 1]),
        (client.id(), &client.secret.to_uppercase()),
        ("lkc_AAAAAAAAAAAAAAAAAAAAAA", &client.secret),
        ("' OR 1=1 --", &client.secret),
        (disabled.id(), &disabled.secret),
    ] {
        let by_header = call(&app, Some(&basic(id, secret)), &[]).await;
        assert_refused(&by_header, 401, "invalid_client");
        assert_eq!(by_header.header("www-authenticate"), Some(r#"Basic realm="clients""#));
        let by_body = call(&app, None, &[("client_id", id), ("client_secret", secret)]).await;
        assert_refused(&by_body, 401, "invalid_client");
        assert_eq!(by_body.header("www-authenticate"), None);
        bodies.extend([by_header.body, by_body.body]);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    for odd in ["Basic", "Basic !!!", "Basic bGtj", "Bearer x", "", "Negotiate x"] {
        assert_refused(&call(&app, Some(odd), &[]).await, 401, "invalid_client");
    }
    assert_refused(&call(&app, None, &[]).await, 401, "invalid_client");
}

#[tokio::test]
async fn two_methods_in_one_request_are_refused() {
    let app = TestApp::start().await;
    let client = add_client(&app, |_| {}).await;
    let (id, secret) = (client.id(), client.secret.as_str());
    let header = basic(id, secret);
    let twice = call(&app, Some(&header), &[("client_secret", secret)]).await;
    assert_refused(&twice, 400, "invalid_request");
    let other = call(&app, Some(&header), &[("client_id", "lkc_AAAAAAAAAAAAAAAAAAAAAA")]).await;
    assert_refused(&other, 400, "invalid_request");
    call(&app, Some(&header), &[("client_id", id)]).await.assert_status(200);
    let half = call(&app, None, &[("client_id", id), ("client_assertion", "a.b.c")]).await;
    assert_refused(&half, 400, "invalid_request");
    let repeated = format!("token=x&client_id={id}&client_secret={secret}&client_secret={secret}");
    let answer = app.browser().send(Browser::form("/oauth/introspect", repeated)).await;
    assert_refused(&answer, 400, "invalid_request");
    let mut json = Browser::form("/oauth/introspect", "{}");
    json.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
    assert_refused(&app.browser().send(json).await, 400, "invalid_request");
}

/// Within Basic, id and secret are form-encoded each (RFC 6749 §2.3.1): libraries do it, and some encode more than they must.
#[tokio::test]
async fn a_secret_in_the_header_is_form_encoded() {
    let app = TestApp::start().await;
    let client = add_client(&app, |_| {}).await;
    let encoded = |text: &str| text.bytes().map(percent_encoding::percent_encode_byte).collect::<String>();
    let header = basic(&encoded(client.id()), &encoded(&client.secret));
    call(&app, Some(&header), &[]).await.assert_status(200);
    call(&app, Some(&header.replace("Basic", "bASIC")), &[]).await.assert_status(200);
}

#[tokio::test]
async fn two_secrets_are_good_at_once_while_one_replaces_the_other() {
    let app = TestApp::start().await;
    let client = add_client(&app, |_| {}).await;
    let next = format!("lks_{}", one_time::generate(&app.state.entropy).unwrap().0);
    let mut tx = app.state.store.begin().await.unwrap();
    let until = app.clock.now() + Duration::from_secs(3600);
    client_secrets::expire(&mut tx, &client.client.id, until).await.unwrap();
    app.advance(Duration::from_secs(1));
    client_secrets::insert(&mut tx, &client.client.id, &one_time::hash(&next), app.clock.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    for secret in [&client.secret, &next] {
        call(&app, Some(&basic(client.id(), secret)), &[]).await.assert_status(200);
    }
    app.advance(Duration::from_secs(3600));
    call(&app, Some(&basic(client.id(), &next)), &[]).await.assert_status(200);
    assert_refused(&call(&app, Some(&basic(client.id(), &client.secret)), &[]).await, 401, "invalid_client");
}

/// A client with keys of its own.
pub struct Keyed {
    pub app: TestApp,
    pub client: Registered,
    key: PrivateKey,
    algorithm: Algorithm,
}

impl Keyed {
    pub async fn new(backend: Backend, algorithm: Algorithm) -> Self {
        let app = TestApp::with(backend, &[]).await;
        let (key, _) = PrivateKey::generate(algorithm, &Entropy::system()).unwrap();
        let client = add_client(&app, |_| {}).await;
        let keyed = Self { app, client, key, algorithm };
        let signs = ClientSettings {
            auth_method: Some("private_key_jwt".to_owned()),
            jwks: Some(json!({ "keys": [keyed.jwk("mine")] }).to_string()),
            ..ClientSettings::default()
        };
        let by = ClientInfo::command_line();
        let context = ActionContext { now: keyed.app.clock.now(), client: &by };
        let (state, id) = (&keyed.app.state, &keyed.client.client.id);
        oauth::clients::update(state, context, None, id, &signs).await.unwrap();
        keyed
    }

    /// The public half of its key, as it calls it.
    pub fn jwk(&self, kid: &str) -> Value {
        let mut jwk = serde_json::to_value(self.key.public_jwk().unwrap()).unwrap();
        jwk["kid"] = kid.into();
        jwk
    }

    pub fn claims(&self) -> Value {
        let now = self.app.clock.now().seconds();
        json!({
            "iss": self.client.id(), "sub": self.client.id(), "aud": "http://localhost:3000",
            "iat": now, "exp": now + 60, "jti": "one"
        })
    }

    fn header(&self) -> Value {
        json!({ "alg": self.algorithm.as_str(), "kid": "mine" })
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let signature = self.key.sign(message.as_bytes(), Entropy::system().source()).unwrap();
        format!("{message}.{}", BASE64.encode(signature))
    }

    pub async fn present(&self, assertion: &str) -> Answer {
        let fields = [
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ];
        call(&self.app, None, &fields).await
    }
}

#[tokio::test]
async fn an_assertion_works_once_for_a_minute_and_for_this_server_alone() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
            let keyed = Keyed::new(backend, algorithm).await;
            let assertion = keyed.sign(&keyed.header(), &keyed.claims());
            keyed.present(&assertion).await.assert_status(200);
            assert_refused(&keyed.present(&assertion).await, 401, "invalid_client");
            // Another signature over the same id is the same assertion.
            let again = keyed.sign(&json!({ "alg": algorithm.as_str() }), &keyed.claims());
            assert_refused(&keyed.present(&again).await, 401, "invalid_client");
        }
    }
}

#[tokio::test]
async fn an_assertion_that_breaks_a_rule_proves_nothing_and_is_not_used_up() {
    let keyed = Keyed::new(Backend::Sqlite, Algorithm::Es256).await;
    let now = keyed.app.clock.now().seconds();
    for (name, value) in [
        ("iss", json!("lkc_AAAAAAAAAAAAAAAAAAAAAA")),
        ("sub", json!("lkc_AAAAAAAAAAAAAAAAAAAAAA")),
        ("aud", json!("http://localhost:3000/oauth/token")),
        ("aud", json!("https://evil.example")),
        ("aud", json!(["http://localhost:3000", "https://evil.example"])),
        ("aud", json!([])),
        ("exp", json!(now + 66)),
        ("exp", json!(now - 5)),
        ("exp", json!(i64::MAX)),
        ("exp", json!("soon")),
        ("exp", json!(null)),
        ("nbf", json!(now + 6)),
        ("iat", json!(now + 6)),
        ("jti", json!("")),
        ("jti", json!(null)),
    ] {
        let mut claims = keyed.claims();
        claims[name] = value.clone();
        let answer = keyed.present(&keyed.sign(&keyed.header(), &claims)).await;
        assert_refused(&answer, 401, "invalid_client");
    }
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "HS256" }),
        json!({ "alg": "RS256", "kid": "mine" }),
        json!({ "alg": "ES256", "kid": "other" }),
        json!({ "alg": "ES256", "crit": ["exp"] }),
        json!({}),
    ] {
        let answer = keyed.present(&keyed.sign(&header, &keyed.claims())).await;
        assert_refused(&answer, 401, "invalid_client");
    }
    // Signed by somebody else.
    let other = Keyed::new(Backend::Sqlite, Algorithm::Es256).await;
    let answer = keyed.present(&other.sign(&keyed.header(), &keyed.claims())).await;
    assert_refused(&answer, 401, "invalid_client");
    let good = keyed.sign(&keyed.header(), &keyed.claims());
    for text in ["", "a", "a.b.c", "..", &good[..good.len() - 2], &format!("{good}A")] {
        let answer = keyed.present(text).await;
        assert!(answer.status == 401 || answer.status == 400, "{answer:?}");
    }
    // None of it has used it up; the audience may also be a list of one.
    let mut claims = keyed.claims();
    claims["aud"] = json!(["http://localhost:3000"]);
    keyed.present(&keyed.sign(&keyed.header(), &claims)).await.assert_status(200);
}

#[tokio::test]
async fn fifty_who_present_one_assertion_at_once_prove_who_they_are_once() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let keyed = Keyed::new(backend, Algorithm::Es256).await;
        let assertion = keyed.sign(&keyed.header(), &keyed.claims());
        let answers = futures::future::join_all((0..50).map(|_| keyed.present(&assertion))).await;
        let proved = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(proved, 1, "{backend:?}");
    }
}

#[tokio::test]
async fn used_assertions_are_forgotten_once_they_have_expired() {
    use crate::server::tasks::housekeeping;
    let keyed = Keyed::new(Backend::Sqlite, Algorithm::Es256).await;
    let claims = keyed.claims();
    let assertion = keyed.sign(&keyed.header(), &claims);
    keyed.present(&assertion).await.assert_status(200);
    for _ in 0..7 {
        keyed.app.advance(Duration::from_secs(10));
        housekeeping::delete_expired(&keyed.app.state, keyed.app.clock.now()).await.unwrap();
        assert_refused(&keyed.present(&assertion).await, 401, "invalid_client");
    }
}
