//! Who may open which page, and where everybody else is led.

use std::collections::BTreeSet;

use super::{
    html::{Html, open},
    test_app::{Backend, PASSWORD, TestApp},
};
use crate::model::query::encode_value;

const PUBLIC_PAGES: [(&str, &str, &str); 13] = [
    ("/", "Latchkey", "One key for all your services"),
    ("/login", "Sign in · Latchkey", "Sign in"),
    ("/login/second-step", "Confirm that it is you · Latchkey", "Confirm that it is you"),
    ("/login/email", "Sign in by mail · Latchkey", "Sign in by mail"),
    ("/login/link", "Sign in by mail · Latchkey", "Sign in by mail"),
    ("/register", "Create an account · Latchkey", "Create an account"),
    ("/setup", "Set up Latchkey · Latchkey", "Set up Latchkey"),
    ("/invitation", "Your invitation · Latchkey", "Your invitation"),
    ("/reset", "Reset your password · Latchkey", "Reset your password"),
    ("/forgot", "Forgot your password? · Latchkey", "Forgot your password?"),
    ("/register/finish", "Finish signing up · Latchkey", "Finish signing up"),
    ("/confirm-email", "Confirm your email address · Latchkey", "Confirm your email address"),
    ("/restore-email", "Put your email address back · Latchkey", "Put your email address back"),
];

const MEMBER_PAGES: [(&str, &str, &str); 8] = [
    ("/dashboard", "Dashboard · Latchkey", "Hello, Somebody"),
    ("/account", "Your account · Latchkey", "Your account"),
    ("/account/password", "Change your password · Latchkey", "Change your password"),
    ("/account/security", "Security · Latchkey", "Security"),
    ("/account/sessions", "Your sessions · Latchkey", "Your sessions"),
    ("/account/apps", "Your apps · Latchkey", "Your apps"),
    ("/device", "Connect a device · Latchkey", "Connect a device"),
    ("/notices", "Notices · Latchkey", "Notices"),
];

/// The role that a page needs, its path, its title and its heading. `:id` stands for an account: it
/// is no client, no group and no provider, whose pages say so.
const ROLE_PAGES: [(&str, &str, &str, &str); 11] = [
    ("editor", "/notices/edit", "Write a notice · Latchkey", "Write a notice"),
    ("admin", "/admin/users", "Accounts · Latchkey", "Accounts"),
    ("admin", "/admin/users/:id", "Account · Latchkey", "Account"),
    ("admin", "/admin/groups", "Groups · Latchkey", "Groups"),
    ("admin", "/admin/groups/:id", "Group · Latchkey", "Group"),
    ("admin", "/admin/clients", "Clients · Latchkey", "Clients"),
    ("admin", "/admin/clients/:id", "Client · Latchkey", "Client"),
    ("admin", "/admin/providers", "Providers · Latchkey", "Providers"),
    ("admin", "/admin/providers/:id", "Provider · Latchkey", "Provider"),
    ("admin", "/admin/audit", "Audit log · Latchkey", "Audit log"),
    ("admin", "/admin/keys", "Signing keys · Latchkey", "Signing keys"),
];

const DEEP_LINKS: [&str; 2] = ["/account?from=mail&part=2", "/account?from=a%20letter&and=%26more"];

#[tokio::test]
async fn public_pages_are_shown_to_everybody_and_an_unknown_path_is_not_found() {
    let app = TestApp::start().await;
    let mut signed_in = app.sign_up("ada@example.org").await;
    for (path, title, heading) in PUBLIC_PAGES {
        let page = open(&mut app.browser(), path).await;
        assert_eq!((page.title(), page.heading()), (title.to_owned(), heading.to_owned()));
    }
    for browser in [&mut app.browser(), &mut signed_in] {
        let answer = browser.get("/nowhere").await;
        answer.assert_status(404);
        let page = Html::parse(&answer.body);
        assert_eq!(page.title(), "Page not found · Latchkey");
        assert_eq!(page.heading(), "Page not found");
        assert_eq!(page.main().links(), ["/"]);
    }
}

#[tokio::test]
async fn the_pages_of_an_account_are_shown_to_its_owner_and_lead_others_to_the_sign_in_page() {
    let app = TestApp::start().await;
    let mut ada = app.sign_up("ada@example.org").await;
    for (path, title, heading) in MEMBER_PAGES {
        let page = open(&mut ada, path).await;
        assert_eq!((page.title(), page.heading()), (title.to_owned(), heading.to_owned()));
        assert_eq!(app.browser().get(path).await.location(), format!("/login?next={path}"));
    }
}

#[tokio::test]
async fn the_pages_of_a_role_are_shown_to_that_role_and_forbidden_to_others() {
    let app = TestApp::start().await;
    for role in ["member", "editor", "admin"] {
        let email = format!("{role}@example.org");
        let mut browser = app.sign_in_as(&email, role).await;
        let id = app.user(&email).await.id.to_string();
        for (needed, path, title, heading) in ROLE_PAGES {
            let answer = browser.get(&path.replace(":id", &id)).await;
            let page = Html::parse(&answer.body);
            if role == needed {
                answer.assert_status(200);
                assert_eq!((page.title(), page.heading()), (title.to_owned(), heading.to_owned()));
            } else {
                answer.assert_status(403);
                assert_eq!(page.title(), "Not allowed · Latchkey", "{role} {path}");
                assert_eq!(page.heading(), "Not allowed");
                assert_eq!(page.main().links(), ["/dashboard"]);
            }
        }
        assert_eq!(open(&mut browser, "/dashboard").await.heading(), "Hello, Somebody");
    }
}

#[tokio::test]
async fn an_anonymous_link_to_a_page_of_a_role_leads_through_sign_in_to_the_refusal() {
    // One person signs in for each page.
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
    app.sign_up("ada@example.org").await;
    let id = app.user("ada@example.org").await.id.to_string();
    for (_, path, _, _) in ROLE_PAGES {
        let path = path.replace(":id", &id);
        let mut browser = app.browser();
        let answer = browser.get(&path).await;
        answer.assert_status(303);
        let login = answer.location().to_owned();
        let next = open(&mut browser, &login).await.value("next");
        let fields = [("email", "ada@example.org"), ("password", PASSWORD), ("next", next.as_str())];
        let answer = browser.submit(&login, "/api/auth/login", &fields).await;
        assert_eq!(answer.location(), path);
        let refusal = browser.get(&path).await;
        refusal.assert_status(403);
        assert_eq!(Html::parse(&refusal.body).heading(), "Not allowed");
    }
}

#[tokio::test]
async fn pages_link_to_the_pages_of_the_own_roles_and_no_others() {
    let app = TestApp::start().await;
    let admin = ["/admin/audit", "/admin/keys", "/admin/users"];
    for (number, roles, expected) in [
        (1, "member", vec![]),
        (2, "editor", vec!["/notices/edit"]),
        (3, "admin", admin.to_vec()),
        (4, "editor admin", [admin.as_slice(), &["/notices/edit"]].concat()),
    ] {
        let mut browser = app.sign_in_as(&format!("person{number}@example.org"), roles).await;
        let mut found = BTreeSet::new();
        for path in ["/dashboard", "/notices", "/account", "/account/sessions"] {
            let links = open(&mut browser, path).await.links();
            found.extend(
                links
                    .into_iter()
                    .map(|link| link.split('?').next().unwrap_or_default().to_owned())
                    .filter(|link| link.starts_with("/admin") || link.starts_with("/notices/edit")),
            );
        }
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected, "{roles}");
    }
}

#[tokio::test]
async fn a_deep_link_leads_through_sign_in_and_back_with_its_query() {
    let app = TestApp::start().await;
    app.sign_up("ada@example.org").await;
    for link in DEEP_LINKS {
        let mut browser = app.browser();
        let answer = browser.get(link).await;
        answer.assert_status(303);
        let login = answer.location().to_owned();
        assert_eq!(open(&mut browser, &login).await.value("next"), link);

        let wrong = [("email", "ada@example.org"), ("password", "not this one"), ("next", link)];
        let answer = browser.submit(&login, "/api/auth/login", &wrong).await;
        answer.assert_status(303);
        assert_eq!(answer.location(), login);
        let page = open(&mut browser, &login).await;
        assert_eq!(page.main().alerts(), ["The email or password is incorrect."]);
        assert_eq!(page.value("next"), link);

        let right = [("email", "ada@example.org"), ("password", PASSWORD), ("next", link)];
        let answer = browser.submit(&login, "/api/auth/login", &right).await;
        assert_eq!(answer.location(), link);
        // Whoever is signed in goes where the link says.
        assert_eq!(open(&mut browser, link).await.heading(), "Your account");
    }
}

#[tokio::test]
async fn a_deep_link_leads_through_sign_up_too() {
    let app = TestApp::start().await;
    for (number, link) in DEEP_LINKS.into_iter().enumerate() {
        let mut browser = app.browser();
        let login = browser.get(link).await.location().to_owned();
        let links = open(&mut browser, &login).await.main().links();
        let register = links.iter().find(|link| link.starts_with("/register")).unwrap();
        assert_eq!(open(&mut browser, register).await.value("next"), link);
        let email = format!("person{number}@example.org");
        let fields =
            [("email", email.as_str()), ("display_name", "Ada"), ("password", PASSWORD), ("next", link)];
        let answer = browser.submit(register, "/api/auth/register", &fields).await;
        assert_eq!(answer.location(), link);
        assert!(open(&mut browser, link).await.text().contains(&email));
    }
}

#[tokio::test]
async fn a_trailing_slash_redirects_permanently() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let answer = browser.get("/dashboard/?from=mail").await;
    answer.assert_status(308);
    assert_eq!(answer.location(), "/dashboard?from=mail");
    assert_eq!(open(&mut browser, "/dashboard?from=mail").await.heading(), "Hello, Somebody");
}

#[tokio::test]
async fn whoever_is_signed_in_is_never_led_away_from_latchkey() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    for elsewhere in [
        "//evil.example",
        "/%5Cevil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/api/auth/logout",
    ] {
        let answer = browser.get(&format!("/login?next={elsewhere}")).await;
        answer.assert_status(303);
        assert_eq!(answer.location(), "/dashboard", "{elsewhere}");
    }
}

#[tokio::test]
async fn sign_in_leads_on_to_pages_alone() {
    let app = TestApp::start().await;
    app.sign_up("ada@example.org").await;
    for elsewhere in
        ["/admin/audit/export", "/login", "/login?next=/login", "/register", "/nowhere", "/healthz"]
    {
        let login = format!("/login?next={}", encode_value(elsewhere));
        let fields = [("email", "ada@example.org"), ("password", PASSWORD), ("next", elsewhere)];
        let mut browser = app.browser();
        assert_eq!(open(&mut browser, &login).await.value("next"), "/dashboard", "{elsewhere}");
        assert_eq!(
            browser.submit(&login, "/api/auth/login", &fields).await.location(),
            "/dashboard",
            "{elsewhere}"
        );
        assert_eq!(browser.get(&login).await.location(), "/dashboard", "{elsewhere}");
    }
}

#[tokio::test]
async fn a_download_without_a_session_leads_back_to_the_page_that_offers_it() {
    let app = TestApp::start().await;
    let answer = app.browser().get("/admin/audit/export?event=signed_in").await;
    answer.assert_status(303);
    assert_eq!(answer.location(), "/login?next=/admin/audit%3Fevent%3Dsigned_in");
}

#[tokio::test]
async fn the_navigation_offers_what_can_be_done_and_marks_the_current_page() {
    let app = TestApp::start().await;
    let page = open(&mut app.browser(), "/").await;
    assert_eq!(page.with("aria-label", "Main").texts("a"), ["Sign in", "Sign up"]);
    assert!(!page.texts("button").contains(&"Sign out".to_owned()));
    let mut browser = app.sign_up("ada@example.org").await;
    for (path, name) in [("/dashboard", "Dashboard"), ("/notices", "Notices"), ("/account", "Account")] {
        let navigation = open(&mut browser, path).await.with("aria-label", "Main");
        assert_eq!(navigation.texts("a"), ["Dashboard", "Notices", "Account"]);
        assert_eq!(navigation.with("aria-current", "page").text(), name);
    }
    assert!(open(&mut browser, "/").await.texts("button").contains(&"Sign out".to_owned()));
}

#[tokio::test]
async fn the_cookie_of_a_session_that_was_signed_out_opens_nothing() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let mut copy = browser.thief();
    browser.sign_out().await.assert_status(200);
    let answer = copy.get("/dashboard").await;
    answer.assert_status(303);
    assert!(answer.location().starts_with("/login?next=/dashboard"), "{answer:?}");
}

#[tokio::test]
async fn a_refused_address_is_not_stored_but_the_page_that_it_names() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    browser.get(&format!("/admin/users/{}", "A".repeat(60_000))).await.assert_status(403);
    let mut admin = app.sign_in_as("root@example.org", "admin").await;
    let events = admin.post("/api/admin/audit/list", &[("event", "access_denied")]).await.json();
    assert_eq!(events["items"][0]["detail"]["asked_for"], "/admin/users/:id");
}
