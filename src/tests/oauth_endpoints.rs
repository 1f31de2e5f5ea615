//! The endpoints that clients call: discovery, userinfo, introspection, and who may read their answers.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::json;

use super::{client_tokens::Granted, oauth_clients::*};
use crate::{
    model::oauth::{client_kind::AuthMethod, resource::Resources},
    server::store::{clients, users::User},
    tests::test_app::{Answer, Browser, TestApp, encode},
};

const SERVICE: &str = "https://api.example.org";

async fn person(app: &TestApp) -> User {
    app.sign_up("ada@example.org").await;
    app.user("ada@example.org").await
}

#[tokio::test]
async fn both_well_known_documents_are_the_same_and_name_only_what_works() {
    let app = TestApp::start().await;
    let first = app.browser().get("/.well-known/openid-configuration").await;
    let second = app.browser().get("/.well-known/oauth-authorization-server").await;
    assert_eq!(first.body, second.body);
    assert_eq!(first.header("cache-control"), Some("public, max-age=300"));
    let document = first.json();
    assert_eq!(document["issuer"], "http://localhost:3000", "byte for byte");
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(document["response_types_supported"], json!(["code"]));
    assert_eq!(document["subject_types_supported"], json!(["public"]));
    assert_eq!(document["id_token_signing_alg_values_supported"], json!(["RS256", "ES256"]));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    // Absent would mean true for the one, and is said for all.
    for name in
        ["request_parameter_supported", "request_uri_parameter_supported", "claims_parameter_supported"]
    {
        assert_eq!(document[name], false, "{name}");
    }
    let introspection = document["introspection_endpoint_auth_methods_supported"].as_array().unwrap();
    assert!(!introspection.contains(&json!("none")));
    for (name, address) in document.as_object().unwrap() {
        let Some(path) = address.as_str().and_then(|address| address.strip_prefix("http://localhost:3000/"))
        else {
            continue;
        };
        let answer = app.browser().get(&format!("/{path}")).await;
        assert_ne!(answer.status, 404, "{name}");
    }
    assert!(document.get("registration_endpoint").is_none());
}

#[tokio::test]
async fn the_metadata_of_the_resource_names_who_gives_tokens_for_it() {
    let app = TestApp::start().await;
    let document = app.browser().get("/.well-known/oauth-protected-resource").await.json();
    assert_eq!(document["resource"], "http://localhost:3000");
    assert_eq!(document["authorization_servers"], json!(["http://localhost:3000"]));
    assert_eq!(document["bearer_methods_supported"], json!(["header", "body"]));
}

async fn from_another_site(app: &TestApp, method: Method, path: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::ORIGIN, "https://spa.example")
        .header("sec-fetch-site", "cross-site")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    app.browser().send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn pages_of_other_sites_may_read_exactly_the_endpoints_that_take_no_cookie() {
    let app = TestApp::start().await;
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-protected-resource",
        "/.well-known/jwks.json",
        "/oauth/userinfo",
        "/oauth/token",
        "/oauth/par",
        "/oauth/device_authorization",
        "/oauth/introspect",
        "/oauth/revoke",
    ] {
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            let answer = from_another_site(&app, method.clone(), path).await;
            assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{method} {path}");
            assert_eq!(answer.header("access-control-allow-credentials"), None, "{method} {path}");
            assert_eq!(answer.header("cross-origin-resource-policy"), Some("cross-origin"));
            assert_eq!(answer.header("set-cookie"), None);
            assert_ne!(answer.status, 403, "{method} {path}");
        }
        let preflight = from_another_site(&app, Method::OPTIONS, path).await;
        preflight.assert_status(204);
        assert_eq!(preflight.header("access-control-allow-headers"), Some("authorization, content-type"));
    }
    for path in [
        "/",
        "/login",
        "/dashboard",
        "/oauth/authorize",
        "/oauth/logout",
        "/consent",
        "/device",
        "/api/auth/refresh",
        "/api/auth/login",
        "/healthz",
    ] {
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            let answer = from_another_site(&app, method.clone(), path).await;
            assert_eq!(answer.header("access-control-allow-origin"), None, "{method} {path}");
        }
    }
    from_another_site(&app, Method::POST, "/api/auth/refresh").await.assert_error(403, "cross_site");
}

/// Neither a session nor a cookie counts where a page of another site may ask.
#[tokio::test]
async fn a_cookie_opens_no_endpoint_of_the_clients() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    browser.access_token = None;
    browser.get("/oauth/userinfo").await.assert_error(401, "missing_token");
    let fields = encode(&[("token", "x")]);
    let answer = browser.send(Browser::form("/oauth/introspect", fields)).await;
    answer.assert_status(401);
}

#[tokio::test]
async fn userinfo_says_what_the_scopes_allow() {
    let app = TestApp::start().await;
    let ada = person(&app).await;
    let client = add_client(&app, |_| {}).await;
    for (scopes, expected) in [
        ("openid", json!({ "sub": ada.id })),
        ("openid profile", json!({ "sub": ada.id, "name": "Somebody" })),
        ("openid email", json!({ "sub": ada.id, "email": "ada@example.org", "email_verified": false })),
        ("openid groups roles", json!({ "sub": ada.id, "groups": [], "roles": ["member"] })),
    ] {
        let granted = Granted { client: &client.client, user: Some(&ada), scopes, resources: "" };
        let token = granted.access_token(&app).await;
        let answer = app.browser().get_with_token("/oauth/userinfo", Some(&token)).await;
        assert_eq!(answer.assert_status(200).json(), expected);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn userinfo_takes_a_clients_token_in_the_header_or_in_the_body() {
    let app = TestApp::start().await;
    let ada = person(&app).await;
    let client = add_client(&app, |_| {}).await;
    let granted = Granted { client: &client.client, user: Some(&ada), scopes: "openid", resources: "" };
    let token = granted.access_token(&app).await;
    let send = async |in_header: bool, body: String| {
        let mut request = Browser::form("/oauth/userinfo", body);
        if in_header {
            request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        app.browser().send(request).await
    };
    let in_body = encode(&[("access_token", &token)]);
    assert_eq!(send(true, String::new()).await.assert_status(200).json(), json!({ "sub": ada.id }));
    assert_eq!(send(false, in_body.clone()).await.assert_status(200).json(), json!({ "sub": ada.id }));
    send(true, in_body).await.assert_error(400, "malformed_request");
    send(false, String::new()).await.assert_error(401, "missing_token");
    let answer = send(false, encode(&[("access_token", "x")])).await;
    answer.assert_error(401, "invalid_token");
    assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
    // The portal's own token is known by its header alone.
    let mut browser = app.browser();
    browser.sign_in("ada@example.org", super::test_app::PASSWORD).await.assert_status(200);
    let own = browser.access_token.clone().unwrap();
    send(false, encode(&[("access_token", &own)])).await.assert_error(401, "invalid_token");
}

#[tokio::test]
async fn userinfo_asks_for_audience_and_scope_and_whether_all_are_still_there() {
    let app = TestApp::start().await;
    let ada = person(&app).await;
    let mut client = add_client(&app, |_| {}).await.client;
    let get = async |token: &str| app.browser().get_with_token("/oauth/userinfo", Some(token)).await;
    let granted = |scopes, resources| Granted { client: &client, user: Some(&ada), scopes, resources };
    // For a service alone: the service learns nothing here.
    let token = granted("profile", SERVICE).access_token(&app).await;
    get(&token).await.assert_error(401, "invalid_token");
    let token = granted("profile", "").access_token(&app).await;
    let answer = get(&token).await;
    answer.assert_error(403, "forbidden");
    assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer error="insufficient_scope""#));
    // The client itself is nobody.
    let own = Granted { client: &client, user: None, scopes: "openid", resources: "" };
    get(&own.access_token(&app).await).await.assert_error(403, "forbidden");

    let token = granted("openid", SERVICE).access_token(&app).await;
    get(&token).await.assert_status(200);
    client.disabled_at = Some(app.clock.now());
    let mut tx = app.state.store.begin().await.unwrap();
    clients::update(&mut tx, &client).await.unwrap();
    tx.commit().await.unwrap();
    get(&token).await.assert_error(401, "invalid_token");
}

#[tokio::test]
async fn a_client_introspects_its_own_tokens_and_a_service_those_that_are_for_it() {
    let app = TestApp::start().await;
    let ada = person(&app).await;
    let client = add_client(&app, |client| client.auth_method = AuthMethod::SecretBasic).await;
    let service = add_client(&app, |client| client.resources = Resources::parse(SERVICE).unwrap()).await;
    let stranger = add_client(&app, |client| client.auth_method = AuthMethod::Secret).await;
    let granted =
        Granted { client: &client.client, user: Some(&ada), scopes: "openid read", resources: SERVICE };
    let token = granted.access_token(&app).await;
    let answer = service.introspect(&app, &token).await;
    let claims = super::client_tokens::part(&token, 1);
    assert_eq!(
        answer.assert_status(200).json(),
        json!({
            "active": true, "iss": "http://localhost:3000", "sub": ada.id, "client_id": client.id(),
            "aud": [SERVICE, "http://localhost:3000/oauth/userinfo"], "scope": "openid read",
            "token_type": "Bearer", "iat": claims["iat"], "exp": claims["exp"], "jti": claims["jti"],
            "auth_time": claims["auth_time"], "acr": "https://refeds.org/profile/sfa"
        })
    );
    let nothing = json!({ "active": false });
    assert_eq!(stranger.introspect(&app, &token).await.assert_status(200).json(), nothing);
    // For another service.
    let elsewhere = Granted { resources: "https://other.example", ..granted }.access_token(&app).await;
    assert_eq!(service.introspect(&app, &elsewhere).await.json(), nothing);
    // A token of the portal is nobody's business.
    let mut browser = app.browser();
    browser.sign_in("ada@example.org", super::test_app::PASSWORD).await.assert_status(200);
    let own = browser.access_token.clone().unwrap();
    for other in [own.as_str(), "", "x", "a.b.c", "lkr1.x", &token[..token.len() - 1]] {
        let answer = service.introspect(&app, other).await;
        let expected = if other.is_empty() { 400 } else { 200 };
        answer.assert_status(expected);
        assert!(!answer.body.contains("true"), "{answer:?}");
    }
    app.advance(std::time::Duration::from_secs(300));
    assert_eq!(service.introspect(&app, &token).await.json(), nothing);
}

#[tokio::test]
async fn introspection_sees_at_once_that_an_account_was_disabled() {
    let app = TestApp::start().await;
    let ada = person(&app).await;
    let mut admin = app.sign_in_as("root@example.org", "admin").await;
    let service = add_client(&app, |client| client.resources = Resources::parse(SERVICE).unwrap()).await;
    let granted = Granted { client: &service.client, user: Some(&ada), scopes: "read", resources: SERVICE };
    let token = granted.access_token(&app).await;
    assert_eq!(service.introspect(&app, &token).await.json()["active"], true);
    let id = ada.id.to_string();
    admin.post("/api/admin/users/disable", &[("user_id", &id)]).await.assert_status(200);
    assert_eq!(service.introspect(&app, &token).await.json(), json!({ "active": false }));
}
