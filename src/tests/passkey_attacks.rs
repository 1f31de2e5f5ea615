//! What an outsider tries who has an authenticator of their own, or answers that were meant for something else.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use super::passkeys::{
    EMAIL, add, answer, authenticator, begun, enrolled, passkeys, require_second_step, sign_in,
};
use crate::{
    server::tasks::housekeeping,
    tests::test_app::{
        Answer, Backend, Browser, PASSWORD, TestApp,
        authenticator::{Authenticator, BACKED_UP, BACKUP_ELIGIBLE, USER_PRESENT, USER_VERIFIED},
    },
};

const BACKENDS: [Backend; 2] = [Backend::Sqlite, Backend::Postgres];
const REFUSED: &str = "passkey_refused";
const EXPIRED: &str = "ceremony_expired";
const UNKNOWN: &str = "unknown_passkey";

/// What a passkey is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ceremony {
    SignIn,
    SecondStep,
    Reauthentication,
    Registration,
}

use Ceremony::{Reauthentication, Registration, SecondStep, SignIn};

const CEREMONIES: [Ceremony; 4] = [SignIn, SecondStep, Reauthentication, Registration];

impl Ceremony {
    async fn begin(self, browser: &mut Browser) -> Value {
        match self {
            SignIn => begun(browser, "sign_in").await,
            SecondStep => begun(browser, "second_step").await,
            Reauthentication => begun(browser, "reauthentication").await,
            Registration => browser.post("/api/account/passkey_options", &[]).await.assert_status(200).json(),
        }
    }

    /// Where the answer goes.
    fn path(self) -> &'static str {
        match self {
            SignIn => "/api/auth/passkey",
            SecondStep => "/api/auth/second_factor",
            Reauthentication => "/api/auth/reauthenticate_with_passkey",
            Registration => "/api/account/passkey_add",
        }
    }

    /// What an authenticator answers: with the passkey that it has, or with a new one.
    fn credential(self, authenticator: &mut Authenticator, options: &Value) -> Value {
        match self {
            Registration => authenticator.create(options),
            _ => authenticator.get(options),
        }
    }

    async fn send(self, browser: &mut Browser, begun: &Value, credential: &Value) -> Answer {
        answer(browser, self.path(), begun, credential).await
    }
}

/// A browser of Ada's that may begin all four: signed in with her passkey, and half way in once more.
async fn in_all_ways(app: &TestApp) -> (Browser, Authenticator) {
    let (mut owner, passkey) = enrolled(app).await;
    require_second_step(app, &mut owner).await;
    let mut browser = app.browser();
    sign_in(&mut browser, &passkey).await.assert_status(200);
    assert_eq!(browser.sign_in(EMAIL, PASSWORD).await.json()["status"], "second_factor");
    (browser, passkey)
}

/// The passkey that answers: for a new one, another than the account has.
fn answering(ceremony: Ceremony, passkey: Authenticator) -> Authenticator {
    if ceremony == Registration { authenticator() } else { passkey }
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status.as_u16()).collect()
}

/// That one of them was accepted, and all others were refused.
#[track_caller]
fn assert_one_accepted(answers: &[Answer], what: &str) {
    let statuses = statuses(answers);
    let accepted = statuses.iter().filter(|status| **status == 200).count();
    assert!(statuses.iter().all(|status| matches!(status, 200 | 401 | 403)), "{what}: {statuses:?}");
    assert_eq!(accepted, 1, "{what}: {statuses:?}");
}

#[tokio::test]
async fn an_answer_to_what_was_asked_for_one_purpose_is_none_for_another() {
    let app = TestApp::start().await;
    let (mut browser, mut passkey) = in_all_ways(&app).await;
    for asked_for in CEREMONIES {
        for sent_for in CEREMONIES.into_iter().filter(|other| *other != asked_for) {
            let begun = asked_for.begin(&mut browser).await;
            let credential = asked_for.credential(&mut passkey, &begun["options"]);
            let refused = sent_for.send(&mut browser, &begun, &credential).await;
            assert_eq!(
                (refused.status.as_u16(), refused.code().as_str()),
                (403, EXPIRED),
                "{asked_for:?} {sent_for:?}"
            );
        }
    }
    assert_eq!(passkeys(&mut browser).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_to_one_challenge_is_none_to_another_of_the_same_purpose() {
    let app = TestApp::start().await;
    let (mut browser, mut passkey) = in_all_ways(&app).await;
    for ceremony in CEREMONIES {
        let (one, other) = (ceremony.begin(&mut browser).await, ceremony.begin(&mut browser).await);
        let credential = ceremony.credential(&mut passkey, &other["options"]);
        ceremony.send(&mut browser, &one, &credential).await.assert_error(401, REFUSED);
    }
}

#[tokio::test]
async fn a_registration_proves_nothing_and_a_proof_registers_nothing() {
    let app = TestApp::start().await;
    let (mut browser, mut passkey) = in_all_ways(&app).await;
    for ceremony in [SignIn, SecondStep, Reauthentication] {
        let begun = ceremony.begin(&mut browser).await;
        let mut options = begun["options"].clone();
        options["user"] = json!({ "id": "AAAA" });
        let handle = passkey.user_handle.clone();
        let made = passkey.create(&options);
        passkey.user_handle = handle;
        ceremony.send(&mut browser, &begun, &made).await.assert_error(401, REFUSED);
    }
    let begun = Registration.begin(&mut browser).await;
    let proof = passkey.get(&begun["options"]);
    Registration.send(&mut browser, &begun, &proof).await.assert_error(401, REFUSED);
    assert_eq!(passkeys(&mut browser).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn whatever_is_asked_for_an_answer_counts_for_five_minutes() {
    for ceremony in CEREMONIES {
        for (waited, accepted) in [(299, true), (300, false)] {
            let app = TestApp::start().await;
            let (mut browser, passkey) = in_all_ways(&app).await;
            let begun = ceremony.begin(&mut browser).await;
            let credential = ceremony.credential(&mut answering(ceremony, passkey), &begun["options"]);
            app.advance(Duration::from_secs(waited));
            let answer = ceremony.send(&mut browser, &begun, &credential).await;
            assert_eq!(answer.status == 200, accepted, "{ceremony:?} after {waited} s: {answer:?}");
            assert!(accepted || answer.code() == EXPIRED, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn what_was_answered_once_is_refused_for_good() {
    for backend in BACKENDS {
        for ceremony in CEREMONIES {
            let app = TestApp::with(backend, &[]).await;
            let (mut browser, passkey) = in_all_ways(&app).await;
            let begun = ceremony.begin(&mut browser).await;
            let credential = ceremony.credential(&mut answering(ceremony, passkey), &begun["options"]);
            let before = browser.clone();
            ceremony.send(&mut browser, &begun, &credential).await.assert_status(200);
            for mut again in [browser, before] {
                let refused = ceremony.send(&mut again, &begun, &credential).await;
                assert!(
                    matches!(refused.status.as_u16(), 401 | 403),
                    "{backend:?} {ceremony:?}: {refused:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_challenge_that_was_used_stays_used_when_the_clock_is_set_back() {
    for backend in BACKENDS {
        let app = TestApp::with(backend, &[]).await;
        let (_, passkey) = enrolled(&app).await;
        let begun = begun(&mut app.browser(), "sign_in").await;
        let credential = passkey.get(&begun["options"]);
        SignIn.send(&mut app.browser(), &begun, &credential).await.assert_status(200);
        let used_at = app.clock.now();
        app.advance(Duration::from_secs(301));
        housekeeping::delete_expired(&app.state, app.clock.now()).await.unwrap();
        app.clock.set(used_at);
        SignIn.send(&mut app.browser(), &begun, &credential).await.assert_error(401, REFUSED);
    }
}

#[tokio::test]
async fn of_many_who_answer_one_challenge_at_once_one_is_accepted_whatever_it_is_for() {
    for backend in BACKENDS {
        for ceremony in CEREMONIES {
            let app = TestApp::with(backend, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
            let (mut browser, passkey) = in_all_ways(&app).await;
            let begun = ceremony.begin(&mut browser).await;
            let mut credentials = Vec::new();
            if ceremony == Registration {
                // Each a passkey of its own: one challenge makes one of them.
                credentials.extend((0..20).map(|_| authenticator().create(&begun["options"])));
            } else {
                credentials.extend(vec![passkey.get(&begun["options"]); 20]);
            }
            let attempts = credentials.iter().map(|credential| {
                let (mut browser, begun) = (browser.clone(), &begun);
                async move { ceremony.send(&mut browser, begun, credential).await }
            });
            let answers = join_all(attempts).await;
            assert_one_accepted(&answers, &format!("{backend:?} {ceremony:?}"));
            if ceremony == Registration {
                assert_eq!(passkeys(&mut browser).await.as_array().unwrap().len(), 2, "{backend:?}");
            }
        }
    }
}

#[tokio::test]
async fn of_copies_of_a_passkey_that_count_alike_one_is_accepted_also_when_all_answer_at_once() {
    for backend in BACKENDS {
        let app = TestApp::with(backend, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
        let (mut owner, mut device) = (app.sign_up(EMAIL).await, authenticator());
        device.flags &= !(BACKUP_ELIGIBLE | BACKED_UP);
        device.sign_count = 7;
        add(&mut owner, &mut device).await.assert_status(200);
        device.sign_count = 8;
        let mut asked = Vec::new();
        for _ in 0..20 {
            asked.push(begun(&mut app.browser(), "sign_in").await);
        }
        let attempts = asked.iter().map(|begun| {
            let (mut browser, credential) = (app.browser(), device.get(&begun["options"]));
            async move { SignIn.send(&mut browser, begun, &credential).await }
        });
        assert_one_accepted(&join_all(attempts).await, &format!("{backend:?}"));
    }
}

#[tokio::test]
async fn whoever_has_a_passkey_of_their_own_gets_into_no_other_account_with_it() {
    for backend in BACKENDS {
        let app = TestApp::with(backend, &[]).await;
        let (_, ada) = enrolled(&app).await;
        let (mut owner, mut eve) = (app.sign_up("eve@example.org").await, authenticator());
        add(&mut owner, &mut eve).await.assert_status(200);
        let (her_id, her_handle) = (eve.credential_id.clone(), eve.user_handle.clone());
        for (what, id, handle) in [
            ("the handle of another", &her_id, &ada.user_handle),
            ("the passkey of another", &ada.credential_id, &her_handle),
            ("both", &ada.credential_id, &ada.user_handle),
        ] {
            eve.credential_id.clone_from(id);
            eve.user_handle.clone_from(handle);
            let mut browser = app.browser();
            let refused = sign_in(&mut browser, &eve).await;
            assert_eq!((refused.status.as_u16(), refused.code().as_str()), (401, REFUSED), "{what}");
            assert!(browser.refresh_token().is_empty() && browser.access_token.is_none(), "{what}");
        }
        (eve.credential_id, eve.user_handle) = (her_id, her_handle);
        let signed_in = sign_in(&mut app.browser(), &eve).await;
        assert_eq!(
            signed_in.assert_status(200).json()["user"]["id"],
            app.user("eve@example.org").await.id.as_str()
        );
    }
}

type Fault = fn(&mut Authenticator);

/// What can be wrong with an answer of whichever kind.
const FAULTS: [(&str, Fault); 8] = [
    ("nobody was there", |it| it.flags &= !USER_PRESENT),
    ("nobody was verified", |it| it.flags &= !USER_VERIFIED),
    ("backed up, and can't be", |it| it.flags &= !BACKUP_ELIGIBLE),
    ("another origin", |it| it.client_data["origin"] = json!("http://localhost:3001")),
    ("another host", |it| "example.org".clone_into(&mut it.relying_party)),
    ("a frame in another site", |it| it.client_data["crossOrigin"] = json!(true)),
    ("another site around it", |it| it.client_data["topOrigin"] = json!("https://evil.example")),
    ("another kind of ceremony", |it| it.client_data["type"] = json!("payment.get")),
];

#[tokio::test]
async fn what_is_wrong_with_an_answer_is_refused_whatever_it_is_for() {
    let app = TestApp::start().await;
    let (mut browser, mut passkey) = in_all_ways(&app).await;
    let (flags, client_data) = (passkey.flags, passkey.client_data.clone());
    for (what, fault) in FAULTS {
        for ceremony in CEREMONIES {
            // After the password, a passkey need not verify its owner.
            if (ceremony, what) == (SecondStep, "nobody was verified") {
                continue;
            }
            let begun = ceremony.begin(&mut browser).await;
            let mut new = authenticator();
            let answering = if ceremony == Registration { &mut new } else { &mut passkey };
            fault(answering);
            let credential = ceremony.credential(answering, &begun["options"]);
            let refused = ceremony.send(&mut browser, &begun, &credential).await;
            assert_eq!(
                (refused.status.as_u16(), refused.code().as_str()),
                (401, REFUSED),
                "{ceremony:?}: {what}"
            );
            passkey.flags = flags;
            passkey.client_data.clone_from(&client_data);
            "localhost".clone_into(&mut passkey.relying_party);
        }
    }
    assert_eq!(passkeys(&mut browser).await.as_array().unwrap().len(), 1);
    sign_in(&mut app.browser(), &passkey).await.assert_status(200);
}

/// What happens while a passkey is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meanwhile {
    Removed,
    Disabled,
    FactorsReset,
    Deleted,
}

impl Meanwhile {
    async fn happen(self, app: &TestApp, owner: &mut Browser) {
        let id = app.user(EMAIL).await.id;
        let account = [("user_id", id.as_str())];
        let happened = match self {
            Self::Removed => {
                let passkey = passkeys(owner).await[0]["id"].as_str().unwrap().to_owned();
                owner.post("/api/account/passkey_remove", &[("passkey_id", &passkey)]).await
            }
            Self::Deleted => owner.post("/api/account/delete", &[("password", PASSWORD)]).await,
            Self::Disabled | Self::FactorsReset => {
                let path = if self == Self::Disabled { "disable" } else { "reset_factors" };
                let mut admin = app.sign_in_as("admin@example.org", "admin").await;
                admin.post(&format!("/api/admin/users/{path}"), &account).await
            }
        };
        happened.assert_status(200);
    }
}

#[tokio::test]
async fn what_happens_to_account_or_passkey_while_it_is_asked_for_counts() {
    for backend in BACKENDS {
        for (meanwhile, code) in [
            (Meanwhile::Removed, UNKNOWN),
            (Meanwhile::Disabled, REFUSED),
            (Meanwhile::FactorsReset, UNKNOWN),
            (Meanwhile::Deleted, UNKNOWN),
        ] {
            let app = TestApp::with(backend, &[]).await;
            let (mut half, passkey) = in_all_ways(&app).await;
            let mut owner = app.browser();
            sign_in(&mut owner, &passkey).await.assert_status(200);
            let mut asked = Vec::new();
            for ceremony in CEREMONIES {
                asked.push((ceremony, ceremony.begin(&mut half).await));
            }
            meanwhile.happen(&app, &mut owner).await;
            let session = half.refresh_token();
            for (ceremony, begun) in asked {
                let credential = if ceremony == Registration {
                    authenticator().create(&begun["options"])
                } else {
                    passkey.get(&begun["options"])
                };
                let mut browser = half.clone();
                let refused = ceremony.send(&mut browser, &begun, &credential).await;
                let expected = match ceremony {
                    SignIn | SecondStep => code,
                    // The session has ended as well.
                    Reauthentication | Registration => "invalid_token",
                };
                assert_eq!(
                    (refused.status.as_u16(), refused.code().as_str()),
                    (401, expected),
                    "{backend:?} {meanwhile:?} {ceremony:?}"
                );
                assert_eq!(browser.refresh_token(), session, "{backend:?} {meanwhile:?} {ceremony:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_passkey_that_is_removed_while_it_signs_in_leaves_no_session() {
    for backend in BACKENDS {
        let app = TestApp::with(backend, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
        let mut owner = app.sign_up(EMAIL).await;
        for round in 0..10 {
            let mut passkey = authenticator();
            add(&mut owner, &mut passkey).await.assert_status(200);
            let id = passkeys(&mut owner).await[0]["id"].as_str().unwrap().to_owned();
            let mut thief = app.browser();
            let begun = begun(&mut thief, "sign_in").await;
            let (credential, its_id) = (passkey.get(&begun["options"]), [("passkey_id", &*id)]);
            let (_, removed) = tokio::join!(
                SignIn.send(&mut thief, &begun, &credential),
                owner.post("/api/account/passkey_remove", &its_id)
            );
            removed.assert_status(200);
            let after = thief.refresh().await;
            assert_eq!(after.status.as_u16(), 401, "{backend:?} {round}: {after:?}");
        }
    }
}

#[tokio::test]
async fn an_account_that_is_disabled_while_its_passkey_signs_in_has_no_session() {
    for backend in BACKENDS {
        let app = TestApp::with(backend, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
        let (_, passkey) = enrolled(&app).await;
        let mut admin = app.sign_in_as("admin@example.org", "admin").await;
        let id = app.user(EMAIL).await.id;
        let account = [("user_id", id.as_str())];
        for round in 0..10 {
            let mut browser = app.browser();
            let begun = begun(&mut browser, "sign_in").await;
            let credential = passkey.get(&begun["options"]);
            let (_, disabled) = tokio::join!(
                SignIn.send(&mut browser, &begun, &credential),
                admin.post("/api/admin/users/disable", &account)
            );
            disabled.assert_status(200);
            let after = browser.refresh().await;
            assert_eq!(after.status.as_u16(), 401, "{backend:?} {round}: {after:?}");
            admin.post("/api/admin/users/enable", &account).await.assert_status(200);
        }
    }
}
