//! Addresses that their owners have proved: at sign-up, and when one is changed.

use std::time::Duration;

use super::{
    html::open,
    mails::{app_with, send_due},
    smtp::{Offers, Received, Relay},
    test_app::{Answer, Backend, Browser, PASSWORD, TestApp},
};

const DAY: Duration = Duration::from_secs(86_400);
const NEW_PASSWORD: &str = "an entirely new password";

async fn start(backend: Backend) -> (TestApp, Relay) {
    let relay = Relay::start(Offers::default()).await;
    (app_with(backend, &relay).await, relay)
}

/// The mails that have just been sent, by recipient.
async fn mails(app: &TestApp, relay: &Relay, before: usize) -> Vec<Received> {
    send_due(app).await;
    let mut new = relay.received().split_off(before);
    new.sort_by(|one, other| one.to.cmp(&other.to));
    new
}

fn path(mail: &Received, page: &str) -> String {
    mail.link(page).strip_prefix("http://localhost:3000").unwrap().to_owned()
}

async fn ask_for_account(app: &TestApp, relay: &Relay, email: &str) -> Received {
    let before = relay.received().len();
    let answer = app.browser().post("/api/auth/request_account", &[("email", email)]).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "null"));
    mails(app, relay, before).await.remove(0)
}

/// Whether apps are told that the address is its owner's.
async fn is_verified(browser: &mut Browser) -> bool {
    let profile = browser.post("/api/account/me", &[]).await;
    profile.json()["email_verified"].as_bool().unwrap()
}

#[tokio::test]
async fn a_mailed_link_chooses_name_and_password_signs_in_and_proves_the_address() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, relay) = start(backend).await;
        let mail = ask_for_account(&app, &relay, "Ada@Example.org").await;
        assert_eq!(mail.to, "<ada@example.org>");
        let link = path(&mail, "/register/finish?token=");
        let mut browser = app.browser();
        assert!(browser.open_link(&link).await.body.contains("ada@example.org"));
        let fields = [("display_name", "Ada"), ("password", PASSWORD)];
        browser.post("/api/auth/finish_registration", &fields).await.assert_status(200);
        assert!(is_verified(&mut browser).await);
        app.browser().sign_in("ada@example.org", PASSWORD).await.assert_status(200);

        let mut again = app.browser();
        assert!(again.open_link(&link).await.body.contains("was used or has expired"));
        again.post("/api/auth/finish_registration", &fields).await.assert_error(403, "link_closed");
    }
}

#[tokio::test]
async fn signing_up_with_a_known_address_answers_the_same_and_tells_its_owner_alone() {
    let (app, relay) = start(Backend::Sqlite).await;
    app.sign_in_as("ada@example.org", "member").await;
    let mail = ask_for_account(&app, &relay, "ada@example.org").await;
    assert_eq!(mail.header("Subject"), Some("You have an account (Latchkey)"));
    assert!(!mail.data.contains("token="), "{mail:?}");
}

#[tokio::test]
async fn where_mail_is_sent_no_account_is_made_without_it() {
    let (app, _) = start(Backend::Sqlite).await;
    app.browser().sign_up("ada@example.org").await.assert_error(403, "confirmation_required");
    let page = open(&mut app.browser(), "/register").await;
    let fields: Vec<_> =
        page.main().attributes("input").iter().filter_map(|input| input.get("name").cloned()).collect();
    assert_eq!(fields, ["next", "email"]);

    let app = TestApp::start().await;
    let answer = app.browser().post("/api/auth/request_account", &[("email", "ada@example.org")]).await;
    answer.assert_error(403, "no_mail");
}

#[tokio::test]
async fn a_link_to_sign_up_ends_with_its_time_with_a_newer_one_and_with_registration() {
    let (app, relay) = start(Backend::Sqlite).await;
    let first = path(&ask_for_account(&app, &relay, "ada@example.org").await, "token=");
    app.advance(Duration::from_secs(60));
    let second = path(&ask_for_account(&app, &relay, "ada@example.org").await, "token=");
    let fields = [("display_name", "Ada"), ("password", PASSWORD)];
    let mut browser = app.browser();
    browser.open_link(&first).await;
    browser.post("/api/auth/finish_registration", &fields).await.assert_error(403, "link_closed");
    app.advance(DAY);
    browser.open_link(&second).await;
    browser.post("/api/auth/finish_registration", &fields).await.assert_error(403, "link_closed");

    let third = path(&ask_for_account(&app, &relay, "ada@example.org").await, "token=");
    let app = app.restart_with("LATCHKEY_REGISTRATION", "closed").await;
    let mut browser = app.browser();
    browser.open_link(&third).await;
    browser.post("/api/auth/finish_registration", &fields).await.assert_error(403, "registration_closed");
}

#[tokio::test]
async fn of_two_who_use_one_link_to_sign_up_at_once_one_has_the_account() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, relay) = start(backend).await;
        let link = path(&ask_for_account(&app, &relay, "ada@example.org").await, "token=");
        let token = link.split_once("token=").unwrap().1;
        let fields = |password| [("token", token), ("display_name", "Ada"), ("password", password)];
        let (mut one, mut two) = (app.browser(), app.browser());
        let (first, second) = (fields(PASSWORD), fields(NEW_PASSWORD));
        let (one, two) = tokio::join!(
            one.post("/api/auth/finish_registration", &first),
            two.post("/api/auth/finish_registration", &second),
        );
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 403]);
    }
}

#[tokio::test]
async fn somebody_signs_up_by_mail_without_javascript() {
    let (app, relay) = start(Backend::Sqlite).await;
    let mut browser = app.browser();
    let fields = [("email", "ada@example.org")];
    let sent = browser.submit("/register", "/api/auth/request_account", &fields).await;
    assert_eq!(sent.location(), "/register?sent=yes");
    assert!(browser.get(sent.location()).await.body.contains("A mail is on its way."));
    let link = path(&mails(&app, &relay, 0).await[0], "token=");
    browser.open_link(&link).await;
    let path = "/api/auth/finish_registration";
    let weak = [("display_name", "Ada"), ("password", "short")];
    assert_eq!(browser.submit("/register/finish", path, &weak).await.location(), "/register/finish");
    assert!(browser.get("/register/finish").await.body.contains("Use at least 8 characters."));
    let fields = [("display_name", "Ada"), ("password", PASSWORD)];
    assert_eq!(browser.submit("/register/finish", path, &fields).await.location(), "/dashboard");
}

#[tokio::test]
async fn somebody_whom_an_app_sent_gets_back_to_it_after_signing_up_by_mail() {
    let (app, relay) = start(Backend::Sqlite).await;
    let mut browser = app.browser();
    let next = "/consent?request=of-an-app";
    let fields = [("email", "ada@example.org"), ("next", next)];
    let sent = browser.submit("/register", "/api/auth/request_account", &fields).await;
    assert_eq!(sent.location(), "/register?sent=yes&next=/consent%3Frequest%3Dof-an-app");
    let login = open(&mut browser, sent.location()).await.main().attributes("a")[0]["href"].clone();
    assert_eq!(login, "/login?next=/consent%3Frequest%3Dof-an-app");

    let link = path(&mails(&app, &relay, 0).await[0], "/register/finish?token=");
    let opened = browser.get(&link).await;
    assert_eq!(opened.location(), "/register/finish?next=/consent%3Frequest%3Dof-an-app");
    let page = open(&mut browser, opened.location()).await;
    assert_eq!(page.value("next"), next);
    let fields = [("display_name", "Ada"), ("password", PASSWORD), ("next", next)];
    let done = browser.submit(opened.location(), "/api/auth/finish_registration", &fields).await;
    assert_eq!(done.location(), next);

    // Whoever has an account already is told where to sign in, and goes on from there.
    app.advance(Duration::from_secs(60));
    let fields = [("email", "ada@example.org"), ("next", next)];
    app.browser().post("/api/auth/request_account", &fields).await.assert_status(200);
    assert!(mails(&app, &relay, 1).await[0].data.replace("=\r\n", "").contains("/login?next="));
}

#[tokio::test]
async fn a_link_to_sign_up_leads_to_no_other_site() {
    let (app, relay) = start(Backend::Sqlite).await;
    let fields = [("email", "ada@example.org"), ("next", "//evil.example")];
    app.browser().post("/api/auth/request_account", &fields).await.assert_status(200);
    let link = path(&mails(&app, &relay, 0).await[0], "/register/finish?token=");
    assert!(!link.contains("next"), "{link}");
    let opened = app.browser().get(&format!("{link}&next=//evil.example")).await;
    assert_eq!(opened.location(), "/register/finish");
}

/// Somebody with an address that is proved to be theirs.
async fn ada(app: &TestApp) -> Browser {
    let browser = app.sign_in_as("ada@example.org", "member").await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    let id = app.user("ada@example.org").await.id.to_string();
    admin.post("/api/admin/users/verify_email", &[("user_id", &id)]).await.assert_status(200);
    browser
}

async fn change_email(browser: &mut Browser, email: &str) {
    browser.post("/api/account/change_email", &[("email", email)]).await.assert_status(200);
}

#[tokio::test]
async fn an_address_is_changed_once_its_owner_confirms_it_and_the_old_one_can_put_it_back() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, relay) = start(backend).await;
        let mut browser = ada(&app).await;
        change_email(&mut browser, "lovelace@example.org").await;
        let asked = mails(&app, &relay, 0).await;
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].to, "<lovelace@example.org>");
        app.browser().sign_in("lovelace@example.org", PASSWORD).await.assert_status(401);

        // Programs that scan mails open every link: that changes nothing.
        let link = path(&asked[0], "/confirm-email?token=");
        let page = app.browser().open_link(&link).await;
        assert!(page.body.contains("ada@example.org") && page.body.contains("lovelace@example.org"));
        app.user("ada@example.org").await;

        let mut stranger = app.browser();
        stranger.open_link(&link).await;
        stranger.post("/api/auth/confirm_email", &[]).await.assert_status(200);
        assert!(stranger.refresh_token().is_empty(), "nobody is signed in by it");
        app.browser().sign_in("lovelace@example.org", PASSWORD).await.assert_status(200);
        app.browser().sign_in("ada@example.org", PASSWORD).await.assert_status(401);
        assert!(is_verified(&mut browser).await);

        let told = mails(&app, &relay, 1).await;
        assert_eq!(told[0].to, "<ada@example.org>");
        let restore = path(&told[0], "/restore-email?token=");
        assert_eq!(told[1].to, "<lovelace@example.org>");
        assert!(!told[1].data.contains("token="), "{told:?}");

        app.advance(Duration::from_secs(7 * 86_400 - 1));
        browser.sign_in("lovelace@example.org", PASSWORD).await.assert_status(200);
        let mut owner = app.browser();
        assert!(owner.open_link(&restore).await.body.contains("ada@example.org"));
        owner.post("/api/auth/restore_email", &[("password", NEW_PASSWORD)]).await.assert_status(200);
        browser.use_token().await.assert_error(401, "invalid_token");
        browser.refresh().await.assert_error(401, "session_revoked");
        app.browser().sign_in("lovelace@example.org", PASSWORD).await.assert_status(401);
        app.browser().sign_in("ada@example.org", NEW_PASSWORD).await.assert_status(200);
        let events = app.events().await;
        for event in ["email_change_requested", "email_changed", "email_restored"] {
            assert_eq!(events.iter().filter(|name| *name == event).count(), 1, "{event}");
        }
    }
}

#[tokio::test]
async fn an_address_is_confirmed_and_the_old_one_put_back_without_javascript() {
    let (app, relay) = start(Backend::Sqlite).await;
    let mut browser = ada(&app).await;
    change_email(&mut browser, "lovelace@example.org").await;
    let mut reader = app.browser();
    reader.open_link(&path(&mails(&app, &relay, 0).await[0], "/confirm-email?token=")).await;
    let done = reader.submit("/confirm-email", "/api/auth/confirm_email", &[]).await;
    assert_eq!(done.assert_status(303).location(), "/confirm-email?done=yes");
    assert!(reader.get(done.location()).await.body.contains("The address is confirmed."));
    let again = reader.submit("/confirm-email", "/api/auth/confirm_email", &[]).await;
    assert_eq!(again.assert_status(303).location(), "/confirm-email");
    assert!(reader.get("/confirm-email").await.body.contains("This link was used or has expired."));

    let mut owner = app.browser();
    owner.open_link(&path(&mails(&app, &relay, 1).await[0], "/restore-email?token=")).await;
    let (page, path) = ("/restore-email", "/api/auth/restore_email");
    let weak = owner.submit(page, path, &[("password", "short")]).await;
    assert_eq!(weak.assert_status(303).location(), page);
    assert!(owner.get(page).await.body.contains("Use at least 8 characters."));
    let done = owner.submit(page, path, &[("password", NEW_PASSWORD)]).await;
    assert_eq!(done.assert_status(303).location(), "/login?reason=password_changed");
    app.browser().sign_in("ada@example.org", NEW_PASSWORD).await.assert_status(200);
}

#[tokio::test]
async fn a_new_password_does_not_keep_the_old_address_from_being_put_back() {
    let (app, relay) = start(Backend::Sqlite).await;
    let mut thief = ada(&app).await;
    change_email(&mut thief, "eve@example.org").await;
    let mut browser = app.browser();
    browser.open_link(&path(&mails(&app, &relay, 0).await[0], "token=")).await;
    browser.post("/api/auth/confirm_email", &[]).await.assert_status(200);
    let restore = path(&mails(&app, &relay, 1).await[0], "/restore-email?token=");
    let passwords = [("current_password", PASSWORD), ("new_password", "a password of the thief")];
    thief.post("/api/account/change_password", &passwords).await.assert_status(200);

    let mut owner = app.browser();
    owner.open_link(&restore).await;
    owner.post("/api/auth/restore_email", &[("password", NEW_PASSWORD)]).await.assert_status(200);
    app.browser().sign_in("ada@example.org", NEW_PASSWORD).await.assert_status(200);
    thief.refresh().await.assert_error(401, "session_revoked");
}

/// Row 10: a mailed token came back in an answer.
#[tokio::test]
async fn the_token_of_a_link_to_an_address_is_in_no_answer() {
    let (app, relay) = start(Backend::Sqlite).await;
    let (mut ada, mut browser) = (ada(&app).await, app.browser());
    let (mut answers, mut tokens) = (Vec::new(), Vec::new());
    let new = [("email", "bob@example.org")];
    answers.push(browser.post("/api/auth/request_account", &new).await);
    answers.push(ada.post("/api/account/change_email", &[("email", "lovelace@example.org")]).await);
    let chosen = [("display_name", "Bob"), ("password", NEW_PASSWORD)];
    let received = mails(&app, &relay, 0).await;
    for (mail, page, path, fields) in [
        (&received[0], "/register/finish?token=", "/api/auth/finish_registration", &chosen[..]),
        (&received[1], "/confirm-email?token=", "/api/auth/confirm_email", &[][..]),
    ] {
        answers.extend(use_link(&app, &self::path(mail, page), path, fields, &mut tokens).await);
    }
    let told = mails(&app, &relay, 2).await;
    let restore = told.iter().find(|mail| mail.to == "<ada@example.org>").unwrap();
    let link = path(restore, "/restore-email?token=");
    answers.extend(use_link(&app, &link, "/api/auth/restore_email", &chosen[1..], &mut tokens).await);
    for answer in answers {
        answer.assert_status(200);
        let told = format!("{:?} {}", answer.headers, answer.body);
        assert!(!tokens.iter().any(|token| told.contains(token)), "{told}");
    }
}

/// Opens a link and sends its form. Returns both answers.
async fn use_link(
    app: &TestApp,
    link: &str,
    path: &str,
    fields: &[(&str, &str)],
    tokens: &mut Vec<String>,
) -> [Answer; 2] {
    tokens.push(link.split_once("token=").unwrap().1.to_owned());
    let mut browser = app.browser();
    [browser.open_link(link).await, browser.post(path, fields).await]
}

async fn pending(browser: &mut Browser) -> serde_json::Value {
    let answer = browser.post("/api/account/pending_email", &[]).await;
    answer.assert_status(200);
    answer.json()
}

#[tokio::test]
async fn an_address_is_pending_until_it_is_confirmed_another_one_is_asked_for_or_its_time_is_over() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, relay) = start(backend).await;
        let (mut browser, mut other) = (ada(&app).await, app.sign_in_as("alan@example.org", "member").await);
        assert_eq!(pending(&mut browser).await, serde_json::Value::Null);
        change_email(&mut browser, "typo@example.org").await;
        change_email(&mut browser, "lovelace@example.org").await;
        assert_eq!(pending(&mut browser).await["email"], "lovelace@example.org");
        assert_eq!(pending(&mut other).await, serde_json::Value::Null, "it is theirs alone");
        let page = open(&mut browser, "/account").await;
        assert!(page.main().text().contains("lovelace@example.org is not confirmed yet."));

        let link = path(&mails(&app, &relay, 0).await[0], "/confirm-email?token=");
        app.browser().open_link(&link).await;
        assert_eq!(
            pending(&mut browser).await["email"],
            "lovelace@example.org",
            "opening it confirms nothing"
        );
        let token = link.split_once("token=").unwrap().1;
        app.browser().post("/api/auth/confirm_email", &[("token", token)]).await.assert_status(200);
        assert_eq!(pending(&mut browser).await, serde_json::Value::Null);

        change_email(&mut browser, "byron@example.org").await;
        app.advance(DAY);
        browser.sign_in("lovelace@example.org", PASSWORD).await.assert_status(200);
        assert_eq!(pending(&mut browser).await, serde_json::Value::Null);
    }
}

#[tokio::test]
async fn what_is_pending_does_not_tell_whether_an_address_has_an_account() {
    let (app, relay) = start(Backend::Sqlite).await;
    app.sign_in_as("grace@example.org", "member").await;
    let mut browser = ada(&app).await;
    change_email(&mut browser, "free@example.org").await;
    let free = pending(&mut browser).await;
    change_email(&mut browser, "grace@example.org").await;
    let taken = pending(&mut browser).await;
    assert_eq!((&taken["email"], &taken["expires_at"]), (&"grace@example.org".into(), &free["expires_at"]));
    // The link from before is gone as well, as it would be for any other address.
    let first =
        mails(&app, &relay, 0).await.into_iter().find(|mail| mail.to == "<free@example.org>").unwrap();
    let mut late = app.browser();
    late.open_link(&path(&first, "token=")).await;
    late.post("/api/auth/confirm_email", &[]).await.assert_error(403, "link_closed");
}

#[tokio::test]
async fn the_address_of_another_account_becomes_nobodys_and_only_its_owner_is_told() {
    let (app, relay) = start(Backend::Sqlite).await;
    app.sign_in_as("grace@example.org", "member").await;
    let mut browser = ada(&app).await;
    change_email(&mut browser, "grace@example.org").await;
    let told = mails(&app, &relay, 0).await;
    assert_eq!(told[0].header("Subject"), Some("You have an account (Latchkey)"));
    assert!(!told[0].data.contains("token="));
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_stays_with_whoever_took_it() {
    let (app, relay) = start(Backend::Sqlite).await;
    let mut browser = ada(&app).await;
    change_email(&mut browser, "grace@example.org").await;
    let link = path(&mails(&app, &relay, 0).await[0], "token=");
    app.sign_in_as("grace@example.org", "member").await;
    let mut late = app.browser();
    late.open_link(&link).await;
    late.post("/api/auth/confirm_email", &[]).await.assert_error(409, "email_taken");
    app.browser().sign_in("ada@example.org", PASSWORD).await.assert_status(200);
}

#[tokio::test]
async fn an_address_is_proved_by_its_link_alone_and_not_by_what_somebody_sends() {
    let (app, relay) = start(Backend::Sqlite).await;
    let mut browser = app.sign_in_as("ada@example.org", "member").await;
    let paths = ["/api/account/update_profile", "/api/account/change_email"];
    for path in paths {
        let fields = [("display_name", "Ada"), ("email", "ada@example.org"), ("email_verified", "true")];
        browser.post(path, &fields).await.assert_error(422, "invalid_input");
    }
    assert!(!is_verified(&mut browser).await);

    change_email(&mut browser, "ada@example.org").await;
    let link = path(&mails(&app, &relay, 0).await[0], "token=");
    let mut other = app.browser();
    other.open_link(&link).await;
    assert!(!is_verified(&mut browser).await, "opening it proves nothing");
    other.post("/api/auth/confirm_email", &[]).await.assert_status(200);
    assert!(is_verified(&mut browser).await);
    assert!(mails(&app, &relay, 1).await.is_empty(), "nothing was changed");
    let again = browser.post("/api/account/change_email", &[("email", "ada@example.org")]).await;
    again.assert_error(422, "invalid_input");
}

#[tokio::test]
async fn an_address_that_nobody_has_proved_gets_no_link_into_the_account() {
    let (app, relay) = start(Backend::Sqlite).await;
    let mut browser = app.sign_in_as("typo@example.org", "member").await;
    change_email(&mut browser, "ada@example.org").await;
    let mut other = app.browser();
    other.open_link(&path(&mails(&app, &relay, 0).await[0], "token=")).await;
    other.post("/api/auth/confirm_email", &[]).await.assert_status(200);
    let told = mails(&app, &relay, 1).await;
    assert_eq!(told.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["<ada@example.org>"]);
}

#[tokio::test]
async fn changing_the_address_takes_a_recent_password_and_few_mails() {
    let (app, relay) = start(Backend::Sqlite).await;
    let mut browser = app.sign_in_as("ada@example.org", "member").await;
    change_email(&mut browser, "lovelace@example.org").await;
    let fields = [("email", "lovelace@example.org")];
    browser.post("/api/account/change_email", &fields).await.assert_error(429, "too_many_attempts");
    assert_eq!(mails(&app, &relay, 0).await.len(), 1);
    app.advance(Duration::from_secs(15 * 60));
    browser.refresh().await.assert_status(200);
    browser.post("/api/account/change_email", &fields).await.assert_error(403, "reauthentication_required");
}

#[tokio::test]
async fn a_link_for_the_old_address_is_of_no_use_once_it_is_changed() {
    let (app, relay) = start(Backend::Sqlite).await;
    let mut browser = ada(&app).await;
    app.browser().post("/api/auth/request_reset", &[("email", "ada@example.org")]).await.assert_status(200);
    let reset = path(&mails(&app, &relay, 0).await[0], "/reset?token=");
    change_email(&mut browser, "lovelace@example.org").await;
    let mut other = app.browser();
    other.open_link(&path(&mails(&app, &relay, 1).await[0], "token=")).await;
    other.post("/api/auth/confirm_email", &[]).await.assert_status(200);
    other.open_link(&reset).await;
    let fields = [("password", NEW_PASSWORD)];
    other.post("/api/auth/reset", &fields).await.assert_error(403, "reset_closed");
}
