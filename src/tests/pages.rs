//! Pages: access is decided before anything is rendered.

use std::time::Duration;

use crate::{
    model::access::{Access, PAGES},
    tests::test_app::{Backend, TestApp},
};

#[tokio::test]
async fn an_anonymous_visitor_is_led_to_the_sign_in_page_and_back() {
    let app = TestApp::start().await;
    for (path, access) in PAGES.iter().filter(|(path, _)| !path.contains(':')) {
        let answer = app.browser().get(path).await;
        if matches!(access, Access::Needs(_)) {
            answer.assert_status(303);
            assert_eq!(answer.location(), format!("/login?next={path}"));
            assert!(answer.body.is_empty());
        } else {
            answer.assert_status(200);
        }
    }
    let answer = app.browser().get("/account?a=b&c=d").await;
    assert_eq!(answer.location(), "/login?next=/account%3Fa%3Db%26c%3Dd");
}

#[tokio::test]
async fn whoever_is_signed_in_sees_their_page_rendered_for_them() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let page = browser.get("/account").await;
    page.assert_status(200);
    assert!(page.body.contains("ada@example.org") && page.body.contains("Sign out"), "{}", page.body);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    for path in ["/login", "/register"] {
        assert_eq!(browser.get(path).await.location(), "/dashboard");
    }
    assert_eq!(browser.get("/login?next=/account").await.location(), "/account");
    assert_eq!(browser.get("/login?next=//evil.example").await.location(), "/dashboard");
}

#[tokio::test]
async fn panels_are_rendered_by_role() {
    let app = TestApp::start().await;
    for (email, roles, panels) in [
        ("a@example.org", "member", [false, false]),
        ("b@example.org", "editor", [true, false]),
        ("c@example.org", "editor admin", [true, true]),
    ] {
        let mut browser = app.sign_in_as(email, roles).await;
        let page = browser.get("/dashboard").await;
        assert_eq!(["editor-panel", "admin-panel"].map(|id| page.body.contains(id)), panels, "{roles}");
    }
}

#[tokio::test]
async fn loading_a_page_never_rotates_the_refresh_token() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    app.advance(Duration::from_secs(3600));
    let before = browser.cookies.clone();
    for _ in 0..5 {
        browser.get("/dashboard").await.assert_status(200);
    }
    assert_eq!(browser.cookies, before);
}

#[tokio::test]
async fn no_page_holds_a_token() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let (refresh, access) = (browser.refresh_token(), browser.access_token.clone().unwrap());
    for path in ["/", "/dashboard", "/account", "/nowhere"] {
        let page = browser.get(path).await;
        assert!(
            !page.body.contains(&refresh)
                && !page.body.contains(&access)
                && !page.body.contains("eyJhbGci")
                && !page.body.contains("eyJ0eXAi")
                && !page.body.contains("eyJraWQi"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_page_load_detects_refresh_token_reuse() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_SESSIONS_ROTATE_AFTER", "0s")]).await;
    let mut owner = app.sign_up("ada@example.org").await;
    let mut thief = owner.thief();
    owner.refresh().await.assert_status(200);
    owner.refresh().await.assert_status(200);
    assert_eq!(thief.get("/dashboard").await.location(), "/login?next=/dashboard&reason=reused");
    owner.use_token().await.assert_error(401, "invalid_token");
    assert_eq!(owner.get("/dashboard").await.location(), "/login?next=/dashboard&reason=reused");
    assert!(owner.get("/login?next=/dashboard&reason=reused").await.body.contains("used from two places"));
}

#[tokio::test]
async fn an_unknown_page_is_a_404_and_an_address_brings_no_text() {
    let app = TestApp::start().await;
    let page = app.browser().get("/nowhere").await;
    page.assert_status(404);
    assert!(page.body.contains("Page not found"));
    app.browser().get("/pkg/other/latchkey.js").await.assert_status(404);
    app.browser().get("/.git/config").await.assert_status(404);
    assert!(!app.browser().get("/login?reason=Call+0900+now").await.body.contains("0900"));
    assert_eq!(app.browser().get("/login?__path=/api/auth/login&__err=eyJ9").await.location(), "/login");
}

#[tokio::test]
async fn names_are_shown_as_text() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let name = "</script><script>alert(1)</script><img src=x onerror=alert(2)>";
    let fields =
        [("email", "ada@example.org"), ("display_name", name), ("password", super::test_app::PASSWORD)];
    browser.post("/api/auth/register", &fields).await.assert_status(200);
    for path in ["/dashboard", "/account"] {
        let page = browser.get(path).await;
        assert!(!page.body.contains("<script>alert") && !page.body.contains("<img src=x"), "{}", page.body);
        assert!(page.body.contains("&lt;img src=x"), "{}", page.body);
    }
}

#[tokio::test]
async fn every_page_has_a_content_security_policy_with_its_own_nonce() {
    let app = TestApp::start().await;
    let mut nonces = std::collections::BTreeSet::new();
    for path in ["/", "/login", "/nowhere"] {
        let page = app.browser().get(path).await;
        let policy = page.header("content-security-policy").unwrap();
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        let scripts = page.body.matches("<script").count() + page.body.matches("\"modulepreload\"").count();
        assert_eq!(page.body.matches(&format!("nonce=\"{nonce}\"")).count(), scripts, "{}", page.body);
        assert!(nonces.insert(nonce.to_owned()));
    }
}
