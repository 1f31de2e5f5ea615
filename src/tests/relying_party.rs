//! An app that signs people in here, as tests use it.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::Value;
use url::Url;

use crate::{
    model::oauth::{client_id::ClientId, client_kind::ClientKind},
    server::{
        client_info::{ActionContext, ClientInfo},
        oauth::clients::{self, ClientSettings},
    },
    tests::test_app::{Answer, Browser, TestApp, encode},
};

pub const CALLBACK: &str = "https://app.example.org/callback";
pub const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-0123456789";
pub const NONCE: &str = "n-0S6_WzA2Mj";
pub const STATE: &str = "a state & more";

pub struct RelyingParty {
    pub id: ClientId,
    pub secret: Option<String>,
}

/// The parameters of an authorization request, which a test changes.
pub type Request = BTreeMap<&'static str, String>;

impl RelyingParty {
    /// Registers a client that may ask for the usual, at [`CALLBACK`].
    pub async fn register(app: &TestApp, kind: ClientKind, settings: ClientSettings) -> Self {
        let redirect_uris = kind.has_redirects().then(|| vec![CALLBACK.to_owned()]);
        let settings = ClientSettings {
            name: Some("Notes".to_owned()),
            redirect_uris: settings.redirect_uris.clone().or(redirect_uris),
            ..settings
        };
        let client = ClientInfo::command_line();
        let context = ActionContext { now: app.clock.now(), client: &client };
        let (details, secret) = clients::add(&app.state, context, None, kind, &settings).await.unwrap();
        Self { id: details.client.id, secret }
    }

    /// A web app that needs no consent.
    pub async fn trusted(app: &TestApp) -> Self {
        let settings = ClientSettings {
            trusted: Some(true),
            scopes: Some("openid profile email offline_access".to_owned()),
            ..ClientSettings::default()
        };
        Self::register(app, ClientKind::Web, settings).await
    }

    /// An app in the browser that needs no consent.
    pub async fn public(app: &TestApp) -> Self {
        let settings = ClientSettings { trusted: Some(true), ..ClientSettings::default() };
        Self::register(app, ClientKind::Browser, settings).await
    }

    pub fn request(&self) -> Request {
        BTreeMap::from([
            ("response_type", "code".to_owned()),
            ("client_id", self.id.to_string()),
            ("redirect_uri", CALLBACK.to_owned()),
            ("scope", "openid profile".to_owned()),
            ("state", STATE.to_owned()),
            ("nonce", NONCE.to_owned()),
            ("code_challenge", challenge(VERIFIER)),
            ("code_challenge_method", "S256".to_owned()),
        ])
    }

    /// The same with other values. An empty one is left out.
    pub fn request_with(&self, changes: &[(&'static str, &str)]) -> Request {
        let mut request = self.request();
        for (name, value) in changes {
            request.insert(name, (*value).to_owned());
        }
        request.retain(|_, value| !value.is_empty());
        request
    }

    /// Sends somebody who is signed in to the authorization endpoint, and allows what is asked.
    pub async fn authorize(&self, browser: &mut Browser, request: &Request) -> BTreeMap<String, String> {
        let answer = browser.get(&path(request)).await;
        if answer.location().starts_with("/consent") {
            let page = answer.location().to_owned();
            browser.get(&page).await.assert_status(200);
            return answered(&browser.submit(&page, &page, &[("decision", "allow")]).await);
        }
        answered(&answer)
    }

    /// The code for somebody who is signed in.
    pub async fn code(&self, browser: &mut Browser) -> String {
        self.authorize(browser, &self.request()).await["code"].clone()
    }

    /// Calls the token endpoint as this client.
    pub async fn token(&self, app: &TestApp, fields: &[(&str, &str)]) -> Answer {
        self.call(app, "/oauth/token", fields).await
    }

    /// Calls an endpoint as this client.
    pub async fn call(&self, app: &TestApp, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("client_id", self.id.as_str())];
        all.extend(self.secret.as_deref().map(|secret| ("client_secret", secret)));
        all.extend_from_slice(fields);
        app.browser().send(Browser::form(path, encode(&all))).await
    }

    pub async fn redeem(&self, app: &TestApp, code: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", CALLBACK),
        ];
        self.token(app, &fields).await
    }

    pub async fn refresh(&self, app: &TestApp, token: &str) -> Answer {
        self.token(app, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// Signs somebody in to this app who is signed in here, and returns its tokens.
    pub async fn sign_in(&self, app: &TestApp, browser: &mut Browser) -> Value {
        let code = self.code(browser).await;
        self.redeem(app, &code).await.assert_status(200).json()
    }
}

/// The address of the authorization endpoint with a request.
pub fn path(request: &Request) -> String {
    let fields: Vec<_> = request.iter().map(|(name, value)| (*name, value.as_str())).collect();
    format!("/oauth/authorize?{}", encode(&fields))
}

/// What a client is answered with, by a redirect or by a page that leads on.
#[track_caller]
pub fn answered(answer: &Answer) -> BTreeMap<String, String> {
    let address = match answer.header("refresh") {
        Some(refresh) => refresh.strip_prefix("0; url=").unwrap().to_owned(),
        None => answer.location().to_owned(),
    };
    let url = Url::parse(&address).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
    url.query_pairs().into_owned().collect()
}

pub fn challenge(verifier: &str) -> String {
    BASE64.encode(digest(&SHA256, verifier.as_bytes()))
}

/// The claims of a token, unverified.
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64.decode(payload).unwrap()).unwrap()
}

/// Whether userinfo takes an access token.
pub async fn is_accepted(app: &TestApp, access_token: &str) -> bool {
    app.browser().get_with_token("/oauth/userinfo", Some(access_token)).await.status == 200
}

impl Answer {
    /// Checks that the token endpoint has refused with this error.
    #[track_caller]
    pub fn assert_refused(&self, status: u16, error: &str) -> &Self {
        self.assert_status(status);
        assert_eq!(self.json()["error"], error, "{self:?}");
        self
    }
}
