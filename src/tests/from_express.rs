//! `docs/from-express.md`: its export is run on the tutorial's own table, and what it prints is imported.

#![expect(clippy::disallowed_methods, reason = "this database is another program's")]

use sqlx::Connection;

use crate::{
    server::{accounts::import::Tally, clock::Timestamp},
    tests::{
        imported_users::import,
        test_app::{BEGINNING, TestApp},
    },
};

const SCHEMA: &str = include_str!("../../docs/from-express/schema.sql");
const EXPORT: &str = include_str!("../../docs/from-express/export.sql");

/// Two people who have signed up in the tutorial's app. `bcryptjs` has hashed their passwords.
const PEOPLE: &str = "
    INSERT INTO users (username, email, password, role, created_at) VALUES
    ('ada', 'Ada@Example.org', '$2b$10$Lf20Kjp3wF6qKakDwld6Au3S.4w0WtcpZc0yedQB4QemQ5cLeWo2i', 'admin', '2024-02-29 12:30:00'),
    ('bob', 'bob@example.org', '$2b$10$XcE6iQdJUx5iWo950CBI5uX9kHvIjSvVwuH4IhBZ26PQdZePFGHFW', 'user', '2025-06-01 00:00:00');";

/// What the export prints.
async fn exported() -> String {
    let mut database = sqlx::SqliteConnection::connect("sqlite::memory:").await.unwrap();
    sqlx::raw_sql(SCHEMA).execute(&mut database).await.unwrap();
    sqlx::raw_sql(PEOPLE).execute(&mut database).await.unwrap();
    let lines: Vec<String> = sqlx::query_scalar(EXPORT).fetch_all(&mut database).await.unwrap();
    lines.join("\n")
}

#[tokio::test]
async fn the_users_of_a_tutorials_express_app_sign_in_with_their_passwords() {
    let app = TestApp::start().await;
    let (tally, refused) = import(&app, &exported().await).await;
    assert_eq!((tally, refused), (Tally { added: 2, ..Tally::default() }, Vec::new()));
    for (email, password, roles) in [
        ("ada@example.org", "a tutorial password", "member admin"),
        ("bob@example.org", "another password", "member"),
    ] {
        app.browser().sign_in(email, "a wrong guess").await.assert_error(401, "invalid_credentials");
        app.browser().sign_in(email, password).await.assert_status(200);
        let user = app.user(email).await;
        assert_eq!((user.roles.to_string().as_str(), user.created_at < BEGINNING), (roles, true));
    }
    let ada = app.user("ada@example.org").await;
    assert_eq!((ada.display_name.as_str(), ada.created_at), ("ada", Timestamp::from_seconds(1_709_209_800)));
}

#[test]
fn the_page_shows_the_table_and_the_export_as_they_are_run() {
    let page = include_str!("../../docs/from-express.md");
    assert!(page.contains(SCHEMA.trim()) && page.contains(EXPORT.trim()));
}
