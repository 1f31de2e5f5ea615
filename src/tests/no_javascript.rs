//! Forms as a browser without JavaScript sends them, and the pages that it gets in return.

use std::time::Duration;

use server_fn::ServerFn;

use super::{
    html::{Html, open},
    test_app::{Backend, Browser, PASSWORD, TestApp},
};
use crate::{
    api::auth::{Reauthenticate, ReauthenticateWithPasskey},
    app::components::form::works_without_script,
    server::http::endpoints::ENDPOINTS,
};

const INVITATION_CLOSED: &str =
    "This invitation was used or has expired. Ask an administrator for a new one.";

async fn invite(admin: &mut Browser, email: &str) -> String {
    let fields = [("email", email), ("display_name", "Somebody"), ("roles", "member editor")];
    let answer = admin.post("/api/admin/users/invite", &fields).await;
    answer.assert_status(200);
    let link = answer.json()["link"].as_str().unwrap().to_owned();
    link[link.find("/invitation").unwrap()..].to_owned()
}

fn token_of(link: &str) -> &str {
    link.split_once("token=").unwrap().1
}

/// Whether the page has a button of this name.
fn has_button(page: &Html, name: &str) -> bool {
    page.main().texts("button").iter().any(|button| button == name)
}

#[tokio::test]
async fn a_wrong_password_is_reported_like_an_unknown_address_and_the_next_attempt_works() {
    let app = TestApp::start().await;
    app.sign_up("ada@example.org").await;
    let mut shown = Vec::new();
    for email in ["nobody@example.org", "ada@example.org"] {
        let mut browser = app.browser();
        let fields = [("email", email), ("password", "not this one")];
        let answer = browser.submit("/login", "/api/auth/login", &fields).await;
        answer.assert_status(303);
        assert_eq!(answer.location(), "/login", "no error and nothing typed is in the address");
        let page = open(&mut browser, "/login").await;
        assert_eq!(page.main().alerts(), ["The email or password is incorrect."]);
        assert_eq!(page.title(), "Error: Sign in · Latchkey");
        assert_eq!(page.value("email"), email);
        assert_eq!(page.value("password"), "");
        shown.push(page.main().text().replace(email, ""));

        // An error is shown once.
        let page = open(&mut browser, "/login").await;
        assert!(page.main().alerts().is_empty());
        assert_eq!(page.value("email"), "");

        let fields = [("email", "ada@example.org"), ("password", PASSWORD)];
        let answer = browser.submit("/login", "/api/auth/login", &fields).await;
        assert_eq!(answer.location(), "/dashboard");
        assert_eq!(open(&mut browser, "/dashboard").await.title(), "Dashboard · Latchkey");
    }
    assert_eq!(shown[0], shown[1]);
}

#[tokio::test]
async fn a_taken_address_is_reported_at_its_field_and_what_was_typed_is_kept() {
    let app = TestApp::start().await;
    app.sign_up("ada@example.org").await;
    let mut browser = app.browser();
    let fields = [("email", "ada@example.org"), ("display_name", "Ada the Second"), ("password", PASSWORD)];
    let answer = browser.submit("/register", "/api/auth/register", &fields).await;
    answer.assert_status(303);
    assert_eq!(answer.location(), "/register");
    let page = open(&mut browser, "/register").await;
    let problem = "There is already an account with this email address.";
    assert_eq!(page.main().texts("li"), [format!("Email: {problem}")]);
    let email = page.field("email");
    assert_eq!(email.get("aria-invalid").map(String::as_str), Some("true"));
    let described_by = email.get("aria-describedby").unwrap();
    assert!(described_by.split(' ').any(|id| page.with("id", id).text() == problem), "{described_by}");
    assert!(!page.field("password").contains_key("aria-invalid"));
    assert_eq!(page.value("email"), "ada@example.org");
    assert_eq!(page.value("display_name"), "Ada the Second");
    assert_eq!(page.value("password"), "");
}

#[tokio::test]
async fn all_fields_that_need_attention_are_named_together_with_links_to_them() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let fields = [("email", "ada@example.org"), ("display_name", " "), ("password", "short")];
    let answer = browser.submit("/register", "/api/auth/register", &fields).await;
    assert_eq!(answer.location(), "/register");
    let main = open(&mut browser, "/register").await.main();
    assert!(main.alerts().concat().contains("Check the fields below."));
    let links: Vec<_> = main.links().into_iter().filter(|link| link.starts_with('#')).collect();
    assert_eq!(links, ["#register-display_name", "#register-password"]);
    for field in ["display_name", "password"] {
        assert_eq!(
            main.field(field).get("id").map(String::as_str),
            Some(format!("register-{field}").as_str()),
            "the link leads to it"
        );
    }
}

#[tokio::test]
async fn somebody_signs_up_and_out_and_in_again_in_any_letter_case() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let name = "<img src=x onerror=alert(1)> \"Ada\" & Éva </script>";
    let fields = [("email", "ada@example.org"), ("display_name", name), ("password", PASSWORD)];
    let answer = browser.submit("/register", "/api/auth/register", &fields).await;
    answer.assert_status(303);
    assert_eq!(answer.location(), "/dashboard");
    for _ in ["first", "reload"] {
        let page = open(&mut browser, "/dashboard").await;
        assert_eq!(page.heading(), format!("Hello, {name}"));
        assert!(page.attributes("img").is_empty());
    }
    let mut other = app.browser();
    other.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    for email in ["ADA@EXAMPLE.ORG", "ada@example.org"] {
        let answer = browser.submit("/dashboard", "/api/auth/logout", &[]).await;
        assert_eq!(answer.location(), "/login?reason=signed_out");
        let page = open(&mut browser, "/login?reason=signed_out").await;
        assert!(page.main().text().contains("You signed out."));
        assert_eq!(browser.get("/dashboard").await.location(), "/login?next=/dashboard");
        let fields = [("email", email), ("password", PASSWORD)];
        let answer = browser.submit("/login", "/api/auth/login", &fields).await;
        assert_eq!(answer.location(), "/dashboard");
    }
    // Signing out of one browser leaves the other signed in.
    assert_eq!(open(&mut other, "/dashboard").await.heading(), format!("Hello, {name}"));
    for form in ["/login", "/register"] {
        assert_eq!(other.get(form).await.location(), "/dashboard");
    }
}

#[tokio::test]
async fn signing_out_clears_the_session_cookie_and_leaves_a_strict_device_cookie() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    browser.submit("/dashboard", "/api/auth/logout", &[]).await.assert_status(303);
    let kept: Vec<_> = browser.cookies.keys().map(String::as_str).collect();
    assert_eq!(kept, ["__Host-latchkey-device"]);
    browser.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    let answer = browser.sign_out().await;
    let cookies = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    for cookie in cookies.filter(|cookie| cookie.starts_with("__Host-latchkey-device=")) {
        for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
            assert!(cookie.split("; ").any(|given| given == attribute), "{attribute}: {cookie}");
        }
    }
}

#[tokio::test]
async fn responses_with_tokens_are_not_cacheable() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    for answer in [browser.sign_in("ada@example.org", PASSWORD).await, browser.refresh().await] {
        answer.assert_status(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn where_sign_up_is_closed_no_page_offers_it_and_those_with_an_account_sign_in_and_out() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_REGISTRATION", "closed")]).await;
    for path in ["/", "/login", "/register"] {
        let page = open(&mut app.browser(), path).await;
        assert!(!page.links().iter().any(|link| link.starts_with("/register")), "{path}");
    }
    let page = open(&mut app.browser(), "/register").await;
    assert!(page.main().text().contains("Sign-up is closed here."));
    assert!(!has_button(&page, "Create account"));

    app.sign_in_as("ada@example.org", "member").await;
    let mut browser = app.browser();
    let fields = [("email", "ada@example.org"), ("password", PASSWORD)];
    let answer = browser.submit("/login", "/api/auth/login", &fields).await;
    assert_eq!(answer.location(), "/dashboard");
    let answer = browser.submit("/dashboard", "/api/auth/logout", &[]).await;
    assert_eq!(answer.location(), "/login?reason=signed_out");
}

#[tokio::test]
async fn an_invited_person_chooses_a_password_once_after_any_mistake() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    let link = invite(&mut admin, "grace@example.org").await;
    let accept = |name, password| [("display_name", name), ("password", password)];
    let (page_path, path) = ("/invitation", "/api/auth/accept_invitation");

    // Before that nobody signs in with the address.
    let mut browser = app.browser();
    let early = [("email", "grace@example.org"), ("password", PASSWORD)];
    browser.submit("/login", "/api/auth/login", &early).await.assert_status(303);
    let page = open(&mut browser, "/login").await;
    assert_eq!(page.main().alerts(), ["The email or password is incorrect."]);

    let page = open(&mut browser, &link).await;
    assert!(page.main().text().contains("Choose a password for grace@example.org."));
    let mut late = app.browser();
    open(&mut late, &link).await;
    let answer = browser.submit(page_path, path, &accept("Grace Hopper", "short")).await;
    assert_eq!(answer.location(), page_path);
    let page = open(&mut browser, page_path).await;
    assert_eq!(page.main().texts("li"), ["Password: Use at least 8 characters."]);
    assert_eq!(page.value("display_name"), "Grace Hopper");

    let answer = browser.submit(page_path, path, &accept("Grace Hopper", PASSWORD)).await;
    assert_eq!(answer.location(), "/dashboard");
    let page = open(&mut browser, "/dashboard").await;
    assert_eq!(page.heading(), "Hello, Grace Hopper");
    let panels = page.main().texts("h2");
    assert!(panels.iter().any(|panel| panel == "Editing"), "{panels:?}");
    assert!(!panels.iter().any(|panel| panel == "Administration"), "{panels:?}");

    // The second who opens the link, before or after, is told.
    late.submit(page_path, path, &accept("Eve", "another password 1")).await.assert_status(303);
    for visitor in [&mut late, &mut browser] {
        let page = open(visitor, &link).await;
        assert!(page.main().text().contains(INVITATION_CLOSED), "{page:?}");
        assert!(!has_button(&page, "Sign in"));
    }
    late.sign_in("grace@example.org", "another password 1").await.assert_status(401);
    late.sign_in("grace@example.org", PASSWORD).await.assert_status(200);
}

#[tokio::test]
async fn whoever_accepts_an_invitation_while_signed_in_continues_as_the_invited_person() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    let link = invite(&mut admin, "grace@example.org").await;
    let mut browser = app.sign_up("ada@example.org").await;
    let fields = [("token", token_of(&link)), ("display_name", "Grace Hopper"), ("password", PASSWORD)];
    let answer = browser.submit(&link, "/api/auth/accept_invitation", &fields).await;
    assert_eq!(answer.location(), "/dashboard");
    assert_eq!(open(&mut browser, "/dashboard").await.heading(), "Hello, Grace Hopper");
}

#[tokio::test]
async fn an_address_that_is_no_invitation_or_setup_link_says_so() {
    let app = TestApp::start().await;
    app.sign_up("ada@example.org").await;
    let unknown = "A".repeat(43);
    for (path, said) in
        [("/invitation", INVITATION_CLOSED), ("/setup", "This setup link was used or has expired.")]
    {
        for address in [path.to_owned(), format!("{path}?token="), format!("{path}?token={unknown}")] {
            let page = open(&mut app.browser(), &address).await;
            assert!(page.main().text().contains(said), "{address}");
            assert!(page.main().attributes("input").is_empty(), "{address}");
        }
    }
}

#[tokio::test]
async fn an_expired_invitation_says_so_before_the_form_is_sent_and_after() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    let link = invite(&mut admin, "grace@example.org").await;
    let mut browser = app.browser();
    assert!(has_button(&open(&mut browser, &link).await, "Sign in"));
    app.advance(Duration::from_secs(72 * 3600));
    let fields = [("token", token_of(&link)), ("display_name", "Grace Hopper"), ("password", PASSWORD)];
    browser.submit(&link, "/api/auth/accept_invitation", &fields).await.assert_status(303);
    for visitor in [&mut browser, &mut app.browser()] {
        let page = open(visitor, &link).await;
        assert!(page.main().text().contains(INVITATION_CLOSED));
        assert!(!has_button(&page, "Sign in"));
    }
}

#[tokio::test]
async fn a_revoked_session_is_told_why_at_its_next_page() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let mut other = app.browser();
    other.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    other.post("/api/sessions/revoke_others", &[]).await.assert_status(200);
    let answer = browser.get("/account").await;
    answer.assert_status(303);
    let login = answer.location().to_owned();
    let page = open(&mut browser, &login).await;
    assert_eq!(page.value("next"), "/account");
    assert!(page.main().with("role", "status").text().contains("You signed out on another device."));
}

#[tokio::test]
async fn sessions_continue_after_a_restart() {
    let app = TestApp::start().await;
    let browser = app.sign_up("ada@example.org").await;
    let app = app.restart().await;
    let mut browser = app.same(&browser);
    assert!(open(&mut browser, "/account").await.main().text().contains("ada@example.org"));
    let answer = browser.submit("/account", "/api/auth/logout", &[]).await;
    assert_eq!(answer.location(), "/login?reason=signed_out");
}

#[tokio::test]
async fn a_page_on_which_something_can_be_changed_says_that_this_needs_javascript() {
    let app = TestApp::start().await;
    let mut browser = app.sign_in_as("ada@example.org", "editor admin").await;
    let id = app.user("ada@example.org").await.id.to_string();
    let user = format!("/admin/users/{id}");
    for path in [
        "/account",
        "/account/password",
        "/account/security",
        "/account/sessions",
        "/notices/edit",
        "/admin/users",
        &user,
        "/admin/groups",
        "/admin/clients",
        "/admin/providers",
        "/admin/keys",
    ] {
        let page = open(&mut browser, path).await.main();
        assert!(
            page.text().contains("The buttons work once this page has loaded, which needs JavaScript."),
            "{path}"
        );
        // What cannot be sent without a token cannot be pressed, and what was typed is not lost.
        let usable = page.find(|name, attributes| name == "button" && !attributes.contains_key("disabled"));
        assert!(usable.iter().all(|button| button.text() == "Search"), "{path}: {usable:?}");
    }
}

#[tokio::test]
async fn a_reason_or_an_error_that_an_address_makes_up_is_not_shown() {
    let app = TestApp::start().await;
    let page = open(&mut app.browser(), "/login?reason=%3Cb%3EYour+password+is+needed%3C/b%3E").await;
    assert_eq!(page.heading(), "Sign in");
    assert!(!page.text().contains("Your password is needed"));
    let address = "/login?__path=/api/auth/login&__err=eyJjb2RlIjoiYnVzeSIsIm1lc3NhZ2UiOiJDYWxsIDU1NSJ9\
                   &next=/account";
    assert_eq!(app.browser().get(address).await.location(), "/login?next=/account");
}

#[tokio::test]
async fn no_page_of_any_role_holds_a_token() {
    let app = TestApp::start().await;
    let mut browser = app.sign_in_as("ada@example.org", "editor admin").await;
    let (refresh, access) = (browser.refresh_token(), browser.access_token.clone().unwrap());
    let user = format!("/admin/users/{}", app.user("ada@example.org").await.id);
    for path in [
        "/",
        "/setup",
        "/invitation",
        "/dashboard",
        "/account",
        "/account/password",
        "/account/security",
        "/account/sessions",
        "/account/apps",
        "/notices",
        "/notices/edit",
        "/admin/users",
        &user,
        "/admin/audit",
        "/admin/groups",
        "/admin/clients",
        "/admin/providers",
        "/admin/keys",
        "/nowhere",
    ] {
        let page = browser.get(path).await.body;
        // How every JWT begins: its header is an object that says `alg`, `kid` or `typ` first. `eyJ` alone stands in some nonces.
        for secret in [refresh.as_str(), &access, "eyJhbGci", "eyJraWQi", "eyJ0eXAi", "lk1."] {
            assert!(!page.contains(secret), "{path}: {secret}");
        }
    }
}

#[tokio::test]
async fn exactly_the_forms_that_can_be_pressed_before_hydration_take_no_access_token() {
    let app = TestApp::start().await;
    for endpoint in ENDPOINTS.iter() {
        let fields: Vec<_> = endpoint.fields.iter().map(|name| (*name, "1")).collect();
        let answer = app.browser().post(endpoint.path, &fields).await;
        let needs_token = answer.body.contains("missing_token");
        // Those forms open after hydration.
        let in_a_dialog = [Reauthenticate::PATH, ReauthenticateWithPasskey::PATH].contains(&endpoint.path);
        assert_eq!(works_without_script(endpoint.path), !needs_token || in_a_dialog, "{}", endpoint.path);
    }
}
