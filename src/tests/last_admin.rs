//! Administration cannot lock itself out: one administrator who can sign in always remains.

use crate::{
    model::role::{Role, Roles},
    server::{
        accounts::{administer, delete, roles},
        client_info::{ActionContext, ClientInfo},
        error::Error,
        store::users::User,
    },
    tests::test_app::{Backend, Browser, PASSWORD, TestApp},
};

#[tokio::test]
async fn the_last_administrator_cannot_be_removed() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut admin = app.sign_in_as("admin@example.org", "admin").await;
        app.sign_up("member@example.org").await;
        // One who is disabled, and one who has not chosen a password, are no help.
        app.sign_in_as("gone@example.org", "admin").await;
        let gone = id(&app, "gone@example.org").await;
        admin.post("/api/admin/users/disable", &[("user_id", &gone)]).await.assert_status(200);
        let invited = [("email", "new@example.org"), ("display_name", "New"), ("roles", "admin")];
        admin.post("/api/admin/users/invite", &invited).await.assert_status(200);

        let own = id(&app, "admin@example.org").await;
        for path in ["/api/admin/users/disable", "/api/admin/users/delete"] {
            admin.post(path, &[("user_id", &own)]).await.assert_error(409, "last_admin");
        }
        let demoted = [("user_id", own.as_str()), ("roles", "member editor")];
        admin.post("/api/admin/users/set_roles", &demoted).await.assert_error(409, "last_admin");
        admin.post("/api/account/delete", &[("password", PASSWORD)]).await.assert_error(409, "last_admin");
        // More roles are no loss, and the sessions of the last one may end.
        let more = [("user_id", own.as_str()), ("roles", "editor admin")];
        admin.post("/api/admin/users/set_roles", &more).await.assert_status(200);
        admin.refresh().await.assert_status(200);
        admin.post("/api/admin/users/revoke_sessions", &[("user_id", &own)]).await.assert_status(200);
        let user = app.user("admin@example.org").await;
        assert!(user.is_enabled() && user.roles.contains(Role::Admin), "{backend:?}");
        app.browser().sign_in("admin@example.org", PASSWORD).await.assert_status(200);
    }
}

/// What one administrator does to the other.
#[derive(Clone, Copy, Debug)]
enum Blow {
    Demote,
    Disable,
    Delete,
}

#[tokio::test]
async fn concurrent_admin_removals_leave_one_on_sqlite() {
    strike_a_hundred_times(Backend::Sqlite).await;
}

#[tokio::test]
async fn concurrent_admin_removals_leave_one_on_postgres() {
    strike_a_hundred_times(Backend::Postgres).await;
}

async fn strike_a_hundred_times(backend: Backend) {
    let app = TestApp::with(backend, &[]).await;
    app.sign_in_as("ada@example.org", "admin").await;
    app.sign_in_as("eve@example.org", "admin").await;
    for round in 0..100 {
        let (ada, eve) = (app.user("ada@example.org").await, app.user("eve@example.org").await);
        let blow = [Blow::Demote, Blow::Disable][round % 2];
        let (one, two) = tokio::join!(strike(&app, blow, &ada, &eve), strike(&app, blow, &eve, &ada));
        let refused = [&one, &two].into_iter().filter(|done| matches!(done, Err(Error::LastAdmin))).count();
        assert_eq!((refused, one.is_ok() || two.is_ok()), (1, true), "{backend:?} {round}: {one:?} {two:?}");

        let fallen = if one.is_ok() { &eve } else { &ada };
        let standing = if one.is_ok() { &ada } else { &eve };
        let standing = app.user(standing.email.as_str()).await;
        assert!(standing.is_enabled() && standing.roles.contains(Role::Admin), "{backend:?} {round}");
        let (client, now) = (ClientInfo::command_line(), app.clock.now());
        let context = ActionContext { now, client: &client };
        administer::enable(&app.state, context, None, &fallen.id).await.unwrap();
        app.set_roles(fallen.email.as_str(), "admin").await;
    }
    let (ada, eve) = (app.user("ada@example.org").await, app.user("eve@example.org").await);
    let (one, two) =
        tokio::join!(strike(&app, Blow::Delete, &ada, &eve), strike(&app, Blow::Delete, &eve, &ada));
    assert_ne!(one.is_ok(), two.is_ok(), "{backend:?}: {one:?} {two:?}");
}

async fn strike(app: &TestApp, blow: Blow, by: &User, at: &User) -> Result<(), Error> {
    let (client, now) = (ClientInfo::command_line(), app.clock.now());
    let context = ActionContext { now, client: &client };
    let (state, by, at) = (&app.state, Some(&by.id), &at.id);
    match blow {
        Blow::Demote => roles::set_roles(state, context, by, at, Roles::default()).await.map(drop),
        Blow::Disable => administer::disable(state, context, by, at).await.map(drop),
        Blow::Delete => delete::delete(state, context, by, at).await,
    }
}

/// The same through HTTP: whoever is second finds that they may not any more, or that they are the last.
#[tokio::test]
async fn removing_the_last_administrator_over_http_is_refused() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let (mut ada, mut eve) = (
            app.sign_in_as("ada@example.org", "admin").await,
            app.sign_in_as("eve@example.org", "admin").await,
        );
        let (ada_id, eve_id) = (id(&app, "ada@example.org").await, id(&app, "eve@example.org").await);
        for _ in 0..10 {
            let (one, two) = tokio::join!(demote(&mut ada, &eve_id), demote(&mut eve, &ada_id));
            assert_eq!([one, two].into_iter().filter(|status| *status == 200).count(), 1, "{one} {two}");
            app.set_roles("ada@example.org", "admin").await;
            app.set_roles("eve@example.org", "admin").await;
            ada.refresh().await.assert_status(200);
            eve.refresh().await.assert_status(200);
        }
    }
}

async fn demote(browser: &mut Browser, id: &str) -> u16 {
    browser.post("/api/admin/users/set_roles", &[("user_id", id), ("roles", "member")]).await.status.as_u16()
}

async fn id(app: &TestApp, email: &str) -> String {
    app.user(email).await.id.to_string()
}
