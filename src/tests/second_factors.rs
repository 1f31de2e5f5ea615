//! Setting up, replacing and losing second factors.

use std::time::Duration;

use super::{
    mails::{app_with, send_due},
    smtp::{Offers, Relay},
    test_app::{Answer, Backend, Browser, PASSWORD, TestApp},
};
use crate::{model::second_factor::SecondFactorPolicy, server::authentication::totp::TotpSecret};

const ADA: &str = "ada@example.org";
const STEP: Duration = Duration::from_secs(30);
const LONG_AGO: Duration = Duration::from_secs(15 * 60);

/// Begins to set up an app, and returns its secret.
async fn begin(browser: &mut Browser) -> TotpSecret {
    let answer = browser.post("/api/account/totp_begin", &[]).await;
    answer.assert_status(200);
    let json = answer.json();
    let secret = json["secret"].as_str().unwrap();
    assert!(json["otpauth_url"].as_str().unwrap().contains(&format!("secret={secret}")));
    TotpSecret::from_base32(secret)
}

async fn confirm(browser: &mut Browser, code: &str) -> Answer {
    browser.post("/api/account/totp_confirm", &[("code", code)]).await
}

/// Sets up an app. Returns its secret and the recovery codes.
pub async fn enrol(app: &TestApp, browser: &mut Browser) -> (TotpSecret, Vec<String>) {
    let secret = begin(browser).await;
    let answer = confirm(browser, &secret.code_at(app.clock.now())).await;
    answer.assert_status(200);
    let codes = serde_json::from_value(answer.json()["recovery_codes"].clone()).unwrap();
    (secret, codes)
}

async fn sign_in_with(app: &TestApp, code: &str) -> (Browser, Answer) {
    let mut browser = app.browser();
    browser.sign_in(ADA, PASSWORD).await.assert_status(200);
    let answer = browser.post("/api/auth/second_factor", &[("code", code)]).await;
    (browser, answer)
}

/// What the access token of this browser says.
fn claims(browser: &Browser) -> serde_json::Value {
    super::client_tokens::part(browser.access_token.as_ref().unwrap(), 1)
}

#[tokio::test]
async fn an_app_is_set_up_with_its_first_code_which_is_used_by_that_and_brings_recovery_codes() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut ada = app.sign_up(ADA).await;
        let secret = begin(&mut ada).await;
        // Until it is confirmed it counts for nothing.
        app.browser().sign_in(ADA, PASSWORD).await.assert_status(200);
        confirm(&mut ada, "000000").await.assert_error(401, "invalid_credentials");
        confirm(&mut ada, "not a code").await.assert_error(422, "invalid_input");
        let code = secret.code_at(app.clock.now());
        let answer = confirm(&mut ada, &code).await;
        answer.assert_status(200);
        let codes: Vec<String> = serde_json::from_value(answer.json()["recovery_codes"].clone()).unwrap();
        assert_eq!(codes.len(), 10);
        assert!(codes.iter().all(|code| code.len() == 19), "{codes:?}");

        sign_in_with(&app, &code).await.1.assert_error(401, "invalid_credentials");
        sign_in_with(&app, &codes[9]).await.1.assert_status(200);
        app.advance(STEP);
        sign_in_with(&app, &secret.code_at(app.clock.now())).await.1.assert_status(200);
        assert!(app.events().await.contains(&"totp_added".to_owned()));
        ada.post("/api/account/totp_begin", &[]).await.assert_error(409, "factor_exists");
    }
}

/// Row 12: what was signed in before a factor was added went on without it.
#[tokio::test]
async fn a_changed_factor_ends_every_other_session_and_raises_the_one_that_asked() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut ada = app.sign_up(ADA).await;
        let mut other = app.browser();
        other.sign_in(ADA, PASSWORD).await.assert_status(200);
        assert_eq!(claims(&ada)["amr"], serde_json::json!(["pwd"]));
        let before = ada.thief();

        let (secret, _) = enrol(&app, &mut ada).await;
        assert_eq!(claims(&ada)["amr"], serde_json::json!(["pwd", "otp", "mfa"]));
        assert_eq!(claims(&ada)["acr"], "https://refeds.org/profile/mfa");
        other.use_token().await.assert_error(401, "invalid_token");
        let refused = other.refresh().await;
        assert_eq!(refused.json()["reason"], "factor_changed");
        ada.use_token().await.assert_status(200);
        // A refresh copies the level.
        app.advance(Duration::from_secs(60));
        ada.refresh().await.assert_status(200);
        assert_eq!(claims(&ada)["acr"], "https://refeds.org/profile/mfa");
        // Whoever had copied the cookie before inherits nothing.
        let mut thief = before;
        thief.refresh().await;
        if thief.access_token.is_some() {
            assert_eq!(claims(&thief)["acr"], "https://refeds.org/profile/sfa");
        }

        let mut again = sign_in_with(&app, &secret.code_at(app.clock.now())).await.0;
        let mut other = sign_in_with(&app, &secret.code_at(app.clock.now() + STEP)).await.0;
        again.post("/api/account/totp_remove", &[]).await.assert_status(200);
        other.refresh().await.assert_error(401, "session_revoked");
        again.use_token().await.assert_status(200);
        let mut browser = app.browser();
        assert_eq!(browser.sign_in(ADA, PASSWORD).await.json()["status"], "signed_in");
    }
}

#[tokio::test]
async fn a_change_of_a_factor_needs_a_recent_proof_of_the_level_that_the_account_has() {
    let app = TestApp::start().await;
    let mut ada = app.sign_up(ADA).await;
    let changes = ["/api/account/totp_begin", "/api/account/totp_remove", "/api/account/recovery_codes"];
    app.advance(LONG_AGO);
    ada.refresh().await;
    for change in changes {
        ada.post(change, &[]).await.assert_error(403, "reauthentication_required");
    }
    ada.post("/api/auth/reauthenticate", &[("password", PASSWORD)]).await.assert_status(200);
    let (secret, _) = enrol(&app, &mut ada).await;
    app.advance(LONG_AGO);
    ada.refresh().await;
    for change in changes {
        ada.post(change, &[]).await.assert_error(403, "reauthentication_required");
    }
    // The password alone does not do any more, for anything that asks for it.
    let refused = ada.post("/api/auth/reauthenticate", &[("password", PASSWORD)]).await;
    refused.assert_error(422, "invalid_input");
    assert_eq!(refused.fields(), ["code"]);
    let change = [("current_password", PASSWORD), ("new_password", "an entirely new password")];
    let refused = ada.post("/api/account/change_password", &change).await;
    refused.assert_error(403, "reauthentication_required");
    let refused = ada.post("/api/account/delete", &[("password", PASSWORD)]).await;
    refused.assert_error(403, "reauthentication_required");

    let code = secret.code_at(app.clock.now());
    let both = [("password", PASSWORD), ("code", code.as_str())];
    ada.post("/api/auth/reauthenticate", &[("password", PASSWORD), ("code", "000000")])
        .await
        .assert_error(401, "invalid_credentials");
    ada.post("/api/auth/reauthenticate", &both).await.assert_status(200);
    assert_eq!(claims(&ada)["acr"], "https://refeds.org/profile/mfa");
    ada.post("/api/auth/reauthenticate", &both).await.assert_error(401, "invalid_credentials");
    ada.post("/api/account/change_password", &change).await.assert_status(200);
    assert_eq!(
        claims(&ada)["acr"],
        "https://refeds.org/profile/mfa",
        "the session that follows is worth no less"
    );
    ada.post("/api/account/recovery_codes", &[]).await.assert_status(200);
}

#[tokio::test]
async fn new_recovery_codes_replace_those_before_and_need_a_factor_that_they_stand_in_for() {
    let app = TestApp::start().await;
    let mut ada = app.sign_up(ADA).await;
    ada.post("/api/account/recovery_codes", &[]).await.assert_error(404, "not_found");
    let (_, old) = enrol(&app, &mut ada).await;
    let new = ada.post("/api/account/recovery_codes", &[]).await.json();
    let new: Vec<String> = serde_json::from_value(new["recovery_codes"].clone()).unwrap();
    sign_in_with(&app, &old[0]).await.1.assert_error(401, "invalid_credentials");
    sign_in_with(&app, &new[0]).await.1.assert_status(200);
    let overview = ada.post("/api/account/security", &[]).await.json();
    assert_eq!(overview["recovery_codes"], 9);
}

#[tokio::test]
async fn the_first_code_and_the_others_of_a_set_have_one_salt() {
    use crate::server::{
        client_info::{ActionContext, ClientInfo},
        passwords::{Password, hasher::Turn},
    };
    let app = TestApp::start().await;
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    let hasher = &app.state.passwords;
    let (one, other) = (Password::new("ONE".to_owned()), Password::new("OTHER".to_owned()));
    let first = hasher.hash(Turn::sign_in(context.client), &one, &app.state.entropy).await.unwrap();
    let like = |secret| hasher.hash_like(Turn::sign_in(&client), secret, first.clone());
    assert_eq!(like(&one).await.unwrap(), first);
    let second = like(&other).await.unwrap();
    let salt = |phc: &str| phc.split('$').nth(4).unwrap().to_owned();
    assert_eq!(salt(&second), salt(&first));
    assert_ne!(second, first);
}

#[tokio::test]
async fn the_secret_of_an_app_is_sealed_for_its_account_and_sealed_anew_with_another_master_secret() {
    use crate::server::{crypto::vault::Vault, keys::reseal::reseal, store::totp};
    let app = TestApp::start().await;
    app.sign_up(ADA).await;
    app.sign_up("eve@example.org").await;
    let secret = app.give_totp(ADA).await;
    let (ada, eve) = (app.user(ADA).await.id, app.user("eve@example.org").await.id);
    let stored = |app: &TestApp| {
        let store = app.state.store.clone();
        let ada = ada.clone();
        async move { totp::of_user(&mut store.read().await.unwrap(), &ada).await.unwrap().unwrap().sealed_secret }
    };
    let sealed = stored(&app).await;
    assert!(!sealed.contains(&secret.to_base32().unwrap()));
    assert!(TotpSecret::open(&app.state, &eve, &sealed).is_err(), "it opens for no other account");

    let next = "bmV4dC1zZWNyZXQtb2YtMjU2LWJpdHMtZm9yLXRlc3Rz";
    let secrets = format!("{next},{}", super::test_app::SECRET);
    let secrets = crate::server::crypto::master_secret::MasterSecret::parse_all(&secrets).unwrap();
    let vault = Vault::new(&secrets).unwrap();
    reseal(&app.state.store, &vault, &app.state.entropy).await.unwrap();
    assert!(vault.is_current(&stored(&app).await));
}

#[tokio::test]
async fn a_reset_by_an_administrator_leaves_one_code_for_the_next_sign_in_and_no_session() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut admin = app.sign_in_as("admin@example.org", "admin").await;
        let mut ada = app.sign_up(ADA).await;
        let id = app.user(ADA).await.id.to_string();
        let fields = [("user_id", id.as_str())];
        admin.post("/api/admin/users/reset_factors", &fields).await.assert_error(422, "invalid_input");
        let (secret, old) = enrol(&app, &mut ada).await;
        ada.post("/api/admin/users/reset_factors", &fields).await.assert_error(403, "forbidden");

        let answer = admin.post("/api/admin/users/reset_factors", &fields).await;
        answer.assert_status(200);
        let code = answer.json()["recovery_code"].as_str().unwrap().to_owned();
        ada.use_token().await.assert_error(401, "invalid_token");
        app.advance(STEP);
        for gone in [secret.code_at(app.clock.now()), old[0].clone()] {
            sign_in_with(&app, &gone).await.1.assert_error(401, "invalid_credentials");
        }
        // Neither the password alone nor the code alone is enough.
        assert_eq!(
            app.browser().sign_in(ADA, PASSWORD).await.json()["methods"],
            serde_json::json!(["recovery_code"])
        );
        let (mut ada, answer) = sign_in_with(&app, &code).await;
        answer.assert_status(200);
        sign_in_with(&app, &code).await;
        enrol(&app, &mut ada).await;
        assert!(app.events().await.contains(&"factors_reset".to_owned()));
    }
}

#[tokio::test]
async fn the_owner_is_told_by_mail_of_every_change_of_a_factor_and_of_ten_wrong_codes() {
    let relay = Relay::start(Offers::default()).await;
    let app = app_with(Backend::Sqlite, &relay).await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    let mut ada = app.sign_up(ADA).await;
    let (_, codes) = enrol(&app, &mut ada).await;
    sign_in_with(&app, &codes[0]).await.1.assert_status(200);
    ada.post("/api/account/recovery_codes", &[]).await.assert_status(200);
    let mut browser = app.browser();
    browser.sign_in(ADA, PASSWORD).await.assert_status(200);
    for _ in 0..11 {
        browser.post("/api/auth/second_factor", &[("code", "000000")]).await;
    }
    ada.post("/api/account/totp_remove", &[]).await.assert_status(200);
    enrol(&app, &mut ada).await;
    let id = app.user(ADA).await.id.to_string();
    admin.post("/api/admin/users/reset_factors", &[("user_id", &id)]).await.assert_status(200);
    send_due(&app).await;
    let received = relay.received();
    let to_ada = received.iter().filter(|mail| mail.to.contains(ADA));
    let subjects: Vec<_> = to_ada.filter_map(|mail| mail.header("Subject")).collect();
    let mut told: Vec<_> = subjects.iter().map(|subject| subject.split(" (").next().unwrap()).collect();
    told.retain(|subject| *subject != "New sign-in");
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "A recovery code was used",
            "An authenticator app was added",
            "An authenticator app was added",
            "New recovery codes",
            "Ten wrong codes",
            "Your authenticator app was removed",
            "Your second factor was reset",
        ]
    );
    let added = received.iter().find(|mail| mail.data.contains("An authenticator app was added")).unwrap();
    assert_eq!(added.link("/forgot"), "http://localhost:3000/forgot");
    // No mail holds a code.
    assert!(received.iter().all(|mail| codes.iter().all(|code| !mail.data.contains(code.as_str()))));
}

#[tokio::test]
async fn the_last_administrator_who_can_take_the_second_step_is_not_taken_away() {
    use crate::{
        model::second_factor::SecondFactor,
        server::store::factor_failures::{self, Failures},
    };
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut admin = app.sign_in_as("admin@example.org", "admin").await;
        app.sign_in_as(ADA, "admin").await;
        app.give_totp(ADA).await;
        let (ada, id) = (app.user(ADA).await.id, app.user("admin@example.org").await.id.to_string());
        let mut tx = app.state.store.begin().await.unwrap();
        let failures = Failures { failures: 100, retry_at: app.clock.now() };
        factor_failures::set(&mut tx, &ada, SecondFactor::Totp, failures).await.unwrap();
        tx.commit().await.unwrap();
        let fields = [("user_id", id.as_str())];
        admin.post("/api/admin/users/disable", &fields).await.assert_error(409, "last_admin");
        app.give_recovery_codes(ADA, 1).await;
        admin.post("/api/admin/users/disable", &fields).await.assert_status(200);
    }
}

#[tokio::test]
async fn the_policy_closes_what_it_names_to_sessions_of_one_factor_and_locks_nobody_out() {
    for (policy, closed, open) in [
        ("admins", vec!["/admin/users"], vec!["/dashboard", "/account/security", "/notices"]),
        ("everyone", vec!["/admin/users", "/notices"], vec!["/dashboard", "/account", "/account/security"]),
        ("optional", vec![], vec!["/admin/users", "/dashboard"]),
    ] {
        let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_SECOND_FACTOR", policy)]).await;
        let mut admin = app.sign_in_as(ADA, "admin").await;
        for page in &open {
            admin.get(page).await.assert_status(200);
        }
        for page in &closed {
            assert_eq!(admin.get(page).await.location(), "/account/security", "{policy} {page}");
        }
        let list = admin.post("/api/admin/users/list", &[]).await;
        if closed.is_empty() {
            list.assert_status(200);
            continue;
        }
        list.assert_error(403, "second_factor_required");
        assert!(list.header("www-authenticate").unwrap().contains("insufficient_user_authentication"));

        enrol(&app, &mut admin).await;
        for page in closed.iter().chain(&open) {
            admin.get(page).await.assert_status(200);
        }
        admin.post("/api/admin/users/list", &[]).await.assert_status(200);
    }
}

#[test]
fn no_policy_closes_ones_own_account() {
    use crate::model::role::Permission::*;
    for (_, policy) in SecondFactorPolicy::NAMES {
        for permission in [ReadAccount, ManageAccount, ManageFactors, EndSessions] {
            assert!(!policy.restricts(permission), "{policy:?} {permission:?}");
        }
    }
}

#[tokio::test]
async fn a_secret_of_an_app_or_a_mail_that_does_not_open_is_found_before_a_key_is_added() {
    use crate::server::{
        crypto::{master_secret::MasterSecret, vault::Vault},
        keys::reseal,
        store::{mails, totp},
    };
    let app = TestApp::start().await;
    app.sign_up(ADA).await;
    let user = app.user(ADA).await.id;
    let other = MasterSecret::parse_all("another-master-secret-of-forty-characters").unwrap();
    let other = Vault::new(&other).unwrap();
    reseal::check(&app.state.store, &app.state.vault).await.unwrap();

    let sealed = other.seal(&totp::purpose(user.as_str()), b"secret", &app.state.entropy).unwrap();
    let mut tx = app.state.store.begin().await.unwrap();
    assert!(totp::begin(&mut tx, &user, &sealed, app.clock.now()).await.unwrap());
    tx.commit().await.unwrap();
    assert!(reseal::check(&app.state.store, &app.state.vault).await.is_err());

    let mut tx = app.state.store.begin().await.unwrap();
    totp::delete(&mut tx, &user).await.unwrap();
    let mail =
        mails::NewMail { id: "1", kind: "test", user: None, sealed: &sealed, expires_at: app.clock.now() };
    mails::insert(&mut tx, &mail, app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(reseal::check(&app.state.store, &app.state.vault).await.is_err());
}
