//! Signing in with a link that is mailed, where that is switched on.

use std::time::Duration;

use axum::http::{Method, header};

use super::{
    html::open,
    mails::send_due,
    relying_party::claims,
    smtp::{Offers, Received, Relay},
    test_app::{Answer, Backend, Browser, PASSWORD, TestApp},
};
use crate::{
    model::email::EmailAddress,
    server::{
        change::Change,
        client_info::{ActionContext, ClientInfo},
        store::{mails, users},
    },
};

const ADA: &str = "ada@example.org";
const ASK: &str = "/api/auth/request_sign_in_link";
const SIGN_IN: &str = "/api/auth/sign_in_with_link";
const MINUTE: Duration = Duration::from_secs(60);

/// A program that mails links, and the relay that its mails go to.
pub async fn start_with(backend: Backend, more: &[(&str, &str)]) -> (TestApp, Relay) {
    let relay = Relay::start(Offers::default()).await;
    let settings = relay.settings();
    let mut settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    settings.push(("LATCHKEY_MAIL_SIGN_IN_LINKS", "on"));
    settings.extend(more);
    (TestApp::with(backend, &settings).await, relay)
}

async fn start(backend: Backend) -> (TestApp, Relay) {
    let (app, relay) = start_with(backend, &[]).await;
    app.sign_in_as(ADA, "member").await;
    (app, relay)
}

async fn ask(browser: &mut Browser, email: &str) -> Answer {
    browser.post(ASK, &[("email", email)]).await
}

/// The mails that have just been sent.
async fn mails(app: &TestApp, relay: &Relay) -> Vec<Received> {
    let before = relay.received().len();
    send_due(app).await;
    relay.received().split_off(before)
}

fn path(mail: &Received) -> String {
    mail.link("/login/link?token=").strip_prefix("http://localhost:3000").unwrap().to_owned()
}

/// A browser that has asked for a link, and the link.
pub async fn link(app: &TestApp, relay: &Relay, email: &str) -> (Browser, String) {
    let mut browser = app.browser();
    ask(&mut browser, email).await.assert_status(200);
    let mail = mails(app, relay).await.pop().unwrap_or_else(|| panic!("no mail was sent"));
    (browser, path(&mail))
}

/// Opens the link and presses the button.
pub async fn use_link(browser: &mut Browser, link: &str) -> Answer {
    browser.open_link(link).await.assert_status(200);
    browser.post(SIGN_IN, &[]).await
}

#[tokio::test]
async fn a_mailed_link_signs_in_once_with_one_factor_and_proves_the_address() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, relay) = start(backend).await;
        let mut browser = app.browser();
        ask(&mut browser, "Ada@Example.org").await.assert_status(200);
        let mail = mails(&app, &relay).await.pop().unwrap();
        assert_eq!(
            (mail.to.as_str(), mail.header("Subject")),
            ("<ada@example.org>", Some("Sign in (Latchkey)"))
        );
        let path = path(&mail);
        assert!(browser.open_link(&path).await.body.contains(ADA));
        let mut copy = app.same(&browser);
        let answer = browser.post(SIGN_IN, &[]).await;
        assert_eq!(answer.assert_status(200).json()["status"], "signed_in");
        browser.use_token().await.assert_status(200);
        assert!(!browser.cookies.contains_key("__Host-latchkey-link"), "it is of no more use");
        assert!(app.user(ADA).await.email_verified_at.is_some(), "the mail was read");
        let events = app.events().await;
        assert_eq!(events[events.len() - 3..], ["mailed_link_requested", "email_verified", "signed_in"]);

        copy.post(SIGN_IN, &[]).await.assert_error(403, "link_closed");
        assert!(copy.open_link(&path).await.body.contains("was used or has expired"));
    }
}

#[tokio::test]
async fn of_twenty_who_use_one_link_at_once_one_gets_a_session() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, relay) = start(backend).await;
        let (mut browser, path) = link(&app, &relay, ADA).await;
        browser.open_link(&path).await;
        let mut browsers: Vec<_> = (0..20).map(|_| app.same(&browser)).collect();
        let answers = browsers.iter_mut().map(|browser| browser.post(SIGN_IN, &[]));
        let answers = futures::future::join_all(answers).await;
        let signed_in = answers.iter().filter(|answer| answer.status.as_u16() == 200).count();
        assert_eq!(signed_in, 1, "{backend:?}: {answers:?}");
    }
}

#[tokio::test]
async fn asking_for_a_link_answers_the_same_for_every_address_and_account() {
    let (app, relay) = start(Backend::Sqlite).await;
    app.sign_in_as("admin@example.org", "admin").await;
    app.sign_in_as("grace@example.org", "member").await;
    app.give_totp("grace@example.org").await;
    let mut seen = Vec::new();
    for email in [ADA, "nobody@example.org", "admin@example.org", "grace@example.org"] {
        let answer = ask(&mut app.browser(), email).await;
        let mut headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        headers.sort();
        seen.push((answer.status, headers, answer.body));
    }
    assert!(seen.iter().all(|answer| *answer == seen[0]), "{seen:?}");
    let mut reader = app.state.store.read().await.unwrap();
    assert_eq!(mails::sealed(&mut reader).await.unwrap().len(), 4, "nobody was looked up");
    drop(reader);
    let mut recipients: Vec<_> = mails(&app, &relay).await.into_iter().map(|mail| mail.to).collect();
    recipients.sort();
    assert_eq!(recipients, ["<ada@example.org>", "<admin@example.org>", "<grace@example.org>"]);
}

#[tokio::test]
async fn an_account_that_takes_more_than_a_mail_is_mailed_that_there_is_no_link() {
    let (app, relay) = start(Backend::Sqlite).await;
    app.sign_in_as("admin@example.org", "admin").await;
    for email in ["totp@example.org", "codes@example.org"] {
        app.sign_in_as(email, "member").await;
    }
    app.give_totp("totp@example.org").await;
    app.give_recovery_codes("codes@example.org", 1).await;
    for email in ["admin@example.org", "totp@example.org", "codes@example.org"] {
        ask(&mut app.browser(), email).await.assert_status(200);
        let mail = mails(&app, &relay).await.pop().unwrap();
        let text = mail.data.replace("=\r\n", "");
        assert!(text.contains("There is none for this account") && !text.contains("token="), "{email}");
    }
}

#[tokio::test]
async fn a_link_ends_when_the_account_comes_to_take_more_than_a_mail() {
    for change in ["an app", "administration", "disabled", "another address", "another password"] {
        let (app, relay) = start(Backend::Sqlite).await;
        let mut admin = app.sign_in_as("admin@example.org", "admin").await;
        let mut ada = app.browser();
        ada.sign_in(ADA, PASSWORD).await.assert_status(200);
        let (mut browser, path) = link(&app, &relay, ADA).await;
        let user = app.user(ADA).await;
        match change {
            "an app" => drop(app.give_totp(ADA).await),
            "administration" => app.set_roles(ADA, "admin").await,
            "disabled" => {
                let fields = [("user_id", user.id.as_str())];
                admin.post("/api/admin/users/disable", &fields).await.assert_status(200);
            }
            "another address" => {
                // The row alone changes: nothing takes the link back.
                let client = ClientInfo::program();
                let context = ActionContext { now: app.clock.now(), client: &client };
                let mut change = Change::begin(&app.state, context).await.unwrap();
                let other = EmailAddress::parse("lovelace@example.org").unwrap();
                assert!(users::set_email(change.tx(), &user.id, &other).await.unwrap());
                change.commit().await.unwrap();
            }
            _ => {
                let fields = [("current_password", PASSWORD), ("new_password", "an entirely new password")];
                ada.post("/api/account/change_password", &fields).await.assert_status(200);
            }
        }
        assert!(browser.open_link(&path).await.body.contains("was used or has expired"), "{change}");
        browser.post(SIGN_IN, &[]).await.assert_error(403, "link_closed");
        assert!(browser.refresh_token().is_empty(), "{change}");
    }
}

#[tokio::test]
async fn a_link_works_in_the_browser_alone_that_asked_for_it() {
    let (app, relay) = start(Backend::Sqlite).await;
    let (mut asked, path) = link(&app, &relay, ADA).await;
    // One without a cookie, and one that has asked for a link for somebody else.
    let mut other = app.browser();
    ask(&mut other, "eve@example.org").await.assert_status(200);
    for mut browser in [app.browser(), other] {
        assert!(browser.open_link(&path).await.body.contains("asked for it in another browser"));
        browser.post(SIGN_IN, &[]).await.assert_error(403, "link_closed");
    }
    use_link(&mut asked, &path).await.assert_status(200);
}

#[tokio::test]
async fn opening_a_link_any_number_of_times_uses_nothing_up() {
    let (app, relay) = start(Backend::Sqlite).await;
    let (mut browser, path) = link(&app, &relay, ADA).await;
    for method in [Method::GET, Method::HEAD, Method::GET] {
        let mut request = Browser::form(&path, "");
        *request.method_mut() = method;
        request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
        let moved = browser.send(request).await;
        moved.assert_status(303);
        assert_eq!((moved.location(), moved.body.as_str()), ("/login/link", ""));
        assert!(browser.get("/login/link").await.body.contains(ADA));
    }
    browser.post(SIGN_IN, &[]).await.assert_status(200);
}

#[tokio::test]
async fn a_link_works_for_ten_minutes_and_until_the_next_one_is_mailed() {
    let (app, relay) = start(Backend::Sqlite).await;
    let (mut browser, path) = link(&app, &relay, ADA).await;
    app.advance(10 * MINUTE);
    use_link(&mut browser, &path).await.assert_error(403, "link_closed");

    let (mut browser, first) = link(&app, &relay, ADA).await;
    app.advance(MINUTE);
    ask(&mut browser, ADA).await.assert_status(200);
    let second = self::path(&mails(&app, &relay).await.pop().unwrap());
    use_link(&mut browser, &first).await.assert_error(403, "link_closed");
    app.advance(Duration::from_millis(599_999));
    use_link(&mut browser, &second).await.assert_status(200);
}

#[tokio::test]
async fn a_stranger_who_asks_for_a_link_takes_none_away_from_the_owner() {
    let (app, relay) = start(Backend::Sqlite).await;
    let (mut owner, path) = link(&app, &relay, ADA).await;
    app.advance(MINUTE);
    ask(&mut app.browser(), ADA).await.assert_status(200);
    assert_eq!(mails(&app, &relay).await.len(), 1, "another link was mailed");
    use_link(&mut owner, &path).await.assert_status(200);
}

#[tokio::test]
async fn links_to_sign_in_and_resets_are_counted_together() {
    let (app, relay) = start(Backend::Sqlite).await;
    let reset = "/api/auth/request_reset";
    app.browser().post(reset, &[("email", ADA)]).await.assert_status(200);
    assert_eq!(mails(&app, &relay).await.len(), 1);
    ask(&mut app.browser(), ADA).await.assert_status(200);
    assert_eq!(mails(&app, &relay).await.len(), 0, "one a minute for one address");
    app.advance(MINUTE);
    ask(&mut app.browser(), ADA).await.assert_status(200);
    assert_eq!(mails(&app, &relay).await.len(), 1);
}

#[tokio::test]
async fn a_link_to_sign_in_opens_nothing_else_and_no_other_link_signs_in() {
    let (app, relay) = start(Backend::Sqlite).await;
    let (mut browser, path) = link(&app, &relay, ADA).await;
    let token = path.split_once("token=").unwrap().1;
    let fields = [("token", token), ("password", "an entirely new password")];
    browser.post("/api/auth/reset", &fields).await.assert_error(403, "reset_closed");
    browser.post("/api/auth/confirm_email", &fields[..1]).await.assert_error(403, "link_closed");

    app.advance(MINUTE);
    browser.post("/api/auth/request_reset", &[("email", ADA)]).await.assert_status(200);
    let reset = mails(&app, &relay).await.pop().unwrap().link("/reset?token=");
    let token = reset.split_once("token=").unwrap().1;
    browser.post(SIGN_IN, &[("token", token)]).await.assert_error(403, "link_closed");
    // Each stands for itself: one that was not used is still good.
    use_link(&mut browser, &path).await.assert_status(200);
}

#[tokio::test]
async fn a_session_of_a_mailed_link_has_the_level_of_one_factor_and_names_no_method() {
    let (app, relay) = start(Backend::Sqlite).await;
    let (mut browser, path) = link(&app, &relay, ADA).await;
    use_link(&mut browser, &path).await.assert_status(200);
    let claims = claims(browser.access_token.as_deref().unwrap());
    assert_eq!(claims["acr"], "https://refeds.org/profile/sfa");
    assert_eq!(claims["amr"].as_array().map_or(0, Vec::len), 0, "{claims}");
}

#[tokio::test]
async fn a_link_is_asked_for_and_used_without_javascript_and_leads_where_somebody_wanted_to_go() {
    let (app, relay) = start(Backend::Sqlite).await;
    let mut browser = app.browser();
    let login = open(&mut browser, "/login?next=/account/sessions").await;
    let page = "/login/email?next=/account/sessions";
    assert!(login.links().contains(&page.to_owned()), "{:?}", login.links());
    assert!(login.main().text().contains("Email me a link"));
    assert_eq!(open(&mut browser, page).await.value("next"), "/account/sessions");
    let next = ("next", "/account/sessions");
    let wrong = browser.submit(page, ASK, &[("email", "ada"), next]).await;
    assert_eq!(wrong.location(), page);
    let shown = open(&mut browser, page).await.main().alerts().concat();
    assert!(shown.contains("Enter an email address like name@example.org."), "{shown}");
    let sent = browser.submit(page, ASK, &[("email", ADA), next]).await;
    assert_eq!(sent.location(), "/login/email?sent=yes&next=/account/sessions");
    assert!(browser.get(sent.location()).await.body.contains("a mail is on its way"));
    let path = path(&mails(&app, &relay).await.pop().unwrap());
    browser.open_link(&path).await.assert_status(200);
    let done = browser.submit("/login/link", SIGN_IN, &[]).await;
    assert_eq!((done.status.as_u16(), done.location()), (303, "/account/sessions"));
    browser.get("/account/sessions").await.assert_status(200);
}

#[tokio::test]
async fn a_link_to_sign_in_is_answered_by_no_server_function() {
    let (app, relay) = start(Backend::Sqlite).await;
    let mut browser = app.browser();
    let asked = ask(&mut browser, ADA).await;
    let path = path(&mails(&app, &relay).await.pop().unwrap());
    let token = path.split_once("token=").unwrap().1;
    let opened = browser.open_link(&path).await;
    let signed_in = browser.post(SIGN_IN, &[]).await;
    for answer in [asked, opened, signed_in] {
        let headers = format!("{:?}", answer.headers);
        assert!(!answer.body.contains(token) && !headers.contains(token), "{answer:?}");
    }
}

#[tokio::test]
async fn a_link_leads_to_no_other_site() {
    let (app, relay) = start(Backend::Sqlite).await;
    let mut browser = app.browser();
    let fields = [("email", ADA), ("next", "//evil.example/")];
    browser.submit("/login/email", ASK, &fields).await.assert_status(303);
    let path = path(&mails(&app, &relay).await.pop().unwrap());
    browser.open_link(&path).await.assert_status(200);
    assert_eq!(browser.submit("/login/link", SIGN_IN, &[]).await.location(), "/dashboard");
}

#[tokio::test]
async fn no_link_signs_in_where_that_is_not_switched_on() {
    let (app, relay) = start(Backend::Sqlite).await;
    let (browser, path) = link(&app, &relay, ADA).await;
    let app = app.restart_with("LATCHKEY_MAIL_SIGN_IN_LINKS", "off").await;
    let mut browser = app.same(&browser);
    use_link(&mut browser, &path).await.assert_error(403, "link_closed");
    ask(&mut browser, ADA).await.assert_error(404, "not_found");
    let login = open(&mut app.browser(), "/login").await;
    assert!(!login.main().text().contains("Email me a link"));
    let page = open(&mut app.browser(), "/login/email").await;
    assert!(page.main().text().contains("mails no links to sign in"));
}
