//! Passkeys, through the whole program, with an authenticator that does as it is told. Where a name begins with a number,
//! it is that of an incident elsewhere (docs/security.md).

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};

use super::{
    client_tokens::part,
    mails::{app_with, send_due},
    smtp::{Offers, Relay},
};
use crate::{
    server::{
        authentication::totp::TotpSecret,
        store::{Store, execute},
    },
    tests::test_app::{
        Answer, Backend, Browser, PASSWORD, TestApp,
        authenticator::{Authenticator, BACKED_UP, BACKUP_ELIGIBLE, USER_VERIFIED},
    },
};

pub const EMAIL: &str = "ada@example.org";
const REFUSED: &str = "passkey_refused";
const SIGN_IN: &str = "/api/auth/passkey";
const OPTIONS: &str = "/api/auth/passkey_options";

pub fn authenticator() -> Authenticator {
    Authenticator::at("localhost", "http://localhost:3000")
}

/// Options for a passkey of whoever signs in.
pub async fn begun(browser: &mut Browser, purpose: &str) -> Value {
    browser.post(OPTIONS, &[("purpose", purpose)]).await.assert_status(200).json()
}

/// Posts an answer to these options.
pub async fn answer(browser: &mut Browser, path: &str, begun: &Value, credential: &Value) -> Answer {
    let state = begun["state"].as_str().unwrap();
    browser.post(path, &[("credential", &credential.to_string()), ("state", state)]).await
}

pub async fn sign_in(browser: &mut Browser, authenticator: &Authenticator) -> Answer {
    let begun = begun(browser, "sign_in").await;
    let credential = authenticator.get(&begun["options"]);
    answer(browser, SIGN_IN, &begun, &credential).await
}

pub async fn add(browser: &mut Browser, authenticator: &mut Authenticator) -> Answer {
    let begun = browser.post("/api/account/passkey_options", &[]).await;
    let begun = begun.assert_status(200).json();
    let credential = authenticator.create(&begun["options"]);
    answer(browser, "/api/account/passkey_add", &begun, &credential).await
}

/// A browser of somebody who has a passkey.
pub async fn enrolled(app: &TestApp) -> (Browser, Authenticator) {
    let (mut browser, mut authenticator) = (app.sign_up(EMAIL).await, authenticator());
    add(&mut browser, &mut authenticator).await.assert_status(200);
    (browser, authenticator)
}

pub async fn passkeys(browser: &mut Browser) -> Value {
    browser.post("/api/account/passkeys", &[]).await.assert_status(200).json()["items"].clone()
}

/// What an access token says.
fn claims(browser: &Browser) -> Value {
    part(browser.access_token.as_deref().unwrap(), 1)
}

#[tokio::test]
async fn a_passkey_signs_in_without_a_password_and_is_both_steps() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let (mut owner, authenticator) = enrolled(&app).await;
        let mut browser = app.browser();
        let signed_in = sign_in(&mut browser, &authenticator).await;
        assert_eq!(signed_in.assert_status(200).json()["status"], "signed_in", "{backend:?}");
        assert_eq!(claims(&browser)["amr"], json!(["pop", "user", "mfa"]));
        assert_eq!(claims(&browser)["acr"], "phr");
        browser.use_token().await.assert_status(200);
        let items = passkeys(&mut owner).await;
        assert!(items[0]["last_used_at"].is_string(), "{items}");
        assert!(app.events().await.contains(&"passkey_added".to_owned()));
    }
}

#[tokio::test]
async fn no_options_tell_who_exists_and_each_challenge_is_another() {
    let app = TestApp::start().await;
    enrolled(&app).await;
    let mut browser = app.browser();
    let (one, other) = (begun(&mut browser, "sign_in").await, begun(&mut browser, "sign_in").await);
    assert_ne!(one["options"]["challenge"], other["options"]["challenge"]);
    let options = json!({
        "challenge": one["options"]["challenge"], "timeout": 300_000, "rpId": "localhost", "allowCredentials": [],
        "userVerification": "required",
    });
    assert_eq!(one["options"], options);
}

#[tokio::test]
async fn a_new_passkey_is_asked_for_as_it_must_be_and_not_where_there_is_one() {
    let app = TestApp::start().await;
    let (mut browser, authenticator) = enrolled(&app).await;
    let begun = browser.post("/api/account/passkey_options", &[]).await.json();
    let options = &begun["options"];
    assert_eq!(options["rp"], json!({ "id": "localhost", "name": "Latchkey" }));
    let algorithms: Vec<_> = options["pubKeyCredParams"]
        .as_array()
        .unwrap()
        .iter()
        .map(|offered| offered["alg"].clone())
        .collect();
    assert_eq!(algorithms, [-8, -7, -257]);
    assert_eq!(
        options["authenticatorSelection"],
        json!({ "residentKey": "required", "requireResidentKey": true, "userVerification": "required" })
    );
    let excluded = options["excludeCredentials"].as_array().unwrap();
    assert_eq!((excluded.len(), &excluded[0]["transports"]), (1, &json!(["internal"])));
    assert_eq!(options["user"]["name"], EMAIL);
    // 64 random bytes, and the same for each passkey of the account.
    assert_eq!(options["user"]["id"].as_str().unwrap().len(), 86);
    let handle = authenticator.user_handle.unwrap();
    assert_eq!(options["user"]["id"], BASE64.encode(handle));
}

#[tokio::test]
async fn incident_13_the_id_of_a_passkey_alone_signs_nobody_in() {
    let app = TestApp::start().await;
    let (_, owner) = enrolled(&app).await;
    let mut forged = authenticator();
    forged.credential_id = owner.credential_id;
    forged.user_handle = owner.user_handle;
    let mut browser = app.browser();
    sign_in(&mut browser, &forged).await.assert_error(401, REFUSED);
    assert!(browser.refresh_token().is_empty() && browser.access_token.is_none());
}

#[tokio::test]
async fn incident_14_a_challenge_is_good_once_on_all_nodes() {
    let app = TestApp::with(Backend::Postgres, &[]).await;
    let (_, authenticator) = enrolled(&app).await;
    let other_node = app.another_node().await;
    let mut browser = app.browser();
    let begun = begun(&mut browser, "sign_in").await;
    let credential = authenticator.get(&begun["options"]);
    answer(&mut browser, SIGN_IN, &begun, &credential).await.assert_status(200);
    answer(&mut app.browser(), SIGN_IN, &begun, &credential).await.assert_error(401, REFUSED);
    answer(&mut other_node.browser(), SIGN_IN, &begun, &credential).await.assert_error(401, REFUSED);
}

#[tokio::test]
async fn of_fifty_answers_to_one_challenge_at_once_one_signs_in() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
        let (_, authenticator) = enrolled(&app).await;
        let other_node = match backend {
            Backend::Postgres => Some(app.another_node().await),
            Backend::Sqlite => None,
        };
        let nodes = [&app, other_node.as_ref().unwrap_or(&app)];
        let begun = begun(&mut app.browser(), "sign_in").await;
        let credential = authenticator.get(&begun["options"]);
        let attempts = nodes.into_iter().cycle().take(50).map(|node| async {
            answer(&mut node.browser(), SIGN_IN, &begun, &credential).await.status.as_u16()
        });
        let mut statuses = futures::future::join_all(attempts).await;
        statuses.sort_unstable();
        assert_eq!((statuses[0], &statuses[1..]), (200, &[401; 49][..]), "{backend:?}");
    }
}

#[tokio::test]
async fn incident_15_a_passkey_that_has_not_verified_its_owner_signs_nobody_in() {
    let app = TestApp::start().await;
    let (_, mut authenticator) = enrolled(&app).await;
    authenticator.flags &= !USER_VERIFIED;
    sign_in(&mut app.browser(), &authenticator).await.assert_error(401, REFUSED);
}

#[tokio::test]
async fn incident_16_an_algorithm_that_was_not_offered_is_refused_by_the_server() {
    let app = TestApp::start().await;
    let (mut browser, mut authenticator) = (app.sign_up(EMAIL).await, authenticator());
    authenticator.cose[1].1 = (-35).into();
    add(&mut browser, &mut authenticator).await.assert_error(401, REFUSED);
    assert_eq!(passkeys(&mut browser).await, json!([]));
}

#[tokio::test]
async fn incident_17_nobody_touches_the_passkey_of_another_account() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = enrolled(&app).await;
    let id = passkeys(&mut owner).await[0]["id"].as_str().unwrap().to_owned();
    let mut other = app.sign_up("eve@example.org").await;
    let renamed = [("passkey_id", id.as_str()), ("name", "Mine")];
    other.post("/api/account/passkey_rename", &renamed).await.assert_error(404, "not_found");
    let removed = [("passkey_id", id.as_str())];
    other.post("/api/account/passkey_remove", &removed).await.assert_error(404, "not_found");
    // Nor is a credential that somebody has added to another account as well.
    let mut copy = self::authenticator();
    copy.credential_id.clone_from(&authenticator.credential_id);
    add(&mut other, &mut copy).await.assert_error(409, "passkey_exists");
    sign_in(&mut app.browser(), &authenticator).await.assert_status(200);
}

#[tokio::test]
async fn incident_17_what_one_session_began_no_other_session_finishes() {
    let app = TestApp::start().await;
    let (mut owner, _) = enrolled(&app).await;
    let mut other = app.sign_up("eve@example.org").await;
    let begun = owner.post("/api/account/passkey_options", &[]).await.json();
    let credential = authenticator().create(&begun["options"]);
    let refused = answer(&mut other, "/api/account/passkey_add", &begun, &credential).await;
    refused.assert_error(403, "ceremony_expired");
}

#[tokio::test]
async fn incident_18_a_passkey_of_an_account_that_is_disabled_or_gone_signs_nobody_in() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = enrolled(&app).await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    let id = app.user(EMAIL).await.id;
    let account = [("user_id", id.as_str())];
    admin.post("/api/admin/users/disable", &account).await.assert_status(200);
    sign_in(&mut app.browser(), &authenticator).await.assert_error(401, REFUSED);
    admin.post("/api/admin/users/enable", &account).await.assert_status(200);
    sign_in(&mut owner, &authenticator).await.assert_status(200);
    owner.post("/api/account/delete", &[("password", PASSWORD)]).await.assert_status(200);
    sign_in(&mut app.browser(), &authenticator).await.assert_error(401, "unknown_passkey");
}

#[tokio::test]
async fn a_removed_passkey_is_unknown() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = enrolled(&app).await;
    let id = passkeys(&mut owner).await[0]["id"].as_str().unwrap().to_owned();
    owner.post("/api/account/passkey_remove", &[("passkey_id", &id)]).await.assert_status(200);
    sign_in(&mut app.browser(), &authenticator).await.assert_error(401, "unknown_passkey");
    assert!(app.events().await.contains(&"passkey_removed".to_owned()));
}

#[tokio::test]
async fn incident_19_nothing_that_a_browser_says_of_an_error_is_recorded_or_answered() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    let (_, mut authenticator) = enrolled(&app).await;
    authenticator.client_data["origin"] = json!("https://boom.example\n<script>");
    authenticator.client_data["error"] = json!("boom\n<script>");
    let refused = sign_in(&mut app.browser(), &authenticator).await;
    refused.assert_error(401, REFUSED);
    let log = admin.post("/api/admin/audit/list", &[("event", "sign_in_failed")]).await;
    assert!(log.body.contains("the origin is another"), "{}", log.body);
    assert!(!(log.body + &refused.body).contains("boom"));
}

#[tokio::test]
async fn whose_passkey_it_is_must_be_said_and_true() {
    let app = TestApp::start().await;
    let (_, mut authenticator) = enrolled(&app).await;
    authenticator.user_handle = None;
    sign_in(&mut app.browser(), &authenticator).await.assert_error(401, REFUSED);
    authenticator.user_handle = Some(vec![7; 64]);
    sign_in(&mut app.browser(), &authenticator).await.assert_error(401, REFUSED);
}

#[tokio::test]
async fn a_challenge_is_good_for_its_purpose_and_for_five_minutes() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = enrolled(&app).await;
    let again = begun(&mut owner, "reauthentication").await;
    let credential = authenticator.get(&again["options"]);
    let mut browser = app.browser();
    answer(&mut browser, SIGN_IN, &again, &credential).await.assert_error(403, "ceremony_expired");
    let begun = begun(&mut browser, "sign_in").await;
    let credential = authenticator.get(&begun["options"]);
    app.advance(Duration::from_secs(300));
    answer(&mut browser, SIGN_IN, &begun, &credential).await.assert_error(403, "ceremony_expired");
    let forged = json!({ "state": "AAAA.AAAA" });
    answer(&mut browser, SIGN_IN, &forged, &credential).await.assert_error(403, "ceremony_expired");
}

#[tokio::test]
async fn a_counter_that_goes_back_ends_a_passkey_of_one_device_and_is_news_of_a_synced_one() {
    let app = TestApp::start().await;
    let (mut browser, mut device) = (app.sign_up(EMAIL).await, authenticator());
    device.flags &= !(BACKUP_ELIGIBLE | BACKED_UP);
    device.sign_count = 7;
    add(&mut browser, &mut device).await.assert_status(200);
    device.sign_count = 8;
    sign_in(&mut browser, &device).await.assert_status(200);
    sign_in(&mut browser, &device).await.assert_error(401, REFUSED);
    let mut synced = authenticator();
    synced.sign_count = 7;
    add(&mut browser, &mut synced).await.assert_status(200);
    synced.sign_count = 3;
    sign_in(&mut browser, &synced).await.assert_status(200);
    assert!(app.events().await.contains(&"passkey_counter_lower".to_owned()));
    // One that never counts says 0 each time.
    let mut silent = authenticator();
    silent.flags &= !(BACKUP_ELIGIBLE | BACKED_UP);
    add(&mut browser, &mut silent).await.assert_status(200);
    sign_in(&mut browser, &silent).await.assert_status(200);
    sign_in(&mut browser, &silent).await.assert_status(200);
}

#[tokio::test]
async fn whether_a_passkey_can_be_backed_up_never_changes_and_whether_it_is_may() {
    let app = TestApp::start().await;
    let (mut browser, mut authenticator) = (app.sign_up(EMAIL).await, authenticator());
    authenticator.flags &= !BACKED_UP;
    add(&mut browser, &mut authenticator).await.assert_status(200);
    assert_eq!(passkeys(&mut browser).await[0]["synced"], false);
    authenticator.flags |= BACKED_UP;
    sign_in(&mut browser, &authenticator).await.assert_status(200);
    assert_eq!(passkeys(&mut browser).await[0]["synced"], true);
    authenticator.flags &= !(BACKUP_ELIGIBLE | BACKED_UP);
    sign_in(&mut browser, &authenticator).await.assert_error(401, REFUSED);
}

#[tokio::test]
async fn a_foreign_origin_and_a_foreign_host_are_refused() {
    let app = TestApp::start().await;
    let (_, mut authenticator) = enrolled(&app).await;
    authenticator.client_data["origin"] = json!("https://evil.example");
    sign_in(&mut app.browser(), &authenticator).await.assert_error(401, REFUSED);
    authenticator.client_data["origin"] = json!("http://localhost:3000");
    authenticator.relying_party = "evil.example".to_owned();
    sign_in(&mut app.browser(), &authenticator).await.assert_error(401, REFUSED);
}

#[tokio::test]
async fn a_passkey_of_another_host_is_unknown() {
    let app = TestApp::start().await;
    let (_, authenticator) = enrolled(&app).await;
    let moved = app.restart_with("LATCHKEY_PUBLIC_URL", "https://id.example.org").await;
    sign_in(&mut moved.browser(), &authenticator).await.assert_error(401, "unknown_passkey");
}

#[tokio::test]
async fn doctor_is_told_of_passkeys_that_were_made_for_another_host() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        enrolled(&app).await;
        let (database, _) = app.stop().await;
        for (host, elsewhere) in [("localhost", 0), ("id.example.org", 1)] {
            let examined = Store::examine(&database.url, host).await.unwrap();
            assert_eq!(examined.passkeys_elsewhere, elsewhere, "{host}");
        }
    }
}

#[tokio::test]
async fn adding_renaming_and_removing_need_recent_authentication() {
    let app = TestApp::start().await;
    let (mut owner, _) = enrolled(&app).await;
    let id = passkeys(&mut owner).await[0]["id"].as_str().unwrap().to_owned();
    app.advance(Duration::from_secs(16 * 60));
    owner.refresh().await.assert_status(200);
    let (removed, renamed) =
        ([("passkey_id", id.as_str())], [("passkey_id", id.as_str()), ("name", "Phone")]);
    for (path, fields) in [
        ("passkey_options", &[][..]),
        ("passkey_add", &[("credential", "{}"), ("state", "")][..]),
        ("passkey_rename", &renamed[..]),
        ("passkey_remove", &removed[..]),
    ] {
        let refused = owner.post(&format!("/api/account/{path}"), fields).await;
        refused.assert_error(403, "reauthentication_required");
    }
    passkeys(&mut owner).await;
}

#[tokio::test]
async fn a_passkey_proves_again_who_is_signed_in() {
    let app = TestApp::start().await;
    let (mut owner, mut authenticator) = enrolled(&app).await;
    app.advance(Duration::from_secs(16 * 60));
    owner.refresh().await.assert_status(200);
    let path = "/api/auth/reauthenticate_with_passkey";
    let asked = begun(&mut owner, "reauthentication").await;
    assert_eq!(asked["options"]["allowCredentials"].as_array().unwrap().len(), 1);
    assert_eq!(asked["options"]["userVerification"], "required");
    authenticator.flags &= !USER_VERIFIED;
    answer(&mut owner, path, &asked, &authenticator.get(&asked["options"])).await.assert_error(401, REFUSED);
    authenticator.flags |= USER_VERIFIED;
    answer(&mut owner, path, &asked, &authenticator.get(&asked["options"])).await.assert_status(200);
    owner.post("/api/account/passkey_options", &[]).await.assert_status(200);
    assert_eq!(claims(&owner)["acr"], "phr");
    // Another account's passkey is no proof of who is signed in here.
    let mut eve = app.sign_up("eve@example.org").await;
    let asked = begun(&mut eve, "reauthentication").await;
    answer(&mut eve, path, &asked, &authenticator.get(&asked["options"])).await.assert_error(401, REFUSED);
    app.browser().post(OPTIONS, &[("purpose", "reauthentication")]).await.assert_status(401);
}

#[tokio::test]
async fn adding_and_removing_a_passkey_signs_out_everywhere_else() {
    let app = TestApp::start().await;
    let (mut owner, _) = enrolled(&app).await;
    for path in ["passkey_add", "passkey_remove"] {
        let mut elsewhere = app.browser();
        elsewhere.sign_in(EMAIL, PASSWORD).await.assert_status(200);
        if path == "passkey_add" {
            add(&mut owner, &mut authenticator()).await.assert_status(200);
        } else {
            let id = passkeys(&mut owner).await[0]["id"].as_str().unwrap().to_owned();
            owner.post("/api/account/passkey_remove", &[("passkey_id", &id)]).await.assert_status(200);
        }
        elsewhere.refresh().await.assert_error(401, "session_revoked");
        owner.refresh().await.assert_status(200);
    }
}

#[tokio::test]
async fn a_passkey_gets_the_name_of_its_browser_and_any_other_that_can_be_read() {
    let app = TestApp::start().await;
    let (mut owner, _) = enrolled(&app).await;
    let item = passkeys(&mut owner).await[0].clone();
    assert_eq!((&item["name"], &item["last_used_at"]), (&json!("Unknown device"), &Value::Null));
    let id = item["id"].as_str().unwrap();
    let rename = async |owner: &mut Browser, name: &str| {
        owner.post("/api/account/passkey_rename", &[("passkey_id", id), ("name", name)]).await
    };
    rename(&mut owner, " Phone ").await.assert_status(200);
    assert_eq!(passkeys(&mut owner).await[0]["name"], "Phone");
    for name in ["", "a\u{202E}b"] {
        let refused = rename(&mut owner, name).await;
        assert_eq!(refused.assert_error(422, "invalid_input").fields(), ["name"], "{name:?}");
    }
}

#[tokio::test]
async fn an_account_has_twenty_passkeys_at_the_most() {
    let app = TestApp::start().await;
    let (mut owner, _) = enrolled(&app).await;
    for _ in 1..20 {
        add(&mut owner, &mut authenticator()).await.assert_status(200);
    }
    add(&mut owner, &mut authenticator()).await.assert_error(409, "too_many_passkeys");
}

#[tokio::test]
async fn attempts_with_a_passkey_count_against_the_network() {
    let app = TestApp::start().await;
    let (_, mut authenticator) = enrolled(&app).await;
    authenticator.flags &= !USER_VERIFIED;
    let mut browser = app.browser().at([198, 51, 100, 9]);
    for _ in 0..60 {
        sign_in(&mut browser, &authenticator).await.assert_error(401, REFUSED);
    }
    sign_in(&mut browser, &authenticator).await.assert_error(429, "too_many_attempts");
}

#[tokio::test]
async fn what_is_no_credential_is_refused_and_no_fault() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let begun = begun(&mut browser, "sign_in").await;
    for nonsense in
        [json!({}), json!("x"), json!({ "id": "AA", "rawId": "AA", "type": "public-key", "response": {} })]
    {
        answer(&mut browser, SIGN_IN, &begun, &nonsense).await.assert_error(401, REFUSED);
    }
    browser.post(OPTIONS, &[("purpose", "nonsense")]).await.assert_status(422);
}

/// Sets up an authenticator app, so that the password alone is not enough.
pub async fn require_second_step(app: &TestApp, browser: &mut Browser) {
    let begun = browser.post("/api/account/totp_begin", &[]).await.assert_status(200).json();
    let secret = TotpSecret::from_base32(begun["secret"].as_str().unwrap());
    let code = secret.code_at(app.clock.now());
    browser.post("/api/account/totp_confirm", &[("code", &code)]).await.assert_status(200);
}

/// A browser in which the password was right, and what a passkey is asked for then.
async fn half_signed_in(app: &TestApp) -> (Browser, Value) {
    let mut browser = app.browser();
    let half = browser.sign_in(EMAIL, PASSWORD).await.json();
    assert_eq!(
        (&half["status"], &half["methods"][2]),
        (&json!("second_factor"), &json!("passkey")),
        "{half}"
    );
    let begun = begun(&mut browser, "second_step").await;
    (browser, begun)
}

const SECOND: &str = "/api/auth/second_factor";

#[tokio::test]
async fn a_passkey_that_was_only_touched_is_a_second_step_after_the_password() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let (mut owner, mut authenticator) = enrolled(&app).await;
        require_second_step(&app, &mut owner).await;
        authenticator.flags &= !USER_VERIFIED;
        let (mut browser, begun) = half_signed_in(&app).await;
        assert_eq!(begun["options"]["userVerification"], "preferred");
        assert_eq!(begun["options"]["allowCredentials"].as_array().unwrap().len(), 1);
        let credential = authenticator.get(&begun["options"]);
        answer(&mut browser, SECOND, &begun, &credential).await.assert_status(200);
        assert_eq!(claims(&browser)["amr"], json!(["pwd", "pop", "mfa"]));
        assert_eq!(claims(&browser)["acr"], "phr");
        answer(&mut browser, SECOND, &begun, &credential).await.assert_error(403, "sign_in_expired");
    }
}

#[tokio::test]
async fn no_other_passkey_and_no_other_attempt_is_the_second_step() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = enrolled(&app).await;
    require_second_step(&app, &mut owner).await;
    let (mut eve, mut hers) = (app.sign_up("eve@example.org").await, self::authenticator());
    add(&mut eve, &mut hers).await.assert_status(200);
    let (mut browser, begun) = half_signed_in(&app).await;
    let foreign = hers.get(&begun["options"]);
    answer(&mut browser, SECOND, &begun, &foreign).await.assert_error(401, REFUSED);
    let (mut other, _) = half_signed_in(&app).await;
    let credential = authenticator.get(&begun["options"]);
    answer(&mut other, SECOND, &begun, &credential).await.assert_error(403, "ceremony_expired");
    answer(&mut browser, SECOND, &begun, &credential).await.assert_status(200);
    // Nobody is half signed in here.
    app.browser().post(OPTIONS, &[("purpose", "second_step")]).await.assert_error(403, "sign_in_expired");
}

#[tokio::test]
async fn a_verified_passkey_alone_signs_in_where_the_password_alone_does_not() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = enrolled(&app).await;
    // A passkey alone makes the password worth no less.
    assert_eq!(app.browser().sign_in(EMAIL, PASSWORD).await.json()["status"], "signed_in");
    require_second_step(&app, &mut owner).await;
    assert_eq!(sign_in(&mut app.browser(), &authenticator).await.json()["status"], "signed_in");
}

#[tokio::test]
async fn a_session_of_the_password_alone_changes_no_passkey_where_a_second_step_is_needed() {
    let app = TestApp::start().await;
    let (mut owner, mut authenticator) = (app.sign_up(EMAIL).await, authenticator());
    let mut weak = app.browser();
    weak.sign_in(EMAIL, PASSWORD).await.assert_status(200);
    let begun = weak.post("/api/account/passkey_options", &[]).await.json();
    require_second_step(&app, &mut owner).await;
    let credential = authenticator.create(&begun["options"]);
    let refused = answer(&mut weak, "/api/account/passkey_add", &begun, &credential).await;
    assert!(refused.status.is_client_error(), "{refused:?}");
    assert_eq!(passkeys(&mut owner).await, json!([]));
}

#[tokio::test]
async fn a_reset_by_an_administrator_removes_the_passkeys_too() {
    let app = TestApp::start().await;
    let (_, authenticator) = enrolled(&app).await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    let id = app.user(EMAIL).await.id;
    let reset = admin.post("/api/admin/users/reset_factors", &[("user_id", id.as_str())]).await;
    reset.assert_status(200);
    sign_in(&mut app.browser(), &authenticator).await.assert_error(401, "unknown_passkey");
}

#[tokio::test]
async fn the_owner_is_told_by_mail_of_a_new_passkey_and_of_one_that_is_gone() {
    let relay = Relay::start(Offers::default()).await;
    let app = app_with(Backend::Sqlite, &relay).await;
    let (mut owner, _) = enrolled(&app).await;
    let id = passkeys(&mut owner).await[0]["id"].as_str().unwrap().to_owned();
    owner.post("/api/account/passkey_remove", &[("passkey_id", &id)]).await.assert_status(200);
    send_due(&app).await;
    let mails = relay.received();
    assert!(mails.iter().all(|mail| mail.link("/account") == "http://localhost:3000/account"));
    let mut told: Vec<_> = mails.iter().filter_map(|mail| mail.header("Subject")).collect();
    // Both are due, and sent at once.
    told.sort_unstable();
    assert_eq!(told, ["A passkey was added (Latchkey)", "A passkey was removed (Latchkey)"]);
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "no way leads to an account without a password yet")]
async fn the_last_way_in_is_not_removed() {
    let app = TestApp::start().await;
    let (mut owner, _) = enrolled(&app).await;
    let mut tx = app.state.store.begin().await.unwrap();
    execute!(&mut tx, "UPDATE users SET password_hash = NULL WHERE email = $1", EMAIL).unwrap();
    tx.commit().await.unwrap();
    let id = passkeys(&mut owner).await[0]["id"].as_str().unwrap().to_owned();
    let first = [("passkey_id", id.as_str())];
    owner.post("/api/account/passkey_remove", &first).await.assert_error(409, "last_way_in");
    add(&mut owner, &mut authenticator()).await.assert_status(200);
    owner.post("/api/account/passkey_remove", &first).await.assert_status(200);
}
