//! Bad input: a clear 4xx that names the field. And forms without JavaScript.

use axum::{body::Body, http::header};

use crate::tests::test_app::{Backend, Browser, PASSWORD, TestApp};

#[tokio::test]
async fn bad_input_is_refused_by_the_name_of_its_field() {
    let app = TestApp::start().await;
    let long_email = format!("{}@example.org", "a".repeat(300));
    let good = [("email", "ada@example.org"), ("display_name", "Ada"), ("password", PASSWORD)];
    let long_name = "x".repeat(101);
    let long_password = "x".repeat(257);
    for (field, value) in [
        ("email", ""),
        ("email", "ada"),
        ("email", long_email.as_str()),
        ("email", "ada\0@example.org"),
        ("display_name", ""),
        ("display_name", long_name.as_str()),
        ("display_name", "a\0b"),
        ("password", ""),
        ("password", "1234567"),
        ("password", long_password.as_str()),
        ("password", "with a \0 in it"),
    ] {
        let fields: Vec<_> =
            good.iter().map(|(name, fine)| (*name, if *name == field { value } else { *fine })).collect();
        let answer = app.browser().post("/api/auth/register", &fields).await;
        answer.assert_error(422, "invalid_input");
        assert_eq!(answer.fields(), [field], "{value:?}");
    }
    let answer = app
        .browser()
        .post("/api/auth/register", &[("email", ""), ("display_name", ""), ("password", "")])
        .await;
    assert_eq!(answer.fields(), ["display_name", "email", "password"]);
    assert!(app.events().await.is_empty());
}

#[tokio::test]
async fn a_body_with_other_fields_than_the_function_has_is_refused() {
    let app = TestApp::start().await;
    let complete = "email=ada%40example.org&display_name=Ada&password=correct+horse";
    for (body, status, field) in [
        (format!("{complete}&roles=admin"), 422, Some("roles")),
        (format!("{complete}&email=eve%40example.org"), 422, Some("email")),
        (complete.replace("Ada", "%FF%FE"), 422, Some("display_name")),
        ("email=ada%40example.org&password=correct+horse".to_owned(), 422, Some("display_name")),
        (format!("{complete}{}", "x".repeat(1_000_000)), 413, None),
    ] {
        let answer = app.browser().send(Browser::form("/api/auth/register", body)).await;
        answer.assert_status(status);
        assert_eq!(answer.fields().first().map(String::as_str), field, "{answer:?}");
        assert!(!answer.json()["message"].as_str().unwrap().is_empty());
    }
    let invalid = [complete.as_bytes(), b"&next=\xff\xfe"].concat();
    let answer = app.browser().send(Browser::form("/api/auth/register", invalid)).await;
    answer.assert_status(422);
    assert_eq!(answer.fields(), ["next"]);

    for content_type in ["application/json", "text/plain", "multipart/form-data; boundary=x", ""] {
        let mut request = Browser::form("/api/auth/register", complete);
        request.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        app.browser().send(request).await.assert_error(415, "unsupported_media_type");
    }
    assert!(app.events().await.is_empty());
}

#[tokio::test]
async fn unknown_functions_are_404_and_other_methods_405() {
    let app = TestApp::start().await;
    app.browser().post("/api/auth/nothing", &[]).await.assert_error(404, "not_found");
    app.browser().post("/api", &[]).await.assert_error(404, "not_found");
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let mut request = Browser::form("/api/auth/login", Body::empty());
        *request.method_mut() = method.parse().unwrap();
        app.browser().send(request).await.assert_error(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn cross_site_posts_are_refused() {
    let app = TestApp::start().await;
    let browser = app.sign_up("ada@example.org").await;
    for (name, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        for path in
            ["/api/auth/login", "/api/auth/logout", "/api/auth/refresh", "/api/account/update_profile"]
        {
            let mut request = Browser::form(path, "");
            request.headers_mut().insert(name, value.parse().unwrap());
            browser.clone().send(request).await.assert_error(403, "cross_site");
        }
    }
    browser.clone().refresh().await.assert_status(200);
}

#[tokio::test]
async fn a_form_without_javascript_redirects_and_keeps_what_was_typed() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let fields =
        [("email", "ada@example.org"), ("display_name", "Ada"), ("password", "short"), ("next", "/account")];
    let answer = browser.submit("/register?next=/account", "/api/auth/register", &fields).await;
    answer.assert_status(303);
    assert_eq!(answer.location(), "/register?next=/account");
    let page = browser.get("/register?next=/account").await;
    assert!(page.body.contains("Use at least 8 characters."), "{}", page.body);
    assert!(page.body.contains(r#"value="ada@example.org""#) && page.body.contains(r#"value="Ada""#));
    assert!(!page.body.contains("short\""));
    // For that page and that alone.
    assert!(!browser.get("/register").await.body.contains("Use at least 8 characters."));

    let fields =
        [("email", "ada@example.org"), ("display_name", "Ada"), ("password", PASSWORD), ("next", "/account")];
    let answer = browser.submit("/register?next=/account", "/api/auth/register", &fields).await;
    answer.assert_status(303);
    assert_eq!(answer.location(), "/account");
    assert!(answer.body.is_empty() || !answer.body.contains("unexpected"));
    browser.get("/account").await.assert_status(200);

    let answer = browser.submit("/account", "/api/auth/logout", &[]).await;
    answer.assert_status(303);
    assert_eq!(answer.location(), "/login?reason=signed_out");
    assert!(browser.get("/login?reason=signed_out").await.body.contains("You signed out."));
    assert_eq!(browser.get("/account").await.location(), "/login?next=/account");
}

#[tokio::test]
async fn next_is_only_a_local_path() {
    let app = TestApp::start().await;
    app.sign_up("ada@example.org").await;
    for elsewhere in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/api/auth/logout",
        "/a\r\nX: y",
    ] {
        let fields = [("email", "ada@example.org"), ("password", PASSWORD), ("next", elsewhere)];
        let answer = app.browser().submit("/login", "/api/auth/login", &fields).await;
        answer.assert_status(303);
        assert_eq!(answer.location(), "/dashboard", "{elsewhere:?}");
    }
    // Nor does a Referer of another site lead there.
    let mut request = Browser::form("/api/auth/login", "email=ada%40example.org&password=wrong");
    request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
    request.headers_mut().insert(header::REFERER, "https://evil.example/login".parse().unwrap());
    assert_eq!(app.browser().send(request).await.location(), "/login");
}

#[tokio::test]
async fn a_form_without_javascript_is_answered_with_an_empty_body() {
    let app = TestApp::start().await;
    app.sign_up("ada@example.org").await;
    let mut browser = app.browser();
    let credentials = [("email", "ada@example.org"), ("password", PASSWORD)];
    let answer = browser.submit("/login", "/api/auth/login", &credentials).await;
    answer.assert_status(303);
    assert_eq!((answer.location(), answer.body.as_str()), ("/dashboard", ""));
    assert_eq!(answer.header("content-type"), None);
    browser.get("/dashboard").await.assert_status(200);
}

#[tokio::test]
async fn a_refused_form_without_a_referer_leads_to_its_own_page() {
    let app = TestApp::start().await;
    let html = "text/html,application/xhtml+xml";
    for (function, body, page) in [
        ("/api/auth/login", "email=ada&password=x&next=/account", "/login?next=/account"),
        ("/api/auth/register", "email=ada&display_name=Ada&password=x", "/register"),
        ("/api/auth/reset", "token=abc&password=x", "/reset"),
        ("/api/account/update_profile", "display_name=", "/account"),
        ("/api/notices/publish", "title=a&body=b", "/notices/edit"),
    ] {
        for referer in [None, Some("https://evil.example/login"), Some("http://localhost:3000//evil.example")]
        {
            let mut request = Browser::form(function, body);
            request.headers_mut().insert(header::ACCEPT, html.parse().unwrap());
            if let Some(referer) = referer {
                request.headers_mut().insert(header::REFERER, referer.parse().unwrap());
            }
            let mut browser = app.browser();
            let answer = browser.send(request).await;
            answer.assert_status(303);
            assert_eq!(answer.location(), page, "{function} {referer:?}");
        }
    }
    let mut request = Browser::form("/api/auth/login", "email=ada&password=x");
    request.headers_mut().insert(header::ACCEPT, html.parse().unwrap());
    let mut browser = app.browser();
    let back = browser.send(request).await.location().to_owned();
    assert!(browser.get(&back).await.body.contains("Enter an email address like name@example.org."));
}

#[tokio::test]
async fn no_address_and_no_referer_makes_a_redirect_to_another_host() {
    let app = TestApp::start().await;
    let mut browser = app.sign_in_as("ada@example.org", "member").await;
    for address in [
        "//evil.example?__err=x",
        "//evil.example/?__path=x&a=b",
        "/\\evil.example?__err=x",
        "//evil.example/login/",
        "//?__err=x",
        "/login?next=//evil.example",
    ] {
        let answer = browser.get(address).await;
        let location = answer.header("location").unwrap_or("/");
        assert!(location.starts_with('/') && !location.starts_with("//"), "{address}: {location}");
    }
    let token = browser.access_token.clone().unwrap();
    for referer in [
        "https://evil.example/account",
        "http://localhost:3000//evil.example",
        "http://localhost:3000/api/auth/logout",
        "//evil.example",
        "nonsense",
    ] {
        for name in ["Grace", ""] {
            let mut request = Browser::form("/api/account/update_profile", format!("display_name={name}"));
            let headers = request.headers_mut();
            headers.insert("accept", "text/html".parse().unwrap());
            headers.insert("referer", referer.parse().unwrap());
            headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
            let answer = browser.send(request).await;
            answer.assert_status(303);
            assert_eq!(answer.location(), "/account", "{referer}");
        }
    }
}

#[tokio::test]
async fn a_host_that_resolves_to_this_machine_is_another_site() {
    for public_url in ["https://id.example.org", "http://localhost:3000"] {
        let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_PUBLIC_URL", public_url)]).await;
        let mut request = Browser::form("/api/auth/login", "email=ada%40example.org&password=x");
        request.headers_mut().insert("host", "evil.example:3000".parse().unwrap());
        request.headers_mut().insert("origin", "http://evil.example:3000".parse().unwrap());
        app.browser().send(request).await.assert_error(403, "cross_site");
    }
}
