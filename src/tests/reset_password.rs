//! Resetting a forgotten password with a link that an administrator makes.

use std::time::Duration;

use crate::tests::test_app::{Backend, Browser, PASSWORD, TestApp};

const MINUTE: Duration = Duration::from_secs(60);
const NEW_PASSWORD: &str = "an entirely new password";

/// The path of a new link for ada@example.org.
async fn reset_link(app: &TestApp, admin: &mut Browser) -> String {
    let id = app.user("ada@example.org").await.id.to_string();
    let made = admin.post("/api/admin/users/reset_password", &[("user_id", id.as_str())]).await;
    made.assert_status(200);
    let link = made.json()["link"].as_str().unwrap().to_owned();
    link.strip_prefix("http://localhost:3000").unwrap().to_owned()
}

async fn reset(browser: &mut Browser, path: &str, password: &str) -> crate::tests::test_app::Answer {
    let token = path.strip_prefix("/reset?token=").unwrap();
    browser.post("/api/auth/reset", &[("token", token), ("password", password)]).await
}

#[tokio::test]
async fn a_reset_link_sets_a_new_password_once_revokes_every_session_and_signs_nobody_in() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut admin = app.sign_in_as("admin@example.org", "admin").await;
        let mut ada = app.sign_up("ada@example.org").await;
        let path = reset_link(&app, &mut admin).await;
        ada.use_token().await.assert_status(200);

        let mut stranger = app.browser();
        let page = stranger.open_link(&path).await;
        page.assert_status(200);
        assert!(page.body.contains("ada@example.org"));
        reset(&mut stranger, &path, NEW_PASSWORD).await.assert_status(200);
        assert!(stranger.refresh_token().is_empty(), "nobody is signed in");

        ada.use_token().await.assert_error(401, "invalid_token");
        let refused = ada.refresh().await;
        refused.assert_error(401, "session_revoked");
        assert_eq!(refused.json()["reason"], "password_changed");
        app.browser().sign_in("ada@example.org", PASSWORD).await.assert_error(401, "invalid_credentials");
        app.browser().sign_in("ada@example.org", NEW_PASSWORD).await.assert_status(200);

        reset(&mut stranger, &path, "yet another password").await.assert_error(403, "reset_closed");
        assert!(stranger.open_link(&path).await.body.contains("was used or has expired"));
        let events = app.events().await;
        for event in ["password_reset_requested", "password_reset"] {
            assert_eq!(events.iter().filter(|name| *name == event).count(), 1, "{event}");
        }
    }
}

#[tokio::test]
async fn a_reset_link_ends_with_its_time_with_a_newer_link_and_with_a_changed_password() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    let mut ada = app.sign_up("ada@example.org").await;

    let first = reset_link(&app, &mut admin).await;
    let second = reset_link(&app, &mut admin).await;
    reset(&mut app.browser(), &first, NEW_PASSWORD).await.assert_error(403, "reset_closed");

    ada.post(
        "/api/account/change_password",
        &[("current_password", PASSWORD), ("new_password", "changed by herself")],
    )
    .await
    .assert_status(200);
    reset(&mut app.browser(), &second, NEW_PASSWORD).await.assert_error(403, "reset_closed");

    // Still within the 15 minutes in which the administrator may act.
    let third = reset_link(&app, &mut admin).await;
    app.advance(Duration::from_millis(30 * 60_000 - 1));
    assert!(app.browser().open_link(&third).await.body.contains("ada@example.org"));
    app.advance(Duration::from_millis(1));
    reset(&mut app.browser(), &third, NEW_PASSWORD).await.assert_error(403, "reset_closed");
}

#[tokio::test]
async fn a_reset_link_that_is_refused_can_be_used_again_and_works_without_javascript() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    app.sign_up("ada@example.org").await;
    let path = reset_link(&app, &mut admin).await;
    let mut browser = app.browser();
    browser.open_link(&path).await.assert_status(200);

    let weak = browser.submit("/reset", "/api/auth/reset", &[("password", "short")]).await;
    weak.assert_status(303);
    assert_eq!(weak.location(), "/reset");
    assert!(browser.get("/reset").await.body.contains("Use at least 8 characters."));

    let done = browser.submit("/reset", "/api/auth/reset", &[("password", NEW_PASSWORD)]).await;
    done.assert_status(303);
    assert_eq!((done.location(), done.body.as_str()), ("/login?reason=password_changed", ""));
    assert!(browser.get(done.location()).await.body.contains("Your password was changed."));
}

#[tokio::test]
async fn only_an_administrator_makes_reset_links_and_only_for_enabled_accounts() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    let mut ada = app.sign_up("ada@example.org").await;
    let id = app.user("ada@example.org").await.id.to_string();
    let fields = [("user_id", id.as_str())];
    ada.post("/api/admin/users/reset_password", &fields).await.assert_error(403, "forbidden");
    app.browser().post("/api/admin/users/reset_password", &fields).await.assert_error(401, "missing_token");

    let path = reset_link(&app, &mut admin).await;
    admin.post("/api/admin/users/disable", &fields).await.assert_status(200);
    admin.post("/api/admin/users/reset_password", &fields).await.assert_error(409, "account_disabled");
    reset(&mut app.browser(), &path, NEW_PASSWORD).await.assert_error(403, "reset_closed");
    let nobody = [("user_id", "019a0000-0000-7000-8000-00000000abcd")];
    admin.post("/api/admin/users/reset_password", &nobody).await.assert_error(404, "not_found");

    app.advance(15 * MINUTE);
    admin.refresh().await.assert_status(200);
    admin
        .post("/api/admin/users/reset_password", &fields)
        .await
        .assert_error(403, "reauthentication_required");
}

#[tokio::test]
async fn of_two_who_use_one_reset_link_at_once_one_sets_the_password() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut admin = app.sign_in_as("admin@example.org", "admin").await;
        app.sign_up("ada@example.org").await;
        let path = reset_link(&app, &mut admin).await;
        let (mut one, mut other) = (app.browser(), app.browser());
        let (one, other) = tokio::join!(
            reset(&mut one, &path, "the first of two passwords"),
            reset(&mut other, &path, "the second of two passwords"),
        );
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 403]);
    }
}
