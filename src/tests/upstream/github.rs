//! GitHub: who somebody is stands at an address of its own, and nothing is signed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Form, Json, Router,
    http::{HeaderMap, header},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::provider::*;
use crate::{
    model::upstream::{metadata::Metadata, preset::Preset},
    server::{
        client_info::{ActionContext, ClientInfo},
        store::upstream_providers::{self, Provider},
        upstream::{
            ProviderSettings,
            providers::{self, NewProvider},
        },
    },
    tests::test_app::{Answer, TestApp},
};

/// What it says of whoever signs in: the user, and the addresses.
type Says = Arc<Mutex<(Value, Value)>>;

/// A server that answers as GitHub does. Returns its address.
async fn start(says: Says) -> String {
    let (user, emails) = (says.clone(), says);
    let authorized = |headers: &HeaderMap| {
        assert_eq!(headers[header::AUTHORIZATION], "Bearer gho_token");
        assert!(
            headers.contains_key(header::USER_AGENT),
            "GitHub refuses whoever does not say what they are"
        );
    };
    let token = async |Form(form): Form<BTreeMap<String, String>>| {
        assert_eq!((form["client_id"].as_str(), form["client_secret"].as_str()), (CLIENT_ID, SECRET));
        Json(json!({ "access_token": "gho_token", "token_type": "bearer", "scope": "read:user,user:email" }))
    };
    let router = Router::new()
        .route("/token", post(token))
        .route(
            "/user",
            get(async move |headers: HeaderMap| {
                authorized(&headers);
                Json(user.lock().unwrap().0.clone())
            }),
        )
        .route(
            "/user/emails",
            get(async move |headers: HeaderMap| {
                authorized(&headers);
                Json(emails.lock().unwrap().1.clone())
            }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Sets up GitHub, and has its endpoints at another address.
async fn set_up(app: &TestApp, address: &str) {
    let new = NewProvider { slug: SLUG.to_owned(), preset: Preset::GitHub, issuer: None };
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    let settings =
        ProviderSettings { sign_up: Some("domains example.org".to_owned()), ..TestProvider::settings() };
    let added = providers::add(&app.state, context, None, &new, &settings).await.unwrap();
    assert_eq!(added.metadata.token_endpoint, "https://github.com/login/oauth/access_token");
    let metadata = Metadata {
        token_endpoint: format!("{address}/token"),
        userinfo_endpoint: Some(format!("{address}/user")),
        ..added.metadata.clone()
    };
    let mut tx = app.state.store.begin().await.unwrap();
    upstream_providers::update(&mut tx, &Provider { metadata, ..added }).await.unwrap();
    tx.commit().await.unwrap();
}

async fn sign_in(app: &TestApp) -> Answer {
    let mut browser = app.browser();
    let asked = begin(&mut browser, &[]).await;
    assert_eq!((asked["code_challenge_method"].as_str(), asked.contains_key("nonce")), ("S256", false));
    let answer = BTreeMap::from([("code", "a-code".to_owned()), ("state", asked["state"].clone())]);
    come_back(&mut browser, &answer).await
}

#[tokio::test]
async fn somebody_at_github_is_the_number_of_their_account_with_its_verified_primary_address() {
    let user = json!({ "id": 583_231, "login": "octocat", "name": "Ada", "email": "boss@example.org" });
    let address = |email: &str, primary: bool, verified: bool| json!({ "email": email, "primary": primary, "verified": verified });
    let says = Arc::new(Mutex::new((user, json!([]))));
    let app = TestApp::start().await;
    set_up(&app, &start(says.clone()).await).await;
    // Neither the address on the profile, nor one that is not verified or not the primary one.
    for emails in [
        json!([]),
        json!([address("ada@example.org", true, false)]),
        json!([address("ada@example.org", false, true), address("ada@example.net", true, true)]),
    ] {
        says.lock().unwrap().1 = emails;
        sign_in(&app).await.assert_status(403);
    }
    says.lock().unwrap().1 = json!([address("ada@example.org", true, true)]);
    sign_in(&app).await.assert_status(303);
    let user = app.user("ada@example.org").await;
    assert!(user.email_verified_at.is_some());
    // Another account that has taken over the name is somebody else.
    says.lock().unwrap().0["id"] = 1.into();
    sign_in(&app).await.assert_status(409);
    says.lock().unwrap().0 = json!({ "login": "octocat" });
    sign_in(&app).await.assert_status(502);
}
