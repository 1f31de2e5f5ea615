//! What introspection says of refresh tokens (RFC 7662 §2.2).

use std::time::Duration;

use serde_json::{Value, json};

use super::relying_party::RelyingParty;
use crate::{
    model::oauth::client_kind::ClientKind,
    server::{
        accounts::administer,
        client_info::{ActionContext, ClientInfo},
        oauth::{
            clients::{self, ClientSettings},
            consent,
        },
    },
    tests::test_app::{Backend, Browser, TestApp},
};

const DAY: Duration = Duration::from_secs(86_400);

fn refresh_token(tokens: &Value) -> String {
    tokens["refresh_token"].as_str().unwrap().to_owned()
}

async fn introspect(client: &RelyingParty, app: &TestApp, token: &str) -> Value {
    client.call(app, "/oauth/introspect", &[("token", token)]).await.assert_status(200).json()
}

/// Somebody who is signed in to an app that asks for consent.
struct SignedIn {
    app: TestApp,
    client: RelyingParty,
    browser: Browser,
    token: String,
}

impl SignedIn {
    async fn new(backend: Backend) -> Self {
        let app = TestApp::with(backend, &[]).await;
        let client = RelyingParty::register(&app, ClientKind::Web, ClientSettings::default()).await;
        let mut browser = app.sign_up("ada@example.org").await;
        let token = refresh_token(&client.sign_in(&app, &mut browser).await);
        Self { app, client, browser, token }
    }

    async fn is_active(&self) -> bool {
        let said = introspect(&self.client, &self.app, &self.token).await;
        assert!(said["active"] == true || said == json!({ "active": false }), "{said}");
        said["active"] == true
    }
}

#[tokio::test]
async fn a_client_introspects_its_own_refresh_token_and_nobody_else_does() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let SignedIn { app, client, token, .. } = SignedIn::new(backend).await;
        let expected = json!({
            "active": true, "iss": "http://localhost:3000", "sub": app.user("ada@example.org").await.id,
            "client_id": client.id, "scope": "openid profile", "exp": (app.clock.now() + 30 * DAY).seconds(),
        });
        assert_eq!(introspect(&client, &app, &token).await, expected, "{backend:?}");
        let other = RelyingParty::trusted(&app).await;
        let service = RelyingParty::register(&app, ClientKind::Service, ClientSettings::default()).await;
        let (start, last) = token.split_at(token.len() - 1);
        let forged = format!("{start}{}", if last == "A" { "E" } else { "A" });
        let nothing = json!({ "active": false });
        for (asking, token) in [(&other, &token), (&service, &token), (&client, &forged)] {
            assert_eq!(introspect(asking, &app, token).await, nothing, "{backend:?}");
        }
        client.refresh(&app, &token).await.assert_status(200);
    }
}

#[tokio::test]
async fn a_refresh_token_is_active_as_long_as_it_would_be_taken() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        for ended in ["sign-out", "expiry", "given back", "consent", "scope", "account"] {
            let mut at = SignedIn::new(backend).await;
            assert!(at.is_active().await);
            let by = ClientInfo::command_line();
            let context = ActionContext { now: at.app.clock.now(), client: &by };
            let (app, ada) = (&at.app, at.app.user("ada@example.org").await.id);
            match ended {
                "sign-out" => {
                    at.browser.sign_out().await.assert_status(200);
                }
                "expiry" => app.advance(8 * DAY),
                "given back" => {
                    let fields = [("token", at.token.as_str())];
                    at.client.call(app, "/oauth/revoke", &fields).await.assert_status(200);
                }
                "consent" => {
                    consent::revoke(&app.state, context, Some(&ada), &ada, &at.client.id).await.unwrap();
                }
                "scope" => {
                    let less =
                        ClientSettings { scopes: Some("openid".to_owned()), ..ClientSettings::default() };
                    clients::update(&app.state, context, None, &at.client.id, &less).await.unwrap();
                }
                _ => {
                    administer::disable(&app.state, context, None, &ada).await.unwrap();
                }
            }
            assert!(!at.is_active().await, "{backend:?}: {ended}");
            at.client.refresh(&at.app, &at.token).await.assert_status(400);
        }
    }
}
