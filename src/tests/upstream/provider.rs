//! An OpenID Provider as tests use it. It says what a test wants it to say.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

use crate::{
    model::upstream::{preset::Preset, slug::ProviderSlug},
    server::{
        client_info::{ActionContext, ClientInfo},
        crypto::{algorithm::Algorithm, entropy::Entropy},
        error::Error,
        keys::private_key::PrivateKey,
        store::upstream_providers::Provider,
        upstream::{
            ProviderSettings,
            providers::{self, NewProvider},
        },
    },
    tests::test_app::{Answer, Browser, TestApp, TestClock, encode},
};

pub const SLUG: &str = "acme";
pub const NAME: &str = "Acme <Works>";
pub const CLIENT_ID: &str = "latchkey-at-acme";
pub const SECRET: &str = "a-secret/of+latchkey:";

/// A token before it is signed, for a test to spoil.
pub struct Token {
    pub header: Value,
    pub claims: Value,
    /// Nothing: it has no signature.
    pub signed_with: Option<Arc<PrivateKey>>,
}

/// What the provider says.
pub struct Says {
    pub metadata: Value,
    pub jwks: Value,
    /// Claims of the ID token beside those that it always has.
    pub claims: Value,
    pub nonce: String,
    pub userinfo: Value,
    /// Spoils the ID token.
    pub spoil: Box<dyn Fn(&mut Token) + Send>,
    /// The answer of the token endpoint, if it is another one.
    pub token_answer: Option<(StatusCode, Value)>,
    /// How often each endpoint was called.
    pub calls: BTreeMap<&'static str, usize>,
    /// What the last call of the token endpoint proved itself with.
    pub authorization: String,
    /// And the form that came with it.
    pub form: BTreeMap<String, String>,
}

/// The provider, running.
pub struct TestProvider {
    pub issuer: String,
    pub key: Arc<PrivateKey>,
    says: Arc<Mutex<Says>>,
    clock: TestClock,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    says: Arc<Mutex<Says>>,
    key: Arc<PrivateKey>,
    issuer: String,
    clock: TestClock,
}

impl Drop for TestProvider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TestProvider {
    pub async fn start(clock: &TestClock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let key = new_key();
        let says = Says {
            metadata: json!({
                "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize?realm=a"),
                "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/jwks"),
                "userinfo_endpoint": format!("{issuer}/userinfo"),
                "id_token_signing_alg_values_supported": ["HS256", "none", "ES256"],
                "authorization_response_iss_parameter_supported": true,
            }),
            jwks: json!({ "keys": [jwk(&key, "one")] }),
            claims: json!({ "sub": "248289761001" }),
            nonce: String::new(),
            userinfo: json!({ "sub": "248289761001" }),
            spoil: Box::new(|_| {}),
            token_answer: None,
            calls: BTreeMap::new(),
            authorization: String::new(),
            form: BTreeMap::new(),
        };
        let says = Arc::new(Mutex::new(says));
        let shared =
            Shared { says: says.clone(), key: key.clone(), issuer: issuer.clone(), clock: clock.clone() };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(shared);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { issuer, key, says, clock: clock.clone(), task }
    }

    pub fn says(&self) -> MutexGuard<'_, Says> {
        self.says.lock().unwrap()
    }

    /// Says this of whoever signs in, in the ID token.
    pub fn says_of_person(&self, claims: Value) {
        self.says().claims = claims;
    }

    /// Spoils what it signs from now on.
    pub fn spoil(&self, spoil: impl Fn(&mut Token) + Send + 'static) {
        self.says().spoil = Box::new(spoil);
    }

    /// The settings with which it is set up.
    pub fn settings() -> ProviderSettings {
        ProviderSettings {
            name: Some(NAME.to_owned()),
            client_id: Some(CLIENT_ID.to_owned()),
            client_secret: Some(SECRET.to_owned()),
            sign_up: Some("open".to_owned()),
            private_address: Some(true),
            ..ProviderSettings::default()
        }
    }

    /// Sets it up in an app.
    pub async fn add_to(&self, app: &TestApp, settings: ProviderSettings) -> Provider {
        self.try_add_to(app, settings).await.unwrap()
    }

    pub async fn try_add_to(&self, app: &TestApp, settings: ProviderSettings) -> Result<Provider, Error> {
        self.try_add_as(app, SLUG, settings).await
    }

    /// Sets it up in an app under another slug.
    pub async fn add_as(&self, app: &TestApp, slug: &str, settings: ProviderSettings) -> Provider {
        self.try_add_as(app, slug, settings).await.unwrap()
    }

    async fn try_add_as(
        &self,
        app: &TestApp,
        slug: &str,
        settings: ProviderSettings,
    ) -> Result<Provider, Error> {
        let new =
            NewProvider { slug: slug.to_owned(), preset: Preset::OpenId, issuer: Some(self.issuer.clone()) };
        let client = ClientInfo::command_line();
        let context = ActionContext { now: app.clock.now(), client: &client };
        providers::add(&app.state, context, None, &new, &settings).await
    }

    /// Begins a sign-in, and signs in at the provider: what it sends the browser back with.
    pub async fn go_and_sign_in(
        &self,
        browser: &mut Browser,
        fields: &[(&str, &str)],
    ) -> BTreeMap<&'static str, String> {
        let asked = begin(browser, fields).await;
        self.returns(&asked)
    }

    /// Signs in at the provider after it was asked for this.
    pub fn returns(&self, asked: &BTreeMap<String, String>) -> BTreeMap<&'static str, String> {
        self.says().nonce.clone_from(&asked["nonce"]);
        BTreeMap::from([
            ("code", "a-code".to_owned()),
            ("state", asked["state"].clone()),
            ("iss", self.issuer.clone()),
        ])
    }

    /// Signs in through it, from the sign-in page to the page after.
    pub async fn sign_in(&self, browser: &mut Browser) -> Answer {
        let answer = self.go_and_sign_in(browser, &[]).await;
        come_back(browser, &answer).await
    }

    /// A logout token with these claims beside those that each has.
    pub fn logout_token(&self, claims: Value) -> String {
        self.logout_token_of_key("one", claims)
    }

    /// The same, signed with the key that it calls so.
    pub fn logout_token_of_key(&self, kid: &str, claims: Value) -> String {
        let now = self.clock.now().seconds();
        let mut all = json!({
            "iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": "one",
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        merge(&mut all, claims);
        let header = json!({ "alg": "ES256", "typ": "logout+jwt", "kid": kid });
        sign(&Token { header, claims: all, signed_with: Some(self.key.clone()) })
    }
}

/// Begins a sign-in with the button on the sign-in page. Returns what the provider is asked.
pub async fn begin(browser: &mut Browser, fields: &[(&str, &str)]) -> BTreeMap<String, String> {
    let answer = browser.submit("/login", &format!("/auth/upstream/{SLUG}"), fields).await;
    asked(&answer)
}

/// What a page that leads to the provider asks of it.
#[track_caller]
pub fn asked(answer: &Answer) -> BTreeMap<String, String> {
    answer.assert_status(200);
    let address = answer.header("refresh").unwrap().strip_prefix("0; url=").unwrap().to_owned();
    Url::parse(&address).unwrap().query_pairs().into_owned().collect()
}

/// Comes back from the provider.
pub async fn come_back(browser: &mut Browser, answer: &BTreeMap<&'static str, String>) -> Answer {
    come_back_to(browser, SLUG, answer).await
}

/// Comes back to the address of a provider.
pub async fn come_back_to(
    browser: &mut Browser,
    slug: &str,
    answer: &BTreeMap<&'static str, String>,
) -> Answer {
    let fields: Vec<_> = answer.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.get(&format!("/auth/upstream/{slug}/callback?{}", encode(&fields))).await
}

pub fn slug() -> ProviderSlug {
    ProviderSlug::parse(SLUG).unwrap()
}

pub fn new_key() -> Arc<PrivateKey> {
    Arc::new(PrivateKey::generate(Algorithm::Es256, &Entropy::system()).unwrap().0)
}

pub fn jwk(key: &PrivateKey, kid: &str) -> Value {
    let mut jwk = serde_json::to_value(key.public_jwk().unwrap()).unwrap();
    jwk["kid"] = kid.into();
    jwk
}

/// A token in its compact form.
pub fn sign(token: &Token) -> String {
    let part = |value: &Value| BASE64.encode(serde_json::to_vec(value).unwrap());
    let message = format!("{}.{}", part(&token.header), part(&token.claims));
    let signature = token
        .signed_with
        .as_ref()
        .map(|key| BASE64.encode(key.sign(message.as_bytes(), Entropy::system().source()).unwrap()));
    format!("{message}.{}", signature.unwrap_or_default())
}

fn merge(into: &mut Value, from: Value) {
    let (Value::Object(into), Value::Object(from)) = (into, from) else { panic!("claims are an object") };
    into.extend(from);
}

fn called<'a>(shared: &'a Shared, endpoint: &'static str) -> MutexGuard<'a, Says> {
    let mut says = shared.says.lock().unwrap();
    *says.calls.entry(endpoint).or_default() += 1;
    says
}

async fn metadata(State(shared): State<Shared>) -> Json<Value> {
    Json(called(&shared, "metadata").metadata.clone())
}

async fn jwks(State(shared): State<Shared>) -> Json<Value> {
    Json(called(&shared, "jwks").jwks.clone())
}

async fn userinfo(State(shared): State<Shared>, headers: HeaderMap) -> Json<Value> {
    assert_eq!(headers[AUTHORIZATION], "Bearer an-access-token");
    Json(called(&shared, "userinfo").userinfo.clone())
}

async fn token(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let mut says = called(&shared, "token");
    says.form = form;
    let authorization = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
    says.authorization = authorization.unwrap_or_default();
    if let Some((status, answer)) = &says.token_answer {
        return (*status, Json(answer.clone())).into_response();
    }
    let now = shared.clock.now().seconds();
    let mut claims = json!({
        "iss": shared.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": says.nonce,
    });
    merge(&mut claims, says.claims.clone());
    let header = json!({ "alg": "ES256", "typ": "JWT", "kid": "one" });
    let mut token = Token { header, claims, signed_with: Some(shared.key.clone()) };
    (says.spoil)(&mut token);
    Json(json!({ "access_token": "an-access-token", "token_type": "Bearer", "id_token": sign(&token) }))
        .into_response()
}
