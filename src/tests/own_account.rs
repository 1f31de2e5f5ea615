//! What people do with their own account and sessions.

use std::time::Duration;

use serde_json::json;

use crate::tests::test_app::{Backend, Browser, PASSWORD, TestApp};

const NEW_PASSWORD: &str = "another horse, another battery";
const QUARTER_OF_AN_HOUR: Duration = Duration::from_secs(15 * 60);

async fn sessions(browser: &mut Browser) -> Vec<serde_json::Value> {
    let answer = browser.post("/api/sessions/list", &[]).await;
    answer.assert_status(200);
    answer.json().as_array().unwrap().clone()
}

async fn other_session(browser: &mut Browser) -> String {
    let sessions = sessions(browser).await;
    let other = sessions.iter().find(|session| session["current"] == false).unwrap();
    other["id"].as_str().unwrap().to_owned()
}

async fn activity(browser: &mut Browser) -> Vec<String> {
    let page = browser.post("/api/account/activity", &[]).await.json();
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["event"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_new_password_ends_every_other_session_and_renews_this_one() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut browser = app.sign_up("ada@example.org").await;
        let mut other = app.browser();
        other.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
        let mut copy = browser.clone();

        let fields = [("current_password", PASSWORD), ("new_password", NEW_PASSWORD)];
        let answer = browser.post("/api/account/change_password", &fields).await;
        answer.assert_status(200);
        assert_eq!(answer.json()["token_type"], "Bearer");
        browser.use_token().await.assert_status(200);
        browser.refresh().await.assert_status(200);
        // It is another family: what a thief may have copied is worth nothing.
        let family = |browser: &Browser| browser.refresh_token().split('.').nth(1).unwrap().to_owned();
        assert_ne!(family(&browser), family(&copy));
        for ended in [&mut other, &mut copy] {
            ended.use_token().await.assert_error(401, "invalid_token");
            let answer = ended.refresh().await;
            answer.assert_error(401, "session_revoked");
            assert_eq!(answer.json()["reason"], "password_changed");
        }
        app.browser().sign_in("ada@example.org", PASSWORD).await.assert_error(401, "invalid_credentials");
        app.browser().sign_in("ada@example.org", NEW_PASSWORD).await.assert_status(200);
        let events = app.events().await;
        assert!(events.iter().any(|event| event == "password_changed"), "{events:?}");
    }
}

#[tokio::test]
async fn a_password_is_not_changed_without_the_current_one_or_to_a_bad_one() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada.lovelace@example.org").await;
    let before = app.user("ada.lovelace@example.org").await.password_hash;
    let wrong = [("current_password", "not this one"), ("new_password", NEW_PASSWORD)];
    let answer = browser.post("/api/account/change_password", &wrong).await;
    answer.assert_error(401, "invalid_credentials");
    assert_eq!(answer.fields(), ["current_password"]);
    let long = "x".repeat(257);
    for bad in ["", "short", "password123", "ada.lovelace@example.org", "ADA.LOVELACE", "Somebody", &long] {
        let fields = [("current_password", PASSWORD), ("new_password", bad)];
        let answer = browser.post("/api/account/change_password", &fields).await;
        answer.assert_error(422, "invalid_input");
        assert_eq!(answer.fields(), ["new_password"], "{bad}");
    }
    assert_eq!(app.user("ada.lovelace@example.org").await.password_hash, before);
    browser.use_token().await.assert_status(200);
    assert_eq!(activity(&mut browser).await, ["password_change_failed", "signed_in", "account_created"]);
}

#[tokio::test]
async fn common_and_personal_passwords_are_refused_at_sign_up() {
    let app = TestApp::start().await;
    for bad in ["12345678", "Password1", "qwertyuiop", "trustno1", "ada.lovelace", "Ada Lovelace"] {
        let fields =
            [("email", "ada.lovelace@example.org"), ("display_name", "Ada Lovelace"), ("password", bad)];
        let answer = app.browser().post("/api/auth/register", &fields).await;
        answer.assert_error(422, "invalid_input");
        assert_eq!(answer.fields(), ["password"], "{bad}");
    }
    // No rules of composition: length is what counts.
    for good in ["eightxyq", "all lower case words", "🔑🐎🔋📎🌍🎈🍋🚲"] {
        let email = format!("{}@example.org", good.len());
        let fields = [("email", email.as_str()), ("display_name", "Ada"), ("password", good)];
        app.browser().post("/api/auth/register", &fields).await.assert_status(200);
    }
}

#[tokio::test]
async fn deleting_an_account_keeps_its_audit_events() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut browser = app.sign_up("ada@example.org").await;
        let mut other = app.browser();
        other.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
        browser
            .post("/api/account/delete", &[("password", "not this one")])
            .await
            .assert_error(401, "invalid_credentials");
        browser.post("/api/account/delete", &[]).await.assert_error(422, "invalid_input");
        browser.use_token().await.assert_status(200);

        let copy = browser.clone();
        browser.post("/api/account/delete", &[("password", PASSWORD)]).await.assert_status(200);
        assert_eq!(browser.refresh_token(), "", "the cookie is cleared");
        for mut ended in [copy, other] {
            ended.use_token().await.assert_error(401, "invalid_token");
            ended.post("/api/account/me", &[]).await.assert_error(401, "invalid_token");
            let answer = ended.refresh().await;
            answer.assert_error(401, "session_revoked");
            assert_eq!(answer.json()["reason"], "account_deleted");
            let page = ended.get("/dashboard").await;
            assert!(page.location().contains("reason=account_deleted"), "{page:?}");
        }
        app.browser().sign_in("ada@example.org", PASSWORD).await.assert_error(401, "invalid_credentials");
        let events = app.events().await;
        assert!(events.iter().any(|event| event == "account_deleted"), "{events:?}");
        // The address is free again, for another account.
        app.sign_up("ada@example.org").await;
    }
}

#[tokio::test]
async fn sessions_are_listed_named_and_ended_by_their_owner() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut browser = app.sign_up("ada@example.org").await;
        app.advance(Duration::from_secs(60));
        let mut other = app.browser();
        other.sign_in("ada@example.org", PASSWORD).await.assert_status(200);

        let listed = sessions(&mut browser).await;
        assert_eq!(listed.len(), 2);
        assert_eq!(listed.iter().filter(|session| session["current"] == true).count(), 1);
        assert_eq!(listed[1]["current"], true, "the newest is first");
        assert_eq!(listed[1]["ip"], "203.0.113.7");
        assert_eq!(listed[1]["created_at"], "2026-01-01T00:00:00Z");
        assert_eq!(listed[0]["created_at"], "2026-01-01T00:01:00Z");
        assert_eq!(listed[1]["expires_at"], "2026-01-08T00:00:00Z");

        let id = other_session(&mut browser).await;
        let name = [("session_id", id.as_str()), ("name", " Phone ")];
        browser.post("/api/sessions/rename", &name).await.assert_status(200);
        assert_eq!(sessions(&mut browser).await[0]["name"], "Phone");
        for bad in ["x".repeat(61), "a\u{202e}b".to_owned(), "a\nb".to_owned()] {
            let answer = browser.post("/api/sessions/rename", &[("session_id", &id), ("name", &bad)]).await;
            answer.assert_error(422, "invalid_input");
            assert_eq!(answer.fields(), ["name"]);
        }
        let unnamed = [("session_id", id.as_str()), ("name", "")];
        browser.post("/api/sessions/rename", &unnamed).await.assert_status(200);
        assert!(sessions(&mut browser).await[0]["name"].is_null());

        browser.post("/api/sessions/revoke", &[("session_id", &id)]).await.assert_status(200);
        other.use_token().await.assert_error(401, "invalid_token");
        let answer = other.refresh().await;
        answer.assert_error(401, "session_revoked");
        assert_eq!(answer.json()["reason"], "ended_elsewhere");
        assert_eq!(sessions(&mut browser).await.len(), 1);
        browser.post("/api/sessions/revoke", &[("session_id", &id)]).await.assert_error(404, "not_found");
    }
}

#[tokio::test]
async fn all_other_sessions_are_ended_at_once() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let mut stranger = app.sign_up("eve@example.org").await;
    let mut others = vec![app.browser(), app.browser(), app.browser()];
    for other in &mut others {
        other.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    }
    let answer = browser.post("/api/sessions/revoke_others", &[]).await;
    answer.assert_status(200);
    assert_eq!(answer.json(), json!({ "revoked": 3 }));
    for other in &mut others {
        other.use_token().await.assert_error(401, "invalid_token");
        assert_eq!(other.refresh().await.json()["reason"], "ended_elsewhere");
    }
    browser.use_token().await.assert_status(200);
    stranger.refresh().await.assert_status(200);
    assert_eq!(browser.post("/api/sessions/revoke_others", &[]).await.json()["revoked"], 0);
}

#[tokio::test]
async fn no_token_is_minted_after_a_revocation_was_answered() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let settings = [("LATCHKEY_RATE_LIMIT", "off"), ("LATCHKEY_SESSIONS_ROTATE_AFTER", "0s")];
        let app = TestApp::with(backend, &settings).await;
        let mut browser = app.sign_up("ada@example.org").await;
        for _ in 0..20 {
            let mut other = app.browser();
            other.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
            let (answer, _) = tokio::join!(browser.post("/api/sessions/revoke_others", &[]), other.refresh());
            answer.assert_status(200);
            // Whichever came first: what the other browser holds now is worth nothing.
            other.use_token().await.assert_error(401, "invalid_token");
            let answer = other.refresh().await;
            assert_eq!(answer.status, 401, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn sensitive_actions_need_a_recent_password() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    app.advance(Duration::from_millis(15 * 60 * 1000 - 1));
    browser.post("/api/sessions/revoke_others", &[]).await.assert_status(200);
    app.advance(Duration::from_millis(1));
    // A refresh makes the token young, and not the password.
    browser.refresh().await.assert_status(200);
    let answer = browser.post("/api/sessions/revoke_others", &[]).await;
    answer.assert_error(403, "reauthentication_required");
    // RFC 9470 §3.
    let challenge = "Bearer error=\"insufficient_user_authentication\", max_age=900";
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
    browser.post("/api/sessions/list", &[]).await.assert_status(200);

    let wrong = browser.post("/api/auth/reauthenticate", &[("password", "not this one")]).await;
    wrong.assert_error(401, "invalid_credentials");
    browser.post("/api/sessions/revoke_others", &[]).await.assert_error(403, "reauthentication_required");

    let cookie = browser.refresh_token();
    browser.post("/api/auth/reauthenticate", &[("password", PASSWORD)]).await.assert_status(200);
    assert_ne!(browser.refresh_token(), cookie, "a copy of the cookie from before inherits nothing");
    browser.post("/api/sessions/revoke_others", &[]).await.assert_status(200);
    browser.refresh().await.assert_status(200);
    browser.post("/api/sessions/revoke_others", &[]).await.assert_status(200);
    assert_eq!(
        activity(&mut browser).await,
        ["reauthenticated", "reauthentication_failed", "signed_in", "account_created"]
    );
}

#[tokio::test]
async fn a_copied_cookie_inherits_no_entered_password_and_a_lost_response_signs_nobody_out() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    app.advance(QUARTER_OF_AN_HOUR);
    browser.refresh().await.assert_status(200);
    let mut thief = browser.thief();
    browser.post("/api/auth/reauthenticate", &[("password", PASSWORD)]).await.assert_status(200);
    browser.post("/api/sessions/revoke_others", &[]).await.assert_status(200);
    thief.refresh().await.assert_status(200);
    thief.post("/api/sessions/revoke_others", &[]).await.assert_error(403, "reauthentication_required");

    // Of an answer that never arrives only the cookie is missing.
    let mut browser = app.sign_up("eve@example.org").await;
    let mut request =
        Browser::form("/api/auth/reauthenticate", format!("password={}", PASSWORD.replace(' ', "+")));
    let token = browser.access_token.clone().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    browser.send_and_forget(request).await.assert_status(200);
    app.advance(Duration::from_secs(3600));
    browser.refresh().await.assert_status(200);
    browser.use_token().await.assert_status(200);
}

#[tokio::test]
async fn sensitive_functions_require_recent_authentication() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    app.sign_up("ada@example.org").await;
    let ada = app.user("ada@example.org").await.id.to_string();
    app.advance(QUARTER_OF_AN_HOUR);
    admin.refresh().await.assert_status(200);
    let whom = ("user_id", ada.as_str());
    let functions: [(&str, &[(&str, &str)]); 27] = [
        ("/api/sessions/revoke", &[("session_id", "any")]),
        ("/api/sessions/revoke_others", &[]),
        ("/api/admin/users/invite", &[("email", "new@example.org"), ("display_name", "New")]),
        ("/api/admin/users/set_roles", &[whom, ("roles", "admin")]),
        ("/api/admin/users/disable", &[whom]),
        ("/api/admin/users/enable", &[whom]),
        ("/api/admin/users/verify_email", &[whom]),
        ("/api/admin/users/unverify_email", &[whom]),
        ("/api/admin/users/delete", &[whom]),
        ("/api/admin/users/revoke_sessions", &[whom]),
        ("/api/admin/clients/add", &[("kind", "service"), ("name", "New")]),
        (
            "/api/admin/clients/update",
            &[
                ("client_id", "any"),
                ("name", "New"),
                ("developer", ""),
                ("redirect_uri", ""),
                ("post_logout_uri", ""),
                ("backchannel_logout_uri", ""),
                ("scope", ""),
                ("resource", ""),
                ("group", ""),
                ("trusted", "true"),
                ("auth_method", ""),
                ("jwks", ""),
                ("require_pushed", "false"),
                ("id_token_alg", "RS256"),
                ("claims_in_id_token", "false"),
                ("access_ttl", ""),
                ("refresh_idle_ttl", ""),
                ("refresh_absolute_ttl", ""),
            ],
        ),
        ("/api/admin/clients/rotate_secret", &[("client_id", "any")]),
        ("/api/admin/clients/disable", &[("client_id", "any")]),
        ("/api/admin/clients/enable", &[("client_id", "any")]),
        ("/api/admin/clients/remove", &[("client_id", "any")]),
        ("/api/admin/clients/revoke_user", &[("client_id", "any"), whom]),
        ("/api/admin/groups/add", &[("group", "New")]),
        ("/api/admin/groups/remove", &[("group_id", "any")]),
        ("/api/admin/groups/add_member", &[("group_id", "any"), ("email", "ada@example.org")]),
        ("/api/admin/groups/remove_member", &[("group_id", "any"), ("email", "ada@example.org")]),
        (
            "/api/admin/providers/add",
            &[("slug", "new"), ("preset", "github"), ("name", "New"), ("client_id", "new")],
        ),
        (
            "/api/admin/providers/update",
            &[
                ("slug", "github"),
                ("name", "Other"),
                ("client_id", "us"),
                ("scope", "read:user"),
                ("algorithm", "RS256"),
                ("sign_up", "open"),
                ("linking", "true"),
                ("rule", ""),
                ("admin_by_rule", "false"),
                ("allow_private_address", "false"),
            ],
        ),
        ("/api/admin/providers/disable", &[("slug", "any")]),
        ("/api/admin/providers/enable", &[("slug", "any")]),
        ("/api/admin/providers/remove", &[("slug", "any")]),
        ("/api/admin/keys/rotate", &[]),
    ];
    for (path, fields) in functions {
        admin.post(path, fields).await.assert_error(403, "reauthentication_required");
    }
    let user = app.user("ada@example.org").await;
    assert!(user.is_enabled());
    assert_eq!(user.roles.to_string(), "member");
}

#[tokio::test]
async fn users_see_only_the_audit_events_of_their_own_account() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut browser = app.sign_up("ada@example.org").await;
        let mut admin = app.sign_in_as("admin@example.org", "admin").await;
        let id = app.user("ada@example.org").await.id.to_string();
        let roles = [("user_id", id.as_str()), ("roles", "editor")];
        admin.post("/api/admin/users/set_roles", &roles).await.assert_status(200);
        browser.refresh().await.assert_status(200);

        let page = browser.post("/api/account/activity", &[("limit", "2")]).await.json();
        let newest = &page["items"][0];
        assert_eq!(newest["event"], "roles_changed");
        assert_eq!(newest["detail"], json!({ "from": "member", "to": "member editor" }));
        // Where the administrator was is nobody else's to know.
        assert_eq!((&newest["ip"], &newest["device"]), (&json!(""), &json!("An administrator")));
        assert_eq!(page["items"][1]["ip"], "203.0.113.7");
        assert!(!newest["request_id"].as_str().unwrap().is_empty());
        let cursor = page["next_cursor"].as_str().unwrap();
        let rest = browser.post("/api/account/activity", &[("cursor", cursor)]).await.json();
        assert_eq!(rest["items"].as_array().unwrap().len(), 1);
        assert_eq!(rest["items"][0]["event"], "account_created");
        assert!(rest["next_cursor"].is_null());
        assert!(!activity(&mut admin).await.iter().any(|event| event == "profile_changed"));
    }
}
