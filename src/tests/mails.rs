//! Mails: written with the change that they tell of, and brought to the relay once.

use std::time::Duration;

use super::{
    overview,
    smtp::{Offers, Relay},
};
use crate::{
    model::{email::EmailAddress, id::UserId},
    server::{
        change::Change,
        client_info::{ActionContext, ClientInfo},
        crypto::{master_secret::MasterSecret, vault::Vault},
        error::Error,
        keys::reseal::reseal,
        mail::{
            Letter, Mail,
            notice::Notice,
            transport::{NotSent, Transport},
        },
        store::{
            audit::{self, EventFilter},
            mails,
        },
        tasks,
    },
    tests::test_app::{Backend, PASSWORD, SECRET, TestApp},
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// A program whose mails go to `relay`.
pub async fn app_with(backend: Backend, relay: &Relay) -> TestApp {
    let settings = relay.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    TestApp::with(backend, &settings).await
}

pub fn transport(app: &TestApp) -> Transport {
    Transport::new(app.state.config.mail.as_ref().unwrap(), &app.state.config.public_url).unwrap()
}

/// Sends what is due. Returns how many were.
pub async fn send_due(app: &TestApp) -> usize {
    let transport = transport(app);
    let mut sent = 0;
    loop {
        match tasks::mails::send_due(&app.state, &transport).await.unwrap() {
            0 => return sent,
            more => sent += more,
        }
    }
}

/// What the audit log says of mails that were given up.
async fn given_up(app: &TestApp) -> Vec<String> {
    let filter = EventFilter { event: Some("mail_given_up".to_owned()), person: None, from: 0 };
    let mut reader = app.state.store.read().await.unwrap();
    let events = audit::newest(&mut reader, &filter, i64::MAX, 10).await.unwrap();
    events.into_iter().map(|event| event.detail).collect()
}

fn letter(to: &str) -> Letter {
    Letter {
        to: EmailAddress::parse(to).unwrap(),
        subject: "A subject".to_owned(),
        text: "A text.\n".to_owned(),
    }
}

/// A change that has a mail sent, not yet committed.
async fn change_with_mail<'a>(
    app: &'a TestApp,
    client: &'a ClientInfo,
    to: &str,
) -> Result<Change<'a>, Error> {
    let context = ActionContext { now: app.clock.now(), client };
    let mut change = Change::begin(&app.state, context).await?;
    let Letter { to, subject, text } = letter(to);
    let mail = Mail { kind: "test", subject, text, lifetime: 24 * HOUR };
    let user = UserId::parse("019a0000-0000-7000-8000-00000000abcd")?;
    change.mail(&to, Some(&user), mail).await?;
    Ok(change)
}

async fn commit_mail(app: &TestApp, to: &str) {
    let client = ClientInfo::program();
    change_with_mail(app, &client, to).await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn a_mail_is_sent_by_one_node_once_its_change_is_committed() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let relay = Relay::start(Offers::default()).await;
        let app = app_with(backend, &relay).await;
        let client = ClientInfo::program();
        drop(change_with_mail(&app, &client, "nobody@example.org").await.unwrap());
        assert_eq!(send_due(&app).await, 0, "what was rolled back is not sent");

        for n in 0..20 {
            commit_mail(&app, &format!("user{n}@example.org")).await;
        }
        let other = match backend {
            Backend::Postgres => Some(app.another_node().await),
            Backend::Sqlite => None,
        };
        let other = other.as_ref().unwrap_or(&app);
        let (one, two) = tokio::join!(send_due(&app), send_due(other));
        assert_eq!(one + two, 20);
        let mut recipients: Vec<_> = relay.received().into_iter().map(|mail| mail.to).collect();
        recipients.sort_unstable();
        recipients.dedup();
        assert_eq!((relay.received().len(), recipients.len()), (20, 20));
    }
}

#[tokio::test]
async fn a_mail_says_who_sent_it_and_that_no_answer_is_wanted() {
    let relay = Relay::start(Offers::default()).await;
    let app = app_with(Backend::Sqlite, &relay).await;
    commit_mail(&app, "ada@example.org").await;
    send_due(&app).await;
    let mail = relay.received().remove(0);
    assert_eq!((mail.from.as_str(), mail.to.as_str()), ("<id@example.org>", "<ada@example.org>"));
    assert_eq!(mail.header("From"), Some("Example <id@example.org>"));
    assert_eq!(mail.header("To"), Some("ada@example.org"));
    assert_eq!(mail.header("Subject"), Some("A subject"));
    assert_eq!(mail.header("Auto-Submitted"), Some("auto-generated"));
    assert_eq!(mail.header("Content-Type"), Some("text/plain; charset=utf-8"));
    assert_eq!(mail.header("Date"), Some("Thu, 01 Jan 2026 00:00:00 +0000"));
    let id = mail.header("Message-ID").unwrap();
    assert!(id.starts_with('<') && id.ends_with("@localhost>"), "{id}");
    assert!(mail.data.trim_end().ends_with("\r\n\r\nA text."), "{mail:?}");
}

#[tokio::test]
async fn a_line_break_in_a_subject_makes_no_header() {
    let relay = Relay::start(Offers::default()).await;
    let app = app_with(Backend::Sqlite, &relay).await;
    let subject = "A subject\r\nBcc: eve@example.org\r\n\r\nAnother text".to_owned();
    let letter = Letter { subject, ..letter("ada@example.org") };
    transport(&app).send("1", app.clock.now(), &letter).await.unwrap();
    let mail = relay.received().remove(0);
    assert_eq!(mail.header("Bcc"), None, "{mail:?}");
    assert!(mail.data.trim_end().ends_with("\r\n\r\nA text."), "{mail:?}");
}

#[tokio::test]
async fn a_relay_that_asks_for_tls_and_a_password_gets_both() {
    let offers = Offers { starttls: true, login: Some(("latchkey", "pass word")), utf8: false };
    let relay = Relay::start(offers).await;
    let mut settings = relay.settings();
    settings[0].1 = settings[0].1.replace("pass word", "pass%20word");
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let app = TestApp::with(Backend::Sqlite, &settings).await;
    transport(&app).check().await.unwrap();
    commit_mail(&app, "ada@example.org").await;
    send_due(&app).await;
    assert!(relay.received().remove(0).encrypted);
}

#[tokio::test]
async fn a_relay_that_offers_no_tls_where_it_is_required_gets_nothing() {
    let relay = Relay::start(Offers::default()).await;
    let url = format!("{}?tls=required", relay.settings()[0].1);
    let settings = [("LATCHKEY_MAIL_URL", url.as_str()), ("LATCHKEY_MAIL_FROM", "id@example.org")];
    let app = TestApp::with(Backend::Sqlite, &settings).await;
    let refused = transport(&app).send("1", app.clock.now(), &letter("ada@example.org")).await;
    assert!(matches!(refused, Err(NotSent::Later(_))), "{refused:?}");
    assert!(relay.received().is_empty());
}

#[tokio::test]
async fn a_relay_whose_certificate_another_authority_has_signed_gets_nothing() {
    let offers = Offers { starttls: true, login: Some(("latchkey", "secret")), ..Offers::default() };
    let (relay, other) = (Relay::start(offers).await, Relay::start(offers).await);
    let mut settings = relay.settings();
    settings[2].1 = other.authority().to_str().unwrap().to_owned();
    for count in [3, 2] {
        // With a foreign authority, and with those of the system.
        let settings: Vec<_> =
            settings[..count].iter().map(|(name, value)| (*name, value.as_str())).collect();
        let app = TestApp::with(Backend::Sqlite, &settings).await;
        let refused = transport(&app).send("1", app.clock.now(), &letter("ada@example.org")).await;
        assert!(matches!(refused, Err(NotSent::Later(_))), "{refused:?}");
        assert!(transport(&app).check().await.is_err());
    }
    assert!(relay.received().is_empty());
}

#[tokio::test]
async fn a_wrong_password_of_the_relay_loses_no_mail() {
    let relay = Relay::start(Offers { login: Some(("latchkey", "secret")), ..Offers::default() }).await;
    let url = relay.settings()[0].1.replace("secret", "another");
    let settings = [("LATCHKEY_MAIL_URL", url.as_str()), ("LATCHKEY_MAIL_FROM", "id@example.org")];
    let app = TestApp::with(Backend::Sqlite, &settings).await;
    commit_mail(&app, "ada@example.org").await;
    assert_eq!(send_due(&app).await, 1);
    assert!(relay.received().is_empty());

    let right = relay.settings().remove(0).1;
    let app = app.restart_with("LATCHKEY_MAIL_URL", &right).await;
    app.advance(10 * SECOND);
    assert_eq!(send_due(&app).await, 1);
    assert_eq!(relay.received().len(), 1);
}

#[tokio::test]
async fn a_mail_that_the_relay_defers_is_tried_again_with_growing_delays() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let relay = Relay::start(Offers::default()).await;
        let app = app_with(backend, &relay).await;
        commit_mail(&app, "ada@example.org").await;
        for wait in [10, 60, 300, 900, 1800, 3600, 3600] {
            relay.refuse_next("452 try later");
            assert_eq!(send_due(&app).await, 1, "{wait}");
            app.advance((wait - 1) * SECOND);
            assert_eq!(send_due(&app).await, 0, "{wait}");
            app.advance(SECOND);
        }
        assert_eq!(send_due(&app).await, 1);
        assert_eq!(relay.received().len(), 1);
        app.advance(24 * HOUR);
        assert_eq!(send_due(&app).await, 0, "it is sent once");
        assert!(given_up(&app).await.is_empty());
    }
}

#[tokio::test]
async fn a_mail_that_the_relay_refuses_is_given_up_and_the_audit_log_says_so() {
    let relay = Relay::start(Offers::default()).await;
    let app = app_with(Backend::Sqlite, &relay).await;
    commit_mail(&app, "nobody@example.org").await;
    relay.refuse_next("550 no such user");
    assert_eq!(send_due(&app).await, 1);
    app.advance(24 * HOUR);
    assert_eq!(send_due(&app).await, 0);
    assert!(relay.received().is_empty());
    assert_eq!(given_up(&app).await, [r#"{"kind":"test","why":"the relay refused it (550)"}"#]);
}

#[tokio::test]
async fn a_mail_that_is_of_no_use_any_more_is_given_up() {
    let relay = Relay::start(Offers::default()).await;
    let app = app_with(Backend::Sqlite, &relay).await;
    commit_mail(&app, "ada@example.org").await;
    app.advance(Duration::from_secs(24 * 3600 - 10));
    relay.refuse_next("452 try later");
    assert_eq!(send_due(&app).await, 1);
    assert_eq!(given_up(&app).await, [r#"{"kind":"test","why":"the relay answered 452"}"#]);
    app.advance(HOUR);
    assert_eq!(send_due(&app).await, 0);
}

#[tokio::test]
async fn a_mail_that_waited_too_long_is_not_sent_after_its_time() {
    let relay = Relay::start(Offers::default()).await;
    let app = app_with(Backend::Sqlite, &relay).await;
    commit_mail(&app, "ada@example.org").await;
    app.advance(24 * HOUR);
    assert_eq!(send_due(&app).await, 1);
    assert!(relay.received().is_empty());
    assert_eq!(given_up(&app).await, [r#"{"kind":"test","why":"its time was over"}"#]);
}

#[tokio::test]
async fn addresses_in_other_letters_than_ascii_are_reached() {
    let relay = Relay::start(Offers { utf8: true, ..Offers::default() }).await;
    let app = app_with(Backend::Sqlite, &relay).await;
    commit_mail(&app, "jörg@bücher.example").await;
    commit_mail(&app, "ada@bücher.example").await;
    assert_eq!(send_due(&app).await, 2);
    let mut received = relay.received();
    received.sort_by(|one, other| one.to.cmp(&other.to));
    assert_eq!(received[0].to, "<ada@xn--bcher-kva.example>");
    assert_eq!(received[1].to, "<jörg@xn--bcher-kva.example>");
    assert!(received[1].from.contains("SMTPUTF8"), "{received:?}");

    let old = Relay::start(Offers::default()).await;
    let app = app_with(Backend::Sqlite, &old).await;
    let refused = transport(&app).send("1", app.clock.now(), &letter("jörg@example.org")).await;
    assert!(matches!(refused, Err(NotSent::Never(_))), "{refused:?}");
}

#[tokio::test]
async fn a_mail_that_was_committed_is_sent_once_after_the_program_was_stopped() {
    let relay = Relay::start(Offers::default()).await;
    let app = app_with(Backend::Sqlite, &relay).await;
    commit_mail(&app, "ada@example.org").await;
    let app = app.restart().await;
    assert_eq!(send_due(&app).await, 1);
    let app = app.restart().await;
    app.advance(HOUR);
    assert_eq!(send_due(&app).await, 0);
    assert_eq!(relay.received().len(), 1);
}

#[tokio::test]
async fn the_task_sends_at_once_after_the_commit() {
    let relay = Relay::start(Offers::default()).await;
    let app = app_with(Backend::Sqlite, &relay).await;
    let task = tokio::spawn(tasks::mails::run(app.state.clone(), transport(&app)));
    commit_mail(&app, "ada@example.org").await;
    let arrived = async {
        while relay.received().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(10 * SECOND, arrived).await.unwrap();
    task.abort();
}

#[tokio::test]
async fn without_mail_configured_nothing_is_written() {
    let app = TestApp::start().await;
    commit_mail(&app, "ada@example.org").await;
    let mut reader = app.state.store.read().await.unwrap();
    assert!(!mails::any_due(&mut reader, app.clock.now()).await.unwrap());
}

#[tokio::test]
async fn waiting_mails_are_sealed_and_sealed_anew_with_a_new_master_secret() {
    let relay = Relay::start(Offers::default()).await;
    let app = app_with(Backend::Sqlite, &relay).await;
    commit_mail(&app, "ada@example.org").await;
    let mut reader = app.state.store.read().await.unwrap();
    let stored = mails::sealed(&mut reader).await.unwrap();
    drop(reader);
    assert!(stored[0].1.starts_with("lks1.") && !stored[0].1.contains("ada"), "{stored:?}");

    let new = "another secret of somebody else 9876543210";
    let secrets = MasterSecret::parse_all(&format!("{new},{SECRET}")).unwrap();
    let done = reseal(&app.state.store, &Vault::new(&secrets).unwrap(), &app.state.entropy).await.unwrap();
    assert_eq!(done.mails, 1);
    let app = app.restart_with("LATCHKEY_SECRET", new).await;
    assert_eq!(send_due(&app).await, 1);
    assert_eq!(relay.received().len(), 1);
}

#[tokio::test]
async fn whoever_changes_their_password_is_told_by_mail() {
    let relay = Relay::start(Offers::default()).await;
    let app = app_with(Backend::Sqlite, &relay).await;
    let mut ada = app.sign_in_as("ada@example.org", "member").await;
    let fields = [("current_password", PASSWORD), ("new_password", "an entirely new password")];
    ada.post("/api/account/change_password", &fields).await.assert_status(200);
    send_due(&app).await;
    let mail = relay.received().pop().unwrap();
    assert_eq!(mail.header("Subject"), Some("Your password was changed (Latchkey)"));
    assert_eq!(mail.to, "<ada@example.org>");
}

#[tokio::test]
async fn a_sign_in_on_a_new_device_is_told_by_mail_and_the_next_one_there_is_not() {
    let relay = Relay::start(Offers::default()).await;
    let app = app_with(Backend::Sqlite, &relay).await;
    app.sign_in_as("ada@example.org", "member").await;
    app.browser().sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    assert_eq!(send_due(&app).await, 0, "the first device is no news");
    for told in [1, 0] {
        overview::sign_in(&app, overview::FIREFOX, [203, 0, 113, 7]).await;
        assert_eq!(send_due(&app).await, told);
    }
    let mail = relay.received().pop().unwrap();
    assert_eq!(mail.header("Subject"), Some("New sign-in (Latchkey)"));
    assert!(mail.data.contains("Firefox on Linux"), "{mail:?}");
}

#[tokio::test]
async fn a_notice_is_committed_with_its_change_or_not_at_all() {
    let relay = Relay::start(Offers::default()).await;
    let app = app_with(Backend::Sqlite, &relay).await;
    app.sign_in_as("ada@example.org", "member").await;
    let (user, client) = (app.user("ada@example.org").await, ClientInfo::program());
    for (commits, told) in [(false, 0), (true, 1)] {
        let context = ActionContext { now: app.clock.now(), client: &client };
        let mut change = Change::begin(&app.state, context).await.unwrap();
        change.notify(&user, Notice::PasskeyAdded).await.unwrap();
        if commits {
            change.commit().await.unwrap();
        } else {
            drop(change);
        }
        assert_eq!(send_due(&app).await, told);
    }
}
