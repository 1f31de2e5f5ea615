//! Setting up a provider.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use futures::stream;
use serde_json::json;
use tokio::net::TcpListener;

use super::provider::*;
use crate::{
    model::upstream::preset::Preset,
    server::{
        client_info::{ActionContext, ClientInfo},
        error::Error,
        fetch::{Credential, FetchError, Fetcher, Reach},
        keys::reseal,
        store::{sealed_secrets, upstream_providers::Provider},
        upstream::{
            ProviderSettings, discover_again,
            providers::{self, NewProvider},
            report,
        },
    },
    tests::{
        html::open,
        test_app::{Backend, TestApp},
    },
};

async fn add(app: &TestApp, new: NewProvider, settings: ProviderSettings) -> Result<Provider, Error> {
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    providers::add(&app.state, context, None, &new, &settings).await
}

fn field(refused: Error) -> &'static str {
    match refused {
        Error::Invalid(fields) => fields.into_keys().next().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_sign_in_page_of_every_node_shows_at_once_which_providers_there_are() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let first = TestApp::with(backend, &[]).await;
        // On SQLite the other one is what a command is: a program of its own on the same file.
        let second = first.another_node().await;
        let (client, slug) = (ClientInfo::command_line(), slug());
        let context = ActionContext { now: first.clock.now(), client: &client };
        let shown = async || {
            let mut shown = Vec::new();
            for app in [&first, &second, &first, &second] {
                let page = open(&mut app.browser(), "/login").await.main();
                shown.push(page.text().contains(&format!("Sign in with {NAME}")));
            }
            shown
        };
        assert_eq!(shown().await, [false; 4], "{backend:?}");
        let provider = TestProvider::start(&first.clock).await;
        provider.add_to(&second, TestProvider::settings()).await;
        assert_eq!(shown().await, [true; 4], "{backend:?}");
        for enabled in [false, true] {
            providers::set_enabled(&second.state, context, None, &slug, enabled).await.unwrap();
            assert_eq!(shown().await, [enabled; 4], "{backend:?}");
        }
        providers::remove(&second.state, context, None, &slug).await.unwrap();
        assert_eq!(shown().await, [false; 4], "{backend:?}");
    }
}

#[tokio::test]
async fn a_provider_is_read_as_it_was_set_up_and_its_secret_is_sealed() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let provider = TestProvider::start(&app.clock).await;
        let settings = ProviderSettings {
            rules: Some("groups=a:role=editor".to_owned()),
            sign_up: Some("domains example.org example.net".to_owned()),
            linking: Some(false),
            ..TestProvider::settings()
        };
        let added = provider.add_to(&app, settings).await;
        assert_eq!(added.algorithms.to_string(), "ES256", "of what it announces what may be allowed");
        assert_eq!(providers::get(&app.state, &slug()).await.unwrap(), added);
        assert_eq!(providers::list(&app.state).await.unwrap(), std::slice::from_ref(&added));
        let mut reader = app.state.store.read().await.unwrap();
        let sealed = sealed_secrets::get(&mut reader, &added.secret_name()).await.unwrap().unwrap();
        assert!(sealed.starts_with("lks1.") && !sealed.contains(SECRET));
        assert_eq!(
            app.state.vault.open(&added.secret_name(), &sealed).unwrap().as_slice(),
            SECRET.as_bytes()
        );
        reseal::check(&app.state.store, &app.state.vault).await.unwrap();
        let report = report::report(&added, &app.state.config.tokens);
        assert!(!serde_json::to_string(&report).unwrap().contains(SECRET));
        assert_eq!(report.redirect_uri, "http://localhost:3000/auth/upstream/acme/callback");
        // One of that issuer, and one of that slug.
        assert_eq!(field(provider.try_add_to(&app, TestProvider::settings()).await.unwrap_err()), "slug");
        let client = ClientInfo::command_line();
        let context = ActionContext { now: app.clock.now(), client: &client };
        let changed = ProviderSettings {
            name: Some("Other".to_owned()),
            rules: Some(String::new()),
            ..ProviderSettings::default()
        };
        let changed = providers::update(&app.state, context, None, &slug(), &changed).await.unwrap();
        assert_eq!((changed.name.as_str(), changed.rules.iter().count()), ("Other", 0));
        assert_eq!(changed.sign_up, added.sign_up, "what was not given stays");
        providers::remove(&app.state, context, None, &slug()).await.unwrap();
        assert!(providers::list(&app.state).await.unwrap().is_empty());
        let mut reader = app.state.store.read().await.unwrap();
        assert!(sealed_secrets::get(&mut reader, &added.secret_name()).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_provider_calls_itself_byte_for_byte_as_it_is_called_here() {
    let app = TestApp::start().await;
    let provider = TestProvider::start(&app.clock).await;
    for other in ["/", "/a"] {
        let issuer = format!("{}{other}", provider.issuer);
        provider.says().metadata["issuer"] = issuer.into();
        assert_eq!(field(provider.try_add_to(&app, TestProvider::settings()).await.unwrap_err()), "issuer");
    }
}

#[tokio::test]
async fn metadata_that_leads_nowhere_is_refused() {
    let app = TestApp::start().await;
    let provider = TestProvider::start(&app.clock).await;
    let good = provider.says().metadata.clone();
    for (name, bad) in [
        ("token_endpoint", json!("http://id.example.org/token")),
        ("jwks_uri", json!("file:///etc/passwd")),
        ("userinfo_endpoint", json!("https://2130706433/")),
        ("authorization_endpoint", json!("javascript:alert(1)")),
        ("authorization_endpoint", json!("https://id.example.org/a\r\nSet-Cookie: a=b")),
        ("authorization_endpoint", json!(" https://id.example.org/")),
        ("token_endpoint", json!("https://id.exa\tmple.org/token")),
        ("jwks_uri", json!(null)),
        ("token_endpoint", json!(null)),
    ] {
        let mut metadata = good.clone();
        metadata[name] = bad;
        provider.says().metadata = metadata;
        assert_eq!(
            field(provider.try_add_to(&app, TestProvider::settings()).await.unwrap_err()),
            "issuer",
            "{name}"
        );
    }
    let mut metadata = good;
    metadata["id_token_signing_alg_values_supported"] = json!(["HS256", "none"]);
    provider.says().metadata = metadata;
    assert_eq!(field(provider.try_add_to(&app, TestProvider::settings()).await.unwrap_err()), "algorithm");
}

/// Incident 21: Keycloak CVE-2026-1180, mitreid CVE-2021-26715, Better Auth GHSA-5rr4-8452-hf4v.
#[tokio::test]
async fn a_provider_inside_the_network_is_called_only_if_an_administrator_says_so() {
    let app = TestApp::start().await;
    let provider = TestProvider::start(&app.clock).await;
    let settings = ProviderSettings { private_address: None, ..TestProvider::settings() };
    assert_eq!(field(provider.try_add_to(&app, settings).await.unwrap_err()), "issuer");
    assert!(provider.says().calls.is_empty());
    // One that was allowed once, and no longer is, is not called either.
    let added = provider.add_to(&app, TestProvider::settings()).await;
    let public = Provider { private_address: false, ..added };
    let mut tx = app.state.store.begin().await.unwrap();
    crate::server::store::upstream_providers::update(&mut tx, &public).await.unwrap();
    tx.commit().await.unwrap();
    provider.says().calls.clear();
    app.browser().submit("/login", "/auth/upstream/acme", &[]).await.assert_status(503);
    assert!(provider.says().calls.is_empty());
}

#[tokio::test]
async fn settings_that_do_not_fit_together_are_refused_by_field() {
    let app = TestApp::start().await;
    let new = |preset, issuer: Option<&str>| NewProvider {
        slug: SLUG.to_owned(),
        preset,
        issuer: issuer.map(str::to_owned),
    };
    let tenant = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0";
    let base = TestProvider::settings;
    let domains = || ProviderSettings { sign_up: Some("domains example.org".to_owned()), ..base() };
    for (new, settings, wrong) in [
        (new(Preset::OpenId, None), base(), "issuer"),
        (new(Preset::Google, Some("https://id.example.org")), base(), "issuer"),
        (new(Preset::Entra, Some(tenant)), domains(), "sign_up"),
        (
            new(Preset::OpenId, Some(tenant)),
            ProviderSettings { scopes: Some("email".to_owned()), ..base() },
            "scope",
        ),
        (
            new(Preset::OpenId, Some(tenant)),
            ProviderSettings { algorithms: Some("HS256".to_owned()), ..base() },
            "algorithm",
        ),
        (new(Preset::OpenId, Some(tenant)), ProviderSettings { name: None, ..base() }, "name"),
        (
            new(Preset::OpenId, Some(tenant)),
            ProviderSettings { client_id: Some("a b".to_owned()), ..base() },
            "client_id",
        ),
        (
            new(Preset::OpenId, Some(tenant)),
            ProviderSettings { rules: Some("nonsense".to_owned()), ..base() },
            "rule",
        ),
        (NewProvider { slug: "A b".to_owned(), ..new(Preset::OpenId, Some(tenant)) }, base(), "slug"),
    ] {
        assert_eq!(field(add(&app, new, settings).await.unwrap_err()), wrong);
    }
    let provider = TestProvider::start(&app.clock).await;
    let settings = ProviderSettings { rules: Some("a=b:group=Nobody".to_owned()), ..base() };
    assert_eq!(field(provider.try_add_to(&app, settings).await.unwrap_err()), "rule");
}

#[tokio::test]
async fn a_provider_is_asked_about_itself_once_a_day_and_kept_if_it_does_not_answer() {
    let app = TestApp::start().await;
    let provider = TestProvider::start(&app.clock).await;
    provider.add_to(&app, TestProvider::settings()).await;
    let endpoint = || async { providers::get(&app.state, &slug()).await.unwrap().metadata.token_endpoint };
    let elsewhere = format!("{}/token2", provider.issuer);
    provider.says().metadata["token_endpoint"] = elsewhere.clone().into();
    app.advance(Duration::from_secs(86_399));
    discover_again(&app.state, app.clock.now()).await.unwrap();
    assert_ne!(endpoint().await, elsewhere);
    app.advance(Duration::from_secs(1));
    discover_again(&app.state, app.clock.now()).await.unwrap();
    assert_eq!(endpoint().await, elsewhere);
    // What it says then is another's word: it is not taken.
    provider.says().metadata["issuer"] = "https://evil.example".into();
    provider.says().metadata["token_endpoint"] = "https://evil.example/token".into();
    app.advance(Duration::from_secs(86_400));
    discover_again(&app.state, app.clock.now()).await.unwrap();
    assert_eq!(endpoint().await, elsewhere);
}

#[tokio::test]
async fn what_a_provider_says_of_itself_keeps_no_other_from_being_asked() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let (hostile, honest) =
            (TestProvider::start(&app.clock).await, TestProvider::start(&app.clock).await);
        hostile.add_as(&app, "a", TestProvider::settings()).await;
        honest.add_as(&app, "b", TestProvider::settings()).await;
        // A database takes no text with this character.
        hostile.says().metadata["token_endpoint"] = json!("https://id.example.org/\u{0}");
        let calls = honest.says().calls["metadata"];
        app.advance(Duration::from_secs(86_400));
        discover_again(&app.state, app.clock.now()).await.unwrap();
        assert_eq!(honest.says().calls["metadata"], calls + 1);
        let kept = providers::list(&app.state).await.unwrap();
        assert!(kept[0].discovery_failure.is_some() && kept[1].discovery_failure.is_none());
    }
}

/// A server that answers as none should.
async fn bad_server() -> String {
    let endless = || async {
        let chunks =
            stream::repeat_with(|| Ok::<_, std::convert::Infallible>(Bytes::from_static(&[b'x'; 16_384])));
        Response::new(Body::from_stream(chunks))
    };
    let large = || async { vec![b'x'; 256 * 1024 + 1] };
    let redirect = || async { (StatusCode::FOUND, [(LOCATION, "/fits")]).into_response() };
    let router = Router::new()
        .route("/fits", get(|| async { vec![b'x'; 256 * 1024] }))
        .route("/endless", get(endless))
        .route("/large", get(large))
        .route("/redirect", get(redirect))
        .route("/never", get(std::future::pending::<()>));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

#[tokio::test]
async fn what_is_fetched_has_an_end_and_no_redirect_is_followed() {
    let (server, fetcher) = (bad_server().await, Fetcher::new().unwrap());
    let get =
        async |path: &str| fetcher.get(&format!("{server}{path}"), Reach::Private, Credential::None).await;
    assert_eq!(get("/fits").await.unwrap().body.len(), 256 * 1024);
    for path in ["/large", "/endless"] {
        assert!(matches!(get(path).await, Err(FetchError::TooLong)), "{path}");
    }
    let redirected = get("/redirect").await.unwrap();
    assert_eq!((redirected.status, redirected.body.len()), (StatusCode::FOUND, 0));
    let error = get("/never").await.unwrap_err();
    assert!(matches!(&error, FetchError::Call(call) if call.is_timeout()), "{error:?}");
}
