//! The colours of a browser, and what an operator makes of the portal.

use super::{
    html::Html,
    test_app::{Backend, TestApp},
};

#[tokio::test]
async fn a_choice_of_colours_is_in_the_next_page_before_anything_runs() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    assert!(browser.get("/").await.body.contains("<html lang=\"en\">"));
    let answer = browser.submit("/register?next=/account", "/appearance", &[("theme", "dark")]).await;
    answer.assert_status(303);
    assert_eq!(answer.location(), "/register?next=/account");
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    for attribute in ["__Host-latchkey-appearance=dark", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(cookie.split("; ").any(|given| given == attribute), "{attribute}: {cookie}");
    }
    for page in ["/", "/login", "/nowhere", "/oauth/authorize", "/oauth/logout"] {
        assert!(browser.get(page).await.body.contains("<html lang=\"en\" data-theme=\"dark\">"), "{page}");
    }
    browser.post("/appearance", &[("theme", "automatic")]).await.assert_status(204);
    assert!(browser.cookies.is_empty(), "it is forgotten");
    assert!(browser.get("/").await.body.contains("<html lang=\"en\">"));
}

#[tokio::test]
async fn what_is_no_choice_of_colours_reaches_no_page() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    for theme in ["\"><script>", "DARK", ""] {
        browser.post("/appearance", &[("theme", theme)]).await.assert_status(422);
        browser.cookies.insert("__Host-latchkey-appearance".to_owned(), theme.to_owned());
        assert!(browser.get("/").await.body.contains("<html lang=\"en\">"), "{theme}");
    }
    let mut request = super::test_app::Browser::form("/appearance", "theme=dark");
    request.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    browser.send(request).await.assert_error(403, "cross_site");
}

#[tokio::test]
async fn an_operators_name_logo_and_colour_are_on_every_page() {
    let folder = tempfile::tempdir().unwrap();
    let logo = folder.path().join("logo.svg");
    std::fs::write(&logo, "<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap();
    let settings = [
        ("LATCHKEY_BRAND_NAME", "Key & Co"),
        ("LATCHKEY_BRAND_LOGO", logo.to_str().unwrap()),
        ("LATCHKEY_BRAND_ACCENT", "#7a1fa2"),
    ];
    let app = TestApp::with(Backend::Sqlite, &settings).await;
    let mut browser = app.browser();
    // Of the app, and of those in which nothing runs.
    for (path, title) in
        [("/login", "Sign in"), ("/oauth/authorize", "You can’t sign in to this app right now")]
    {
        let body = browser.get(path).await.body;
        let page = Html::parse(&body);
        assert_eq!(page.title(), format!("{title} · Key & Co"));
        assert!(page.with("class", "brand").text().contains("Key & Co"));
        assert!(page.attributes("img").iter().any(|image| image["src"] == "/brand/logo"));
        assert!(body.contains("href=\"/brand/accent.css?7a1fa2\""), "{body}");
    }

    let logo = browser.get("/brand/logo").await;
    assert_eq!(logo.header("content-type"), Some("image/svg+xml"));
    assert!(logo.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    let accent = browser.get("/brand/accent.css").await;
    assert!(accent.body.contains("--accent-light: #7a1fa2;"), "{}", accent.body);
    assert!(browser.get("/manifest.webmanifest").await.body.contains("\"name\":\"Key & Co\""));
}

#[tokio::test]
async fn a_portal_without_a_brand_has_no_logo_and_no_colour_of_its_own() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    for path in ["/brand/logo", "/brand/accent.css"] {
        browser.get(path).await.assert_status(404);
    }
    assert!(!browser.get("/").await.body.contains("/brand/"));
    assert!(browser.get("/manifest.webmanifest").await.body.contains("\"name\":\"Latchkey\""));
}
