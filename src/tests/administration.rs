//! What administrators do, through HTTP.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    server::accounts::setup,
    tests::test_app::{Backend, Browser, PASSWORD, TestApp},
};

type Filter<'a> = &'a [(&'a str, &'a str)];

const LINK_LIFETIME: Duration = Duration::from_secs(72 * 3600);

async fn start(backend: Backend) -> (TestApp, Browser) {
    let app = TestApp::with(backend, &[]).await;
    let admin = app.sign_in_as("admin@example.org", "admin").await;
    (app, admin)
}

async fn id(app: &TestApp, email: &str) -> String {
    app.user(email).await.id.to_string()
}

fn emails(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap()).collect()
}

fn events(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_role_change_applies_to_the_next_request_and_signs_nobody_out() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, mut admin) = start(backend).await;
        let mut ada = app.sign_up("ada@example.org").await;
        let ada_id = id(&app, "ada@example.org").await;
        for (roles, status) in [("editor", 200), ("", 403)] {
            let fields = [("user_id", ada_id.as_str()), ("roles", roles)];
            let answer = admin.post("/api/admin/users/set_roles", &fields).await;
            answer.assert_status(200);
            let notice = [("title", "Hello"), ("body", "World")];
            ada.post("/api/notices/publish", &notice).await.assert_error(401, "invalid_token");
            ada.refresh().await.assert_status(200);
            ada.post("/api/notices/publish", &notice).await.assert_status(status);
        }
        let fields = [("user_id", ada_id.as_str()), ("roles", "member root")];
        let answer = admin.post("/api/admin/users/set_roles", &fields).await;
        answer.assert_error(422, "invalid_input");
        assert_eq!(answer.fields(), ["roles"]);
    }
}

#[tokio::test]
async fn disabling_an_account_revokes_its_sessions_at_once_and_enabling_it_allows_sign_in() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, mut admin) = start(backend).await;
        let mut ada = app.sign_up("ada@example.org").await;
        let whom = [("user_id", &*id(&app, "ada@example.org").await)];
        let answer = admin.post("/api/admin/users/disable", &whom).await;
        answer.assert_status(200);
        assert_eq!(answer.json()["state"], "disabled");
        ada.use_token().await.assert_error(401, "invalid_token");
        let answer = ada.refresh().await;
        answer.assert_error(401, "session_revoked");
        assert_eq!(answer.json()["reason"], "account_closed");
        ada.sign_in("ada@example.org", PASSWORD).await.assert_error(401, "invalid_credentials");
        // A second time is no error and no second event.
        admin.post("/api/admin/users/disable", &whom).await.assert_status(200);
        let happened = app.events().await;
        assert_eq!(happened.iter().filter(|event| *event == "account_disabled").count(), 1);

        let answer = admin.post("/api/admin/users/enable", &whom).await;
        assert_eq!(answer.json()["state"], "active");
        ada.refresh().await.assert_status(401);
        ada.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    }
}

#[tokio::test]
async fn sessions_are_ended_by_an_administrator_who_says_so() {
    let (app, mut admin) = start(Backend::Sqlite).await;
    let mut ada = app.sign_up("ada@example.org").await;
    let whom = [("user_id", &*id(&app, "ada@example.org").await)];
    let answer = admin.post("/api/admin/users/revoke_sessions", &whom).await;
    assert_eq!(answer.json(), json!({ "revoked": 1 }));
    ada.use_token().await.assert_error(401, "invalid_token");
    assert_eq!(ada.refresh().await.json()["reason"], "ended_by_admin");
    ada.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
}

#[tokio::test]
async fn an_invitation_sets_one_password_once() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, mut admin) = start(backend).await;
        let fields = [("email", "New@Example.org"), ("display_name", "New"), ("roles", "editor")];
        let invited = admin.post("/api/admin/users/invite", &fields).await;
        invited.assert_status(200);
        let invited = invited.json();
        assert_eq!(invited["person"]["state"], "invited");
        assert_eq!(invited["expires_at"], "2026-01-04T00:00:00Z");
        let path = invited["link"].as_str().unwrap().strip_prefix("http://localhost:3000").unwrap();
        let token = path.strip_prefix("/invitation?token=").unwrap();
        // Nobody has a password for it yet.
        app.browser().sign_in("new@example.org", "").await.assert_error(401, "invalid_credentials");
        admin.post("/api/admin/users/invite", &fields).await.assert_error(409, "email_taken");

        let page = app.browser().open_link(path).await;
        assert!(page.body.contains("new@example.org"), "{}", page.body);
        let accept = |password| [("token", token), ("display_name", "Newt"), ("password", password)];
        let answer = app.browser().post("/api/auth/accept_invitation", &accept("12345678")).await;
        answer.assert_error(422, "invalid_input");
        assert_eq!(answer.fields(), ["password"]);

        let (mut first, mut second) = (app.browser(), app.browser());
        let (mine, theirs) = (accept(PASSWORD), accept("a password of another"));
        let (one, two) = tokio::join!(
            first.post("/api/auth/accept_invitation", &mine),
            second.post("/api/auth/accept_invitation", &theirs),
        );
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 403], "{backend:?}");
        let won = if one.status == 200 { one } else { two };
        assert_eq!(won.json()["user"]["roles"], json!(["member", "editor"]));
        assert_eq!(won.json()["user"]["display_name"], "Newt");
        assert!(app.browser().open_link(path).await.body.contains("was used or has expired"));
    }
}

#[tokio::test]
async fn an_invitation_expires_and_ends_with_its_account() {
    let (app, mut admin) = start(Backend::Sqlite).await;
    let mut links = Vec::new();
    for email in ["late@example.org", "disabled@example.org", "deleted@example.org"] {
        let fields = [("email", email), ("display_name", "New")];
        let link = admin.post("/api/admin/users/invite", &fields).await.json();
        links.push(link["link"].as_str().unwrap().split_once("token=").unwrap().1.to_owned());
    }
    let (disabled, deleted) = (id(&app, "disabled@example.org").await, id(&app, "deleted@example.org").await);
    admin.post("/api/admin/users/disable", &[("user_id", &disabled)]).await.assert_status(200);
    admin.post("/api/admin/users/delete", &[("user_id", &deleted)]).await.assert_status(200);
    app.advance(LINK_LIFETIME);
    for token in links.iter().map(String::as_str).chain(["nonsense", ""]) {
        let fields = [("token", token), ("display_name", "New"), ("password", PASSWORD)];
        let answer = app.browser().post("/api/auth/accept_invitation", &fields).await;
        answer.assert_error(403, "invitation_closed");
    }
}

#[tokio::test]
async fn accounts_are_found_by_the_beginning_of_address_or_name() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, mut admin) = start(backend).await;
        for (email, name) in [
            ("ada@example.org", "Ada Lovelace"),
            ("adam@example.org", "Adam"),
            ("grace@example.org", "ADA in another place"),
            ("zoe@example.org", "Zoë"),
            ("percent%@example.org", "100 %"),
        ] {
            let fields = [("email", email), ("display_name", name), ("password", PASSWORD)];
            app.browser().post("/api/auth/register", &fields).await.assert_status(200);
        }
        let cases: [(&str, &[&str]); 8] = [
            ("ada", &["ada@example.org", "adam@example.org", "grace@example.org"]),
            (" ADA@", &["ada@example.org"]),
            ("Zo\u{eb}", &["zoe@example.org"]),
            ("ada lovelace", &["ada@example.org"]),
            ("percent%", &["percent%@example.org"]),
            ("%", &[]),
            ("_", &[]),
            ("lovelace", &[]),
        ];
        for (query, expected) in cases {
            let page = admin.post("/api/admin/users/list", &[("query", query)]).await.json();
            assert_eq!(emails(&page), expected, "{query}");
        }
        let long = "x".repeat(201);
        let answer = admin.post("/api/admin/users/list", &[("query", &long)]).await;
        answer.assert_error(422, "invalid_input");
        assert_eq!(answer.fields(), ["query"]);
    }
}

#[tokio::test]
async fn an_administrator_sees_a_persons_state_and_sessions_and_no_password() {
    let (app, mut admin) = start(Backend::Sqlite).await;
    app.sign_up("ada@example.org").await;
    let whom = [("user_id", &*id(&app, "ada@example.org").await)];
    let answer = admin.post("/api/admin/users/get", &whom).await;
    let details = answer.json();
    assert_eq!(details["person"]["state"], "active");
    assert_eq!(details["sessions"].as_array().unwrap().len(), 1);
    assert!(!answer.body.contains("argon2") && !answer.body.contains("password"), "{}", answer.body);
}

#[tokio::test]
async fn the_audit_log_says_who_did_what_to_whom_and_is_filtered() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, mut admin) = start(backend).await;
        app.sign_up("ada@example.org").await;
        let ada = id(&app, "ada@example.org").await;
        app.advance(Duration::from_secs(86400));
        // A day later the token is old, and so is the password.
        admin.sign_in("admin@example.org", PASSWORD).await.assert_status(200);
        admin.post("/api/admin/users/disable", &[("user_id", &ada)]).await.assert_status(200);

        let all = admin.post("/api/admin/audit/list", &[]).await.json();
        let newest = &all["items"][0];
        assert_eq!(newest["event"], "account_disabled");
        assert_eq!(newest["actor"]["email"], "admin@example.org");
        assert_eq!(newest["subject"], json!({ "id": ada, "email": "ada@example.org" }));
        assert_eq!(newest["at"], "2026-01-02T00:00:00Z");
        assert_eq!(newest["ip"], "203.0.113.7");

        let cases: [(Filter<'_>, &[&str]); 7] = [
            (&[("event", "account_disabled")], &["account_disabled"]),
            (&[("user_id", &ada)], &["account_disabled", "session_ended", "signed_in", "account_created"]),
            (&[("user_id", &ada), ("event", "signed_in")], &["signed_in"]),
            (&[("user_id", &ada), ("from", "2026-01-02")], &["account_disabled", "session_ended"]),
            (&[("user_id", &ada), ("to", "2026-01-02")], &["signed_in", "account_created"]),
            (&[("from", "2026-01-02T00:00:00.001Z")], &[]),
            (&[("user_id", &ada), ("to", "2026-01-01T00:00:00+01:00")], &[]),
        ];
        for (filter, expected) in cases {
            let page = admin.post("/api/admin/audit/list", filter).await.json();
            assert_eq!(events(&page), expected, "{filter:?}");
        }
        for (field, bad) in
            [("event", "no_such"), ("user_id", "ada"), ("from", "yesterday"), ("to", "2026-13-01")]
        {
            let answer = admin.post("/api/admin/audit/list", &[(field, bad)]).await;
            answer.assert_error(422, "invalid_input");
            assert_eq!(answer.fields(), [field]);
        }
    }
}

/// Every way to sign in that there is.
#[tokio::test]
async fn the_audit_log_says_how_somebody_signed_in() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut browser = app.browser();
        let link = setup::offer(&app.state, app.clock.now()).await.unwrap().unwrap();
        let token = link.strip_prefix("/setup?token=").unwrap();
        let account = [("display_name", "Ada"), ("password", PASSWORD)];
        let fields = [&account[..], &[("token", token), ("email", "ada@example.org")]].concat();
        browser.post("/api/auth/setup", &fields).await.assert_status(200);
        let passwords = [("current_password", PASSWORD), ("new_password", "a quite different one")];
        browser.post("/api/account/change_password", &passwords).await.assert_status(200);
        let invitation = [("email", "grace@example.org"), ("display_name", "Grace"), ("roles", "")];
        let invited = browser.post("/api/admin/users/invite", &invitation).await.json();
        let token = invited["link"].as_str().unwrap().split_once("token=").unwrap().1;
        let fields = [&account[..], &[("token", token)]].concat();
        app.browser().post("/api/auth/accept_invitation", &fields).await.assert_status(200);
        app.sign_up("eve@example.org").await;
        browser.sign_in("ada@example.org", "a quite different one").await.assert_status(200);

        let expected = ["password", "registration", "invitation", "password_changed", "setup"];
        let page = browser.post("/api/admin/audit/list", &[("event", "signed_in")]).await.json();
        assert_eq!(methods(page["items"].as_array().unwrap()), expected);
        let export = browser.get("/admin/audit/export?event=signed_in").await.body;
        let lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(methods(&lines), expected);
        let shown = browser.get("/admin/audit?event=signed_in").await.body;
        assert!(shown.contains("method: password_changed"), "{shown}");
    }
}

fn methods(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["detail"]["method"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_audit_log_is_exported_whole_by_administrators_only() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (app, mut admin) = start(backend).await;
        let mut ada = app.sign_up("ada@example.org").await;
        let notice = [("title", "x"), ("body", "x")];
        for _ in 0..3 {
            ada.post("/api/notices/publish", &notice).await.assert_error(403, "forbidden");
        }
        let answer = admin.get("/admin/audit/export?event=access_denied").await;
        answer.assert_status(200);
        assert_eq!(answer.header("content-type"), Some("application/jsonl; charset=utf-8"));
        assert!(answer.header("content-disposition").unwrap().contains("audit.jsonl"));
        let lines: Vec<Value> = answer.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line["subject"]["email"] == "ada@example.org"));
        // The first key and the administrator were made without a request.
        let all = admin.get("/admin/audit/export").await;
        assert_eq!(all.body.lines().count(), app.events().await.len() + 2);

        assert_eq!(app.browser().get("/admin/audit/export").await.status, 303);
        ada.get("/admin/audit/export").await.assert_status(403);
        admin.get("/admin/audit/export?event=no_such").await.assert_error(422, "invalid_input");
    }
}
