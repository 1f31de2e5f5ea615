//! Signing up and signing in.

use std::time::Duration;

use crate::{
    model::{email::EmailAddress, id::UserId},
    server::{
        accounts::{administer, setup},
        client_info::{ActionContext, ClientInfo},
        passwords::hasher::{Hasher, Turn},
        store::users::{self, User},
    },
    tests::test_app::{Backend, PASSWORD, TestApp},
};

#[tokio::test]
async fn signing_up_signs_in() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let answer = browser
        .post(
            "/api/auth/register",
            &[("email", " Ada@Example.ORG "), ("display_name", "Ada Lovelace"), ("password", PASSWORD)],
        )
        .await;
    answer.assert_status(200);
    let session = answer.json();
    assert_eq!(session["token_type"], "Bearer");
    assert_eq!(session["expires_in"], 900);
    assert_eq!(session["user"]["display_name"], "Ada Lovelace");
    assert_eq!(session["user"]["roles"], serde_json::json!(["member"]));

    let me = browser.post("/api/account/me", &[]).await.json();
    assert_eq!(me["email"], "ada@example.org");
    assert_eq!(me["id"], session["user"]["id"]);
    assert_eq!(me["created_at"], "2026-01-01T00:00:00Z");
    let info = browser.use_token().await.json();
    assert_eq!(info["sub"], session["user"]["id"]);
    assert_eq!(info["email_verified"], false);
    assert_eq!(app.events().await, ["account_created", "signed_in"]);
}

#[tokio::test]
async fn one_address_makes_one_account_however_it_is_spelt() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        app.sign_up("zo\u{eb}@example.org").await;
        let answer = app.browser().sign_up("ZOE\u{308}@EXAMPLE.org").await;
        answer.assert_error(409, "email_taken");
        assert_eq!(answer.fields(), ["email"]);
    }
}

#[tokio::test]
async fn closed_registration_refuses_sign_up() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_REGISTRATION", "closed")]).await;
    app.browser().sign_up("ada@example.org").await.assert_error(403, "registration_closed");
    let page = app.browser().get("/register").await;
    page.assert_status(200);
    assert!(page.body.contains("Sign-up is closed"));
}

#[tokio::test]
async fn a_wrong_password_an_unknown_address_and_a_disabled_account_are_one_answer() {
    let app = TestApp::start().await;
    app.sign_up("ada@example.org").await;
    app.sign_up("gone@example.org").await;
    disable(&app, "gone@example.org").await;
    let mut answers = Vec::new();
    for (email, password) in [
        ("ada@example.org", "wrong"),
        ("nobody@example.org", PASSWORD),
        ("gone@example.org", PASSWORD),
        ("ada@example.org", ""),
    ] {
        let mut browser = app.browser();
        let answer = browser.sign_in(email, password).await;
        answer.assert_error(401, "invalid_credentials");
        assert!(browser.cookies.is_empty());
        let mut headers: Vec<_> = answer.headers.keys().map(|name| name.as_str().to_owned()).collect();
        headers.sort_unstable();
        answers.push((answer.body, headers));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(app.events().await.iter().filter(|event| *event == "sign_in_failed").count(), 4);
}

/// Whoever may not sign in costs as much as whoever may: with no place to hash in, all of them meet a full queue.
#[tokio::test]
async fn every_attempt_hashes_a_password_and_a_full_queue_is_a_503() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_PASSWORDS_CONCURRENCY", "1")]).await;
    app.sign_up("ada@example.org").await;
    app.sign_up("gone@example.org").await;
    disable(&app, "gone@example.org").await;
    let held = app.state.passwords.hold_all();
    for (email, password) in [
        ("ada@example.org", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("gone@example.org", PASSWORD),
        ("ada@example.org", ""),
    ] {
        let answer = app.browser().sign_in(email, password).await;
        answer.assert_error(503, "busy");
        assert_eq!(answer.header("retry-after"), Some("1"), "{email}");
    }
    drop(held);
    app.browser().sign_in("ada@example.org", PASSWORD).await.assert_status(200);
}

#[tokio::test]
async fn a_hash_with_old_parameters_is_replaced_at_the_next_sign_in() {
    let app = TestApp::start().await;
    app.sign_up("ada@example.org").await;
    let older = Hasher::new(
        &crate::server::config::PasswordConfig {
            memory_kib: 19_456,
            iterations: 3,
            parallelism: 1,
            concurrency: 1,
        },
        app.clock.clock(),
    )
    .unwrap();
    let password = crate::server::passwords::Password::new(PASSWORD.to_owned());
    let hash =
        older.hash(Turn::other(&ClientInfo::command_line()), &password, &app.state.entropy).await.unwrap();
    let user = app.user("ada@example.org").await;
    let mut tx = app.state.store.begin().await.unwrap();
    users::set_password_hash(&mut tx, &user.id, &hash).await.unwrap();
    tx.commit().await.unwrap();

    app.browser().sign_in("ada@example.org", "wrong").await.assert_status(401);
    assert_eq!(app.user("ada@example.org").await.password_hash, Some(hash));
    app.browser().sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    let renewed = app.user("ada@example.org").await.password_hash;
    assert!(renewed.as_ref().unwrap().contains("$m=19456,t=2,p=1$"), "{renewed:?}");
    app.browser().sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    assert_eq!(app.user("ada@example.org").await.password_hash, renewed);
}

#[tokio::test]
async fn a_password_is_verified_exactly_as_it_was_typed() {
    let app = TestApp::start().await;
    let odd = "  Pässwörd \u{1f511} with spaces  ";
    let mut browser = app.browser();
    browser
        .post(
            "/api/auth/register",
            &[("email", "ada@example.org"), ("display_name", "Ada"), ("password", odd)],
        )
        .await
        .assert_status(200);
    app.browser().sign_in("ada@example.org", odd).await.assert_status(200);
    app.browser().sign_in("ada@example.org", odd.trim()).await.assert_status(401);
    app.browser().sign_in("ada@example.org", &odd.to_lowercase()).await.assert_status(401);
}

#[tokio::test]
async fn the_setup_link_makes_one_administrator() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let link = setup::offer(&app.state, app.clock.now()).await.unwrap().unwrap();
        let token = link.strip_prefix("/setup?token=").unwrap();
        let fields =
            |email| [("token", token), ("email", email), ("display_name", "Root"), ("password", PASSWORD)];
        assert!(app.browser().open_link(&link).await.body.contains("Create administrator"));

        let mut forger = app.browser();
        let forged = [
            ("token", "nonsense"),
            ("email", "eve@example.org"),
            ("display_name", "Eve"),
            ("password", PASSWORD),
        ];
        forger.post("/api/auth/setup", &forged).await.assert_error(403, "setup_closed");

        // Two at once: one of them is the administrator.
        let (mut first, mut second) = (app.browser(), app.browser());
        let (one, two) = (fields("ada@example.org"), fields("eve@example.org"));
        let (first, second) =
            tokio::join!(first.post("/api/auth/setup", &one), second.post("/api/auth/setup", &two));
        let mut statuses = [first.status.as_u16(), second.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 403], "{backend:?}");
        let won = if first.status == 200 { first } else { second };
        assert_eq!(won.json()["user"]["roles"], serde_json::json!(["member", "admin"]));

        assert!(app.browser().open_link(&link).await.body.contains("was used or has expired"));
        assert_eq!(setup::offer(&app.state, app.clock.now()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_setup_link_works_for_an_hour_and_only_the_newest_does() {
    let app = TestApp::start().await;
    let old = setup::offer(&app.state, app.clock.now()).await.unwrap().unwrap();
    let new = setup::offer(&app.state, app.clock.now()).await.unwrap().unwrap();
    assert!(app.browser().open_link(&old).await.body.contains("was used or has expired"));
    app.advance(Duration::from_secs(3599));
    assert!(app.browser().open_link(&new).await.body.contains("Create administrator"));
    app.advance(Duration::from_secs(1));
    assert!(app.browser().open_link(&new).await.body.contains("was used or has expired"));
    let fields = [
        ("token", new.strip_prefix("/setup?token=").unwrap()),
        ("email", "ada@example.org"),
        ("display_name", "Ada"),
        ("password", PASSWORD),
    ];
    app.browser().post("/api/auth/setup", &fields).await.assert_error(403, "setup_closed");
}

#[tokio::test]
async fn a_name_is_changed_by_its_owner_with_an_access_token() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let answer = browser.post("/api/account/update_profile", &[("display_name", " Ada King ")]).await;
    answer.assert_status(200);
    assert_eq!(answer.json()["display_name"], "Ada King");
    let answer = browser.post("/api/account/update_profile", &[("display_name", "a\u{202e}b")]).await;
    answer.assert_error(422, "invalid_input");
    assert_eq!(answer.fields(), ["display_name"]);
    // The cookie alone changes nothing.
    browser.access_token = None;
    browser
        .post("/api/account/update_profile", &[("display_name", "Eve")])
        .await
        .assert_error(401, "missing_token");
    browser.post("/api/account/me", &[]).await.assert_error(401, "missing_token");
    assert_eq!(app.user("ada@example.org").await.display_name.as_str(), "Ada King");
}

async fn disable(app: &TestApp, email: &str) {
    let user = app.user(email).await;
    let client = ClientInfo::command_line();
    administer::disable(&app.state, ActionContext { now: app.clock.now(), client: &client }, None, &user.id)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_address_that_looks_like_another_makes_no_account_and_an_old_one_still_signs_in() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    for email in ["\u{ff41}da@example.org", "ad\u{430}@example.org", "ada\u{2800}@example.org"] {
        let fields = [("email", email), ("display_name", "Ada"), ("password", PASSWORD)];
        let answer = app.browser().post("/api/auth/register", &fields).await;
        answer.assert_error(422, "invalid_input");
        assert_eq!(answer.fields(), ["email"]);
        let invited = admin.post("/api/admin/users/invite", &fields[..2]).await;
        invited.assert_error(422, "invalid_input");
    }
    // An account from before the rule.
    app.sign_up("ada@example.org").await;
    let mut tx = app.state.store.begin().await.unwrap();
    let ada = app.user("ada@example.org").await;
    let old = EmailAddress::parse("ad\u{430}@example.org").unwrap();
    let id = UserId::parse(&app.state.entropy.uuid(app.clock.now()).unwrap()).unwrap();
    assert!(users::insert(&mut tx, &User { id, email: old, ..ada }).await.unwrap());
    tx.commit().await.unwrap();
    app.browser().sign_in("ad\u{430}@example.org", PASSWORD).await.assert_status(200);
}
