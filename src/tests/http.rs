//! What every answer has, and the plain endpoints.

use serde_json::json;

use crate::tests::test_app::{Backend, TestApp};

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_PUBLIC_URL", "https://id.example.org")]).await;
    for path in
        ["/", "/nowhere", "/healthz", "/.well-known/jwks.json", "/oauth/userinfo", "/api/nothing", "/pkg/x/y"]
    {
        let answer = app.browser().get(path).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"), "{path}");
        assert!(
            answer.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(
            answer.header("strict-transport-security"),
            Some("max-age=31536000; includeSubDomains"),
            "{path}"
        );
        assert!(answer.header("x-request-id").is_some_and(|id| id.len() == 16), "{path}");
        assert!(answer.header("server").is_none(), "{path}");
    }
}

#[tokio::test]
async fn missing_and_invalid_tokens_are_answered_as_rfc_6750_says() {
    let app = TestApp::start().await;
    let browser = app.sign_up("ada@example.org").await;
    let answer = browser.get_with_token("/oauth/userinfo", None).await;
    answer.assert_error(401, "missing_token");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    for token in ["", "nonsense", "a.b.c"] {
        let answer = browser.get_with_token("/oauth/userinfo", Some(token)).await;
        answer.assert_error(401, "invalid_token");
        assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#), "{token:?}");
    }
    let answer = browser.use_token().await;
    answer.assert_status(200);
    let info = answer.json();
    assert_eq!(info["name"], "Somebody");
    assert_eq!(info["email"], "ada@example.org");
    assert_eq!(info["roles"], json!(["member"]));
    app.advance(std::time::Duration::from_secs(900));
    browser.use_token().await.assert_error(401, "invalid_token");
}

#[tokio::test]
async fn the_key_set_is_public_and_has_no_private_part() {
    let app = TestApp::start().await;
    let answer = app.browser().get("/.well-known/jwks.json").await;
    answer.assert_status(200);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    let keys = answer.json()["keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), 1);
    let mut members: Vec<_> = keys[0].as_object().unwrap().keys().cloned().collect();
    members.sort();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    let again = app.restart().await;
    assert_eq!(again.browser().get("/.well-known/jwks.json").await.json()["keys"].as_array().unwrap(), &keys);
}

#[tokio::test]
async fn healthz_and_readyz_report_liveness_and_readiness() {
    let app = TestApp::start().await;
    app.browser().get("/healthz").await.assert_status(200);
    app.browser().get("/readyz").await.assert_status(200);
    app.state.store.close().await;
    // An answer about the database holds for a second.
    app.advance(std::time::Duration::from_secs(1));
    app.browser().get("/healthz").await.assert_status(200);
    app.browser().get("/readyz").await.assert_status(503);
}

#[tokio::test]
async fn password_managers_find_the_page_to_change_a_password() {
    let app = TestApp::start().await;
    let answer = app.browser().get("/.well-known/change-password").await;
    answer.assert_status(303);
    assert_eq!(answer.location(), "/account/password");
}

#[tokio::test]
async fn security_txt_names_the_contact_of_the_configuration() {
    let path = "/.well-known/security.txt";
    TestApp::start().await.browser().get(path).await.assert_status(404);
    let contact = ("LATCHKEY_SECURITY_CONTACT", "mailto:security@example.org, https://example.org/report");
    let app = TestApp::with(Backend::Sqlite, &[contact]).await;
    let answer = app.browser().get(path).await;
    answer.assert_status(200);
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    let expected = "Contact: mailto:security@example.org\nContact: https://example.org/report\n\
                    Expires: 2026-06-30T00:00:00Z\nPreferred-Languages: en\n\
                    Canonical: http://localhost:3000/.well-known/security.txt\n";
    assert_eq!(answer.body, expected);
}
