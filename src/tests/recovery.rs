//! Resetting a forgotten password by mail.

use std::time::Duration;

use axum::http::HeaderValue;

use super::{
    html::open,
    mails::{app_with, send_due},
    sign_in_links,
    smtp::{Offers, Received, Relay},
    test_app::{Answer, Backend, Browser, PASSWORD, TestApp, encode},
};
use crate::{
    model::email::EmailAddress,
    server::{
        change::Change,
        client_info::{ActionContext, ClientInfo},
        store::{mails, users},
    },
};

const MINUTE: Duration = Duration::from_secs(60);
const NEW_PASSWORD: &str = "an entirely new password";
const PATH: &str = "/api/auth/request_reset";

async fn start(backend: Backend) -> (TestApp, Relay) {
    let relay = Relay::start(Offers::default()).await;
    let app = app_with(backend, &relay).await;
    app.sign_in_as("ada@example.org", "member").await;
    (app, relay)
}

async fn ask(browser: &mut Browser, email: &str) -> Answer {
    browser.post(PATH, &[("email", email)]).await
}

/// The mail that has just been sent.
async fn mail(app: &TestApp, relay: &Relay) -> Received {
    send_due(app).await;
    relay.received().pop().unwrap_or_else(|| panic!("no mail was sent"))
}

/// The path of the link to set a new password.
fn path(mail: &Received) -> String {
    mail.link("/reset?token=").strip_prefix("http://localhost:3000").unwrap().to_owned()
}

#[tokio::test]
async fn a_mailed_link_sets_a_new_password_once_ends_every_session_and_signs_nobody_in() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, relay) = start(backend).await;
        let mut ada = app.browser();
        ada.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
        ask(&mut app.browser(), "Ada@Example.org").await.assert_status(200);
        let mail = mail(&app, &relay).await;
        assert_eq!(mail.to, "<ada@example.org>");
        assert_eq!(mail.header("Subject"), Some("Reset your password (Latchkey)"));

        let mut browser = app.browser();
        assert!(browser.open_link(&path(&mail)).await.body.contains("ada@example.org"));
        browser.post("/api/auth/reset", &[("password", NEW_PASSWORD)]).await.assert_status(200);
        assert!(browser.refresh_token().is_empty(), "nobody is signed in");
        ada.use_token().await.assert_error(401, "invalid_token");
        app.browser().sign_in("ada@example.org", NEW_PASSWORD).await.assert_status(200);
        assert!(app.user("ada@example.org").await.email_verified_at.is_some(), "the mail was read");

        let mut again = app.browser();
        again.open_link(&path(&mail)).await;
        let answer = again.post("/api/auth/reset", &[("password", "yet another password")]).await;
        answer.assert_error(403, "reset_closed");
        let told = self::mail(&app, &relay).await;
        assert_eq!(told.header("Subject"), Some("Your password was changed (Latchkey)"));
    }
}

#[tokio::test]
async fn asking_for_a_reset_answers_the_same_bytes_after_the_same_work_for_every_address() {
    let (app, relay) = start(Backend::Sqlite).await;
    let mut seen = Vec::new();
    for email in ["ada@example.org", "nobody@example.org"] {
        let answer = ask(&mut app.browser(), email).await;
        let mut headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        headers.sort();
        seen.push((answer.status, headers, answer.body));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].2, "null");
    let mut reader = app.state.store.read().await.unwrap();
    let waiting = mails::sealed(&mut reader).await.unwrap();
    drop(reader);
    assert_eq!(waiting.len(), 2, "who it is for is found out by the task that sends");
    send_due(&app).await;
    let recipients: Vec<_> = relay.received().into_iter().map(|mail| mail.to).collect();
    assert_eq!(recipients, ["<ada@example.org>"]);
}

#[tokio::test]
async fn a_thousand_requests_for_resets_send_few_mails_and_answer_the_same() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, relay) = start(backend).await;
        for n in 0..1000_u16 {
            let [high, low] = n.to_be_bytes();
            let mut browser = app.browser().at([198, 51, high, low]);
            let answer = ask(&mut browser, "ada@example.org").await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "null"));
            // A thousand of them in a quarter of an hour.
            app.advance(Duration::from_millis(900));
        }
        send_due(&app).await;
        assert_eq!(relay.received().len(), 5, "five in an hour for one address");
        app.advance(60 * MINUTE);
        ask(&mut app.browser(), "ada@example.org").await.assert_status(200);
        send_due(&app).await;
        assert_eq!(relay.received().len(), 6);
    }
}

#[tokio::test]
async fn an_address_gets_one_mail_a_minute_and_a_network_asks_for_twenty_an_hour() {
    let (app, relay) = start(Backend::Sqlite).await;
    for (wait, sent) in [(0, 1), (59, 1), (1, 2)] {
        app.advance(Duration::from_secs(wait));
        ask(&mut app.browser().at([198, 51, 100, 1]), "ada@example.org").await.assert_status(200);
        send_due(&app).await;
        assert_eq!(relay.received().len(), sent, "after {wait} s");
    }
    // Counted before anybody is looked up: those that nobody has count too.
    for n in 0..19 {
        let mut browser = app.browser().at([192, 0, 2, 1]);
        ask(&mut browser, &format!("nobody{n}@example.org")).await.assert_status(200);
    }
    app.sign_in_as("grace@example.org", "member").await;
    app.sign_in_as("mary@example.org", "member").await;
    for (email, sent) in [("grace@example.org", 3), ("mary@example.org", 3)] {
        ask(&mut app.browser().at([192, 0, 2, 1]), email).await.assert_status(200);
        send_due(&app).await;
        assert_eq!(relay.received().len(), sent, "{email}");
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_keeps_nobody_from_mail() {
    let (app, relay) = start(Backend::Sqlite).await;
    let real = app.clock.now();
    app.clock.set(real + Duration::from_secs(86_400));
    for _ in 0..5 {
        app.advance(MINUTE);
        ask(&mut app.browser(), "ada@example.org").await.assert_status(200);
    }
    send_due(&app).await;
    let before = relay.received().len();
    app.clock.set(real);
    ask(&mut app.browser(), "ada@example.org").await.assert_status(200);
    send_due(&app).await;
    assert_eq!(relay.received().len(), before + 1);
}

#[tokio::test]
async fn the_limits_of_mail_hold_across_nodes_and_restarts() {
    let (app, relay) = start(Backend::Postgres).await;
    let other = app.another_node().await;
    let (mut one, mut two) = (app.browser(), other.browser());
    let (one, two) = tokio::join!(ask(&mut one, "ada@example.org"), ask(&mut two, "ada@example.org"));
    assert_eq!((one.status.as_u16(), two.status.as_u16()), (200, 200));
    let app = app.restart().await;
    ask(&mut app.browser(), "ada@example.org").await.assert_status(200);
    send_due(&app).await;
    assert_eq!(relay.received().len(), 1);
}

#[tokio::test]
async fn hostile_hosts_change_no_link() {
    let (app, relay) = sign_in_links::start_with(Backend::Sqlite, &[]).await;
    let ada = app.sign_in_as("ada@example.org", "member").await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    let id = app.user("ada@example.org").await.id.to_string();
    admin.post("/api/admin/users/verify_email", &[("user_id", &id)]).await.assert_status(200);
    for (mut browser, path, field, page) in [
        (app.browser(), PATH, ("email", "ada@example.org"), "/reset?token="),
        (app.browser(), "/api/auth/request_account", ("email", "bob@example.org"), "/register/finish?token="),
        (ada, "/api/account/change_email", ("email", "lovelace@example.org"), "/confirm-email?token="),
        (app.browser(), "/api/auth/request_sign_in_link", ("email", "ada@example.org"), "/login/link?token="),
    ] {
        app.advance(MINUTE);
        send_with_hostile_hosts(&mut browser, path, &[field]).await.assert_status(200);
        let mail = mail(&app, &relay).await;
        assert!(!mail.data.contains("evil.example"), "{mail:?}");
        assert!(mail.link(page).starts_with(&format!("http://localhost:3000{page}")), "{mail:?}");
    }
    // Links that an administrator hands over.
    let invited = [("email", "eve@example.org"), ("display_name", "Eve")];
    for (path, fields) in
        [("/api/admin/users/invite", &invited[..]), ("/api/admin/users/reset_password", &[("user_id", &*id)])]
    {
        let answer = send_with_hostile_hosts(&mut admin, path, fields).await;
        let link = answer.assert_status(200).json()["link"].clone();
        assert!(link.as_str().unwrap().starts_with("http://localhost:3000/"), "{link}");
    }
}

/// Calls a server function, with another host in each header that may name one.
async fn send_with_hostile_hosts(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
    let mut request = Browser::form(path, encode(fields));
    for name in ["host", "x-forwarded-host", "x-host", "forwarded", "x-forwarded-server", "x-original-host"] {
        let value = if name == "forwarded" { "host=evil.example" } else { "evil.example" };
        request.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if let Some(token) = &browser.access_token {
        let bearer = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        request.headers_mut().insert("authorization", bearer);
    }
    browser.send(request).await
}

#[tokio::test]
async fn two_addresses_in_one_request_are_refused() {
    let (app, relay) = start(Backend::Sqlite).await;
    for body in [
        "email=ada%40example.org&email=eve%40example.org",
        "email=ada%40example.org%2Ceve%40example.org",
        "email[]=ada%40example.org&email[]=eve%40example.org",
        "email=ada%40example.org%0ABcc%3Aeve%40example.org",
    ] {
        app.browser().send(Browser::form(PATH, body)).await.assert_error(422, "invalid_input");
    }
    send_due(&app).await;
    assert!(relay.received().is_empty());
}

#[tokio::test]
async fn a_reset_is_mailed_to_the_stored_address_and_to_none_that_looks_like_it() {
    let (app, relay) = start(Backend::Sqlite).await;
    app.sign_in_as("mike@example.org", "member").await;
    // Dotless and full-width letters fold to plain ones.
    for email in ["m\u{131}ke@example.org", "\u{ff4d}ike@example.org"] {
        let answer = ask(&mut app.browser(), email).await;
        assert!(matches!(answer.status.as_u16(), 200 | 422), "{answer:?}");
    }
    send_due(&app).await;
    assert!(relay.received().is_empty(), "{:?}", relay.received());
}

#[tokio::test]
async fn a_reset_link_is_answered_by_no_server_function() {
    let (app, relay) = start(Backend::Sqlite).await;
    let mut browser = app.browser();
    let answer = ask(&mut browser, "ada@example.org").await;
    let token = path(&mail(&app, &relay).await).split_once("token=").unwrap().1.to_owned();
    let opened = browser.open_link(&format!("/reset?token={token}")).await;
    let reset = browser.post("/api/auth/reset", &[("password", NEW_PASSWORD)]).await;
    for answer in [answer, opened, reset] {
        let headers = format!("{:?}", answer.headers);
        assert!(!answer.body.contains(&token) && !headers.contains(&token), "{answer:?}");
    }
}

#[tokio::test]
async fn opening_a_link_moves_its_token_out_of_the_address_and_uses_nothing_up() {
    let (app, relay) = start(Backend::Sqlite).await;
    ask(&mut app.browser(), "ada@example.org").await;
    let path = path(&mail(&app, &relay).await);
    let mut browser = app.browser();
    for _ in 0..3 {
        let moved = browser.get(&path).await;
        moved.assert_status(303);
        assert_eq!((moved.location(), moved.body.as_str()), ("/reset", ""));
        let cookie = moved.header("set-cookie").unwrap();
        assert!(cookie.starts_with("__Host-latchkey-link="), "{cookie}");
        for attribute in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=600"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(browser.get("/reset").await.body.contains("ada@example.org"));
    }
    browser.post("/api/auth/reset", &[("password", NEW_PASSWORD)]).await.assert_status(200);
    assert!(!browser.cookies.contains_key("__Host-latchkey-link"));
}

#[tokio::test]
async fn a_link_of_one_page_opens_no_other() {
    let (app, relay) = start(Backend::Sqlite).await;
    ask(&mut app.browser(), "ada@example.org").await;
    let token = path(&mail(&app, &relay).await).split_once("token=").unwrap().1.to_owned();
    let fields = [("token", token.as_str()), ("display_name", "Eve"), ("password", NEW_PASSWORD)];
    let mut browser = app.browser();
    browser.post("/api/auth/accept_invitation", &fields).await.assert_error(403, "invitation_closed");
    browser.post("/api/auth/finish_registration", &fields).await.assert_error(403, "link_closed");
    browser.post("/api/auth/confirm_email", &fields[..1]).await.assert_error(403, "link_closed");
    let restore = [("token", token.as_str()), ("password", NEW_PASSWORD)];
    browser.post("/api/auth/restore_email", &restore).await.assert_error(403, "link_closed");
}

#[tokio::test]
async fn without_a_link_no_password_is_reset() {
    let (app, _) = start(Backend::Sqlite).await;
    let mut browser = app.browser();
    ask(&mut browser, "ada@example.org").await.assert_status(200);
    browser.get("/reset").await.assert_status(200);
    let fields = [("password", NEW_PASSWORD)];
    browser.post("/api/auth/reset", &fields).await.assert_error(403, "reset_closed");
}

#[tokio::test]
async fn a_mailed_link_ends_with_the_address_that_it_was_mailed_to() {
    let (app, relay) = start(Backend::Sqlite).await;
    ask(&mut app.browser(), "ada@example.org").await;
    let path = path(&mail(&app, &relay).await);
    // The row alone changes: nothing takes the link back.
    let (user, client) = (app.user("ada@example.org").await, ClientInfo::program());
    let context = ActionContext { now: app.clock.now(), client: &client };
    let mut change = Change::begin(&app.state, context).await.unwrap();
    let other = EmailAddress::parse("lovelace@example.org").unwrap();
    assert!(users::set_email(change.tx(), &user.id, &other).await.unwrap());
    change.commit().await.unwrap();
    let mut browser = app.browser();
    assert!(browser.open_link(&path).await.body.contains("was used or has expired"));
    let fields = [("password", NEW_PASSWORD)];
    browser.post("/api/auth/reset", &fields).await.assert_error(403, "reset_closed");
}

#[tokio::test]
async fn a_disabled_account_gets_no_link() {
    let (app, relay) = start(Backend::Sqlite).await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    let id = app.user("ada@example.org").await.id.to_string();
    admin.post("/api/admin/users/disable", &[("user_id", &id)]).await.assert_status(200);
    ask(&mut app.browser(), "ada@example.org").await.assert_status(200);
    send_due(&app).await;
    assert!(relay.received().is_empty());
}

#[tokio::test]
async fn a_request_for_a_reset_survives_a_restart() {
    let (app, relay) = start(Backend::Sqlite).await;
    ask(&mut app.browser(), "ada@example.org").await;
    let app = app.restart().await;
    assert!(path(&mail(&app, &relay).await).starts_with("/reset?token="));
}

#[tokio::test]
async fn where_no_mail_is_sent_no_page_offers_what_needs_it() {
    let app = TestApp::start().await;
    assert!(!open(&mut app.browser(), "/login").await.links().contains(&"/forgot".to_owned()));
    let page = open(&mut app.browser(), "/forgot").await;
    assert!(page.main().text().contains("Ask an administrator for a link"));
    ask(&mut app.browser(), "ada@example.org").await.assert_error(403, "no_mail");

    let (app, _) = start(Backend::Sqlite).await;
    assert!(open(&mut app.browser(), "/login").await.links().contains(&"/forgot".to_owned()));
}

#[tokio::test]
async fn a_forgotten_password_is_reset_without_javascript() {
    let (app, relay) = start(Backend::Sqlite).await;
    let mut browser = app.browser();
    let wrong = browser.submit("/forgot", PATH, &[("email", "ada")]).await;
    assert_eq!(wrong.location(), "/forgot");
    assert!(browser.get("/forgot").await.body.contains("Enter an email address like name@example.org."));
    let sent = browser.submit("/forgot", PATH, &[("email", "ada@example.org")]).await;
    assert_eq!(sent.location(), "/forgot?sent=yes");
    assert!(browser.get(sent.location()).await.body.contains("a mail with a link is on its way"));
    browser.open_link(&path(&mail(&app, &relay).await)).await.assert_status(200);
    let done = browser.submit("/reset", "/api/auth/reset", &[("password", NEW_PASSWORD)]).await;
    assert_eq!(done.location(), "/login?reason=password_changed");
}

#[tokio::test]
async fn whoever_has_forgotten_the_password_gets_where_they_wanted_to_go_after_a_reset() {
    let (app, relay) = start(Backend::Sqlite).await;
    let mut browser = app.browser();
    let wanted = ("next", "/account/sessions");
    let page = browser.get("/forgot?next=/account/sessions").await.body;
    assert!(page.contains("value=\"/account/sessions\""), "{page}");
    let fields = [("email", "ada@example.org"), wanted];
    let sent = browser.submit("/forgot?next=/account/sessions", PATH, &fields).await;
    assert_eq!(sent.location(), "/forgot?sent=yes&next=/account/sessions");
    let link = path(&mail(&app, &relay).await);
    let moved = browser.get(&link).await;
    assert_eq!(moved.assert_status(303).location(), "/reset?next=/account/sessions");
    let page = browser.get(moved.location()).await.body;
    assert!(page.contains("value=\"/account/sessions\""), "{page}");
    let done =
        browser.submit(moved.location(), "/api/auth/reset", &[("password", NEW_PASSWORD), wanted]).await;
    assert_eq!(done.location(), "/login?reason=password_changed&next=/account/sessions");
    // A link that was used leads to the page for another one, which leads on as well.
    let used = open(&mut browser, "/reset?next=/account/sessions").await;
    for page in ["/forgot?next=/account/sessions", "/login?next=/account/sessions"] {
        assert!(used.links().contains(&page.to_owned()), "{:?}", used.links());
    }
}

#[tokio::test]
async fn no_reset_leads_to_another_site_or_says_where_people_go_anyway() {
    let (app, relay) = start(Backend::Sqlite).await;
    for next in ["https://evil.example/", "//evil.example", "/api/auth/logout", "/dashboard", ""] {
        app.advance(12 * MINUTE);
        let fields = [("email", "ada@example.org"), ("next", next)];
        let mut browser = app.browser();
        let sent = browser.submit("/forgot", PATH, &fields).await;
        assert_eq!(sent.location(), "/forgot?sent=yes", "{next:?}");
        let mail = mail(&app, &relay).await;
        assert!(!mail.data.contains("next"), "{mail:?}");
        browser.open_link(&path(&mail)).await.assert_status(200);
        let done =
            browser.submit("/reset", "/api/auth/reset", &[("password", NEW_PASSWORD), ("next", next)]).await;
        assert_eq!(done.location(), "/login?reason=password_changed", "{next:?}");
    }
}
